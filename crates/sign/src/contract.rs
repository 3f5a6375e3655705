//! The contract suite: what every [`Sign`] must hold, as code that anybody's signer can run.
//!
//! ```
//! use std::sync::Arc;
//!
//! use posthaste_sign::contract::{self, SignFixture};
//! use posthaste_sign::{FixedSigner, Sign};
//! use posthaste_types::{Domain, HeaderField};
//!
//! struct Fixture;
//!
//! impl SignFixture for Fixture {
//!     fn signer(&self) -> Arc<dyn Sign> {
//!         Arc::new(FixedSigner::new([HeaderField::parse("X-Stamp: 1").unwrap()]))
//!     }
//!     fn from(&self) -> Domain {
//!         Domain::parse("example.com").unwrap()
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! contract::check(&Fixture).await;
//! # }
//! ```

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;

use posthaste_types::{Content, Domain, HeaderField, Timestamp};

use crate::error::{SignError, SignErrorKind};
use crate::port::{Sign, Signs};

/// What the suite must know of the signer.
pub trait SignFixture {
    /// The signer, always the same one.
    fn signer(&self) -> Arc<dyn Sign>;

    /// A domain it has a key for.
    fn from(&self) -> Domain;

    /// A domain it has no key for; `None` if it signs whatever comes. With `None`, the clauses about From
    /// are not checked.
    fn stranger(&self) -> Option<Domain> {
        None
    }

    /// Whether equal inputs give equal octets, as Ed25519 and RSA PKCS #1 v1.5 do.
    fn determinism(&self) -> Determinism {
        Determinism::EqualOctets
    }
}

/// How far equal inputs give equal outputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Determinism {
    /// Octet for octet.
    EqualOctets,
    /// The algorithm is randomised: only the number and names of the fields are equal.
    EqualNames,
}

/// Checks every clause of the contract of [`Sign`].
///
/// # Panics
/// At the first clause that does not hold, naming it. A clause that the fixture makes impossible to show
/// is printed as skipped.
pub async fn check<F: SignFixture + ?Sized>(fixture: &F) {
    fields_stand_in_front(fixture).await;
    equal_inputs_give_equal_fields(fixture).await;
    calls_run_concurrently(fixture).await;
    dropping_leaves_no_trace(fixture).await;
    match fixture.stranger() {
        Some(stranger) => {
            strangers_are_refused(fixture, &stranger).await;
            no_from_is_malformed(fixture).await;
        }
        None => println!("skipped: the clauses about From, as the signer signs whatever comes"),
    }
}

/// At least one field, and what comes of it is canonical content that ends with the content signed.
async fn fields_stand_in_front<F: SignFixture + ?Sized>(fixture: &F) {
    let content = message(&fixture.from());
    let before = content.to_vec();
    let fields = sign(fixture, &content).await;
    assert!(!fields.is_empty(), "contract: a signer with a key gives a field");
    let signed = content.with_headers(&fields).to_vec();
    assert!(signed.ends_with(&before), "contract: the content is not changed");
    assert!(Content::from_canonical(signed).is_ok(), "contract: signed content is canonical");
    assert!(fixture.signer().signs_for(&fixture.from()) != Signs::No, "contract: signs_for agrees with sign");
}

async fn equal_inputs_give_equal_fields<F: SignFixture + ?Sized>(fixture: &F) {
    let content = message(&fixture.from());
    let once = sign(fixture, &content).await;
    same(fixture, &once, &sign(fixture, &content).await, "contract: equal inputs give equal fields");
    let (head, body) = halves(&fixture.from());
    let parts = [head, body].map(|part| Content::from_canonical(part).expect("the suite's own text is canonical"));
    let cut = Content::concat(&parts).expect("two parts");
    same(fixture, &once, &sign(fixture, &cut).await, "contract: how octets are cut makes no difference");
}

