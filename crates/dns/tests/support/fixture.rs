//! What the contract suite needs of a resolver over a zone in memory.

#![allow(dead_code, reason = "not every test needs it")]

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use posthaste_dns::contract::ResolveFixture;
use posthaste_dns::{MemoryZone, Resolve};
use posthaste_types::Clock;

use super::TestClock;

pub(crate) struct Fixture {
    zone: MemoryZone,
    clock: TestClock,
    resolver: Arc<dyn Resolve>,
}

impl Fixture {
    pub(crate) fn new(resolver: impl FnOnce(MemoryZone, TestClock) -> Arc<dyn Resolve>) -> Self {
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
