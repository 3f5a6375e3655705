//! STARTTLS (RFC 3207), implicit TLS (RFC 8314) and AUTH inside of it (RFC 4954).

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::sync::Arc;

use posthaste_receive::{Receiver, ServerTls, TlsErrorKind};
use posthaste_smtp::AuthOffer;
use posthaste_testkit::TestCa;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use support::{Client, Keeper};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

const HOST: &str = "mx.example.org";

async fn upgrade(ca: &TestCa, stream: TcpStream) -> Client<TlsStream<TcpStream>> {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(ca.root_pem().as_bytes()).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let connector = TlsConnector::from(Arc::new(config));
    Client::on(connector.connect(ServerName::try_from(HOST).unwrap(), stream).await.unwrap())
}

#[tokio::test]
async fn a_message_inside_tls() {
    let (ca, keeper) = (TestCa::new(), Keeper::default());
    let receiver = Receiver::builder(keeper.clone()).tls(ca.server_tls(&[HOST]));
    let receiver = receiver.hostname(HOST.parse().unwrap()).bind(([127, 0, 0, 1], 0)).await.unwrap();
    let mut client = Client::connect(&receiver).await;
    assert_eq!(client.reply().await.code(), 220);
    let hello = client.say("EHLO client.example\r\n").await;
    assert!(hello.lines().any(|line| line == "STARTTLS"), "{hello:?}");
    assert_eq!(client.say("STARTTLS\r\n").await.code(), 220);
    let mut client = upgrade(&ca, client.stream).await;
    assert_eq!(client.say("MAIL FROM:<>\r\n").await.code(), 503, "RFC 3207 §4.2: what was said in clear is forgotten");
    let hello = client.say("EHLO inside.example\r\n").await;
    assert!(!hello.lines().any(|line| line == "STARTTLS"), "{hello:?}");
    client.data(&["bob@example.org"]).await;
    let message = format!("Subject: large\r\n\r\n{}", "0123456789\r\n".repeat(50_000));
    client.send(&message).await;
    assert_eq!(client.say(".\r\n").await.code(), 250);
    assert_eq!(client.say("QUIT\r\n").await.code(), 221);
    assert!(client.try_reply().await.is_none());
    let kept = keeper.kept().pop().unwrap();
    assert_eq!(kept.as_sent, message.as_bytes());
    let tls = kept.session.tls().unwrap();
    assert_eq!(tls.version.as_str(), "TLSv1_3");
    assert_eq!(tls.server_name.as_ref().map(|name| name.as_str()), Some(HOST));
    let octets = String::from_utf8(kept.octets).unwrap();
    assert!(octets.starts_with("Received: from inside.example ([127.0.0.1])\r\n\tby mx.example.org with ESMTPS id "));
    assert!(octets.contains("(using TLSv1_3 with cipher TLS13_"));
}

/// RFC 3207 §6: a command in the segment of STARTTLS is never executed, neither in clear nor inside TLS.
#[tokio::test]
async fn octets_behind_starttls_end_the_session() {
    let (ca, keeper) = (TestCa::new(), Keeper::default());
    let receiver = Receiver::builder(keeper.clone()).tls(ca.server_tls(&[HOST]));
    let receiver = receiver.bind(([127, 0, 0, 1], 0)).await.unwrap();
    let injected = "EHLO evil.example\r\nMAIL FROM:<>\r\nRCPT TO:<bob@example.org>\r\nDATA\r\nx\r\n.\r\n";
    for cut in [0, injected.len()] {
        let mut client = Client::greeted(&receiver).await;
        let (same, next) = injected.split_at(injected.len() - cut);
        client.send(format!("STARTTLS\r\n{same}")).await;
        if !next.is_empty() {
            // In a segment of its own it is taken for a handshake, and fails.
            assert_eq!(client.reply().await.code(), 220);
            client.send(next).await;
        }
        while let Ok(octets) = read(&mut client).await {
            assert!(!octets.starts_with(b"2"), "{}", String::from_utf8_lossy(&octets));
        }
    }
    assert!(keeper.kept().is_empty());
}

