//! The zone in memory: records in and out, names that exist and names that do not.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::Duration;

use posthaste_dns::{
    DnsErrorKind, Dnssec, Ds, MemoryZone, Mx, Presence, RecordData, RecordKind, Soa, Tlsa, ZoneErrorKind,
};
use posthaste_types::DnsName;
use proptest::prelude::*;

fn name(text: &str) -> DnsName {
    text.parse().unwrap()
}

fn presence(zone: &MemoryZone, on: &str, kind: RecordKind) -> Presence {
    zone.lookup(&name(on), kind).unwrap().presence()
}

/// The zone of RFC 4592 §2.2.1 in the kinds that are known here, and what its §2.2.1 says of it.
#[test]
fn rfc4592_wildcards() {
    let zone: MemoryZone = r#"
        example.               3600 IN SOA   ns.example.com. h.example.com. 1 7200 1800 1209600 300
        example.               3600    NS    ns.example.com.
        *.example.             3600    TXT   "this is a wildcard"
        *.example.             3600    MX    10 host1.example.
        sub.*.example.         3600    TXT   "this is not a wildcard"
        host1.example.         3600    A     192.0.2.1
        _ssh._tcp.host1.example. 3600  TLSA  3 1 1 aa
        _ssh._tcp.host2.example. 3600  TLSA  3 1 1 aa
        subdel.example.        3600    NS    ns.example.com.
    "#
    .parse()
    .unwrap();
    for (on, kind, expected) in [
        ("host3.example", RecordKind::Mx, Presence::Found),
        ("host3.example", RecordKind::A, Presence::NoData),
        ("foo.bar.example", RecordKind::Txt, Presence::Found),
        ("host1.example", RecordKind::Mx, Presence::NoData),
        ("sub.*.example", RecordKind::Mx, Presence::NoData),
        ("_telnet._tcp.host1.example", RecordKind::Tlsa, Presence::NxDomain),
        ("ghost.*.example", RecordKind::Mx, Presence::NxDomain),
        ("_tcp.host2.example", RecordKind::Txt, Presence::NoData),
        ("host2.example", RecordKind::Mx, Presence::NoData),
    ] {
        assert_eq!(presence(&zone, on, kind), expected, "{on} {kind}");
    }
}

#[test]
fn records_come_and_go() {
    let zone = MemoryZone::new();
    assert_eq!(presence(&zone, "a.b.example", RecordKind::A), Presence::NxDomain);
    assert_eq!(presence(&zone, ".", RecordKind::A), Presence::NoData, "the root exists always");
    for _ in 0..2 {
        zone.add("a.b.example 60 A 192.0.2.1\n a.b.example 60 MX 10 mx.example").unwrap();
    }
    assert_eq!(zone.lookup(&name("a.b.example"), RecordKind::A).unwrap().records().len(), 1, "a set has no doubles");
    zone.remove(&name("a.b.example"), RecordKind::A);
    assert_eq!(presence(&zone, "a.b.example", RecordKind::A), Presence::NoData);
    zone.remove(&name("a.b.example"), RecordKind::Mx);
    zone.remove(&name("a.b.example"), RecordKind::Mx);
    assert_eq!(presence(&zone, "b.example", RecordKind::A), Presence::NxDomain, "nothing is below it any more");
    assert_eq!(zone.asked(&name("a.b.example"), RecordKind::A), 3);
    assert_eq!(zone.questions(), 5);
}

#[test]
fn chains_end_at_the_limit() {
    let zone = MemoryZone::new();
    for n in 0..20 {
        zone.add(&format!("n{n}.example 60 CNAME n{}.example", n + 1)).unwrap();
    }
    zone.add("n20.example 30 A 192.0.2.1").unwrap();
    let limit = MemoryZone::MAX_ALIASES;
    let answer = zone.lookup(&name(&format!("n{}.example", 20 - limit)), RecordKind::A).unwrap();
    assert_eq!((answer.chain().len(), answer.ttl()), (limit, Duration::from_secs(30)));
    let error = zone.lookup(&name(&format!("n{}.example", 19 - limit)), RecordKind::A).unwrap_err();
    assert_eq!(error.kind(), DnsErrorKind::ServFail);
    assert_eq!(error.to_string(), "n11.example A: the DNS server failed");
}

