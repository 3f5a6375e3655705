//! The clauses about answers.

use std::time::Duration;

use super::{ResolveFixture, Scene, answer, name, publish};
use crate::answer::{Dnssec, Presence};
use crate::record::{RecordData, RecordKind};

pub(super) async fn every_kind_of_record_comes_as_it_was_published<F: ResolveFixture + ?Sized>(fixture: &F) {
    publish(fixture, KINDS);
    let zone = fixture.zone();
    for (on, kind) in [
        ("kinds.contract.example", RecordKind::A),
        ("kinds.contract.example", RecordKind::Aaaa),
        ("alias.kinds.contract.example", RecordKind::Cname),
        ("kinds.contract.example", RecordKind::Ds),
        ("kinds.contract.example", RecordKind::Mx),
        ("kinds.contract.example", RecordKind::Ns),
        ("25.2.0.192.in-addr.arpa", RecordKind::Ptr),
        ("kinds.contract.example", RecordKind::Soa),
        ("_25._tcp.kinds.contract.example", RecordKind::Tlsa),
        ("kinds.contract.example", RecordKind::Txt),
    ] {
        let mut published = zone.lookup(&name(on), kind).expect("the zone knows it").records().to_vec();
        let found = answer(fixture, on, kind).await;
        assert!(found.records().iter().all(|data| data.kind() == kind), "contract: {kind} was asked for: {found:?}");
        let mut records = found.records().to_vec();
        published.sort(); // a set has no order (RFC 2181 §5)
        records.sort();
        assert_eq!(records, published, "contract: {on} {kind} comes as it was published");
        assert_eq!((found.presence(), found.unreadable()), (Presence::Found, 0), "contract: {on} {kind}");
    }
    // An asker must be able to tell the null MX from a host (RFC 7505 §3).
    let null = answer(fixture, "null.kinds.contract.example", RecordKind::Mx).await;
    assert!(matches!(null.records(), [RecordData::Mx(mx)] if mx.is_null()), "contract: null MX: {null:?}");
}

pub(super) async fn negatives_are_answers<F: ResolveFixture + ?Sized>(fixture: &F) {
    publish(fixture, "leaf.tree.contract.example A 192.0.2.1");
    for (on, kind, presence) in [
        ("leaf.tree.contract.example", RecordKind::Mx, Presence::NoData),
        ("tree.contract.example", RecordKind::A, Presence::NoData), // an empty non-terminal (RFC 4592 §2.2.2)
        ("none.tree.contract.example", RecordKind::A, Presence::NxDomain),
        ("below.leaf.tree.contract.example", RecordKind::Txt, Presence::NxDomain),
    ] {
        let found = answer(fixture, on, kind).await;
        assert_eq!(found.presence(), presence, "contract: {on} {kind}");
        assert!(found.records().is_empty(), "contract: {on} {kind} has no records: {found:?}");
    }
}

pub(super) async fn wildcards_speak_for_names_that_do_not_exist<F: ResolveFixture + ?Sized>(fixture: &F) {
    let records = "*.wild.contract.example MX 10 mx.contract.example\n there.wild.contract.example A 192.0.2.1";
    publish(fixture, records);
    for (on, presence) in [
        ("some.wild.contract.example", Presence::Found),
        ("a.b.wild.contract.example", Presence::Found),
        ("there.wild.contract.example", Presence::NoData),
        ("a.there.wild.contract.example", Presence::NxDomain),
    ] {
        let found = answer(fixture, on, RecordKind::Mx).await;
        assert_eq!(found.presence(), presence, "contract: {on} MX under a wildcard (RFC 4592 §3.3)");
    }
}

pub(super) async fn aliases_are_followed_and_told<F: ResolveFixture + ?Sized>(fixture: &F) {
    publish(fixture, ALIASES);
    let chain = [name("two.alias.contract.example"), name("host.alias.contract.example")];

    let found = answer(fixture, "one.alias.contract.example", RecordKind::A).await;
    assert_eq!(found.records(), [RecordData::A([192, 0, 2, 7].into())], "contract: CNAMEs are followed");
    assert_eq!(found.chain(), chain, "contract: the chain is in the answer");

    let found = answer(fixture, "one.alias.contract.example", RecordKind::Txt).await;
    assert_eq!((found.presence(), found.chain()), (Presence::NoData, &chain[..]), "contract: an alias of no data");

    let found = answer(fixture, "lost.alias.contract.example", RecordKind::A).await;
    let lost = [name("nowhere.alias.contract.example")];
    assert_eq!((found.presence(), found.chain()), (Presence::NxDomain, &lost[..]), "contract: an alias of no name");

    let found = answer(fixture, "one.alias.contract.example", RecordKind::Cname).await;
    let record = RecordData::Cname(name("two.alias.contract.example"));
    assert_eq!(found.records(), [record], "contract: a CNAME that is asked for is not followed");
    assert!(found.chain().is_empty(), "contract: a CNAME that is asked for is not followed: {found:?}");
}

pub(super) async fn texts_are_joined_octets<F: ResolveFixture + ?Sized>(fixture: &F) {
    for (on, length) in [("short", 1_usize), ("full", 255), ("split", 256), ("long", 900)] {
        let on = format!("{on}.text.contract.example");
        // Every octet may stand in a text, and none is changed.
        let text: Vec<u8> = (0..=u8::MAX).cycle().take(length).collect();
        fixture.zone().insert(name(&on), TTL, RecordData::Txt(text.clone()));
        let found = answer(fixture, &on, RecordKind::Txt).await;
        assert_eq!(found.records(), [RecordData::Txt(text)], "contract: a text of {length} octets");
    }
}

