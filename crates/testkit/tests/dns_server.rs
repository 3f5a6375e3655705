//! The loopback DNS server, asked octet by octet.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use hickory_proto::op::{Edns, Message, Query, ResponseCode};
use hickory_proto::rr::rdata::opt::EdnsCode;
use hickory_proto::rr::{Name, RData, RecordType};
use posthaste_dns::{DnsErrorKind, MemoryZone, RecordKind};
use posthaste_testkit::DnsServer;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};

const ZONE: &str = "
    example.com 300 MX 10 mail.example.com
    www.example.com 60 CNAME mail.example.com
    mail.example.com 120 A 192.0.2.25
    signed.example A 192.0.2.26
";

async fn server(zone: &str) -> DnsServer {
    DnsServer::start(zone.parse().unwrap()).await.unwrap()
}

fn question(name: &str, kind: RecordType) -> Message {
    let mut message = Message::query();
    message.add_query(Query::query(Name::from_ascii(name).unwrap(), kind));
    message
}

fn with_edns(mut message: Message, payload: u16) -> Message {
    let mut edns = Edns::new();
    edns.set_max_payload(payload);
    message.set_edns(edns);
    message
}

async fn octets_by_udp(server: &DnsServer, question: &Message) -> Vec<u8> {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    socket.send_to(&question.to_vec().unwrap(), server.address()).await.unwrap();
    let mut buffer = vec![0; 65_535];
    let (length, _) = socket.recv_from(&mut buffer).await.unwrap();
    buffer.truncate(length);
    buffer
}

async fn by_udp(server: &DnsServer, question: &Message) -> Message {
    Message::from_vec(&octets_by_udp(server, question).await).unwrap()
}

async fn by_tcp(stream: &mut TcpStream, question: &Message) -> Message {
    let octets = question.to_vec().unwrap();
    stream.write_u16(octets.len().try_into().unwrap()).await.unwrap();
    stream.write_all(&octets).await.unwrap();
    let mut reply = vec![0; stream.read_u16().await.unwrap().into()];
    stream.read_exact(&mut reply).await.unwrap();
    Message::from_vec(&reply).unwrap()
}

#[tokio::test]
async fn answers_with_the_chain_and_the_question() {
    let server = server(ZONE).await;
    let asked = question("WWW.example.com.", RecordType::A);
    let reply = by_udp(&server, &asked).await;
    assert_eq!((reply.id, reply.response_code), (asked.id, ResponseCode::NoError));
    assert!(reply.queries[0].name().eq_case(asked.queries[0].name()), "the question comes back letter for letter");
    let kinds: Vec<_> = reply.answers.iter().map(|record| (record.name.to_ascii(), record.record_type())).collect();
    let chain = [("WWW.example.com.".into(), RecordType::CNAME), ("mail.example.com.".into(), RecordType::A)];
    assert_eq!(kinds, chain);
    assert_eq!((server.udp_questions(), server.tcp_questions(), server.zone().questions()), (1, 0, 1));
}

#[tokio::test]
async fn rfc2308_negatives_carry_a_soa() {
    let server = server("example.com A 192.0.2.1\n example.com 900 SOA ns.example.com h.example.com 1 2 3 4 77").await;
    for (name, kind, code) in [
        ("none.example.com.", RecordType::A, ResponseCode::NXDomain),
        ("example.com.", RecordType::MX, ResponseCode::NoError),
        ("example.com.", RecordType::HTTPS, ResponseCode::NoError), // the zone cannot hold one
        ("none.example.com.", RecordType::HTTPS, ResponseCode::NXDomain),
    ] {
        let reply = by_udp(&server, &question(name, kind)).await;
        assert_eq!(reply.response_code, code, "{name} {kind}");
        assert!(reply.answers.is_empty());
        assert!(matches!(&reply.authorities[..], [record] if matches!(&record.data, RData::SOA(_))), "{name} {kind}");
    }
    let reply = by_udp(&server, &question("example.com.", RecordType::MX)).await;
    let mut asked = question("example.com.", RecordType::A);
    let strange = Name::from_labels([&b"a b"[..], b"c.d", b"\xff"]).unwrap(); // no name of ours
    asked.queries[0].set_name(strange);
    assert_eq!(by_udp(&server, &asked).await.response_code, ResponseCode::NXDomain);
    let RData::SOA(soa) = &reply.authorities[0].data else { panic!("{reply}") };
    assert_eq!((reply.authorities[0].ttl, soa.minimum), (77, 77), "RFC 2308 §5");
}

