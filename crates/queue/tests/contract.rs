//! The spool in memory keeps both contracts.

use std::sync::Arc;

use async_trait::async_trait;
use posthaste_queue::MemorySpool;
use posthaste_queue::contract::{self, MemoryFixture};
use posthaste_suppression::SuppressionStore;
use posthaste_suppression::contract::StoreFixture;

#[tokio::test]
async fn memory_spool() {
    let report = contract::check(&MemoryFixture).await;
    let skipped = ["a crash: nothing is lost", "a damaged record: costs its mail"];
    assert_eq!(report.skipped(), skipped, "nothing survives memory, and nothing damages it: {report}");
    assert!(report.shown().len() >= 26, "{report}");
}

struct List;

#[async_trait]
impl StoreFixture for List {
    async fn fresh(&self) -> Arc<dyn SuppressionStore> {
        Arc::new(MemorySpool::new())
    }
}

#[tokio::test]
async fn the_list_of_the_memory_spool() {
    let report = posthaste_suppression::contract::check(&List).await;
    assert_eq!(report.skipped(), ["find: by hash"], "{report}");
}
