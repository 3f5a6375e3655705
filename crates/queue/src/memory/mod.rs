//! A spool in memory.

mod asks;
mod changes;
mod find;
mod record;

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use posthaste_suppression::{Actor, Ask, Put, ScanCursor, Scope, StoreError, StoreErrorKind, SuppressionStore, What};
use posthaste_types::{Event, EventId, MailId, NodeId, Timestamp};

use crate::{
    Admission, Begin, Begun, Due, DueCursor, NewMail, Orphan, Query, Settlement, Spool, SpoolError, SpoolErrorKind,
    Tracked,
};
use record::State;

/// A spool in memory, with its suppression list: for tests, and for mail that need not outlive the process.
///
/// It keeps the contract of [`Spool`] but for the disk: nothing survives it, so a crash leaves nothing in
/// doubt. One lock holds mail, events and list, so that [`begin`](Spool::begin) asks the list and takes the
/// lease in one step (I4).
///
/// # Limits
/// It has no bound of its own: mail stays until [`forget`](Spool::forget), though its octets are let go
/// with its last recipient's end. It takes no suppression entries by hash.
#[derive(Default)]
pub struct MemorySpool {
    state: Mutex<State>,
}

impl MemorySpool {
    /// An empty spool.
    pub fn new() -> Self {
        Self::default()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A panic inside is a fault of ours in one call; what it left is whole enough for the others.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn open(&self) -> Result<MutexGuard<'_, State>, SpoolError> {
        let state = self.state();
        if state.closed { Err(SpoolError::new(SpoolErrorKind::Closed, "the spool was closed")) } else { Ok(state) }
    }

    fn open_list(&self) -> Result<MutexGuard<'_, State>, StoreError> {
        self.open().map_err(|error| StoreError::new(StoreErrorKind::Unavailable, error))
    }
}

/// Counts alone: addresses and octets stay out of logs.
impl fmt::Debug for MemorySpool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.state();
        f.debug_struct("MemorySpool")
            .field("mails", &state.mails.len())
            .field("waiting", &state.waiting())
            .field("events", &state.log.len())
            .field("suppressed", &state.list.len())
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl Spool for MemorySpool {
    async fn admit(&self, mails: Vec<NewMail>) -> Result<Vec<Admission>, SpoolError> {
        let mut state = self.open()?;
        Ok(mails.into_iter().map(|new| state.admit(new)).collect())
    }

    async fn due(&self, until: Timestamp, after: Option<DueCursor>, limit: usize) -> Result<Vec<Due>, SpoolError> {
        Ok(self.open()?.due(until, after, limit))
    }

    async fn next_due(&self, after: Timestamp) -> Result<Option<Timestamp>, SpoolError> {
        Ok(self.open()?.next_due(after))
    }

    async fn begin(&self, node: &NodeId, wanted: Vec<Begin>) -> Result<Vec<Begun>, SpoolError> {
        let mut state = self.open()?;
        Ok(wanted.iter().map(|begin| state.begin(node, begin)).collect())
    }

    async fn settle(&self, done: Vec<Settlement>) -> Result<(), SpoolError> {
        let mut state = self.open()?;
        done.into_iter().for_each(|settlement| state.settle(settlement));
        Ok(())
    }

    async fn orphans(&self, node: &NodeId) -> Result<Vec<Orphan>, SpoolError> {
        Ok(self.open()?.orphans(node))
    }

    async fn withdraw(&self, mail: MailId) -> Result<(), SpoolError> {
        self.open()?.withdraw(mail);
        Ok(())
    }

    async fn withdrawn(&self) -> Result<Vec<MailId>, SpoolError> {
        Ok(self.open()?.withdrawn())
    }

    async fn record(&self, events: Vec<Event>) -> Result<(), SpoolError> {
        self.open()?.write(events);
        Ok(())
    }

    async fn events(&self, after: EventId, limit: usize) -> Result<Vec<Event>, SpoolError> {
        Ok(self.open()?.events(after, limit))
    }

    async fn find(&self, query: &Query) -> Result<Vec<Tracked>, SpoolError> {
        Ok(self.open()?.find(query))
    }

    async fn backlog(&self) -> Result<u64, SpoolError> {
        Ok(self.open()?.waiting() as u64)
    }

    async fn secret(&self, name: &str, candidate: [u8; 32]) -> Result<[u8; 32], SpoolError> {
        Ok(*self.open()?.secrets.entry(name.to_owned()).or_insert(candidate))
    }

    async fn forget(&self, before: Timestamp, limit: usize) -> Result<usize, SpoolError> {
        Ok(self.open()?.forget(before, limit))
    }

    async fn close(&self) -> Result<(), SpoolError> {
        self.state().closed = true;
        Ok(())
    }
}

#[async_trait]
impl SuppressionStore for MemorySpool {
    async fn find(&self, asks: &[Ask]) -> Result<Vec<Vec<posthaste_suppression::Entry>>, StoreError> {
        let state = self.open_list()?;
        Ok(asks.iter().map(|ask| state.list.find(ask, None)).collect())
    }

    async fn put(&self, entry: posthaste_suppression::Entry) -> Result<Put, StoreError> {
        if let What::Hash(_) = entry.what {
            return Err(StoreError::new(StoreErrorKind::Unsupported, "no hash is kept here"));
        }
        Ok(self.open_list()?.list.put(entry))
    }

    async fn lift(&self, what: &What, scope: &Scope, _by: &Actor) -> Result<bool, StoreError> {
        Ok(self.open_list()?.list.lift(what, scope))
    }

    async fn scan(
        &self,
        after: Option<ScanCursor>,
        limit: usize,
    ) -> Result<Vec<(ScanCursor, posthaste_suppression::Entry)>, StoreError> {
        Ok(self.open_list()?.list.scan(after, limit))
    }
}