#[test]
fn faults_strike_as_often_as_told_and_heal() {
    let zone: MemoryZone =
        "example.com A 192.0.2.1\n example.com MX 0 .\n www.example.com CNAME example.com".parse().unwrap();
    let on = name("example.com");
    let ask = |on: &DnsName, kind| zone.lookup(on, kind).map(|answer| answer.presence()).map_err(|error| error.kind());

    zone.fail_times(&on, DnsErrorKind::Timeout, 2);
    assert_eq!(ask(&on, RecordKind::A), Err(DnsErrorKind::Timeout));
    assert_eq!(ask(&name("www.example.com"), RecordKind::A), Err(DnsErrorKind::Timeout), "behind an alias too");
    assert_eq!(ask(&on, RecordKind::A), Ok(Presence::Found));

    zone.fail_kind(&on, RecordKind::Mx, DnsErrorKind::Bogus);
    assert_eq!(ask(&on, RecordKind::A), Ok(Presence::Found));
    assert_eq!(ask(&on, RecordKind::Mx), Err(DnsErrorKind::Bogus));
    zone.heal(&on);
    assert_eq!(ask(&on, RecordKind::Mx), Ok(Presence::Found));
}

#[test]
fn only_what_is_signed_is_secure() {
    let zone: MemoryZone = "a.example A 192.0.2.1\n b.test CNAME a.example".parse().unwrap();
    zone.sign(name("example"));
    let status = |on: &str| zone.lookup(&name(on), RecordKind::A).unwrap().dnssec();
    assert_eq!(status("a.example"), Dnssec::Secure);
    assert_eq!(status("none.example"), Dnssec::Secure);
    assert_eq!(status("b.test"), Dnssec::Insecure, "as the weakest of the chain");
    assert_eq!(status("counterexample"), Dnssec::Insecure);
}

