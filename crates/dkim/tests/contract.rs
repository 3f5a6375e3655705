//! The signer holds the contract of the signing port.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::sync::Arc;

use posthaste_dkim::{Dkim, Reach};
use posthaste_sign::contract::{self, SignFixture};
use posthaste_sign::{Malformed, Sign, SignErrorKind, Signs};
use posthaste_types::Domain;

use support::{AT, both, content, ed25519};

struct Fixture(Dkim, &'static str);

impl SignFixture for Fixture {
    fn signer(&self) -> Arc<dyn Sign> {
        Arc::new(self.0.clone())
    }

    fn from(&self) -> Domain {
        Domain::parse(self.1).unwrap()
    }

    fn stranger(&self) -> Option<Domain> {
        Domain::parse("example.com").ok()
    }
}

#[tokio::test]
async fn the_signer_holds_the_contract() {
    contract::check(&Fixture(both(), "news.example.com")).await;
    contract::check(&Fixture(both().reach(Reach::DomainAndBelow), "a.b.news.example.com")).await;
}

#[tokio::test]
async fn a_signer_without_keys_signs_nothing() {
    let signer = Dkim::new("news.example.com".parse().unwrap());
    let domain = Domain::parse("news.example.com").unwrap();
    assert_eq!(signer.signs_for(&domain), Signs::No);
    let error = signer.sign(&content("From: a@news.example.com\r\n\r\n"), AT).await.unwrap_err();
    assert_eq!(*error.kind(), SignErrorKind::NoKey { from: domain });
}

#[test]
fn the_from_domain_decides() {
    let exact = Dkim::new("example.com".parse().unwrap()).key("s".parse().unwrap(), ed25519());
    let below = exact.clone().reach(Reach::DomainAndBelow);
    for (from, by_exact, by_below) in [
        ("ada@example.com", true, true),
        ("Ada <ada@EXAMPLE.com>", true, true),
        ("ada@news.example.com", false, true),
        ("ada@notexample.com", false, false),
        ("\"ada@example.com\" <ada@evil.example>", false, false),
        ("ada@evil.example (ada@example.com)", false, false),
        ("ada@evil.example, bob@example.com", true, true),
    ] {
        let message = content(&format!("From: {from}\r\n\r\nhi\r\n"));
        for (signer, expected) in [(&exact, by_exact), (&below, by_below)] {
            let result = signer.sign_content(&message, AT);
            let no_key = result.as_ref().is_err_and(|error| matches!(error.kind(), SignErrorKind::NoKey { .. }));
            assert!(if expected { result.is_ok() } else { no_key }, "{from}: {result:?}");
        }
    }
}

#[test]
fn what_cannot_be_signed_says_what_and_where() {
    let long = format!("From: a@news.example.com\r\nX: {}", format!("{}\r\n ", "x".repeat(900)).repeat(1200) + "x\r\n");
    let cases: [(&str, Malformed, usize); 7] = [
        ("To: b@example.org\r\n\r\n", Malformed::NoFrom, 19),
        ("\r\nFrom: a@news.example.com\r\n", Malformed::NoFrom, 0),
        ("From: a@news.example.com\r\nfrom: a@news.example.com\r\n\r\n", Malformed::ManyFrom, 26),
        ("To: b@example.org\r\nFrom: undisclosed\r\n\r\n", Malformed::BadFrom, 19),
        ("From a@news.example.com Tue Nov 24 09:41:44 2026\r\nFrom: a@news.example.com\r\n", Malformed::BadHeader, 0),
        ("From: a@news.example.com\r\nno field\r\n\r\n", Malformed::BadHeader, 26),
        (&long, Malformed::HeaderTooLarge { limit: 1024 * 1024 }, 1024 * 1024),
    ];
    for (text, fault, at) in cases {
        let error = both().sign_content(&content(text), AT).unwrap_err();
        assert_eq!(*error.kind(), SignErrorKind::Malformed { fault, at }, "{:.60}", text);
    }
}
