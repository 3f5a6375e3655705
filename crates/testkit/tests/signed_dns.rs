//! Signed zones, asked octet by octet.

#![cfg(feature = "signed-dns")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use hickory_proto::op::{Edns, Message, Query, ResponseCode};
use hickory_proto::rr::{Name, RecordType};
use posthaste_testkit::SignedDns;
use tokio::net::UdpSocket;

async fn dns() -> SignedDns {
    let zone = |apex: &str| format!("{apex} MX 10 mx.{apex}\nmx.{apex} A 127.0.0.1");
    SignedDns::builder()
        .secure("example.org", &zone("example.org"))
        .insecure("example.net", &zone("example.net"))
        .bogus("example.com", &zone("example.com"))
        .start()
        .await
        .unwrap()
}

async fn ask(dns: &SignedDns, name: &str, kind: RecordType) -> Message {
    let mut message = Message::query();
    message.add_query(Query::query(Name::from_ascii(name).unwrap(), kind));
    let mut edns = Edns::new();
    edns.set_dnssec_ok(true);
    edns.set_max_payload(4096);
    message.set_edns(edns);
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    socket.send_to(&message.to_vec().unwrap(), dns.address()).await.unwrap();
    let mut buffer = [0; 4096];
    let len = socket.recv(&mut buffer).await.unwrap();
    Message::from_vec(&buffer[..len]).unwrap()
}

fn kinds(message: &Message) -> Vec<RecordType> {
    message.answers.iter().map(|record| record.record_type()).collect()
}

#[tokio::test]
async fn rfc4035_section_3_signatures_where_they_belong() {
    let dns = dns().await;
    for (name, kind, expected) in [
        ("mx.example.org.", RecordType::A, vec![RecordType::A, RecordType::RRSIG]),
        ("mx.example.com.", RecordType::A, vec![RecordType::A, RecordType::RRSIG]),
        ("mx.example.net.", RecordType::A, vec![RecordType::A]),
        ("example.org.", RecordType::DS, vec![RecordType::DS, RecordType::RRSIG]),
        ("example.com.", RecordType::DS, vec![RecordType::DS, RecordType::RRSIG]),
        ("example.net.", RecordType::DS, vec![]),
    ] {
        let message = ask(&dns, name, kind).await;
        assert_eq!((message.response_code, kinds(&message)), (ResponseCode::NoError, expected), "{name} {kind}");
    }
    assert_eq!(dns.root_key().len(), 32);
}

#[tokio::test]
async fn what_is_no_record_is_refused() {
    for records in ["example.org", "example.org A 1.2.3", "example.net A 127.0.0.1"] {
        let error = SignedDns::builder().secure("example.org", records).start().await.unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::InvalidInput, "{records}");
    }
    assert!(dns().await.forge("example.edu A 127.0.0.9").await.is_err());
}