async fn read(client: &mut Client) -> Result<Vec<u8>, ()> {
    use tokio::io::AsyncReadExt as _;

    let mut buffer = [0; 1024];
    match client.stream.read(&mut buffer).await {
        Ok(0) | Err(_) => Err(()),
        Ok(len) => Ok(buffer[..len].to_vec()),
    }
}

#[tokio::test]
async fn where_tls_is_required_nothing_is_taken_in_clear() {
    let ca = TestCa::new();
    let receiver = Receiver::builder(Keeper::default()).require_tls(ca.server_tls(&[HOST]));
    let receiver = receiver.bind(([127, 0, 0, 1], 0)).await.unwrap();
    let mut client = Client::greeted(&receiver).await;
    assert_eq!(client.say("MAIL FROM:<>\r\n").await.code(), 530);
    assert_eq!(client.say("STARTTLS\r\n").await.code(), 220);
    let mut client = upgrade(&ca, client.stream).await;
    assert_eq!(client.say("EHLO client.example\r\n").await.code(), 250);
    assert_eq!(client.say("MAIL FROM:<>\r\n").await.code(), 250);
}

#[tokio::test]
async fn tls_from_the_first_octet() {
    let (ca, keeper) = (TestCa::new(), Keeper::default());
    let receiver = Receiver::builder(keeper.clone()).implicit_tls(ca.server_tls(&[HOST]));
    let receiver = receiver.bind(([127, 0, 0, 1], 0)).await.unwrap();
    let mut client = upgrade(&ca, TcpStream::connect(receiver.local_addr()).await.unwrap()).await;
    assert_eq!(client.reply().await.code(), 220);
    let hello = client.say("EHLO client.example\r\n").await;
    assert!(!hello.lines().any(|line| line == "STARTTLS"), "{hello:?}");
    client.data(&["bob@example.org"]).await;
    assert_eq!(client.say("\r\nx\r\n.\r\n").await.code(), 250);
    assert!(keeper.kept()[0].session.tls().is_some());
}

/// RFC 4954, RFC 4616: only inside TLS; the trace says ESMTPSA (RFC 3848).
#[tokio::test]
async fn auth_inside_tls() {
    let ca = TestCa::new();
    let keeper = Keeper { user: Some(("ada".to_owned(), "secret".to_owned())), ..Keeper::default() };
    let receiver = Receiver::builder(keeper.clone()).tls(ca.server_tls(&[HOST])).auth(AuthOffer::InsideTls);
    let receiver = receiver.bind(([127, 0, 0, 1], 0)).await.unwrap();
    let mut client = Client::greeted(&receiver).await;
    assert_eq!(client.say("AUTH PLAIN AGFkYQBzZWNyZXQ=\r\n").await.code(), 538);
    assert_eq!(client.say("STARTTLS\r\n").await.code(), 220);
    let mut client = upgrade(&ca, client.stream).await;
    assert_eq!(client.say("EHLO client.example\r\n").await.code(), 250);
    assert_eq!(client.say("AUTH PLAIN AGFkYQB3cm9uZw==\r\n").await.code(), 535);
    assert_eq!(client.say("AUTH PLAIN AGFkYQBzZWNyZXQ=\r\n").await.code(), 235);
    client.data(&["bob@example.org"]).await;
    assert_eq!(client.say("\r\nx\r\n.\r\n").await.code(), 250);
    let kept = keeper.kept().pop().unwrap();
    assert_eq!(kept.session.authenticated(), Some("ada"));
    assert!(String::from_utf8(kept.octets).unwrap().contains(" with ESMTPSA id "));
}

#[test]
fn a_certificate_that_cannot_be_used() {
    let ca = TestCa::new();
    let (certificate, key) = ca.server_pem(&[HOST]);
    let (_, other_key) = ca.server_pem(&[HOST]);
    let kind =
        |certificate: &str, key: &str| ServerTls::from_pem(certificate.as_bytes(), key.as_bytes()).unwrap_err().kind();
    assert_eq!(kind("", &key), TlsErrorKind::Certificate);
    assert_eq!(kind("-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n", &key), TlsErrorKind::Certificate);
    assert_eq!(kind(&certificate, "no key"), TlsErrorKind::Key);
    assert_eq!(kind(&certificate, &other_key), TlsErrorKind::Pair);
}
