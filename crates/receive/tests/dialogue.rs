//! The dialogue of RFC 5321 and RFC 2033, over sockets.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use posthaste_receive::{Receiver, ReceiverBuilder, TraceField};
use posthaste_testkit::VirtualClock;
use posthaste_types::{OriginalRecipient, ReversePath};
use std::sync::Arc;
use support::{Act, Client, Keeper, reply};

async fn bind(builder: ReceiverBuilder) -> Receiver {
    builder.hostname("mx.example.org".parse().unwrap()).bind(([127, 0, 0, 1], 0)).await.unwrap()
}

/// RFC 5321 Appendix D.1.
#[tokio::test]
async fn a_typical_session() {
    let keeper = Keeper::default();
    let receiver = bind(Receiver::builder(keeper.clone())).await;
    let mut client = Client::connect(&receiver).await;
    let greeting = client.reply().await;
    assert!(greeting.to_string().starts_with("220 mx.example.org "), "{greeting}");
    let hello = client.say("EHLO bar.example\r\n").await;
    assert!(hello.lines().any(|line| line == "PIPELINING"), "{hello:?}");
    assert_eq!(client.say("MAIL FROM:<smith@bar.example>\r\n").await.code(), 250);
    assert_eq!(client.say("RCPT TO:<jones@example.org>\r\n").await.code(), 250);
    assert_eq!(client.say("RCPT TO:<green@elsewhere.example>\r\n").await.code(), 550);
    assert_eq!(client.say("RCPT TO:<brown@example.org>\r\n").await.code(), 250);
    assert_eq!(client.say("DATA\r\n").await.code(), 354);
    assert_eq!(client.say("Subject: x\r\n\r\nBlah blah...\r\n..dot\r\n.\r\n").await.code(), 250);
    assert_eq!(client.say("QUIT\r\n").await.code(), 221);
    assert!(client.try_reply().await.is_none(), "the receiver closes");
    let kept = keeper.kept();
    assert_eq!(kept.len(), 1);
    assert_eq!(kept[0].as_sent, b"Subject: x\r\n\r\nBlah blah...\r\n.dot\r\n");
    assert_eq!(kept[0].envelope.from().to_string(), "<smith@bar.example>");
    let to: Vec<&str> = kept[0].envelope.to().iter().map(|to| to.address.as_str()).collect();
    assert_eq!(to, ["jones@example.org", "brown@example.org"]);
    assert_eq!(kept[0].session.hello(), "bar.example");
    assert!(kept[0].session.tls().is_none() && kept[0].session.authenticated().is_none());
    assert!(kept[0].session.peer().address.ip().is_loopback());
}

/// The default of the port: nothing is relayed.
#[tokio::test]
async fn a_handler_that_says_nothing_takes_nothing() {
    #[derive(Debug)]
    struct Silent;

    #[async_trait::async_trait]
    impl posthaste_receive::Handler for Silent {
        async fn message(
            &self,
            _: &posthaste_receive::Session,
            _: posthaste_receive::Incoming<'_>,
        ) -> Result<posthaste_receive::Verdicts, posthaste_receive::HandlerError> {
            unreachable!("no recipient was accepted")
        }
    }

    let receiver = bind(Receiver::builder(Silent)).await;
    let mut client = Client::greeted(&receiver).await;
    assert_eq!(client.say("MAIL FROM:<>\r\n").await.code(), 250);
    assert_eq!(client.say("RCPT TO:<postmaster@mx.example.org>\r\n").await.to_string(), "550 5.7.1 relaying denied");
    assert_eq!(client.say("DATA\r\n").await.code(), 503);
}