async fn calls_run_concurrently<F: SignFixture + ?Sized>(fixture: &F) {
    let signer = fixture.signer();
    let content = message(&fixture.from());
    let once = sign(fixture, &content).await;
    let calls = (0..8).map(|_| signer.sign(&content, AT)).collect();
    for result in all(calls).await {
        let fields = result.expect("contract: concurrent calls succeed");
        same(fixture, &once, &fields, "contract: concurrent calls do not disturb one another");
    }
}

async fn dropping_leaves_no_trace<F: SignFixture + ?Sized>(fixture: &F) {
    let signer = fixture.signer();
    let content = message(&fixture.from());
    let once = sign(fixture, &content).await;
    {
        let mut dropped = pin!(signer.sign(&content, AT));
        let polled_once = poll_fn(|cx| Poll::Ready(dropped.as_mut().poll(cx).is_ready())).await;
        if polled_once {
            println!("note: the signer ends at its first poll, so no call was dropped half-way");
        }
    }
    same(fixture, &once, &sign(fixture, &content).await, "contract: a dropped call leaves no trace");
}

async fn strangers_are_refused<F: SignFixture + ?Sized>(fixture: &F, stranger: &Domain) {
    let signer = fixture.signer();
    let error = signer.sign(&message(stranger), AT).await.expect_err("contract: no key, no signature");
    let kind = SignErrorKind::NoKey { from: stranger.clone() };
    assert_eq!(*error.kind(), kind, "contract: the error names the From domain");
    assert!(!error.is_transient(), "contract: a missing key is not transient");
    assert!(signer.signs_for(stranger) != Signs::Yes, "contract: signs_for agrees with sign");
}

async fn no_from_is_malformed<F: SignFixture + ?Sized>(fixture: &F) {
    for text in ["Subject: no From\r\n\r\nhi\r\n", "\r\nno header at all\r\n", "hi\r\n"] {
        let content = Content::from_canonical(text.into()).expect("the suite's own text is canonical");
        let error = fixture.signer().sign(&content, AT).await.expect_err("contract: no From, no signature");
        assert!(matches!(error.kind(), SignErrorKind::Malformed { .. }), "contract: {text:?} is malformed: {error}");
        assert!(!error.is_transient(), "contract: malformed content is not transient");
    }
}

async fn sign<F: SignFixture + ?Sized>(fixture: &F, content: &Content) -> Vec<HeaderField> {
    fixture.signer().sign(content, AT).await.expect("contract: a signer with a key signs")
}

fn same<F: SignFixture + ?Sized>(fixture: &F, a: &[HeaderField], b: &[HeaderField], clause: &str) {
    match fixture.determinism() {
        Determinism::EqualOctets => assert_eq!(a, b, "{clause}"),
        Determinism::EqualNames => {
            assert!(a.iter().map(HeaderField::name).eq(b.iter().map(HeaderField::name)), "{clause}");
        }
    }
}

fn halves(from: &Domain) -> (Vec<u8>, Vec<u8>) {
    let head = format!(
        "From: Ada <ada@{from}>\r\nTo: bob@example.org\r\nSubject: the contract\r\n\
         Date: Tue, 24 Nov 2026 09:41:44 +0000\r\nMessage-ID: <1@{from}>\r\nMIME-Version: 1.0\r\n\r\n"
    );
    (head.into(), b"It is on its way. \r\n\r\nAda\r\n\r\n".to_vec())
}

fn message(from: &Domain) -> Content {
    let (mut text, body) = halves(from);
    text.extend(body);
    Content::from_canonical(text).expect("the suite's own text is canonical")
}

type Call<'a> = Pin<Box<dyn Future<Output = Result<Vec<HeaderField>, SignError>> + Send + 'a>>;

/// Polls all calls in turn until the last has ended.
async fn all(mut calls: Vec<Call<'_>>) -> Vec<Result<Vec<HeaderField>, SignError>> {
    let mut results = Vec::with_capacity(calls.len());
    poll_fn(|cx| {
        calls.retain_mut(|call| match call.as_mut().poll(cx) {
            Poll::Ready(result) => {
                results.push(result);
                false
            }
            Poll::Pending => true,
        });
        if calls.is_empty() { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    results
}

const AT: Timestamp = Timestamp::from_unix_secs(1_790_000_000);
