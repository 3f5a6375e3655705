//! I4: no first command for whom the list forbids, wherever in the stack his mail waits.

use posthaste_layers::{Failover, Limits, Rate, Retry, Suppress, Throttle};
use posthaste_suppression::{Actor, Entry, MemoryStore, Reason, Scope, SuppressionStore, What};
use posthaste_types::{Clock, Timestamp};

use super::*;

fn entry(to: &str, at: Timestamp) -> Entry {
    Entry::new(What::address(&address(to)), Scope::Everything, Reason::Unsubscribe, Actor::System, at)
}

#[tokio::test]
async fn who_unsubscribes_while_his_mail_waits_for_its_turn_is_not_mailed() {
    let relay = Arc::new(Memory::relay());
    let (mailer, inbox) = mailer(|clock| {
        let one_a_minute = Rate::new(1.try_into().unwrap(), MINUTE);
        Throttle::new(relay.clone(), clock).overall(Limits::unlimited().rate(one_a_minute))
    })
    .await;
    let first = mailer.send(message(&["ada@example.org"])).await.unwrap();
    inbox.settle().await;
    let second = mailer.send(message(&["bob@example.org", "eve@example.org"])).await.unwrap();
    inbox.settle().await;
    mailer.suppress(entry("bob@example.org", mailer.now())).await.unwrap();
    inbox.advance(10 * MINUTE).await;
    assert_eq!(fates(&first).await, [Some(Fate::Relayed)]);
    assert_eq!(fates(&second).await, [Some(Fate::Suppressed), Some(Fate::Relayed)]);
    assert_eq!(["bob@example.org", "eve@example.org"].map(|to| taken(&relay, to)), [0, 1]);
}

/// The first relay hears of a mail and hangs up; before the next try he unsubscribes.
#[tokio::test]
async fn who_unsubscribes_between_two_tries_is_not_tried_again() {
    let [near, far] = [(); 2].map(|()| Arc::new(Memory::relay()));
    let (mailer, inbox) = mailer(|clock| {
        let tries = Retry::new(near.clone(), clock.clone()).waits(MINUTE, MINUTE);
        Failover::new(tries, clock).then(far.clone())
    })
    .await;
    near.plan(&address("bob@example.org"), vec![Answer::CutBefore; 3]);
    let receipt = mailer.send(message(&["bob@example.org"])).await.unwrap();
    inbox.advance(MINUTE / 2).await;
    mailer.suppress(entry("bob@example.org", mailer.now())).await.unwrap();
    inbox.advance(10 * MINUTE).await;
    assert_eq!(fates(&receipt).await, [Some(Fate::Suppressed)]);
    assert_eq!([&near, &far].map(|relay| taken(relay, "bob@example.org")), [0, 0]);
}

/// He unsubscribes while the first relay has heard of the mail and has not answered: the second hears nothing.
#[tokio::test]
async fn who_unsubscribes_while_one_relay_has_his_mail_is_not_mailed_by_another() {
    let [near, far] = [(); 2].map(|()| Arc::new(Memory::relay()));
    let (mailer, inbox) = mailer(|clock| {
        let first = posthaste_layers::Timeout::new(near.clone(), MINUTE, clock.clone());
        Failover::new(first, clock).then(far.clone())
    })
    .await;
    near.plan(&address("bob@example.org"), [Answer::Hang]);
    let receipt = mailer.send(message(&["bob@example.org"])).await.unwrap();
    inbox.advance(MINUTE / 2).await;
    mailer.suppress(entry("bob@example.org", mailer.now())).await.unwrap();
    inbox.advance(60 * MINUTE).await;
    assert_eq!(fates(&receipt).await, [Some(Fate::Suppressed)]);
    assert_eq!([&near, &far].map(|relay| taken(relay, "bob@example.org")), [0, 0]);
}

/// A second list, as a layer: it refuses, and what it says does not get onto the Mailer's own list.
#[tokio::test]
async fn a_list_of_its_own_refuses_and_leaves_the_mailer_s_alone() {
    let relay = Arc::new(Memory::relay());
    let list = Arc::new(MemoryStore::new());
    let (mailer, inbox) = mailer(|clock| Suppress::new(relay.clone(), list.clone(), clock)).await;
    list.put(entry("bob@example.org", inbox.clock().wall())).await.unwrap();
    let receipt = mailer.send(message(&["ada@example.org", "bob@example.org"])).await.unwrap();
    inbox.settle().await;
    assert_eq!(fates(&receipt).await, [Some(Fate::Relayed), Some(Fate::Bounced)]);
    assert_eq!(taken(&relay, "bob@example.org"), 0);
    assert!(mailer.suppressed(None, 10).await.unwrap().is_empty());
}