/// RFC 2920: commands in one write; the replies come in one write too, in order.
#[tokio::test]
async fn a_pipelined_session() {
    use tokio::io::AsyncReadExt as _;

    let keeper = Keeper::default();
    let receiver = bind(Receiver::builder(keeper.clone())).await;
    let mut client = Client::greeted(&receiver).await;
    client
        .send("MAIL FROM:<ada@example.com>\r\nRCPT TO:<bob@example.org>\r\nRCPT TO:<eve@example.net>\r\nDATA\r\n")
        .await;
    let mut buffer = [0; 4096];
    let len = client.stream.read(&mut buffer).await.unwrap();
    let replies: Vec<&str> = std::str::from_utf8(&buffer[..len]).unwrap().lines().map(|line| &line[..3]).collect();
    assert_eq!(replies, ["250", "250", "550", "354"], "all in one segment");
    client.send("\r\nfirst\r\n.\r\nMAIL FROM:<>\r\nRCPT TO:<bob@example.org>\r\nDATA\r\n").await;
    assert_eq!(client.codes(4).await, [250, 250, 250, 354]);
    client.send("\r\nsecond\r\n.\r\nQUIT\r\n").await;
    assert_eq!(client.codes(2).await, [250, 221]);
    let kept = keeper.kept();
    assert_eq!(kept.len(), 2);
    assert_eq!(kept[1].envelope.from(), &ReversePath::Null);
    assert_ne!(kept[0].fingerprint, kept[1].fingerprint);
}

/// However the octets are cut, the message is the same (and so is its fingerprint).
#[tokio::test]
async fn octets_that_come_one_by_one() {
    let keeper = Keeper::default();
    let receiver = bind(Receiver::builder(keeper.clone())).await;
    let dialogue = "MAIL FROM:<ada@example.com>\r\nRCPT TO:<bob@example.org>\r\nDATA\r\n";
    let message = "Subject: x\r\n\r\n..\r\n.\r\n";
    let mut whole = Client::greeted(&receiver).await;
    whole.send(dialogue).await;
    assert_eq!(whole.codes(3).await, [250, 250, 354]);
    assert_eq!(whole.say(message).await.code(), 250);
    let mut cut = Client::greeted(&receiver).await;
    for octet in dialogue.bytes() {
        cut.send([octet]).await;
    }
    assert_eq!(cut.codes(3).await, [250, 250, 354]);
    for octet in message.bytes() {
        cut.send([octet]).await;
    }
    assert_eq!(cut.reply().await.code(), 250);
    let kept = keeper.kept();
    assert_eq!(kept[0].as_sent, b"Subject: x\r\n\r\n.\r\n");
    assert_eq!(kept[0].fingerprint, kept[1].fingerprint, "RFC 1047: the same message again");
}

/// RFC 5321 §4.4, RFC 3848.
#[tokio::test]
async fn the_trace_field_stands_in_front() {
    let keeper = Keeper::default();
    let clock = Arc::new(VirtualClock::new());
    let receiver = bind(Receiver::builder(keeper.clone()).clock(clock)).await;
    for (hello, to, expected) in [
        (
            "EHLO client.example",
            &["bob@example.org"][..],
            "from client.example ([127.0.0.1])\r\n\tby mx.example.org with ESMTP",
        ),
        ("HELO [192.0.2.1]", &["bob@example.org"], "from [192.0.2.1] ([127.0.0.1])\r\n\tby mx.example.org with SMTP"),
        (
            "EHLO a)b(c",
            &["bob@example.org", "eve@example.org"],
            "from unknown ([127.0.0.1])\r\n\tby mx.example.org with ESMTP",
        ),
    ] {
        let mut client = Client::connect(&receiver).await;
        assert_eq!(client.reply().await.code(), 220);
        client.say(format!("{hello}\r\n")).await;
        client.data(to).await;
        assert_eq!(client.say("\r\nx\r\n.\r\n").await.code(), 250);
        let kept = keeper.kept().pop().unwrap();
        let octets = String::from_utf8(kept.octets).unwrap();
        let (field, rest) = octets.split_at(octets.len() - kept.as_sent.len());
        assert_eq!(rest.as_bytes(), kept.as_sent);
        assert!(field.starts_with(&format!("Received: {expected} id ")), "{field}");
        assert!(field.ends_with(";\r\n\tThu, 01 Jan 2026 12:00:00 +0000\r\n"), "{field}");
        assert_eq!(field.contains("\r\n\tfor <bob@example.org>;"), to.len() == 1, "{field}");
        assert!(field.lines().skip(1).all(|line| line.starts_with('\t')), "folded: {field}");
    }
}

