//! Failover: by kind of failure, and never behind an answer.

use std::sync::Arc;

use posthaste_layers::{Failover, Timeout};
use posthaste_testkit::VirtualClock;
use posthaste_transport::{
    Answer, Attempt, Idempotency, Memory, Route, RouteHost, Transport, TransportError, TransportErrorKind,
};
use posthaste_types::{Cause, Clock, NetworkFault, Stage};

use crate::*;

const TO: [&str; 2] = ["bob@example.org", "eve@example.org"];

fn memories(first: [Answer; 2]) -> (Arc<Memory>, Arc<Memory>, Arc<VirtualClock>) {
    let (one, other) = (Arc::new(Memory::new()), Arc::new(Memory::relay()));
    TO.iter().zip(first).for_each(|(to, answer)| one.plan(&address(to), [answer]));
    (one, other, Arc::new(VirtualClock::new()))
}

#[tokio::test]
async fn the_second_takes_what_the_first_could_give_to_nobody() {
    let (first, second, clock) = memories([Answer::Accept, Answer::CutBefore]);
    let failover = Failover::new(shared(&first), clock).then(shared(&second));
    assert_eq!(kinds(&failover.deliver(&attempt(&TO)).await.unwrap()), [Accepted, Accepted]);
    assert_eq!((taken(&first).len(), taken(&second)), (0, vec![TO.map(String::from).to_vec()]));
}

/// However the two recipients were answered, the second transport sees nothing of them.
#[tokio::test]
async fn an_answer_for_anybody_stays_where_it_was() {
    let later = || reply(451, "4.7.1 later");
    let table = [
        ([Answer::CutBehind, Answer::CutBehind], [InDoubt, InDoubt]),
        ([later(), Answer::CutBehind], [Deferred, InDoubt]),
        ([Answer::Accept, later()], [Accepted, Deferred]),
        ([reply(550, "5.1.1 no"), later()], [Refused, Deferred]),
        ([reply(550, "5.1.1 no"), reply(550, "5.1.1 no")], [Refused, Refused]),
    ];
    for (answers, expected) in table {
        let (first, second, clock) = memories(answers.clone());
        let every = [TransportErrorKind::Unreachable, TransportErrorKind::Misconfigured];
        let failover = Failover::new(first, clock).then(shared(&second)).on(every).on_deferral();
        assert_eq!(kinds(&failover.deliver(&attempt(&TO)).await.unwrap()), expected, "{answers:?}");
        assert!(taken(&second).is_empty(), "{answers:?}");
    }
}

#[tokio::test]
async fn a_deferral_for_all_goes_on_where_that_is_asked_for() {
    let later = || reply(451, "4.7.1 later");
    let (first, second, clock) = memories([later(), later()]);
    let failover = Failover::new(shared(&first), clock.clone()).then(shared(&second));
    assert_eq!(kinds(&failover.deliver(&attempt(&TO)).await.unwrap()), [Deferred, Deferred]);
    let (first, second, _) = memories([later(), later()]);
    let failover = Failover::new(first, clock).then(shared(&second)).on_deferral();
    assert_eq!(kinds(&failover.deliver(&attempt(&TO)).await.unwrap()), [Accepted, Accepted]);
    assert_eq!(taken(&second).len(), 1);
}

/// Defers everybody for a cause.
#[derive(Debug)]
struct Defers(fn() -> Cause);

#[async_trait]
impl Transport for Defers {
    fn capabilities(&self) -> Capabilities {
        Capabilities::mx().tracks_progress()
    }

    async fn deliver(&self, attempt: &Attempt) -> Result<Outcomes, TransportError> {
        attempt.start()?;
        Ok(Outcomes::all(attempt, Outcome::deferred((self.0)())))
    }
}

