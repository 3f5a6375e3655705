//! TLS: the policies, and what they make of certificates and of peers that will not.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::sync::Arc;

use posthaste_auth::tls_rpt::ResultType;
use posthaste_mx::{Mx, Relay, RelayConfig, TlsRoots};
use posthaste_receive::ServerTls;
use posthaste_testkit::{TestCa, TestReceiver, VirtualClock, self_signed_pem};
use posthaste_transport::{Attempt, TlsPolicy, Transport, TransportErrorKind};
use posthaste_types::{DnsName, Envelope, Mail, OutcomeKind, RequireTls};
use support::policy::{Authority, Told, World};
use support::{Lines, Peer, Script, attempt, kinds, mail, mx_with, texts};

const POLICIES: [TlsPolicy; 3] = [TlsPolicy::Opportunistic, TlsPolicy::Encrypted, TlsPolicy::Verified];

fn transport(ca: &TestCa, port: u16) -> Mx {
    let zone = "example.org MX 10 mx.example.org\nmx.example.org A 127.0.0.1";
    mx_with(zone, port, &VirtualClock::new(), |config| {
        config.roots = TlsRoots::from_pem(ca.root_pem().as_bytes()).unwrap();
    })
}

/// What each policy makes of a certificate: whether the mail is accepted.
#[tokio::test]
async fn certificates_by_policy() {
    let ca = TestCa::new();
    let (certificate, key) = self_signed_pem(&["mx.example.org"]);
    let table = [
        ("right", ca.server_tls(&["mx.example.org"]), [true, true, true]),
        ("wrong name", ca.server_tls(&["mx.example.net"]), [true, true, false]),
        ("wrong authority", TestCa::new().server_tls(&["mx.example.org"]), [true, true, false]),
        ("self-signed", ServerTls::from_pem(certificate.as_bytes(), key.as_bytes()).unwrap(), [true, true, false]),
    ];
    for (what, tls, expected) in table {
        let receiver = TestReceiver::builder().tls(tls).start().await;
        let mx = transport(&ca, receiver.local_addr().port());
        for (policy, expected) in POLICIES.into_iter().zip(expected) {
            let lines = Arc::new(Lines::default());
            let one = attempt(&mail(&["bob@example.org"])).tls_policy(policy).trace(lines.clone()).build();
            let outcomes = mx.deliver(&one).await.unwrap();
            let kind = if expected { OutcomeKind::Accepted } else { OutcomeKind::Deferred };
            assert_eq!(kinds(&outcomes), [kind], "{what}, {policy:?}: {outcomes:?}");
            let arrived = receiver.drain();
            assert!(arrived.iter().all(|mail| mail.tls.is_some()), "{what}, {policy:?}: in clear");
            assert_eq!(arrived.len(), usize::from(expected));
            let checked = match policy {
                TlsPolicy::Verified if expected => "its certificate is valid for mx.example.org",
                TlsPolicy::Verified => "TLS: mx.example.org: invalid peer certificate",
                _ => "its certificate was not looked at",
            };
            assert!(lines.text().contains(checked), "{what}, {policy:?}: {}", lines.text());
        }
        mx.close().await;
    }
}

#[tokio::test]
async fn without_starttls() {
    let receiver = TestReceiver::start().await;
    let mx = transport(&TestCa::new(), receiver.local_addr().port());
    for policy in POLICIES {
        let one = attempt(&mail(&["bob@example.org"])).tls_policy(policy).build();
        let outcomes = mx.deliver(&one).await.unwrap();
        if policy == TlsPolicy::Opportunistic {
            assert_eq!(kinds(&outcomes), [OutcomeKind::Accepted]);
        } else {
            assert_eq!(texts(&outcomes), ["deferred (TLS: STARTTLS: STARTTLS is not offered)"]);
        }
    }
    assert_eq!(receiver.received().len(), 1);
}

