//! By what automatic answers and unstructured bounces are known.

use super::csv::{alternatives, parse as rows};
use super::error::RulesError;
use super::sources::Sources;

/// The rows of `signals.csv`.
#[derive(Debug)]
pub(crate) struct Signals(Vec<Signal>);

#[derive(Debug)]
struct Signal {
    kind: SignalKind,
    field: String,
    /// In lower case; none: the field's presence is the signal.
    matches: Vec<String>,
}

/// What a signal speaks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SignalKind {
    AutoReply,
    AutoReplyWeak,
    BounceFrom,
    BounceSubject,
    BounceText,
    Challenge,
    Delayed,
    Failed,
    Original,
}

impl Signals {
    pub(super) fn parse(text: &str, sources: &Sources) -> Result<Self, RulesError> {
        let mut signals = Vec::new();
        for row in rows("signals.csv", text, &["kind", "field", "match", "source"])? {
            sources.of(&row)?;
            let kind = match row.cell("kind") {
                "auto_reply" => SignalKind::AutoReply,
                "auto_reply_weak" => SignalKind::AutoReplyWeak,
                "bounce_from" => SignalKind::BounceFrom,
                "bounce_subject" => SignalKind::BounceSubject,
                "bounce_text" => SignalKind::BounceText,
                "challenge" => SignalKind::Challenge,
                "delayed" => SignalKind::Delayed,
                "failed" => SignalKind::Failed,
                "original" => SignalKind::Original,
                _ => return Err(row.error("kind")),
            };
            let field = row.cell("field").to_owned();
            let matches: Vec<String> = alternatives(row.cell("match")).map(str::to_lowercase).collect();
            if field.is_empty() && matches.is_empty() {
                return Err(row.error("match"));
            }
            signals.push(Signal { kind, field, matches });
        }
        Ok(Self(signals))
    }

    /// How many signals of this kind the header gives, and the first field that does. `value` gives the
    /// value of a field, decoded.
    pub(crate) fn count(&self, kind: SignalKind, value: impl Fn(&str) -> Option<String>) -> (usize, Option<&str>) {
        let mut fields = self.0.iter().filter(|signal| signal.kind == kind && signal.holds(value(&signal.field)));
        let first = fields.next().map(|signal| signal.field.as_str());
        (usize::from(first.is_some()) + fields.count(), first)
    }

    /// Whether a text holds words of this kind. The text is in lower case.
    pub(crate) fn speaks(&self, kind: SignalKind, lower: &str) -> bool {
        let signals = self.0.iter().filter(|signal| signal.kind == kind && signal.field.is_empty());
        signals.flat_map(|signal| &signal.matches).any(|part| lower.contains(part.as_str()))
    }
}

impl Signal {
    fn holds(&self, value: Option<String>) -> bool {
        value.is_some_and(|value| {
            let value = value.to_lowercase();
            self.matches.is_empty() || self.matches.iter().any(|part| value.contains(part.as_str()))
        })
    }
}
