//! The one schema of all that happens.

use std::fmt;

use crate::address::Address;
use crate::class::{BounceClass, Evidence};
use crate::id::{EventId, MailId, MessageId};
use crate::name::{CampaignName, ListName, ProviderId, StreamName, TenantName};
use crate::outcome::Outcome;
use crate::standing::Ending;
use crate::text::{Tags, Text};
use crate::time::Timestamp;

/// Something that happened to a mail, a recipient or a list.
///
/// One schema for all; with the feature `serde` it is stable: fields and kinds are added, none changes
/// its meaning while [`Event::VERSION`] stays.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Event {
    /// The version of the schema.
    pub version: u16,
    /// Its place in the log; [`EventId::START`] until it is stored.
    pub id: EventId,
    /// When it happened.
    pub at: Timestamp,
    /// The mail, if it is about one.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub mail: Option<MailId>,
    /// The recipient, if it is about one.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub recipient: Option<Address>,
    /// The stream of the mail.
    #[cfg_attr(feature = "serde", serde(default))]
    pub stream: StreamName,
    /// The list of the mail.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub list: Option<ListName>,
    /// The campaign of the mail.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub campaign: Option<CampaignName>,
    /// The tenant of the mail.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub tenant: Option<TenantName>,
    /// Who receives for the recipient, if that is known.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub provider: Option<ProviderId>,
    /// What the application hung on the mail.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Tags::is_empty"))]
    pub tags: Tags,
    /// The connections that the attempt went over, or was about to, oldest first: host, address, TLS, and why. With
    /// what an attempt came to, if its transport tells them; the last eight.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Vec::is_empty"))]
    pub passages: Vec<Text>,
    /// What happened.
    #[cfg_attr(feature = "serde", serde(flatten))]
    pub kind: EventKind,
}

impl Event {
    /// The version of the schema that this release writes.
    pub const VERSION: u16 = 1;

    /// An event about nothing in particular; the rest are public fields.
    pub fn new(at: Timestamp, kind: EventKind) -> Self {
        Self {
            version: Self::VERSION,
            id: EventId::START,
            at,
            mail: None,
            recipient: None,
            stream: StreamName::DEFAULT,
            list: None,
            campaign: None,
            tenant: None,
            provider: None,
            tags: Tags::new(),
            passages: Vec::new(),
            kind,
        }
    }
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(tag = "kind", rename_all = "snake_case")
)]
#[non_exhaustive]
pub enum EventKind {
    /// The mail is on disk and will be tried.
    Accepted {
        /// How many recipients it has.
        recipients: u32,
        /// The Message-ID.
        #[cfg_attr(feature = "serde", serde(default))]
        message_id: Option<MessageId>,
        /// How many octets it has.
        size: u64,
    },
    /// An attempt for this recipient begins.
    Attempted {
        /// The number of the attempt, from 1.
        number: u32,
        /// Whether it may duplicate.
        repeat: Repeat,
    },
    /// A complaint of the recipient.
    Complained {
        /// What said so.
        evidence: Vec<Evidence>,
    },
    /// The recipient was deferred.
    Deferred {
        /// The outcome of the attempt.
        outcome: Outcome,
        /// Its class.
        class: BounceClass,
        /// What decided the class, beside the words of the outcome: the rules.
        #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Vec::is_empty"))]
        evidence: Vec<Evidence>,
        /// When the next attempt is due.
        next: Timestamp,
    },
    /// The recipient came to its end: exactly once for each recipient of each mail.
    Ended {
        /// How.
        ending: Ending,
    },
    /// An attempt ended without a known answer; the next one may duplicate.
    InDoubt {
        /// The outcome of the attempt.
        outcome: Outcome,
        /// When the next attempt is due.
        next: Timestamp,
    },
    /// A stored record was damaged and is kept apart.
    Quarantined {
        /// What is wrong with it.
        why: Text,
    },
    /// A report came back for a recipient that had been delivered or relayed: no second fate.
    Returned {
        /// The class of the failure.
        class: BounceClass,
        /// What the report says.
        evidence: Vec<Evidence>,
    },
    /// A route is held, because of a fault of ours.
    RouteHeld {
        /// What.
        why: Text,
        /// Until when it is not tried.
        until: Timestamp,
    },
    /// An entry was put on the suppression list.
    SuppressionAdded {
        /// Why.
        class: BounceClass,
        /// What decided.
        evidence: Vec<Evidence>,
    },
    /// A report came in that belongs to no mail that is known, or whose proof is not valid.
    Unmatched {
        /// What came in, and what it lacks.
        why: Text,
    },
}

/// In words, for people: `deferred (451 4.7.1 greylisted), next try 2026-11-24T09:46:44Z`. Programs read the fields.
impl fmt::Display for EventKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Accepted { recipients: 1, size, .. } => write!(f, "accepted for 1 recipient, {size} octets"),
            Self::Accepted { recipients, size, .. } => write!(f, "accepted for {recipients} recipients, {size} octets"),
            Self::Attempted { number, repeat: Repeat::AfterDoubt } => {
                write!(f, "attempt {number}, which may duplicate")
            }
            Self::Attempted { number, .. } => write!(f, "attempt {number}"),
            Self::Complained { evidence } => write!(f, "complained{}", First(evidence)),
            Self::Deferred { outcome, next, .. } | Self::InDoubt { outcome, next } => {
                write!(f, "{outcome}, next try {}", next.to_whole_seconds())
            }
            Self::Ended { ending } => ending.fmt(f),
            Self::Quarantined { why } => write!(f, "quarantined ({why})"),
            Self::Returned { class, evidence } => write!(f, "came back: {class}{}", First(evidence)),
            Self::RouteHeld { why, until } => write!(f, "the route is held until {} ({why})", until.to_whole_seconds()),
            Self::SuppressionAdded { class, evidence } => write!(f, "suppressed: {class}{}", First(evidence)),
            Self::Unmatched { why } => write!(f, "a report that fits no mail ({why})"),
        }
    }
}

/// The first piece of evidence in parentheses, if there is one.
struct First<'a>(&'a [Evidence]);

impl fmt::Display for First<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.first().map_or(Ok(()), |evidence| write!(f, " ({})", evidence.text))
    }
}

/// Whether an attempt may deliver a second copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Repeat {
    /// The first attempt.
    First,
    /// The last attempt was answered: this one cannot duplicate.
    AfterAnswer,
    /// The last attempt's answer is not known: this one may duplicate.
    AfterDoubt,
}
