//! DANE (RFC 7672): when TLSA records count.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use posthaste_auth::tls_rpt::{PolicyType, ResultType};
use posthaste_dns::{DnsErrorKind, RecordKind};
use posthaste_mx::DaneUse;
use posthaste_testkit::TestReceiver;
use posthaste_transport::{Attempt, Route, RouteHost, TlsPolicy, Transport};
use posthaste_types::OutcomeKind::{Accepted, Deferred};
use posthaste_types::{DnsName, OutcomeKind};
use support::policy::{Authority, Identity, Valid, World};
use support::{attempt, kinds, mail};

async fn world(identity: &Identity) -> (World, TestReceiver) {
    let receiver = TestReceiver::builder().tls(identity.server()).start().await;
    (World::new(receiver.local_addr().port()), receiver)
}

async fn deliver(world: &World, ca: &Authority) -> OutcomeKind {
    kinds(&world.mx(ca).deliver(&Attempt::of(&mail(&["bob@example.org"]))).await.unwrap())[0]
}

/// §2.1.3: what is not known defers, whatever else could be done; nothing is sent in clear, nor anywhere at all.
#[tokio::test]
async fn section_2_1_3_failures_defer() {
    let (ca, identity) = (Authority::new("one"), Identity::self_signed("mx.example.org"));
    let table = [
        (DnsErrorKind::Bogus, vec![Some(ResultType::DnssecInvalid)]),
        (DnsErrorKind::ServFail, vec![]),
        (DnsErrorKind::Timeout, vec![]),
    ];
    for (fault, told) in table {
        let (world, receiver) = world(&identity).await;
        world.tlsa(3, 1, &identity.public_key);
        world.zone.fail_kind(&world.tlsa_name("mx.example.org"), RecordKind::Tlsa, fault);
        assert_eq!(deliver(&world, &ca).await, Deferred, "{fault:?}");
        assert_eq!(world.told.kinds(), told, "{fault:?}");
        assert_eq!(receiver.connections(), 0, "{fault:?}");

        world.zone.heal(&world.tlsa_name("mx.example.org"));
        world.zone.fail_kind(&"example.org".parse().unwrap(), RecordKind::Mx, fault);
        assert_eq!(deliver(&world, &ca).await, Deferred, "MX, {fault:?}");
        assert_eq!(world.told.kinds(), told, "MX, {fault:?}");
        // On a route that was known before.
        let host = RouteHost::new(10, "mx.example.org".parse().unwrap());
        let routed = attempt(&mail(&["bob@example.org"])).route(Route::to_hosts(vec![host])).build();
        assert_eq!(kinds(&world.mx(&ca).deliver(&routed).await.unwrap()), [Deferred], "route, {fault:?}");
        assert_eq!(world.told.kinds(), told, "route, {fault:?}");

        world.zone.heal(&"example.org".parse().unwrap());
        world.zone.fail(&"mx.example.org".parse().unwrap(), fault);
        assert_eq!(deliver(&world, &ca).await, Deferred, "addresses, {fault:?}");
        assert_eq!(world.told.kinds(), told, "addresses, {fault:?}");
        assert_eq!(receiver.connections(), 0, "MX, {fault:?}");
    }
}

/// §2.2.1: TLSA records count where MX, address and TLSA answers are all secure.
#[tokio::test]
async fn section_2_2_1_insecure_answers() {
    let (ca, identity) = (Authority::new("one"), Identity::self_signed("mx.example.org"));
    for signed in ["", "mx.example.org", "unrelated.example"] {
        let (world, _receiver) = world(&identity).await;
        if !signed.is_empty() {
            world.zone.sign(DnsName::parse(signed).unwrap());
        }
        let name = world.tlsa_name("mx.example.org");
        world.zone.add(&format!("{name} 300 TLSA 3 1 1 {}", "00".repeat(32))).unwrap();
        assert_eq!(deliver(&world, &ca).await, Accepted, "{signed}");
        assert_eq!(world.zone.asked(&name, RecordKind::Tlsa), 0, "{signed}");
        assert_eq!(world.told.take()[0].policy.kind, PolicyType::NoPolicyFound);
    }
    let (world, _receiver) = world(&identity).await;
    world.tlsa(3, 1, b"of another");
    let mx = world.mx_with(&ca, |config| config.dane = DaneUse::Never);
    assert_eq!(kinds(&mx.deliver(&Attempt::of(&mail(&["bob@example.org"]))).await.unwrap()), [Accepted]);
}

