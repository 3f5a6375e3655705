//! Routes: whose they are, how long they last, and whom their faults touch.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use posthaste_engine::{Mailer, Receipt, Settings};
use posthaste_message::Message;
use posthaste_testkit::{TestInbox, TestMailer};
use posthaste_transport::{Attempt, Capabilities, Memory, Outcomes, Route, RouteHost, Transport, TransportError};
use posthaste_types::{Cause, DnsFault, Domain, Fate, Outcome};
use tokio::sync::Semaphore;

const MINUTE: Duration = Duration::from_secs(60);

fn message(to: &[&str]) -> Message {
    let message = Message::builder().from("ada@news.example.com").subject("Your order").text("On its way.");
    to.iter().fold(message, |message, to| message.to(*to)).build().expect("a message")
}

async fn fates(receipt: &Receipt) -> Vec<Option<Fate>> {
    receipt.standings().await.expect("standings").iter().map(|one| one.standing.fate()).collect()
}

/// A transport with routes of the test's choice, and mail that breaks it. Attempts at `mx.slow.example` wait for
/// permits, and nobody knows the way to `lost.example`.
#[derive(Debug)]
struct Town {
    memory: Memory,
    routes: Mutex<HashMap<Domain, Route>>,
    asked: AtomicUsize,
    permits: Semaphore,
    /// The recipients of each attempt, and its best host.
    went: Mutex<Vec<(Vec<String>, String)>>,
}

impl Town {
    fn went(&self) -> Vec<(Vec<String>, String)> {
        self.went.lock().expect("went").clone()
    }

    fn leads(&self, domain: &str, to: impl FnOnce(&Domain) -> Route) {
        let domain = domain.parse().expect("a domain");
        let route = to(&domain);
        self.routes.lock().expect("routes").insert(domain, route);
    }
}

fn host(name: &str) -> Route {
    Route::to_hosts(vec![RouteHost::new(10, name.parse().expect("a name"))])
}

fn null_mx(domain: &Domain) -> Route {
    Route::nowhere(domain, Outcome::refused(Cause::dns(DnsFault::NullMx, domain.into(), "null MX")))
}

#[async_trait]
impl Transport for Town {
    fn capabilities(&self) -> Capabilities {
        self.memory.capabilities()
    }

    async fn deliver(&self, attempt: &Attempt) -> Result<Outcomes, TransportError> {
        if attempt.recipients().iter().any(|to| to.address.local_part() == "poison") {
            return Err(TransportError::internal("this mail breaks it"));
        }
        let host = attempt.route().and_then(|route| route.hosts().first()).map(|host| host.name.to_string());
        let host = host.expect("a host");
        if host == "mx.slow.example" {
            self.permits.acquire().await.expect("open").forget();
        }
        let to = attempt.recipients().iter().map(|to| to.address.to_string()).collect();
        self.went.lock().expect("went").push((to, host));
        self.memory.deliver(attempt).await
    }

    async fn route(&self, to: &Domain) -> Result<Route, TransportError> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        if to.as_str() == "lost.example" {
            std::future::pending::<()>().await;
        }
        let routes = self.routes.lock().expect("routes");
        Ok(routes.get(to).cloned().unwrap_or_else(|| host("mx.example.net")))
    }
}

async fn town_with(settings: Settings) -> (Mailer, TestInbox, Arc<Town>) {
    let town = Arc::new(Town {
        memory: Memory::new(),
        routes: Mutex::default(),
        asked: AtomicUsize::new(0),
        permits: Semaphore::new(0),
        went: Mutex::default(),
    });
    let given = town.clone();
    let builder = TestMailer::new().with(|m| m.transport(given).settings(settings));
    let (mailer, inbox) = builder.start().await.expect("started");
    (mailer, inbox, town)
}

async fn town() -> (Mailer, TestInbox, Arc<Town>) {
    town_with(Settings::default()).await
}

#[tokio::test]
async fn mail_that_breaks_the_transport_holds_up_nobody_else() {
    let (mailer, inbox, town) = town().await;
    let poison = mailer.send(message(&["poison@example.org"])).await.expect("accepted");
    inbox.advance(Duration::from_secs(1)).await;
    for n in 0..50 {
        mailer.send(message(&[&format!("r{n}@example.org")])).await.expect("accepted");
    }
    inbox.advance(Duration::from_secs(1)).await;
    assert_eq!(town.memory.received().len(), 50, "the site is not held");
    inbox.advance(60 * MINUTE).await;
    let told = poison.standings().await.expect("standings").to_string();
    assert!(told.contains("this mail breaks it"), "{told}");
    let attempts = mailer.find(&posthaste_queue::Query::mail(poison.id())).await.expect("found");
    let attempts = attempts[0].recipients[0].state.attempts;
    assert!((3..=6).contains(&attempts), "by the schedule: {attempts} in an hour");
}

