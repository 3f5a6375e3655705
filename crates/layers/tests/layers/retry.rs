//! Retry: only what nobody has, and not for long.

use std::sync::Arc;

use posthaste_layers::{Limits, Rate, Retry, Throttle};
use posthaste_testkit::VirtualClock;
use posthaste_transport::{Answer, Attempt, Memory, Outcomes, Transport, TransportError, TransportErrorKind};
use posthaste_types::{Cause, Clock};

use crate::*;

const BOB: &str = "bob@example.org";

fn retry(answers: &[Answer]) -> (Retry<Arc<Memory>>, Arc<Memory>, VirtualClock) {
    let (memory, clock) = (Arc::new(Memory::new()), VirtualClock::new());
    memory.plan(&address(BOB), answers.to_vec());
    (Retry::new(shared(&memory), Arc::new(clock.clone())), memory, clock)
}

/// The result, and when it came.
async fn run(retry: &impl Transport, clock: &VirtualClock, attempt: &Attempt) -> Result<Outcomes, TransportError> {
    let (result, ()) = tokio::join!(retry.deliver(attempt), async { while clock.advance_to_next().await {} });
    result
}

#[tokio::test]
async fn an_error_that_time_may_mend_is_tried_again_with_growing_waits() {
    let (retry, memory, clock) = retry(&[Answer::CutBefore, Answer::CutBefore]);
    let attempt = attempt(&[BOB]);
    let outcomes = run(&retry, &clock, &attempt).await.unwrap();
    assert_eq!((kinds(&outcomes), taken(&memory).len()), (vec![Accepted], 1));
    assert_eq!(clock.tick().since_start(), secs(3), "1 s and 2 s");
}

#[tokio::test]
async fn tries_and_waits_are_bounded() {
    let (retry, _, clock) = retry(&vec![Answer::CutBefore; 9]);
    let retry = retry.tries(5.try_into().unwrap()).waits(secs(1), secs(3));
    let error = run(&retry, &clock, &attempt(&[BOB])).await.unwrap_err();
    assert_eq!(error.kind(), TransportErrorKind::Unreachable);
    assert_eq!(clock.tick().since_start(), secs(1 + 2 + 3 + 3));
}

#[tokio::test]
async fn no_wait_is_begun_that_the_attempt_has_no_time_for() {
    let (retry, _, clock) = retry(&vec![Answer::CutBefore; 9]);
    let attempt = timed(&[BOB], secs(3));
    assert!(run(&retry, &clock, &attempt).await.is_err());
    assert_eq!(clock.tick().since_start(), secs(1), "the second wait would end with the time");
}

#[tokio::test]
async fn what_has_an_answer_or_is_in_doubt_is_not_tried_again() {
    for (answer, expected) in
        [(Answer::CutBehind, InDoubt), (reply(451, "4.7.1 later"), Deferred), (reply(550, "5.1.1 no"), Refused)]
    {
        let (retry, _, clock) = retry(&[answer]);
        assert_eq!(kinds(&run(&retry, &clock, &attempt(&[BOB])).await.unwrap()), [expected]);
        assert_eq!(clock.tick().since_start(), secs(0));
    }
}

#[tokio::test]
async fn a_wrong_setting_is_not_tried_again() {
    let (retry, _, clock) = retry(&[Answer::WrongCredential]);
    let error = run(&retry, &clock, &attempt(&[BOB])).await.unwrap_err();
    assert_eq!((error.kind(), clock.tick().since_start()), (TransportErrorKind::Misconfigured, secs(0)));
}

/// I4: a suppression that comes during the wait is kept.
#[tokio::test]
async fn an_attempt_is_withdrawn_during_the_wait() {
    let (retry, memory, clock) = retry(&[Answer::CutBefore]);
    let attempt = attempt(&[BOB]);
    let (result, ()) = tokio::join!(retry.deliver(&attempt), async {
        clock.settle().await;
        attempt.withdraw().unwrap();
        clock.advance(secs(60)).await;
    });
    assert_eq!(result.unwrap_err().kind(), TransportErrorKind::Withdrawn);
    assert!(taken(&memory).is_empty());
}

/// The engine drops the layer during the second try: what that one came to counts.
#[tokio::test]
async fn dropped_in_the_second_try() {
    let (retry, _, clock) = retry(&[Answer::CutBefore, Answer::Hang]);
    let attempt = attempt(&[BOB, "eve@example.org"]);
    retry.inner().plan(&address("eve@example.org"), [Answer::Accept, reply(550, "5.1.1 no")]);
    tokio::select! {
        biased;
        _ = retry.deliver(&attempt) => panic!("it hangs"),
        () = clock.advance(secs(60)) => {}
    }
    assert_eq!(kinds(&attempt.give_up(Cause::local("out of time"))), [Deferred, Refused]);
}

/// A throttle inside says when it has a turn: before that there is no use in asking.
#[tokio::test]
async fn no_wait_is_shorter_than_the_error_says() {
    let clock = Arc::new(VirtualClock::new());
    let one_a_minute = Rate::new(1.try_into().unwrap(), secs(60));
    let throttle = Throttle::new(Memory::new(), clock.clone()).overall(Limits::unlimited().rate(one_a_minute));
    throttle.deliver(&timed(&[BOB], secs(10))).await.unwrap();
    let error = throttle.deliver(&timed(&[BOB], secs(10))).await.unwrap_err();
    assert_eq!((error.kind(), error.wait()), (TransportErrorKind::Busy, Some(secs(50))));
    let within_ten = Within(throttle);
    let retry = Retry::new(within_ten, clock.clone());
    assert_eq!(kinds(&run(&retry, &clock, &attempt(&[BOB])).await.unwrap()), [Accepted]);
    assert_eq!(clock.tick().since_start(), secs(60), "told after 50 s, and ten more for the turn itself");
}

/// Gives ten seconds on.
#[derive(Debug)]
struct Within(Throttle<Memory>);

#[async_trait]
impl Transport for Within {
    fn capabilities(&self) -> Capabilities {
        self.0.capabilities()
    }

    async fn deliver(&self, attempt: &Attempt) -> Result<Outcomes, TransportError> {
        self.0.deliver(&attempt.within(secs(10))).await
    }
}
