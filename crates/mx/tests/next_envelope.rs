//! RFC 2920 §3.1: the next mail's envelope behind the content of a mail whose answer is due.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::sync::Arc;
use std::time::Duration;

use posthaste_mx::Mx;
use posthaste_testkit::VirtualClock;
use posthaste_transport::{Attempt, Outcomes, Transport, TransportError, TransportErrorKind};
use posthaste_types::OutcomeKind::{self, Accepted, Deferred};
use support::{Peer, Script, attempt, kinds, mail, mx_with, texts, until};
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

/// A peer that takes one mail, and answers then as it is told to.
fn then(answers: &[(&str, &str)]) -> Script {
    let first = [("MAIL", "250 ok"), ("RCPT", "250 ok"), ("DATA", "354 go"), (".", "250 taken")];
    first.iter().chain(answers).fold(Script::new(), |script, (command, reply)| script.answer(command, reply))
}

/// The mail behind the one that showed it goes at once, over a new connection; and from now on one command at a time.
#[tokio::test]
async fn a_site_out_of_step_is_told_one_command_at_a_time() {
    let table: [(&str, &[(&str, &str)]); 4] = [
        ("another mail's answer", &[("MAIL", "354 go")]),
        (
            "the envelope was lost in part",
            &[("MAIL", "503 5.5.1 MAIL first"), ("RCPT", "503 5.5.1 MAIL first"), ("DATA", "")],
        ),
        ("a line was lost in part", &[("MAIL", "500 5.5.2 what"), ("RCPT", "503 5.5.1 MAIL first"), ("DATA", "")]),
        (
            "it was not understood",
            &[("MAIL", "502 5.5.1 what"), ("RCPT", "502 5.5.1 what"), ("DATA", "502 5.5.1 what")],
        ),
    ];
    for (what, answers) in table {
        let peer = Peer::start(vec![then(answers), then(&[("MAIL", "")])]).await;
        let mx = one_connection(&peer);
        let (first, second) = (begin(&mx, "ada@example.org").await, begin(&mx, "bob@example.org").await);
        assert_eq!((first.await.unwrap(), second.await.unwrap()), (Accepted, Accepted), "{what}");
        let later = begin(&mx, "eve@example.org").await;
        until(|| peer.heard()[1].len() >= 6).await;
        assert_eq!(verbs(&peer.heard()[1]), ["EHLO", "MAIL", "RCPT", "DATA", "(31 ", "MAIL"], "{what}");
        assert_eq!(peer.connections(), 2, "{what}");
        later.abort();
    }
}

/// Behind an envelope that was taken in part nothing is refused for good: its recipients are deferred.
#[tokio::test]
async fn a_recipient_that_was_not_understood() {
    for answers in [[("MAIL", "250 ok"), ("RCPT", "500 5.5.2 what")], [("RCPT", "250 ok"), ("DATA", "503 5.5.1 what")]]
    {
        let peer = Peer::start(vec![then(&answers)]).await;
        let mx = one_connection(&peer);
        let (first, second) = (begin(&mx, "ada@example.org").await, begin(&mx, "bob@example.org").await);
        assert_eq!((first.await.unwrap(), second.await.unwrap()), (Accepted, Deferred), "{answers:?}");
    }
    // Alone, the same words are the peer's answer.
    let peer = Peer::start(vec![then(&[("RCPT", "503 5.5.1 log in first"), ("DATA", "503 5.5.1 nobody")])]).await;
    let mx = one_connection(&peer);
    assert_eq!(begin(&mx, "ada@example.org").await.await.unwrap(), Accepted);
    assert_eq!(begin(&mx, "bob@example.org").await.await.unwrap(), OutcomeKind::Refused);
}

/// A peer that drops what came behind a content: it answers the content, and never the envelope behind it.
#[tokio::test]
async fn a_site_that_swallows_the_next_envelope() {
    let swallowing = then(&[("MAIL", ""), ("RCPT", ""), ("DATA", "")]);
    for in_time in [true, false] {
        let silent = [("MAIL", "")];
        let next = if in_time { then(&silent) } else { Script::new().answer("MAIL", "") };
        let peer = Peer::start(vec![swallowing.clone(), next]).await;
        let clock = VirtualClock::new();
        let mx = mx_with("example.org A 127.0.0.1", peer.port(), &clock, |config| config.pool.connections = 1);
        let mx = Arc::new(mx);
        let timeout = Duration::from_secs(if in_time { 600 } else { 60 });
        let [first, second] = ["ada@example.org", "bob@example.org"]
            .map(|to| spawn(&mx, &attempt(&mail(&[to])).timeout(timeout).build()));
        assert_eq!(kinds(&first.await.unwrap().unwrap()), [Accepted]);
        peer.wait_for(8).await;
        // As long as RFC 5321 §4.5.3.2.2 has MAIL wait.
        clock.advance(Duration::from_secs(300)).await;
        let expected = if in_time { Accepted } else { Deferred };
        until(|| second.is_finished()).await;
        assert_eq!(kinds(&second.await.unwrap().unwrap()), [expected]);
        let before = peer.heard().concat().len();
        let more = if in_time { 1 } else { 2 };
        let later = begin(&mx, "eve@example.org").await;
        peer.wait_for(before + more).await;
        until(|| peer.connections() == 2 && peer.heard()[1].last().is_some_and(|line| line.starts_with("MAIL"))).await;
        for _ in 0..64 {
            tokio::task::yield_now().await;
        }
        assert!(peer.heard()[1].last().unwrap().starts_with("MAIL"), "one command at a time: {:?}", peer.heard()[1]);
        later.abort();
    }
}

