//! The port of durable stores.

use std::fmt;

use async_trait::async_trait;
use posthaste_suppression::Entry;
use posthaste_types::{
    Address, Cause, Domain, Ending, Event, EventId, Mail, MailId, NodeId, OnceKey, Outcome, Timestamp,
};

use crate::{MailMeta, Query, RecipientState, SpoolError, Tracked};

/// Keeps mail until it is settled.
///
/// # Contract
/// *Free and due.* A recipient is free if it has not ended and no lease on it lasts. A lease lasts longer
/// than the attempt, so nothing is renewed. One that ran out without a settlement leaves its recipients
/// free and in doubt ([`RecipientState::abandoned`]): `due` and `begin` show them so.
///
/// * [`admit`](Self::admit) returns after the commit is on disk. A known (tenant, key) gives the old
///   mail's id, or [`Admission::KeyReused`] if the fingerprint differs; of twins, in one call or at once,
///   one is accepted. A mail whose id is known is a replay too. A place in `ended` that the envelope lacks
///   is ignored.
/// * [`begin`](Self::begin) is one transaction: the suppression list (where the store keeps one) is asked,
///   the attempt is recorded, the lease is taken. Only who is free and due at [`Begin::at`] is granted;
///   a recipient that is named twice is granted once. What is begun and not settled is in doubt after a
///   crash.
/// * [`settle`](Self::settle) is one transaction: outcomes, next times, events and the suppressions that
///   follow. Repeating it changes nothing, and writes no event twice. With `attempt` it counts only while
///   that attempt, by its number, is under way: also when its lease ran out, until `begin` is called for
///   the recipient again, whether that is granted or suppressed. Without, it counts only while no attempt is under way, and a wait only if it changes when
///   the recipient is due. A recipient that has ended stays as it ended.
/// * How a state changes is not the store's business: [`RecipientState::begun`],
///   [`after`](RecipientState::after) and [`abandoned`](RecipientState::abandoned).
/// * Events get rising ids in the order in which they are written, those of one call in its order, from 1.
/// * Memory follows `limit`. A damaged record costs its mail, never the call: its recipients end
///   quarantined, and an event of kind [`Quarantined`](posthaste_types::EventKind::Quarantined) tells.
/// * After a failed sync, every write fails until the spool is opened again.
///
/// [`contract::check`](crate::contract::check) holds a store to this.
#[async_trait]
pub trait Spool: fmt::Debug + Send + Sync {
    /// Takes mails in; each stands or falls alone. Durable when this returns.
    ///
    /// # Errors
    /// [`SpoolError`]: none of them was taken, as far as the store knows. Repeat with the same keys.
    async fn admit(&self, mails: Vec<NewMail>) -> Result<Vec<Admission>, SpoolError>;

    /// At most `limit` recipients that are free and due by `until`, ordered by (priority, time, mail,
    /// recipient), behind `after`.
    ///
    /// # Errors
    /// [`SpoolError`].
    async fn due(&self, until: Timestamp, after: Option<DueCursor>, limit: usize) -> Result<Vec<Due>, SpoolError>;

    /// When the earliest free recipient behind `after` is due; `None` if none waits beyond it.
    ///
    /// # Errors
    /// [`SpoolError`].
    async fn next_due(&self, after: Timestamp) -> Result<Option<Timestamp>, SpoolError>;

    /// Takes leases and records attempts, durably. One answer for each, in order.
    ///
    /// # Errors
    /// [`SpoolError`]: nothing was begun.
    async fn begin(&self, node: &NodeId, wanted: Vec<Begin>) -> Result<Vec<Begun>, SpoolError>;

    /// Writes down what attempts came to.
    ///
    /// # Errors
    /// [`SpoolError`]: perhaps written, perhaps not; repeat it.
    async fn settle(&self, done: Vec<Settlement>) -> Result<(), SpoolError>;

    /// What `node` began and never settled: at the start, everything that a crash left in doubt.
    ///
    /// # Errors
    /// [`SpoolError`].
    async fn orphans(&self, node: &NodeId) -> Result<Vec<Orphan>, SpoolError>;

    /// Writes events that belong to no settlement.
    ///
    /// # Errors
    /// [`SpoolError`].
    async fn record(&self, events: Vec<Event>) -> Result<(), SpoolError>;

    /// At most `limit` events behind `after`, in order.
    ///
    /// # Errors
    /// [`SpoolError`].
    async fn events(&self, after: EventId, limit: usize) -> Result<Vec<Event>, SpoolError>;

    /// The mails that a query finds, newest first (by the time of acceptance, then by id).
    ///
    /// # Errors
    /// [`SpoolError`].
    async fn find(&self, query: &Query) -> Result<Vec<Tracked>, SpoolError>;

