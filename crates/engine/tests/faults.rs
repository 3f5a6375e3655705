//! What breaks beside the mail: panics, a full disk, a spool that does not read, calls that are dropped.

mod common;

use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use posthaste_engine::{Mailer, Settings};
use posthaste_message::Message;
use posthaste_testkit::{TestInbox, TestMailer, mailer};
use posthaste_transport::{
    Attempt, Capabilities, Direction, Memory, Outcomes, Passage, Route, TraceLines, Transport, TransportError,
};
use posthaste_types::{
    BounceClass, Cause, Domain, Event, EventId, EventKind, EvidenceSource, Fate, NetworkFault, Repeat,
};

use common::{Hooked, strikes};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

fn message(to: &str) -> Message {
    Message::builder().from("ada@news.example.com").to(to).subject("Your order").text("On its way.").build().expect("m")
}

async fn all_events(mailer: &Mailer) -> Vec<Event> {
    let mut events = mailer.events(EventId::START).open();
    let mut all = Vec::new();
    while let Some(event) = events.try_next().await.expect("events") {
        all.push(event);
    }
    all
}

async fn endings(mailer: &Mailer) -> Vec<Fate> {
    let fate = |event: Event| match event.kind {
        EventKind::Ended { ending } => Some(ending.fate),
        _ => None,
    };
    all_events(mailer).await.into_iter().filter_map(fate).collect()
}

async fn attempts(mailer: &Mailer) -> usize {
    all_events(mailer).await.iter().filter(|event| matches!(event.kind, EventKind::Attempted { .. })).count()
}

/// A transport with a bug that shows a few times.
#[derive(Debug, Default)]
struct Buggy {
    memory: Memory,
    deliveries: AtomicUsize,
    routes: AtomicUsize,
}

#[async_trait]
impl Transport for Buggy {
    fn capabilities(&self) -> Capabilities {
        self.memory.capabilities()
    }

    async fn deliver(&self, attempt: &Attempt) -> Result<Outcomes, TransportError> {
        let _ = attempt.start();
        assert!(!strikes(&self.deliveries), "a bug of the transport");
        self.memory.deliver(attempt).await
    }

    async fn route(&self, to: &Domain) -> Result<Route, TransportError> {
        assert!(!strikes(&self.routes), "a bug of the transport's routes");
        self.memory.route(to).await
    }
}

async fn buggy(deliveries: usize, routes: usize) -> (Mailer, TestInbox, Arc<Buggy>) {
    let transport = Arc::new(Buggy {
        memory: Memory::new(),
        deliveries: AtomicUsize::new(deliveries),
        routes: AtomicUsize::new(routes),
    });
    let given = transport.clone();
    let (mailer, inbox) = TestMailer::new().with(|m| m.transport(given)).start().await.expect("started");
    (mailer, inbox, transport)
}

#[tokio::test]
async fn a_transport_that_panics_costs_one_attempt() {
    let (mailer, inbox, transport) = buggy(1, 0).await;
    let receipt = mailer.send(message("bob@example.org")).await.expect("accepted");
    inbox.settle().await;
    assert_eq!(transport.memory.received().len(), 0);
    inbox.advance(10 * MINUTE).await;
    assert_eq!(transport.memory.received().len(), 1, "tried again by the schedule, not when a lease has run out");
    assert!(receipt.settled().await.expect("standings").all_delivered());
}

#[tokio::test]
async fn a_route_that_panics_holds_its_domain_for_a_while() {
    let (mailer, inbox, transport) = buggy(0, 2).await;
    let receipt = mailer.send(message("bob@example.org")).await.expect("accepted");
    inbox.advance(10 * MINUTE).await;
    assert_eq!(transport.memory.received().len(), 1);
    assert!(receipt.settled().await.expect("standings").all_delivered());
}

#[tokio::test]
async fn a_disk_that_is_full_for_a_while_costs_no_second_copy() {
    let (mailer, inbox) = TestMailer::new().with(|m| m.spool(Hooked::failing(3, 0))).start().await.expect("started");
    let receipt = mailer.send(message("bob@example.org")).await.expect("accepted");
    inbox.settle().await;
    assert!(!receipt.standings().await.expect("standings").all_ended());
    inbox.advance(MINUTE).await;
    assert!(receipt.settled().await.expect("standings").all_delivered());
    inbox.advance(2 * HOUR).await;
    assert_eq!(inbox.all().len(), 1);
    assert_eq!((attempts(&mailer).await, endings(&mailer).await), (1, vec![Fate::Delivered]));
}

#[tokio::test]
async fn a_spool_that_does_not_read_is_asked_again_in_a_while() {
    let spool = Hooked::failing(0, 3);
    let kept = spool.clone();
    let (mailer, inbox) = TestMailer::new().with(|m| m.spool(spool)).start().await.expect("started");
    let receipt = mailer.send(message("bob@example.org")).await.expect("accepted");
    // What is in memory goes on.
    assert!(receipt.settled().await.expect("standings").all_delivered());
    inbox.advance(MINUTE).await;
    assert!((4..10).contains(&kept.asked()), "{}", kept.asked());
}

