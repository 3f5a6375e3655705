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
use posthaste_types::{Address, Content, Domain, Envelope, Mail, MailId, Outcome, OutcomeKind, Reply};

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

fn shared(memory: &Arc<Memory>) -> Arc<Memory> {
    Arc::clone(memory)
}
