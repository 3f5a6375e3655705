//! DANE (RFC 7672) over zones that are really signed, asked by a resolver that validates: from the root's key to the
//! certificate of the mail host.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::fmt::Write as _;
use std::sync::Arc;

use posthaste_auth::tls_rpt::{PolicyType, ResultType};
use posthaste_dns_hickory::hickory_resolver::proto::dnssec::{Algorithm, PublicKeyBuf, TrustAnchors};
use posthaste_dns_hickory::{Hickory, Validation};
use posthaste_mx::{InwardAddresses, Mx, MxConfig, TlsRoots};
use posthaste_testkit::{SignedDns, SignedDnsBuilder, TestReceiver, VirtualClock};
use posthaste_transport::{Attempt, Transport};
use posthaste_types::OutcomeKind::{Accepted, Deferred};
use support::policy::{Authority, Identity, Told, Valid};
use support::{kinds, mail, texts};

const HOST: &str = "mx.example.org";

/// A domain with its mail host, and a TLSA record for the host's key in full.
fn records(port: u16, usage: u8, key: &[u8]) -> String {
    let mut records = format!("example.org MX 10 {HOST}\n{HOST} A 127.0.0.1\n_{port}._tcp.{HOST} TLSA {usage} 1 0 ");
    key.iter().for_each(|octet| write!(records, "{octet:02x}").unwrap());
    records
}

struct Scene {
    mx: Mx,
    told: Arc<Told>,
    receiver: TestReceiver,
    dns: SignedDns,
}

impl Scene {
    /// A host with this identity (or without STARTTLS), and zones made for its port.
    async fn new(identity: Option<&Identity>, zones: impl FnOnce(SignedDnsBuilder, u16) -> SignedDnsBuilder) -> Self {
        let builder = TestReceiver::builder();
        let builder = identity.into_iter().fold(builder, |builder, identity| builder.tls(identity.server()));
        let receiver = builder.start().await;
        let dns = zones(SignedDns::builder(), receiver.local_addr().port()).start().await.unwrap();
        let mut anchors = TrustAnchors::empty();
        anchors.insert(&PublicKeyBuf::new(dns.root_key().to_vec(), Algorithm::ED25519));
        let clock = Arc::new(VirtualClock::new());
        let resolver = Hickory::builder([dns.address()], clock.clone()).validation(Validation::Here);
        let resolver = resolver.trust_anchors(anchors).build().unwrap();
        let mut config = MxConfig::new("mail.example.com".parse().unwrap());
        config.port = receiver.local_addr().port();
        config.inward = InwardAddresses::Allow;
        config.roots = TlsRoots::webpki();
        let told = Arc::new(Told::default());
        let mx = Mx::new(Arc::new(resolver), clock, config).with_tls_observer(told.clone());
        Self { mx, told, receiver, dns }
    }

    async fn deliver(&self) -> String {
        texts(&self.mx.deliver(&Attempt::of(&mail(&["bob@example.org"]))).await.unwrap()).concat()
    }
}

#[tokio::test]
async fn secure_records_prove_the_host() {
    let identity = Identity::self_signed(HOST);
    let scene =
        Scene::new(Some(&identity), |dns, port| dns.secure("example.org", &records(port, 3, &identity.public_key)))
            .await;
    let one = Attempt::of(&mail(&["bob@example.org"]));
    assert_eq!(kinds(&scene.mx.deliver(&one).await.unwrap()), [Accepted]);
    let passage = one.passages().remove(0);
    assert_eq!(passage.why.as_str(), "a TLSA record matches its certificate: demanded by DANE (RFC 7672)");
    assert!(passage.tls.is_some());
    let results = scene.told.take();
    assert_eq!((results[0].policy.kind, &results[0].failure), (PolicyType::Tlsa, &None), "{results:?}");
    assert!(results[0].encryption.is_some());
    assert!(scene.receiver.received()[0].tls.is_some());
}

#[tokio::test]
async fn secure_records_of_an_authority() {
    let ca = Authority::new("one");
    for (name, expected) in [(HOST, Accepted), ("example.org", Accepted), ("mx.example.net", Deferred)] {
        let identity = ca.identity(name, Valid::Now);
        let scene =
            Scene::new(Some(&identity), |dns, port| dns.secure("example.org", &records(port, 2, &ca.public_key))).await;
        let outcomes = scene.mx.deliver(&Attempt::of(&mail(&["bob@example.org"]))).await.unwrap();
        assert_eq!(kinds(&outcomes), [expected], "{name}: {outcomes:?}");
    }
}

