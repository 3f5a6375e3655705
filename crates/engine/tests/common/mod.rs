//! A spool in memory that the tests reach into.

#![allow(dead_code, reason = "not every test needs all of it")]

use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use posthaste_queue::{
    Admission, Begin, Begun, Due, DueCursor, MemorySpool, NewMail, Orphan, Query, Refusal, Settled, Settlement, Spool,
    SpoolError, SpoolErrorKind, Tracked,
};
use posthaste_suppression::{Actor, Ask, Entry, Put, ScanCursor, Scope, StoreError, SuppressionStore, What};
use posthaste_types::{Ending, Event, EventId, Fate, MailId, NodeId, Timestamp};
use tokio::sync::Semaphore;

/// A spool in memory that holds its answers back and fails as told. A handle: the test keeps one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Hooked(pub(crate) Arc<Hooks>);

#[derive(Debug)]
pub(crate) struct Hooks {
    spool: MemorySpool,
    /// What `begin` answers waits for a permit; there are plenty unless the test takes them.
    pub(crate) begun: Semaphore,
    /// Mails whose records are damaged.
    pub(crate) damaged: Mutex<HashSet<MailId>>,
    /// So many settlements find the disk full.
    full: AtomicUsize,
    /// So many settlements fail, and not for a while.
    pub(crate) lost: AtomicUsize,
    /// So many reads of what is due fail.
    unread: AtomicUsize,
    /// So many reads of what is due panic.
    pub(crate) buggy: AtomicUsize,
    /// How many rows `due` gave.
    pub(crate) read: AtomicUsize,
    /// How often it was asked.
    pub(crate) asked: AtomicUsize,
}

impl Default for Hooks {
    fn default() -> Self {
        Self {
            spool: MemorySpool::new(),
            begun: Semaphore::new(PLENTY),
            damaged: Mutex::default(),
            full: AtomicUsize::new(0),
            lost: AtomicUsize::new(0),
            unread: AtomicUsize::new(0),
            buggy: AtomicUsize::new(0),
            read: AtomicUsize::new(0),
            asked: AtomicUsize::new(0),
        }
    }
}

impl Hooked {
    /// One whose disk is full for the first `full` settlements, and whose first `unread` reads of what is due fail.
    pub(crate) fn failing(full: usize, unread: usize) -> Self {
        let (full, unread) = (AtomicUsize::new(full), AtomicUsize::new(unread));
        Self(Arc::new(Hooks { full, unread, ..Hooks::default() }))
    }

    /// Holds back what `begin` answers.
    pub(crate) fn hold(&self) {
        self.0.begun.forget_permits(PLENTY);
    }

    /// Lets the answers go.
    pub(crate) fn let_go(&self) {
        self.0.begun.add_permits(PLENTY);
    }

    pub(crate) fn read(&self) -> usize {
        self.0.read.load(Ordering::Relaxed)
    }

    pub(crate) fn asked(&self) -> usize {
        self.0.asked.load(Ordering::Relaxed)
    }

    /// Sets a damaged mail apart, as a spool does on its own.
    async fn quarantine(&self, begin: &Begin) -> Result<Begun, SpoolError> {
        let ending = Ending::new(Fate::Quarantined, begin.at, std::time::Duration::ZERO, 0);
        let settled = |place: &u32| Settlement::new(begin.mail, *place, None, Settled::Ended(ending.clone()));
        self.0.spool.settle(begin.recipients.iter().map(settled).collect()).await?;
        Ok(Begun::new(None, begin.recipients.iter().map(|place| (*place, Refusal::Damaged)).collect()))
    }
}

#[async_trait]
impl Spool for Hooked {
    async fn admit(&self, mails: Vec<NewMail>) -> Result<Vec<Admission>, SpoolError> {
        let admitted = self.0.spool.admit(mails).await;
        tokio::task::yield_now().await; // the answer comes later than the commit
        admitted
    }

