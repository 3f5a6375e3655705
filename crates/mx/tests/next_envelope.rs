//! RFC 2920 §3.1: the next mail's envelope behind the content of a mail whose answer is due.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::sync::Arc;
use std::time::Duration;

use posthaste_mx::Mx;
use posthaste_testkit::VirtualClock;
use posthaste_transport::{Attempt, Outcomes, Transport, TransportError, TransportErrorKind};
use posthaste_types::OutcomeKind::{self, Accepted, Deferred};
use support::{Peer, Script, attempt, kinds, mail, mx_with, texts};
use tokio::task::JoinHandle;

fn one_connection(peer: &Peer) -> Arc<Mx> {
    let zone = "example.org A 127.0.0.1";
    Arc::new(mx_with(zone, peer.port(), &VirtualClock::new(), |config| config.pool.connections = 1))
}

/// Begins a delivery to somebody, and lets it come as far as it can.
async fn begin(mx: &Arc<Mx>, to: &'static str) -> JoinHandle<OutcomeKind> {
    let mx = Arc::clone(mx);
    let task = tokio::spawn(async move { kinds(&mx.deliver(&Attempt::of(&mail(&[to]))).await.unwrap())[0] });
    tokio::task::yield_now().await;
    task
}

fn verbs(lines: &[String]) -> Vec<&str> {
    lines.iter().map(|line| line.get(..4).unwrap_or(line)).collect()
}

/// A peer that answers the first envelope and then nothing more.
fn silent_behind_the_content() -> Script {
    let answers = [("MAIL", "250 ok"), ("RCPT", "250 ok"), ("DATA", "354 go"), (".", "")];
    let silence = [("MAIL", ""), ("RCPT", ""), ("DATA", "")];
    answers.into_iter().chain(silence).fold(Script::new(), |script, (command, reply)| script.answer(command, reply))
}

#[tokio::test]
async fn never_content_or_quit_behind_an_unanswered_final_dot() {
    let peer = Peer::start(vec![silent_behind_the_content(), Script::new()]).await;
    let mx = one_connection(&peer);
    let (first, second) = (begin(&mx, "ada@example.org").await, begin(&mx, "bob@example.org").await);
    let third = begin(&mx, "eve@example.org").await;
    peer.wait_for(8).await;
    let expected = ["EHLO", "MAIL", "RCPT", "DATA", "(31 ", "MAIL", "RCPT", "DATA"];
    assert_eq!(verbs(&peer.heard()[0]), expected, "one envelope, and nothing behind it");
    assert!(peer.heard()[0][6].contains("bob@example.org"));
    // Whoever drives the connection goes away: the one behind goes over another one, once and whole.
    first.abort();
    assert_eq!((second.await.unwrap(), third.await.unwrap()), (Accepted, Accepted));
    assert_eq!(verbs(&peer.heard()[0])[..8], expected);
    let contents = peer.heard()[1].iter().filter(|line| line.starts_with('(') && line.ends_with("octets)")).count();
    assert_eq!((contents, peer.connections()), (2, 2));
}

/// Who has begun and goes away himself takes nobody's answer along, and the connection is not used again.
#[tokio::test]
async fn the_one_behind_goes_away() {
    let peer = Peer::start(vec![silent_behind_the_content(), Script::new()]).await;
    let mx = one_connection(&peer);
    let (first, second) = (begin(&mx, "ada@example.org").await, begin(&mx, "bob@example.org").await);
    peer.wait_for(8).await;
    second.abort();
    assert!(second.await.unwrap_err().is_cancelled());
    first.abort();
    assert_eq!(begin(&mx, "eve@example.org").await.await.unwrap(), Accepted);
    assert_eq!(peer.connections(), 2);
}

#[tokio::test]
async fn a_site_out_of_step_is_told_one_command_at_a_time() {
    let answers = [("MAIL", "250 ok"), ("RCPT", "250 ok"), ("DATA", "354 go"), (".", "250 taken"), ("MAIL", "354 go")];
    let out_of_step = answers.into_iter().fold(Script::new(), |script, (command, reply)| script.answer(command, reply));
    let peer = Peer::start(vec![out_of_step, Script::new().answer("MAIL", "")]).await;
    let mx = one_connection(&peer);
    let (first, second) = (begin(&mx, "ada@example.org").await, begin(&mx, "bob@example.org").await);
    assert_eq!((first.await.unwrap(), second.await.unwrap()), (Accepted, Deferred));
    let heard = peer.heard().concat().len();
    let later = begin(&mx, "eve@example.org").await;
    // EHLO and MAIL; the end of the first connection may be heard in between.
    peer.wait_for(heard + 2).await;
    while peer.connections() < 2 || peer.heard()[1].len() < 2 {
        tokio::task::yield_now().await;
    }
    assert_eq!(verbs(&peer.heard()[1]), ["EHLO", "MAIL"]);
    later.abort();
}

