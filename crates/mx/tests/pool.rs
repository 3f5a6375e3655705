//! Connections that are used again, and those that are not.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, OnceLock};
use std::task::Poll;
use std::time::Duration;

use posthaste_mx::Mx;
use posthaste_testkit::VirtualClock;
use posthaste_transport::{Attempt, Direction, TraceSink, Transport, TransportErrorKind};
use posthaste_types::{Cause, Clock as _, OutcomeKind};
use support::{Lines, Peer, Script, attempt, kinds, mail, mail_with, mx, mx_with, until};
use tokio::sync::Barrier;

const ZONE: &str = "example.org A 127.0.0.1\nexample.net A 127.0.0.1";

async fn deliver(mx: &Mx) -> OutcomeKind {
    kinds(&mx.deliver(&Attempt::of(&mail(&["bob@example.org"]))).await.unwrap())[0]
}

#[tokio::test]
async fn a_warm_connection_needs_no_word() {
    let peer = Peer::start(vec![Script::new()]).await;
    let mx = mx(ZONE, peer.port());
    for _ in 0..3 {
        assert_eq!(deliver(&mx).await, OutcomeKind::Accepted);
    }
    mx.close().await;
    mx.close().await;
    let commands: Vec<String> = peer.heard().concat().iter().map(|line| line.chars().take(4).collect()).collect();
    let mail = ["MAIL", "RCPT", "DATA", "(31 "];
    let expected = [&["EHLO"], &mail[..], &mail[..], &mail[..], &["QUIT"], &["(end"]].concat();
    peer.wait_for(expected.len()).await;
    assert_eq!(peer.heard().concat().len(), expected.len());
    assert_eq!(commands, &expected[..commands.len()]);
    assert_eq!(peer.connections(), 1);
}

#[tokio::test]
async fn a_refused_mail_is_reset_before_the_next() {
    let script = Script::new().answer("RCPT", "550 5.1.1 nobody").answer("DATA", "554 5.5.1 no recipients");
    let peer = Peer::start(vec![script]).await;
    let mx = mx(ZONE, peer.port());
    assert_eq!(deliver(&mx).await, OutcomeKind::Refused);
    assert_eq!(deliver(&mx).await, OutcomeKind::Accepted);
    assert_eq!((peer.connections(), peer.heard()[0][4].as_str()), (1, "RSET"));
}

#[tokio::test]
async fn messages_of_one_connection() {
    let peer = Peer::start(vec![Script::new()]).await;
    let mx = mx_with(ZONE, peer.port(), &VirtualClock::new(), |config| config.pool.messages = 2);
    for _ in 0..5 {
        assert_eq!(deliver(&mx).await, OutcomeKind::Accepted);
    }
    // EHLO, four words each mail, QUIT and the end of the two that are full.
    peer.wait_for(3 + 5 * 4 + 2 * 2).await;
    let mails = |lines: &Vec<String>| lines.iter().filter(|line| line.starts_with("MAIL")).count();
    assert_eq!(peer.heard().iter().map(mails).collect::<Vec<_>>(), [2, 2, 1]);
}

/// RFC 9422 §4.1: whoever takes one mail a session hears QUIT behind it (RFC 5321 §4.1.1.10).
#[tokio::test]
async fn mails_that_the_peer_takes_in_one_session() {
    let limits = "250-mx.example.org\r\n250-PIPELINING\r\n250 LIMITS MAILMAX=1";
    let peer = Peer::start(vec![Script::new().ehlo(limits)]).await;
    let mx = mx(ZONE, peer.port());
    for _ in 0..2 {
        assert_eq!(deliver(&mx).await, OutcomeKind::Accepted);
    }
    until(|| peer.heard().concat().len() >= 2 * 7).await;
    assert_eq!(peer.connections(), 2);
    for lines in peer.heard() {
        assert_eq!(lines[5..], ["QUIT", "(end)"]);
    }
}

