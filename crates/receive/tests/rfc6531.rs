//! RFC 6531: internationalized addresses, and how the trace field says so.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use posthaste_receive::Receiver;
use posthaste_smtp::AuthOffer;
use posthaste_testkit::TestCa;
use support::{Client, Keeper};

/// §4.3: the protocol in the `Received` field is UTF8SMTP, with A behind AUTH.
#[tokio::test]
async fn the_trace_field_names_utf8smtp() {
    let keeper = Keeper { user: Some(("ada".to_owned(), "secret".to_owned())), ..Keeper::default() };
    let builder = Receiver::builder(keeper.clone()).tls(TestCa::new().server_tls(&["mx.example.org"]));
    let receiver = builder.auth(AuthOffer::Anywhere).bind(([127, 0, 0, 1], 0)).await.unwrap();
    let mut client = Client::greeted(&receiver).await;
    for words in [" with UTF8SMTP id ", " with UTF8SMTPA id "] {
        assert_eq!(client.say("MAIL FROM:<ada@example.com> SMTPUTF8\r\n").await.code(), 250);
        assert_eq!(client.say("RCPT TO:<\u{e9}ve@example.org>\r\n").await.code(), 250);
        assert_eq!(client.say("DATA\r\n").await.code(), 354);
        assert_eq!(client.say("Subject: gr\u{fc}\u{df}e\r\n\r\n.\r\n").await.code(), 250);
        let kept = keeper.kept().pop().unwrap();
        assert_eq!(kept.envelope.to()[0].address.as_str(), "\u{e9}ve@example.org");
        assert_eq!(kept.as_sent, "Subject: gr\u{fc}\u{df}e\r\n\r\n".as_bytes());
        assert!(String::from_utf8_lossy(&kept.octets).contains(words), "{}", kept.octets.escape_ascii());
        client.say("AUTH PLAIN AGFkYQBzZWNyZXQ=\r\n").await; // ada and her password; the second one is out of turn
    }
}