/// A domain that takes no mail may have the name of a host that takes mail for others.
#[tokio::test]
async fn a_host_is_not_the_domain_of_its_name() {
    let (mailer, inbox, town) = town().await;
    town.leads("mx.example.net", null_mx);
    for (to, fate) in
        [("a@example.org", Fate::Delivered), ("b@mx.example.net", Fate::Bounced), ("c@example.org", Fate::Delivered)]
    {
        let receipt = mailer.send(message(&[to])).await.expect("accepted");
        inbox.settle().await;
        assert_eq!(fates(&receipt).await, [Some(fate)], "{to}");
    }
    assert_eq!(town.memory.received().len(), 2);
}

/// Who waits for a busy site for longer than its route is good goes by the new one.
#[tokio::test]
async fn a_route_is_not_gone_when_its_time_is_over() {
    let mut settings = Settings::default();
    settings.scheduler.max_attempts_per_site = 1;
    let (mailer, inbox, town) = town_with(settings).await;
    for domain in ["a.example", "b.example", "slow.example"] {
        town.leads(domain, |_| host("mx.slow.example").valid_for(5 * MINUTE));
    }
    mailer.send(message(&["first@slow.example"])).await.expect("accepted");
    inbox.settle().await;
    let alone = mailer.send(message(&["alone@a.example"])).await.expect("accepted");
    let both = mailer.send(message(&["one@a.example", "two@b.example"])).await.expect("accepted");
    inbox.settle().await;
    assert_eq!(town.asked.load(Ordering::Relaxed), 3);

    town.leads("a.example", |_| host("mx.new.example").valid_for(60 * MINUTE));
    town.leads("b.example", |_| host("mx.slow.example").valid_for(60 * MINUTE));
    inbox.advance(10 * MINUTE).await;
    town.permits.add_permits(10);
    inbox.advance(MINUTE).await;
    assert_eq!(fates(&alone).await, [Some(Fate::Delivered)]);
    assert_eq!(fates(&both).await, [Some(Fate::Delivered), Some(Fate::Delivered)]);
    let went = town.went();
    for (to, way) in [("alone@a.example", "mx.new.example"), ("one@a.example", "mx.new.example")] {
        assert!(went.contains(&(vec![to.to_owned()], way.to_owned())), "{went:?}");
    }
    assert!(went.contains(&(vec!["two@b.example".to_owned()], "mx.slow.example".to_owned())), "{went:?}");
    assert_eq!(went.len(), 4, "{went:?}");
}

/// An answer that must not be kept is used for those who asked for it, and by nobody later.
#[tokio::test]
async fn a_route_that_is_good_for_no_time_is_a_route() {
    let (mailer, inbox, town) = town().await;
    for (n, way) in ["mx1.example.net", "mx2.example.net"].into_iter().enumerate() {
        town.leads("example.org", |_| host(way).valid_for(Duration::ZERO));
        mailer.send(message(&["bob@example.org"])).await.expect("accepted");
        inbox.advance(MINUTE).await;
        assert_eq!(town.went().get(n), Some(&(vec!["bob@example.org".to_owned()], way.to_owned())));
    }
}

#[tokio::test]
async fn a_domain_whose_route_nobody_knows_takes_no_room_of_others() {
    let mut settings = Settings::default();
    (settings.scheduler.max_ready, settings.scheduler.max_ready_per_site) = (16, 8);
    let (mailer, inbox, town) = town_with(settings).await;
    for _ in 0..30 {
        mailer.send(message(&["bob@lost.example"])).await.expect("accepted");
    }
    for _ in 0..30 {
        mailer.send(message(&["eve@example.org"])).await.expect("accepted");
        inbox.settle().await;
    }
    assert_eq!(town.went().len(), 30);
    let asked = town.asked.load(Ordering::Relaxed);
    assert_eq!(asked, 2, "each domain once");
    let stopped = mailer.stop_within(Duration::from_secs(5));
    let (stopped, ()) = tokio::join!(stopped, inbox.advance(MINUTE));
    assert_eq!((stopped.finished, stopped.in_doubt, stopped.waiting), (0, 0, 30));
}
