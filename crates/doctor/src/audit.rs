//! The result.

use std::cmp::Reverse;
use std::fmt;
use std::time::Duration;

use posthaste_auth::records::Severity;
use posthaste_provider::{Demand, Force, Scope};
use posthaste_types::{ProviderId, Text, Timestamp};

use crate::finding::Finding;
use crate::sending::SendingDomain;
use crate::show::{Ink, Page};
use crate::topic::Topic;

/// What an audit saw. `Display` is the page for people, without colour; [`page`](Self::page) has one with.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Audit {
    /// Who was looked at.
    pub sending: SendingDomain,
    /// When it began.
    pub at: Timestamp,
    /// How long it took.
    pub took: Duration,
    /// What was looked at, in the order of [`Topic`].
    pub checks: Vec<Check>,
    /// How it stands with the demands of each provider.
    pub providers: Vec<ProviderVerdict>,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Check {
    /// What it is.
    pub topic: Topic,
    /// Of which name or address.
    pub about: Text,
    /// What was seen, good or bad, a line each.
    pub facts: Vec<Text>,
    /// What is wrong or not known.
    pub findings: Vec<Finding>,
}

/// How it stands with the demands of one provider.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ProviderVerdict {
    /// Its id.
    pub provider: ProviderId,
    /// Its name, for people.
    pub name: Text,
    /// From when a sender is a bulk sender, in words.
    pub bulk: Text,
    /// As what it takes the sender; `None` if that is not known.
    pub scope: Option<Scope>,
    /// Its rules that count, or may count.
    pub rules: Vec<RuleVerdict>,
}

/// How it stands with one rule.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct RuleVerdict {
    /// What is demanded.
    pub demand: Demand,
    /// Of whom.
    pub scope: Scope,
    /// How much it is enforced.
    pub force: Force,
    /// Whether it is met.
    pub standing: Standing,
}

/// Whether a demand is met.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Standing {
    /// It is.
    Met,
    /// It cannot be seen from the DNS: messages or recipients would say.
    NotSeen,
    /// It could not be found out.
    Unknown,
    /// It is not.
    Broken,
}

impl Audit {
    /// All findings, the worst first; of equal ones those for which mail is refused, then in the order of [`Topic`].
    pub fn findings(&self) -> Vec<&Finding> {
        let mut all: Vec<&Finding> = self.checks.iter().flat_map(|check| &check.findings).collect();
        let refuses = |finding: &Finding| finding.cares.iter().any(|concern| concern.force == Force::Refused);
        all.sort_by_key(|finding| (Reverse(finding.severity), Reverse(refuses(finding)), finding.topic));
        all
    }

    /// The worst severity; `None` if nothing was found.
    pub fn worst(&self) -> Option<Severity> {
        self.checks.iter().filter_map(Check::worst).max()
    }

    /// How many findings are of this severity.
    pub fn count(&self, severity: Severity) -> usize {
        self.checks.iter().flat_map(|check| &check.findings).filter(|finding| finding.severity == severity).count()
    }

    /// For programs that end with it: 0 for nothing worse than notes, 1 for an error, 3 if something is not known and
    /// there is no error, 4 for warnings alone. (2 is left for wrong arguments.)
    pub fn exit_code(&self) -> u8 {
        match self.worst() {
            None | Some(Severity::Note) => 0,
            Some(Severity::Error) => 1,
            Some(Severity::Unknown) => 3,
            Some(Severity::Warning) => 4,
        }
    }

    /// The page for people.
    pub fn page(&self, ink: Ink) -> Page<'_> {
        Page::new(self, ink)
    }

    /// The whole as JSON, on one line. Its keys stay: new ones may come, `schema` changes if one goes.
    pub fn to_json(&self) -> String {
        crate::show::to_json(self)
    }
}

impl Check {
    /// The worst severity; `None` if it is fine.
    pub fn worst(&self) -> Option<Severity> {
        self.findings.iter().map(|finding| finding.severity).max()
    }
}

impl Standing {
    /// The word of the JSON form: `not-seen`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Met => "met",
            Self::NotSeen => "not-seen",
            Self::Unknown => "unknown",
            Self::Broken => "broken",
        }
    }

    /// Both are demanded.
    pub(crate) fn and(self, other: Self) -> Self {
        self.max(other)
    }

    /// One of them is enough.
    pub(crate) fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::Met, _) | (_, Self::Met) => Self::Met,
            (Self::Broken, Self::Broken) => Self::Broken,
            _ => Self::Unknown,
        }
    }
}

impl fmt::Display for Audit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.page(Ink::Plain).fmt(f)
    }
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Met => "met",
            Self::NotSeen => "not seen from here",
            Self::Unknown => "unknown",
            Self::Broken => "not met",
        })
    }
}
