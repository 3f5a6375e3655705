//! RFC 8689: mail that needs REQUIRETLS.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::net::SocketAddr;

use posthaste_smtp::Offer;
use posthaste_testkit::TestReceiver;
use posthaste_transport::Transport;
use posthaste_types::{Mail, RequireTls};
use support::policy::{Authority, Valid, World};
use support::{attempt, listeners, mail, texts};

fn secret() -> Mail {
    let mail = mail(&["bob@example.org"]);
    let envelope = mail.envelope().clone().with_require_tls(RequireTls::Yes);
    mail.with_envelope(envelope)
}

/// §4.2.1: a host with a valid certificate is not enough. The DNS must be secure, or an MTA-STS policy name the host:
/// else whoever forges an MX record gets the mail.
#[tokio::test]
async fn section_4_2_1_the_host_must_be_proved() {
    let ca = Authority::new("one");
    let receiver = TestReceiver::builder().tls(ca.identity("mx.example.org", Valid::Now).server()).start().await;
    let unproved = "neither DNSSEC nor MTA-STS says that this is a host of the domain";
    let proved = "5.7.30 the mail needs REQUIRETLS";
    for (what, expected) in [
        ("", unproved),
        ("signed", proved),
        ("enforce mx.example.org", proved),
        ("testing mx.example.org", proved),
        ("testing mx.example.net", unproved),
        ("none mx.example.org", unproved),
    ] {
        let world = World::new(receiver.local_addr().port());
        match what.split_once(' ') {
            Some((mode, host)) => world.sts("1", mode, host),
            None if what == "signed" => {
                world.zone.sign(posthaste_types::DnsName::parse("example.org").unwrap());
            }
            None => {}
        }
        let before = receiver.connections();
        let text = texts(&world.mx(&ca).deliver(&attempt(&secret()).build()).await.unwrap()).concat();
        assert!(text.contains(expected), "{what}: {text}");
        let connected = receiver.connections() - before;
        assert_eq!(connected, usize::from(expected == proved), "{what}: whom to ask for it is known first");
    }
}

/// §4.2.1, step 5: a host that does not offer REQUIRETLS gives way to the next; if none does, the mail is refused, and
/// one that is down may offer it another time.
#[tokio::test]
async fn section_4_2_1_each_host_is_asked() {
    let ca = Authority::new("one");
    let table = [
        (vec![Offer::No, Offer::Yes], "accepted (250"),
        (vec![Offer::No, Offer::No], "refused (5.7.30 the mail needs REQUIRETLS"),
        (vec![Offer::No], "deferred (connection refused"),
    ];
    for (offers, expected) in table {
        let addresses: Vec<SocketAddr> = listeners(2).await.iter().map(|one| one.local_addr().unwrap()).collect();
        let mut hosts = Vec::new();
        for (offer, (address, name)) in offers.iter().zip(addresses.iter().zip(["mx.example.org", "mx2.example.org"])) {
            let (offer, tls) = (*offer, ca.identity(name, Valid::Now).server());
            let builder = TestReceiver::builder().tls(tls).address(*address);
            hosts.push(builder.configure(move |config| config.session.require_tls = offer).start().await);
        }
        let world = World::new(addresses[0].port());
        let of_first = posthaste_dns::RecordKind::A;
        world.zone.remove(&"mx.example.org".parse().unwrap(), of_first);
        let more = "mx.example.org A 127.0.0.2\nexample.org MX 20 mx2.example.org\nmx2.example.org A 127.0.0.3";
        world.zone.add(more).unwrap();
        world.sts_of("example.org", "1", "version: STSv1\nmode: enforce\nmx: *.example.org\nmax_age: 86400\n");
        let text = texts(&world.mx(&ca).deliver(&attempt(&secret()).build()).await.unwrap()).concat();
        assert!(text.starts_with(expected), "{text}");
    }
}
