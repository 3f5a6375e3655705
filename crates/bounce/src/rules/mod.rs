//! The rules as data: read once, never changed, replaceable.

mod causes;
mod classes;
mod codes;
mod csv;
mod error;
mod filter;
mod matcher;
mod pattern;
mod providers;
mod replies;
mod signals;
mod sources;
mod tables;

use std::sync::OnceLock;

use posthaste_types::{BounceClass, ProviderId};

pub(crate) use causes::CauseRow;
pub(crate) use classes::Classes;
pub use error::{RulesError, RulesErrorKind};
pub(crate) use filter::Fit;
pub(crate) use matcher::{Hit, Matcher, Target};
pub(crate) use providers::{Providers, TableId};
pub(crate) use replies::{ReplyRow, ReplyRows};
pub(crate) use signals::{SignalKind, Signals};
pub use tables::Tables;

/// The rules by which answers are classified: the built-in ones, or your own.
///
/// Reading them costs some milliseconds; keep them. They are immutable and may be shared by all threads.
///
/// ```
/// use posthaste_bounce::{Rules, Tables};
///
/// let mut tables = Tables::builtin();
/// let own = tables.replies.to_owned() + "acme,550,,no more of this,rate_limit,,our own provider,,KNOW\n";
/// tables.replies = &own;
/// let rules = Rules::parse(&tables)?;
///
/// tables.replies = "provider,what\n";
/// assert_eq!(Rules::parse(&tables).unwrap_err().to_string(), "replies.csv line 1: not the columns of this table");
/// # Ok::<(), posthaste_bounce::RulesError>(())
/// ```
#[derive(Debug)]
pub struct Rules {
    pub(crate) classes: Classes,
    pub(crate) matcher: Matcher,
    pub(crate) replies: ReplyRows,
    pub(crate) registry: codes::Registry,
    pub(crate) codes: codes::Codes,
    pub(crate) causes: Vec<CauseRow>,
    pub(crate) providers: Providers,
    pub(crate) signals: Signals,
}

impl Rules {
    /// The rules that are compiled in; read at the first use.
    pub fn builtin() -> &'static Self {
        static BUILTIN: OnceLock<Rules> = OnceLock::new();
        BUILTIN.get_or_init(|| match Self::parse(&Tables::builtin()) {
            Ok(rules) => rules,
            Err(error) => unreachable!("a test reads the built-in tables: {error}"),
        })
    }

    /// Reads tables, the built-in ones or others of their form.
    ///
    /// # Errors
    /// [`RulesError`] with the table and the line.
    pub fn parse(tables: &Tables<'_>) -> Result<Self, RulesError> {
        let sources = sources::parse(tables.sources)?;
        let classes = Classes::parse(tables.classes, &sources)?;
        let providers = Providers::parse(tables.providers, &sources)?;
        let mut replies = ReplyRows::builder(&classes, &providers, &sources);
        replies.parse("replies.csv", tables.replies)?;
        replies.parse("phrases.csv", tables.phrases)?;
        let replies = replies.finish();
        Ok(Self {
            matcher: Matcher::new(&replies, &providers)?,
            registry: codes::Registry::parse(tables.enhanced, &classes, &sources)?,
            codes: codes::Codes::parse(tables.codes, &classes, &sources)?,
            causes: causes::parse(tables.causes, &classes, &sources)?,
            signals: Signals::parse(tables.signals, &sources)?,
            classes,
            replies,
            providers,
        })
    }

    /// The provider that a mail server belongs to, by its name; names are compared on label boundaries.
    pub fn provider_of_host(&self, host: &str) -> Option<ProviderId> {
        self.providers.of_host(host)
    }

    /// One sentence for a person: what to do about a failure of this class.
    pub fn advice(&self, class: BounceClass) -> &str {
        self.classes.advice(class)
    }
}

#[cfg(test)]
mod tests {
    use posthaste_types::{ProviderId, Reply, Stage};

    use super::csv::{Row, alternatives, parse as rows};
    use super::*;

    /// A reply that a row is about: its first code, status and text.
    fn example(row: &Row<'_>, text: &str) -> Reply {
        let code = row.cell("code").split('|').next().unwrap_or_default().replace("xx", "50");
        let status = alternatives(row.cell("status")).next().unwrap_or_default();
        let status = status.split('-').next().unwrap_or_default();
        let digit = if code.starts_with('4') { "4" } else { "5" };
        let status = status.replacen('x', digit, 1).replace(['x', 'n'], "1").replace("o1e", "");
        let code = if code.is_empty() { "550" } else { &code };
        let (text, number) = text.split_once('{').unwrap_or((text, ""));
        let number = number.trim_end_matches('}').split('-').next().unwrap_or_default();
        let text = format!("{status} {}{number}", text.replace('*', "<bob@example.org>"));
        Reply::new(code.parse().unwrap(), text.trim()).unwrap()
    }

    #[test]
    fn each_alternative_of_each_provider_row_decides_for_its_provider() {
        let columns = ["provider", "code", "status", "match", "class", "action", "meaning", "backoff", "source"];
        let rules = Rules::builtin();
        let mut wrong = Vec::new();
        let mut count = 0;
        for row in rows("replies.csv", Tables::builtin().replies, &columns).unwrap() {
            let provider = match row.cell("provider") {
                "orange_laposte" => "orange",
                other => other,
            };
            let provider = ProviderId::parse(provider).unwrap();
            let texts: Vec<&str> = alternatives(row.cell("match")).collect();
            for text in if texts.is_empty() { vec!["words that are new"] } else { texts } {
                let reply = example(&row, text);
                let verdict = rules.classify(&reply, Stage::EndOfData, Some(&provider));
                count += 1;
                if verdict.class.as_str() != row.cell("class") {
                    wrong.push(format!("line {}: {reply}: {verdict}", row.line));
                }
            }
        }
        assert!(count > 300 && wrong.is_empty(), "{} of {count}:\n{}", wrong.len(), wrong.join("\n"));
    }
}
