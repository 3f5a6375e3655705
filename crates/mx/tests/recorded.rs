//! A connection takes the next message when what it delivered is written down: what a crash leaves in doubt is at most
//! one message a connection.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use posthaste_mx::{Relay, RelayConfig};
use posthaste_testkit::VirtualClock;
use posthaste_transport::{Attempt, Transport};
use posthaste_types::OutcomeKind::Accepted;
use std::sync::Arc;
use support::{Peer, Script, attempt, kinds, mail};

fn relay(peer: &Peer, connections: usize) -> Relay {
    let mut config = RelayConfig::from_url(&format!("smtp://{}", peer.address)).unwrap();
    config.pool.connections = connections;
    Relay::new(Arc::new(VirtualClock::new()), config).unwrap()
}

async fn deliver(relay: &Relay, attempt: &Attempt) {
    assert_eq!(kinds(&relay.deliver(attempt).await.unwrap()), [Accepted]);
}

/// How many mails each connection took.
fn mails(peer: &Peer) -> Vec<usize> {
    let mails = |lines: &Vec<String>| lines.iter().filter(|line| line.starts_with("MAIL")).count();
    peer.heard().iter().map(mails).collect()
}

#[tokio::test]
async fn a_second_mail_takes_another_connection_until_the_first_is_written_down() {
    let peer = Peer::start(vec![Script::new()]).await;
    let relay = relay(&peer, 2);
    let mail = mail(&["bob@example.org"]);
    let (first, second, third) = (attempt(&mail).awaits_record(), attempt(&mail).awaits_record(), attempt(&mail));
    let (first, second) = (first.build(), second.build());
    deliver(&relay, &first).await;
    deliver(&relay, &second).await;
    assert_eq!(mails(&peer), [1, 1]);
    first.recorded();
    deliver(&relay, &third.build()).await;
    assert_eq!(mails(&peer), [2, 1]);
}

#[tokio::test]
async fn with_one_connection_the_second_mail_waits() {
    let peer = Peer::start(vec![Script::new()]).await;
    let relay = Arc::new(relay(&peer, 1));
    let mail = mail(&["bob@example.org"]);
    let (first, second) = (attempt(&mail).awaits_record().build(), attempt(&mail).awaits_record().build());
    deliver(&relay, &first).await;
    let waiting = tokio::spawn({
        let (relay, second) = (Arc::clone(&relay), second.clone());
        async move { deliver(&relay, &second).await }
    });
    for _ in 0..64 {
        tokio::task::yield_now().await;
    }
    assert!(!waiting.is_finished());
    assert_eq!(mails(&peer), [1]);
    first.recorded();
    waiting.await.unwrap();
    assert_eq!(mails(&peer), [2]);
}

#[tokio::test]
async fn outside_a_queue_nothing_is_waited_for() {
    let peer = Peer::start(vec![Script::new()]).await;
    let relay = relay(&peer, 1);
    for _ in 0..3 {
        deliver(&relay, &Attempt::of(&mail(&["bob@example.org"]))).await;
    }
    assert_eq!(mails(&peer), [3]);
}

#[tokio::test]
async fn an_attempt_that_is_dropped_unwritten_gives_its_place_free() {
    let peer = Peer::start(vec![Script::new()]).await;
    let relay = relay(&peer, 1);
    let mail = mail(&["bob@example.org"]);
    let first = attempt(&mail).awaits_record().build();
    deliver(&relay, &first).await;
    drop(first);
    deliver(&relay, &Attempt::of(&mail)).await;
    assert_eq!(mails(&peer), [1, 1]);
}
