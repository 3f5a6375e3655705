//! What is surely not on the suppression list, without asking the file.

use std::hash::{BuildHasher, RandomState};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use rusqlite::Connection;

/// A Bloom filter over the (what, value) of all entries: no false negatives.
///
/// Most recipients are on no list; for them this saves three look-ups and the way to a reader's thread. An entry is
/// added here before its `put` returns; what is lifted stays here until the next opening, which costs a look-up. Where
/// another program wrote the file, its entries are [taken in](Self::take_in) before the owner's next write. A list of 500,000 entries gives a false alarm for
/// one ask in 300; one of many millions makes it useless, never wrong.
pub(crate) struct Filter {
    hasher: RandomState,
    /// Whether there is any entry by hash, for which an address would have to be hashed.
    hashes: AtomicBool,
    /// Made with the first entry.
    words: OnceLock<Box<[AtomicU64]>>,
    /// Another program wrote so many entries that only the file knows: everything may be held.
    open: AtomicBool,
}

impl Filter {
    /// A filter that knows the entries in the file.
    pub(crate) fn load(conn: &Connection) -> Result<Self, rusqlite::Error> {
        let filter = Self {
            hasher: RandomState::new(),
            hashes: AtomicBool::new(false),
            words: OnceLock::new(),
            open: AtomicBool::new(false),
        };
        filter.read(conn, usize::MAX)?;
        Ok(filter)
    }

    /// Takes in what another program may have written. Of a long list that would hold up the writer: then the filter is
    /// open until the next opening, and each ask goes to the file.
    pub(crate) fn take_in(&self, conn: &Connection) -> Result<(), rusqlite::Error> {
        if !self.open.load(Ordering::Acquire) && self.read(conn, MAX_TAKEN_IN)? > MAX_TAKEN_IN {
            self.open.store(true, Ordering::Release);
        }
        Ok(())
    }

    /// Adds the entries in the file, and counts them; no more than one behind `limit`.
    fn read(&self, conn: &Connection, limit: usize) -> Result<usize, rusqlite::Error> {
        let mut statement = conn.prepare_cached("SELECT what, value FROM suppression")?;
        let mut rows = statement.query([])?;
        let mut count = 0_usize;
        while let Some(row) = rows.next()? {
            // A damaged key is found by nobody, here as in the file.
            if let (Ok(what), Ok(value)) = (row.get_ref(0)?.as_str(), row.get_ref(1)?.as_str()) {
                self.add(what, value);
            }
            count = count.saturating_add(1);
            if count > limit {
                break;
            }
        }
        Ok(count)
    }

    pub(crate) fn add(&self, what: &str, value: &str) {
        let words = self.words.get_or_init(|| (0..WORDS).map(|_| AtomicU64::new(0)).collect());
        for bit in self.bits(what, value) {
            if let Some(word) = words.get(bit / 64) {
                word.fetch_or(1 << (bit % 64), Ordering::Release);
            }
        }
        if what == "hash" {
            self.hashes.store(true, Ordering::Release);
        }
    }

    /// Whether an entry may stand under this key.
    pub(crate) fn may_hold(&self, what: &str, value: &str) -> bool {
        self.open.load(Ordering::Acquire)
            || self.words.get().is_some_and(|words| {
                let set = |bit: usize| {
                    words.get(bit / 64).is_some_and(|word| word.load(Ordering::Acquire) >> (bit % 64) & 1 == 1)
                };
                self.bits(what, value).into_iter().all(set)
            })
    }

    /// Whether any entry stands there by hash.
    pub(crate) fn may_hold_hashes(&self) -> bool {
        self.open.load(Ordering::Acquire) || self.hashes.load(Ordering::Acquire)
    }

    fn bits(&self, what: &str, value: &str) -> [usize; 4] {
        let hash = self.hasher.hash_one((what, value));
        let (first, step) = (hash >> 32, hash & 0xffff_ffff | 1);
        [0, 1, 2, 3].map(|n| usize::try_from(first.wrapping_add(step.wrapping_mul(n)) % BITS).unwrap_or(0))
    }
}

impl std::fmt::Debug for Filter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Filter").finish_non_exhaustive()
    }
}

/// Entries that are read again when another program wrote the file: some 50 ms.
const MAX_TAKEN_IN: usize = 100_000;
/// 1 MiB.
const WORDS: usize = 1 << 17;
const BITS: u64 = 64 * WORDS as u64;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn empty() -> Filter {
        let conn = Connection::open_in_memory().unwrap();
        conn.execute_batch("CREATE TABLE suppression (what, value)").unwrap();
        Filter::load(&conn).unwrap()
    }

    proptest! {
        #[test]
        fn what_was_added_is_never_denied(values in prop::collection::vec("[a-z]{1,20}@[a-z]{1,10}", 1..200)) {
            let filter = empty();
            for value in &values {
                prop_assert!(!filter.may_hold("domain", value));
                filter.add("address", value);
            }
            prop_assert!(values.iter().all(|value| filter.may_hold("address", value)));
        }
    }

    #[test]
    fn most_others_are_denied() {
        let filter = empty();
        (0..500_000).for_each(|n| filter.add("address", &format!("user{n}@example.org")));
        let alarms = (0..10_000).filter(|n| filter.may_hold("address", &format!("other{n}@example.org"))).count();
        assert!(alarms < 100, "{alarms} of 10,000");
    }

    #[test]
    fn what_others_wrote_is_taken_in_and_of_a_long_list_nothing_is_denied() {
        let conn = Connection::open_in_memory().unwrap();
        conn.execute_batch("CREATE TABLE suppression (what, value)").unwrap();
        let filter = Filter::load(&conn).unwrap();
        conn.execute_batch("INSERT INTO suppression VALUES ('address', 'ada@example.org')").unwrap();
        assert!(!filter.may_hold("address", "ada@example.org"));
        filter.take_in(&conn).unwrap();
        assert!(filter.may_hold("address", "ada@example.org") && !filter.may_hold("address", "bob@example.org"));
        let many = "WITH RECURSIVE n (i) AS (VALUES (0) UNION ALL SELECT i + 1 FROM n WHERE i < 100000) \
                    INSERT INTO suppression SELECT 'domain', i FROM n";
        conn.execute_batch(many).unwrap();
        filter.take_in(&conn).unwrap();
        assert!(filter.may_hold("address", "bob@example.org") && filter.may_hold_hashes());
    }

    #[test]
    fn entries_of_the_file_are_known_at_once() {
        let conn = Connection::open_in_memory().unwrap();
        conn.execute_batch("CREATE TABLE suppression (what, value); INSERT INTO suppression VALUES ('hash', 'ab')")
            .unwrap();
        let filter = Filter::load(&conn).unwrap();
        assert!(filter.may_hold("hash", "ab") && filter.may_hold_hashes());
        assert!(!empty().may_hold_hashes());
    }
}
