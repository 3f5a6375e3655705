//! A store in memory.

use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use crate::{Actor, Ask, Entry, NormalAddress, Put, ScanCursor, Scope, StoreError, SuppressionStore, What};

/// Keeps entries in memory: for tests, and for those who keep their list elsewhere and load it.
#[derive(Debug, Default)]
pub struct MemoryStore {
    entries: Mutex<Vec<Entry>>,
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    fn entries(&self) -> MutexGuard<'_, Vec<Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl SuppressionStore for MemoryStore {
    async fn find(&self, asks: &[Ask]) -> Result<Vec<Vec<Entry>>, StoreError> {
        let entries = self.entries();
        let of = |ask: &Ask| {
            let normal = NormalAddress::of(&ask.address);
            let touches = |entry: &&Entry| {
                let hit = match &entry.what {
                    What::Address(address) => *address == normal,
                    What::Domain(domain) => domain == ask.address.domain(),
                    What::Hash(_) => false,
                };
                hit && entry.holds_at(ask.at)
            };
            entries.iter().filter(touches).cloned().collect()
        };
        Ok(asks.iter().map(of).collect())
    }

    async fn put(&self, entry: Entry) -> Result<Put, StoreError> {
        let mut entries = self.entries();
        let same = |known: &&mut Entry| {
            known.what == entry.what
                && known.scope == entry.scope
                && known.reason == entry.reason
                && known.effect == entry.effect
        };
        if let Some(known) = entries.iter_mut().find(same) {
            known.until = match (known.until, entry.until) {
                (Some(old), Some(new)) => Some(old.max(new)),
                _ => None,
            };
            return Ok(Put::Known);
        }
        entries.push(entry);
        Ok(Put::Added)
    }

    async fn lift(&self, what: &What, scope: &Scope, _by: &Actor) -> Result<bool, StoreError> {
        let mut entries = self.entries();
        let before = entries.len();
        entries.retain(|entry| entry.what != *what || entry.scope != *scope);
        Ok(entries.len() < before)
    }

    async fn scan(&self, after: Option<ScanCursor>, limit: usize) -> Result<Vec<(ScanCursor, Entry)>, StoreError> {
        let start = after.map_or(0, |cursor| usize::try_from(cursor.as_u64()).unwrap_or(usize::MAX));
        let numbered = (start as u64 + 1..)
            .map(ScanCursor::new)
            .zip(self.entries().iter().skip(start).cloned().collect::<Vec<_>>());
        Ok(numbered.take(limit).collect())
    }
}
