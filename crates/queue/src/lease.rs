//! What an attempt needs and gets before it is made.

use posthaste_suppression::Entry;
use posthaste_types::{Address, Mail, MailId, Timestamp};

use crate::{MailMeta, RecipientState};

/// An attempt to begin: some recipients of one mail.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Begin {
    /// The mail.
    pub mail: MailId,
    /// The places of the recipients.
    pub recipients: Vec<u32>,
    /// Now.
    pub at: Timestamp,
    /// Until when the lease lasts.
    pub lease_until: Timestamp,
}

impl Begin {
    /// An attempt for these recipients.
    pub fn new(mail: MailId, recipients: Vec<u32>, at: Timestamp, lease_until: Timestamp) -> Self {
        Self { mail, recipients, at, lease_until }
    }
}

/// What [`Spool::begin`](crate::Spool::begin) gave.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Begun {
    /// The lease, if anybody may be tried.
    pub granted: Option<Granted>,
    /// Who may not be tried, and why.
    pub refused: Vec<(u32, Refusal)>,
}

impl Begun {
    /// An answer.
    pub fn new(granted: Option<Granted>, refused: Vec<(u32, Refusal)>) -> Self {
        Self { granted, refused }
    }
}

/// A lease: the mail for the recipients that may be tried.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Granted {
    /// The mail; its envelope holds the granted recipients alone, in the order of `recipients`.
    pub mail: Mail,
    /// What the application said about it.
    pub meta: MailMeta,
    /// When it was accepted.
    pub accepted: Timestamp,
    /// When it is given up.
    pub expires: Timestamp,
    /// Place and state of each recipient, this attempt counted.
    pub recipients: Vec<(u32, RecipientState)>,
}

impl Granted {
    /// A lease.
    pub fn new(
        mail: Mail,
        meta: MailMeta,
        accepted: Timestamp,
        expires: Timestamp,
        recipients: Vec<(u32, RecipientState)>,
    ) -> Self {
        Self { mail, meta, accepted, expires, recipients }
    }
}

/// Why a recipient may not be tried.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// The mail's record was damaged and is quarantined now.
    Damaged,
    /// It has ended, or there is no such mail or recipient.
    Gone,
    /// Its time has not come: it was settled since the caller read it, or the clock was set back.
    NotDue,
    /// An entry of the suppression list forbids it: settle it so.
    Suppressed(Box<Entry>),
    /// Another attempt has it.
    Taken,
}

/// An attempt that was begun and never settled.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Orphan {
    /// The mail.
    pub mail: MailId,
    /// The recipient's place.
    pub recipient: u32,
    /// Where it stands, the attempt counted.
    pub state: RecipientState,
    /// The tenant, stream and tags, for the event.
    pub meta: MailMeta,
    /// Its address.
    pub address: Address,
    /// When it was accepted.
    pub accepted: Timestamp,
    /// When it is given up.
    pub expires: Timestamp,
}

impl Orphan {
    /// An orphan.
    pub fn new(
        mail: MailId,
        recipient: u32,
        address: Address,
        state: RecipientState,
        meta: MailMeta,
        accepted: Timestamp,
        expires: Timestamp,
    ) -> Self {
        Self { mail, recipient, state, meta, address, accepted, expires }
    }
}