#[tokio::test]
async fn a_send_that_is_dropped_behind_its_commit_is_delivered() {
    let (mailer, inbox) = TestMailer::new().with(|m| m.spool(Hooked::default())).start().await.expect("started");
    inbox.settle().await;
    let sending = mailer.send(message("bob@example.org")).once("order/1").into_future();
    let gave_up = tokio::select! {
        biased;
        _ = sending => false,
        () = std::future::ready(()) => true, // the commit is done, its answer is not there yet
    };
    assert!(gave_up);
    inbox.advance(MINUTE).await;
    assert_eq!(inbox.all().len(), 1);
}

#[tokio::test]
async fn mail_past_its_time_is_not_tried() {
    let mut settings = Settings::default();
    settings.scheduler.max_attempts = 1;
    let (mailer, inbox) = TestMailer::new().with(|m| m.settings(settings)).start().await.expect("started");
    inbox.hang("slow@example.org");
    mailer.send(message("slow@example.org")).await.expect("accepted");
    inbox.settle().await;
    let code = mailer.send(message("bob@example.org")).expire_after(15 * MINUTE).await.expect("accepted");
    inbox.advance(HOUR).await;
    let standings = code.settled().await.expect("standings");
    assert!(inbox.all_to("bob@example.org").is_empty(), "it was held up for half an hour");
    let text = standings.to_string();
    assert!(text.contains("expired") && text.contains("before the first attempt"), "{text}");
    let of_code = |event: &&Event| event.mail == Some(code.id());
    let all = all_events(&mailer).await;
    let kinds: Vec<_> = all.iter().filter(of_code).map(|event| &event.kind).collect();
    assert!(matches!(kinds[..], [EventKind::Accepted { .. }, EventKind::Ended { .. }]), "{kinds:?}");
}

#[tokio::test]
async fn an_attempt_under_way_is_the_last_of_a_cancelled_mail() {
    let (mailer, inbox) = mailer().await;
    inbox.hang("bob@example.org");
    let receipt = mailer.send(message("bob@example.org")).await.expect("accepted");
    inbox.settle().await;
    let standings = mailer.cancel(receipt.id()).await.expect("cancelled").expect("known");
    assert!(!standings.all_ended(), "it has begun");
    let mut live = mailer.watch().finals().open();
    inbox.advance(100 * HOUR).await;
    assert_eq!((attempts(&mailer).await, endings(&mailer).await), (1, vec![Fate::Cancelled]));
    let event = live.next().await.expect("open").expect("in time");
    assert!(matches!(&event.kind, EventKind::Ended { ending } if ending.fate == Fate::Cancelled));
    inbox.assert_empty();
}

#[tokio::test]
async fn a_mail_is_cancelled_wherever_its_attempt_stands() {
    for turns in 0..40 {
        let (mailer, inbox) = TestMailer::new().with(|m| m.spool(Hooked::default())).start().await.expect("started");
        inbox.defer("bob@example.org", "451 4.3.0 later", 100);
        let mut live = mailer.watch().finals().open();
        let receipt = mailer.send(message("bob@example.org")).await.expect("accepted");
        for _ in 0..turns {
            tokio::task::yield_now().await;
        }
        mailer.cancel(receipt.id()).await.expect("cancelled");
        inbox.advance(2 * HOUR).await;
        assert_eq!(endings(&mailer).await, [Fate::Cancelled], "cancelled behind {turns} turns");
        assert!(attempts(&mailer).await <= 1, "cancelled behind {turns} turns");
        mailer.stop().await;
        live.next().await.expect("open").expect("in time");
        let more = tokio::select! {
            biased;
            more = live.next() => more,
            () = std::future::ready(()) => None,
        };
        assert!(more.is_none(), "told twice: cancelled behind {turns} turns: {more:?}");
    }
}

#[tokio::test]
async fn who_waits_for_news_is_told_of_the_stop() {
    let (mailer, inbox) = mailer().await;
    inbox.defer("bob@example.org", "451 4.3.0 later", 1);
    let receipt = mailer.send(message("bob@example.org")).await.expect("accepted");
    inbox.settle().await;
    let mut events = mailer.events(EventId::START).open();
    while events.try_next().await.expect("events").is_some() {}
    let settled = tokio::spawn(async move { receipt.settled().await.is_err() });
    let followed = tokio::spawn(async move { events.next().await.is_err() });
    inbox.settle().await;
    mailer.stop().await;
    assert!(settled.await.expect("no panic") && followed.await.expect("no panic"));
}

/// A gateway that takes the first mail and loses its answer, is not there for a while, and knows a key again.
#[derive(Debug, Default)]
struct Gateway {
    attempts: AtomicUsize,
    keys: Mutex<Vec<(String, Repeat)>>,
}

#[async_trait]
impl Transport for Gateway {
    fn capabilities(&self) -> Capabilities {
        Capabilities::relay().idempotent()
    }