/// A key that is another's, and a host that takes STARTTLS out of its answer: nothing is sent.
#[tokio::test]
async fn what_the_records_do_not_prove_gets_no_mail() {
    let (identity, other) = (Identity::self_signed(HOST), Identity::self_signed(HOST));
    let zones = |dns: SignedDnsBuilder, port| dns.secure("example.org", &records(port, 3, &other.public_key));
    let table = [
        (Some(&identity), ResultType::ValidationFailure, "no TLSA record matches the certificate; demanded by DANE"),
        (None, ResultType::StartTlsNotSupported, "STARTTLS is not offered; demanded by DANE"),
    ];
    for (shown, kind, words) in table {
        let scene = Scene::new(shown, zones).await;
        let text = scene.deliver().await;
        assert!(text.starts_with("deferred (TLS: ") && text.contains(words), "{text}");
        assert_eq!(scene.told.kinds(), [Some(kind)]);
        assert!(scene.receiver.received().is_empty());
    }
}

/// RFC 7672 §2.2: in a zone that is not signed TLSA records mean nothing, whatever they say.
#[tokio::test]
async fn insecure_records_count_for_nothing() {
    let (identity, other) = (Identity::self_signed(HOST), Identity::self_signed(HOST));
    for shown in [Some(&identity), None] {
        let zones = |dns: SignedDnsBuilder, port| dns.insecure("example.org", &records(port, 3, &other.public_key));
        let scene = Scene::new(shown, zones).await;
        assert_eq!(scene.deliver().await, "accepted (250 2.0.0 taken)");
        assert_eq!(scene.told.take()[0].policy.kind, PolicyType::NoPolicyFound);
        assert_eq!(scene.receiver.received()[0].tls.is_some(), shown.is_some());
    }
}

/// A mail host in a zone that is not signed, named by one that is: §2.2.1 needs both.
#[tokio::test]
async fn a_host_in_an_insecure_zone() {
    let (identity, other) = (Identity::self_signed("mx.example.net"), Identity::self_signed("mx.example.net"));
    let scene = Scene::new(Some(&identity), |dns, port| {
        let host = records(port, 3, &other.public_key).replace("example.org", "example.net");
        dns.secure("example.org", "example.org MX 10 mx.example.net").insecure("example.net", &host)
    })
    .await;
    assert_eq!(scene.deliver().await, "accepted (250 2.0.0 taken)");
    assert_eq!(scene.told.take()[0].policy.kind, PolicyType::NoPolicyFound);
}

/// §2.1.3: what is bogus defers, is told, and never goes in clear: nobody is connected to.
#[tokio::test]
async fn bogus_answers_defer() {
    let identity = Identity::self_signed(HOST);
    let scene =
        Scene::new(Some(&identity), |dns, port| dns.bogus("example.org", &records(port, 3, &identity.public_key)))
            .await;
    let text = scene.deliver().await;
    assert!(text.starts_with("deferred (DNS: bogus answer: example.org"), "{text}");
    assert_eq!(scene.told.kinds(), [Some(ResultType::DnssecInvalid)]);
    assert_eq!(scene.receiver.connections(), 0);
}

/// One answer of a secure zone is forged on its way: MX, address or TLSA.
#[tokio::test]
async fn forged_answers_defer() {
    let identity = Identity::self_signed(HOST);
    for kind in ["MX", "A", "TLSA"] {
        let scene =
            Scene::new(Some(&identity), |dns, port| dns.secure("example.org", &records(port, 3, &identity.public_key)))
                .await;
        let port = scene.receiver.local_addr().port();
        let forged = match kind {
            "MX" => "example.org MX 5 mx.example.org".to_owned(),
            "A" => format!("{HOST} A 127.0.0.66"),
            _ => format!("_{port}._tcp.{HOST} TLSA 3 1 1 {}", "66".repeat(32)),
        };
        scene.dns.forge(&forged).await.unwrap();
        let text = scene.deliver().await;
        assert!(text.starts_with("deferred (DNS: bogus answer: "), "{kind}: {text}");
        assert_eq!(scene.told.kinds(), [Some(ResultType::DnssecInvalid)], "{kind}");
        assert_eq!(scene.receiver.connections(), 0, "{kind}");
    }
}

/// No TLSA record, and a proof of that: opportunistic TLS, as without DNSSEC.
#[tokio::test]
async fn proven_absence() {
    let scene =
        Scene::new(None, |dns, _| dns.secure("example.org", &format!("example.org MX 10 {HOST}\n{HOST} A 127.0.0.1")))
            .await;
    assert_eq!(scene.deliver().await, "accepted (250 2.0.0 taken)");
    assert_eq!(scene.told.take()[0].policy.kind, PolicyType::NoPolicyFound);
}
