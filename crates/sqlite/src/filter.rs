//! What is surely not on the suppression list, without asking the file.

use std::hash::{BuildHasher, RandomState};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use rusqlite::Connection;

/// A Bloom filter over the (what, value) of all entries: no false negatives.
///
/// Most recipients are on no list; for them this saves three look-ups and the way to a reader's thread. Only
/// the owner writes the file, and an entry is added here before its `put` returns; what is lifted stays
/// here until the next opening, which costs a look-up. A list of 500,000 entries gives a false alarm for
/// one ask in 300; one of many millions makes it useless, never wrong.
pub(crate) struct Filter {
    hasher: RandomState,
    /// Whether there is any entry by hash, for which an address would have to be hashed.
    hashes: AtomicBool,
    /// Made with the first entry.
    words: OnceLock<Box<[AtomicU64]>>,
}

impl Filter {
    /// A filter that knows the entries in the file.
    pub(crate) fn load(conn: &Connection) -> Result<Self, rusqlite::Error> {
        let filter = Self { hasher: RandomState::new(), hashes: AtomicBool::new(false), words: OnceLock::new() };
        let mut statement = conn.prepare("SELECT what, value FROM suppression")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            // A damaged key is found by nobody, here as in the file.
            if let (Ok(what), Ok(value)) = (row.get_ref(0)?.as_str(), row.get_ref(1)?.as_str()) {
                filter.add(what, value);
            }
        }
        Ok(filter)
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
        self.words.get().is_some_and(|words| {
            let set = |bit: usize| {
                words.get(bit / 64).is_some_and(|word| word.load(Ordering::Acquire) >> (bit % 64) & 1 == 1)
            };
            self.bits(what, value).into_iter().all(set)
        })
    }

    /// Whether any entry stands there by hash.
    pub(crate) fn may_hold_hashes(&self) -> bool {
        self.hashes.load(Ordering::Acquire)
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
    fn entries_of_the_file_are_known_at_once() {
        let conn = Connection::open_in_memory().unwrap();
        conn.execute_batch("CREATE TABLE suppression (what, value); INSERT INTO suppression VALUES ('hash', 'ab')")
            .unwrap();
        let filter = Filter::load(&conn).unwrap();
        assert!(filter.may_hold("hash", "ab") && filter.may_hold_hashes());
        assert!(!empty().may_hold_hashes());
    }
}
