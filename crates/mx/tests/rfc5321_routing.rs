//! RFC 5321 §5: from a domain to its mail hosts.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use posthaste_dns::{Answer, DnsError, DnsErrorKind, MemoryZone, RecordKind, Resolve};
use posthaste_mx::{Mx, MxConfig};
use posthaste_testkit::{SeededRandom, VirtualClock};
use posthaste_transport::{Route, Transport};
use posthaste_types::{DnsName, Domain, Tick};

fn transport(zone: &MemoryZone, clock: &VirtualClock) -> Mx {
    let config = MxConfig::new("mail.example.com".parse().unwrap());
    Mx::new(Arc::new(zone.clone()), Arc::new(clock.clone()), config).with_random(Arc::new(SeededRandom::new(1)))
}

async fn route(zone: &MemoryZone) -> Route {
    let domain: Domain = "example.org".parse().unwrap();
    transport(zone, &VirtualClock::new()).route(&domain).await.unwrap()
}

/// The hosts, or the outcome.
fn words(route: &Route) -> String {
    match route.outcome() {
        Some(outcome) => outcome.to_string(),
        None => {
            route.hosts().iter().map(|host| format!("{} {}", host.preference, host.name)).collect::<Vec<_>>().join(", ")
        }
    }
}

#[tokio::test]
async fn table() {
    let table = [
        (
            "sorted by preference",
            "example.org MX 20 b.example.net\nexample.org MX 10 a.example.net",
            "10 a.example.net, 20 b.example.net",
        ),
        ("implicit MX by A", "example.org A 192.0.2.1", "0 example.org"),
        ("implicit MX by AAAA", "example.org AAAA 2001:db8::1", "0 example.org"),
        (
            "an alias is followed",
            "example.org CNAME other.example.net\nother.example.net MX 5 mx.example.net",
            "5 mx.example.net",
        ),
        ("MX beside an address", "example.org A 192.0.2.1\nexample.org MX 10 mx.example.net", "10 mx.example.net"),
        (
            "a host twice counts once",
            "example.org MX 10 a.example.net\nexample.org MX 5 a.example.net",
            "5 a.example.net",
        ),
        ("no such domain", "example.net A 192.0.2.1", "refused (DNS: no such domain: example.org: NXDOMAIN)"),
        (
            "neither MX nor address",
            "example.org TXT \"x\"",
            "refused (DNS: no address: example.org: neither MX nor address)",
        ),
        (
            "this host is one of the MX: it and what is not better is left out",
            "example.org MX 10 a.example.net\nexample.org MX 20 mail.example.com\nexample.org MX 20 b.example.net\nexample.org MX 30 c.example.net",
            "10 a.example.net",
        ),
        (
            "this host is the best MX",
            "example.org MX 10 MAIL.example.com\nexample.org MX 20 b.example.net",
            "refused (5.4.6 mail for example.org comes back: this host is its best MX (RFC 5321 §5.1))",
        ),
    ];
    for (what, zone, expected) in table {
        assert_eq!(words(&route(&zone.parse().unwrap()).await), expected, "{what}");
    }
}

#[tokio::test]
async fn what_is_not_known_is_deferred() {
    let name: DnsName = "example.org".parse().unwrap();
    let table = [
        (DnsErrorKind::ServFail, "deferred (DNS: no answer: example.org: the DNS server failed)"),
        (DnsErrorKind::Timeout, "deferred (DNS: no answer: example.org: no answer in time)"),
        (DnsErrorKind::Refused, "deferred (DNS: no answer: example.org: the DNS server refuses to answer)"),
        (DnsErrorKind::Network, "deferred (DNS: no answer: example.org: no DNS server could be reached)"),
        (DnsErrorKind::Bogus, "deferred (DNS: bogus answer: example.org: the answer is bogus (DNSSEC))"),
    ];
    for (fault, expected) in table {
        let zone: MemoryZone = "example.org A 192.0.2.1".parse().unwrap();
        zone.fail(&name, fault);
        assert_eq!(words(&route(&zone).await), expected);
        // There is no MX, and whether there is an address is not known.
        zone.heal(&name);
        zone.fail_kind(&name, RecordKind::A, fault);
        assert_eq!(words(&route(&zone).await), expected);
    }
}

