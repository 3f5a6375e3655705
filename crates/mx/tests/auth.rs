//! RFC 4954 and RFC 4616: AUTH at a relay.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::sync::Arc;

use posthaste_mx::{ConfigErrorKind, Relay, RelayConfig};
use posthaste_smtp::AuthAllowed;
use posthaste_testkit::VirtualClock;
use posthaste_transport::{Transport, TransportErrorKind};
use posthaste_types::OutcomeKind;
use support::{Lines, Peer, Script, attempt, kinds, mail};

/// `\0ada\0correct horse` in base64.
const PLAIN: &str = "AGFkYQBjb3JyZWN0IGhvcnNl";

fn relay(port: u16, allowed: AuthAllowed) -> Relay {
    let config = RelayConfig::from_url(&format!("smtp://ada@127.0.0.1:{port}")).unwrap();
    let mut config = config.with_password("correct horse").unwrap();
    config.auth = allowed;
    assert!(!format!("{config:?}").contains("horse"));
    Relay::new(Arc::new(VirtualClock::new()), config).unwrap()
}

fn script(mechanisms: &str) -> Script {
    Script::new().ehlo(&format!("250-mx.example.org\r\n250 AUTH {mechanisms}"))
}

#[tokio::test]
async fn mechanisms_and_their_trace() {
    let ok = "235 2.7.0 welcome";
    let table = [
        ("initial response", script("LOGIN PLAIN").answer("AUTH PLAIN ", ok)),
        ("asked again", script("PLAIN").answer("AUTH PLAIN ", "334 ").answer(PLAIN, ok)),
        (
            "LOGIN",
            script("LOGIN")
                .answer("AUTH LOGIN", "334 VXNlcm5hbWU6")
                .answer("YWRh", "334 UGFzc3dvcmQ6")
                .answer("Y29ycmVjdCBob3JzZQ==", ok),
        ),
    ];
    for (what, script) in table {
        let peer = Peer::start(vec![script]).await;
        let lines = Arc::new(Lines::default());
        let one = attempt(&mail(&["bob@example.org"])).trace(lines.clone()).build();
        let outcomes = relay(peer.port(), AuthAllowed::Anywhere).deliver(&one).await.unwrap();
        assert_eq!(kinds(&outcomes), [OutcomeKind::Accepted], "{what}");
        let text = lines.text();
        for secret in [PLAIN, "YWRh", "Y29ycmVjdCBob3JzZQ"] {
            assert!(!text.contains(secret), "{what}: {text}");
        }
        for word in ["C: AUTH ", "***", "S: 235 2.7.0 welcome", "C: MAIL FROM:<ada@example.com>"] {
            assert!(text.contains(word), "{what}: {word}: {text}");
        }
    }
}

/// Nobody's mail is bounced for it; no word of the password is said.
#[tokio::test]
async fn refusals_are_faults_of_ours() {
    let (misconfigured, unreachable) = (TransportErrorKind::Misconfigured, TransportErrorKind::Unreachable);
    let table = [
        (
            "wrong",
            script("PLAIN").answer("AUTH", "535 5.7.8 credentials invalid"),
            AuthAllowed::Anywhere,
            misconfigured,
        ),
        ("not now", script("PLAIN").answer("AUTH", "454 4.7.0 later"), AuthAllowed::Anywhere, unreachable),
        ("none that we speak", script("GSSAPI"), AuthAllowed::Anywhere, misconfigured),
        ("none at all", Script::new(), AuthAllowed::Anywhere, misconfigured),
        ("in clear", script("PLAIN"), AuthAllowed::InsideTls, misconfigured),
    ];
    for (what, script, allowed, kind) in table {
        let peer = Peer::start(vec![script]).await;
        let error =
            relay(peer.port(), allowed).deliver(&attempt(&mail(&["bob@example.org"])).build()).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{what}: {error}");
        assert!(!format!("{error} {error:?}").contains("horse"), "{error:?}");
        peer.wait_for(2).await;
        assert!(!peer.heard().concat().iter().any(|line| line.starts_with("MAIL")), "{what}");
        if allowed == AuthAllowed::InsideTls {
            assert!(!peer.heard().concat().concat().contains("AUTH"), "{what}");
        }
    }
}

#[test]
fn settings_that_cannot_be() {
    let kind = |result: Result<Relay, posthaste_mx::ConfigError>| result.unwrap_err().kind();
    assert_eq!(kind(Relay::from_url("smtp+starttls://ada@relay.example.net")), ConfigErrorKind::PasswordMissing);
    assert_eq!(kind(Relay::from_url("ftp://relay.example.net")), ConfigErrorKind::Scheme);
    let config = || RelayConfig::from_url("smtps://ada@relay.example.net").unwrap();
    assert_eq!(config().with_password("").unwrap_err().kind(), ConfigErrorKind::Credentials);
    assert_eq!(config().with_password("a\0b").unwrap_err().kind(), ConfigErrorKind::Credentials);
    let nobody = RelayConfig::from_url("smtps://relay.example.net").unwrap();
    assert_eq!(nobody.with_password("x").unwrap_err().kind(), ConfigErrorKind::Credentials);
}
