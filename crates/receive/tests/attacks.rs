//! Clients that mean harm, at the socket: injection, slowness, impatience, obstinacy.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::sync::Arc;
use std::time::Duration;

use posthaste_receive::{Receiver, ReceiverConfig};
use posthaste_smtp::EarlyTalk;
use posthaste_testkit::{TestCa, VirtualClock};
use support::{Client, Keeper};
use tokio::io::AsyncReadExt as _;

async fn bind(keeper: &Keeper, change: impl FnOnce(&mut ReceiverConfig)) -> Receiver {
    Receiver::builder(keeper.clone()).configure(change).bind(([127, 0, 0, 1], 0)).await.unwrap()
}

async fn settle() {
    for _ in 0..200 {
        tokio::task::yield_now().await;
    }
}

/// The codes of all replies up to the end.
async fn all_codes(client: &mut Client) -> Vec<u16> {
    let mut codes = Vec::new();
    while let Some(reply) = client.try_reply().await {
        codes.push(reply.code());
    }
    codes
}

const INJECTED: &str = "EHLO evil.example\r\nMAIL FROM:<>\r\nRCPT TO:<bob@example.org>\r\nDATA\r\nx\r\n.\r\n";

/// RFC 3207 §6, cut at every octet: whatever stands in clear behind STARTTLS, none of it is executed.
#[tokio::test]
async fn starttls_command_injection_at_every_split() {
    let keeper = Keeper::default();
    let tls = TestCa::new().server_tls(&["mx.example.org"]);
    let receiver =
        Receiver::builder(keeper.clone()).tls(tls).configure(|config| config.max_connections_per_peer = 1000);
    let receiver = receiver.bind(([127, 0, 0, 1], 0)).await.unwrap();
    let wire = format!("STARTTLS\r\n{INJECTED}");
    for cut in 1..wire.len() {
        let mut client = Client::greeted(&receiver).await;
        client.send(&wire[..cut]).await;
        settle().await;
        // The receiver may have closed.
        let _ = tokio::io::AsyncWriteExt::write_all(&mut client.stream, &wire.as_bytes()[cut..]).await;
        let (mut heard, mut buffer) = (Vec::new(), [0; 1024]);
        while let Ok(len @ 1..) = client.stream.read(&mut buffer).await {
            heard.extend_from_slice(&buffer[..len]);
        }
        // At most "ready for TLS"; then an alert of TLS, or the end.
        let said = heard.strip_prefix(b"220 2.0.0 ready for TLS\r\n").unwrap_or(&heard);
        assert!(!said.starts_with(b"2") && !said.starts_with(b"3"), "{cut}: {}", String::from_utf8_lossy(said));
    }
    assert!(keeper.kept().is_empty());
}

/// One octet of a command each four minutes: the command's time is not prolonged by what comes.
#[tokio::test]
async fn slowloris_with_a_command() {
    let clock = VirtualClock::new();
    let builder = Receiver::builder(Keeper::default()).clock(Arc::new(clock.clone()));
    let receiver = builder.bind(([127, 0, 0, 1], 0)).await.unwrap();
    let mut client = Client::greeted(&receiver).await;
    client.send("M").await;
    settle().await;
    clock.advance(Duration::from_secs(240)).await;
    client.send("A").await;
    settle().await;
    clock.advance(Duration::from_secs(59)).await;
    assert_eq!(receiver.connections(), 1);
    clock.advance(Duration::from_secs(1)).await;
    assert_eq!(client.reply().await.code(), 421);
    assert!(client.try_reply().await.is_none());
}

