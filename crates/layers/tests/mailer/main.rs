//! Stacks of layers under a Mailer, in virtual time: I1 (one ending a recipient), I3 (duplicates only behind a doubt) and
//! I4 (nothing begins behind a suppression's commit) hold with them as without.

#![expect(clippy::unwrap_used, reason = "tests")]

mod faults;
mod hold;
mod stack;
mod suppressed;
mod traced;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use posthaste_engine::{Mailer, Receipt};
use posthaste_message::Message;
use posthaste_testkit::{TestInbox, TestMailer, VirtualClock};
use posthaste_transport::{Answer, Memory, Transport};
use posthaste_types::{Address, Ending, EventId, EventKind, Fate, Reply};

const MINUTE: Duration = Duration::from_secs(60);

fn message(to: &[&str]) -> Message {
    let message = Message::builder().from("ada@news.example.com").subject("Your order").text("On its way.");
    to.iter().fold(message, |message, to| message.to(*to)).build().unwrap()
}

fn address(text: &str) -> Address {
    text.parse().unwrap()
}

fn reply(code: u16, text: &str) -> Answer {
    Answer::Reply(Reply::new(code, text).unwrap())
}

/// A Mailer that delivers through what `stack` makes on its clock.
async fn mailer<T: Transport + 'static>(stack: impl FnOnce(Arc<VirtualClock>) -> T) -> (Mailer, TestInbox) {
    let test = TestMailer::new();
    let transport = stack(Arc::new(test.clock()));
    test.with(|builder| builder.transport(transport)).start().await.unwrap()
}

async fn fates(receipt: &Receipt) -> Vec<Option<Fate>> {
    receipt.standings().await.unwrap().iter().map(|one| one.standing.fate()).collect()
}

/// How often a memory took mail for an address.
fn taken(memory: &Memory, to: &str) -> usize {
    let to = address(to);
    memory.received().iter().filter(|one| one.to.contains(&to)).count()
}

/// What the log says of one recipient of one mail.
#[derive(Debug, Default)]
struct Course {
    endings: Vec<Ending>,
    doubts: usize,
}

/// The course of each recipient; each is in one mail alone.
async fn courses(mailer: &Mailer) -> HashMap<String, Course> {
    let mut courses: HashMap<String, Course> = HashMap::new();
    let mut events = mailer.events(EventId::START).open();
    while let Some(event) = events.try_next().await.unwrap() {
        let Some(to) = &event.recipient else { continue };
        let course = courses.entry(to.to_string()).or_default();
        match event.kind {
            EventKind::Ended { ending } => course.endings.push(ending),
            EventKind::InDoubt { .. } => course.doubts += 1,
            _ => {}
        }
    }
    courses
}
