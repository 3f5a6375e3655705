//! What was done, step by step.

use std::fmt;

use posthaste_dns::{Answer, DnsError, DnsErrorKind, Presence, RecordKind};
use posthaste_types::{DnsName, Text};

use super::outcome::{Outcome, Verdict};

/// One step of a check.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TraceStep {
    /// How many `include`s this stands within.
    pub depth: usize,
    /// The domain whose record is evaluated.
    pub domain: DnsName,
    /// What was done.
    pub action: Action,
}

/// What was done in one [`TraceStep`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Action {
    /// The DNS was asked.
    Asked {
        /// The name.
        name: DnsName,
        /// The kind of record.
        kind: RecordKind,
        /// What it said.
        answer: Answered,
    },
    /// A record was found.
    Found {
        /// Its text; what is longer than a [`Text`] is cut.
        record: Text,
    },
    /// A directive was tried.
    Tried {
        /// The directive.
        directive: Text,
        /// What came of it.
        matched: Match,
    },
    /// The record of another domain takes over (RFC 7208 §6.1).
    Redirected {
        /// The other domain.
        to: DnsName,
    },
    /// The evaluation of the domain's record ended.
    Ended {
        /// The result.
        verdict: Verdict,
    },
}

/// What the DNS said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Answered {
    /// So many records.
    Records(usize),
    /// The name has no such record.
    NoData,
    /// The name does not exist.
    NxDomain,
    /// It did not answer.
    Failed(DnsErrorKind),
}

/// What came of a directive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Match {
    /// It matches.
    Yes,
    /// It does not.
    No,
    /// It ends the check with an error.
    Error,
}

/// Whether steps are written down.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "on or off")]
pub enum Tracing {
    /// They are.
    #[default]
    On,
    /// They are not, which is faster.
    Off,
}

/// The steps so far.
#[derive(Debug)]
pub(super) struct Trace {
    tracing: Tracing,
    steps: Vec<TraceStep>,
    left_out: usize,
}

impl Trace {
    pub(super) fn new(tracing: Tracing) -> Self {
        let room = if tracing == Tracing::On { USUAL_STEPS } else { 0 };
        Self { tracing, steps: Vec::with_capacity(room), left_out: 0 }
    }

    /// `action` is only made if steps are written down.
    pub(super) fn add(&mut self, depth: usize, domain: &DnsName, action: impl FnOnce() -> Action) {
        if self.tracing == Tracing::Off {
            return;
        }
        if self.steps.len() < Outcome::MAX_STEPS {
            self.steps.push(TraceStep { depth, domain: domain.clone(), action: action() });
        } else {
            self.left_out = self.left_out.saturating_add(1);
        }
    }

    pub(super) fn take(&mut self) -> (Vec<TraceStep>, usize) {
        (std::mem::take(&mut self.steps), self.left_out)
    }
}

impl Answered {
    pub(super) fn of(answer: &Result<Answer, DnsError>) -> Self {
        match answer {
            Ok(answer) => match answer.presence() {
                Presence::Found => Self::Records(answer.records().len()),
                Presence::NoData => Self::NoData,
                Presence::NxDomain => Self::NxDomain,
            },
            Err(error) => Self::Failed(error.kind()),
        }
    }
}

impl fmt::Display for TraceStep {
    /// One line, indented by depth.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:indent$}{}: {}", "", self.domain, self.action, indent = 2 * self.depth.min(20))
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Asked { name, kind, answer } => write!(f, "{name} {kind}? {answer}"),
            Self::Found { record } => write!(f, "record `{record}`"),
            Self::Tried { directive, matched } => write!(f, "`{directive}` {matched}"),
            Self::Redirected { to } => write!(f, "redirected to {to}"),
            Self::Ended { verdict } => write!(f, "ends with {verdict}"),
        }
    }
}

impl fmt::Display for Answered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Records(1) => f.write_str("1 record"),
            Self::Records(count) => write!(f, "{count} records"),
            Self::NoData => f.write_str("no such record"),
            Self::NxDomain => f.write_str("no such name"),
            Self::Failed(kind) => kind.fmt(f),
        }
    }
}

impl fmt::Display for Match {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Yes => "matches",
            Self::No => "does not match",
            Self::Error => "ends in an error",
        })
    }
}

/// How many steps most checks take.
const USUAL_STEPS: usize = 24;
