//! The contract suite of [`KeyStore`], as code that anybody's store can run.
//!
//! ```
//! use std::sync::Arc;
//!
//! use async_trait::async_trait;
//! use posthaste_sign::key_contract::{self, KeyStoreFixture};
//! use posthaste_sign::{KeyStore, MemoryKeys};
//!
//! struct Fixture;
//!
//! #[async_trait]
//! impl KeyStoreFixture for Fixture {
//!     async fn fresh(&self) -> Arc<dyn KeyStore> {
//!         Arc::new(MemoryKeys::new())
//!     }
//! }
//!
//! # let runtime = tokio::runtime::Builder::new_current_thread().build()?;
//! # runtime.block_on(async {
//! println!("{}", key_contract::check(&Fixture).await);
//! # });
//! # Ok::<(), std::io::Error>(())
//! ```

mod clauses;

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;

use crate::keys::KeyStore;

/// What the suite needs of a store.
#[async_trait]
pub trait KeyStoreFixture: Send + Sync {
    /// An empty store.
    async fn fresh(&self) -> Arc<dyn KeyStore>;

    /// Another handle of the store that [`fresh`](Self::fresh) gave last, as after a restart; `None` if what it keeps
    /// ends with it. The suite has dropped the first when it asks.
    async fn reopened(&self) -> Option<Arc<dyn KeyStore>> {
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
        write!(f, "key store contract: {} clauses shown, skipped {:?}", self.shown.len(), self.skipped)
    }
}

/// Checks every clause of the contract of [`KeyStore`], each on a fresh store.
///
/// # Panics
/// At the first clause that does not hold, with what was expected.
pub async fn check(fixture: &dyn KeyStoreFixture) -> Report {
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
        "put, keys, secret: all of it comes back" => clauses::gives_back_all,
        "put: a key that is there is never written over" => clauses::never_writes_over,
        "keys: sorted, of one domain or all" => clauses::lists_in_order,
        "advance: compares and sets" => clauses::compares_and_sets,
        "advance: of two, one" => clauses::lets_one_of_two,
        "erase: the secret for good, the entry stays" => clauses::erases_for_good,
        "Debug and errors hold no secret" => clauses::never_prints_a_secret,
    }
    let kept = "a restart loses nothing";
    let store = fixture.fresh().await;
    clauses::fill(&*store).await;
    drop(store);
    match fixture.reopened().await {
        Some(store) => {
            clauses::finds_all_again(&*store).await;
            report.shown.push(kept);
        }
        None => report.skipped.push(kept),
    }
    report
}
