//! A store in memory.

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use crate::{
    Actor, Ask, Entry, EntryList, NormalAddress, Put, ScanCursor, Scope, StoreError, StoreErrorKind, SuppressionStore,
    What,
};

/// Keeps entries in memory: for tests, and for those who keep their list elsewhere and load it.
///
/// It has no history: who lifted an entry is not kept. It takes entries by hash only when it was made
/// [`with_hash`](Self::with_hash).
#[derive(Default)]
pub struct MemoryStore {
    list: Mutex<EntryList>,
    hash: Option<Hash>,
}

type Hash = Box<dyn Fn(&NormalAddress) -> [u8; 32] + Send + Sync>;

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty store that knows addresses by this hash too: a MAC under a key that never changes, else
    /// entries by hash find nobody any more.
    pub fn with_hash(hash: impl Fn(&NormalAddress) -> [u8; 32] + Send + Sync + 'static) -> Self {
        Self { list: Mutex::default(), hash: Some(Box::new(hash)) }
    }

    fn list(&self) -> MutexGuard<'_, EntryList> {
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore").field("entries", &self.list().len()).finish_non_exhaustive()
    }
}

#[async_trait]
impl SuppressionStore for MemoryStore {
    async fn find(&self, asks: &[Ask]) -> Result<Vec<Vec<Entry>>, StoreError> {
        let list = self.list();
        let hash = |ask: &Ask| self.hash.as_ref().map(|hash| hash(&NormalAddress::of(&ask.address)));
        Ok(asks.iter().map(|ask| list.find(ask, hash(ask))).collect())
    }

    async fn put(&self, entry: Entry) -> Result<Put, StoreError> {
        match (&entry.what, &self.hash) {
            (What::Hash(_), None) => Err(StoreError::new(StoreErrorKind::Unsupported, "no hash is kept here")),
            _ => Ok(self.list().put(entry)),
        }
    }

    async fn lift(&self, what: &What, scope: &Scope, _by: &Actor) -> Result<bool, StoreError> {
        Ok(self.list().lift(what, scope))
    }

    async fn scan(&self, after: Option<ScanCursor>, limit: usize) -> Result<Vec<(ScanCursor, Entry)>, StoreError> {
        Ok(self.list().scan(after, limit))
    }
}