    /// The secret kept under `name`; if there is none, `candidate` is kept and returned.
    ///
    /// # Errors
    /// [`SpoolError`].
    async fn secret(&self, name: &str, candidate: [u8; 32]) -> Result<[u8; 32], SpoolError>;

    /// Forgets at most `limit` mails of which every recipient ended before `before`, with their keys and
    /// events, and the events before `before` that are about no mail; how many mails. What waits stays.
    ///
    /// # Errors
    /// [`SpoolError`].
    async fn forget(&self, before: Timestamp, limit: usize) -> Result<usize, SpoolError>;

    /// Writes what is left and lets go of the store. Behind it every other call fails with
    /// [`Closed`](crate::SpoolErrorKind::Closed); closing again does nothing.
    ///
    /// # Errors
    /// [`SpoolError`].
    async fn close(&self) -> Result<(), SpoolError>;
}

/// A mail to take in.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct NewMail {
    /// The mail, signed, its reverse path final.
    pub mail: Mail,
    /// What the application said about it.
    pub meta: MailMeta,
    /// The application's key, and the fingerprint of what it gave.
    pub once: Option<(OnceKey, [u8; 32])>,
    /// When it was accepted.
    pub at: Timestamp,
    /// When its first attempt is due.
    pub due: Timestamp,
    /// When it is given up.
    pub expires: Timestamp,
    /// The endings of recipients that never wait (suppressed, withheld), by place; the others wait.
    pub ended: Vec<(u32, Ending)>,
    /// The events of the acceptance, in order.
    pub events: Vec<Event>,
}

impl NewMail {
    /// A mail due at once, without key and events; the rest are public fields.
    pub fn new(mail: Mail, at: Timestamp, expires: Timestamp) -> Self {
        Self {
            mail,
            meta: MailMeta::default(),
            once: None,
            at,
            due: at,
            expires,
            ended: Vec::new(),
            events: Vec::new(),
        }
    }
}

/// What became of a [`NewMail`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Admission {
    /// It is on disk.
    Accepted(MailId),
    /// The key is known with the same fingerprint: this is the mail that was accepted then.
    Replay(MailId),
    /// The key is known with another fingerprint; nothing was taken.
    KeyReused(MailId),
}

/// A recipient that is due.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Due {
    /// The mail.
    pub mail: MailId,
    /// The recipient's place in the envelope.
    pub recipient: u32,
    /// Its domain.
    pub domain: Domain,
    /// When it is due.
    pub at: Timestamp,
    /// Higher goes first.
    pub priority: i8,
    /// Where it stands.
    pub state: RecipientState,
    /// When it is given up.
    pub expires: Timestamp,
}

impl Due {
    /// The place right behind this one.
    pub fn cursor(&self) -> DueCursor {
        DueCursor { priority: self.priority, at: self.at, mail: self.mail, recipient: self.recipient }
    }

    /// A recipient due for its first attempt; the rest are public fields.
    pub fn new(mail: MailId, recipient: u32, domain: Domain, at: Timestamp, expires: Timestamp) -> Self {
        Self { mail, recipient, domain, at, priority: 0, state: RecipientState::default(), expires }
    }
}

/// A place in the order of what is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DueCursor {
    /// The priority of the recipient in front.
    pub priority: i8,
    /// Its time.
    pub at: Timestamp,
    /// Its mail.
    pub mail: MailId,
    /// Its place.
    pub recipient: u32,
}

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

/// What [`Spool::begin`] gave.
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

/// What an attempt came to for one recipient.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Settlement {
    /// The mail.
    pub mail: MailId,
    /// The recipient's place.
    pub recipient: u32,
    /// The number of the attempt that is settled; a stale one changes nothing. `None` where no attempt was
    /// begun: suppressed, cancelled, expired while waiting, no route.
    pub attempt: Option<u32>,
    /// What it came to.
    pub settled: Settled,
    /// The events to write if it counts.
    pub events: Vec<Event>,
    /// The entries to put on the suppression list if it counts.
    pub suppress: Vec<Entry>,
}

impl Settlement {
    /// A settlement without events and entries; they are public fields.
    pub fn new(mail: MailId, recipient: u32, attempt: Option<u32>, settled: Settled) -> Self {
        Self { mail, recipient, attempt, settled, events: Vec::new(), suppress: Vec::new() }
    }
}

/// What a recipient does next.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Settled {
    /// It ended.
    Ended(Ending),
    /// It waits again, one step further in its schedule.
    Retry {
        /// The outcome of the attempt.
        outcome: Outcome,
        /// When the next one is due.
        next: Timestamp,
    },
    /// No hop was reached, or a fault of ours: the attempt does not count against the recipient's schedule.
    Unmade {
        /// What happened.
        cause: Cause,
        /// When the next one is due.
        next: Timestamp,
    },
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
