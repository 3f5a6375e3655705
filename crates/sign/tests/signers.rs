//! Several signers as one, the fake, and the contract suite on both.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::error::Error;
use std::sync::Arc;

use posthaste_sign::contract::{self, SignFixture};
use posthaste_sign::{FixedSigner, Malformed, NoSigner, Sign, SignError, SignErrorKind, Signers, Signs};
use posthaste_types::{Content, Domain, HeaderField, Timestamp};

const AT: Timestamp = Timestamp::from_unix_secs(1_790_000_000);

fn stamp(text: &str) -> FixedSigner {
    FixedSigner::new([HeaderField::parse(&format!("X-Stamp: {text}")).unwrap()])
}

fn content() -> Content {
    Content::from_canonical(b"From: ada@example.com\r\n\r\nhi\r\n".to_vec()).unwrap()
}

fn domain() -> Domain {
    Domain::parse("example.com").unwrap()
}

#[derive(Debug)]
struct Fixture(Arc<dyn Sign>);

impl SignFixture for Fixture {
    fn signer(&self) -> Arc<dyn Sign> {
        self.0.clone()
    }

    fn from(&self) -> Domain {
        domain()
    }
}

#[tokio::test]
async fn the_fake_and_the_chain_hold_the_contract() {
    contract::check(&Fixture(Arc::new(stamp("1")))).await;
    contract::check(&Fixture(Arc::new(Signers::new().with(stamp("1")).with(stamp("2"))))).await;
    contract::check(&Fixture(Arc::new(Box::new(stamp("1"))))).await;
}

#[tokio::test]
#[should_panic(expected = "contract: a signer with a key gives a field")]
async fn the_suite_finds_a_signer_that_gives_nothing() {
    contract::check(&Fixture(Arc::new(NoSigner))).await;
}

#[tokio::test]
async fn all_signers_with_a_key_sign_in_order() {
    let no_key = FixedSigner::failing(SignError::no_key(domain()));
    let signers = Signers::new().with(stamp("1")).with(no_key).with(NoSigner).with(stamp("2"));
    let fields = signers.sign(&content(), AT).await.unwrap();
    let texts: Vec<&str> = fields.iter().map(HeaderField::as_str).collect();
    assert_eq!(texts, ["X-Stamp: 1\r\n", "X-Stamp: 2\r\n"]);
    assert_eq!(signers.signs_for(&domain()), Signs::Yes);
}

#[tokio::test]
async fn without_any_key_the_chain_says_so() {
    let signers = Signers::new().with(FixedSigner::failing(SignError::no_key(domain())));
    let error = signers.sign(&content(), AT).await.unwrap_err();
    assert_eq!(*error.kind(), SignErrorKind::NoKey { from: domain() });
    assert_eq!(error.to_string(), "not signed: no key for the From domain example.com");
    assert_eq!(signers.signs_for(&domain()), Signs::No);
    assert!(Signers::new().sign(&content(), AT).await.unwrap().is_empty());
}

#[tokio::test]
async fn one_failure_stops_the_chain() {
    let late = Arc::new(stamp("2"));
    let mut signers = Signers::new().with(stamp("1"));
    signers.push(Arc::new(FixedSigner::failing(SignError::unavailable("no route"))));
    signers.push(late.clone());
    let error = signers.sign(&content(), AT).await.unwrap_err();
    assert!(error.is_transient());
    assert_eq!(error.source().unwrap().to_string(), "no route");
    assert_eq!(late.calls(), 0);
}

#[test]
fn only_what_is_out_of_reach_is_transient() {
    let table = [
        (SignError::key("revoked"), false),
        (SignError::malformed(Malformed::NoFrom, 0), false),
        (SignError::no_key(domain()), false),
        (SignError::unavailable("no route"), true),
    ];
    for (error, transient) in table {
        assert_eq!(error.is_transient(), transient, "{error}");
    }
}