/// STARTTLS is offered and refused; the handshake fails; the peer speaks on in clear behind 220.
#[tokio::test]
async fn peers_that_will_not() {
    let offer = "250-mx.example.org\r\n250 STARTTLS";
    let script = |reply| Script::new().ehlo(offer).answer("STARTTLS", reply);
    let until_go = "220 mx.example.org ESMTP\r\n250-mx.example.org\r\n250 STARTTLS\r\n220 go\r\n".len();
    let (accepted, deferred) = (OutcomeKind::Accepted, OutcomeKind::Deferred);
    // What the first connection does, the outcomes, and how many connections the opportunistic policy makes.
    let table = [
        ("refused", script("454 4.7.0 not now"), [accepted, deferred, deferred], 1),
        ("broken", script("220 go").cut(until_go), [accepted, deferred, deferred], 2),
        ("injected", script("220 go\r\n250 injected"), [deferred, deferred, deferred], 1),
    ];
    for (what, script, expected, connections) in table {
        for (policy, expected) in POLICIES.into_iter().zip(expected) {
            let peer = Peer::start(vec![script.clone(), Script::new().ehlo(offer)]).await;
            let mx = transport(&TestCa::new(), peer.port());
            let one = attempt(&mail(&["bob@example.org"])).tls_policy(policy).build();
            let outcomes = mx.deliver(&one).await.unwrap();
            assert_eq!(kinds(&outcomes), [expected], "{what}, {policy:?}: {outcomes:?}");
            let made = if policy == TlsPolicy::Opportunistic { connections } else { 1 };
            assert_eq!(peer.connections(), made, "{what}, {policy:?}");
        }
    }
}

/// RFC 8689 §4.2.1: a certificate that is valid, whatever the attempt's policy.
#[tokio::test]
async fn rfc8689_requiretls_is_verified() {
    let ca = Authority::new("one");
    let plain = mail(&["bob@example.org"]);
    let envelope: Envelope = plain.envelope().clone().with_require_tls(RequireTls::Yes);
    let mail: Mail = plain.with_envelope(envelope);
    let wrong = TestReceiver::builder().tls(TestCa::new().server_tls(&["mx.example.org"])).start().await;
    let world = World::new(wrong.local_addr().port());
    // The host is the domain's, without a doubt.
    world.zone.sign("example.org".parse::<DnsName>().unwrap());
    let outcomes = world.mx(&ca).deliver(&Attempt::of(&mail)).await.unwrap();
    assert_eq!(kinds(&outcomes), [OutcomeKind::Deferred], "{outcomes:?}");
    assert_eq!(world.told.kinds(), [Some(ResultType::CertificateNotTrusted)]);
    assert!(wrong.received().is_empty());
}

/// A session that a weaker policy was content with is not used for a stricter one.
#[tokio::test]
async fn policies_share_no_connection() {
    let receiver = TestReceiver::builder().tls(TestCa::new().server_tls(&["mx.example.org"])).start().await;
    let mx = transport(&TestCa::new(), receiver.local_addr().port());
    let deliver = async |policy| {
        let one = attempt(&mail(&["bob@example.org"])).tls_policy(policy).build();
        kinds(&mx.deliver(&one).await.unwrap())[0]
    };
    assert_eq!(deliver(TlsPolicy::Opportunistic).await, OutcomeKind::Accepted);
    assert_eq!(deliver(TlsPolicy::Opportunistic).await, OutcomeKind::Accepted);
    assert_eq!(receiver.connections(), 1, "warm");
    assert_eq!(deliver(TlsPolicy::Verified).await, OutcomeKind::Deferred);
    assert_eq!(receiver.connections(), 2);
    assert_eq!(deliver(TlsPolicy::Encrypted).await, OutcomeKind::Accepted);
    assert_eq!(receiver.connections(), 3);
}

