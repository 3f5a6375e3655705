//! Entries in memory, without a lock: for stores that keep their own.

use std::collections::{BTreeMap, HashMap};

use crate::{Ask, Entry, Put, ScanCursor, Scope, What};

/// Entries in memory, with the rules of a store and no lock of its own.
///
/// For whoever must change a list and something else in one critical section, as a spool in memory does;
/// everybody else takes [`MemoryStore`](crate::MemoryStore). It has no bound: an entry costs about as much
/// as its address and its evidence.
#[derive(Clone, Debug, Default)]
pub struct EntryList {
    entries: BTreeMap<u64, Entry>,
    /// The numbers of the entries that touch the same, rising.
    touching: HashMap<What, Vec<u64>>,
    last: u64,
}

impl EntryList {
    /// An empty list.
    pub fn new() -> Self {
        Self::default()
    }

    /// The entries that touch an ask and hold at its time, first put first. `hash` is that of the ask's
    /// address, where the caller keeps hashes.
    pub fn find(&self, ask: &Ask, hash: Option<[u8; 32]>) -> Vec<Entry> {
        let keys =
            [Some(What::address(&ask.address)), Some(What::Domain(ask.address.domain().clone())), hash.map(What::Hash)];
        let numbers = keys.iter().flatten().filter_map(|what| self.touching.get(what)).flatten();
        let mut numbers: Vec<u64> = numbers.copied().collect();
        numbers.sort_unstable();
        let entries = numbers.iter().filter_map(|number| self.entries.get(number));
        entries.filter(|entry| entry.holds_at(ask.at)).cloned().collect()
    }

    /// Puts an entry.
    ///
    /// One of the same what, scope, effect and reason that still held when this one began keeps its
    /// evidence, and holds as long as the longer of the two; one that had run out is replaced.
    pub fn put(&mut self, entry: Entry) -> Put {
        let numbers = self.touching.entry(entry.what.clone()).or_default();
        let same = numbers.iter().copied().find(|number| self.entries.get(number).is_some_and(|e| is_same(e, &entry)));
        if let Some(known) = same.and_then(|number| self.entries.get_mut(&number)) {
            if !known.holds_at(entry.since) {
                *known = entry;
                return Put::Added;
            }
            known.until = known.until.zip(entry.until).map(|(old, new)| old.max(new));
            return Put::Known;
        }
        self.last += 1;
        numbers.push(self.last);
        self.entries.insert(self.last, entry);
        Put::Added
    }

    /// Takes the entries of `what` in `scope` off; whether there were any.
    pub fn lift(&mut self, what: &What, scope: &Scope) -> bool {
        let Some(numbers) = self.touching.get_mut(what) else { return false };
        let before = numbers.len();
        numbers.retain(|number| match self.entries.get(number) {
            Some(entry) if entry.scope == *scope => {
                self.entries.remove(number);
                false
            }
            _ => true,
        });
        let lifted = numbers.len() < before;
        if numbers.is_empty() {
            self.touching.remove(what);
        }
        lifted
    }

    /// At most `limit` entries behind `after`, in the order in which they were put.
    pub fn scan(&self, after: Option<ScanCursor>, limit: usize) -> Vec<(ScanCursor, Entry)> {
        let start = after.map_or(0, ScanCursor::as_u64).saturating_add(1);
        let behind = self.entries.range(start..).take(limit);
        behind.map(|(number, entry)| (ScanCursor::new(*number), entry.clone())).collect()
    }

    /// How many entries there are, those that have run out among them.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

fn is_same(known: &Entry, new: &Entry) -> bool {
    known.scope == new.scope && known.effect == new.effect && known.reason == new.reason
}