/// Content at one octet a second is cut at the least rate; at 1,000 it goes on for hours.
#[tokio::test]
async fn slowloris_with_content() {
    for (begin, line, secs, is_cut) in [
        ("DATA\r\n", "x\r\n".to_owned(), 3, true),
        ("BDAT 10000000 LAST\r\n", "x\r\n".to_owned(), 3, true),
        ("DATA\r\n\r\n", format!("{}\r\n", "x".repeat(198)).repeat(50), 10, false),
    ] {
        let clock = VirtualClock::new();
        let builder = Receiver::builder(Keeper::default()).clock(Arc::new(clock.clone()));
        let receiver = builder.bind(([127, 0, 0, 1], 0)).await.unwrap();
        let mut client = Client::greeted(&receiver).await;
        client.send(format!("MAIL FROM:<>\r\nRCPT TO:<bob@example.org>\r\n{begin}")).await;
        assert_eq!(client.codes(2).await, [250, 250]);
        if begin.starts_with("DATA") {
            assert_eq!(client.reply().await.code(), 354);
        }
        let mut passed = 0;
        while receiver.connections() == 1 && passed < 1200 {
            let _ = tokio::io::AsyncWriteExt::write_all(&mut client.stream, line.as_bytes()).await;
            settle().await;
            clock.advance(Duration::from_secs(secs)).await;
            passed += secs;
        }
        if is_cut {
            assert!((300..=310).contains(&passed), "{begin:?} {passed} s");
            assert_eq!(all_codes(&mut client).await, [421]);
        } else {
            assert_eq!(client.say(".\r\n").await.code(), 250);
        }
    }
}

/// A client that reads no reply is let go of.
#[tokio::test]
async fn a_client_that_does_not_read() {
    let clock = VirtualClock::new();
    let builder = Receiver::builder(Keeper::default()).clock(Arc::new(clock.clone()));
    let receiver = builder.configure(|config| config.session.max_junk = u32::MAX).bind(([127, 0, 0, 1], 0)).await;
    let receiver = receiver.unwrap();
    let client = Client::greeted(&receiver).await;
    let noops = "NOOP\r\n".repeat(10_000);
    // Until neither side's buffers take any more.
    let mut refused = 0;
    while refused < 50 {
        match client.stream.try_write(noops.as_bytes()) {
            Ok(_) => refused = 0,
            Err(_) => refused += 1,
        }
        settle().await;
    }
    assert_eq!(receiver.connections(), 1);
    clock.advance(Duration::from_secs(303)).await;
    while receiver.connections() == 1 {
        tokio::task::yield_now().await;
    }
}

/// What is sent before the greeting ends the session, where it is so set.
#[tokio::test]
async fn early_talkers() {
    let keeper = Keeper::default();
    let receiver = bind(&keeper, |config| config.session.early_talk = EarlyTalk::Refuse).await;
    // Each of them talks before its turn but the last.
    for (first, second, codes) in [
        ("EHLO client.example\r\nMAIL FROM:<>\r\n", "", &[220, 554][..]),
        (
            "EHLO client.example\r\n",
            "MAIL FROM:<>\r\nRCPT TO:<bob@example.org>\r\nDATA\r\nx\r\n",
            &[220, 250, 250, 250, 554],
        ),
        (
            "EHLO client.example\r\n",
            "MAIL FROM:<>\r\nRCPT TO:<bob@example.org>\r\nQUIT\r\n",
            &[220, 250, 250, 250, 221],
        ),
    ] {
        let mut client = Client::connect(&receiver).await;
        let mut heard = vec![client.reply().await.code()];
        client.send(first).await;
        if !second.is_empty() {
            heard.push(client.reply().await.code());
            client.send(second).await;
        }
        heard.extend(all_codes(&mut client).await);
        assert_eq!(heard, codes, "{first:?} {second:?}");
    }
    assert!(keeper.kept().is_empty());
}

#[tokio::test]
async fn too_many_errors() {
    let receiver = bind(&Keeper::default(), |_| {}).await;
    let mut client = Client::greeted(&receiver).await;
    client.send("NONSENSE\r\n".repeat(1000)).await;
    let codes = all_codes(&mut client).await;
    assert_eq!(codes.iter().filter(|code| **code == 500).count(), 20);
    assert_eq!(codes.last(), Some(&421));
}

