//! The typed questions.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::net::IpAddr;
use std::time::Duration;

use posthaste_dns::{DnsErrorKind, Dnssec, MemoryZone, Mx, Presence, RecordKind, ResolveExt};
use posthaste_types::{DnsFault, DnsName, Tick};

const BY: Tick = Tick::from_start(Duration::from_secs(10));

fn name(text: &str) -> DnsName {
    text.parse().unwrap()
}

#[tokio::test]
async fn addresses_of_both_families_ipv6_first() {
    let zone: MemoryZone = "
        host.example 300 A 192.0.2.1
        host.example 300 A 192.0.2.2
        host.example 60 AAAA 2001:db8::1
        alias.example CNAME host.example
        four.example A 192.0.2.4
    "
    .parse()
    .unwrap();
    let found = zone.addresses(&name("alias.example"), BY).await.unwrap();
    let expected: [IpAddr; 3] = ["2001:db8::1", "192.0.2.1", "192.0.2.2"].map(|text| text.parse().unwrap());
    assert_eq!(found.values, expected);
    assert_eq!((found.presence, found.ttl, found.dnssec), (Presence::Found, BY.since_start() * 6, Dnssec::Insecure));
    assert_eq!(found.chain, [name("host.example")]);
    assert!(found.incomplete.is_none());

    let found = zone.addresses(&name("four.example"), BY).await.unwrap();
    assert_eq!((found.values.len(), found.presence), (1, Presence::Found), "one family is enough");
    let found = zone.addresses(&name("none.example"), BY).await.unwrap();
    assert_eq!((found.values.len(), found.presence), (0, Presence::NxDomain));
}

#[tokio::test]
async fn half_an_answer_says_what_is_missing_and_no_half_is_a_negative() {
    let zone: MemoryZone = "host.example A 192.0.2.1\n empty.example TXT x".parse().unwrap();
    for (on, kind) in [("host.example", RecordKind::Aaaa), ("empty.example", RecordKind::A)] {
        zone.fail_kind(&name(on), kind, DnsErrorKind::ServFail);
    }
    let found = zone.addresses(&name("host.example"), BY).await.unwrap();
    assert_eq!(found.values.len(), 1);
    let missing = found.incomplete.unwrap();
    assert_eq!((missing.kind(), missing.record()), (DnsErrorKind::ServFail, Some(RecordKind::Aaaa)));

    let error = zone.addresses(&name("empty.example"), BY).await.unwrap_err();
    assert_eq!((error.kind(), error.fault()), (DnsErrorKind::ServFail, DnsFault::Temporary));
}

#[tokio::test]
async fn two_answers_are_as_secure_as_the_weaker() {
    use Dnssec::{Indeterminate, Insecure, Secure};
    for (a, b, both) in [
        (Secure, Secure, Secure),
        (Secure, Insecure, Insecure),
        (Secure, Indeterminate, Indeterminate),
        (Insecure, Indeterminate, Indeterminate),
    ] {
        assert_eq!((a.and(b), b.and(a)), (both, both));
    }
}

#[tokio::test]
async fn mx_ptr_and_txt() {
    let zone: MemoryZone = "
        example.com MX 20 b.example.com
        example.com MX 10 a.example.com
        example.com TXT one
        example.com TXT two
        1.2.0.192.in-addr.arpa PTR host.example.com
        1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa PTR six.example.com
    "
    .parse()
    .unwrap();
    let domain = name("example.com");
    let mx = zone.mx(&domain, BY).await.unwrap().values;
    assert_eq!(mx, [Mx::new(20, name("b.example.com")), Mx::new(10, name("a.example.com"))], "as it was answered");
    assert_eq!(zone.txt(&domain, BY).await.unwrap().values, [b"one".to_vec(), b"two".to_vec()]);
    for (address, host) in [("192.0.2.1", "host.example.com"), ("2001:db8::1", "six.example.com")] {
        let found = zone.ptr(address.parse().unwrap(), BY).await.unwrap();
        assert_eq!(found.values, [name(host)]);
    }
    let none = zone.mx(&name("none.example.com"), BY).await.unwrap();
    assert_eq!((none.values.len(), none.presence), (0, Presence::NxDomain), "no implicit MX is made here");
}
