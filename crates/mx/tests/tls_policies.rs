//! What each policy of the recipient's side makes of each fault of a certificate.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use posthaste_auth::tls_rpt::ResultType::{
    self, CertificateExpired, CertificateHostMismatch, CertificateNotTrusted, StartTlsNotSupported, TlsaInvalid,
    ValidationFailure,
};
use posthaste_dns::RecordKind;
use posthaste_testkit::TestReceiver;
use posthaste_transport::{Attempt, TlsPolicy, Transport};
use posthaste_types::OutcomeKind;
use support::policy::{Authority, Identity, Valid, World};
use support::{attempt, kinds, mail};

/// Whether the mail is accepted, and what is told.
type Expected = (bool, Option<ResultType>);

const FINE: Expected = (true, None);

const fn taken(kind: ResultType) -> Expected {
    (true, Some(kind))
}

const fn kept(kind: ResultType) -> Expected {
    (false, Some(kind))
}

const POLICIES: [&str; 10] = [
    "opportunistic",
    "encrypted",
    "verified",
    "testing",
    "enforce",
    "DANE-EE",
    "DANE-EE of another",
    "DANE-TA",
    "DANE-TA key",
    "unusable",
];

/// Rows: the fault. Columns: the policies in their order.
fn table() -> Vec<(&'static str, Option<Identity>, Authority, [Expected; 10])> {
    let (host, other) = ("mx.example.org", Authority::new("another"));
    let (mismatch, expired) = (CertificateHostMismatch, CertificateExpired);
    let (untrusted, wrong, no_tls) = (CertificateNotTrusted, ValidationFailure, StartTlsNotSupported);
    let unusable = taken(TlsaInvalid);
    // What is wrong with a certificate in the eyes of an authority's check, and in those of DANE-TA by the authority's
    // certificate and by its key. DANE-EE looks at the key alone, and an unusable record asks for TLS alone.
    let row = |verdict: fn(ResultType) -> Expected, fault, whole: Expected, key: Expected| {
        let [verified, enforce] = [verdict(fault); 2];
        [FINE, FINE, verified, taken(fault), enforce, FINE, kept(wrong), whole, key, unusable]
    };
    let root = Authority::new("one");
    let middle = root.below("below");
    let right = [FINE, FINE, FINE, FINE, FINE, FINE, kept(wrong), FINE, FINE, unusable];
    let no_starttls = [[taken(no_tls), kept(no_tls), kept(no_tls), taken(no_tls)], [kept(no_tls); 4]].concat();
    let no_starttls = [no_starttls, vec![kept(no_tls); 2]].concat();
    let one = || Authority::new("one");
    let mut rows = Vec::new();
    let ca = one();
    rows.push(("right", Some(ca.identity(host, Valid::Now)), ca, right));
    let ca = one();
    let shown = ca.identity("mx.example.net", Valid::Now);
    rows.push(("wrong name", Some(shown), ca, row(kept, mismatch, kept(mismatch), kept(mismatch))));
    let ca = one();
    let shown = ca.identity(host, Valid::Formerly);
    rows.push(("expired", Some(shown), ca, row(kept, expired, kept(expired), kept(expired))));
    let ca = one();
    let shown = ca.identity(host, Valid::Later);
    rows.push(("not yet valid", Some(shown), ca, row(kept, expired, kept(expired), kept(expired))));
    let shown = other.identity(host, Valid::Now);
    rows.push(("wrong authority", Some(shown), one(), row(kept, untrusted, kept(untrusted), kept(wrong))));
    let shown = Identity::self_signed(host);
    rows.push(("self-signed", Some(shown), one(), row(kept, untrusted, kept(untrusted), kept(wrong))));
    // Without the one in between nobody gets to the root; whose whole certificate stands in a record needs no other.
    let shown = middle.identity(host, Valid::Now).cut();
    rows.push(("chain cut", Some(shown), root, row(kept, untrusted, kept(untrusted), kept(wrong))));
    let no_starttls = no_starttls.try_into().unwrap_or_else(|_| unreachable!());
    rows.push(("no STARTTLS", None, one(), no_starttls));
    rows
}

fn publish(world: &World, policy: &str, shown: Option<&Identity>, ca: &Authority) {
    match policy {
        "testing" | "enforce" => world.sts(policy, policy, "*.example.org"),
        "DANE-EE" => world.tlsa(3, 1, shown.map_or(b"none", |identity| &identity.public_key)),
        "DANE-EE of another" => world.tlsa(3, 0, &ca.der),
        "DANE-TA" => world.tlsa(2, 0, &ca.der),
        // Only the digest or key: the authority must stand in the chain that is shown.
        "DANE-TA key" => world.tlsa(2, 1, &ca.public_key),
        "unusable" => world.tlsa(1, 1, b"x"),
        _ => {}
    }
}

