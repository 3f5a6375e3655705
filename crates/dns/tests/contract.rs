//! What the crate itself offers as a resolver, held to the contract.

mod support;

use std::sync::Arc;

use posthaste_dns::contract;
use posthaste_dns::{CacheLimits, Cached, Resolve};

use support::fixture::Fixture;

#[tokio::test]
async fn the_zone_in_memory_keeps_it() {
    contract::check(&Fixture::new(|zone, _| Arc::new(zone))).await;
}

#[tokio::test]
async fn the_cache_keeps_it() {
    contract::check(&Fixture::new(|zone, clock| Arc::new(Cached::new(zone, Arc::new(clock))))).await;
}

#[tokio::test]
async fn a_cache_that_keeps_nothing_keeps_it() {
    let mut limits = CacheLimits::default();
    limits.entries = 0;
    let resolver = |zone, clock| Arc::new(Cached::with_limits(zone, Arc::new(clock), limits)) as Arc<dyn Resolve>;
    contract::check(&Fixture::new(resolver)).await;
}
