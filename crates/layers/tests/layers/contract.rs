//! Every layer keeps the contract of the port around a transport that keeps it.

use std::sync::Arc;

use async_trait::async_trait;
use posthaste_layers::{
    Dialogues, Failover, Hold, Limits, Rate, Retry, RouteBy, Split, Suppress, Tee, Throttle, Trace,
};
use posthaste_suppression::MemoryStore;
use posthaste_testkit::VirtualClock;
use posthaste_transport::contract::{self, MemoryFixture, Scene, Scripted, Taken, TransportFixture};
use posthaste_transport::{Memory, Transport};
use posthaste_types::Clock;

use crate::secs;

/// A stack around two memories that play the same scene.
struct Fixture {
    peers: [MemoryFixture; 2],
    transport: Arc<dyn Transport>,
}

impl Fixture {
    fn new<T: Transport + 'static>(stack: impl Fn([Arc<dyn Transport>; 2], Arc<dyn Clock>) -> T) -> Self {
        let peers = [MemoryFixture::new(), MemoryFixture::new()];
        let transports = [peers[0].transport(), peers[1].transport()];
        let transport = Arc::new(stack(transports, Arc::new(VirtualClock::new())));
        Self { peers, transport }
    }

    async fn check(self) {
        let report = contract::check(&self).await;
        assert!(report.skipped().is_empty(), "{report}");
        assert!(report.drops() >= 16, "at each step of the memory, in two scenes: {report}");
    }
}

#[async_trait]
impl TransportFixture for Fixture {
    fn transport(&self) -> Arc<dyn Transport> {
        self.transport.clone()
    }

    async fn script(&self, scene: Scene) -> Scripted {
        self.peers[0].script(scene).await;
        self.peers[1].script(scene).await
    }

    async fn received(&self) -> Vec<Taken> {
        let mut all = self.peers[0].received().await;
        all.extend(self.peers[1].received().await);
        all
    }

    async fn out_of_time(&self) {
        self.peers[0].out_of_time().await;
    }
}

#[tokio::test]
async fn retry() {
    Fixture::new(|[peer, _], clock| Retry::new(peer, clock)).check().await;
}

#[tokio::test]
async fn throttle() {
    let stack = |[peer, _]: [Arc<dyn Transport>; 2], clock| {
        let rate = Rate::new(100.try_into().unwrap(), secs(1)).burst(100.try_into().unwrap());
        Throttle::new(peer, clock).overall(Limits::unlimited().rate(rate)).each_site(Limits::unlimited().at_a_time(1))
    };
    Fixture::new(stack).check().await;
}

#[tokio::test]
async fn failover() {
    Fixture::new(|[first, second], clock| Failover::new(first, clock).then(second)).check().await;
    Fixture::new(|[first, second], clock| Failover::new(first, clock).then(second).on_deferral()).check().await;
}

#[tokio::test]
async fn split() {
    Fixture::new(|[first, second], _| Split::new(first, 1).and(second, 1)).check().await;
}

#[tokio::test]
async fn route_by() {
    let stack = |[first, second]: [Arc<dyn Transport>; 2], _| {
        RouteBy::new(first).domain("example.org".parse().unwrap(), second)
    };
    Fixture::new(stack).check().await;
}

#[tokio::test]
async fn suppress() {
    Fixture::new(|[peer, _], clock| Suppress::new(peer, Arc::new(MemoryStore::new()), clock)).check().await;
}

#[tokio::test]
async fn trace() {
    Fixture::new(|[peer, _], _| Trace::new(peer, Dialogues::new(1).sink())).check().await;
}

#[tokio::test]
async fn tee() {
    Fixture::new(|[peer, _], _| Tee::new(peer, Memory::new())).check().await;
}

#[tokio::test]
async fn a_whole_stack() {
    let stack = |[first, second]: [Arc<dyn Transport>; 2], clock: Arc<dyn Clock>| {
        let list = Arc::new(MemoryStore::new());
        let first = Retry::new(Trace::new(first, |_| {}), clock.clone());
        let both = Failover::new(first, clock.clone()).then(Split::new(second, 1));
        Throttle::new(Suppress::new(RouteBy::new(both), list, clock.clone()), clock)
    };
    Fixture::new(stack).check().await;
}

struct HoldFixture(Arc<Hold<Memory>>);

#[async_trait]
impl TransportFixture for HoldFixture {
    fn transport(&self) -> Arc<dyn Transport> {
        self.0.clone()
    }

    async fn script(&self, scene: Scene) -> Scripted {
        if scene == Scene::Accept { Scripted::Set } else { Scripted::Impossible }
    }

    async fn received(&self) -> Vec<Taken> {
        let taken = |held: posthaste_layers::Held| {
            assert!(self.0.discard(held.id));
            let to = held.mail.envelope().to().iter().map(|to| to.address.clone()).collect();
            Taken::new(to, held.mail.content().to_vec())
        };
        self.0.held().into_iter().map(taken).collect()
    }

    async fn out_of_time(&self) {}
}

#[tokio::test]
async fn hold() {
    let report = contract::check(&HoldFixture(Arc::new(Hold::new(Memory::new())))).await;
    assert_eq!(report.shown(), [Scene::Accept], "{report}");
}
