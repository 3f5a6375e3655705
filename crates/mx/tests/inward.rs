//! The DNS of others must not lead inward: mail hosts at every class of address that is not of the public Internet.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::sync::Arc;

use posthaste_dns::MemoryZone;
use posthaste_mx::{Mx, MxConfig, Relay};
use posthaste_testkit::VirtualClock;
use posthaste_transport::{Attempt, Transport};
use posthaste_types::OutcomeKind;
use support::{Lines, Peer, Script, attempt, kinds, mail, texts};

/// One address of each class at least, by its network's first and last addresses.
/// Source: the IANA registries of special-purpose addresses, by the standards that stand beside them.
const INWARD: [(&str, &str, &str); 30] = [
    ("unspecified", "RFC 1122 §3.2.1.3", "0.0.0.0 0.255.255.255"),
    ("private", "RFC 1918", "10.0.0.0 10.255.255.255"),
    ("private", "RFC 1918", "172.16.0.0 172.31.255.255"),
    ("private", "RFC 1918", "192.168.0.0 192.168.255.255"),
    ("shared", "RFC 6598", "100.64.0.0 100.127.255.255"),
    ("loopback", "RFC 1122 §3.2.1.3", "127.0.0.0 127.0.0.1 127.255.255.255"),
    ("link local", "RFC 3927", "169.254.0.0 169.254.169.254 169.254.255.255"),
    ("protocols", "RFC 6890", "192.0.0.0 192.0.0.255"),
    ("documentation", "RFC 5737", "192.0.2.0 192.0.2.255"),
    ("documentation", "RFC 5737", "198.51.100.0 198.51.100.255"),
    ("documentation", "RFC 5737", "203.0.113.0 203.0.113.255"),
    ("documentation", "RFC 3849", "2001:db8:: 2001:db8:ffff:ffff:ffff:ffff:ffff:ffff"),
    ("documentation", "RFC 9637", "3fff:: 3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff"),
    ("benchmark", "RFC 2544", "198.18.0.0 198.19.255.255"),
    ("benchmark", "RFC 5180", "2001:2:: 2001:2:0:ffff:ffff:ffff:ffff:ffff"),
    ("multicast", "RFC 5771", "224.0.0.0 239.255.255.255"),
    ("multicast", "RFC 4291", "ff00:: ff02::1 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
    ("reserved", "RFC 1112, RFC 919", "240.0.0.0 255.255.255.255"),
    ("unspecified", "RFC 4291", "::"),
    ("loopback", "RFC 4291", "::1"),
    ("mapped", "RFC 4291", "::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:169.254.169.254"),
    ("NAT64", "RFC 6052", "64:ff9b::127.0.0.1 64:ff9b::a9fe:a9fe"),
    ("NAT64", "RFC 8215", "64:ff9b:1::10.0.0.1 64:ff9b:1:7f00:0:100::"),
    ("6to4", "RFC 3056", "2002:7f00:1:: 2002:a00:1::1"),
    ("Teredo", "RFC 4380", "2001:0:808:808::f5ff:fffe 2001:0:7f00:1::"),
    ("unique local", "RFC 4193", "fc00:: fd00:ec2::254 fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
    ("link local", "RFC 4291", "fe80:: febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
    ("site local", "RFC 3879", "fec0:: feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
    ("discard", "RFC 6666", "100:: 100::ffff:ffff:ffff:ffff"),
    ("compatible", "RFC 4291 §2.5.5.1", "::127.0.0.1 ::10.0.0.1"),
];

/// At the connected address, whatever name led there: the guard stands before the connection, and may be taken away.
#[tokio::test]
async fn inward_addresses_are_not_dialled() {
    for (class, source, addresses) in INWARD {
        for address in addresses.split(' ') {
            let kind = if address.contains(':') { "AAAA" } else { "A" };
            let zone = format!("example.org MX 10 mx.example.org\nmx.example.org {kind} {address}");
            let zone: MemoryZone = zone.parse().unwrap();
            let config = MxConfig::new("mail.example.com".parse().unwrap());
            let mx = Mx::new(Arc::new(zone), Arc::new(VirtualClock::new()), config);
            let lines = Arc::new(Lines::default());
            let one = attempt(&mail(&["bob@example.org"])).trace(lines.clone()).build();
            let text = texts(&mx.deliver(&one).await.unwrap()).concat();
            assert!(text.starts_with("deferred (unreachable: mx.example.org ["), "{class}, {source}: {text}");
            assert!(text.contains("to which the DNS of others may not lead"), "{class}, {source}: {text}");
            assert!(!lines.text().contains("connecting"), "{class}, {source}: {}", lines.text());
        }
    }
    // A relay that the user named may be anywhere.
    let peer = Peer::start(vec![Script::new()]).await;
    let relay = Relay::from_url(&format!("smtp://127.0.0.1:{}", peer.port())).unwrap();
    let outcomes = relay.deliver(&Attempt::of(&mail(&["bob@example.org"]))).await.unwrap();
    assert_eq!(kinds(&outcomes), [OutcomeKind::Accepted]);
}
