//! One thing that was found.

use std::fmt;

use posthaste_auth::records::{Severity, TxtRecord};
use posthaste_provider::{Force, ReplyHint, Scope};
use posthaste_types::{ProviderId, Text};

use crate::code::Code;
use crate::topic::Topic;

/// One thing that was found, with its evidence and its mend.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// What was looked at.
    pub topic: Topic,
    /// What it is, as a stable word.
    pub code: Code,
    /// Of which name or address.
    pub about: Text,
    /// What it is, in a sentence.
    pub what: Text,
    /// What was seen: records and answers of the DNS. At most [`MAX_EVIDENCE`](Self::MAX_EVIDENCE) lines.
    pub evidence: Vec<Text>,
    /// Which providers care.
    pub cares: Vec<Concern>,
    /// What mends it, in order. Empty only of what needs none.
    pub mend: Vec<Mend>,
    /// Block lists that a listing is of, by id.
    pub(crate) list: Option<String>,
}

/// A provider that cares, and what it does.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Concern {
    /// Its id.
    pub provider: ProviderId,
    /// Its name, for people.
    pub name: Text,
    /// What it demands, in words.
    pub demand: Text,
    /// Of whom.
    pub scope: Scope,
    /// What it does else.
    pub force: Force,
    /// With which replies; empty where that is not known.
    pub replies: Vec<ReplyHint>,
}

/// What mends a finding, or a part of it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Mend {
    /// Publish this record, a line of a zone file (RFC 1035 §5.1).
    Publish(String),
    /// Take this record away.
    Remove(String),
    /// Publish this record in the place of the one, or those, of its name and kind.
    Replace(String),
    /// Do this.
    Step(Text),
}

impl Mend {
    pub(crate) fn step(text: impl fmt::Display) -> Self {
        Self::Step(Text::lossy(text))
    }

    pub(crate) fn publish(record: &TxtRecord) -> Self {
        Self::Publish(record.to_string())
    }

    pub(crate) fn replace(record: &TxtRecord) -> Self {
        Self::Replace(record.to_string())
    }

    /// The record, as it is copied into a zone file.
    pub fn record(&self) -> Option<&str> {
        match self {
            Self::Publish(record) | Self::Remove(record) | Self::Replace(record) => Some(record),
            Self::Step(_) => None,
        }
    }

    /// The word of the JSON form: `publish`.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Publish(_) => "publish",
            Self::Remove(_) => "remove",
            Self::Replace(_) => "replace",
            Self::Step(_) => "step",
        }
    }
}

impl fmt::Display for Mend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Publish(record) => write!(f, "Publish: {record}"),
            Self::Remove(record) => write!(f, "Remove: {record}"),
            Self::Replace(record) => write!(f, "Replace by: {record}"),
            Self::Step(step) => step.fmt(f),
        }
    }
}

impl Finding {
    /// The most lines of evidence; what is more is counted in the last line.
    pub const MAX_EVIDENCE: usize = 20;

    pub(crate) fn new(
        severity: Severity,
        topic: Topic,
        code: Code,
        about: impl fmt::Display,
        what: impl fmt::Display,
    ) -> Self {
        let (about, what) = (Text::lossy(about), Text::lossy(what));
        Self {
            severity,
            topic,
            code,
            about,
            what,
            evidence: Vec::new(),
            cares: Vec::new(),
            mend: Vec::new(),
            list: None,
        }
    }

    #[must_use]
    pub(crate) fn seen(self, evidence: impl fmt::Display) -> Self {
        self.seen_all([evidence])
    }

    #[must_use]
    pub(crate) fn seen_all(mut self, evidence: impl IntoIterator<Item = impl fmt::Display>) -> Self {
        let mut more = 0_usize;
        for line in evidence {
            if self.evidence.len() + 1 < Self::MAX_EVIDENCE {
                self.evidence.push(Text::lossy(line));
            } else {
                more += 1;
            }
        }
        if more > 0 {
            self.evidence.push(Text::lossy(format_args!("and {more} more")));
        }
        self
    }

    #[must_use]
    pub(crate) fn mend(mut self, mend: Mend) -> Self {
        self.mend.push(mend);
        self
    }

    #[must_use]
    pub(crate) fn mends(mut self, mends: impl IntoIterator<Item = Mend>) -> Self {
        self.mend.extend(mends);
        self
    }

    #[must_use]
    pub(crate) fn of_list(mut self, id: &str) -> Self {
        self.list = Some(id.to_owned());
        self
    }
}

impl Concern {
    /// The demand, and what happens else.
    pub(crate) fn outcome(&self) -> String {
        let replies: Vec<String> = self.replies.iter().map(ToString::to_string).collect();
        let otherwise = match (self.force, replies.is_empty()) {
            (Force::Advised, _) => "as advice".to_owned(),
            (Force::Filtered, _) => "else mail goes to spam".to_owned(),
            (_, true) => "else it refuses".to_owned(),
            (_, false) => format!("else it answers {}", replies.join(" or ")),
        };
        format!("{}, {otherwise}", self.demand)
    }
}

impl fmt::Display for Concern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}): {}", self.name, self.scope, self.outcome())
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: {}", self.severity, self.topic, self.what)
    }
}
