//! The port of durable stores.

use std::fmt;

use async_trait::async_trait;
use posthaste_types::{Event, EventId, MailId, NodeId, Timestamp};

use crate::{Admission, Begin, Begun, Due, DueCursor, NewMail, Orphan, Query, Settlement, SpoolError, Tracked};

/// Keeps mail until it is settled.
///
/// # Contract
/// *Free and due.* A recipient is free if it has not ended and no lease on it lasts. A lease lasts longer
/// than the attempt, so nothing is renewed. One that ran out without a settlement leaves its recipients
/// free and in doubt ([`RecipientState::abandoned`](crate::RecipientState::abandoned)): `due` and `begin` show them so.
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
/// * How a state changes is not the store's business: [`RecipientState::begun`](crate::RecipientState::begun),
///   [`after`](crate::RecipientState::after) and [`abandoned`](crate::RecipientState::abandoned).
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

    /// Remembers that a mail is withdrawn, so that nobody in it is tried again if the process dies before those whom
    /// an attempt has are settled. Durable when this returns; kept as long as the mail. Of a mail that is not known, or
    /// has ended, nothing is remembered.
    ///
    /// # Errors
    /// [`SpoolError`]: perhaps remembered, perhaps not; repeat it.
    async fn withdraw(&self, mail: MailId) -> Result<(), SpoolError>;

    /// The withdrawn mails of which somebody has not ended, in any order: at the start, what a crash left.
    ///
    /// # Errors
    /// [`SpoolError`].
    async fn withdrawn(&self) -> Result<Vec<MailId>, SpoolError>;

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

    /// How many recipients have not ended.
    ///
    /// Counts what is due at the end of time, a page at a time; a store that can count does better.
    ///
    /// # Errors
    /// [`SpoolError`].
    async fn backlog(&self) -> Result<u64, SpoolError> {
        let (end, mut count, mut after) = (Timestamp::from_unix_micros(i64::MAX), 0, None);
        loop {
            let page = self.due(end, after, BACKLOG_PAGE).await?;
            count += page.len() as u64;
            match page.last() {
                Some(last) if page.len() == BACKLOG_PAGE => after = Some(last.cursor()),
                _ => return Ok(count),
            }
        }
    }

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

/// Recipients that are counted at once.
const BACKLOG_PAGE: usize = 1000;
