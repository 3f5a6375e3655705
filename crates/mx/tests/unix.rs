//! LMTP on a Unix socket (RFC 2033).

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::path::PathBuf;
use std::sync::Arc;

use posthaste_mx::{Relay, RelayConfig};
use posthaste_testkit::VirtualClock;
use posthaste_transport::{Attempt, TlsPolicy, Transport, TransportErrorKind};
use posthaste_types::OutcomeKind::{Accepted, Refused};
use support::{Peer, Script, attempt, kinds, mail};
use tokio::net::UnixListener;

/// A folder of its own, gone at the end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("posthaste-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn relay(path: &str) -> Relay {
    let config = RelayConfig::from_url(&format!("lmtp:unix:{path}")).unwrap();
    Relay::new(Arc::new(VirtualClock::new()), config).unwrap()
}

#[tokio::test]
async fn an_answer_for_each_recipient() {
    let folder = Folder::new("lmtp");
    let path = folder.0.join("lmtp");
    // STARTTLS is offered, and not asked for: nothing leaves the machine.
    let script = Script::new()
        .ehlo("250-mail\r\n250-PIPELINING\r\n250 STARTTLS")
        .answer(".", "250 2.0.0 taken\r\n552 5.2.2 full");
    let peer = Peer::on_unix(UnixListener::bind(&path).unwrap(), script);
    let relay = relay(path.to_str().unwrap());
    let both = mail(&["bob@example.org", "eve@example.org"]);
    assert_eq!(kinds(&relay.deliver(&Attempt::of(&both)).await.unwrap()), [Accepted, Refused]);
    assert_eq!(kinds(&relay.deliver(&Attempt::of(&mail(&["bob@example.org"]))).await.unwrap()), [Accepted]);
    relay.close().await;
    let heard = peer.heard();
    assert_eq!(heard.len(), 1, "the connection is used again");
    assert!(heard[0][0].starts_with("LHLO "), "{heard:?}");
    assert!(!heard[0].iter().any(|line| line == "STARTTLS"), "{heard:?}");
}

#[tokio::test]
async fn faults_of_the_socket_bounce_nobody() {
    let folder = Folder::new("lmtp-faults");
    let nobody = folder.0.join("nobody");
    let error = relay(nobody.to_str().unwrap()).deliver(&Attempt::of(&mail(&["bob@example.org"]))).await.unwrap_err();
    assert_eq!(error.kind(), TransportErrorKind::Unreachable, "{error}");
    assert!(error.to_string().contains(nobody.to_str().unwrap()), "{error}");

    // Who demands TLS does not get less.
    let path = folder.0.join("lmtp");
    let _peer = Peer::on_unix(UnixListener::bind(&path).unwrap(), Script::new());
    let strict = attempt(&mail(&["bob@example.org"])).tls_policy(TlsPolicy::Encrypted).build();
    let error = relay(path.to_str().unwrap()).deliver(&strict).await.unwrap_err();
    assert_eq!(error.kind(), TransportErrorKind::Misconfigured, "{error}");
}
