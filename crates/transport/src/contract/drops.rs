//! An attempt that is dropped at each of its awaits.

use std::future::Future;
use std::pin::pin;
use std::task::Poll;

use posthaste_types::{Cause, OutcomeKind};

use super::{Scene, Taken, TransportFixture, kinds, numbered};
use crate::{Attempt, Outcomes};

/// Drops attempts at their first await, their second, and so on, until one ends before. At how many.
pub(super) async fn check(fixture: &dyn TransportFixture, scene: Scene) -> usize {
    let mut dropped: Vec<(Attempt, Outcomes)> = Vec::new();
    let mut taken: Vec<Taken> = Vec::new();
    for number in 1..=MOST_AWAITS {
        let transport = fixture.transport();
        let attempt = numbered(&*transport, number.saturating_mul(2));
        let result = until_await(number, transport.deliver(&attempt)).await;
        let Some(result) = result else {
            let outcomes = attempt.give_up(Cause::local("dropped"));
            assert!(attempt.past_return().is_err(), "dropped at await {number}: a completing octet may leave");
            dropped.push((attempt, outcomes));
            delivers(fixture, scene, number, &mut taken).await;
            continue;
        };
        assert_delivered(scene, number, result.as_ref().map(kinds).ok());
        taken.extend(fixture.received().await);
        dropped.iter().for_each(|(attempt, outcomes)| assert_kept(scene, attempt, outcomes, &taken));
        return dropped.len();
    }
    panic!("dropped: an attempt does not end within {MOST_AWAITS} awaits");
}

/// Behind a drop the transport works: no place, no connection and no lock is lost with the future.
async fn delivers(fixture: &dyn TransportFixture, scene: Scene, number: u32, taken: &mut Vec<Taken>) {
    let transport = fixture.transport();
    let next = numbered(&*transport, number.saturating_mul(2).saturating_add(1));
    let result = transport.deliver(&next).await;
    assert_delivered(scene, number, result.as_ref().map(kinds).ok());
    let received = fixture.received().await;
    let octets = next.mail().content().to_vec();
    assert!(received.iter().any(|one| one.octets == octets), "dropped at await {number}: the next mail is lost");
    taken.extend(received);
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
