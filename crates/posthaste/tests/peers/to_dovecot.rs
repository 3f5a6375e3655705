//! Our client to Dovecot by LMTP (RFC 2033): an answer for each recipient.

use posthaste::{OutcomeKind, Transport};

use crate::real::Dovecot;
use crate::{Dialogue, in_front, kinds, large, mail, relay, sample};

const USERS: &[&str] = &["bob@example.org", "eve@example.org", "full@example.org"];

#[tokio::test]
async fn dovecot_answers_for_each_recipient() {
    let Some(dovecot) = Dovecot::start(USERS) else { return };
    let url = format!("lmtp://{}", dovecot.lmtp());
    deliver(&dovecot, &url).await;
}

#[tokio::test]
async fn dovecot_by_its_unix_socket() {
    let Some(dovecot) = Dovecot::start(USERS) else { return };
    let url = format!("lmtp:unix:{}", dovecot.lmtp_socket().display());
    deliver(&dovecot, &url).await;
}

async fn deliver(dovecot: &Dovecot, url: &str) {
    dovecot.block("full@example.org");
    let relay = relay(url);
    let to = ["bob@example.org", "nobody@example.org", "full@example.org", "eve@example.org"];
    for octets in [sample(), large()] {
        let dialogue = Dialogue::default();
        let outcomes = relay.deliver(&dialogue.of(&mail(&to, octets))).await.unwrap();
        let expected = [OutcomeKind::Accepted, OutcomeKind::Refused, OutcomeKind::Deferred, OutcomeKind::Accepted];
        assert_eq!(kinds(&outcomes), expected, "{outcomes:?}\n{}\n{}", dialogue.text(), dovecot.log());
        assert!(outcomes.iter().nth(1).unwrap().to_string().contains("5.1.1"), "{outcomes:?}");
    }
    relay.close().await;

    for user in ["bob@example.org", "eve@example.org"] {
        let stored = dovecot.stored(user);
        assert_eq!(stored.len(), 2, "{user}");
        for octets in [sample(), large()] {
            let copy = stored.iter().find(|copy| copy.ends_with(&octets)).expect("as it was sent");
            let front = in_front(copy, &octets);
            assert!(front.starts_with("Return-Path: <ada@example.com>\r\n") && front.contains("with LMTP"), "{front}");
        }
    }
}
