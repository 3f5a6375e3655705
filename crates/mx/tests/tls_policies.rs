//! What each policy of the recipient's side makes of each fault of a certificate.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use posthaste_auth::tls_rpt::ResultType::{
    self, CertificateExpired, CertificateHostMismatch, CertificateNotTrusted, StartTlsNotSupported, TlsaInvalid,
    ValidationFailure,
};
use posthaste_testkit::TestReceiver;
use posthaste_transport::{Attempt, Transport};
use posthaste_types::OutcomeKind;
use support::policy::{Authority, Identity, World};
use support::{kinds, mail};

/// Whether the mail is accepted, and what is told.
type Expected = (bool, Option<ResultType>);

const FINE: Expected = (true, None);

const fn taken(kind: ResultType) -> Expected {
    (true, Some(kind))
}

const fn kept(kind: ResultType) -> Expected {
    (false, Some(kind))
}

const POLICIES: [&str; 8] =
    ["none", "testing", "enforce", "DANE-EE", "DANE-EE of another", "DANE-TA", "DANE-TA key", "unusable"];

/// Rows: the fault. Columns: the policies in their order.
fn table(ca: &Authority, other: &Authority) -> Vec<(&'static str, Option<Identity>, [Expected; 8])> {
    let host = "mx.example.org";
    let (mismatch, expired) = (CertificateHostMismatch, CertificateExpired);
    let (untrusted, wrong, no_tls) = (CertificateNotTrusted, ValidationFailure, StartTlsNotSupported);
    let unusable = taken(TlsaInvalid);
    vec![
        ("right", Some(ca.identity(host, false)), [FINE, FINE, FINE, FINE, kept(wrong), FINE, FINE, unusable]),
        (
            "wrong name",
            Some(ca.identity("mx.example.net", false)),
            [FINE, taken(mismatch), kept(mismatch), FINE, kept(wrong), kept(mismatch), kept(mismatch), unusable],
        ),
        (
            "expired",
            Some(ca.identity(host, true)),
            [FINE, taken(expired), kept(expired), FINE, kept(wrong), kept(expired), kept(expired), unusable],
        ),
        (
            "wrong authority",
            Some(other.identity(host, false)),
            [FINE, taken(untrusted), kept(untrusted), FINE, kept(wrong), kept(untrusted), kept(wrong), unusable],
        ),
        (
            "self-signed",
            Some(Identity::self_signed(host)),
            [FINE, taken(untrusted), kept(untrusted), FINE, kept(wrong), kept(untrusted), kept(wrong), unusable],
        ),
        (
            "no STARTTLS",
            None,
            [
                taken(no_tls),
                taken(no_tls),
                kept(no_tls),
                kept(no_tls),
                kept(no_tls),
                kept(no_tls),
                kept(no_tls),
                kept(no_tls),
            ],
        ),
    ]
}

fn publish(world: &World, policy: &str, shown: Option<&Identity>, ca: &Authority) {
    match policy {
        "testing" | "enforce" => world.sts("1", policy, "*.example.org"),
        "DANE-EE" => world.tlsa(3, 1, shown.map_or(b"none", |identity| &identity.public_key)),
        "DANE-EE of another" => world.tlsa(3, 0, &ca.der),
        "DANE-TA" => world.tlsa(2, 0, &ca.der),
        // Only the digest or key: the authority must stand in the chain that is shown.
        "DANE-TA key" => world.tlsa(2, 1, &ca.public_key),
        "unusable" => world.tlsa(1, 1, b"x"),
        _ => {}
    }
}

#[tokio::test]
async fn certificate_faults_by_policy() {
    let (ca, other) = (Authority::new("one"), Authority::new("another"));
    for (fault, identity, expected) in table(&ca, &other) {
        for (policy, (accepted, told)) in POLICIES.into_iter().zip(expected) {
            let builder = TestReceiver::builder();
            let builder = identity.iter().fold(builder, |builder, identity| builder.tls(identity.server()));
            let receiver = builder.start().await;
            let world = World::new(receiver.local_addr().port());
            publish(&world, policy, identity.as_ref(), &ca);
            let mx = world.mx(&ca);
            let outcomes = mx.deliver(&Attempt::of(&mail(&["bob@example.org"]))).await.unwrap();
            let kind = if accepted { OutcomeKind::Accepted } else { OutcomeKind::Deferred };
            assert_eq!(kinds(&outcomes), [kind], "{fault}, {policy}: {outcomes:?}");
            let results = world.told.take();
            let seen: Vec<_> = results.iter().map(|r| r.failure.as_ref().map(|failure| failure.kind)).collect();
            assert_eq!(seen, [told], "{fault}, {policy}: {results:?}");
            let arrived = receiver.drain();
            assert_eq!(arrived.len(), usize::from(accepted), "{fault}, {policy}");
            let in_clear = arrived.iter().any(|mail| mail.tls.is_none());
            assert_eq!(in_clear, accepted && fault == "no STARTTLS", "{fault}, {policy}");
            mx.close().await;
        }
    }
}

/// The words that a sender reads of why nothing was sent.
#[tokio::test]
async fn outcomes_say_which_policy_decided() {
    let ca = Authority::new("one");
    let receiver = TestReceiver::builder().tls(Identity::self_signed("mx.example.org").server()).start().await;
    let clear = TestReceiver::start().await;
    let cases = [
        (&receiver, "enforce", "demanded by MTA-STS (RFC 8461)"),
        (&receiver, "DANE-EE of another", "no TLSA record matches the certificate; demanded by DANE (RFC 7672)"),
        (&clear, "enforce", "STARTTLS is not offered; demanded by MTA-STS (RFC 8461)"),
        (&clear, "unusable", "STARTTLS is not offered; demanded by DANE (RFC 7672)"),
    ];
    for (receiver, policy, words) in cases {
        let world = World::new(receiver.local_addr().port());
        publish(&world, policy, None, &ca);
        let outcomes = world.mx(&ca).deliver(&Attempt::of(&mail(&["bob@example.org"]))).await.unwrap();
        let text = support::texts(&outcomes).remove(0);
        assert!(text.starts_with("deferred (TLS: ") && text.contains(words), "{policy}: {text}");
    }
}
