//! SOCKS5 (RFC 1928, RFC 1929): connections through a proxy.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::net::SocketAddr;
use std::sync::Arc;

use posthaste_mx::{ConfigErrorKind, Egress, InwardAddresses, Mx, Relay, RelayConfig, Socks5};
use posthaste_testkit::{TestReceiver, VirtualClock};
use posthaste_transport::{Attempt, Source, Transport, TransportErrorKind};
use posthaste_types::OutcomeKind;
use support::policy::{Authority, Identity, World};
use support::socks::{Rule, SocksServer};
use support::{Lines, attempt, kinds, mail, mx_with, texts};

const ZONE: &str = "example.org MX 10 mx.example.org\nmx.example.org A 127.0.0.1";

/// Addresses that this machine does not have: nothing can be bound to them here.
fn through(proxy: &Socks5) -> Vec<Egress> {
    ["192.0.2.7", "2001:db8::7"]
        .map(|ip| Source::new(ip.parse().unwrap(), "out7.example.com".parse().unwrap()))
        .map(|source| Egress::new(source).through(proxy.clone()))
        .to_vec()
}

fn mx(zone: &str, port: u16, proxy: &Socks5) -> Mx {
    mx_with(zone, port, &VirtualClock::new(), |config| config.sources = through(proxy))
}

#[tokio::test]
async fn section_4_and_rfc1929_section_2() {
    let receiver = TestReceiver::start().await;
    let to = receiver.local_addr();
    for (rule, login) in [(Rule::Open, None), (Rule::Login("ada", "correct horse"), Some(("ada", "correct horse")))] {
        let server = SocksServer::start(rule).await;
        let mut proxy = Socks5::new(server.address);
        if let Some((name, password)) = login {
            proxy = proxy.with_login(name, password).unwrap();
        }
        let mx = mx(ZONE, to.port(), &proxy);
        let lines = Arc::new(Lines::default());
        let one = attempt(&mail(&["bob@example.org"])).trace(lines.clone()).build();
        assert_eq!(kinds(&mx.deliver(&one).await.unwrap()), [OutcomeKind::Accepted]);
        assert_eq!(server.asked(), [to], "by address");
        assert_eq!(receiver.drain()[0].hello, "out7.example.com");
        let used = format!("from 192.0.2.7 (out7.example.com) through SOCKS5 {}", server.address);
        assert!(lines.text().contains(&used), "{}", lines.text());
        assert!(!lines.text().contains("correct horse"));
        assert_eq!(mx.sources()[0].sessions, 1);
        mx.close().await;
    }
}

#[tokio::test]
async fn section_5_ipv6() {
    let Ok(listener) = std::net::TcpListener::bind("[::1]:0") else {
        return println!("skipped: no IPv6 on loopback");
    };
    drop(listener);
    let receiver = TestReceiver::builder().address("[::1]:0".parse::<SocketAddr>().unwrap()).start().await;
    let server = SocksServer::start(Rule::Open).await;
    let zone = "example.org MX 10 mx.example.org\nmx.example.org AAAA ::1";
    let mx = mx(zone, receiver.local_addr().port(), &Socks5::new(server.address));
    assert_eq!(kinds(&mx.deliver(&Attempt::of(&mail(&["bob@example.org"]))).await.unwrap()), [OutcomeKind::Accepted]);
    assert_eq!(server.asked(), [receiver.local_addr()]);
}

/// What the proxy says of the target is an outcome; what it says of us is our fault, and bounces nobody.
#[tokio::test]
async fn section_6_replies() {
    let misconfigured = Err(TransportErrorKind::Misconfigured);
    let unreachable = Err(TransportErrorKind::Unreachable);
    let table = [
        (Rule::Refuse(1), Ok("deferred (unreachable: ")),
        // Whoever publishes an address that the rules forbid must not put the source out of use for others.
        (Rule::Refuse(2), Ok("deferred (unreachable: ")),
        (Rule::Refuse(3), Ok("deferred (unreachable: ")),
        (Rule::Refuse(4), Ok("deferred (unreachable: ")),
        (Rule::Refuse(5), Ok("deferred (connection refused: ")),
        (Rule::Refuse(6), Ok("deferred (timed out: ")),
        (Rule::Refuse(7), misconfigured),
        (Rule::Refuse(8), misconfigured),
        (Rule::Refuse(200), Ok("deferred (unreachable: ")),
        (Rule::Login("ada", "another"), misconfigured),
        (Rule::Say(b"SSH-2.0-OpenSSH\r\n"), unreachable),
        (Rule::Say(b"\x05"), unreachable),
        (Rule::Say(b"\x05\x00\x05\x00\x00\x07"), unreachable),
        (Rule::Say(b""), unreachable),
    ];
    for (rule, expected) in table {
        let server = SocksServer::start(rule.clone()).await;
        let proxy = Socks5::new(server.address);
        let proxy = match rule {
            Rule::Login(..) => proxy.with_login("ada", "wrong").unwrap(),
            _ => proxy,
        };
        let mx = mx(ZONE, 25, &proxy);
        let result = mx.deliver(&Attempt::of(&mail(&["bob@example.org"]))).await;
        let seen = result.map(|outcomes| texts(&outcomes).concat()).map_err(|error| {
            assert!(error.to_string().contains("SOCKS5 proxy"), "{error}");
            error.kind()
        });
        match expected {
            Ok(start) => assert!(seen.as_ref().is_ok_and(|text| text.starts_with(start)), "{rule:?}: {seen:?}"),
            Err(kind) => assert_eq!(seen, Err(kind), "{rule:?}"),
        }
        assert_eq!(mx.sources()[0].fault.is_some(), expected.is_err(), "{rule:?}: the source's own fault");
    }
    let login = TestReceiver::start().await;
    let server = SocksServer::start(Rule::Login("ada", "x")).await;
    let mx = mx(ZONE, login.local_addr().port(), &Socks5::new(server.address));
    let error = mx.deliver(&Attempt::of(&mail(&["bob@example.org"]))).await.unwrap_err();
    assert!(error.to_string().contains("asks for a login"), "{error}");
}

