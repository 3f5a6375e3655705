//! The Mailer with its real parts: a spool on disk, SMTP over loopback. Time alone is virtual, so that retries do not
//! last.

#![cfg(all(feature = "engine", feature = "mx", feature = "sqlite"))]
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use posthaste::{Event, EventId, EventKind, Fate, LiveEvents, Mailer, Message, Receipt, Relay, Sqlite, Standings, Via};
use posthaste_testkit::{Plan, TestReceiver, VirtualClock};
use tokio::sync::mpsc;

const ANN: &str = "ann@example.org";
const BOB: &str = "bob@example.org";
const EVE: &str = "eve@example.org";
const GREY: &str = "grey@example.org";

async fn mailer(folder: &Path, relay: SocketAddr, clock: &VirtualClock) -> Mailer {
    Mailer::builder()
        .spool(Sqlite::open(folder.join("mail.db")).unwrap())
        .transport(Relay::from_url(&format!("smtp://{relay}")).unwrap())
        .return_path("bounces.example.com")
        .clock(Arc::new(clock.clone()))
        .start()
        .await
        .unwrap()
}

fn letter(to: &[&str]) -> Message {
    let message = Message::builder().from("Ada <ada@example.com>").subject("Your order").text("It is on its way.");
    to.iter().fold(message, |message, to| message.to(*to)).build().unwrap()
}

fn fates(standings: &Standings) -> Vec<(&str, Fate)> {
    standings.iter().map(|one| (one.address.as_str(), one.standing.fate().unwrap())).collect()
}

/// Waits until as many recipients as that were deferred.
async fn deferred(events: &mut LiveEvents, recipients: usize) {
    let mut seen = 0;
    while seen < recipients {
        let event = events.next().await.unwrap().unwrap();
        seen += usize::from(matches!(event.kind, EventKind::Deferred { .. }));
    }
}

async fn all_events(mailer: &Mailer) -> Vec<Event> {
    let mut events = mailer.events(EventId::START).open();
    let mut all = Vec::new();
    while let Some(event) = events.try_next().await.unwrap() {
        all.push(event);
    }
    all
}

/// Longer than the longest first wait of the default schedule.
async fn retry(clock: &VirtualClock) {
    clock.advance(Duration::from_secs(10 * 60)).await;
}

#[tokio::test]
async fn each_recipient_comes_to_its_own_end_and_the_next_process_knows_it() {
    let (reports, mut came_back) = mpsc::unbounded_channel();
    let receiver = TestReceiver::builder().on_report(move |report| reports.send(report).unwrap()).start().await;
    receiver.plan(BOB, Plan::bounce("550 5.1.1 no such user"));
    receiver.plan(EVE, Plan::reply("550 5.1.1 no such user"));
    receiver.plan(GREY, Plan::Greylist { attempts: 1 });
    let (folder, clock) = (tempfile::tempdir().unwrap(), VirtualClock::new());
    let first = mailer(folder.path(), receiver.local_addr(), &clock).await;

    let mut events = first.watch().open();
    let receipt = first.send(letter(&[ANN, BOB, EVE, GREY])).once("order/4711").await.unwrap();
    deferred(&mut events, 1).await;
    assert_eq!(receiver.attempts(GREY).len(), 1);
    retry(&clock).await;
    let settled = receipt.settled().await.unwrap();
    let expected = [(ANN, Fate::Relayed), (BOB, Fate::Relayed), (EVE, Fate::Bounced), (GREY, Fate::Relayed)];
    assert_eq!(fates(&settled), expected);
    let refused = settled.refused().unwrap().advice();
    assert!(refused.as_str().contains("550 5.1.1 no such user"), "{refused}");

    // What was relayed comes back: by the return path it belongs to this mail, by its address to Bob.
    let report = came_back.recv().await.unwrap();
    let return_path = report.to.address().unwrap().clone();
    let ingested = first.ingest(&report.octets, Via::recipient(return_path)).await.unwrap();
    assert_eq!(ingested.reports.len(), 1, "{ingested:?}");
    assert_eq!((ingested.reports[0].mail, ingested.reports[0].recipient.as_str()), (receipt.id(), BOB));
    assert!(ingested.reports[0].suppressed.is_some());
    assert_eq!(first.stop().await.waiting, 0);

    let second = mailer(folder.path(), receiver.local_addr(), &clock).await;
    let same = second.receipt(receipt.id()).await.unwrap().unwrap();
    assert_eq!(same.standings().await.unwrap(), settled);
    let replay = second.send(letter(&[ANN, BOB, EVE, GREY])).once("order/4711").await.unwrap();
    assert!(replay.is_replay() && replay.id() == receipt.id());
    let next = second.send(letter(&[ANN, BOB, EVE, GREY])).await.unwrap().settled().await.unwrap();
    let expected = [(ANN, Fate::Relayed), (BOB, Fate::Suppressed), (EVE, Fate::Suppressed), (GREY, Fate::Relayed)];
    assert_eq!(fates(&next), expected);
    assert_eq!((receiver.attempts(BOB).len(), receiver.attempts(EVE).len()), (1, 1));

    // One end each, whatever happened, in the order in which it was written down.
    let events = all_events(&second).await;
    assert!(events.is_sorted_by(|one, next| one.id < next.id));
    for to in [ANN, BOB, EVE, GREY] {
        let is_end = |event: &&Event| {
            event.mail == Some(receipt.id())
                && event.recipient.as_ref().is_some_and(|recipient| recipient.as_str() == to)
                && matches!(event.kind, EventKind::Ended { .. })
        };
        assert_eq!(events.iter().filter(is_end).count(), 1, "{to}");
    }
    second.stop().await;
    receiver.stop().await;
}

#[tokio::test]
async fn what_waits_at_the_stop_is_delivered_by_the_next_process() {
    let receiver = TestReceiver::start().await;
    let address = receiver.local_addr();
    receiver.stop().await; // nobody listens
    let (folder, clock) = (tempfile::tempdir().unwrap(), VirtualClock::new());
    let first = mailer(folder.path(), address, &clock).await;
    let mut events = first.watch().open();
    let prepared = first.prepare(letter(&[ANN])).await.unwrap();
    let octets = prepared.mail().content().to_vec();
    let receipt: Receipt = first.send_prepared(prepared.clone()).await.unwrap();
    deferred(&mut events, 1).await;
    assert_eq!(first.stop().await.waiting, 1);

    let receiver = TestReceiver::builder().address(address).start().await;
    let second = mailer(folder.path(), address, &clock).await;
    // The application's own transaction did not know that the first one had taken it.
    assert!(second.send_prepared(prepared).await.unwrap().is_replay());
    retry(&clock).await;
    let receipt = second.receipt(receipt.id()).await.unwrap().unwrap();
    assert_eq!(fates(&receipt.settled().await.unwrap()), [(ANN, Fate::Relayed)]);
    assert_eq!(second.stop().await.waiting, 0);
    let arrived = receiver.received();
    assert_eq!(arrived.len(), 1);
    assert_eq!(arrived[0].octets, octets);
    receiver.stop().await;
}
