//! The suppression list: nothing for whom it forbids begins once that is on it (I4), wherever the list is kept.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use posthaste_engine::{Mailer, Receipt};
use posthaste_message::Message;
use posthaste_suppression::{
    Actor, Ask, Entry, MemoryStore, Put, Reason, ScanCursor, Scope, StoreError, StoreErrorKind, SuppressionStore, What,
};
use posthaste_testkit::{TestInbox, TestMailer};
use posthaste_transport::{Attempt, Capabilities, Memory, Outcomes, Route, Transport, TransportError};
use posthaste_types::{Address, Domain, EventId, EventKind, Fate, Timestamp};
use tokio::sync::Semaphore;

mod common;
use common::Hooked;

const MINUTE: Duration = Duration::from_secs(60);

fn message(to: &[&str]) -> Message {
    let message = Message::builder().from("ada@news.example.com").subject("Your order").text("On its way.");
    to.iter().fold(message, |message, to| message.to(*to)).build().expect("a message")
}

fn address(to: &str) -> Address {
    to.parse().expect("an address")
}

fn entry(to: &str, since: Timestamp) -> Entry {
    let by = Actor::Person("Eve".parse().expect("a name"));
    Entry::new(What::address(&address(to)), Scope::Everything, Reason::Manual, by, since)
}

async fn fates(receipt: &Receipt) -> Vec<Option<Fate>> {
    receipt.standings().await.expect("standings").iter().map(|one| one.standing.fate()).collect()
}

/// A list apart from the spool. A handle: the test keeps one.
#[derive(Clone, Debug, Default)]
struct Apart(Arc<(MemoryStore, AtomicBool)>);

impl Apart {
    fn takes_nothing(&self, nothing: bool) {
        self.0.1.store(nothing, Ordering::Relaxed);
    }
}

#[async_trait]
impl SuppressionStore for Apart {
    async fn find(&self, asks: &[Ask]) -> Result<Vec<Vec<Entry>>, StoreError> {
        self.0.0.find(asks).await
    }

    async fn put(&self, entry: Entry) -> Result<Put, StoreError> {
        match self.0.1.load(Ordering::Relaxed) {
            true => Err(StoreError::new(StoreErrorKind::Unavailable, "no answer")),
            false => self.0.0.put(entry).await,
        }
    }

    async fn lift(&self, what: &What, scope: &Scope, by: &Actor) -> Result<bool, StoreError> {
        self.0.0.lift(what, scope, by).await
    }

    async fn scan(&self, after: Option<ScanCursor>, limit: usize) -> Result<Vec<(ScanCursor, Entry)>, StoreError> {
        self.0.0.scan(after, limit).await
    }
}

async fn apart() -> (Mailer, TestInbox, Apart) {
    let list = Apart::default();
    let given = list.clone();
    let (mailer, inbox) = TestMailer::new().with(|m| m.suppression_list(given)).start().await.expect("started");
    (mailer, inbox, list)
}

#[tokio::test]
async fn what_is_lifted_from_a_list_apart_is_mailed_again() {
    let (mailer, inbox, _list) = apart().await;
    inbox.refuse("bob@example.org", "550 5.1.1 no such user");
    let first = mailer.send(message(&["bob@example.org"])).await.expect("accepted");
    inbox.settle().await;
    assert_eq!(fates(&first).await, [Some(Fate::Bounced)]);
    let second = mailer.send(message(&["bob@example.org"])).await.expect("accepted");
    assert_eq!(fates(&second).await, [Some(Fate::Suppressed)]);

    inbox.defer("bob@example.org", "451 4.3.0 later", 0); // he has a mailbox now
    let what = What::address(&address("bob@example.org"));
    assert!(mailer.lift(&what, &Scope::Everything, &Actor::System).await.expect("lifted"));
    let third = mailer.send(message(&["bob@example.org"])).await.expect("accepted");
    inbox.settle().await;
    assert_eq!(fates(&third).await, [Some(Fate::Delivered)]);
}

#[tokio::test]
async fn a_suppression_that_the_list_did_not_take_is_not_told() {
    let (mailer, inbox, list) = apart().await;
    inbox.refuse("bob@example.org", "550 5.1.1 no such user");
    for (nothing, told) in [(true, 0), (false, 1)] {
        list.takes_nothing(nothing);
        let receipt = mailer.send(message(&["bob@example.org"])).await.expect("accepted");
        inbox.settle().await;
        assert_eq!(fates(&receipt).await, [Some(Fate::Bounced)]);
        assert_eq!(suppressions_told(&mailer).await, told);
        assert_eq!(mailer.suppressed(None, 10).await.expect("a list").len(), told);
    }
}

async fn suppressions_told(mailer: &Mailer) -> usize {
    let mut events = mailer.events(EventId::START).open();
    let mut told = 0;
    while let Some(event) = events.try_next().await.expect("events") {
        told += usize::from(matches!(event.kind, EventKind::SuppressionAdded { .. }));
    }
    told
}

