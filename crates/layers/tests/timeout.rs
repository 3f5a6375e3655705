//! The timeout, in virtual time.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use posthaste_layers::{Failover, Timeout};
use posthaste_testkit::VirtualClock;
use posthaste_transport::{
    Answer, Attempt, Capabilities, Memory, Outcomes, Progress, Route, Transport, TransportError, TransportErrorKind,
};
use posthaste_types::{Address, Clock, Content, Domain, Envelope, Mail, MailId, OutcomeKind, Reply, Tick};

fn attempt(progress: Progress, timeout: Duration) -> Attempt {
    let address = |text: &str| text.parse::<Address>().unwrap();
    let envelope =
        Envelope::new(address("ada@example.com"), ["bob", "eve"].map(|l| address(&format!("{l}@example.org"))));
    let content = Content::from_canonical(b"Subject: hi\r\n\r\n".to_vec()).unwrap();
    let mail = Mail::new(MailId::from_bytes([3; 16]), envelope.unwrap(), content);
    Attempt::builder(mail).progress(progress).timeout(timeout).build()
}

fn hanging() -> Memory {
    let memory = Memory::new();
    memory.plan(&"bob@example.org".parse().unwrap(), [Answer::Reply(Reply::new(550, "5.1.1 no").unwrap())]);
    memory.plan(&"eve@example.org".parse().unwrap(), [Answer::Hang]);
    memory
}

async fn run(progress: Progress, limit: Duration, timeout: Duration) -> (Vec<OutcomeKind>, Tick) {
    let clock = VirtualClock::new();
    let transport = Timeout::new(hanging(), limit, Arc::new(clock.clone()));
    let attempt = attempt(progress, timeout);
    let (outcomes, ()) = tokio::join!(transport.deliver(&attempt), async {
        clock.advance_to_next().await;
    });
    let kinds = outcomes.unwrap().iter().map(|outcome| outcome.kind()).collect();
    assert!(attempt.past_return().is_err(), "no completing octet may leave");
    (kinds, clock.tick())
}

#[tokio::test]
async fn what_was_settled_stays_and_the_rest_is_deferred() {
    let (kinds, at) = run(Progress::Tracked, Duration::from_secs(30), Duration::from_secs(600)).await;
    assert_eq!(kinds, [OutcomeKind::Refused, OutcomeKind::Deferred]);
    assert_eq!(at.since_start(), Duration::from_secs(30));
}

#[tokio::test]
async fn where_nobody_was_answered_the_whole_may_be_tried_again() {
    let clock = VirtualClock::new();
    let memory = hanging();
    memory.plan(&"bob@example.org".parse().unwrap(), []);
    let transport = Timeout::new(memory, Duration::from_secs(30), Arc::new(clock.clone()));
    let attempt = attempt(Progress::Tracked, Duration::from_secs(600));
    let (result, _) = tokio::join!(transport.deliver(&attempt), clock.advance_to_next());
    let error = result.unwrap_err();
    assert_eq!(error.to_string(), "unreachable: no end within 30s");
    assert!(error.is_transient());
    assert!(attempt.past_return().is_err(), "no completing octet may leave");
}

#[tokio::test]
async fn a_transport_that_tells_nothing_is_in_doubt() {
    let clock = VirtualClock::new();
    let transport = Timeout::new(Silent, Duration::from_secs(30), Arc::new(clock.clone()));
    for progress in [Progress::Returned, Progress::Tracked] {
        let attempt = attempt(progress, Duration::from_secs(600));
        let (outcomes, _) = tokio::join!(transport.deliver(&attempt), clock.advance_to_next());
        assert!(outcomes.unwrap().iter().all(|outcome| outcome.kind() == OutcomeKind::InDoubt));
    }
}

/// Used alone, by an attempt that nobody told how the transport tells its progress.
#[tokio::test]
async fn the_transport_inside_is_asked_how_it_tells() {
    let (kinds, _) = run(Progress::Returned, Duration::from_secs(30), Duration::from_secs(600)).await;
    assert_eq!(kinds, [OutcomeKind::Refused, OutcomeKind::Deferred]);
    let clock = VirtualClock::new();
    let memory = hanging();
    memory.plan(&"bob@example.org".parse().unwrap(), []);
    let near = Timeout::new(memory, Duration::from_secs(30), Arc::new(clock.clone()));
    let transport = Failover::new(near, Arc::new(clock.clone())).then(Memory::relay());
    let attempt = Attempt::of(attempt(Progress::Returned, Duration::from_secs(600)).mail());
    let (outcomes, _) = tokio::join!(transport.deliver(&attempt), clock.advance_to_next());
    assert!(outcomes.unwrap().iter().all(|outcome| outcome.kind() == OutcomeKind::Accepted));
}

#[tokio::test]
async fn the_attempt_s_own_time_is_kept_too() {
    let (_, at) = run(Progress::Tracked, Duration::from_secs(30), Duration::from_secs(7)).await;
    assert_eq!(at.since_start(), Duration::from_secs(7));
}

/// Answers nothing.
#[derive(Debug)]
struct Silent;

#[async_trait]
impl Transport for Silent {
    fn capabilities(&self) -> Capabilities {
        Capabilities::mx().max_recipients(7)
    }

    async fn deliver(&self, _: &Attempt) -> Result<Outcomes, TransportError> {
        std::future::pending().await
    }

    async fn route(&self, _: &Domain) -> Result<Route, TransportError> {
        std::future::pending().await
    }

    async fn close(&self) {
        std::future::pending().await
    }
}

#[tokio::test]
async fn routes_and_goodbyes_end_too() {
    let clock = VirtualClock::new();
    let transport = Timeout::new(Silent, Duration::from_secs(5), Arc::new(clock.clone()));
    assert_eq!(transport.capabilities().recipient_limit(), 7, "the capabilities are those of what is inside");
    let domain: Domain = "example.org".parse().unwrap();
    let (route, _) = tokio::join!(transport.route(&domain), clock.advance_to_next());
    assert_eq!(route.unwrap_err().kind(), TransportErrorKind::Unreachable);
    tokio::join!(transport.close(), clock.advance_to_next());
    assert_eq!(clock.tick().since_start(), Duration::from_secs(10));
}
