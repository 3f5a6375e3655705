//! The one schema of all that happens.

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
