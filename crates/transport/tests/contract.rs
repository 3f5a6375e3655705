//! The contract suite holds for the fake, and catches transports that break their word.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use posthaste_transport::contract::{self, MemoryFixture, Scene, Scripted, Taken, TransportFixture};
use posthaste_transport::{Attempt, Capabilities, Outcomes, Transport, TransportError};
use posthaste_types::{Cause, Outcome};

#[tokio::test]
async fn memory_keeps_the_contract() {
    let report = contract::check(&MemoryFixture::new()).await;
    assert!(report.skipped().is_empty(), "{report}");
    assert_eq!(report.shown().len(), 7);
    assert!(report.drops() >= 16, "before each step, in two scenes: {report}");
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

/// What a transport does wrong when its future is dropped.
#[derive(Clone, Copy, Debug)]
enum Wrong {
    /// It sends the completing octets without asking whether it may.
    NeverAsks,
    /// It remembers that it is busy, and the drop does not free it.
    StaysBusy,
}

#[derive(Debug)]
struct Careless {
    wrong: Wrong,
    busy: Mutex<bool>,
    taken: Mutex<Vec<Taken>>,
}

#[async_trait]
impl Transport for Careless {
    fn capabilities(&self) -> Capabilities {
        Capabilities::relay().tracks_progress()
    }

    async fn deliver(&self, attempt: &Attempt) -> Result<Outcomes, TransportError> {
        attempt.start()?;
        if matches!(self.wrong, Wrong::StaysBusy) {
            assert!(!std::mem::replace(&mut *self.busy.lock().unwrap(), true), "no connection will ever be free");
            tokio::task::yield_now().await;
            attempt.past_return()?;
        }
        let to = attempt.recipients().iter().map(|to| to.address.clone()).collect();
        self.taken.lock().unwrap().push(Taken::new(to, attempt.mail().content().to_vec()));
        tokio::task::yield_now().await;
        *self.busy.lock().unwrap() = false;
        Ok(Outcomes::all(attempt, Outcome::accepted(Cause::local("taken"))))
    }
}

struct CarelessFixture(Arc<Careless>);

#[async_trait]
impl TransportFixture for CarelessFixture {
    fn transport(&self) -> Arc<dyn Transport> {
        self.0.clone()
    }

    async fn script(&self, scene: Scene) -> Scripted {
        if scene == Scene::Accept { Scripted::Set } else { Scripted::Impossible }
    }

    async fn received(&self) -> Vec<Taken> {
        std::mem::take(&mut *self.0.taken.lock().unwrap())
    }

    async fn out_of_time(&self) {
        std::future::pending().await
    }
}

#[tokio::test]
async fn who_is_careless_when_dropped_is_caught() {
    for wrong in [Wrong::NeverAsks, Wrong::StaysBusy] {
        let careless = Careless { wrong, busy: Mutex::default(), taken: Mutex::default() };
        let fixture = CarelessFixture(Arc::new(careless));
        let run = tokio::spawn(async move { contract::check(&fixture).await });
        assert!(run.await.is_err_and(|error| error.is_panic()), "{wrong:?}");
    }
}
