//! SMTP smuggling: a message ends with CRLF.CRLF and with nothing else (RFC 5321 §4.1.1.4).

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use posthaste_receive::Receiver;
use posthaste_smtp::BareLineEnds;
use support::{Client, Keeper};

/// What some server takes for an end of data, and no other.
const ENDS: [&str; 9] =
    ["\n.\n", "\n.\r\n", "\r\n.\n", "\r.\r", "\r\n.\r", "\r.\r\n", "\n.\r", "\r\n\r.\r\n", "\r\n.\r\r\n"];
const SECOND: &str =
    "MAIL FROM:<admin@example.org>\r\nRCPT TO:<victim@example.org>\r\nDATA\r\nFrom: admin\r\n\r\nforged\r\n.\r\n";

#[tokio::test]
async fn nothing_is_smuggled_by_default() {
    for end in ENDS {
        let keeper = Keeper::default();
        let receiver = Receiver::builder(keeper.clone()).bind(([127, 0, 0, 1], 0)).await.unwrap();
        let mut client = Client::greeted(&receiver).await;
        client.data(&["bob@example.org"]).await;
        client.send(format!("Subject: first\r\n\r\nharmless{end}{SECOND}\r\n.\r\n")).await;
        assert_eq!(client.reply().await.code(), 521, "{end:?}");
        assert!(client.try_reply().await.is_none(), "{end:?}: the session ends");
        assert!(keeper.kept().is_empty(), "{end:?}: {:?}", keeper.kept());
    }
}

/// The same, the octets cut in two at every place around the end of data that is none, and in a chunk of BDAT.
#[tokio::test]
async fn nothing_is_smuggled_at_any_split() {
    let keeper = Keeper::default();
    let receiver = Receiver::builder(keeper.clone()).configure(|config| config.max_connections_per_peer = 1000);
    let receiver = receiver.bind(([127, 0, 0, 1], 0)).await.unwrap();
    for end in ENDS {
        let tail = format!("harmless{end}{SECOND}\r\n.\r\n");
        let chunk = format!("harmless{end}");
        for cut in 8..=8 + end.len() + 3 {
            let mut client = Client::greeted(&receiver).await;
            client.data(&["bob@example.org"]).await;
            client.send(&tail[..cut]).await;
            tokio::task::yield_now().await;
            client.send(&tail[cut..]).await;
            assert_eq!(client.reply().await.code(), 521, "DATA {end:?} {cut}");
            assert!(client.try_reply().await.is_none(), "DATA {end:?} {cut}");

            let wire = format!("BDAT {} LAST\r\n{chunk}{SECOND}", chunk.len());
            let cut = wire.len() - SECOND.len() - chunk.len() + cut;
            let mut client = Client::greeted(&receiver).await;
            client.send("MAIL FROM:<ada@example.com>\r\nRCPT TO:<bob@example.org>\r\n").await;
            assert_eq!(client.codes(2).await, [250, 250]);
            client.send(&wire[..cut]).await;
            tokio::task::yield_now().await;
            // The session may be over by then.
            let _ = tokio::io::AsyncWriteExt::write_all(&mut client.stream, &wire.as_bytes()[cut..]).await;
            assert_eq!(client.reply().await.code(), 521, "BDAT {end:?} {cut}");
            assert!(client.try_reply().await.is_none(), "BDAT {end:?} {cut}");
        }
    }
    assert!(keeper.kept().is_empty(), "{:?}", keeper.kept());
}

#[tokio::test]
async fn where_bare_line_ends_are_taken_they_end_nothing() {
    for end in ENDS {
        let keeper = Keeper::default();
        let builder = Receiver::builder(keeper.clone());
        let builder = builder.configure(|config| config.session.bare_line_ends = BareLineEnds::Normalize);
        let receiver = builder.bind(([127, 0, 0, 1], 0)).await.unwrap();
        let mut client = Client::greeted(&receiver).await;
        client.data(&["bob@example.org"]).await;
        client.send(format!("Subject: first\r\n\r\nharmless{end}{SECOND}")).await;
        assert_eq!(client.reply().await.code(), 250, "{end:?}");
        assert_eq!(client.say("NOOP\r\n").await.code(), 250, "{end:?}");
        let kept = keeper.kept();
        assert_eq!(kept.len(), 1, "{end:?}");
        let text = String::from_utf8(kept[0].as_sent.clone()).unwrap();
        assert!(text.contains("MAIL FROM:<admin@example.org>"), "{end:?}: the second is text of the first: {text:?}");
        assert!(!text.replace("\r\n", "").contains(['\r', '\n']), "{end:?}: {text:?}");
    }
}

/// A command line with a bare LF: nothing behind it is read.
#[tokio::test]
async fn a_command_that_ends_with_lf_alone() {
    let keeper = Keeper::default();
    let receiver = Receiver::builder(keeper.clone()).bind(([127, 0, 0, 1], 0)).await.unwrap();
    let mut client = Client::greeted(&receiver).await;
    client.send(format!("NOOP\n{SECOND}")).await;
    assert_eq!(client.reply().await.code(), 521);
    assert!(client.try_reply().await.is_none());
    assert!(keeper.kept().is_empty());
}