#[tokio::test]
async fn relays() {
    let ca = TestCa::new();
    let right = || ca.server_tls(&["127.0.0.1", "localhost"]);
    let starttls = TestReceiver::builder().require_tls(right()).start().await;
    let implicit = TestReceiver::builder().implicit_tls(right()).start().await;
    let clear = TestReceiver::start().await;
    let port = |receiver: &TestReceiver| receiver.local_addr().port();
    let misconfigured = Err(TransportErrorKind::Misconfigured);
    let table = [
        (format!("smtp+starttls://127.0.0.1:{}", port(&starttls)), Ok(())),
        (format!("smtp+starttls://localhost:{}", port(&starttls)), Ok(())),
        (format!("smtps://127.0.0.1:{}", port(&implicit)), Ok(())),
        (format!("smtp://127.0.0.1:{}", port(&starttls)), Ok(())),
        (format!("smtp+starttls://127.0.0.1:{}", port(&clear)), misconfigured),
        (format!("smtps://127.0.0.1:{}", port(&clear)), misconfigured),
    ];
    for (url, expected) in table {
        for roots in [TlsRoots::from_pem(ca.root_pem().as_bytes()).unwrap(), TlsRoots::webpki()] {
            let trusted = format!("{roots:?}") == "TlsRoots(1 certificates)";
            let mut config = RelayConfig::from_url(&url).unwrap();
            config.roots = roots;
            let relay = Relay::new(Arc::new(VirtualClock::new()), config).unwrap();
            let result = relay.deliver(&Attempt::of(&mail(&["bob@example.org"]))).await;
            let expected = if trusted || url.starts_with("smtp:") { expected } else { misconfigured };
            let seen = result.as_ref().map(|outcomes| assert_eq!(kinds(outcomes), [OutcomeKind::Accepted]));
            assert_eq!(seen.map_err(|error| error.kind()), expected, "{url}: {result:?}");
        }
    }
}

/// A relay's sessions are told too, under no policy of a domain.
#[tokio::test]
async fn a_relay_tells_its_observer() {
    let ca = TestCa::new();
    let wrong = TestReceiver::builder().tls(TestCa::new().server_tls(&["127.0.0.1"])).start().await;
    let right = TestReceiver::builder().tls(ca.server_tls(&["127.0.0.1"])).start().await;
    let clear = TestReceiver::start().await;
    let table = [
        ("smtp+starttls", &right, None, true),
        ("smtp+starttls", &wrong, Some(ResultType::CertificateNotTrusted), false),
        ("smtp+starttls", &clear, Some(ResultType::StartTlsNotSupported), false),
        ("smtp", &clear, Some(ResultType::StartTlsNotSupported), false),
    ];
    for (scheme, receiver, failure, encrypted) in table {
        let mut config = RelayConfig::from_url(&format!("{scheme}://{}", receiver.local_addr())).unwrap();
        config.roots = TlsRoots::from_pem(ca.root_pem().as_bytes()).unwrap();
        let told = Arc::new(Told::default());
        let relay = Relay::new(Arc::new(VirtualClock::new()), config).unwrap().with_tls_observer(told.clone());
        let _ = relay.deliver(&Attempt::of(&mail(&["bob@example.org"]))).await;
        let results = told.take();
        let [result] = &results[..] else { panic!("{scheme}: {results:?}") };
        assert_eq!(result.failure.as_ref().map(|failure| failure.kind), failure, "{scheme}: {result:?}");
        assert_eq!((result.encryption.is_some(), result.domains.len()), (encrypted, 0), "{scheme}: {result:?}");
        assert_eq!(result.receiving_ip, Some(receiver.local_addr().ip()));
    }
}

/// The network's fault, not a setting's: another attempt may do better.
#[tokio::test]
async fn a_relay_that_ends_amid_the_handshake() {
    let peer = Peer::start(vec![Script::new().cut(0)]).await;
    let relay = Relay::from_url(&format!("smtps://127.0.0.1:{}", peer.port())).unwrap();
    let error = relay.deliver(&Attempt::of(&mail(&["bob@example.org"]))).await.unwrap_err();
    assert_eq!(error.kind(), TransportErrorKind::Unreachable, "{error}");
    assert!(error.to_string().contains("TLS handshake"), "{error}");
}

#[test]
fn roots_that_are_none() {
    for pem in ["", "x", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
        assert!(TlsRoots::from_pem(pem.as_bytes()).is_err(), "{pem:?}");
    }
}
