//! Where one recipient of one mail stands, and how it ended.

use std::fmt;
use std::time::Duration;

use crate::cause::Cause;
use crate::class::{BounceClass, Evidence};
use crate::outcome::Outcome;
use crate::text::Text;
use crate::time::Timestamp;

/// Where one recipient of one mail stands.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
#[expect(clippy::exhaustive_enums, reason = "a recipient either waits or is done")]
pub enum Standing {
    /// Not ended yet: why it waits, and until when.
    Waiting(Explanation),
    /// Ended, once and for all.
    Done(Ending),
}

impl Standing {
    /// The ending, if it has ended.
    pub fn ending(&self) -> Option<&Ending> {
        match self {
            Self::Waiting(_) => None,
            Self::Done(ending) => Some(ending),
        }
    }

    /// The fate, if it has ended.
    pub fn fate(&self) -> Option<Fate> {
        self.ending().map(|ending| ending.fate)
    }

    /// Whether the next hop said no, or nothing could be sent: bounced, expired, suppressed, withheld or
    /// quarantined.
    pub fn is_refused(&self) -> bool {
        self.fate().is_some_and(|fate| !matches!(fate, Fate::Delivered | Fate::Relayed | Fate::Cancelled))
    }
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Waiting(explanation) => explanation.fmt(f),
            Self::Done(ending) => ending.fmt(f),
        }
    }
}

/// How a recipient of a mail ended: exactly one for each pair of mail and recipient.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Fate {
    /// The recipient's own MX took it.
    Delivered,
    /// A relay or gateway took it; what became of it there is not known (RFC 3464 §2.3.3).
    Relayed,
    /// Refused for good.
    Bounced,
    /// Deferred until its time was up.
    Expired,
    /// The suppression list forbade it.
    Suppressed,
    /// The application withdrew it.
    Cancelled,
    /// The audience does not contain the recipient; nothing was sent to it.
    Withheld,
    /// Its stored record was damaged and is kept apart.
    Quarantined,
}

impl Fate {
    /// The name in events and stored rows.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Relayed => "relayed",
            Self::Bounced => "bounced",
            Self::Expired => "expired",
            Self::Suppressed => "suppressed",
            Self::Cancelled => "cancelled",
            Self::Withheld => "withheld",
            Self::Quarantined => "quarantined",
        }
    }
}

impl fmt::Display for Fate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The end of one recipient, with what decided it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Ending {
    /// How it ended.
    pub fate: Fate,
    /// When.
    pub at: Timestamp,
    /// How long after acceptance.
    pub after: Duration,
    /// How many attempts were made.
    pub attempts: u32,
    /// What decided, where an attempt did.
    pub cause: Option<Cause>,
    /// The class of the failure.
    pub class: Option<BounceClass>,
    /// The evidence of that judgement.
    pub evidence: Vec<Evidence>,
}

impl Ending {
    /// An ending without cause, class and evidence; they are public fields.
    pub fn new(fate: Fate, at: Timestamp, after: Duration, attempts: u32) -> Self {
        Self { fate, at, after, attempts, cause: None, class: None, evidence: Vec::new() }
    }

    /// What decided, in words: the cause, else the first piece of evidence.
    pub fn why(&self) -> Option<&(dyn fmt::Display + 'static)> {
        match (&self.cause, self.evidence.first()) {
            (Some(cause), _) => Some(cause),
            (None, Some(evidence)) => Some(&evidence.text),
            (None, None) => None,
        }
    }
}

/// `delivered after 1.2 s (250 2.0.0 OK)`
impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} after {}", self.fate, Span(self.after))?;
        self.why().map_or(Ok(()), |why| write!(f, " ({why})"))
    }
}

/// Why a recipient waits. `Display` is a sentence for people.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Explanation {
    /// What it is doing.
    pub state: WaitState,
    /// Everything that holds it, the strictest first.
    pub held_by: Vec<Constraint>,
    /// What the last attempt came to.
    pub last: Option<Outcome>,
    /// When the next attempt is due, if that is known.
    pub next: Option<Timestamp>,
    /// What a person could do to have it go sooner.
    pub unblock: Option<Text>,
}

