//! Our client to Postfix's smtpd inside TLS (RFC 3207, RFC 8314).

use std::sync::Arc;

use posthaste::dns::MemoryZone;
use posthaste::mx::{InwardAddresses, MxConfig, RelayConfig, TlsRoots};
use posthaste::{Attempt, Mx, OutcomeKind, Relay, TlsPolicy, Transport};
use posthaste_testkit::TestCa;

use crate::real::{Postfix, Setup};
use crate::{Dialogue, all_accepted, in_front, kinds, mail, sample};

const MAY: usize = 0;
const MUST: usize = 1;
const WRAPPED: usize = 2;

fn start(ca: &TestCa) -> Option<Postfix> {
    let (certificate, key) = ca.server_pem(&["mx.example.org", "127.0.0.1"]);
    Setup::new("mx.example.org")
        .store("example.org")
        .file("server.pem", key + &certificate)
        .set("smtpd_tls_chain_files = $config_directory/server.pem\nsmtpd_tls_loglevel = 1\nsmtpd_tls_received_header = yes")
        .smtpd(&["smtpd_tls_security_level=may"])
        .smtpd(&["smtpd_tls_security_level=encrypt"])
        .smtpd(&["smtpd_tls_wrappermode=yes", "smtpd_tls_security_level=encrypt"])
        .start()
}

fn relay(postfix: &Postfix, scheme: &str, port: usize, roots: &TestCa) -> Relay {
    let mut config = RelayConfig::from_url(&format!("{scheme}://{}", postfix.addresses()[port])).unwrap();
    config.roots = TlsRoots::from_pem(roots.root_pem().as_bytes()).unwrap();
    Relay::with_config(config).unwrap()
}

#[tokio::test]
async fn postfix_inside_tls() {
    let (ca, others) = (TestCa::new(), TestCa::new());
    let Some(postfix) = start(&ca) else { return };
    let ways = [
        // Opportunistic: any certificate will do.
        ("smtp", MAY, &others),
        ("smtp", MUST, &others),
        ("smtp+starttls", MAY, &ca),
        ("smtp+starttls", MUST, &ca),
        ("smtps", WRAPPED, &ca),
    ];
    for (scheme, port, roots) in ways {
        let relay = relay(&postfix, scheme, port, roots);
        let dialogue = Dialogue::default();
        for _ in 0..2 {
            let outcomes = relay.deliver(&dialogue.of(&mail(&["bob@example.org"], sample()))).await.unwrap();
            assert!(all_accepted(&outcomes), "{scheme}: {outcomes:?}\n{}", dialogue.text());
        }
        relay.close().await;
    }
    let stored = postfix.stored(2 * ways.len());
    assert_eq!(stored.len(), 2 * ways.len());
    for copy in &stored {
        let front = in_front(copy, &sample());
        assert!(front.contains("(using TLSv1.3 with cipher ") && front.contains("with ESMTPS"), "{front}");
    }
    postfix.wait_for(4, &["disconnect from", "ehlo=2 starttls=1 mail=2 rcpt=2 bdat=2 quit=1"]);
    postfix.wait_for(1, &["disconnect from", "ehlo=1 mail=2 rcpt=2 bdat=2 quit=1"]);
}

/// A certificate that nobody here trusts: nothing is sent, nobody is bounced.
#[tokio::test]
async fn postfix_with_a_certificate_of_others() {
    let (ca, others) = (TestCa::new(), TestCa::new());
    let Some(postfix) = start(&ca) else { return };
    for (scheme, port) in [("smtp+starttls", MAY), ("smtps", WRAPPED)] {
        let relay = relay(&postfix, scheme, port, &others);
        let error = relay.deliver(&Attempt::of(&mail(&["bob@example.org"], sample()))).await.unwrap_err();
        assert!(error.to_string().contains("certificate"), "{error}");
    }
    assert_eq!(postfix.count(&["status=sent"]), 0, "{}", postfix.log());
}

/// The same through MX, whose policy is the attempt's: the certificate must be the host's.
#[tokio::test]
async fn postfix_found_by_mx_and_verified() {
    let ca = TestCa::new();
    let Some(postfix) = start(&ca) else { return };
    let zone = "example.org MX 10 mx.example.org\nmx.example.org A 127.0.0.1\n\
                example.net MX 10 mail.example.net\nmail.example.net A 127.0.0.1";
    let zone: MemoryZone = zone.parse().unwrap();
    let mut config = MxConfig::new("client.example".parse().unwrap());
    (config.port, config.inward) = (postfix.addresses()[MAY].port(), InwardAddresses::Allow);
    config.roots = TlsRoots::from_pem(ca.root_pem().as_bytes()).unwrap();
    let mx = Mx::new(Arc::new(zone), Arc::new(posthaste::SystemClock::new()), config);
    for (to, expected) in [("bob@example.org", OutcomeKind::Accepted), ("bob@example.net", OutcomeKind::Deferred)] {
        let attempt = Attempt::builder(mail(&[to], sample())).tls_policy(TlsPolicy::Verified).build();
        let outcomes = mx.deliver(&attempt).await.unwrap();
        assert_eq!(kinds(&outcomes), [expected], "{outcomes:?}");
    }
    mx.close().await;
    in_front(&postfix.stored(1)[0], &sample());
}