#[test]
fn rfc1035_master_file_lines() {
    let mut soa = Soa::new(name("ns.example"), name("host-master.example"), 7, 5);
    (soa.refresh, soa.retry, soa.expire) = (2, 3, 4);
    for (line, on, ttl, data) in [
        ("a.example. 60 IN A 192.0.2.1", "a.example", 60, RecordData::A([192, 0, 2, 1].into())),
        ("a.example IN 60 a 192.0.2.1", "a.example", 60, RecordData::A([192, 0, 2, 1].into())),
        ("\ta.example\taaaa\t::1 ; a comment", "a.example", 300, RecordData::Aaaa("::1".parse().unwrap())),
        ("a CNAME b.", "a", 300, RecordData::Cname(name("b"))),
        ("a DS 1 8 2 AB cd", "a", 300, RecordData::Ds(Ds::new(1, 8, 2, vec![0xab, 0xcd]))),
        ("a MX 0 .", "a", 300, RecordData::Mx(Mx::new(0, DnsName::root()))),
        (". NS a.root", ".", 300, RecordData::Ns(name("a.root"))),
        ("1.2.0.192.in-addr.arpa PTR A.Example", "1.2.0.192.in-addr.arpa", 300, RecordData::Ptr(name("a.example"))),
        ("a SOA ns.example host-master.example 7 2 3 4 5", "a", 300, RecordData::Soa(soa)),
        ("_25._tcp.a TLSA 3 1 1 00ff", "_25._tcp.a", 300, RecordData::Tlsa(Tlsa::new(3, 1, 1, vec![0, 0xff]))),
        (r#"a TXT "v=spf1 ; -all" b "\" \255\\""#, "a", 300, RecordData::Txt(b"v=spf1 ; -allb\" \xff\\".to_vec())),
        (r#"a TXT """#, "a", 300, RecordData::Txt(vec![])),
    ] {
        let zone: MemoryZone = line.parse().unwrap_or_else(|error| panic!("{line}: {error}"));
        let answer = zone.lookup(&name(on), data.kind()).unwrap();
        assert_eq!((answer.records(), answer.ttl()), (&[data][..], Duration::from_secs(ttl)), "{line}");
    }
}

#[test]
fn a_wrong_line_is_named_and_nothing_of_the_text_is_added() {
    for (line, kind) in [
        ("a", ZoneErrorKind::Missing("kind of record")),
        ("a 60 IN", ZoneErrorKind::Missing("kind of record")),
        ("a SPF x", ZoneErrorKind::Kind),
        ("a A", ZoneErrorKind::Missing("address")),
        ("a A ::1", ZoneErrorKind::Address),
        ("a A 192.0.2.1 192.0.2.2", ZoneErrorKind::Trailing),
        ("a MX mail", ZoneErrorKind::Number("preference")),
        ("a MX 65536 mail", ZoneErrorKind::Number("preference")),
        ("a MX 10", ZoneErrorKind::Missing("exchange")),
        ("a 4294967296 A 192.0.2.1", ZoneErrorKind::Number("TTL")),
        ("a DS 1 8 2 abc", ZoneErrorKind::Hex("digest")),
        ("a TLSA 3 1 1 +f", ZoneErrorKind::Hex("data")),
        ("a TLSA 3 1 1", ZoneErrorKind::Missing("data")),
        ("a TXT", ZoneErrorKind::Missing("text")),
        ("a TXT \"open", ZoneErrorKind::Quote),
        (r"a TXT \25", ZoneErrorKind::Quote),
        (r"a TXT \256", ZoneErrorKind::Quote),
        ("a TXT \\", ZoneErrorKind::Quote),
    ] {
        let zone = MemoryZone::new();
        let error = zone.add(&format!("; first\nfine A 192.0.2.1\n{line}\n")).unwrap_err();
        assert_eq!((error.line(), error.kind()), (3, &kind), "{line}");
        assert_eq!(presence(&zone, "fine", RecordKind::A), Presence::NxDomain, "{line}");
    }
    let error = MemoryZone::new().add("a..b A 192.0.2.1").unwrap_err();
    assert!(matches!(error.kind(), ZoneErrorKind::Name("name", _)), "{error}");
    assert_eq!(error.to_string(), "line 1: name: DNS name: empty label at byte 2");
}

proptest! {
    #[test]
    fn no_text_does_harm(text in "[ -~\t\n\\\\\";]{0,200}") {
        let _ = text.parse::<MemoryZone>();
    }

    #[test]
    fn every_text_can_be_written(text in proptest::collection::vec(any::<u8>(), 0..300)) {
        let escaped: String = text.iter().map(|octet| format!("\\{octet:03}")).collect();
        let zone: MemoryZone = format!("a TXT \"{escaped}\"").parse().unwrap();
        let answer = zone.lookup(&name("a"), RecordKind::Txt).unwrap();
        prop_assert_eq!(answer.records(), [RecordData::Txt(text)]);
    }

    /// A name exists exactly if a record stands at it or below it, whatever was added and taken away before.
    #[test]
    fn names_exist_by_their_records(steps in proptest::collection::vec((any::<bool>(), "[ab](\\.[ab]){0,3}"), 0..40)) {
        let zone = MemoryZone::new();
        let mut owners = std::collections::BTreeSet::new();
        for (adds, on) in &steps {
            let on = name(on);
            if *adds {
                zone.insert(on.clone(), Duration::from_secs(1), RecordData::A([192, 0, 2, 1].into()));
                owners.insert(on);
            } else {
                zone.remove(&on, RecordKind::A);
                owners.remove(&on);
            }
        }
        for (_, on) in &steps {
            let on = name(on);
            let expected = match (owners.contains(&on), owners.iter().any(|owner| owner.is_within(&on))) {
                (true, _) => Presence::Found,
                (false, true) => Presence::NoData,
                (false, false) => Presence::NxDomain,
            };
            prop_assert_eq!(zone.lookup(&on, RecordKind::A).unwrap().presence(), expected);
        }
    }
}
