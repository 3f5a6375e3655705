//! What is known of mails, for questions.

use posthaste_suppression::Ask;
use posthaste_types::{
    Address, CampaignName, Domain, Ending, ListName, MailId, MessageId, OnceKey, ReversePath, StreamName, Tags,
    TenantName, Timestamp,
};

use crate::RecipientState;

/// What the application said about a mail, besides its content.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct MailMeta {
    /// The stream.
    pub stream: StreamName,
    /// The list.
    pub list: Option<ListName>,
    /// The campaign.
    pub campaign: Option<CampaignName>,
    /// The tenant.
    pub tenant: Option<TenantName>,
    /// The tags.
    pub tags: Tags,
    /// Higher goes first.
    pub priority: i8,
}

impl MailMeta {
    /// The ask that is made of a suppression list before an attempt for `address`.
    pub fn ask(&self, address: &Address, at: Timestamp) -> Ask {
        let mut ask = Ask::new(address.clone(), self.stream.clone(), at);
        ask.list.clone_from(&self.list);
        ask.tenant.clone_from(&self.tenant);
        ask
    }
}

/// A question for mails. Every field that is set must fit; none set finds the newest.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Query {
    /// This mail.
    pub mail: Option<MailId>,
    /// With this Message-ID.
    pub message_id: Option<MessageId>,
    /// With this key of this tenant (or of none).
    pub once: Option<(Option<TenantName>, OnceKey)>,
    /// To this address, whatever its case.
    pub to: Option<Address>,
    /// To this domain.
    pub domain: Option<Domain>,
    /// Accepted at or after this.
    pub since: Option<Timestamp>,
    /// Accepted before this.
    pub before: Option<Timestamp>,
    /// With this tag.
    pub tag: Option<(String, String)>,
    /// Only mails of which a recipient waits.
    pub waiting: Waiting,
    /// At most so many; 100 by default.
    pub limit: usize,
}

/// Whether a query wants mails that still wait.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "two values")]
pub enum Waiting {
    /// Only those of which a recipient waits.
    Only,
    /// All.
    #[default]
    Any,
}

impl Default for Query {
    fn default() -> Self {
        Self {
            mail: None,
            message_id: None,
            once: None,
            to: None,
            domain: None,
            since: None,
            before: None,
            tag: None,
            waiting: Waiting::Any,
            limit: 100,
        }
    }
}

impl Query {
    /// The question for one mail.
    pub fn mail(id: MailId) -> Self {
        Self { mail: Some(id), limit: 1, ..Self::default() }
    }

    /// The question for the mail with this Message-ID.
    pub fn message_id(id: MessageId) -> Self {
        Self { message_id: Some(id), ..Self::default() }
    }

    /// The question for mails to an address.
    pub fn to(address: Address) -> Self {
        Self { to: Some(address), ..Self::default() }
    }
}

/// What is known of a mail.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Tracked {
    /// Our identity of it.
    pub id: MailId,
    /// Its Message-ID.
    pub message_id: Option<MessageId>,
    /// Its reverse path.
    pub from: ReversePath,
    /// What the application said about it.
    pub meta: MailMeta,
    /// When it was accepted.
    pub accepted: Timestamp,
    /// When its first attempt was due.
    pub due: Timestamp,
    /// When it is given up.
    pub expires: Timestamp,
    /// The recipients, in order.
    pub recipients: Vec<TrackedRecipient>,
}

impl Tracked {
    /// What is known of a mail without recipients; the rest are public fields.
    pub fn new(id: MailId, from: ReversePath, accepted: Timestamp) -> Self {
        Self {
            id,
            message_id: None,
            from,
            meta: MailMeta::default(),
            accepted,
            due: accepted,
            expires: accepted,
            recipients: Vec::new(),
        }
    }
}

/// What is known of one recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TrackedRecipient {
    /// The address.
    pub address: Address,
    /// Where it stands.
    pub state: RecipientState,
    /// When its next attempt is due, if it waits.
    pub next: Option<Timestamp>,
    /// Whether an attempt is under way.
    pub in_flight: bool,
    /// How it ended, if it has.
    pub ending: Option<Ending>,
}

impl TrackedRecipient {
    /// A recipient that waits for its first attempt; the rest are public fields.
    pub fn new(address: Address, next: Timestamp) -> Self {
        Self { address, state: RecipientState::default(), next: Some(next), in_flight: false, ending: None }
    }
}
