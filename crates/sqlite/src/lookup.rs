//! Under which keys an address may stand on the suppression list.

use std::sync::Arc;

use posthaste_suppression::{Ask, NormalAddress, What};
use posthaste_types::Address;

use crate::filter::Filter;
use crate::hash::HashKey;
use crate::rows::{Key, what_columns};

/// Makes keys of asks.
#[derive(Clone, Debug)]
pub(crate) struct Lookup {
    hash: HashKey,
    /// The owner's: nobody else knows what is put meanwhile.
    filter: Option<Arc<Filter>>,
}

impl Lookup {
    pub(crate) fn new(hash: HashKey, filter: Option<Arc<Filter>>) -> Self {
        Self { hash, filter }
    }

    /// The keys under which entries may stand that touch the ask; none if there surely are none.
    pub(crate) fn keys(&self, ask: &Ask) -> Vec<Key> {
        let normal = NormalAddress::of(&ask.address);
        let hashes = self.filter.as_ref().is_none_or(|filter| filter.may_hold_hashes());
        let hash = hashes.then(|| What::Hash(self.hash.hash(&normal)));
        let whats = [Some(What::Address(normal)), Some(What::Domain(ask.address.domain().clone())), hash];
        let keys = whats.iter().flatten().filter_map(what_columns);
        keys.filter(|(what, value)| self.filter.as_ref().is_none_or(|filter| filter.may_hold(what, value))).collect()
    }

    pub(crate) fn hash(&self, address: &Address) -> What {
        What::Hash(self.hash.hash(&NormalAddress::of(address)))
    }
}