fn asked_for(policy: &str) -> TlsPolicy {
    match policy {
        "encrypted" => TlsPolicy::Encrypted,
        "verified" => TlsPolicy::Verified,
        _ => TlsPolicy::Opportunistic,
    }
}

/// RFC 3207, RFC 7435, RFC 7672 and RFC 8461 in one table: whether the mail goes, and what is told. A certificate that
/// was withdrawn is taken: nobody is asked for lists of them.
#[tokio::test]
async fn certificate_faults_by_policy() {
    for (fault, identity, ca, expected) in table() {
        for (policy, (accepted, told)) in POLICIES.into_iter().zip(expected) {
            let builder = TestReceiver::builder();
            let builder = identity.iter().fold(builder, |builder, identity| builder.tls(identity.server()));
            let receiver = builder.start().await;
            let world = World::new(receiver.local_addr().port());
            publish(&world, policy, identity.as_ref(), &ca);
            let mx = world.mx(&ca);
            let one = attempt(&mail(&["bob@example.org"])).tls_policy(asked_for(policy)).build();
            let outcomes = mx.deliver(&one).await.unwrap();
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

/// A warm session is used again under the policy that it was opened for, and under no other: here each policy goes
/// after each.
#[tokio::test]
async fn a_session_serves_its_own_policy_alone() {
    let ca = Authority::new("one");
    let identity = ca.identity("mx.example.org", Valid::Now);
    let kinds_of = ["opportunistic", "encrypted", "verified", "testing", "enforce", "DANE-EE", "DANE-TA"];
    for first in kinds_of {
        for second in kinds_of {
            let receiver = TestReceiver::builder().tls(identity.server()).start().await;
            let world = World::new(receiver.local_addr().port());
            let mx = world.mx(&ca);
            for policy in [first, second, second] {
                world.zone.remove(&world.tlsa_name("mx.example.org"), RecordKind::Tlsa);
                world.sts(policy.split('-').next().unwrap(), "none", "mx.example.org");
                publish(&world, policy, Some(&identity), &ca);
                let one = attempt(&mail(&["bob@example.org"])).tls_policy(asked_for(policy)).build();
                assert_eq!(kinds(&mx.deliver(&one).await.unwrap()), [OutcomeKind::Accepted], "{first}, {second}");
            }
            // TLSA records are looked at when a connection is opened: what they secured serves the opportunistic policy
            // for the same hosts too. Never the other way round: where they were not secure, the key is another.
            let dane = |policy: &str| policy.starts_with("DANE");
            let same = first == second || (dane(first) && (dane(second) || second == "opportunistic"));
            assert_eq!(receiver.connections(), if same { 1 } else { 2 }, "{first}, then {second}");
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

/// Why each session was encrypted or was not, as an operator reads it.
#[tokio::test]
async fn results_say_why() {
    let ca = Authority::new("one");
    let right = TestReceiver::builder().tls(ca.identity("mx.example.org", Valid::Now).server()).start().await;
    let other = TestReceiver::builder().tls(Identity::self_signed("mx.example.org").server()).start().await;
    let clear = TestReceiver::start().await;
    let opportunistic = "no policy asks for more than opportunistic TLS (RFC 7435)";
    let valid = "its certificate is valid for mx.example.org";
    let table = [
        (&right, "opportunistic", format!("its certificate was not looked at: {opportunistic}")),
        (&clear, "opportunistic", format!("it may go in clear: {opportunistic}")),
        (&right, "encrypted", "its certificate was not looked at: the sender demands TLS".to_owned()),
        (&right, "verified", format!("{valid}: the sender demands a valid certificate")),
        (&other, "verified", "nothing is sent in clear: the sender demands a valid certificate".to_owned()),
        (&right, "enforce", format!("{valid}: demanded by MTA-STS (RFC 8461)")),
        (&clear, "enforce", "nothing is sent in clear: demanded by MTA-STS (RFC 8461)".to_owned()),
        (&right, "testing", format!("{valid}: {opportunistic}")),
        (&right, "DANE-TA", "a TLSA record matches its certificate: demanded by DANE (RFC 7672)".to_owned()),
        (&other, "DANE-TA", "nothing is sent in clear: demanded by DANE (RFC 7672)".to_owned()),
    ];
    for (receiver, policy, expected) in table {
        let world = World::new(receiver.local_addr().port());
        publish(&world, policy, None, &ca);
        let one = attempt(&mail(&["bob@example.org"])).tls_policy(asked_for(policy)).build();
        world.mx(&ca).deliver(&one).await.unwrap();
        assert_eq!(world.told.take()[0].why.as_str(), expected, "{policy}");
    }
}
