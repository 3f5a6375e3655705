//! A count by key that keeps the large ones.

use std::collections::BTreeMap;

/// Counts by key. When there are twice as many keys as are kept, the smaller half goes to the rest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tally<K> {
    counts: BTreeMap<K, u64>,
    rest: u64,
    most: usize,
}

impl<K: Clone + Ord> Tally<K> {
    pub(super) fn new(most: usize) -> Self {
        Self { counts: BTreeMap::new(), rest: 0, most }
    }

    pub(super) fn add(&mut self, key: K, count: u64) {
        let sum = self.counts.entry(key).or_default();
        *sum = sum.saturating_add(count);
        if self.counts.len() > self.most.saturating_mul(2) {
            let total = self.total();
            self.counts = self.top().into_iter().take(self.most).map(|(key, count)| (key.clone(), count)).collect();
            let kept = self.counts.values().fold(0, |sum: u64, count| sum.saturating_add(*count));
            self.rest = total.saturating_sub(kept);
        }
    }

    /// The keys by their counts, largest first; equal ones in the order of the keys.
    pub fn top(&self) -> Vec<(&K, u64)> {
        let mut all: Vec<_> = self.counts.iter().map(|(key, count)| (key, *count)).collect();
        all.sort_by(|one, other| other.1.cmp(&one.1).then(one.0.cmp(other.0)));
        all
    }

    /// What was counted for keys that were not kept.
    pub fn rest(&self) -> u64 {
        self.rest
    }

    /// Everything that was counted.
    pub fn total(&self) -> u64 {
        self.counts.values().fold(self.rest, |sum, count| sum.saturating_add(*count))
    }

    /// Whether nothing was counted.
    pub fn is_empty(&self) -> bool {
        self.counts.is_empty()
    }
}
