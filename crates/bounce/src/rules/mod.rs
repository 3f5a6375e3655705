//! The rules as data: read once, never changed, replaceable.

mod causes;
mod classes;
mod codes;
mod error;
mod filter;
mod heads;
mod matcher;
mod pattern;
mod providers;
mod replies;
mod rows;
mod signals;
mod sources;
mod tables;
#[cfg(test)]
mod validator;

use std::sync::OnceLock;

use posthaste_types::{BounceClass, ProviderId};

pub(crate) use causes::CauseRow;
pub(crate) use classes::{Classes, Why};
pub use error::{RulesError, RulesErrorKind};
pub(crate) use filter::Fit;
pub(crate) use heads::Heads;
pub(crate) use matcher::{Hit, Matcher, Target};
pub(crate) use providers::{Providers, TableId};
pub(crate) use replies::{ReplyRow, ReplyRows};
pub(crate) use signals::{HeaderSignals, SignalKind, Signals, Spoken};
pub use tables::Tables;

/// The rules by which answers are classified: the built-in ones, or your own.
///
/// Reading them costs some milliseconds; keep them. They are immutable and may be shared by all threads.
///
/// ```
/// use posthaste_bounce::{Rules, Tables};
///
/// let mut tables = Tables::builtin();
/// let own = tables.phrases.to_owned()
///     + "[[phrase]]\nname = \"ours\"\nmatch = [\"no more of this\"]\nclass = \"rate_limit\"\nsource = [\"KNOW\"]\n";
/// tables.phrases = &own;
/// let rules = Rules::parse(&tables)?;
///
/// tables.replies = "[[reply]]\nwhat = \"this\"\n";
/// assert_eq!(Rules::parse(&tables).unwrap_err().to_string(), "replies.toml line 2: a key that this table does not have");
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
        replies.parse("replies.toml", tables.replies, "reply")?;
        replies.parse("phrases.toml", tables.phrases, "phrase")?;
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
