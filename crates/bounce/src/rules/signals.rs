//! By what automatic answers and unstructured bounces are known.

use super::error::{RulesError, RulesErrorKind};
use super::heads::Heads;
use super::rows::parse as rows;
use super::sources::Sources;

/// The rows of `signals.toml`.
#[derive(Debug)]
pub(crate) struct Signals {
    signals: Vec<Signal>,
    /// The words of header fields and of texts.
    words: Heads,
    /// By the number of the word: the place of its signal.
    places: Vec<usize>,
}

#[derive(Debug)]
struct Signal {
    kind: SignalKind,
    /// Empty: the text.
    field: String,
    asks: Asks,
}

#[derive(Debug, PartialEq, Eq)]
enum Asks {
    Presence,
    Words,
}

macro_rules! kinds {
    ($($variant:ident = $name:literal,)*) => {
        /// What a signal speaks for.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum SignalKind {
            $($variant,)*
        }

        impl SignalKind {
            fn parse(name: &str) -> Option<Self> {
                match name {
                    $($name => Some(Self::$variant),)*
                    _ => None,
                }
            }
        }
    };
}

kinds! {
    Answer = "answer",
    AutoReply = "auto_reply",
    AutoReplyWeak = "auto_reply_weak",
    BounceFrom = "bounce_from",
    BounceSubject = "bounce_subject",
    BounceText = "bounce_text",
    Challenge = "challenge",
    Delayed = "delayed",
    Failed = "failed",
    Generated = "generated",
    NullPath = "null_path",
    Original = "original",
    OriginalRule = "original_rule",
    Unsubscribe = "unsubscribe",
}

/// The kinds that a text speaks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Spoken(u32);

impl Spoken {
    pub(crate) fn has(self, kind: SignalKind) -> bool {
        self.0 >> (kind as u32) & 1 == 1
    }

    fn add(&mut self, kind: SignalKind) {
        self.0 |= 1 << (kind as u32);
    }
}

/// What a header speaks for.
#[derive(Clone, Debug, Default)]
pub(crate) struct HeaderSignals<'a> {
    pub(crate) spoken: Spoken,
    /// The fields that speak, each with its kind.
    speaking: Vec<(SignalKind, &'a str)>,
}

impl<'a> HeaderSignals<'a> {
    pub(crate) fn has(&self, kind: SignalKind) -> bool {
        self.spoken.has(kind)
    }

    /// How many signals of this kind there are, and the field of the first.
    pub(crate) fn count(&self, kind: SignalKind) -> (usize, Option<&'a str>) {
        let mut fields = self.speaking.iter().filter(|(of, _)| *of == kind).map(|(_, field)| *field);
        let first = fields.next();
        (usize::from(first.is_some()) + fields.count(), first)
    }
}

impl Signals {
    pub(super) fn parse(text: &str, sources: &Sources) -> Result<Self, RulesError> {
        let mut signals = Vec::new();
        let (mut words, mut places) = (Vec::new(), Vec::new());
        for row in rows("signals.toml", text, "signal", &["kind", "field", "match", "source"])? {
            sources.of(&row)?;
            let kind = SignalKind::parse(row.cell("kind")).ok_or_else(|| row.error("kind"))?;
            let field = row.cell("field").to_owned();
            let matches = row.list("match");
            if field.is_empty() && matches.is_empty() {
                return Err(row.error("match"));
            }
            places.extend(matches.iter().map(|_| signals.len()));
            words.extend(matches.to_vec());
            let asks = if matches.is_empty() { Asks::Presence } else { Asks::Words };
            signals.push(Signal { kind, field, asks });
        }
        let words = Heads::new(&words).ok_or(RulesError::new("signals.toml", 0, RulesErrorKind::TooManyPatterns))?;
        Ok(Self { signals, words, places })
    }

    /// Adds what a field of a header speaks for; `value` gives its value, decoded, if it is asked for.
    pub(crate) fn hear<'a>(&'a self, name: &[u8], value: impl FnOnce() -> String, heard: &mut HeaderSignals<'a>) {
        let is_it = |signal: &&Signal| signal.field.as_bytes().eq_ignore_ascii_case(name);
        let mut asks_words = false;
        for signal in self.signals.iter().filter(is_it) {
            match signal.asks {
                Asks::Presence => heard.add(signal),
                Asks::Words => asks_words = true,
            }
        }
        if !asks_words {
            return;
        }
        let value = value();
        self.words.scan(value.as_bytes(), |found| {
            let signal = self.places.get(found.number).and_then(|place| self.signals.get(*place)).filter(is_it);
            // `Re:` stands at the beginning; `Returned mail: Re:` is no answer.
            let signal = signal.filter(|signal| signal.kind != SignalKind::Answer || found.begin == 0);
            signal.into_iter().for_each(|signal| heard.add(signal));
            true
        });
    }

    /// What the words of a text speak for.
    pub(crate) fn spoken(&self, text: &str) -> Spoken {
        let mut spoken = Spoken::default();
        self.words.scan(text.as_bytes(), |found| {
            let signal = self.places.get(found.number).and_then(|place| self.signals.get(*place));
            if let Some(signal) = signal.filter(|signal| signal.field.is_empty()) {
                spoken.add(signal.kind);
            }
            true
        });
        spoken
    }
}

impl<'a> HeaderSignals<'a> {
    fn add(&mut self, signal: &'a Signal) {
        self.spoken.add(signal.kind);
        if !self.speaking.contains(&(signal.kind, &signal.field)) {
            self.speaking.push((signal.kind, &signal.field));
        }
    }
}
