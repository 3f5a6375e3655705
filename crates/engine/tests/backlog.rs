//! More mail than memory holds: none is lost from sight, none starves, and the spool is read economically.

use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use posthaste_engine::{Mailer, Outgoing, Settings, StreamPolicy};
use posthaste_message::Message;
use posthaste_testkit::{TestInbox, TestMailer};
use posthaste_transport::{Attempt, Capabilities, Memory, Outcomes, Route, RouteHost, Transport, TransportError};
use posthaste_types::{Domain, StreamName};
use tokio::sync::Semaphore;

mod common;
use common::Hooked;

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);

fn message(to: &str) -> Message {
    Message::builder().from("ada@news.example.com").to(to).subject("Your order").text("On its way.").build().expect("m")
}

/// A transport with a site for each domain; at `slow.example` each attempt waits for a permit.
#[derive(Debug)]
struct Gated {
    memory: Memory,
    permits: Semaphore,
    order: Mutex<Vec<String>>,
}

#[async_trait]
impl Transport for Gated {
    fn capabilities(&self) -> Capabilities {
        self.memory.capabilities()
    }

    async fn deliver(&self, attempt: &Attempt) -> Result<Outcomes, TransportError> {
        let to = &attempt.recipients()[0].address;
        if to.domain().as_str() == "slow.example" {
            self.permits.acquire().await.expect("open").forget();
        }
        self.order.lock().expect("order").push(to.to_string());
        self.memory.deliver(attempt).await
    }

    async fn route(&self, to: &Domain) -> Result<Route, TransportError> {
        Ok(Route::to_hosts(vec![RouteHost::new(10, to.into())]))
    }
}

struct Town {
    mailer: Mailer,
    inbox: TestInbox,
    spool: Hooked,
    transport: Arc<Gated>,
}

impl Town {
    /// With limits: attempts in all and at a site, recipients in memory in all and of a site.
    async fn new([attempts, at_site, ready, ready_of_site]: [usize; 4]) -> Self {
        let transport = Arc::new(Gated { memory: Memory::new(), permits: Semaphore::new(0), order: Mutex::default() });
        let mut settings = Settings::default();
        (settings.scheduler.max_attempts, settings.scheduler.max_attempts_per_site) = (attempts, at_site);
        (settings.scheduler.max_ready, settings.scheduler.max_ready_per_site) = (ready, ready_of_site);
        let spool = Hooked::default();
        let (given, kept) = (transport.clone(), spool.clone());
        let codes = StreamName::from_static("codes");
        let builder = TestMailer::new()
            .with(|m| m.transport(given).spool(kept).settings(settings))
            .with(|m| m.stream(codes, StreamPolicy::codes().expire_after(100 * MINUTE)));
        let (mailer, inbox) = builder.start().await.expect("started");
        Self { mailer, inbox, spool, transport }
    }

    async fn send(&self, to: &str) {
        self.mailer.send(message(to)).await.expect("accepted");
    }

    async fn send_many(&self, count: usize, domain: &str) {
        let mails = (0..count).map(|n| Outgoing::new(message(&format!("r{n}@{domain}"))));
        let mut results = self.mailer.send_all(mails);
        while let Some(result) = results.next().await {
            result.expect("accepted");
        }
    }

    fn order(&self) -> Vec<String> {
        self.transport.order.lock().expect("order").clone()
    }
}

#[tokio::test]
async fn who_made_room_for_urgent_mail_is_not_forgotten() {
    let town = Town::new([10, 1, 100, 2]).await;
    for to in ["a@slow.example", "b@slow.example", "c@slow.example"] {
        town.send(to).await;
        town.inbox.settle().await;
    }
    town.mailer.send(message("code@slow.example")).stream("codes").await.expect("accepted");
    town.inbox.settle().await;
    town.transport.permits.add_permits(4);
    town.inbox.advance(2 * SECOND).await;
    assert_eq!(town.order(), ["a@slow.example", "code@slow.example", "b@slow.example", "c@slow.example"]);
}

