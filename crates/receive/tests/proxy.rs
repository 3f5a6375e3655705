//! The PROXY protocol: whose connection it is, and who may say so.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::sync::Arc;
use std::time::Duration;

use posthaste_receive::{Network, Receiver, ReceiverBuilder};
use posthaste_testkit::VirtualClock;
use support::{Client, Keeper};

const V1: &[u8] = b"PROXY TCP4 192.0.2.77 198.51.100.2 56324 25\r\n";

fn v2() -> Vec<u8> {
    let ends = [192, 0, 2, 78, 198, 51, 100, 2, 0xdc, 0x04, 0, 25];
    [b"\r\n\r\n\0\r\nQUIT\n\x21\x11\x00\x0f", &ends[..], b"\x04\0\0"].concat()
}

async fn bind(builder: ReceiverBuilder, proxies: &str) -> Receiver {
    builder.proxies([proxies.parse::<Network>().unwrap()]).bind(([127, 0, 0, 1], 0)).await.unwrap()
}

/// The client is whom the header names; what follows it in the same segment is read in its turn.
#[tokio::test]
async fn the_client_is_that_of_the_header() {
    for (header, address) in [(V1.to_vec(), "192.0.2.77"), (v2(), "192.0.2.78")] {
        let keeper = Keeper::default();
        let receiver = bind(Receiver::builder(keeper.clone()), "127.0.0.0/8").await;
        let mut client = Client::connect(&receiver).await;
        client.send([&header[..], b"EHLO client.example\r\n"].concat()).await;
        assert_eq!(client.codes(2).await, [220, 250]);
        client.data(&["bob@example.org"]).await;
        assert_eq!(client.say("\r\nx\r\n.\r\n").await.code(), 250);
        let kept = keeper.kept().pop().unwrap();
        let peer = kept.session.peer();
        assert_eq!(peer.address, format!("{address}:56324").parse().unwrap());
        assert_eq!(peer.local, "198.51.100.2:25".parse().unwrap());
        assert_eq!(peer.proxy, Some(client.stream.local_addr().unwrap()));
        let trace = format!("Received: from client.example ([{address}])\r\n");
        assert!(kept.octets.starts_with(trace.as_bytes()));
    }
}

/// Cut at every octet, it reads the same.
#[tokio::test]
async fn a_header_that_comes_one_by_one() {
    for header in [V1.to_vec(), v2()] {
        let receiver = bind(Receiver::builder(Keeper::default()), "127.0.0.1").await;
        let mut client = Client::connect(&receiver).await;
        for octet in header {
            client.send([octet]).await;
            tokio::task::yield_now().await;
        }
        assert_eq!(client.reply().await.code(), 220);
    }
}

/// A check of health: the connection is the proxy's own.
#[tokio::test]
async fn a_header_without_a_client() {
    let local = b"\r\n\r\n\0\r\nQUIT\n\x20\x00\x00\x00".to_vec();
    for header in [b"PROXY UNKNOWN\r\n".to_vec(), local] {
        let keeper = Keeper::default();
        let receiver = bind(Receiver::builder(keeper.clone()), "127.0.0.1").await;
        let mut client = Client::connect(&receiver).await;
        client.send([&header[..], b"EHLO client.example\r\n"].concat()).await;
        assert_eq!(client.codes(2).await, [220, 250]);
        client.data(&["bob@example.org"]).await;
        assert_eq!(client.say("\r\nx\r\n.\r\n").await.code(), 250);
        let peer = *keeper.kept()[0].session.peer();
        assert_eq!((peer.address, peer.proxy), (client.stream.local_addr().unwrap(), None));
    }
}

/// Nothing is said to a proxy that sends anything else, and no handler hears of it.
#[tokio::test]
async fn garbage_of_a_proxy_ends_the_connection() {
    let long = [b"PROXY UNKNOWN ".to_vec(), vec![b'x'; 5000]].concat();
    let huge = [b"\r\n\r\n\0\r\nQUIT\n\x21\x11\xff\xff".to_vec(), vec![0; 5000]].concat();
    let garbage: [&[u8]; 6] =
        [b"EHLO client.example\r\n", b"PROXY TCP4 me you 1 2\r\n", b"\x16\x03\x01", &long, &huge, b""];
    for octets in garbage {
        use tokio::io::AsyncWriteExt as _;

        let receiver = bind(Receiver::builder(Keeper::default()), "127.0.0.1").await;
        let mut client = Client::connect(&receiver).await;
        client.send(octets).await;
        // It may be reset before all is sent.
        drop(client.stream.shutdown().await);
        assert!(client.try_reply().await.is_none(), "{octets:?}");
        while receiver.connections() > 0 {
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test]
async fn a_proxy_that_says_nothing() {
    let clock = VirtualClock::new();
    let receiver = bind(Receiver::builder(Keeper::default()).clock(Arc::new(clock.clone())), "127.0.0.1").await;
    let mut client = Client::connect(&receiver).await;
    client.send("PROXY ").await;
    while clock.sleepers() == 0 {
        tokio::task::yield_now().await;
    }
    clock.advance(Duration::from_secs(10)).await;
    assert!(client.try_reply().await.is_none());
}

/// From elsewhere a header is garbage: nobody calls himself another.
#[tokio::test]
async fn who_is_no_proxy_cannot_say_whose_connection_it_is() {
    let keeper = Keeper::default();
    let receiver = bind(Receiver::builder(keeper.clone()), "192.0.2.0/24").await;
    let mut client = Client::connect(&receiver).await;
    client.send(V1).await;
    assert_eq!(client.codes(2).await, [220, 500]);
    assert_eq!(client.say("EHLO client.example\r\n").await.code(), 250);
    client.data(&["bob@example.org"]).await;
    assert_eq!(client.say("\r\nx\r\n.\r\n").await.code(), 250);
    assert_eq!(keeper.kept()[0].session.peer().address, client.stream.local_addr().unwrap());
}

/// Clients behind one proxy are counted one by one.
#[tokio::test]
async fn limits_are_those_of_the_client() {
    let builder = Receiver::builder(Keeper::default()).configure(|config| config.max_connections_per_peer = 1);
    let receiver = bind(builder, "127.0.0.1").await;
    let header = |host: u8| format!("PROXY TCP4 192.0.2.{host} 198.51.100.2 56324 25\r\n");
    let mut open = Vec::new();
    for (host, code) in [(1, 220), (2, 220), (1, 421), (3, 220)] {
        let mut client = Client::connect(&receiver).await;
        client.send(header(host)).await;
        assert_eq!(client.reply().await.code(), code, "{host}");
        open.push(client);
    }
}
