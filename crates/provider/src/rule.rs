//! One rule.

use std::fmt;

use posthaste_types::Text;

use crate::demand::Demand;
use crate::profile::SourceNote;
use crate::reply::ReplyHint;

/// One demand of one provider.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    pub(crate) demand: Demand,
    pub(crate) scope: Scope,
    pub(crate) force: Force,
    pub(crate) replies: Vec<ReplyHint>,
    pub(crate) note: Option<Text>,
    pub(crate) sources: Vec<SourceNote>,
}

/// Who must obey.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Scope {
    /// Everybody.
    All,
    /// Bulk senders.
    Bulk,
}

/// What happens to mail that does not obey.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Force {
    /// Nothing: it is advice.
    Advised,
    /// It goes to the spam folder, or the provider does not help.
    Filtered,
    /// It is refused with a reply.
    Refused,
}

impl Rule {
    /// What is demanded.
    pub fn demand(&self) -> &Demand {
        &self.demand
    }

    /// Of whom.
    pub fn scope(&self) -> Scope {
        self.scope
    }

    /// How much it is enforced.
    pub fn force(&self) -> Force {
        self.force
    }

    /// What the provider answers when it is not met; empty where that is not known.
    pub fn replies(&self) -> &[ReplyHint] {
        &self.replies
    }

    /// More about it, for people.
    pub fn note(&self) -> Option<&Text> {
        self.note.as_ref()
    }

    /// Where it is known from.
    pub fn sources(&self) -> &[SourceNote] {
        &self.sources
    }
}

impl Scope {
    /// The word of the table: `bulk`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Bulk => "bulk",
        }
    }
}

impl Force {
    /// The word of the table: `refused`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Advised => "advised",
            Self::Filtered => "filtered",
            Self::Refused => "refused",
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::All => "all senders",
            Self::Bulk => "bulk senders",
        })
    }
}

impl fmt::Display for Force {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}, else {}", self.demand, self.scope, self.force)?;
        for (at, reply) in self.replies.iter().enumerate() {
            write!(f, "{} {reply}", if at == 0 { " with" } else { " or" })?;
        }
        f.write_str(")")
    }
}
