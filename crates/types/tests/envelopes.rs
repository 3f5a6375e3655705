//! Envelopes: RFC 5321 §2.3.1, RFC 3461, RFC 6531 §3.2; and that what is stored is checked when it is read.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use posthaste_types::{
    Address, Envelope, EnvelopeId, Notify, OriginalRecipient, ParseErrorKind, Recipient, RequireTls, Ret, ReversePath,
    Wanted,
};

fn address(text: &str) -> Address {
    text.parse().unwrap()
}

#[test]
fn at_least_one_recipient_and_none_twice() {
    let none: [Address; 0] = [];
    assert_eq!(Envelope::new(ReversePath::Null, none).unwrap_err().kind(), &ParseErrorKind::Empty);
    let envelope = Envelope::new(ReversePath::Null, ["a@x.org", "b@x.org", "a@X.org", "A@x.org"].map(address)).unwrap();
    let to: Vec<&str> = envelope.to().iter().map(|r| r.address.as_str()).collect();
    assert_eq!(to, ["a@x.org", "b@x.org", "A@x.org"], "the local part keeps its case");
    assert_eq!(envelope.subset(&[2, 0]).unwrap().to().len(), 2);
    assert_eq!(envelope.subset(&[7]), None);
    assert_eq!(envelope.subset(&[]), None);
}

#[test]
fn rfc6531_one_address_is_enough() {
    let envelope = |from: &str, to: &str| Envelope::new(address(from), [address(to)]).unwrap();
    assert!(!envelope("a@x.org", "b@bücher.example").needs_smtputf8(), "A-labels are ASCII");
    assert!(envelope("ä@x.org", "b@x.org").needs_smtputf8());
    assert!(envelope("a@x.org", "ö@x.org").needs_smtputf8());
}

#[test]
fn rfc3461_parameters() {
    let on = |success, failure, delay| Notify::On { success, failure, delay }.to_string();
    assert_eq!(on(Wanted::Yes, Wanted::No, Wanted::Yes), "SUCCESS,DELAY");
    assert_eq!((Notify::Never.to_string(), Notify::Default.to_string()), ("NEVER".into(), String::new()));
    let original = OriginalRecipient::parse("rfc822;bob+x@example.org").unwrap();
    assert_eq!((original.kind(), original.address()), ("rfc822", "bob+x@example.org"));
    for not in ["", ";", "rfc822", "rfc822;", ";a@b", "rfc 822;a@b", "rfc822;a b", "rfc822;a\r\n", "rfc_822;a"] {
        assert!(OriginalRecipient::parse(not).is_err(), "{not:?}");
    }
    for not in ["", "a b", "ä", "a\n", &"x".repeat(101)] {
        assert!(EnvelopeId::parse(not).is_err(), "{not:?}");
    }
}

#[cfg(feature = "serde")]
mod stored {
    use posthaste_types::{
        BounceClass, Cause, Ending, Event, EventKind, Evidence, EvidenceSource, Fate, Outcome, Reply, Stage, Tags,
        Text, Timestamp,
    };

    use super::*;