#[tokio::test]
async fn urgent_mail_that_becomes_due_goes_past_a_full_memory() {
    let town = Town::new([1, 1, 4, 4]).await;
    town.transport.permits.add_permits(1);
    let later = posthaste_types::Reply::parse(b"451 4.7.1 greylisted").expect("a reply");
    let code = "code@slow.example".parse().expect("an address");
    town.transport.memory.plan(&code, [posthaste_transport::Answer::Reply(later)]);
    town.mailer.send(message("code@slow.example")).stream("codes").await.expect("accepted");
    town.inbox.settle().await;
    town.send_many(20, "slow.example").await;
    town.inbox.advance(10 * MINUTE).await;
    town.transport.permits.add_permits(3);
    town.inbox.advance(2 * SECOND).await;
    let order = town.order();
    assert_eq!((order.len(), order[0].as_str(), order[2].as_str()), (4, "code@slow.example", "code@slow.example"));
    town.transport.permits.add_permits(100);
    town.inbox.advance(MINUTE).await;
    assert_eq!(town.order().len(), 22);
}

#[tokio::test]
async fn a_slow_site_with_a_backlog_has_the_spool_read_once_a_second_at_most() {
    let town = Town::new([10, 1, 8, 4]).await;
    town.send_many(200, "slow.example").await;
    town.inbox.settle().await;
    let before = town.spool.asked();
    town.inbox.advance(MINUTE).await;
    let asked = town.spool.asked() - before;
    assert!((10..=125).contains(&asked), "{asked} times in a minute");
    town.transport.permits.add_permits(1000);
    town.inbox.advance(MINUTE).await;
    assert_eq!(town.order().len(), 200);
}

#[tokio::test]
async fn slow_sites_that_fill_the_memory_starve_nobody() {
    let town = Town::new([10, 1, 8, 8]).await;
    town.send_many(50, "slow.example").await;
    let later = town.mailer.now().saturating_add(10 * SECOND);
    for n in 0..6 {
        let mail = town.mailer.send(message(&format!("r{n}@quick.example"))).send_at(later);
        mail.await.expect("accepted");
    }
    town.inbox.advance(9 * SECOND).await;
    assert_eq!(town.order().len(), 0);
    town.inbox.advance(3 * SECOND).await;
    assert_eq!(town.order().len(), 6, "{:?}", town.order());
    town.send("new@quick.example").await;
    town.inbox.settle().await;
    assert_eq!(town.order().len(), 7, "new mail does not even wait for a look at the spool");
}

#[tokio::test]
async fn a_long_backlog_is_read_a_few_times() {
    let town = Town::new([20, 20, 400, 200]).await;
    town.send_many(5, "slow.example").await; // they hold places all the time
    let count = 5_000;
    town.send_many(count, "quick.example").await;
    town.inbox.advance(MINUTE).await;
    assert_eq!(town.order().len(), count);
    let read = town.spool.read();
    assert!(read < 12 * count, "{read} rows for {count} recipients");
}

#[tokio::test]
async fn damage_that_the_spool_finds_is_news() {
    let town = Town::new([10, 1, 8, 8]).await;
    town.send("first@slow.example").await;
    town.inbox.settle().await;
    let receipt = town.mailer.send(message("second@slow.example")).await.expect("accepted");
    town.inbox.settle().await;
    let waiting = tokio::spawn({
        let receipt = receipt.clone();
        async move { receipt.settled().await.expect("standings").to_string() }
    });
    town.inbox.settle().await;
    town.spool.0.damaged.lock().expect("damaged").insert(receipt.id());
    town.transport.permits.add_permits(10);
    town.inbox.settle().await;
    assert!(waiting.is_finished(), "at once, where the engine sees it");
    let told = waiting.await.expect("no panic");
    assert!(told.contains("quarantined"), "{told}");
}