/// A proxy that goes away at each octet of its answers: nobody is bounced, and nothing hangs.
#[tokio::test]
async fn a_proxy_that_goes_away() {
    let answers: &[u8] = b"\x05\x02\x01\x00\x05\x00\x00\x03\x05proxy\x04";
    for len in 0..answers.len() {
        let server = SocksServer::start(Rule::Say(&answers[..len])).await;
        let proxy = Socks5::new(server.address).with_login("ada", "x").unwrap();
        let error = mx(ZONE, 25, &proxy).deliver(&Attempt::of(&mail(&["bob@example.org"]))).await.unwrap_err();
        assert_eq!(error.kind(), TransportErrorKind::Unreachable, "{len}: {error}");
    }
}

#[tokio::test]
async fn a_relay_through_a_proxy() {
    let receiver = TestReceiver::start().await;
    let server = SocksServer::start(Rule::Open).await;
    let mut config = RelayConfig::from_url(&format!("smtp://{}", receiver.local_addr())).unwrap();
    config.sources = through(&Socks5::new(server.address));
    let relay = Relay::new(Arc::new(VirtualClock::new()), config).unwrap();
    let outcomes = relay.deliver(&Attempt::of(&mail(&["bob@example.org"]))).await.unwrap();
    assert_eq!(kinds(&outcomes), [OutcomeKind::Accepted]);
    assert_eq!((server.asked(), relay.sources()[0].sessions), (vec![receiver.local_addr()], 1));
}

/// The guard stands before the proxy, which sits inside.
#[tokio::test]
async fn inward_addresses_are_not_asked_for() {
    let server = SocksServer::start(Rule::Open).await;
    for address in ["A 127.0.0.1", "A 169.254.169.254", "AAAA ::ffff:10.0.0.1", "AAAA fd00:ec2::254"] {
        let zone = format!("example.org MX 10 mx.example.org\nmx.example.org {address}");
        let mx = mx_with(&zone, 25, &VirtualClock::new(), |config| {
            config.sources = through(&Socks5::new(server.address));
            config.inward = InwardAddresses::Refuse;
        });
        let text = texts(&mx.deliver(&Attempt::of(&mail(&["bob@example.org"]))).await.unwrap()).concat();
        assert!(text.contains("to which the DNS of others may not lead"), "{text}");
    }
    assert!(server.asked().is_empty());
}

/// DANE and certificates stand as without a proxy, which sees octets alone.
#[tokio::test]
async fn dane_through_a_proxy() {
    let (ca, identity) = (Authority::new("one"), Identity::self_signed("mx.example.org"));
    let receiver = TestReceiver::builder().tls(identity.server()).start().await;
    let server = SocksServer::start(Rule::Open).await;
    for (data, expected) in [(&identity.public_key, OutcomeKind::Accepted), (&ca.public_key, OutcomeKind::Deferred)] {
        let world = World::new(receiver.local_addr().port());
        world.tlsa(3, 1, data);
        let mx = world.mx_with(&ca, |config| config.sources = through(&Socks5::new(server.address)));
        assert_eq!(kinds(&mx.deliver(&Attempt::of(&mail(&["bob@example.org"]))).await.unwrap()), [expected]);
        assert_eq!(world.told.take()[0].sending_ip, Some("192.0.2.7".parse().unwrap()));
    }
    assert_eq!(receiver.received().len(), 1);
}

#[test]
fn rfc1929_logins_have_1_to_255_octets() {
    let long = "x".repeat(256);
    for (name, password) in [("", "x"), ("x", ""), (&*long, "x"), ("x", &*long)] {
        let error = Socks5::new("127.0.0.1:1080".parse().unwrap()).with_login(name, password).unwrap_err();
        assert_eq!(error.kind(), ConfigErrorKind::Credentials);
    }
    let proxy = Socks5::new("127.0.0.1:1080".parse().unwrap()).with_login("ada", "correct horse").unwrap();
    assert!(!format!("{proxy:?}").contains("horse"), "{proxy:?}");
}
