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
}