/// What the attempt's own time cuts off at once says nothing of the site.
#[tokio::test]
async fn a_short_silence_is_no_reason() {
    let peer = Peer::start(vec![then(&[("MAIL", ""), ("RCPT", ""), ("DATA", "")]), then(&[("MAIL", "")])]).await;
    let clock = VirtualClock::new();
    let mx = Arc::new(mx_with("example.org A 127.0.0.1", peer.port(), &clock, |config| config.pool.connections = 1));
    let [first, second] = ["ada@example.org", "bob@example.org"]
        .map(|to| spawn(&mx, &attempt(&mail(&[to])).timeout(Duration::from_secs(20)).build()));
    assert_eq!(kinds(&first.await.unwrap().unwrap()), [Accepted]);
    clock.advance(Duration::from_secs(20)).await;
    assert_eq!(kinds(&second.await.unwrap().unwrap()), [Deferred]);
    assert_eq!(begin(&mx, "eve@example.org").await.await.unwrap(), Accepted);
    let later = begin(&mx, "eve@example.org").await;
    until(|| peer.heard()[1].len() >= 8).await;
    assert_eq!(verbs(&peer.heard()[1])[5..], ["MAIL", "RCPT", "DATA"], "in groups");
    later.abort();
}

/// A connection from before the site was out of step is not used again.
#[tokio::test]
async fn connections_from_before() {
    let scripts = vec![then(&[]), Script::new().answer("MAIL", "354 go"), Script::new().answer("MAIL", "")];
    let peer = Peer::start(scripts).await;
    let mx = Arc::new(mx_with("example.org A 127.0.0.1", peer.port(), &VirtualClock::new(), |_| {}));
    let before = attempt(&mail(&["ada@example.org"])).awaits_record().build();
    assert_eq!(kinds(&mx.deliver(&before).await.unwrap()), [Accepted]);
    assert_eq!(begin(&mx, "bob@example.org").await.await.unwrap(), Deferred);
    before.recorded();
    let later = begin(&mx, "eve@example.org").await;
    until(|| peer.connections() == 3 && peer.heard()[2].len() >= 2).await;
    assert_eq!(verbs(&peer.heard()[2]), ["EHLO", "MAIL"]);
    later.abort();
}

/// RFC 9422 §4.3: whom the peer would not take in this session is told at once, to his own mail and not to the one in
/// front.
#[tokio::test]
async fn what_is_told_of_the_mail_behind() {
    let limits = Script::new().ehlo("250-mx.example.org\r\n250-PIPELINING\r\n250 LIMITS RCPTDOMAINMAX=2");
    let peer = Peer::start(vec![limits.answer("RCPT TO:<cid", "550 5.1.1 nobody")]).await;
    let mx = "MX 10 mx.example.org";
    let zone = format!("example.org {mx}\nexample.net {mx}\nexample.com {mx}\nmx.example.org A 127.0.0.1");
    let mx = mx_with(&zone, peer.port(), &VirtualClock::new(), |config| config.pool.connections = 1);
    let mx = Arc::new(mx);
    let first = attempt(&mail(&["ada@example.org", "bob@example.org", "cid@example.org"])).build();
    let second = attempt(&mail(&["ada@example.org", "bob@example.net", "cid@example.com"])).build();
    let (one, two) = (spawn(&mx, &first), spawn(&mx, &second));
    let (one, two) = (one.await.unwrap().unwrap(), two.await.unwrap().unwrap());
    assert_eq!(kinds(&one), [Accepted, Accepted, OutcomeKind::Refused], "{:?}", texts(&one));
    assert_eq!(kinds(&two), [Accepted, Accepted, Deferred], "{:?}", texts(&two));
    assert!(texts(&two)[2].contains("takes no further domain"), "{:?}", texts(&two));
    assert_eq!(peer.connections(), 1);
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