pub(super) async fn large_answers_come_whole<F: ResolveFixture + ?Sized>(fixture: &F) {
    let zone = fixture.zone();
    let on = "large.contract.example";
    for n in 0..40 {
        zone.insert(name(on), TTL, RecordData::Txt(vec![n; 200]));
    }
    let found = answer(fixture, on, RecordKind::Txt).await;
    assert_eq!(found.records().len(), 40, "contract: an answer larger than a datagram comes whole (RFC 7766 §5)");
}

pub(super) async fn names_are_asked_as_they_stand<F: ResolveFixture + ?Sized>(fixture: &F) {
    publish(fixture, "sELector._domainKEY.Case.Contract.Example TXT v=DKIM1");
    let found = answer(fixture, "Selector._DOMAINkey.case.contract.example", RecordKind::Txt).await;
    assert_eq!(found.presence(), Presence::Found, "contract: names have no case (RFC 4343)");

    // One label, and an address in the hosts file of nearly every machine.
    let found = answer(fixture, "contract-of-one-label", RecordKind::A).await;
    assert_eq!(found.presence(), Presence::NxDomain, "contract: no search list is tried");
    publish(fixture, ". NS ns.contract.example");
    let found = answer(fixture, ".", RecordKind::Ns).await;
    assert_eq!(found.presence(), Presence::Found, "contract: the root may be asked for");
}

pub(super) async fn ttl_is_what_is_left<F: ResolveFixture + ?Sized>(fixture: &F) {
    publish(fixture, TTLS);
    for (on, kind, most) in [
        ("ttl.contract.example", RecordKind::A, 120),
        ("alias.ttl.contract.example", RecordKind::A, 60),
        ("ttl.contract.example", RecordKind::Mx, 30),
        ("none.ttl.contract.example", RecordKind::Mx, 30),
    ] {
        let first = answer(fixture, on, kind).await.ttl();
        let most = Duration::from_secs(most);
        assert!(first <= most && !first.is_zero(), "contract: the TTL of {on} {kind} is {first:?}, at most {most:?}");
        fixture.advance(Duration::from_secs(10)).await;
        let later = answer(fixture, on, kind).await.ttl();
        assert!(later <= most, "contract: the TTL of {on} {kind}, asked again, is {later:?}");
    }
}

pub(super) async fn secure_is_said_of_what_is_signed_only<F: ResolveFixture + ?Sized>(fixture: &F) {
    fixture.zone().sign(name("signed.example"));
    publish(fixture, SIGNED);
    let open = answer(fixture, "host.open.contract.example", RecordKind::A).await;
    assert_ne!(open.dnssec(), Dnssec::Secure, "contract: what is not signed is not secure");
    let mixed = answer(fixture, "out.signed.example", RecordKind::A).await;
    assert_ne!(mixed.dnssec(), Dnssec::Secure, "contract: a chain is as secure as its weakest link");
    if !fixture.shows(Scene::Secure) {
        println!("skipped: that a signed answer is secure");
        return;
    }
    for (on, kind) in [
        ("host.signed.example", RecordKind::A),
        ("host.signed.example", RecordKind::Tlsa),
        ("none.signed.example", RecordKind::A),
        ("in.signed.example", RecordKind::A),
    ] {
        let found = answer(fixture, on, kind).await;
        assert_eq!(found.dnssec(), Dnssec::Secure, "contract: {on} {kind} is signed, {:?}", found.presence());
    }
}

const TTL: Duration = Duration::from_secs(300);

const KINDS: &str = r#"
    kinds.contract.example A 192.0.2.1
    kinds.contract.example A 192.0.2.2
    kinds.contract.example AAAA 2001:db8::1
    alias.kinds.contract.example CNAME kinds.contract.example
    kinds.contract.example DS 60485 13 2 D4B7D520E7BB5F0F67674A0CCEB1E3E0614B93C4F9E99B8383F6A1E4469DA50A
    kinds.contract.example MX 10 a.mx.contract.example
    kinds.contract.example MX 20 b.mx.contract.example
    null.kinds.contract.example MX 0 .
    kinds.contract.example NS ns.contract.example
    25.2.0.192.in-addr.arpa PTR kinds.contract.example
    kinds.contract.example SOA ns.contract.example host-master.contract.example 2026010100 7200 1800 1209600 300
    _25._tcp.kinds.contract.example TLSA 3 1 1 d2abde240d7cd3ee6b4b28c54df034b97983a1d16e8a410e4561cb106618e971
    _25._tcp.kinds.contract.example TLSA 2 0 2 00ff
    kinds.contract.example TXT "v=spf1 mx -all"
    kinds.contract.example TXT "two " "strings"
"#;

const ALIASES: &str = "
    one.alias.contract.example CNAME two.alias.contract.example
    two.alias.contract.example CNAME host.alias.contract.example
    host.alias.contract.example A 192.0.2.7
    lost.alias.contract.example CNAME nowhere.alias.contract.example
";

const TTLS: &str = "
    ttl.contract.example 120 A 192.0.2.8
    ttl.contract.example 40 SOA ns.contract.example h.contract.example 1 7200 1800 1209600 30
    alias.ttl.contract.example 60 CNAME ttl.contract.example
";

const SIGNED: &str = "
    host.open.contract.example A 192.0.2.9
    host.signed.example A 192.0.2.9
    in.signed.example CNAME host.signed.example
    out.signed.example CNAME host.open.contract.example
";