#[tokio::test]
async fn idle_for_too_long() {
    let peer = Peer::start(vec![Script::new()]).await;
    let clock = VirtualClock::new();
    let mx = mx_with(ZONE, peer.port(), &clock, |config| config.pool.idle = Duration::from_secs(10));
    deliver(&mx).await;
    clock.advance(Duration::from_secs(9)).await;
    deliver(&mx).await;
    assert_eq!(peer.connections(), 1);
    clock.advance(Duration::from_secs(9)).await;
    assert_eq!(peer.heard()[0].len(), 9, "idle since the second mail");
    clock.advance(Duration::from_secs(2)).await;
    peer.wait_for(11).await;
    assert_eq!(peer.heard()[0][9..], ["QUIT", "(end)"]);
    deliver(&mx).await;
    assert_eq!(peer.connections(), 2);
    // The first idle connection was closed by a task, which must work a second time.
    clock.advance(Duration::from_secs(11)).await;
    peer.wait_for(18).await;
}

/// The peer closes what is idle, seen or unseen, with and without a word: the mail goes over a new connection, and
/// nobody learns of it.
#[tokio::test]
async fn a_dead_idle_connection() {
    let answers = ["(close)", "421 4.4.2 idle for too long"];
    for answer in answers {
        let dying = Script::new().answer("MAIL", "250 2.1.0 ok").answer("MAIL", answer);
        let peer = Peer::start(vec![dying, Script::new()]).await;
        let mx = mx(ZONE, peer.port());
        assert_eq!(deliver(&mx).await, OutcomeKind::Accepted);
        let lines = Arc::new(Lines::default());
        let attempt = attempt(&mail(&["bob@example.org"])).trace(lines.clone()).build();
        assert_eq!(kinds(&mx.deliver(&attempt).await.unwrap()), [OutcomeKind::Accepted], "{answer}");
        assert_eq!(peer.connections(), 2);
        assert!(lines.text().contains("*: it had ended; a new one"), "{}", lines.text());
    }
    // Closed behind the answer to the first mail: seen before the next.
    let peer = Peer::start(vec![Script::new().answer(".", "250 taken\r\n421 4.4.2 bye"), Script::new()]).await;
    let mx = mx(ZONE, peer.port());
    assert_eq!(deliver(&mx).await, OutcomeKind::Accepted);
    assert_eq!(deliver(&mx).await, OutcomeKind::Accepted);
    assert_eq!(peer.connections(), 2);
}

/// Once: if the new connection dies too, that is the outcome.
#[tokio::test]
async fn a_dead_connection_is_retried_once() {
    let dying = Script::new().answer("MAIL", "250 2.1.0 ok").answer("MAIL", "(close)");
    let peer = Peer::start(vec![dying, Script::new().answer("MAIL", "(close)")]).await;
    let mx = mx(ZONE, peer.port());
    assert_eq!(deliver(&mx).await, OutcomeKind::Accepted);
    assert_eq!(deliver(&mx).await, OutcomeKind::Deferred);
    assert_eq!(peer.connections(), 2);
}

/// What dies behind the content is in doubt, warm connection or not.
#[tokio::test]
async fn doubt_is_never_retried() {
    let dying = Script::new().answer(".", "250 2.0.0 taken").answer(".", "(close)");
    let peer = Peer::start(vec![dying]).await;
    let mx = mx(ZONE, peer.port());
    assert_eq!(deliver(&mx).await, OutcomeKind::Accepted);
    assert_eq!(deliver(&mx).await, OutcomeKind::InDoubt);
    assert_eq!(peer.connections(), 1);
}

#[tokio::test]
async fn connections_are_bounded_and_so_is_the_wait() {
    let peer = Peer::start(vec![Script::new()]).await;
    let clock = VirtualClock::new();
    let mx = Arc::new(mx_with(ZONE, peer.port(), &clock, |config| config.pool.connections = 3));
    let start = Arc::new(Barrier::new(20));
    let work: Vec<_> = (0..20)
        .map(|_| {
            let (mx, start) = (Arc::clone(&mx), Arc::clone(&start));
            tokio::spawn(async move {
                start.wait().await;
                deliver(&mx).await
            })
        })
        .collect();
    for task in work {
        assert_eq!(task.await.unwrap(), OutcomeKind::Accepted);
    }
    assert!(peer.connections() <= 3, "{}", peer.connections());

    let silent = Peer::start(vec![Script::new().ehlo("250 mx.example.org").answer("MAIL", "")]).await;
    let mx = Arc::new(mx_with(ZONE, silent.port(), &clock, |config| config.pool.connections = 1));
    let first = tokio::spawn({
        let mx = Arc::clone(&mx);
        async move { deliver(&mx).await }
    });
    silent.wait_for(2).await;
    let waiting = tokio::spawn(async move {
        let attempt = attempt(&mail(&["bob@example.org"])).timeout(Duration::from_secs(5)).build();
        mx.deliver(&attempt).await
    });
    clock.advance(Duration::from_secs(5)).await;
    assert_eq!(waiting.await.unwrap().unwrap_err().kind(), TransportErrorKind::Busy);
    first.abort();
}