#[tokio::test]
async fn each_recipient_is_told_the_entry_that_forbids_it() {
    let (mailer, inbox, list) = apart().await;
    inbox.defer("ada@example.org", "451 4.3.0 later", 1);
    inbox.defer("bob@example.org", "451 4.3.0 later", 1);
    inbox.defer("eve@example.org", "451 4.3.0 later", 1);
    let receipt = mailer.send(message(&["ada@example.org", "bob@example.org", "eve@example.org"])).await;
    let receipt = receipt.expect("accepted");
    inbox.settle().await;
    for to in ["ada@example.org", "eve@example.org"] {
        list.put(entry(to, mailer.now())).await.expect("put"); // beside the Mailer
    }
    inbox.advance(10 * MINUTE).await;
    assert_eq!(fates(&receipt).await, [Some(Fate::Suppressed), Some(Fate::Delivered), Some(Fate::Suppressed)]);
    let told = receipt.standings().await.expect("standings").to_string();
    let told: Vec<&str> = told.lines().collect();
    assert!(
        told[0].contains("(ada@example.org, all mail") && told[2].contains("(eve@example.org, all mail"),
        "{told:?}"
    );
}

/// A transport that goes on when the test says so.
#[derive(Debug)]
struct Slow {
    memory: Memory,
    /// Asked for the first time, it has no route; then it gives one for each permit.
    routes: Semaphore,
    asked: AtomicBool,
    /// Attempts wait for permits of their recipients, then begin.
    ada: Semaphore,
    bob: Semaphore,
    begun: AtomicUsize,
}

impl Slow {
    fn new(routes: usize) -> Arc<Self> {
        let [routes, ada, bob] = [routes, 0, 0].map(Semaphore::new);
        let (asked, begun) = (AtomicBool::new(false), AtomicUsize::new(0));
        Arc::new(Self { memory: Memory::new(), routes, asked, ada, bob, begun })
    }
}

#[async_trait]
impl Transport for Slow {
    fn capabilities(&self) -> Capabilities {
        self.memory.capabilities()
    }

    async fn deliver(&self, attempt: &Attempt) -> Result<Outcomes, TransportError> {
        let ada = attempt.mail().content().to_vec().windows(8).any(|octets| octets == b"for Ada.");
        let gate = if ada { &self.ada } else { &self.bob };
        gate.acquire().await.expect("open").forget();
        attempt.start()?;
        self.begun.fetch_add(1, Ordering::Relaxed);
        self.memory.deliver(attempt).await
    }

    async fn route(&self, to: &Domain) -> Result<Route, TransportError> {
        if !self.asked.swap(true, Ordering::Relaxed) {
            return Err(TransportError::unreachable("no way yet"));
        }
        self.routes.acquire().await.expect("open").forget();
        self.memory.route(to).await
    }
}

/// A lease is no attempt: whoever is put on the list while his waits for its route is not mailed.
#[tokio::test]
async fn nothing_begins_for_whom_the_list_forbids_meanwhile() {
    for kept in ["in the spool", "apart"] {
        let slow = Slow::new(0);
        let given = slow.clone();
        let mut test = TestMailer::new().with(|m| m.transport(given));
        if kept == "apart" {
            test = test.with(|m| m.suppression_list(Apart::default()));
        }
        let (mailer, inbox) = test.start().await.expect("started");
        let receipt = mailer.send(message(&["bob@example.org"])).await.expect("accepted");
        inbox.settle().await;
        assert!(receipt.standings().await.expect("standings").to_string().contains("being delivered"));
        mailer.suppress(entry("bob@example.org", mailer.now())).await.expect("put");
        slow.routes.add_permits(100);
        slow.bob.add_permits(100);
        inbox.advance(MINUTE).await;
        assert_eq!(fates(&receipt).await, [Some(Fate::Suppressed)], "the list is kept {kept}");
        assert_eq!(slow.begun.load(Ordering::Relaxed), 0, "the list is kept {kept}");
    }
}

/// The list is asked in the transaction that takes the lease; what is put behind it counts, though the answer is not
/// there yet.
#[tokio::test]
async fn nothing_begins_for_whom_the_list_forbids_behind_his_lease() {
    let slow = Slow::new(100);
    let (given, spool) = (slow.clone(), Hooked::default());
    let kept = spool.clone();
    let builder = TestMailer::new().with(|m| m.transport(given)).with(|m| m.spool(kept));
    let (mailer, inbox) = builder.start().await.expect("started");
    slow.ada.add_permits(100);
    slow.bob.add_permits(100);
    spool.hold();
    let receipt = mailer.send(message(&["ada@example.org", "bob@example.org"])).await.expect("accepted");
    inbox.settle().await;
    mailer.suppress(entry("bob@example.org", mailer.now())).await.expect("put");
    spool.let_go();
    inbox.advance(MINUTE).await;
    assert_eq!(fates(&receipt).await, [Some(Fate::Delivered), Some(Fate::Suppressed)]);
    let received = slow.memory.received();
    assert_eq!(received.iter().map(|mail| mail.to.len()).sum::<usize>(), 1, "{received:?}");
}