fn spawn(mx: &Arc<Mx>, attempt: &Attempt) -> JoinHandle<Result<Outcomes, TransportError>> {
    let (mx, attempt) = (Arc::clone(mx), attempt.clone());
    tokio::spawn(async move { mx.deliver(&attempt).await })
}

/// A peer that never answers the first MAIL, so that others wait for the connection.
fn silent_at_mail() -> Script {
    Script::new().ehlo("250 mx.example.org").answer("MAIL", "")
}

/// The mail behind begins before the one in front is answered, and its own content goes when it has the connection.
#[tokio::test]
async fn handed_over() {
    let peer = Peer::start(vec![Script::new()]).await;
    let mx = one_connection(&peer);
    let attempts = ["ada@example.org", "bob@example.org", "eve@example.org"].map(|to| attempt(&mail(&[to])).build());
    let tasks = attempts.each_ref().map(|attempt| spawn(&mx, attempt));
    for task in tasks {
        assert_eq!(kinds(&task.await.unwrap().unwrap()), [Accepted]);
    }
    assert_eq!(peer.connections(), 1);
    let contents = peer.heard()[0].iter().filter(|line| line.starts_with('(') && line.ends_with("octets)")).count();
    assert_eq!(contents, 3);
    for attempt in &attempts {
        assert_eq!(attempt.passages().len(), 1, "each knows what carried it");
    }
}

/// Withdrawn while it waits, it is never begun, and the one behind it takes its place.
#[tokio::test]
async fn withdrawn_while_it_waits() {
    let peer = Peer::start(vec![Script::new()]).await;
    let mx = one_connection(&peer);
    let [first, second, third] =
        ["ada@example.org", "bob@example.org", "eve@example.org"].map(|to| attempt(&mail(&[to])).build());
    let tasks = [&first, &second, &third].map(|attempt| spawn(&mx, attempt));
    tokio::task::yield_now().await;
    second.withdraw().unwrap();
    let [one, two, three] = tasks;
    assert_eq!(kinds(&one.await.unwrap().unwrap()), [Accepted]);
    assert_eq!(two.await.unwrap().unwrap_err().kind(), TransportErrorKind::Withdrawn);
    assert_eq!(kinds(&three.await.unwrap().unwrap()), [Accepted]);
    assert!(!peer.heard().concat().iter().any(|line| line.contains("bob@example.org")), "{:?}", peer.heard());
}

/// The connection dies behind the first content: who had begun behind it goes over another one.
#[tokio::test]
async fn lost_with_the_one_in_front() {
    let peer = Peer::start(vec![Script::new().answer(".", "(close)"), Script::new()]).await;
    let mx = one_connection(&peer);
    let [first, second] = ["ada@example.org", "bob@example.org"].map(|to| attempt(&mail(&[to])).build());
    let (one, two) = (spawn(&mx, &first), spawn(&mx, &second));
    assert_eq!(kinds(&one.await.unwrap().unwrap()), [OutcomeKind::InDoubt]);
    assert_eq!(kinds(&two.await.unwrap().unwrap()), [Accepted]);
    assert_eq!(peer.connections(), 2);
}

/// Out of time while it waits: busy if it was not begun; deferred, and never in doubt, if its envelope was on its way.
#[tokio::test]
async fn out_of_time_while_it_waits() {
    for (script, begun) in [(silent_at_mail(), false), (silent_behind_the_content(), true)] {
        let peer = Peer::start(vec![script]).await;
        let clock = VirtualClock::new();
        let mx =
            Arc::new(mx_with("example.org A 127.0.0.1", peer.port(), &clock, |config| config.pool.connections = 1));
        let first = begin(&mx, "ada@example.org").await;
        let waiting = attempt(&mail(&["bob@example.org"])).timeout(Duration::from_secs(5)).build();
        let waiting = spawn(&mx, &waiting);
        tokio::task::yield_now().await;
        peer.wait_for(if begun { 8 } else { 2 }).await;
        clock.advance(Duration::from_secs(5)).await;
        let result = waiting.await.unwrap();
        if begun {
            let outcomes = result.unwrap();
            assert_eq!(kinds(&outcomes), [Deferred]);
            assert!(texts(&outcomes)[0].contains("ran out of time"), "{outcomes:?}");
        } else {
            assert_eq!(result.unwrap_err().kind(), TransportErrorKind::Busy);
        }
        first.abort();
    }
}
