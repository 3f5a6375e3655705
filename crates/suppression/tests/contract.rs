//! The store in memory keeps the contract, with hashes and without.

use std::sync::Arc;

use async_trait::async_trait;
use posthaste_suppression::contract::{self, StoreFixture};
use posthaste_suppression::{MemoryStore, NormalAddress, SuppressionStore};
use posthaste_types::Address;

struct Plain;

#[async_trait]
impl StoreFixture for Plain {
    async fn fresh(&self) -> Arc<dyn SuppressionStore> {
        Arc::new(MemoryStore::new())
    }
}

struct Hashing;

#[async_trait]
impl StoreFixture for Hashing {
    async fn fresh(&self) -> Arc<dyn SuppressionStore> {
        Arc::new(MemoryStore::with_hash(hash))
    }

    fn hash_of(&self, address: &Address) -> Option<[u8; 32]> {
        Some(hash(&NormalAddress::of(address)))
    }
}

/// Enough to tell the addresses of a test apart; a real store takes a MAC.
fn hash(address: &NormalAddress) -> [u8; 32] {
    let mut hash = [0_u8; 32];
    for (at, octet) in address.as_address().as_str().bytes().enumerate() {
        hash[at % 32] = hash[at % 32].wrapping_mul(31) ^ octet;
    }
    hash
}

#[tokio::test]
async fn memory_store_without_hashes() {
    let report = contract::check(&Plain).await;
    assert_eq!(report.skipped(), ["find: by hash"], "{report}");
}

#[tokio::test]
async fn memory_store_with_hashes() {
    let report = contract::check(&Hashing).await;
    assert!(report.skipped().is_empty(), "{report}");
    assert!(report.shown().len() >= 9, "{report}");
}

#[tokio::test]
async fn debug_tells_no_address() {
    let store = MemoryStore::new();
    let bob: Address = "bob@example.org".parse().unwrap();
    let entry = posthaste_suppression::Entry::new(
        posthaste_suppression::What::address(&bob),
        posthaste_suppression::Scope::Everything,
        posthaste_suppression::Reason::Manual,
        posthaste_suppression::Actor::System,
        posthaste_types::Timestamp::default(),
    );
    store.put(entry).await.unwrap();
    assert_eq!(format!("{store:?}"), "MemoryStore { entries: 1, .. }");
}