/// §2.2.2: a domain without MX whose answers are secure, and hosts that have no TLSA records.
#[tokio::test]
async fn section_2_2_2_hosts() {
    let (ca, identity) = (Authority::new("one"), Identity::self_signed("mx.example.org"));
    let (world, _receiver) = world(&identity).await;
    world.tlsa(3, 1, &identity.public_key);
    world.zone.remove(&world.tlsa_name("mx.example.org"), RecordKind::Tlsa);
    assert_eq!(deliver(&world, &ca).await, Accepted);
    assert_eq!(world.told.take()[0].policy.kind, PolicyType::NoPolicyFound);

    world.zone.remove(&"example.org".parse().unwrap(), RecordKind::Mx);
    world.zone.add("example.org 300 A 127.0.0.1").unwrap();
    let name = world.tlsa_name("example.org");
    let other = posthaste_dns::Tlsa::new(3, 0, 0, b"of another".to_vec());
    world.zone.insert(name, std::time::Duration::from_secs(300), posthaste_dns::RecordData::Tlsa(other));
    assert_eq!(deliver(&world, &ca).await, Deferred);
    assert_eq!(world.told.kinds(), [Some(ResultType::ValidationFailure)]);
}

/// §2.2.3: the name that an alias leads to comes first; if it has none, the host's own name counts.
#[tokio::test]
async fn section_2_2_3_aliases() {
    let (ca, identity) = (Authority::new("one"), Identity::self_signed("mx.example.org"));
    let (world, _receiver) = world(&identity).await;
    world.tlsa(3, 1, &identity.public_key);
    world.zone.remove(&"mx.example.org".parse().unwrap(), RecordKind::A);
    world.zone.add("mx.example.org 300 CNAME real.example.org\nreal.example.org 300 A 127.0.0.1").unwrap();
    assert_eq!(deliver(&world, &ca).await, Accepted);
    assert_eq!(world.told.take()[0].policy.kind, PolicyType::Tlsa);
    let other = posthaste_dns::Tlsa::new(3, 0, 0, b"of another".to_vec());
    let name = world.tlsa_name("real.example.org");
    world.zone.insert(name, std::time::Duration::from_secs(300), posthaste_dns::RecordData::Tlsa(other));
    assert_eq!(deliver(&world, &ca).await, Deferred);
}

/// §2.2.2: a secure alias of what is not secure has the TLSA records of its own name; one that is not secure has none.
#[tokio::test]
async fn section_2_2_2_aliases_that_lead_out_of_what_is_secure() {
    let (ca, identity) = (Authority::new("one"), Identity::self_signed("mx.example.org"));
    let outside = "real.example.net 300 A 127.0.0.1\nmx.example.net 300 CNAME real.example.net";
    for (data, expected) in [(&identity.public_key, Accepted), (&ca.public_key, Deferred)] {
        let (world, receiver) = world(&identity).await;
        world.tlsa(3, 1, data);
        world.zone.remove(&"mx.example.org".parse().unwrap(), RecordKind::A);
        world.zone.add(&format!("{outside}\nmx.example.org 300 CNAME real.example.net")).unwrap();
        assert_eq!(deliver(&world, &ca).await, expected);
        assert_eq!(world.told.take()[0].policy.kind, PolicyType::Tlsa);
        // Whether it is one is not known.
        world.zone.fail_kind(&"mx.example.org".parse().unwrap(), RecordKind::Cname, DnsErrorKind::ServFail);
        assert_eq!(deliver(&world, &ca).await, Deferred);
        assert_eq!(receiver.received().len(), usize::from(expected == Accepted));
    }
    let (world, _receiver) = world(&identity).await;
    world.tlsa(3, 1, &identity.public_key);
    world.zone.remove(&"example.org".parse().unwrap(), RecordKind::Mx);
    world.zone.add(&format!("{outside}\nexample.org 300 MX 10 mx.example.net")).unwrap();
    let name = world.tlsa_name("mx.example.net");
    assert_eq!(deliver(&world, &ca).await, Accepted);
    assert_eq!(world.zone.asked(&name, RecordKind::Tlsa), 0);
}