    async fn due(&self, until: Timestamp, after: Option<DueCursor>, limit: usize) -> Result<Vec<Due>, SpoolError> {
        self.0.asked.fetch_add(1, Ordering::Relaxed);
        assert!(!strikes(&self.0.buggy), "a bug of the spool");
        if strikes(&self.0.unread) {
            return Err(SpoolError::new(SpoolErrorKind::Io, "a read fails"));
        }
        let due = self.0.spool.due(until, after, limit).await?;
        self.0.read.fetch_add(due.len(), Ordering::Relaxed);
        Ok(due)
    }

    async fn next_due(&self, after: Timestamp) -> Result<Option<Timestamp>, SpoolError> {
        self.0.spool.next_due(after).await
    }

    async fn begin(&self, node: &NodeId, wanted: Vec<Begin>) -> Result<Vec<Begun>, SpoolError> {
        let damaged = |begin: &Begin| self.0.damaged.lock().expect("damaged").contains(&begin.mail);
        let mut begun = Vec::new();
        for begin in wanted {
            if damaged(&begin) {
                begun.push(self.quarantine(&begin).await?);
            } else {
                begun.extend(self.0.spool.begin(node, vec![begin]).await?);
            }
        }
        // It is committed; the answer is under way.
        drop(self.0.begun.acquire().await.expect("open"));
        Ok(begun)
    }

    async fn settle(&self, done: Vec<Settlement>) -> Result<(), SpoolError> {
        if strikes(&self.0.full) {
            return Err(SpoolError::new(SpoolErrorKind::Full, "no space left on device"));
        }
        if strikes(&self.0.lost) {
            return Err(SpoolError::new(SpoolErrorKind::Io, "a write fails"));
        }
        self.0.spool.settle(done).await
    }

    async fn orphans(&self, node: &NodeId) -> Result<Vec<Orphan>, SpoolError> {
        self.0.spool.orphans(node).await
    }

    async fn withdraw(&self, mail: MailId) -> Result<(), SpoolError> {
        self.0.spool.withdraw(mail).await
    }

    async fn withdrawn(&self) -> Result<Vec<MailId>, SpoolError> {
        self.0.spool.withdrawn().await
    }

    async fn record(&self, events: Vec<Event>) -> Result<(), SpoolError> {
        self.0.spool.record(events).await
    }

    async fn events(&self, after: EventId, limit: usize) -> Result<Vec<Event>, SpoolError> {
        self.0.spool.events(after, limit).await
    }

    async fn find(&self, query: &Query) -> Result<Vec<Tracked>, SpoolError> {
        Spool::find(&self.0.spool, query).await
    }

    async fn backlog(&self) -> Result<u64, SpoolError> {
        self.0.spool.backlog().await
    }

    async fn secret(&self, name: &str, candidate: [u8; 32]) -> Result<[u8; 32], SpoolError> {
        self.0.spool.secret(name, candidate).await
    }

    async fn forget(&self, before: Timestamp, limit: usize) -> Result<usize, SpoolError> {
        self.0.spool.forget(before, limit).await
    }

    async fn close(&self) -> Result<(), SpoolError> {
        self.0.spool.close().await
    }
}

#[async_trait]
impl SuppressionStore for Hooked {
    async fn find(&self, asks: &[Ask]) -> Result<Vec<Vec<Entry>>, StoreError> {
        SuppressionStore::find(&self.0.spool, asks).await
    }

    async fn put(&self, entry: Entry) -> Result<Put, StoreError> {
        self.0.spool.put(entry).await
    }

    async fn lift(&self, what: &What, scope: &Scope, by: &Actor) -> Result<bool, StoreError> {
        self.0.spool.lift(what, scope, by).await
    }

    async fn scan(&self, after: Option<ScanCursor>, limit: usize) -> Result<Vec<(ScanCursor, Entry)>, StoreError> {
        self.0.spool.scan(after, limit).await
    }
}

/// Takes one of the failures that are left; whether there was one.
pub(crate) fn strikes(left: &AtomicUsize) -> bool {
    left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok()
}

const PLENTY: usize = 1 << 20;