impl Explanation {
    /// An explanation that says the state alone; the rest are public fields.
    pub fn new(state: WaitState) -> Self {
        Self { state, held_by: Vec::new(), last: None, next: None, unblock: None }
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.state {
            WaitState::Held => "held",
            WaitState::InFlight => "being delivered",
            WaitState::Queued => "queued",
            WaitState::Retrying => "deferred",
        })?;
        for (i, constraint) in self.held_by.iter().enumerate() {
            f.write_str(if i == 0 { ", waits for " } else { " and " })?;
            constraint.fmt(f)?;
        }
        if let Some(last) = &self.last {
            write!(f, "; last: {last}")?;
        }
        if let Some(next) = self.next {
            write!(f, "; next try {}", next.to_whole_seconds())?;
        }
        if let Some(advice) = &self.unblock {
            write!(f, "; {advice}")?;
        }
        Ok(())
    }
}

/// What a waiting recipient is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum WaitState {
    /// Held by a person, a hook or a fault of ours.
    Held,
    /// An attempt is under way.
    InFlight,
    /// Waiting for its first attempt.
    Queued,
    /// Waiting for its next attempt.
    Retrying,
}

/// What holds a recipient that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(tag = "constraint", rename_all = "snake_case")
)]
#[non_exhaustive]
pub enum Constraint {
    /// Others wait in front of it.
    Backlog {
        /// How many, as far as is known.
        ahead: u64,
    },
    /// The DNS has no answer for this name.
    NoAnswerFromDns {
        /// The name.
        name: crate::domain::DnsName,
    },
    /// Somebody paused it.
    Paused {
        /// Who.
        by: Text,
        /// Why.
        why: Text,
    },
    /// The retry schedule.
    RetrySchedule {
        /// Attempts made so far.
        attempts: u32,
        /// When the next is due.
        next: Timestamp,
    },
    /// A fault of ours holds the route: a wrong password, a dead proxy.
    RouteHeld {
        /// What.
        why: Text,
    },
    /// The application asked for a later time.
    SendAt {
        /// The time.
        at: Timestamp,
    },
    /// A limit of rate or connections.
    Shape {
        /// The rule.
        rule: Text,
        /// How much of it is used.
        used: u64,
        /// The limit.
        limit: u64,
    },
    /// The suppression store does not answer, so nothing may be sent.
    StoreUnknown,
}

impl fmt::Display for Constraint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Backlog { ahead } => write!(f, "{ahead} ahead of it"),
            Self::NoAnswerFromDns { name } => write!(f, "an answer of the DNS for {name}"),
            Self::Paused { by, why } => write!(f, "{by}, who paused it: {why}"),
            Self::RetrySchedule { attempts, .. } => write!(f, "its next retry after {attempts} attempts"),
            Self::RouteHeld { why } => write!(f, "the route, which is held: {why}"),
            Self::SendAt { at } => write!(f, "its time, {at}"),
            Self::Shape { rule, used, limit } => write!(f, "{rule}: {used}/{limit} used"),
            Self::StoreUnknown => f.write_str("the suppression store, which does not answer"),
        }
    }
}

/// A length of time as people say it: `0.8 ms`, `1.2 s`, `5 min`, `3 h`, `2 days`.
struct Span(Duration);

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let secs = self.0.as_secs_f64();
        match secs {
            s if s < 1.0 => write!(f, "{:.1} ms", s * 1e3),
            s if s < 120.0 => write!(f, "{s:.1} s"),
            s if s < 7200.0 => write!(f, "{:.0} min", s / 60.0),
            s if s < 172_800.0 => write!(f, "{:.0} h", s / 3600.0),
            s => write!(f, "{:.0} days", s / 86_400.0),
        }
    }
}
