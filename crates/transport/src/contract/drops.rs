//! An attempt that is dropped at each of its awaits.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use posthaste_types::{Cause, OutcomeKind};

use super::{Scene, Taken, TransportFixture, kinds, numbered};
use crate::{Attempt, Outcomes, Transport};

/// Drops attempts at their first await, their second, and so on, until one ends before: first one behind the other, so
/// that whoever keeps connections has none, then each behind one that was delivered. At how many.
pub(super) async fn check(fixture: &dyn TransportFixture, scene: Scene) -> usize {
    let mut seen = Seen { fixture, scene, number: 0, dropped: Vec::new(), taken: Vec::new() };
    seen.sweep(Between::Nothing).await;
    seen.sweep(Between::Delivery).await;
    seen.dropped.iter().for_each(|(attempt, outcomes)| assert_kept(scene, attempt, outcomes, &seen.taken));
    seen.dropped.len()
}

/// What is done between two attempts that are dropped.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Between {
    Nothing,
    Delivery,
}

struct Seen<'a> {
    fixture: &'a dyn TransportFixture,
    scene: Scene,
    /// Of the last attempt: no two have the same octets.
    number: u32,
    dropped: Vec<(Attempt, Outcomes)>,
    taken: Vec<Taken>,
}

impl Seen<'_> {
    async fn sweep(&mut self, between: Between) {
        for awaits in 1..=MOST_AWAITS {
            let (transport, attempt) = self.next();
            let Some(result) = until_await(awaits, transport.deliver(&attempt)).await else {
                let outcomes = attempt.give_up(Cause::local("dropped"));
                assert!(attempt.past_return().is_err(), "dropped at await {awaits}: a completing octet may leave");
                self.dropped.push((attempt, outcomes));
                if between == Between::Delivery {
                    self.deliver(awaits).await;
                }
                continue;
            };
            assert_delivered(self.scene, awaits, result.as_ref().map(kinds).ok());
            return self.taken.extend(self.fixture.received().await);
        }
        panic!("dropped: an attempt does not end within {MOST_AWAITS} awaits");
    }

    /// Behind a drop the transport works: no place, no connection and no lock is lost with the future.
    async fn deliver(&mut self, awaits: u32) {
        let (transport, attempt) = self.next();
        let result = transport.deliver(&attempt).await;
        assert_delivered(self.scene, awaits, result.as_ref().map(kinds).ok());
        let received = self.fixture.received().await;
        let octets = attempt.mail().content().to_vec();
        assert!(received.iter().any(|one| one.octets == octets), "dropped at await {awaits}: the next mail is lost");
        self.taken.extend(received);
    }

    fn next(&mut self) -> (Arc<dyn Transport>, Attempt) {
        self.number = self.number.saturating_add(1);
        let transport = self.fixture.transport();
        let attempt = numbered(&*transport, self.number);
        (transport, attempt)
    }
}

fn assert_delivered(scene: Scene, number: u32, kinds: Option<Vec<OutcomeKind>>) {
    let second = if scene == Scene::RefuseSecond { OutcomeKind::Refused } else { OutcomeKind::Accepted };
    let expected = vec![OutcomeKind::Accepted, second, OutcomeKind::Accepted];
    assert_eq!(kinds, Some(expected), "{scene:?}, behind a drop at await {number}");
}

/// What a dropped attempt is said to have come to is true.
fn assert_kept(scene: Scene, attempt: &Attempt, outcomes: &Outcomes, taken: &[Taken]) {
    let octets = attempt.mail().content().to_vec();
    for (to, outcome) in attempt.recipients().iter().zip(outcomes) {
        let has = |one: &&Taken| one.octets == octets && (one.to.is_empty() || one.to.contains(&to.address));
        let times = taken.iter().filter(has).count();
        let fine = match outcome.kind() {
            OutcomeKind::Accepted => times == 1,
            OutcomeKind::InDoubt => times <= 1,
            OutcomeKind::Deferred | OutcomeKind::Refused => times == 0,
        };
        assert!(fine, "{scene:?}, dropped: {outcome} for {}, who was reached {times} times", to.address);
    }
}

/// `None` if the future waits for the given time: it is dropped then.
async fn until_await<T>(number: u32, future: impl Future<Output = T>) -> Option<T> {
    let (mut future, mut waits) = (pin!(future), 0_u32);
    std::future::poll_fn(|context| match future.as_mut().poll(context) {
        Poll::Ready(value) => Poll::Ready(Some(value)),
        Poll::Pending => {
            waits = waits.saturating_add(1);
            if waits >= number { Poll::Ready(None) } else { Poll::Pending }
        }
    })
    .await
}

/// An attempt of the suite waits less often: for a route, a connection, each reply.
const MOST_AWAITS: u32 = 500;
