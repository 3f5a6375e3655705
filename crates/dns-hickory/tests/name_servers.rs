//! A key on its way to every name server of its zone, each of them a server on loopback.

use std::sync::Arc;
use std::time::Duration;

use posthaste_auth::keys::{KeyPlan, Sees, Tended, tend};
use posthaste_dns::{DnsErrorKind, MemoryZone, Rerouted, Resolve};
use posthaste_dns_hickory::Hickory;
use posthaste_sign::{KeyEntry, KeySecret, KeyStage, KeyStore, MemoryKeys};
use posthaste_testkit::{DnsServer, VirtualClock};
use posthaste_types::{DnsName, Domain, Tick, Timestamp};

const RECORD: &str = "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";
const KEY: &str = "s1._domainkey.example.com";

struct Net {
    servers: Vec<DnsServer>,
    dns: Rerouted,
    store: MemoryKeys,
    _everybody: DnsServer,
}

impl Net {
    async fn start() -> Self {
        let mut zone = String::new();
        for n in 1..=3 {
            zone.push_str(&format!("example.com NS ns{n}.example.com\nns{n}.example.com A 192.0.2.{n}\n"));
        }
        let everybody = DnsServer::start(zone.parse().expect("a zone")).await.expect("a free port");
        let hickory = Hickory::builder([everybody.address()], Arc::new(VirtualClock::new())).repeats(0);
        let hickory = hickory.build().expect("there is a server");
        let (mut dns, mut servers) = (Rerouted::new(hickory.clone()), Vec::new());
        for n in 1..=3 {
            let server = DnsServer::start(MemoryZone::new()).await.expect("a free port");
            let address = format!("192.0.2.{n}:53").parse().expect("an address");
            dns = dns.with(address, hickory.at(server.address()).expect("hickory can ask one server"));
            servers.push(server);
        }
        let store = MemoryKeys::new();
        let entry = KeyEntry::new(domain(), "s1".parse().expect("a selector"), RECORD, start()).expect("a key");
        store.put(&entry, &KeySecret::new(vec![7; 48]).expect("a secret")).await.expect("the store takes it");
        Self { servers, dns, store, _everybody: everybody }
    }

    fn publish(&self, server: usize) {
        self.servers[server].zone().add(&format!("{KEY}. IN TXT \"{RECORD}\"")).expect("a record");
    }

    async fn round(&self, after: Duration) -> Tended {
        let by = Tick::from_start(Duration::from_secs(10)); // of a clock that stands still
        let at = start().saturating_add(after);
        tend(&self.store, &self.dns, &domain(), &KeyPlan::default(), at, by).await.expect("the store answers")
    }

    async fn stage(&self) -> KeyStage {
        self.store.keys(None).await.expect("the store answers")[0].state().stage
    }
}

fn domain() -> Domain {
    "example.com".parse().expect("a domain")
}

fn start() -> Timestamp {
    Timestamp::from_unix_secs(1_790_000_000)
}

#[tokio::test]
async fn a_key_signs_only_when_the_slowest_server_shows_it() {
    let net = Net::start().await;
    net.publish(0);
    net.publish(1);
    let minute = Duration::from_secs(60);
    for round in 0..5 {
        let tended = net.round(round * 60 * minute).await;
        assert_eq!(tended.steps[0].to_string(), format!("wait: ns3.example.com does not show {KEY}"));
        assert_eq!(net.stage().await, KeyStage::Made, "however long it takes");
    }
    net.publish(2);
    assert!(net.round(300 * minute).await.steps[0].to_string().starts_with("wait: every name server shows"));
    assert_eq!(net.stage().await, KeyStage::Shown);

    // A server that loses it again sets it back.
    net.servers[1].zone().remove(&KEY.parse::<DnsName>().expect("a name"), posthaste_dns::RecordKind::Txt);
    net.round(310 * minute).await;
    assert_eq!(net.stage().await, KeyStage::Made);
    net.publish(1);
    net.round(320 * minute).await;
    net.round(379 * minute).await;
    assert_eq!(net.stage().await, KeyStage::Shown);
    let moves = net.round(380 * minute).await.moves;
    assert_eq!((moves.len(), net.stage().await), (1, KeyStage::Signing));
}

#[tokio::test]
async fn a_server_that_fails_is_told_and_stops_no_other() {
    let net = Net::start().await;
    (0..3).for_each(|server| net.publish(server));
    let name = KEY.parse::<DnsName>().expect("a name");
    for (fault, words) in [
        (DnsErrorKind::ServFail, "ns2.example.com cannot be asked (the DNS server failed)"),
        (DnsErrorKind::Refused, "ns2.example.com cannot be asked (the DNS server refuses to answer)"),
    ] {
        net.servers[1].zone().fail(&name, fault);
        let tended = net.round(Duration::ZERO).await;
        assert_eq!(tended.steps[0].to_string(), format!("wait: {words} for {KEY}"));
        let seen: Vec<_> = tended.showings[0].1.servers.iter().map(|view| view.sees.clone()).collect();
        assert_eq!(seen, [Sees::Key, Sees::Unknown(fault), Sees::Key]);
        assert_eq!(net.stage().await, KeyStage::Made);
    }
    net.servers[1].zone().heal(&name);
    net.round(Duration::ZERO).await;
    assert_eq!(net.stage().await, KeyStage::Shown);
}