    #[test]
    fn an_envelope_is_read_back() {
        let mut recipient = Recipient::new(address("bob@example.org"));
        recipient.notify = Notify::On { success: Wanted::No, failure: Wanted::Yes, delay: Wanted::No };
        recipient.original = Some(OriginalRecipient::parse("rfc822;bob@example.org").unwrap());
        let envelope = Envelope::new(address("ada@example.com"), [recipient])
            .unwrap()
            .with_envid(EnvelopeId::parse("QQ314159").unwrap())
            .with_ret(Ret::Headers)
            .with_require_tls(RequireTls::Yes);
        let stored = serde_json::to_string(&envelope).unwrap();
        assert_eq!(serde_json::from_str::<Envelope>(&stored).unwrap(), envelope);
        let least: Envelope = serde_json::from_str(r#"{"from":"<>","to":[{"address":"a@x.org"}]}"#).unwrap();
        assert_eq!(least, Envelope::new(ReversePath::Null, [address("a@x.org")]).unwrap());
    }

    #[test]
    fn a_stored_envelope_passes_the_same_checks() {
        for stored in [
            r#"{"from":"<>","to":[]}"#,
            r#"{"from":"<>"}"#,
            r#"{"from":"a@x.org\r\nRCPT TO:<eve@x.org>","to":[{"address":"a@x.org"}]}"#,
            r#"{"from":"<>","to":[{"address":"a@x.org\u0000"}]}"#,
            r#"{"from":"<>","to":[{"address":"a b@x.org"}]}"#,
            r#"{"from":"<>","to":[{"address":"a@x.org","original":"rfc822;a\n"}]}"#,
            r#"{"from":"<>","to":[{"address":"a@x.org"}],"envid":"a b"}"#,
            r#"{"from":"<>","to":[{"address":"a@x.org"}],"ret":"all"}"#,
        ] {
            assert!(serde_json::from_str::<Envelope>(stored).is_err(), "{stored}");
        }
        let twice = r#"{"from":"<>","to":[{"address":"a@x.org"},{"address":"a@x.org"}]}"#;
        assert_eq!(serde_json::from_str::<Envelope>(twice).unwrap().to().len(), 1);
    }

    #[test]
    fn an_event_is_read_back_and_checked() {
        let reply = Reply::parse(b"550-5.1.1 no such\r\n550 5.1.1 user\r\n").unwrap();
        let cause = Cause::smtp(reply, Stage::Rcpt);
        let mut ending =
            Ending::new(Fate::Bounced, Timestamp::from_unix_secs(7), std::time::Duration::from_millis(1500), 1);
        ending.cause = Some(cause.clone());
        ending.evidence = vec![Evidence::new(EvidenceSource::Reply, "550 5.1.1\r\nno")];
        let mut tags = Tags::new();
        tags.insert("order", "4711").unwrap();
        for kind in [
            EventKind::Ended { ending },
            EventKind::Deferred {
                outcome: Outcome::deferred(cause.clone()),
                class: BounceClass::Greylist,
                evidence: vec![Evidence::new(EvidenceSource::Rule, "replies.toml")],
                next: Timestamp::from_unix_secs(9),
            },
            EventKind::InDoubt { outcome: Outcome::in_doubt(cause), next: Timestamp::from_unix_secs(9) },
            EventKind::Accepted { recipients: 1, message_id: "1@a".parse().ok(), size: 10 },
        ] {
            let mut event = Event::new(Timestamp::from_unix_secs(1), kind);
            event.recipient = Some(address("bob@example.org"));
            event.tags = tags.clone();
            event.passages = vec![Text::lossy("mx.example.org [192.0.2.25]:25, TLSv1_3; MTA-STS\r\nenforced")];
            let stored = serde_json::to_string(&event).unwrap();
            assert_eq!(serde_json::from_str::<Event>(&stored).unwrap(), event, "{stored}");
            let forged = stored.replace("bob@example.org", "bob@example.org\\nX");
            assert!(serde_json::from_str::<Event>(&forged).is_err());
        }
    }

    #[test]
    fn stored_tags_pass_the_same_checks() {
        let eleven: Vec<[String; 2]> = (0..11).map(|i| [format!("k{i}"), "v".into()]).collect();
        assert!(serde_json::from_value::<Tags>(serde_json::json!(eleven)).is_err());
        assert!(serde_json::from_value::<Tags>(serde_json::json!(eleven[..10])).is_ok());
        for pair in [["", "v"], ["k\n", "v"], ["k", "v\r"], ["k", &"v".repeat(257)]] {
            assert!(serde_json::from_value::<Tags>(serde_json::json!([pair])).is_err(), "{pair:?}");
        }
    }
}
