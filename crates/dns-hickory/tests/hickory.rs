//! What the contract does not ask: repeats, silence of the network, settings.

use std::sync::Arc;
use std::time::Duration;

use posthaste_dns::{Cached, DnsErrorKind, MemoryZone, RecordKind, Resolve, ResolveExt};
use posthaste_dns_hickory::{Hickory, HickoryErrorKind};
use posthaste_testkit::{DnsServer, VirtualClock};
use posthaste_types::{DnsName, Tick};

const BY: Tick = Tick::from_start(Duration::from_secs(10)); // of a clock that stands still

fn name(text: &str) -> DnsName {
    text.parse().expect("a name")
}

async fn server(zone: &str) -> DnsServer {
    DnsServer::start(zone.parse().expect("a zone")).await.expect("a free port")
}

#[tokio::test]
async fn a_failure_is_repeated_and_a_refusal_to_answer_is_told() {
    let server = server("example.com A 192.0.2.1").await;
    let resolver = |repeats| {
        let builder = Hickory::builder([server.address()], Arc::new(VirtualClock::new()));
        builder.repeats(repeats).build().expect("there is a server")
    };
    let on = name("example.com");
    server.zone().fail_times(&on, DnsErrorKind::ServFail, 1);
    assert!(resolver(1).resolve(&on, RecordKind::A, BY).await.is_ok());

    let before = server.udp_questions();
    server.zone().fail(&on, DnsErrorKind::Malformed);
    let error = resolver(0).resolve(&on, RecordKind::A, BY).await.expect_err("garbage is no answer");
    assert_eq!((error.kind(), server.udp_questions()), (DnsErrorKind::Malformed, before + 1));
    assert!(std::error::Error::source(&error).is_some(), "what hickory says stands below");
    assert_eq!(error.to_string(), "example.com A: the answer cannot be read");
}

#[tokio::test]
async fn no_server_where_one_should_be() {
    let gone = server("").await;
    let address = gone.address();
    gone.truncate_all(); // so that TCP is tried, where a closed port says so
    let resolver = Hickory::with_servers([address], Arc::new(VirtualClock::new())).expect("there is a server");
    assert!(resolver.resolve(&name("example.com"), RecordKind::A, BY).await.is_ok());
    let only_tcp = Hickory::builder([address], Arc::new(VirtualClock::new()))
        .vendor(|config, _| {
            let mut server = config.name_servers()[0].clone();
            server.connections.remove(0);
            *config = posthaste_dns_hickory::hickory_resolver::config::ResolverConfig::from_name_servers(vec![server]);
        })
        .build()
        .expect("there is a server");
    drop(gone);
    tokio::task::yield_now().await; // the server's tasks end when the runtime next runs them
    let error = only_tcp.resolve(&name("example.com"), RecordKind::A, BY).await.expect_err("nobody is there");
    assert_eq!(error.kind(), DnsErrorKind::Network, "{error:?}");
}

#[tokio::test]
async fn behind_the_cache_a_question_is_put_once() {
    let server = server("example.com MX 10 mail.example.com\n mail.example.com A 192.0.2.1").await;
    let clock = Arc::new(VirtualClock::new());
    let hickory = Hickory::with_servers([server.address()], clock.clone()).expect("there is a server");
    let dns = Cached::new(hickory, clock);
    for _ in 0..5 {
        let mx = dns.mx(&name("example.com"), BY).await.expect("it is known");
        dns.addresses(&mx.values[0].exchange, BY).await.expect("it is known");
    }
    assert_eq!(server.zone().questions(), 3, "MX, A and AAAA");
}

#[test]
fn no_servers_is_an_error() {
    let error = Hickory::with_servers([], Arc::new(VirtualClock::new())).expect_err("nobody can be asked");
    assert_eq!(error.kind(), HickoryErrorKind::NoServer);
    assert_eq!(error.to_string(), "no DNS server is configured");
}

#[tokio::test]
async fn a_deadline_that_is_past_asks_nobody() {
    let server = DnsServer::start(MemoryZone::new()).await.expect("a free port");
    let resolver = Hickory::with_servers([server.address()], Arc::new(VirtualClock::new())).expect("there is a server");
    let error = resolver.resolve(&name("example.com"), RecordKind::A, Tick::default()).await.expect_err("too late");
    assert_eq!((error.kind(), server.udp_questions()), (DnsErrorKind::Timeout, 0));
}
