//! Everything at once, on several threads: sends, refusals, doubts, panics, suppressions and cancellations.

use std::collections::{BTreeMap, HashSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use posthaste_engine::{Mailer, Settings};
use posthaste_message::Message;
use posthaste_queue::MemorySpool;
use posthaste_suppression::{Actor, Entry, Reason, Scope, What};
use posthaste_testkit::{SeededRandom, VirtualClock};
use posthaste_transport::{Attempt, Capabilities, Outcomes, Route, RouteHost, Transport, TransportError};
use posthaste_types::{Address, Cause, Domain, EventId, EventKind, Fate, MailId, Outcome, Random, Reply, Stage};

const ADDRESSES: u64 = 60;

fn address(n: u64) -> Address {
    format!("r{n}@site{}.example", n % 7).parse().expect("an address")
}

/// Answers anything, and watches that nothing begins that must not.
#[derive(Debug)]
struct Wild {
    random: SeededRandom,
    /// Whom a suppression that has returned forbids, and what a cancellation that has returned ended.
    forbidden: Mutex<HashSet<Address>>,
    cancelled: Mutex<HashSet<MailId>>,
    /// How often a mail was taken for a recipient, and whether its answer was lost once.
    taken: Mutex<BTreeMap<(MailId, Address), (u32, u32)>>,
    violations: AtomicUsize,
}

impl Wild {
    fn dice(&self, sides: u64) -> u64 {
        let mut octets = [0; 8];
        self.random.fill(&mut octets);
        u64::from_le_bytes(octets) % sides
    }

    async fn dawdle(&self) {
        for _ in 0..self.dice(6) {
            tokio::task::yield_now().await;
        }
    }

    fn answer(&self, attempt: &Attempt, to: &Address) -> Outcome {
        let reply = |text: &[u8]| Outcome::from_reply(Reply::parse(text).expect("a reply"), Stage::Rcpt);
        let mut taken = self.taken.lock().expect("taken");
        let (copies, lost) = taken.entry((attempt.mail().id(), to.clone())).or_default();
        match self.dice(12) {
            0 => reply(b"550 5.1.1 no such user"),
            1 | 2 => reply(b"451 4.7.1 later"),
            3 => {
                *copies += 1;
                *lost += 1;
                Outcome::in_doubt(Cause::local("the answer is lost"))
            }
            _ => {
                *copies += 1;
                reply(b"250 2.0.0 OK")
            }
        }
    }
}

#[async_trait]
impl Transport for Wild {
    fn capabilities(&self) -> Capabilities {
        Capabilities::mx().tracks_progress()
    }

    async fn deliver(&self, attempt: &Attempt) -> Result<Outcomes, TransportError> {
        self.dawdle().await;
        match self.dice(40) {
            0 => return Err(TransportError::busy("no connection is free")),
            1 => return Err(TransportError::unreachable("nobody there")),
            2 => return Err(TransportError::misconfigured("a wrong password")),
            3 => panic!("a bug of the transport"),
            _ => {}
        }
        let forbidden = {
            let (forbidden, cancelled) = (self.forbidden.lock().expect("list"), self.cancelled.lock().expect("mails"));
            let to_forbidden = attempt.recipients().iter().any(|to| forbidden.contains(&to.address));
            to_forbidden || cancelled.contains(&attempt.mail().id())
        };
        attempt.start()?;
        self.violations.fetch_add(usize::from(forbidden), Ordering::Relaxed);
        self.dawdle().await;
        attempt.past_return()?;
        Ok(Outcomes::each(attempt, |to| self.answer(attempt, &to.address)))
    }

    async fn route(&self, to: &Domain) -> Result<Route, TransportError> {
        self.dawdle().await;
        match self.dice(10) {
            0 => Err(TransportError::unreachable("no answer")),
            _ => Ok(Route::to_hosts(vec![RouteHost::new(10, to.into())]).valid_for(Duration::from_secs(30))),
        }
    }
}

fn settings() -> Settings {
    let mut settings = Settings::default();
    (settings.scheduler.max_attempts, settings.scheduler.max_attempts_per_site) = (12, 3);
    (settings.scheduler.max_ready, settings.scheduler.max_ready_per_site) = (40, 12);
    settings.live_events = 1 << 16;
    settings.schedule.jitter_permille = 500;
    settings
}

async fn send(mailer: &Mailer, wild: &Wild, mails: usize) -> Vec<MailId> {
    let mut ids = Vec::new();
    for _ in 0..mails {
        let mut message = Message::builder().from("ada@news.example.com").subject("news").text("news");
        let first = wild.dice(ADDRESSES);
        for n in 0..=wild.dice(4) {
            message = message.to(address((first + n * 11) % ADDRESSES));
        }
        ids.push(mailer.send(message.build().expect("a message")).await.expect("accepted").id());
        wild.dawdle().await;
    }
    ids
}

async fn suppress(mailer: &Mailer, wild: &Wild, count: usize) {
    for _ in 0..count {
        for _ in 0..10 {
            wild.dawdle().await;
        }
        let to = address(wild.dice(ADDRESSES));
        let what = What::address(&to);
        let entry = Entry::new(what, Scope::Everything, Reason::Manual, Actor::System, mailer.now());
        mailer.suppress(entry).await.expect("put");
        wild.forbidden.lock().expect("list").insert(to);
    }
}

/// The endings of each recipient, by the log and as they were told live.
type Endings = BTreeMap<(MailId, Address), Vec<Fate>>;

fn note(endings: &mut Endings, event: &posthaste_types::Event) {
    if let (EventKind::Ended { ending }, Some(mail), Some(to)) = (&event.kind, event.mail, event.recipient.clone()) {
        endings.entry((mail, to)).or_default().push(ending.fate);
    }
}

async fn run(seed: u64) {
    let clock = VirtualClock::new();
    let wild = Arc::new(Wild {
        random: SeededRandom::new(seed),
        forbidden: Mutex::default(),
        cancelled: Mutex::default(),
        taken: Mutex::default(),
        violations: AtomicUsize::new(0),
    });
    let builder = Mailer::builder().spool(MemorySpool::new()).transport(wild.clone()).settings(settings());
    let mailer = builder.clock(Arc::new(clock.clone())).start().await.expect("started");
    let mut live = mailer.watch().finals().open();

    let senders = (0..3).map(|_| {
        let (mailer, wild) = (mailer.clone(), wild.clone());
        tokio::spawn(async move {
            let ids = send(&mailer, &wild, 60).await;
            for id in ids.iter().filter(|_| wild.dice(6) == 0) {
                mailer.cancel(*id).await.expect("cancelled");
                wild.cancelled.lock().expect("mails").insert(*id);
                wild.dawdle().await;
            }
            ids
        })
    });
    let senders: Vec<_> = senders.collect();
    let suppressing = tokio::spawn({
        let (mailer, wild) = (mailer.clone(), wild.clone());
        async move { suppress(&mailer, &wild, 15).await }
    });
    let mut ids = Vec::new();
    for sender in senders {
        ids.extend(sender.await.expect("no panic"));
    }
    suppressing.await.expect("no panic");
    for id in ids {
        let receipt = mailer.receipt(id).await.expect("an answer").expect("known");
        while !receipt.standings().await.expect("standings").all_ended() {
            clock.advance(Duration::from_secs(600)).await;
        }
    }
    let (mut told, mut logged) = (Endings::new(), Endings::new());
    let mut log = mailer.events(EventId::START).open();
    while let Some(event) = log.try_next().await.expect("events") {
        note(&mut logged, &event);
    }
    mailer.stop().await;
    while let Some(event) = live.next().await {
        note(&mut told, &event.expect("in time"));
    }
    assert_eq!(wild.violations.load(Ordering::Relaxed), 0, "seed {seed}: what must not begin began (I4)");
    assert!(logged.values().all(|fates| fates.len() == 1), "seed {seed}: one ending each (I1)");
    assert_eq!(told, logged, "seed {seed}: told as logged");
    for ((mail, to), (copies, lost)) in wild.taken.lock().expect("taken").iter() {
        let delivered = logged[&(*mail, to.clone())] == [Fate::Delivered];
        assert!(*copies <= lost + 1 && (!delivered || *copies > 0), "seed {seed}: {mail} {to}: {copies} copies (I3)");
        assert!(delivered || copies <= lost, "seed {seed}: {mail} {to}: taken, and not told so");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_invariants_hold_when_everything_happens_at_once() {
    for seed in 0..SEEDS {
        run(seed).await;
    }
}

const SEEDS: u64 = 16;
