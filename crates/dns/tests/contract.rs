//! What the crate itself offers as a resolver, held to the contract.

mod support;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use posthaste_dns::contract::{self, ResolveFixture};
use posthaste_dns::{CacheLimits, Cached, MemoryZone, Resolve};
use posthaste_types::Clock;

use support::TestClock;

struct Fixture {
    zone: MemoryZone,
    clock: TestClock,
    resolver: Arc<dyn Resolve>,
}

impl Fixture {
    fn new(resolver: impl FnOnce(MemoryZone, TestClock) -> Arc<dyn Resolve>) -> Self {
        let (zone, clock) = (MemoryZone::new(), TestClock::default());
        Self { resolver: resolver(zone.clone(), clock.clone()), zone, clock }
    }
}

#[async_trait]
impl ResolveFixture for Fixture {
    fn resolver(&self) -> Arc<dyn Resolve> {
        Arc::clone(&self.resolver)
    }

    fn zone(&self) -> MemoryZone {
        self.zone.clone()
    }

    fn clock(&self) -> Arc<dyn Clock> {
        Arc::new(self.clock.clone())
    }

    async fn advance(&self, by: Duration) {
        self.clock.advance(by).await;
    }
}

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
