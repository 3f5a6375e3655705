//! A connection that ends at any octet: what is known of each recipient.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use posthaste_mx::{Relay, RelayConfig};
use posthaste_smtp::Pipelining;
use posthaste_testkit::VirtualClock;
use posthaste_transport::{Attempt, Outcomes, Transport, TransportError};
use posthaste_types::OutcomeKind::{self, Accepted, Deferred, InDoubt, Refused};
use std::sync::Arc;
use support::{Peer, Script, attempt, kinds, mail, mail_with, mx, mx_with};

const ZONE: &str = "example.org A 127.0.0.1";

/// What a peer sends: three recipients, of whom the second is refused.
fn script() -> Script {
    Script::new().answer("RCPT TO:<bob", "550 5.1.1 nobody")
}

/// Where in the octets that the peer sends it says the last of something.
fn positions(pipelined: bool) -> (usize, usize, usize, usize) {
    let greeting = "220 mx.example.org ESMTP\r\n".len();
    let ehlo =
        if pipelined { "250-mx.example.org\r\n250-PIPELINING\r\n250 8BITMIME\r\n" } else { "250 mx.example.org\r\n" };
    let mail = greeting + ehlo.len() + "250 2.0.0 ok\r\n".len();
    let bob = mail + "250 2.0.0 ok\r\n".len() + "550 5.1.1 nobody\r\n".len();
    let go = bob + "250 2.0.0 ok\r\n".len() + "354 go\r\n".len();
    (mail, bob, go, go + "250 2.0.0 taken\r\n".len())
}

#[tokio::test]
async fn cut_behind_every_octet_of_the_answers() {
    for pipelined in [true, false] {
        let (_, bob, go, end) = positions(pipelined);
        for cut in 0..=end {
            let mut script = script().cut(cut);
            if !pipelined {
                script = script.ehlo("250 mx.example.org");
            }
            let peer = Peer::start(vec![script]).await;
            let mx = mx(ZONE, peer.port());
            let mail = mail(&["ada@example.org", "bob@example.org", "eve@example.org"]);
            let outcomes = mx.deliver(&Attempt::of(&mail)).await.unwrap();
            let others = match cut {
                _ if cut < go => Deferred,
                _ if cut < end => InDoubt,
                _ => Accepted,
            };
            let second = if cut >= bob { Refused } else { Deferred };
            assert_eq!(
                kinds(&outcomes),
                [others, second, others],
                "pipelined: {pipelined}, cut at {cut}: {outcomes:?}"
            );
        }
    }
}

/// The peer stops reading and closes: in doubt only if it can have read the final dot.
#[tokio::test]
async fn deaf_behind_every_octet_of_the_commands() {
    let mut script = script();
    let peer = Peer::start(vec![script.clone()]).await;
    let mails = ["ada@example.org", "bob@example.org", "eve@example.org"];
    let whole = mx(ZONE, peer.port()).deliver(&Attempt::of(&mail(&mails))).await.unwrap();
    assert_eq!(kinds(&whole), [Accepted, Refused, Accepted]);
    // Each command with its line end, and the content with the dot of transparency and the final dot.
    let commands = peer.heard().concat();
    let before: usize = commands.iter().take_while(|line| !line.starts_with('(')).map(|line| line.len() + 2).sum();
    let content = b"Subject: hi\r\n\r\n..dot\r\nbody\r\n.\r\n".len();
    for limit in 1..before + content {
        script.deaf_after = Some(limit);
        let peer = Peer::start(vec![script.clone()]).await;
        let outcomes = mx(ZONE, peer.port()).deliver(&Attempt::of(&mail(&mails))).await.unwrap();
        // What was written and not read may have been read, for all that we know.
        let allowed: &[OutcomeKind] = if limit < before { &[Deferred] } else { &[InDoubt] };
        let kinds = kinds(&outcomes);
        assert!(allowed.contains(&kinds[0]) && allowed.contains(&kinds[2]), "deaf after {limit}: {outcomes:?}");
    }
}

/// A content that does not fit into the network's buffers: its end has not left when the peer goes.
#[tokio::test]
async fn cut_within_a_large_content_is_no_doubt() {
    let octets = [b"Subject: large\r\n\r\n".to_vec(), b"0123456789abcdef0123456789\r\n".repeat(1_000_000)].concat();
    let mail = mail_with(&["bob@example.org"], octets);
    let mut script = Script::new();
    script.deaf_after = Some(100_000);
    let peer = Peer::start(vec![script]).await;
    let outcomes = mx(ZONE, peer.port()).deliver(&Attempt::of(&mail)).await.unwrap();
    assert_eq!(kinds(&outcomes), [Deferred], "{outcomes:?}");
}

