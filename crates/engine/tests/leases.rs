//! A lease that nobody settled, because the spool did not take the settlement.

use std::sync::atomic::Ordering;
use std::time::Duration;

use posthaste_engine::{Mailer, Receipt};
use posthaste_message::Message;
use posthaste_testkit::{TestInbox, TestMailer};
use posthaste_types::{EventId, EventKind, Fate, Repeat};

mod common;
use common::Hooked;

const HOUR: Duration = Duration::from_secs(3600);

/// A mail that was delivered, which the spool does not know.
async fn unsettled() -> (Mailer, TestInbox, Receipt) {
    let spool = Hooked::default();
    let kept = spool.clone();
    let (mailer, inbox) = TestMailer::new().with(|m| m.spool(kept)).start().await.expect("started");
    spool.0.lost.store(1, Ordering::Relaxed);
    let message = Message::builder().from("ada@news.example.com").to("bob@example.org").text("hello").build();
    let receipt = mailer.send(message.expect("a message")).await.expect("accepted");
    inbox.settle().await;
    assert_eq!(inbox.all().len(), 1);
    assert!(!receipt.standings().await.expect("standings").all_ended());
    (mailer, inbox, receipt)
}

#[tokio::test]
async fn it_is_repeated_in_doubt_when_it_has_run_out() {
    let (mailer, inbox, receipt) = unsettled().await;
    inbox.advance(2 * HOUR).await;
    assert!(receipt.standings().await.expect("standings").all_delivered(), "without another start");
    assert_eq!(inbox.all().len(), 2);
    let mut events = mailer.events(EventId::START).open();
    let mut repeats = Vec::new();
    while let Some(event) = events.try_next().await.expect("events") {
        if let EventKind::Attempted { repeat, .. } = event.kind {
            repeats.push(repeat);
        }
    }
    assert_eq!(repeats, [Repeat::AfterDoubt], "and marked so");
}

#[tokio::test]
async fn its_mail_can_be_cancelled() {
    let (mailer, inbox, receipt) = unsettled().await;
    let standings = mailer.cancel(receipt.id()).await.expect("cancelled").expect("known");
    assert_eq!(standings.iter().next().expect("one").standing.fate(), Some(Fate::Cancelled));
    inbox.advance(2 * HOUR).await;
    assert_eq!(inbox.all().len(), 1, "no other attempt begins");
}