#[tokio::test]
async fn rfc7766_what_does_not_fit_is_truncated_and_comes_by_tcp() {
    let server = server("").await;
    for n in 0..10 {
        server.zone().add(&format!("big.example TXT {}", n.to_string().repeat(100))).unwrap();
    }
    let plain = question("big.example.", RecordType::TXT);
    let reply = by_udp(&server, &plain).await;
    assert!(reply.truncation && reply.answers.is_empty(), "512 octets without EDNS");
    let reply = by_udp(&server, &with_edns(plain.clone(), 4096)).await;
    assert_eq!((reply.truncation, reply.answers.len()), (false, 10), "as much as EDNS says");

    server.truncate_all();
    assert!(by_udp(&server, &with_edns(plain.clone(), 4096)).await.truncation);
    let mut stream = TcpStream::connect(server.address()).await.unwrap();
    for _ in 0..2 {
        assert_eq!(by_tcp(&mut stream, &plain).await.answers.len(), 10);
    }
    assert_eq!((server.udp_questions(), server.tcp_questions()), (3, 2));
}

#[tokio::test]
async fn faults_come_as_themselves() {
    let server = server(ZONE).await;
    let on = "mail.example.com".parse().unwrap();
    let asked = question("mail.example.com.", RecordType::A);
    for (fault, code) in
        [(DnsErrorKind::ServFail, ResponseCode::ServFail), (DnsErrorKind::Refused, ResponseCode::Refused)]
    {
        server.zone().fail(&on, fault);
        assert_eq!(by_udp(&server, &asked).await.response_code, code);
    }

    server.zone().fail(&on, DnsErrorKind::Bogus);
    let reply = by_udp(&server, &with_edns(asked.clone(), 1232)).await;
    assert_eq!(reply.response_code, ResponseCode::ServFail);
    let extended = reply.edns.as_ref().unwrap().option(EdnsCode::Unknown(15)).cloned();
    assert_eq!(extended, Some((EdnsCode::Unknown(15), &[0, 6][..]).try_into().unwrap()), "RFC 8914 §4.7");

    server.zone().fail(&on, DnsErrorKind::Malformed);
    let octets = octets_by_udp(&server, &asked).await;
    assert_eq!(octets[..2], asked.id.to_be_bytes());
    assert!(Message::from_vec(&octets).is_err());

    // Silence cannot be waited for: the question after the silent one is answered, and it is the first to be.
    server.zone().fail_kind(&on, RecordKind::A, DnsErrorKind::Timeout);
    let mut stream = TcpStream::connect(server.address()).await.unwrap();
    let silent = asked.to_vec().unwrap();
    stream.write_u16(silent.len().try_into().unwrap()).await.unwrap();
    stream.write_all(&silent).await.unwrap();
    let next = question("example.com.", RecordType::MX);
    assert_eq!(by_tcp(&mut stream, &next).await.id, next.id);
    server.zone().heal(&on);
    assert_eq!(by_tcp(&mut stream, &asked).await.answers.len(), 1);
}

#[tokio::test]
async fn rfc6840_the_ad_bit_is_for_those_who_ask_for_it() {
    let server = server(ZONE).await;
    server.zone().sign("signed.example".parse::<posthaste_types::DnsName>().unwrap());
    for (name, asks, ad) in
        [("signed.example.", true, true), ("signed.example.", false, false), ("example.com.", true, false)]
    {
        let mut asked = question(name, RecordType::A);
        asked.metadata.authentic_data = asks;
        assert_eq!(by_udp(&server, &asked).await.authentic_data, ad, "{name}, asked: {asks}");
    }
}

#[tokio::test]
async fn noise_is_not_answered_and_does_no_harm() {
    let server = server(ZONE).await;
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    for noise in [&b""[..], b"x", &[0xff; 600]] {
        socket.send_to(noise, server.address()).await.unwrap();
    }
    let asked = question("example.com.", RecordType::MX);
    socket.send_to(&asked.to_vec().unwrap(), server.address()).await.unwrap();
    let mut buffer = [0; 512];
    let (length, _) = socket.recv_from(&mut buffer).await.unwrap();
    assert_eq!(Message::from_vec(&buffer[..length]).unwrap().id, asked.id);
}

#[tokio::test]
async fn dropping_it_frees_the_port() {
    let server = DnsServer::start(MemoryZone::new()).await.unwrap();
    let address = server.address();
    drop(server);
    tokio::task::yield_now().await; // the tasks end when the runtime next runs them
    UdpSocket::bind(address).await.unwrap();
}
