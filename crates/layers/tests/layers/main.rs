//! The layers around other transports, in virtual time.

#![expect(clippy::unwrap_used, reason = "tests")]

mod contract;
mod failover;
mod hold;
mod no_duplicates;
mod retry;
mod route_by;
mod split;
mod suppress;
mod tee;
mod throttle;
mod trace;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use posthaste_transport::{
    Answer, Attempt, Capabilities, Memory, Outcomes, Progress, Route, RouteHost, Transport, TransportError,
};
use posthaste_types::{Address, Cause, Content, Domain, Envelope, Mail, MailId, Outcome, OutcomeKind, Reply};

use OutcomeKind::{Accepted, Deferred, InDoubt, Refused};

fn address(text: &str) -> Address {
    text.parse().unwrap()
}

fn mail_of(id: u8, to: &[&str]) -> Mail {
    let envelope = Envelope::new(address("ada@example.com"), to.iter().map(|to| address(to))).unwrap();
    let content = Content::from_canonical(b"Subject: hi\r\n\r\n".to_vec()).unwrap();
    Mail::new(MailId::from_bytes([id; 16]), envelope, content)
}

fn attempt(to: &[&str]) -> Attempt {
    timed(to, Duration::from_secs(600))
}

fn timed(to: &[&str], timeout: Duration) -> Attempt {
    Attempt::builder(mail_of(7, to)).progress(Progress::Tracked).timeout(timeout).build()
}

fn kinds(outcomes: &Outcomes) -> Vec<OutcomeKind> {
    outcomes.iter().map(Outcome::kind).collect()
}

fn reply(code: u16, text: &str) -> Answer {
    Answer::Reply(Reply::new(code, text).unwrap())
}

/// The recipients of each mail that was taken.
fn taken(memory: &Memory) -> Vec<Vec<String>> {
    let names = |to: &[Address]| to.iter().map(ToString::to_string).collect();
    memory.received().iter().map(|one| names(&one.to)).collect()
}

/// Two seconds and the like.
fn secs(n: u64) -> Duration {
    Duration::from_secs(n)
}

/// A memory whose route goes to one host, and that looks at the attempt it is given.
#[derive(Debug)]
struct Seen {
    memory: Memory,
    host: &'static str,
    look: fn(&Attempt),
}

impl Seen {
    fn new(look: fn(&Attempt)) -> Self {
        Self { memory: Memory::new(), host: "mx.example.org", look }
    }

    fn at(host: &'static str) -> Self {
        Self { memory: Memory::new(), host, look: |_| {} }
    }
}

#[async_trait]
impl Transport for Seen {
    fn capabilities(&self) -> Capabilities {
        self.memory.capabilities().idempotent().max_recipients(5)
    }

    async fn deliver(&self, attempt: &Attempt) -> Result<Outcomes, TransportError> {
        (self.look)(attempt);
        self.memory.deliver(attempt).await
    }

    async fn route(&self, _: &Domain) -> Result<Route, TransportError> {
        Ok(Route::to_hosts(vec![RouteHost::new(10, self.host.parse().unwrap())]))
    }
}

/// Takes everything, and counts its goodbyes.
#[derive(Clone, Debug, Default)]
struct Closes(Arc<std::sync::atomic::AtomicUsize>);

impl Closes {
    fn count(&self) -> usize {
        self.0.load(std::sync::atomic::Ordering::Relaxed)
    }
}

#[async_trait]
impl Transport for Closes {
    fn capabilities(&self) -> Capabilities {
        Capabilities::relay()
    }

    async fn deliver(&self, attempt: &Attempt) -> Result<Outcomes, TransportError> {
        Ok(Outcomes::all(attempt, Outcome::accepted(Cause::local("taken"))))
    }

    async fn close(&self) {
        self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    }
}

/// Never says goodbye to the end.
#[derive(Debug)]
struct NeverCloses;

#[async_trait]
impl Transport for NeverCloses {
    fn capabilities(&self) -> Capabilities {
        Capabilities::relay()
    }

    async fn deliver(&self, attempt: &Attempt) -> Result<Outcomes, TransportError> {
        Ok(Outcomes::all(attempt, Outcome::accepted(Cause::local("taken"))))
    }

    async fn close(&self) {
        std::future::pending().await
    }
}

#[tokio::test]
async fn one_goodbye_that_hangs_keeps_no_other_back() {
    let closed = Closes::default();
    let clock = Arc::new(posthaste_testkit::VirtualClock::new());
    let stacks: [Box<dyn Transport>; 2] = [
        Box::new(posthaste_layers::Failover::new(NeverCloses, clock).then(closed.clone())),
        Box::new(posthaste_layers::Split::new(NeverCloses, 1).and(closed.clone(), 1)),
    ];
    for (n, stack) in stacks.iter().enumerate() {
        tokio::select! {
            biased;
            () = stack.close() => panic!("one of them hangs"),
            () = std::future::ready(()) => {}
        }
        assert_eq!(closed.count(), n + 1);
    }
}

fn shared(memory: &Arc<Memory>) -> Arc<Memory> {
    Arc::clone(memory)
}
