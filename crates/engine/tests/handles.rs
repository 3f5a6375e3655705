//! The ends of a Mailer: stopped, stopped twice, and dropped.

use std::sync::Arc;
use std::time::Duration;

use posthaste_engine::{FeedbackErrorKind, Mailer};
use posthaste_message::Message;
use posthaste_queue::MemorySpool;
use posthaste_testkit::{TestMailer, VirtualClock, mailer};
use posthaste_transport::{Answer, Memory};
use posthaste_types::{EventId, Fate, Standing};

mod common;
use common::Hooked;

fn message(to: &str) -> Message {
    Message::builder().from("ada@news.example.com").to(to).subject("Your order").text("On its way.").build().expect("m")
}

/// A Mailer of which nobody else holds a handle, and what its engine holds.
async fn alone() -> (Mailer, VirtualClock, Arc<Memory>) {
    let (clock, memory) = (VirtualClock::new(), Arc::new(Memory::new()));
    let builder = Mailer::builder().spool(MemorySpool::new()).transport(memory.clone());
    (builder.clock(Arc::new(clock.clone())).start().await.expect("started"), clock, memory)
}

#[tokio::test]
async fn the_loop_ends_with_the_last_handle() {
    let (mailer, clock, memory) = alone().await;
    memory.plan(&"bob@example.org".parse().expect("an address"), [Answer::Hang]);
    let receipt = mailer.send(message("bob@example.org")).await.expect("accepted");
    clock.settle().await;
    drop(mailer);
    clock.settle().await;
    let standings = receipt.standings().await.expect("a receipt is a handle");
    assert!(matches!(standings.iter().next().expect("one").standing, Standing::Waiting(_)));
    drop((receipt, standings));
    clock.settle().await;
    assert_eq!(Arc::strong_count(&memory), 1, "nothing of the engine is left");
    assert_eq!(clock.sleepers(), 0, "nothing waits");
}

#[tokio::test]
async fn a_handle_does_not_print_who_is_mailed() {
    let (mailer, inbox) = mailer().await;
    inbox.hang("bob@example.org");
    let receipt = mailer.send(message("bob@example.org")).await.expect("accepted");
    inbox.settle().await;
    let printed = format!("{mailer:?} {receipt:?} {:?}", mailer.watch());
    assert!(!printed.contains("bob") && !printed.contains("example.org"), "{printed}");
    assert!(printed.contains("main"), "but which Mailer it is: {printed}");
}

#[tokio::test]
async fn who_follows_events_is_told_that_the_last_handle_is_gone() {
    let (mailer, clock, _memory) = alone().await;
    let (mut live, mut durable) = (mailer.watch().open(), mailer.events(EventId::START).open());
    let following = tokio::spawn(async move { (live.next().await.is_none(), durable.next().await) });
    clock.settle().await;
    drop(mailer);
    let (over, error) = following.await.expect("no panic");
    assert!(over);
    assert_eq!(error.expect_err("no more events").kind(), &FeedbackErrorKind::Stopped);
}

#[tokio::test]
async fn every_stop_waits_for_the_end_and_tells_it() {
    let (mailer, inbox) = mailer().await;
    inbox.defer("bob@example.org", "451 4.3.0 later", 1);
    mailer.send(message("bob@example.org")).await.expect("accepted");
    inbox.hang("eve@example.org");
    mailer.send(message("eve@example.org")).await.expect("accepted");
    inbox.settle().await;
    // A call that is given up, as by a timeout around it.
    let given_up = tokio::select! {
        biased;
        _ = mailer.stop_within(Duration::from_secs(10)) => false,
        () = inbox.settle() => true,
    };
    assert!(given_up);
    let again = mailer.clone();
    let second = tokio::spawn(async move { again.stop().await });
    inbox.settle().await;
    assert!(!second.is_finished(), "the attempt is under way");
    inbox.advance(Duration::from_secs(10)).await;
    let stopped = second.await.expect("no panic");
    assert_eq!((stopped.in_doubt, stopped.waiting), (1, 2), "the grace of the first call");
    assert_eq!(mailer.stop().await, stopped);
}

#[tokio::test]
async fn a_stop_goes_on_without_handles() {
    let (mailer, clock, memory) = alone().await;
    memory.plan(&"bob@example.org".parse().expect("an address"), [Answer::Hang]);
    let mut live = mailer.watch().open();
    mailer.send(message("bob@example.org")).await.expect("accepted");
    clock.settle().await;
    tokio::select! {
        biased;
        _ = mailer.stop_within(Duration::from_secs(10)) => {}
        () = clock.settle() => {}
    }
    drop(mailer);
    clock.advance(Duration::from_secs(10)).await;
    let mut last = None;
    while let Some(event) = live.next().await {
        last = Some(event.expect("in time"));
    }
    let last = serde_json::to_value(&*last.expect("events")).expect("json");
    assert_eq!(last["kind"], "deferred", "what the attempt had come to is settled: {last}");
}

/// Withdrawn while an attempt has it, and the process dies with the attempt: the next one does not try it again.
#[tokio::test]
async fn a_mail_that_was_withdrawn_stays_so_behind_a_crash() {
    let spool = Hooked::default();
    let start = || {
        let spool = spool.clone();
        TestMailer::new().with(|m| m.spool(spool)).start()
    };
    let (mailer, inbox) = start().await.expect("started");
    inbox.hang("bob@example.org");
    inbox.hang("eve@example.org");
    let withdrawn = mailer.send(message("bob@example.org")).await.expect("accepted");
    let other = mailer.send(message("eve@example.org")).await.expect("accepted");
    inbox.settle().await;
    let standings = mailer.cancel(withdrawn.id()).await.expect("cancelled").expect("known");
    assert!(!standings.all_ended(), "an attempt has it");
    let ids = [withdrawn.id(), other.id()];
    drop((withdrawn, other, mailer, inbox)); // no stop: as it is
    tokio::task::yield_now().await;

    let (mailer, inbox) = start().await.expect("started");
    inbox.advance(Duration::from_secs(2 * 3600)).await;
    let fate = async |id| {
        let receipt = mailer.receipt(id).await.expect("read").expect("known");
        receipt.standings().await.expect("standings").iter().next().and_then(|one| one.standing.fate())
    };
    assert_eq!([fate(ids[0]).await, fate(ids[1]).await], [Some(Fate::Cancelled), Some(Fate::Delivered)]);
    assert!(inbox.all_to("bob@example.org").is_empty(), "it is not tried again");
}