/// RFC 8461 §2: MTA-STS does not override DANE, and a certificate that DANE proves is proved for `Verified` too.
#[tokio::test]
async fn dane_goes_before_mta_sts() {
    let (ca, identity) = (Authority::new("one"), Identity::self_signed("mx.example.org"));
    let (world, _receiver) = world(&identity).await;
    world.sts("1", "enforce", "mx.example.org");
    assert_eq!(deliver(&world, &ca).await, Deferred);
    world.tlsa(3, 1, &identity.public_key);
    assert_eq!(deliver(&world, &ca).await, Accepted);
    let verified = attempt(&mail(&["bob@example.org"])).tls_policy(TlsPolicy::Verified).build();
    assert_eq!(kinds(&world.mx(&ca).deliver(&verified).await.unwrap()), [Accepted]);
}

/// The certificate of an authority's host bears the name of the TLSA records, or that of the domain whose mail it is,
/// if that led there securely, or what its alias leads to.
#[tokio::test]
async fn section_3_2_2_names() {
    let ca = Authority::new("one");
    let table = [
        ("mx.example.org", Accepted),
        ("example.org", Accepted),
        ("alias.example.org", Accepted),
        ("*.example.org", Accepted),
        ("example.net", Deferred),
        ("www.example.org", Deferred),
        ("*.mx.example.org", Deferred),
    ];
    for (name, expected) in table {
        let (world, _receiver) = world(&ca.identity(name, Valid::Now)).await;
        world.tlsa(2, 0, &ca.der);
        // The domain of the mail is an alias, within the signed zone.
        world.zone.remove(&"example.org".parse().unwrap(), RecordKind::Mx);
        world.zone.add("alias.example.org 300 MX 10 mx.example.org\nexample.org 300 CNAME alias.example.org").unwrap();
        assert_eq!(deliver(&world, &ca).await, expected, "{name}");
    }
}

/// A certificate that names one domain proves nothing for the mail of another, and neither does its connection.
#[tokio::test]
async fn section_3_2_2_a_name_of_one_domain_is_good_for_its_mail_alone() {
    let ca = Authority::new("one");
    let (world, receiver) = world(&ca.identity("example.org", Valid::Now)).await;
    world.tlsa(2, 0, &ca.der);
    world.zone.add("example.edu 300 MX 10 mx.example.org").unwrap();
    world.zone.sign(DnsName::parse("example.edu").unwrap());
    let mx = world.mx(&ca);
    let deliver = async |to: &[&str]| kinds(&mx.deliver(&Attempt::of(&mail(to))).await.unwrap());
    assert_eq!(deliver(&["bob@example.org"]).await, [Accepted]);
    assert_eq!(deliver(&["bob@example.org"]).await, [Accepted]);
    assert_eq!(receiver.connections(), 2, "none is kept");
    assert_eq!(deliver(&["eve@example.edu"]).await, [Deferred]);
    assert_eq!(deliver(&["bob@example.org", "eve@example.edu"]).await, [Deferred, Deferred]);
    assert_eq!(receiver.received().len(), 2);
}
