//! What breaks beside the mail: panics, a full disk, a spool that does not read, calls that are dropped.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use posthaste_engine::{Mailer, Settings};
use posthaste_message::Message;
use posthaste_queue::{
    Admission, Begin, Begun, Due, DueCursor, MemorySpool, NewMail, Orphan, Query, Settlement, Spool, SpoolError,
    SpoolErrorKind, Tracked,
};
use posthaste_suppression::{Actor, Ask, Entry, Put, ScanCursor, Scope, StoreError, SuppressionStore, What};
use posthaste_testkit::{TestInbox, TestMailer, mailer};
use posthaste_transport::{Attempt, Capabilities, Memory, Outcomes, Route, Transport, TransportError};
use posthaste_types::{Domain, Event, EventId, EventKind, Fate, NodeId, Timestamp};

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

fn strikes(left: &AtomicUsize) -> bool {
    left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok()
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

/// A spool in memory that fails as told. A handle: the test keeps one.
#[derive(Clone, Debug, Default)]
struct Faulty(Arc<Faults>);

#[derive(Debug, Default)]
struct Faults {
    spool: MemorySpool,
    /// So many settlements find the disk full.
    full: AtomicUsize,
    /// So many reads fail.
    unread: AtomicUsize,
    /// How often it was asked what is due.
    asked: AtomicUsize,
}

impl Faulty {
    fn new(full: usize, unread: usize) -> Self {
        let (full, unread) = (AtomicUsize::new(full), AtomicUsize::new(unread));
        Self(Arc::new(Faults { full, unread, ..Faults::default() }))
    }
}

#[async_trait]
impl Spool for Faulty {
    async fn admit(&self, mails: Vec<NewMail>) -> Result<Vec<Admission>, SpoolError> {
        let admitted = self.0.spool.admit(mails).await;
        tokio::task::yield_now().await; // the answer comes later than the commit
        admitted
    }

    async fn due(&self, until: Timestamp, after: Option<DueCursor>, limit: usize) -> Result<Vec<Due>, SpoolError> {
        self.0.asked.fetch_add(1, Ordering::Relaxed);
        if strikes(&self.0.unread) {
            return Err(SpoolError::new(SpoolErrorKind::Io, "a read fails"));
        }
        self.0.spool.due(until, after, limit).await
    }

    async fn next_due(&self, after: Timestamp) -> Result<Option<Timestamp>, SpoolError> {
        self.0.spool.next_due(after).await
    }

    async fn begin(&self, node: &NodeId, wanted: Vec<Begin>) -> Result<Vec<Begun>, SpoolError> {
        self.0.spool.begin(node, wanted).await
    }

    async fn settle(&self, done: Vec<Settlement>) -> Result<(), SpoolError> {
        if strikes(&self.0.full) {
            return Err(SpoolError::new(SpoolErrorKind::Full, "no space left on device"));
        }
        self.0.spool.settle(done).await
    }

    async fn orphans(&self, node: &NodeId) -> Result<Vec<Orphan>, SpoolError> {
        self.0.spool.orphans(node).await
    }

    async fn record(&self, events: Vec<Event>) -> Result<(), SpoolError> {
        self.0.spool.record(events).await
    }

    async fn events(&self, after: EventId, limit: usize) -> Result<Vec<Event>, SpoolError> {
        self.0.spool.events(after, limit).await
    }

    async fn find(&self, query: &Query) -> Result<Vec<Tracked>, SpoolError> {
        Spool::find(&self.0.spool, query).await
    }

    async fn secret(&self, name: &str, candidate: [u8; 32]) -> Result<[u8; 32], SpoolError> {
        self.0.spool.secret(name, candidate).await
    }

    async fn forget(&self, before: Timestamp, limit: usize) -> Result<usize, SpoolError> {
        self.0.spool.forget(before, limit).await
    }

    async fn close(&self) -> Result<(), SpoolError> {
        self.0.spool.close().await
    }
}

#[async_trait]
impl SuppressionStore for Faulty {
    async fn find(&self, asks: &[Ask]) -> Result<Vec<Vec<Entry>>, StoreError> {
        SuppressionStore::find(&self.0.spool, asks).await
    }

    async fn put(&self, entry: Entry) -> Result<Put, StoreError> {
        self.0.spool.put(entry).await
    }

    async fn lift(&self, what: &What, scope: &Scope, by: &Actor) -> Result<bool, StoreError> {
        self.0.spool.lift(what, scope, by).await
    }

    async fn scan(&self, after: Option<ScanCursor>, limit: usize) -> Result<Vec<(ScanCursor, Entry)>, StoreError> {
        self.0.spool.scan(after, limit).await
    }
}

#[tokio::test]
async fn a_disk_that_is_full_for_a_while_costs_no_second_copy() {
    let (mailer, inbox) = TestMailer::new().with(|m| m.spool(Faulty::new(3, 0))).start().await.expect("started");
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
    let spool = Faulty::new(0, 3);
    let kept = spool.clone();
    let (mailer, inbox) = TestMailer::new().with(|m| m.spool(spool)).start().await.expect("started");
    let receipt = mailer.send(message("bob@example.org")).await.expect("accepted");
    // What is in memory goes on.
    assert!(receipt.settled().await.expect("standings").all_delivered());
    inbox.advance(MINUTE).await;
    assert!((4..10).contains(&kept.0.asked.load(Ordering::Relaxed)), "{:?}", kept.0.asked);
}

#[tokio::test]
async fn a_send_that_is_dropped_behind_its_commit_is_delivered() {
    let (mailer, inbox) = TestMailer::new().with(|m| m.spool(Faulty::new(0, 0))).start().await.expect("started");
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
        let (mailer, inbox) = TestMailer::new().with(|m| m.spool(Faulty::new(0, 0))).start().await.expect("started");
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