#[tokio::test]
async fn without_the_trace_field_the_octets_are_the_client_s() {
    let keeper = Keeper::default();
    let receiver = bind(Receiver::builder(keeper.clone()).trace_field(TraceField::None)).await;
    let mut client = Client::greeted(&receiver).await;
    client.data(&["bob@example.org"]).await;
    let mut message = b"Subject: 8 bit \xff, a long line and a NUL\r\n\r\n\0".to_vec();
    message.extend([b'x'; 5000]);
    message.extend(b"\r\n");
    client.send(&message).await;
    assert_eq!(client.say(".\r\n").await.code(), 250);
    assert_eq!(keeper.kept()[0].octets, message);
}

/// RFC 3461: the parameters arrive in the envelope, where DSN is offered.
#[tokio::test]
async fn dsn_parameters_are_in_the_envelope() {
    let keeper = Keeper::default();
    let builder = Receiver::builder(keeper.clone());
    let receiver = bind(builder.configure(|config| config.session.dsn = posthaste_smtp::Offer::Yes)).await;
    let mut client = Client::greeted(&receiver).await;
    assert_eq!(client.say("MAIL FROM:<ada@example.com> RET=HDRS ENVID=QQ+2B1\r\n").await.code(), 250);
    let rcpt = "RCPT TO:<bob@example.org> NOTIFY=FAILURE,DELAY ORCPT=rfc822;bob@example.org\r\n";
    assert_eq!(client.say(rcpt).await.code(), 250);
    assert_eq!(client.say("DATA\r\n").await.code(), 354);
    assert_eq!(client.say("\r\n.\r\n").await.code(), 250);
    let envelope = keeper.kept().pop().unwrap().envelope;
    assert_eq!(envelope.envid().map(|id| id.as_str()), Some("QQ+1"));
    assert_eq!(envelope.ret(), Some(posthaste_types::Ret::Headers));
    assert_eq!(envelope.to()[0].original, OriginalRecipient::parse("rfc822;bob@example.org").ok());
    assert_eq!(envelope.to()[0].notify.to_string(), "FAILURE,DELAY");
}

/// RFC 2033 §4.2: an answer for each RCPT that was accepted, in their order, one named twice included.
#[tokio::test]
async fn lmtp_answers_for_each_recipient() {
    let keeper = Keeper {
        at_message: [
            ("full".to_owned(), Act::Say(reply("452 4.2.2 full"))),
            ("gone".to_owned(), Act::Say(reply("550 5.1.1 gone"))),
        ]
        .into(),
        ..Keeper::default()
    };
    let receiver = bind(Receiver::builder(keeper.clone()).lmtp()).await;
    let mut client = Client::connect(&receiver).await;
    assert_eq!(client.reply().await.code(), 220);
    assert_eq!(client.say("EHLO client.example\r\n").await.code(), 500);
    assert_eq!(client.say("LHLO client.example\r\n").await.code(), 250);
    client.data(&["bob@example.org", "full@example.org", "bob@example.org", "gone@example.org"]).await;
    client.send("\r\nx\r\n.\r\n").await;
    assert_eq!(client.codes(4).await, [250, 452, 250, 550]);
    let kept = keeper.kept().pop().unwrap();
    assert_eq!(kept.envelope.to().len(), 3, "each recipient once");
    assert!(String::from_utf8(kept.octets).unwrap().contains(" with LMTP id "));
}

/// SMTP has one reply for all: the strictest.
#[tokio::test]
async fn smtp_answers_with_the_strictest() {
    let say = |text: &str| Act::Say(reply(text));
    let keeper = Keeper {
        at_message: [("full".to_owned(), say("452 4.2.2 full")), ("gone".to_owned(), say("550 5.1.1 gone"))].into(),
        ..Keeper::default()
    };
    let receiver = bind(Receiver::builder(keeper)).await;
    let mut client = Client::greeted(&receiver).await;
    for (to, code) in [
        (&["bob@example.org"][..], 250),
        (&["bob@example.org", "full@example.org"], 452),
        (&["gone@example.org", "full@example.org", "bob@example.org"], 550),
    ] {
        client.data(to).await;
        assert_eq!(client.say("\r\nx\r\n.\r\n").await.code(), code, "{to:?}");
    }
}