/// §5.1: no way out through the domain's own address.
#[tokio::test]
async fn a_failed_mx_question_is_no_implicit_mx() {
    let zone: MemoryZone = "example.org A 192.0.2.1\nexample.org MX 10 a.example.net".parse().unwrap();
    zone.fail_kind(&"example.org".parse().unwrap(), RecordKind::Mx, DnsErrorKind::ServFail);
    assert_eq!(words(&route(&zone).await), "deferred (DNS: no answer: example.org: the DNS server failed)");
}

/// Answers with MX records that cannot be read.
#[derive(Debug)]
struct Unreadable(MemoryZone);

#[async_trait::async_trait]
impl Resolve for Unreadable {
    async fn resolve(&self, name: &DnsName, kind: RecordKind, by: Tick) -> Result<Answer, DnsError> {
        match kind {
            RecordKind::Mx => Ok(Answer::found([], Duration::from_secs(60)).with_unreadable(2)),
            _ => self.0.resolve(name, kind, by).await,
        }
    }
}

/// §5.1: where MX records stand, the domain's own address is no way out, whatever they say.
#[tokio::test]
async fn records_that_cannot_be_read_are_records() {
    let zone = Unreadable("example.org A 192.0.2.1".parse().unwrap());
    let config = MxConfig::new("mail.example.com".parse().unwrap());
    let mx = Mx::new(Arc::new(zone), Arc::new(VirtualClock::new()), config);
    let route = mx.route(&"example.org".parse().unwrap()).await.unwrap();
    let expected = "refused (DNS: no address: example.org: no MX record names a host that can be)";
    assert_eq!(words(&route), expected);
    assert_eq!(route.ttl(), Some(Duration::from_secs(60)));
}

#[tokio::test]
async fn one_family_that_fails_is_enough() {
    let zone: MemoryZone = "example.org A 192.0.2.1".parse().unwrap();
    zone.fail_kind(&"example.org".parse().unwrap(), RecordKind::Aaaa, DnsErrorKind::ServFail);
    assert_eq!(words(&route(&zone).await), "0 example.org");
}

#[tokio::test]
async fn equal_hosts_come_in_random_order_and_are_one_site() {
    let lines = ["a", "b", "c", "d"].map(|host| format!("example.org MX 10 {host}.example.net\n")).concat();
    let zone: MemoryZone = format!("{lines}example.org MX 5 best.example.net").parse().unwrap();
    let (mx, domain) = (transport(&zone, &VirtualClock::new()), "example.org".parse().unwrap());
    let (mut orders, mut sites, mut firsts) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for _ in 0..200 {
        let route = mx.route(&domain).await.unwrap();
        assert_eq!(route.hosts()[0].name.as_str(), "best.example.net");
        firsts.insert(route.hosts()[1].name.clone());
        orders.insert(words(&route));
        sites.insert(route.site().clone());
    }
    assert_eq!(firsts.len(), 4, "each comes first at times");
    assert_eq!(orders.len(), 24, "every order comes");
    assert_eq!(sites.len(), 1, "{sites:?}");
}

#[tokio::test]
async fn a_route_is_good_for_the_ttl() {
    let zone: MemoryZone =
        "example.org 900 IN MX 10 a.example.net\nhost.example.org 60 IN A 192.0.2.1".parse().unwrap();
    zone.fail(&"fails.example.org".parse().unwrap(), DnsErrorKind::ServFail);
    let clock = VirtualClock::new();
    clock.advance(Duration::from_secs(1000)).await;
    let mx = transport(&zone, &clock);
    let table = [
        ("example.org", Duration::from_secs(900)),
        ("host.example.org", Duration::from_secs(60)),
        ("nowhere.example.org", MemoryZone::NEGATIVE_TTL),
        ("fails.example.org", Duration::from_secs(5)),
    ];
    for (domain, ttl) in table {
        let route = mx.route(&domain.parse().unwrap()).await.unwrap();
        assert_eq!(route.ttl(), Some(ttl), "{domain}");
    }
}
