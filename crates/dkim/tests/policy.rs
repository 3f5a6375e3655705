//! Which domain signs which mail.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::sync::Arc;

use posthaste_dkim::{Dkim, DkimRecord, Reach, SigningPolicy, WithoutKey, check};
use posthaste_sign::contract::{self, SignFixture};
use posthaste_sign::{Malformed, Sign, SignErrorKind, Signs};
use posthaste_types::{Content, Domain};

use support::{AT, BY, Dns, content, ed25519, rsa};

fn signer(domain: &str) -> Dkim {
    Dkim::new(domain.parse().unwrap()).key("ed".parse().unwrap(), ed25519())
}

/// example.com and all below it, news.example.com by itself, shop.example alone; the platform beside all of them.
fn policy() -> SigningPolicy {
    SigningPolicy::new()
        .signer(signer("example.com").reach(Reach::DomainAndBelow))
        .signer(signer("news.example.com").reach(Reach::DomainAndBelow))
        .signer(signer("shop.example"))
        .signer(Dkim::new("keyless.example".parse().unwrap()))
        .beside(signer("platform.example"))
}

fn mail(from: &str) -> Content {
    content(&format!("From: {from}\r\n\r\nhi\r\n"))
}

fn domains(policy: &SigningPolicy, from: &str) -> Vec<String> {
    let fields = policy.sign_content(&mail(from), AT).unwrap();
    let domain = |field: &str| field.split(" d=").nth(1).unwrap().split(';').next().unwrap().to_owned();
    fields.iter().map(|field| domain(field.as_str())).collect()
}

#[test]
fn the_closest_domain_signs_and_the_platform_beside_it() {
    for (from, expected) in [
        ("a@example.com", &["example.com", "platform.example"][..]),
        ("a@b.example.com", &["example.com", "platform.example"]),
        ("a@news.example.com", &["news.example.com", "platform.example"]),
        ("a@x.news.example.com", &["news.example.com", "platform.example"]),
        ("a@shop.example", &["shop.example", "platform.example"]),
        ("a@shop.example, b@example.com", &["shop.example", "example.com", "platform.example"]),
        ("a@example.com, b@example.com", &["example.com", "platform.example"]),
        ("a@shop.example, b@elsewhere.example", &["shop.example", "platform.example"]),
    ] {
        assert_eq!(domains(&policy(), from), expected, "{from}");
    }
}

#[test]
fn mail_without_a_key_is_refused_or_leaves_unsigned() {
    let lenient = policy().without_key(WithoutKey::LeaveUnsigned);
    for from in ["a@elsewhere.example", "a@below.shop.example", "a@platform.example", "a@keyless.example"] {
        let error = policy().sign_content(&mail(from), AT).unwrap_err();
        let domain = Domain::parse(from.split_once('@').unwrap().1).unwrap();
        assert_eq!(*error.kind(), SignErrorKind::NoKey { from: domain.clone() });
        assert!(lenient.sign_content(&mail(from), AT).unwrap().is_empty());
        assert_eq!(lenient.signs_for(&domain), Signs::No);
    }
    // What is no message is refused in any case.
    let error = lenient.sign_content(&content("To: a@example.com\r\n\r\n"), AT).unwrap_err();
    assert!(matches!(error.kind(), SignErrorKind::Malformed { fault: Malformed::NoFrom, .. }));
}

#[test]
fn a_domain_has_one_signer() {
    let policy =
        policy().signer(signer("shop.example").key("two".parse().unwrap(), rsa())).beside(signer("shop.example"));
    assert_eq!(domains(&policy, "a@shop.example"), ["shop.example", "shop.example", "platform.example"]);
}

#[tokio::test]
async fn all_signatures_of_a_policy_verify() {
    let records: Vec<DkimRecord> =
        ["shop.example", "platform.example"].iter().flat_map(|domain| signer(domain).records().unwrap()).collect();
    let unsigned = mail("a@shop.example");
    let signed = unsigned.with_headers(&policy().sign_content(&unsigned, AT).unwrap());
    let results = check(&signed, &Dns::of(&records).0, AT, BY).await;
    assert!(results.len() == 2 && results.iter().all(|result| result.is_pass()), "{results:?}");
}

struct Fixture;

impl SignFixture for Fixture {
    fn signer(&self) -> Arc<dyn Sign> {
        Arc::new(policy())
    }

    fn from(&self) -> Domain {
        Domain::parse("x.news.example.com").unwrap()
    }

    fn stranger(&self) -> Option<Domain> {
        Domain::parse("elsewhere.example").ok()
    }
}

#[tokio::test]
async fn the_policy_holds_the_contract() {
    contract::check(&Fixture).await;
}
