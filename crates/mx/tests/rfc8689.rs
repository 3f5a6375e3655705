//! RFC 8689: mail that needs REQUIRETLS.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use posthaste_testkit::TestReceiver;
use posthaste_transport::Transport;
use posthaste_types::{Mail, RequireTls};
use support::policy::{Authority, Valid, World};
use support::{attempt, mail, texts};

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