/// Commands that bring no mail nearer are free for a while.
#[tokio::test]
async fn too_much_junk() {
    for junk in ["NOOP\r\n", "RSET\r\n", "VRFY bob\r\n", "HELP\r\n", "EHLO again.example\r\n"] {
        let receiver = bind(&Keeper::default(), |_| {}).await;
        let mut client = Client::greeted(&receiver).await;
        client.send(junk.repeat(1000)).await;
        let codes = all_codes(&mut client).await;
        assert!((120..=125).contains(&codes.len()), "{junk:?}: {}", codes.len());
        assert_eq!(codes.last(), Some(&421), "{junk:?}");
    }
}

/// RFC 5321 §4.5.3.1.10: 452 for those beyond the limit, and mail for the others; a harvester is let go of.
#[tokio::test]
async fn too_many_recipients() {
    let keeper = Keeper::default();
    let change = |config: &mut ReceiverConfig| {
        (config.session.max_recipients, config.session.max_overshoot) = (100, 10);
    };
    let receiver = bind(&keeper, change).await;
    let recipients =
        |count: usize| (0..count).map(|n| format!("RCPT TO:<user{n}@example.org>\r\n")).collect::<String>();
    let mut client = Client::greeted(&receiver).await;
    client.send(format!("MAIL FROM:<>\r\n{}DATA\r\n", recipients(105))).await;
    let codes = client.codes(107).await;
    assert!(codes[..101].iter().all(|code| *code == 250) && codes[101..106].iter().all(|code| *code == 452));
    assert_eq!(codes[106], 354);
    assert_eq!(client.say("\r\nx\r\n.\r\n").await.code(), 250);
    assert_eq!(keeper.kept()[0].envelope.to().len(), 100);
    client.send(format!("MAIL FROM:<>\r\n{}", recipients(1000))).await;
    let codes = all_codes(&mut client).await;
    assert_eq!((codes.len(), codes.last()), (1 + 100 + 10 + 20 + 1, Some(&421)));
}

/// Each pattern of addresses that a relay might take: none is, by default, nor by a handler that takes one domain.
#[tokio::test]
async fn no_open_relay() {
    let receiver = bind(&Keeper::default(), |_| {}).await;
    for to in [
        "bob@elsewhere.example",
        "\"bob@elsewhere.example\"@other.example",
        "bob%elsewhere.example@other.example",
        "@example.org:bob@elsewhere.example",
        "bob@[127.0.0.1]",
        "elsewhere.example!bob@other.example",
    ] {
        let mut client = Client::greeted(&receiver).await;
        assert_eq!(client.say("MAIL FROM:<ada@example.org>\r\n").await.code(), 250);
        let code = client.say(format!("RCPT TO:<{to}>\r\n")).await.code();
        assert!((500..=599).contains(&code), "{to}: {code}");
        assert_eq!(client.say("DATA\r\n").await.code(), 503, "{to}");
    }
}

/// RFC 5321 §3.8: a transaction that is under way may end; its client begins no other, though it is pipelined.
#[tokio::test]
async fn a_stop_lets_no_transaction_begin() {
    let keeper = Keeper::default();
    let receiver = bind(&keeper, |_| {}).await;
    let mut client = Client::greeted(&receiver).await;
    client.data(&["bob@example.org"]).await;
    let next = "MAIL FROM:<>\r\nRCPT TO:<bob@example.org>\r\nDATA\r\n\r\nsecond\r\n.\r\n";
    let stopping = receiver.stop();
    let finishing = async {
        settle().await;
        client.send(format!("\r\nfirst\r\n.\r\n{next}")).await;
        assert_eq!(all_codes(&mut client).await, [250, 421]);
    };
    tokio::join!(stopping, finishing);
    assert_eq!(keeper.kept().len(), 1);
}