#[tokio::test]
async fn a_deferral_that_no_peer_said_goes_on_where_that_is_asked_for() {
    let greylisted = || Cause::smtp(Reply::new(451, "4.7.1 later").unwrap(), Stage::Rcpt);
    let table: [(fn() -> Cause, bool); 4] = [
        (|| Cause::network(NetworkFault::TimedOut, "no connection to any host"), true),
        (|| Cause::tls("certificate expired"), true),
        (|| Cause::local("the message is too large to be written"), false),
        (greylisted, false),
    ];
    for (cause, goes_on) in table {
        let (_, second, clock) = memories([Answer::Accept, Answer::Accept]);
        let failover = Failover::new(Defers(cause), clock).then(shared(&second)).on_no_reply();
        let expected = if goes_on { Accepted } else { Deferred };
        assert_eq!(kinds(&failover.deliver(&attempt(&TO)).await.unwrap()), [expected; 2], "{}", cause());
        assert_eq!(taken(&second).len(), usize::from(goes_on), "{}", cause());
    }
}

#[tokio::test]
async fn by_kind_of_error_and_what_is_told_in_the_end() {
    let (first, second, clock) = memories([Answer::WrongCredential, Answer::Accept]);
    let failover = Failover::new(shared(&first), clock.clone()).then(shared(&second));
    assert_eq!(failover.deliver(&attempt(&TO)).await.unwrap_err().kind(), TransportErrorKind::Misconfigured);
    assert!(taken(&second).is_empty(), "by default a wrong setting is seen");

    // Both fail: time may mend the first.
    let (first, second, _) = memories([Answer::CutBefore, Answer::Accept]);
    second.plan(&address(TO[0]), [Answer::WrongCredential]);
    let failover = Failover::new(shared(&first), clock.clone()).then(second);
    let error = failover.deliver(&attempt(&TO)).await.unwrap_err();
    assert_eq!(error.kind(), TransportErrorKind::Unreachable);
    assert!(error.to_string().contains("; then misconfigured: "), "what a person must mend is said too: {error}");

    // The first deferred all, the second cannot be reached: the deferral is the answer.
    let later = || reply(451, "4.7.1 later");
    let (first, second, _) = memories([later(), later()]);
    second.plan(&address(TO[0]), [Answer::CutBefore]);
    let failover = Failover::new(first, clock).then(second).on_deferral();
    let outcomes = failover.deliver(&attempt(&TO)).await.unwrap();
    assert_eq!(outcomes.iter().next().unwrap().cause().reply().unwrap().code(), 451);
}

#[tokio::test]
async fn a_first_that_hangs_is_given_up_and_leaves_its_recipients_free_for_the_next() {
    let (first, second, clock) = memories([Answer::Hang, Answer::Accept]);
    let first = Timeout::new(first, secs(30), clock.clone());
    let failover = Failover::new(first, clock.clone()).then(shared(&second));
    let attempt = attempt(&TO);
    let (result, _) = tokio::join!(failover.deliver(&attempt), clock.advance(secs(30)));
    assert_eq!(kinds(&result.unwrap()), [Accepted, Accepted]);
    assert_eq!(taken(&second).len(), 1);
}

#[tokio::test]
async fn the_others_share_the_time_and_find_their_own_way() {
    let clock = Arc::new(VirtualClock::new());
    let slow = Slow(clock.clone());
    let second = Seen::new(|attempt| {
        assert!(attempt.route().is_none());
        assert_eq!(attempt.timeout(), secs(90));
    });
    let failover = Failover::new(slow, clock.clone()).then(second);
    assert_eq!(failover.capabilities().idempotency(), Idempotency::None);
    assert_eq!(failover.capabilities().recipient_limit(), 5);
    let route = Route::to_hosts(vec![RouteHost::new(1, "mx.example.net".parse().unwrap())]);
    let attempt = Attempt::builder(mail_of(1, &TO)).timeout(secs(100)).route(route).build();
    let (result, _) = tokio::join!(failover.deliver(&attempt), clock.advance(secs(10)));
    assert_eq!(kinds(&result.unwrap()), [Accepted, Accepted]);
}

/// Finds out in ten seconds that nobody is there.
#[derive(Debug)]
struct Slow(Arc<VirtualClock>);

#[async_trait]
impl Transport for Slow {
    fn capabilities(&self) -> Capabilities {
        Capabilities::relay().tracks_progress()
    }

    async fn deliver(&self, attempt: &Attempt) -> Result<Outcomes, TransportError> {
        assert!(attempt.route().is_some(), "the route is the first one's");
        self.0.sleep_until(self.0.tick().saturating_add(secs(10))).await;
        Err(TransportError::unreachable("nobody is there"))
    }
}