    async fn deliver(&self, attempt: &Attempt) -> Result<Outcomes, TransportError> {
        self.keys.lock().expect("keys").push((attempt.key().to_string(), attempt.repeat()));
        attempt.passed(Passage::to("gateway.example"));
        if let Some(trace) = attempt.trace() {
            trace.line(Direction::Sent, &format!("MAIL FROM:{}", attempt.mail().envelope().from()));
            trace.line(Direction::Received, &format!("250 {} is well", attempt.mail().envelope().from()));
        }
        match self.attempts.fetch_add(1, std::sync::atomic::Ordering::Relaxed) {
            0 => Ok(Outcomes::in_doubt(attempt, Cause::network(NetworkFault::Closed, "no answer"))),
            1 => Err(TransportError::unreachable("connection refused")),
            2 => {
                let cause = Cause::network(NetworkFault::TimedOut, "no greeting");
                Ok(Outcomes::all(attempt, posthaste_types::Outcome::deferred(cause)))
            }
            _ => Ok(Outcomes::all(attempt, posthaste_types::Outcome::accepted(Cause::http(200, "known")))),
        }
    }
}

/// Else the gateway would send it a second time.
#[tokio::test]
async fn doubt_keeps_its_key_until_the_hop_answers() {
    let gateway = Arc::new(Gateway::default());
    let given = gateway.clone();
    let (mailer, inbox) = TestMailer::new().with(|m| m.transport(given)).start().await.expect("started");
    let receipt = mailer.send(message("bob@example.org")).await.expect("accepted");
    inbox.advance(4 * HOUR).await;
    assert!(receipt.settled().await.expect("standings").all_delivered());
    let keys = gateway.keys.lock().expect("keys").clone();
    assert_eq!(keys.len(), 4);
    assert!(keys.iter().all(|(key, _)| *key == keys[0].0), "{keys:?}");
    assert_eq!(keys.iter().map(|(_, repeat)| *repeat).collect::<Vec<_>>(), {
        [Repeat::First, Repeat::AfterDoubt, Repeat::AfterDoubt, Repeat::AfterDoubt]
    });
}

#[tokio::test]
async fn events_tell_what_an_attempt_was_carried_by() {
    let (mailer, inbox) = TestMailer::new().with(|m| m.transport(Gateway::default())).start().await.expect("started");
    mailer.send(message("bob@example.org")).await.expect("accepted");
    inbox.advance(4 * HOUR).await;
    for event in all_events(&mailer).await {
        let told: Vec<&str> = event.passages.iter().map(posthaste_types::Text::as_str).collect();
        match event.kind {
            EventKind::InDoubt { .. } | EventKind::Deferred { .. } | EventKind::Ended { .. } => {
                assert_eq!(told, ["gateway.example, in clear"], "{:?}", event.kind);
            }
            _ => assert!(told.is_empty(), "{:?}", event.kind),
        }
    }
}

/// Whoever has the token can make up a report that counts, and dialogues are shown around.
#[tokio::test]
async fn a_dialogue_does_not_tell_the_token_of_a_return_path() {
    let lines = Arc::new(TraceLines::new());
    let sink = lines.clone();
    let test = TestMailer::new().with(|m| m.transport(Gateway::default()).return_path("bounces.example.com"));
    let (mailer, inbox) = test.start().await.expect("started");
    mailer.send(message("bob@example.org")).trace(sink).await.expect("accepted");
    inbox.settle().await;
    let told = lines.to_string();
    assert!(told.contains("> MAIL FROM:<b+[token]@bounces.example.com>\n"), "{told}");
    assert!(told.contains("< 250 <b+[token]@bounces.example.com> is well\n"), "{told}");
}

#[tokio::test]
async fn a_deferral_tells_the_rule_that_gave_it_its_class() {
    let (mailer, inbox) = mailer().await;
    inbox.defer("bob@example.org", "452 4.2.2 mailbox full", 1);
    mailer.send(message("bob@example.org")).await.expect("accepted");
    inbox.settle().await;
    let all = all_events(&mailer).await;
    let Some(EventKind::Deferred { class, evidence, .. }) =
        all.iter().map(|event| &event.kind).find(|kind| matches!(kind, EventKind::Deferred { .. }))
    else {
        panic!("{all:?}")
    };
    assert_eq!(*class, BounceClass::Quota);
    let sources: Vec<_> = evidence.iter().map(|one| one.source).collect();
    assert_eq!(sources, [EvidenceSource::Rule], "{evidence:?}");
}

#[tokio::test]
async fn a_spool_that_panics_ends_the_mailer_and_nobody_waits_for_ever() {
    let spool = Hooked::default();
    let kept = spool.clone();
    let (mailer, inbox) = TestMailer::new().with(|m| m.spool(spool)).start().await.expect("started");
    inbox.defer("bob@example.org", "451 4.3.0 later", 1);
    let receipt = mailer.send(message("bob@example.org")).await.expect("accepted");
    inbox.settle().await;
    kept.0.buggy.store(1, std::sync::atomic::Ordering::Relaxed);
    let (settled, ()) = tokio::join!(receipt.settled(), inbox.advance(10 * MINUTE));
    settled.expect_err("there will be no news");
    let error = mailer.send(message("eve@example.org")).await.expect_err("nobody would deliver it");
    assert_eq!(error.kind(), &posthaste_engine::SendErrorKind::Stopped);
    mailer.stop().await;
}
