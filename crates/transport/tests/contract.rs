//! The contract suite holds for the fake, and catches transports that break their word.

use std::sync::Arc;

use async_trait::async_trait;
use posthaste_transport::contract::{self, MemoryFixture, Scene, Scripted, Taken, TransportFixture};
use posthaste_transport::{Attempt, Capabilities, Outcomes, Transport, TransportError};
use posthaste_types::{Cause, Outcome};

#[tokio::test]
async fn memory_keeps_the_contract() {
    let report = contract::check(&MemoryFixture::new()).await;
    assert!(report.skipped().is_empty(), "{report}");
    assert_eq!(report.shown().len(), 7);
}

/// Says accepted whatever happens.
#[derive(Debug)]
struct Liar;

#[async_trait]
impl Transport for Liar {
    fn capabilities(&self) -> Capabilities {
        Capabilities::relay()
    }

    async fn deliver(&self, attempt: &Attempt) -> Result<Outcomes, TransportError> {
        Ok(Outcomes::all(attempt, Outcome::accepted(Cause::local("sure"))))
    }
}

struct LiarFixture(Scene);

#[async_trait]
impl TransportFixture for LiarFixture {
    fn transport(&self) -> Arc<dyn Transport> {
        Arc::new(Liar)
    }

    async fn script(&self, scene: Scene) -> Scripted {
        if scene == self.0 { Scripted::Set } else { Scripted::Impossible }
    }

    async fn received(&self) -> Vec<Taken> {
        Vec::new()
    }

    async fn out_of_time(&self) {}
}

#[tokio::test]
async fn a_liar_is_caught_in_every_scene() {
    for scene in [Scene::Accept, Scene::RefuseSecond, Scene::Defer, Scene::CutBehindBody, Scene::WrongCredential] {
        let run = tokio::task::LocalSet::new();
        let caught = run
            .run_until(async {
                tokio::task::spawn_local(async move { contract::check(&LiarFixture(scene)).await }).await
            })
            .await
            .is_err_and(|error| error.is_panic());
        assert!(caught, "{scene:?}");
    }
}
