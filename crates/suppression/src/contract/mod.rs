//! The contract of [`SuppressionStore`], as checks that any store can run.
//!
//! ```
//! # use std::sync::Arc;
//! # use async_trait::async_trait;
//! use posthaste_suppression::contract::{self, StoreFixture};
//! use posthaste_suppression::{MemoryStore, SuppressionStore};
//!
//! struct Fixture;
//!
//! #[async_trait]
//! impl StoreFixture for Fixture {
//!     async fn fresh(&self) -> Arc<dyn SuppressionStore> {
//!         Arc::new(MemoryStore::new())
//!     }
//! }
//!
//! # let runtime = tokio::runtime::Builder::new_current_thread().build()?;
//! # runtime.block_on(async {
//! println!("{}", contract::check(&Fixture).await);
//! # });
//! # Ok::<(), std::io::Error>(())
//! ```

mod clauses;

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use posthaste_types::Address;

use crate::SuppressionStore;

/// What the suite needs of a store.
#[async_trait]
pub trait StoreFixture: Send + Sync {
    /// An empty store.
    async fn fresh(&self) -> Arc<dyn SuppressionStore>;

    /// The hash by which the store that [`fresh`](Self::fresh) gave last knows an address; `None` if it
    /// keeps no hashes.
    fn hash_of(&self, _address: &Address) -> Option<[u8; 32]> {
        None
    }
}

/// What a run showed and what it could not.
#[derive(Clone, Debug, Default)]
pub struct Report {
    shown: Vec<&'static str>,
    skipped: Vec<&'static str>,
}

impl Report {
    /// The clauses that were shown to hold.
    pub fn shown(&self) -> &[&'static str] {
        &self.shown
    }

    /// The clauses that this store cannot show.
    pub fn skipped(&self) -> &[&'static str] {
        &self.skipped
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "suppression store contract: {} clauses shown, skipped {:?}", self.shown.len(), self.skipped)
    }
}

/// Checks every clause of the contract, each on a fresh store.
///
/// # Panics
/// At the first clause that does not hold, with what was expected.
pub async fn check(fixture: &dyn StoreFixture) -> Report {
    let mut report = Report::default();
    macro_rules! clauses {
        ($($name:literal => $check:path),* $(,)?) => {
            $(
                $check(&*fixture.fresh().await).await;
                report.shown.push($name);
            )*
        };
    }
    clauses! {
        "find: address in any case, domain, all scopes" => clauses::finds_whatever_touches,
        "find: one answer for each ask, in order" => clauses::answers_in_order,
        "put: idempotent, keeps the oldest evidence" => clauses::keeps_the_first,
        "put: seen by every later find" => clauses::sees_what_was_put,
        "put, find: every field comes back" => clauses::keeps_all_of_an_entry,
        "until: run out, longer of two, put anew" => clauses::holds_until,
        "lift: this what in this scope" => clauses::lifts_one_scope,
        "scan: pages, each entry once" => clauses::scans_in_pages,
    }
    let store = fixture.fresh().await;
    match fixture.hash_of(&clauses::bob()) {
        Some(hash) => {
            clauses::finds_by_hash(&*store, hash).await;
            report.shown.push("find: by hash");
        }
        None => {
            clauses::refuses_hashes(&*store).await;
            report.shown.push("put: a hash that nothing would find is refused");
            report.skipped.push("find: by hash");
        }
    }
    report
}
