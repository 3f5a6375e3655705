//! The contract of `Transport`, by a real receiver.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use posthaste_mx::{Relay, RelayConfig};
use posthaste_smtp::AuthAllowed;
use posthaste_testkit::{Plan, TestReceiver, VirtualClock};
use posthaste_transport::Transport;
use posthaste_transport::contract::{self, PATIENCE, Scene, Scripted, Taken, TransportFixture};

/// Which transport is held to the contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Lmtp,
    Mx,
    Relay,
}

struct Fixture {
    kind: Kind,
    clock: VirtualClock,
    receiver: TestReceiver,
    scene: Mutex<Scene>,
    transport: Mutex<Arc<dyn Transport>>,
}

impl Fixture {
    async fn new(kind: Kind) -> Self {
        let mut builder = TestReceiver::builder();
        if kind == Kind::Lmtp {
            builder = builder.lmtp();
        }
        if kind == Kind::Relay {
            builder = builder.user("ada", "correct horse");
        }
        let receiver = builder.start().await;
        let clock = VirtualClock::new();
        let port = receiver.local_addr().port();
        let transport = transport(kind, port, &clock, "correct horse");
        Self { kind, clock, receiver, scene: Mutex::new(Scene::Accept), transport: Mutex::new(transport) }
    }
}

fn transport(kind: Kind, port: u16, clock: &VirtualClock, password: &str) -> Arc<dyn Transport> {
    let relay = |config: RelayConfig| Arc::new(Relay::new(Arc::new(clock.clone()), config).unwrap());
    match kind {
        Kind::Lmtp => relay(RelayConfig::from_url(&format!("lmtp://127.0.0.1:{port}")).unwrap()),
        Kind::Mx => {
            let zone = "example.org IN MX 10 mx.example.org\nmx.example.org IN A 127.0.0.1";
            Arc::new(support::mx_with(zone, port, clock, |_| {}))
        }
        Kind::Relay => {
            let mut config = RelayConfig::from_url(&format!("smtp://ada@127.0.0.1:{port}")).unwrap();
            config.auth = AuthAllowed::Anywhere;
            relay(config.with_password(password).unwrap())
        }
    }
}

#[async_trait]
impl TransportFixture for Fixture {
    fn transport(&self) -> Arc<dyn Transport> {
        self.transport.lock().unwrap().clone()
    }

    async fn script(&self, scene: Scene) -> Scripted {
        let password = match scene {
            Scene::WrongCredential if self.kind != Kind::Relay => return Scripted::Impossible,
            Scene::WrongCredential => "battery staple",
            _ => "correct horse",
        };
        let port = self.receiver.local_addr().port();
        *self.transport.lock().unwrap() = transport(self.kind, port, &self.clock, password);
        *self.scene.lock().unwrap() = scene;
        let (others, bob) = match scene {
            Scene::RefuseSecond => (Plan::Accept, Plan::reply("550 5.1.1 no such user")),
            Scene::Defer => (Plan::reply("451 4.7.1 later"), Plan::reply("451 4.7.1 later")),
            Scene::Hang => (Plan::Hang, Plan::Hang),
            Scene::CutBeforeBody => (Plan::CutBeforeBody, Plan::CutBeforeBody),
            Scene::CutBehindBody => (Plan::CutBehindBody, Plan::CutBehindBody),
            _ => (Plan::Accept, Plan::Accept),
        };
        self.receiver.plan_others(others);
        self.receiver.plan("bob@example.org", bob);
        Scripted::Set
    }

    async fn received(&self) -> Vec<Taken> {
        let taken = self.receiver.drain().into_iter();
        taken.map(|arrived| Taken::new(arrived.to().cloned().collect(), arrived.octets.clone())).collect()
    }

    async fn out_of_time(&self) {
        if *self.scene.lock().unwrap() != Scene::Hang {
            return std::future::pending().await;
        }
        while self.receiver.attempts("ada@example.org").len() < 2 {
            tokio::task::yield_now().await;
        }
        self.clock.advance(PATIENCE).await;
    }
}

async fn check(kind: Kind) {
    let report = contract::check(&Fixture::new(kind).await).await;
    let skipped: &[Scene] = if kind == Kind::Relay { &[] } else { &[Scene::WrongCredential] };
    assert_eq!(report.skipped(), skipped, "{report}");
    assert!(report.drops() >= 8, "while it connects and while it talks, in two scenes: {report}");
}

#[tokio::test]
async fn mx_keeps_the_contract() {
    check(Kind::Mx).await;
}

#[tokio::test]
async fn relay_keeps_the_contract() {
    check(Kind::Relay).await;
}

#[tokio::test]
async fn lmtp_keeps_the_contract() {
    check(Kind::Lmtp).await;
}