/// A peer that refuses the content before it is complete, and reads no more.
#[tokio::test]
async fn an_early_answer_is_read_while_the_content_waits() {
    let octets = [b"Subject: large\r\n\r\n".to_vec(), b"0123456789abcdef0123456789\r\n".repeat(1_000_000)].concat();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let peer = tokio::spawn(async move {
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut octets = vec![0; 65_536];
        for replies in ["220 hi\r\n", "250 hi\r\n", "250 ok\r\n", "250 ok\r\n", "354 go\r\n", "552 5.3.4 too big\r\n"] {
            if replies != "220 hi\r\n" {
                assert!(stream.read(&mut octets).await.unwrap() > 0);
            }
            stream.write_all(replies.as_bytes()).await.unwrap();
        }
        stream // kept open
    });
    let outcomes = mx(ZONE, port).deliver(&Attempt::of(&mail_with(&["bob@example.org"], octets))).await.unwrap();
    assert_eq!(support::texts(&outcomes), ["refused (552 5.3.4 too big)"]);
    drop(peer.await.unwrap());
}

/// The end of the attempt's time, with a peer that falls silent at each stage.
#[tokio::test]
async fn out_of_time_at_each_stage() {
    let (mail_at, bob, go, end) = positions(true);
    for (silent_after, expected) in
        [(0, Deferred), (5, Deferred), (mail_at, Deferred), (bob, Deferred), (go, InDoubt), (end - 1, InDoubt)]
    {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let clock = VirtualClock::new();
        let mx = mx_with(ZONE, port, &clock, |config| config.pipelining = Pipelining::Never);
        let replies = [
            "220 mx.example.org ESMTP\r\n",
            "250-mx.example.org\r\n250-PIPELINING\r\n250 8BITMIME\r\n",
            "250 2.0.0 ok\r\n",
            "250 2.0.0 ok\r\n",
            "550 5.1.1 nobody\r\n",
            "250 2.0.0 ok\r\n",
            "354 go\r\n",
            "250 2.0.0 taken\r\n",
        ];
        let peer = tokio::spawn(async move {
            use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
            let (mut stream, _) = listener.accept().await.unwrap();
            let (mut octets, mut left) = (vec![0; 65_536], silent_after);
            for (number, reply) in replies.into_iter().enumerate() {
                if number > 0 {
                    assert!(stream.read(&mut octets).await.unwrap() > 0);
                }
                let most = reply.len().min(left);
                stream.write_all(&reply.as_bytes()[..most]).await.unwrap();
                left -= most;
                if most < reply.len() {
                    break;
                }
            }
            // Now the clock may run: the client waits for what never comes.
            clock.advance(std::time::Duration::from_secs(60)).await;
            while stream.read(&mut octets).await.is_ok_and(|len| len > 0) {}
        });
        let mail = mail(&["ada@example.org", "bob@example.org", "eve@example.org"]);
        let attempt = attempt(&mail).timeout(std::time::Duration::from_secs(60)).build();
        let outcomes = mx.deliver(&attempt).await.unwrap();
        peer.await.unwrap();
        assert_eq!(kinds(&outcomes)[0], expected, "silent after {silent_after}: {outcomes:?}");
        assert!(support::texts(&outcomes)[0].contains("ran out of time"), "{outcomes:?}");
    }
}

fn is_unreachable(result: &Result<Outcomes, TransportError>) -> bool {
    result.as_ref().is_err_and(TransportError::is_transient)
}

/// LMTP answers for each recipient: those whose answer was read keep it.
#[tokio::test]
async fn lmtp_cut_between_the_answers() {
    let greeting = "220 mx.example.org ESMTP\r\n250-mx.example.org\r\n250-PIPELINING\r\n250 8BITMIME\r\n".len();
    let go = greeting + 3 * "250 2.0.0 ok\r\n".len() + "354 go\r\n".len();
    let first = "250 2.1.5 ada has it\r\n".len();
    for cut in 0..go + first + 10 {
        // The second answer comes with the first one: LMTP's peer here writes both as one.
        let script = Script::new().answer(".", "250 2.1.5 ada has it\r\n452 4.2.2 eve is full").cut(cut);
        let peer = Peer::start(vec![script]).await;
        let config = RelayConfig::from_url(&format!("lmtp://127.0.0.1:{}", peer.port())).unwrap();
        let relay = Relay::new(Arc::new(VirtualClock::new()), config).unwrap();
        let result = relay.deliver(&Attempt::of(&mail(&["ada@example.org", "eve@example.org"]))).await;
        if cut < greeting + "250 2.0.0 ok\r\n".len() {
            assert!(is_unreachable(&result), "{cut}: {result:?}");
            continue;
        }
        let expected = match cut {
            _ if cut < go => [Deferred, Deferred],
            _ if cut < go + first => [InDoubt, InDoubt],
            _ => [Accepted, InDoubt],
        };
        assert_eq!(kinds(&result.unwrap()), expected, "cut at {cut}");
    }
}

