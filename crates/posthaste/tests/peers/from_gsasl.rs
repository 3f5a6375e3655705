//! GNU SASL's client to the AUTH of our receiver (RFC 4954): SCRAM-SHA-256 (RFC 7677), PLAIN and LOGIN.

use std::sync::Arc;

use async_trait::async_trait;
use posthaste::Reply;
use posthaste::smtp::{AuthOffer, Credentials, ScramKeys, ScramOffer, Username};
use posthaste_receive::{Handler, HandlerError, Receiver, Session, Verdict};
use posthaste_testkit::{SeededRandom, TestCa};

use crate::real::{find, run_any};

/// Knows `ada`, whose password is `secret`, and takes no mail.
#[derive(Debug)]
struct Accounts;

#[async_trait]
impl Handler for Accounts {
    async fn authenticate(&self, _: &Session, credentials: &Credentials) -> Verdict {
        let is_right = credentials.username() == "ada" && credentials.password() == "secret";
        if is_right { Verdict::Accept } else { Verdict::from_reply(Reply::parse(b"535 5.7.8 wrong").unwrap()) }
    }

    async fn scram_keys(&self, _: &Session, user: &Username) -> Result<Option<ScramKeys>, HandlerError> {
        let keys = || ScramKeys::derive("secret", b"0123456789abcdef", 4096);
        Ok(if user.as_str() == "ada" { Some(keys()?) } else { None })
    }
}

/// In clear and inside TLS.
#[tokio::test(flavor = "multi_thread")]
async fn gsasl_authenticates() {
    let Some(program) = find("gsasl") else { return };
    let ca = TestCa::new();
    let root = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(root.path(), ca.root_pem()).unwrap();
    let scram = ScramOffer::new(Arc::new(SeededRandom::new(1)), [7; 32], 4096);
    let builder = Receiver::builder(Accounts).auth(AuthOffer::Anywhere).scram(scram);
    let receiver = builder.tls(ca.server_tls(&["localhost"])).bind(([127, 0, 0, 1], 0)).await.unwrap();
    let server = format!("localhost:{}", receiver.local_addr().port());
    // Where it would bind the channel of TLS 1.3 (RFC 9266) it fails before it sends anything.
    let inside_tls = ["--starttls", "--no-cb", "--x509-ca-file", root.path().to_str().unwrap()];
    for way in [&["--no-starttls"][..], &inside_tls] {
        for mechanism in ["SCRAM-SHA-256", "PLAIN", "LOGIN"] {
            for (user, password, is_right) in [("ada", "secret", true), ("ada", "wrong", false), ("eve", "x", false)] {
                let known = ["--mechanism", mechanism, "--authentication-id", user, "--password", password];
                let said = run_any(&program, &[&["--smtp", "--connect", &server][..], way, &known].concat()).await;
                let text = [String::from_utf8_lossy(&said.stdout), String::from_utf8_lossy(&said.stderr)].concat();
                assert_eq!(said.status.success(), is_right, "{way:?} {mechanism} {user}: {text}");
                assert!(text.contains(&format!("AUTH {mechanism}")), "{way:?} {mechanism}: {text}");
            }
        }
    }
    receiver.stop().await;
}