/// Dropped at every step of a large content: no final dot leaves, and the connection is not used again.
#[tokio::test]
async fn dropped_at_every_await() {
    let octets = [b"Subject: large\r\n\r\n".to_vec(), b"0123456789abcdef0123456789\r\n".repeat(200_000)].concat();
    let large = mail_with(&["bob@example.org"], octets);
    let mut steps = 1;
    loop {
        let peer = Peer::start(vec![Script::new()]).await;
        let clock = VirtualClock::new();
        let mx = mx_with(ZONE, peer.port(), &clock, |_| {});
        let attempt = attempt(&large).build();
        let ended = polls(mx.deliver(&attempt), steps).await;
        let outcomes = match ended {
            Some(result) => {
                assert_eq!(kinds(&result.unwrap()), [OutcomeKind::Accepted]);
                break;
            }
            None => attempt.give_up(Cause::local("dropped")),
        };
        // A second mail shows what the peer has of the first; it comes over a connection of its own.
        assert_eq!(deliver(&mx).await, OutcomeKind::Accepted);
        mx.close().await;
        let whole = peer.heard().concat().iter().filter(|line| line.starts_with('(') && line.len() > 20).count();
        match kinds(&outcomes)[0] {
            OutcomeKind::InDoubt => {}
            kind => assert_eq!((kind, whole), (OutcomeKind::Deferred, 0), "after {steps} steps"),
        }
        assert!(clock.tick().since_start().is_zero());
        steps += 1;
    }
    assert!(steps > 5, "{steps}: the mail must take several steps");
}

/// Polls so often, and drops then.
async fn polls<T>(future: impl Future<Output = T>, most: usize) -> Option<T> {
    let mut future = pin!(future);
    let mut count = 0;
    std::future::poll_fn(|context| {
        if let Poll::Ready(value) = future.as_mut().poll(context) {
            return Poll::Ready(Some(value));
        }
        count += 1;
        if count >= most { Poll::Ready(None) } else { Poll::Pending }
    })
    .await
}

/// Withdraws its attempt as soon as the content may go.
#[derive(Debug, Default)]
struct WithdrawAtContent(OnceLock<Attempt>);

impl TraceSink for WithdrawAtContent {
    fn line(&self, direction: Direction, line: &str) {
        if direction == Direction::Received && line.starts_with("354") {
            assert!(self.0.get().unwrap().withdraw().is_err(), "it has begun");
        }
    }
}

/// Whom the peer takes in a further transaction alone is not mailed once that is forbidden.
#[tokio::test]
async fn a_further_transaction_is_asked_for() {
    for withdrawn in [true, false] {
        let script = Script::new().answer("RCPT TO:<bob", "452 4.5.3 too many");
        let peer = Peer::start(vec![script]).await;
        let mx = mx(ZONE, peer.port());
        let sink = Arc::new(WithdrawAtContent::default());
        let mut builder = attempt(&mail(&["ada@example.org", "bob@example.org"]));
        if withdrawn {
            builder = builder.trace(sink.clone());
        }
        let attempt = builder.build();
        sink.0.set(attempt.clone()).unwrap();
        let outcomes = mx.deliver(&attempt).await.unwrap();
        let (second, mails) = if withdrawn { (OutcomeKind::Deferred, 1) } else { (OutcomeKind::Accepted, 2) };
        assert_eq!(kinds(&outcomes), [OutcomeKind::Accepted, second], "{outcomes:?}");
        assert_eq!(deliver(&mx).await, OutcomeKind::Accepted);
        let heard = peer.heard().concat();
        assert_eq!(heard.iter().filter(|line| line.starts_with("MAIL")).count(), mails + 1, "{heard:?}");
        assert_eq!(peer.connections(), 1, "the connection is fine");
    }
}