/// Two mails on one connection, the envelope of the second behind the content of the first.
#[tokio::test]
async fn cut_behind_every_octet_with_the_next_envelope_on_its_way() {
    let (_, bob, go, end) = positions(true);
    let mail_of_second = end + "250 2.0.0 ok\r\n".len();
    let go_of_second = mail_of_second + "250 2.0.0 ok\r\n354 go\r\n".len();
    let all = go_of_second + "250 2.0.0 taken\r\n".len();
    for cut in 0..=all {
        let peer = Peer::start(vec![script().cut(cut), Script::new()]).await;
        let mx = mx_with(ZONE, peer.port(), &VirtualClock::new(), |config| config.pool.connections = 1);
        let first = mail(&["ada@example.org", "bob@example.org", "eve@example.org"]);
        let second = mail(&["joe@example.org"]);
        let (first, second) = (Attempt::of(&first), Attempt::of(&second));
        let (first, second) = tokio::join!(mx.deliver(&first), mx.deliver(&second));
        let others = match cut {
            _ if cut < go => Deferred,
            _ if cut < end => InDoubt,
            _ => Accepted,
        };
        let refused = if cut >= bob { Refused } else { Deferred };
        assert_eq!(kinds(&first.unwrap()), [others, refused, others], "first, cut at {cut}");
        // As long as its MAIL has no answer, another connection takes it.
        let (expected, connections) = match cut {
            _ if cut < mail_of_second => (Accepted, 2),
            _ if cut < go_of_second => (Deferred, 1),
            _ if cut < all => (InDoubt, 1),
            _ => (Accepted, 1),
        };
        let second = second.unwrap();
        assert_eq!((kinds(&second)[0], peer.connections()), (expected, connections), "cut at {cut}: {second:?}");
    }
}

/// The same when the peer stops reading at any octet of what is written: the second mail is never in doubt while its
/// content has not gone.
#[tokio::test]
async fn deaf_behind_every_octet_with_the_next_envelope_on_its_way() {
    let to = ["ada@example.org", "bob@example.org", "eve@example.org"];
    let (first, second) = (mail(&to), mail(&["joe@example.org"]));
    // Up to its answer the first mail is whole on the wire; then comes the envelope of the second.
    let heard = {
        let peer = Peer::start(vec![script()]).await;
        mx(ZONE, peer.port()).deliver(&Attempt::of(&first)).await.unwrap();
        peer.heard().concat()
    };
    let before: usize = heard.iter().take_while(|line| !line.starts_with('(')).map(|line| line.len() + 2).sum();
    let content = b"Subject: hi\r\n\r\n..dot\r\nbody\r\n.\r\n".len();
    let envelope = b"MAIL FROM:<ada@example.com>\r\nRCPT TO:<joe@example.org>\r\nDATA\r\n".len();
    for limit in 1..before + content + envelope {
        // The answer to the content never comes, nor does one to what is behind it.
        let silence =
            [("MAIL", "250 2.0.0 ok"), ("DATA", "354 go"), (".", ""), ("MAIL", ""), ("RCPT TO:<joe", ""), ("DATA", "")];
        let mut deaf = silence.into_iter().fold(script(), |script, (command, reply)| script.answer(command, reply));
        deaf.deaf_after = Some(limit);
        let peer = Peer::start(vec![deaf, Script::new()]).await;
        let mx = mx_with(ZONE, peer.port(), &VirtualClock::new(), |config| config.pool.connections = 1);
        let (one, two) = (Attempt::of(&first), Attempt::of(&second));
        let (one, two) = tokio::join!(mx.deliver(&one), mx.deliver(&two));
        let (one, two) = (kinds(&one.unwrap()), kinds(&two.unwrap()));
        let others = if limit < before { Deferred } else { InDoubt };
        assert_eq!((one[0], one[2]), (others, others), "deaf after {limit}");
        assert!(matches!(one[1], Deferred | Refused), "deaf after {limit}: {one:?}");
        assert_eq!((two[0], peer.connections()), (Accepted, 2), "deaf after {limit}");
    }
}