/// A refusal suppresses; another attempt for the same recipient that has not begun does not begin.
#[tokio::test]
async fn nothing_begins_for_whom_a_reply_suppressed() {
    let slow = Slow::new(100);
    let given = slow.clone();
    let (mailer, inbox) = TestMailer::new().with(|m| m.transport(given)).start().await.expect("started");
    let refused = posthaste_types::Reply::parse(b"550 5.1.1 no such user").expect("a reply");
    slow.memory.plan(&address("bob@example.org"), [posthaste_transport::Answer::Reply(refused)]);
    let text = |text: &str| {
        let message = Message::builder().from("ada@news.example.com").to("bob@example.org").subject("x").text(text);
        message.build().expect("a message")
    };
    let first = mailer.send(text("news for Ada.")).await.expect("accepted");
    let second = mailer.send(text("news for Bob.")).await.expect("accepted");
    inbox.settle().await;
    slow.ada.add_permits(1);
    inbox.settle().await;
    assert_eq!(fates(&first).await, [Some(Fate::Bounced)]);
    assert_eq!(fates(&second).await, [None], "the transport has it, and has not begun");
    slow.bob.add_permits(1);
    inbox.advance(MINUTE).await;
    assert_eq!(fates(&second).await, [Some(Fate::Suppressed)]);
    assert_eq!(slow.begun.load(Ordering::Relaxed), 1);
}

/// A list apart from the spool that answers as told. A handle: the test keeps one.
#[derive(Clone, Debug, Default)]
struct Odd(Arc<(MemoryStore, std::sync::Mutex<Answers>)>);

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Answers {
    #[default]
    Well,
    Never,
    OneTooFew,
}

impl Odd {
    fn answers(&self, how: Answers) {
        *self.0.1.lock().expect("a list") = how;
    }

    fn how(&self) -> Answers {
        *self.0.1.lock().expect("a list")
    }
}

#[async_trait]
impl SuppressionStore for Odd {
    async fn find(&self, asks: &[Ask]) -> Result<Vec<Vec<Entry>>, StoreError> {
        let mut found = self.0.0.find(asks).await?;
        match self.how() {
            Answers::Well => {}
            Answers::Never => std::future::pending().await,
            Answers::OneTooFew => drop(found.pop()),
        }
        Ok(found)
    }

    async fn put(&self, entry: Entry) -> Result<Put, StoreError> {
        match self.how() {
            Answers::Never => std::future::pending().await,
            _ => self.0.0.put(entry).await,
        }
    }

    async fn lift(&self, what: &What, scope: &Scope, by: &Actor) -> Result<bool, StoreError> {
        self.0.0.lift(what, scope, by).await
    }

    async fn scan(&self, after: Option<ScanCursor>, limit: usize) -> Result<Vec<(ScanCursor, Entry)>, StoreError> {
        self.0.0.scan(after, limit).await
    }
}

async fn odd() -> (Mailer, TestInbox, Odd) {
    let list = Odd::default();
    let given = list.clone();
    let (mailer, inbox) = TestMailer::new().with(|m| m.suppression_list(given)).start().await.expect("started");
    (mailer, inbox, list)
}

#[tokio::test]
async fn a_list_that_answers_nothing_or_too_little_only_holds_mail_up() {
    for how in [Answers::Never, Answers::OneTooFew] {
        let (mailer, inbox, list) = odd().await;
        list.put(entry("eve@example.org", mailer.now())).await.expect("put");
        list.answers(how);
        let sending = mailer.send(message(&["ada@example.org", "eve@example.org"]));
        let (receipt, ()) = tokio::join!(sending, inbox.advance(MINUTE));
        let receipt = receipt.expect("accepted: the list is asked again before each attempt");
        inbox.advance(10 * MINUTE).await;
        assert!(inbox.all().is_empty(), "{how:?}: nothing leaves unasked");
        assert_eq!(fates(&receipt).await, [None, None], "{how:?}");
        list.answers(Answers::Well);
        inbox.advance(10 * MINUTE).await;
        assert_eq!(fates(&receipt).await, [Some(Fate::Delivered), Some(Fate::Suppressed)], "{how:?}");
    }
}

#[tokio::test]
async fn a_list_that_never_answers_does_not_keep_a_mailer_from_its_end() {
    let (mailer, inbox, list) = odd().await;
    list.answers(Answers::Never);
    let sending = mailer.send(message(&["ada@example.org"]));
    let (receipt, ()) = tokio::join!(sending, inbox.advance(MINUTE));
    drop(receipt.expect("accepted"));
    let (stopped, ()) = tokio::join!(mailer.stop(), inbox.advance(10 * MINUTE));
    assert_eq!(stopped.waiting, 1);
}
