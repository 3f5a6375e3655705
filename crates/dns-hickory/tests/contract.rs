//! The adapter, asked over UDP and TCP, keeps the contract of the port.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use posthaste_dns::contract::{self, ResolveFixture, Scene};
use posthaste_dns::{MemoryZone, Resolve};
use posthaste_dns_hickory::{Hickory, Validation};
use posthaste_testkit::{DnsServer, VirtualClock};
use posthaste_types::Clock;

struct Fixture {
    server: DnsServer,
    clock: VirtualClock,
    resolver: Hickory,
    secure: bool,
}

impl Fixture {
    async fn new(validation: Validation) -> Self {
        let server = DnsServer::start(MemoryZone::new()).await.expect("a free port");
        let clock = VirtualClock::new();
        let builder = Hickory::builder([server.address()], Arc::new(clock.clone()));
        let resolver = builder.validation(validation).build().expect("there is a server");
        Self { server, clock, resolver, secure: validation == Validation::Server }
    }
}

#[async_trait]
impl ResolveFixture for Fixture {
    fn resolver(&self) -> Arc<dyn Resolve> {
        Arc::new(self.resolver.clone())
    }

    fn zone(&self) -> MemoryZone {
        self.server.zone().clone()
    }

    fn clock(&self) -> Arc<dyn Clock> {
        Arc::new(self.clock.clone())
    }

    async fn advance(&self, by: Duration) {
        self.clock.advance(by).await;
    }

    fn server(&self) -> Option<SocketAddr> {
        Some(self.server.address())
    }

    fn shows(&self, scene: Scene) -> bool {
        scene != Scene::Secure || self.secure
    }
}

#[tokio::test]
async fn with_a_server_that_validates() {
    contract::check(&Fixture::new(Validation::Server).await).await;
}

#[tokio::test]
async fn without_validation() {
    contract::check(&Fixture::new(Validation::Nobody).await).await;
}

#[tokio::test]
async fn over_tcp_when_everything_is_truncated() {
    let fixture = Fixture::new(Validation::Server).await;
    fixture.server.truncate_all();
    contract::check(&fixture).await;
    assert!(fixture.server.tcp_questions() > 20, "{:?}", fixture.server);
}
