//! Every limit of a receiver, and its end.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use posthaste_receive::{Handler, HandlerError, Incoming, Receiver, ReceiverConfig, Session, Verdict, Verdicts};
use posthaste_testkit::VirtualClock;
use posthaste_types::Address;
use support::{Act, Client, Keeper};
use tokio::io::AsyncReadExt as _;
use tokio::sync::Semaphore;

async fn bind(keeper: &Keeper, change: impl FnOnce(&mut ReceiverConfig)) -> Receiver {
    Receiver::builder(keeper.clone()).configure(change).bind(([127, 0, 0, 1], 0)).await.unwrap()
}

async fn until(condition: impl Fn() -> bool) {
    while !condition() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn connections_of_one_client() {
    let receiver = bind(&Keeper::default(), |config| config.max_connections_per_peer = 2).await;
    let first = Client::greeted(&receiver).await;
    let _second = Client::greeted(&receiver).await;
    let mut third = Client::connect(&receiver).await;
    assert_eq!(third.reply().await.to_string(), "421 4.7.0 too many connections from your address");
    assert!(third.try_reply().await.is_none());
    drop(first);
    until(|| receiver.connections() == 1).await;
    let _again = Client::greeted(&receiver).await;
}

#[tokio::test]
async fn connections_in_all() {
    let receiver = bind(&Keeper::default(), |config| config.max_connections = 1).await;
    let _first = Client::greeted(&receiver).await;
    let mut second = Client::connect(&receiver).await;
    assert_eq!(second.reply().await.to_string(), "421 4.3.2 too many connections");
}

/// I6: what does not fit into memory is deferred, and its memory is given back.
#[tokio::test]
async fn octets_in_memory() {
    let keeper = Keeper { at_message: [("hang".to_owned(), Act::Hang)].into(), ..Keeper::default() };
    let receiver = bind(&keeper, |config| config.max_buffered = 100_000).await;
    let mut large = Client::greeted(&receiver).await;
    large.data(&["bob@example.org"]).await;
    let line = format!("{}\r\n", "x".repeat(998));
    large.send(format!("\r\n{}", line.repeat(200))).await;
    assert_eq!(large.say(".\r\n").await.to_string(), "452 4.3.1 out of memory for messages, try again later");
    assert!(keeper.kept().is_empty());

    // One message that the handler has not let go of leaves no room for a second.
    let mut first = Client::greeted(&receiver).await;
    first.data(&["hang@example.org"]).await;
    first.send(format!("\r\n{}.\r\n", line.repeat(50))).await;
    until(|| keeper.asked.load(Ordering::SeqCst) == 1).await;
    let mut second = Client::greeted(&receiver).await;
    second.data(&["bob@example.org"]).await;
    assert_eq!(second.say(format!("\r\n{}.\r\n", line.repeat(50))).await.code(), 452);
    second.data(&["bob@example.org"]).await;
    assert_eq!(second.say("\r\nsmall\r\n.\r\n").await.code(), 250);
}

/// RFC 1870, and the limit of the header: refused for good, and the session goes on.
#[tokio::test]
async fn sizes_of_messages() {
    let keeper = Keeper::default();
    let change = |config: &mut ReceiverConfig| {
        config.session.max_message = 10_000;
        config.session.max_header = 1000;
    };
    let receiver = bind(&keeper, change).await;
    let mut client = Client::greeted(&receiver).await;
    assert_eq!(client.say("MAIL FROM:<ada@example.com> SIZE=10001\r\n").await.code(), 552);
    client.data(&["bob@example.org"]).await;
    client.send(format!("\r\n{}", "0123456789\r\n".repeat(1000))).await;
    assert_eq!(client.say(".\r\n").await.code(), 552);
    client.data(&["bob@example.org"]).await;
    client.send("X: 0123456789\r\n".repeat(100)).await;
    assert_eq!(client.say("\r\n.\r\n").await.code(), 552);
    client.data(&["bob@example.org"]).await;
    assert_eq!(client.say("\r\nsmall\r\n.\r\n").await.code(), 250);
    assert_eq!(keeper.kept().len(), 1);
}

/// RFC 5321 §4.5.3.2.7: five minutes for a command.
#[tokio::test]
async fn a_client_that_says_nothing() {
    let clock = VirtualClock::new();
    let builder = Receiver::builder(Keeper::default()).clock(Arc::new(clock.clone()));
    let receiver = builder.bind(([127, 0, 0, 1], 0)).await.unwrap();
    let mut client = Client::greeted(&receiver).await;
    until(|| clock.sleepers() == 1).await;
    clock.advance(Duration::from_secs(299)).await;
    assert_eq!(client.say("NOOP\r\n").await.code(), 250);
    until(|| clock.sleepers() == 1).await;
    clock.advance(Duration::from_secs(300)).await;
    assert_eq!(client.reply().await.code(), 421);
    assert!(client.try_reply().await.is_none());
}

/// RFC 5321 §3.8: idle clients read 421; a transaction that is under way ends first.
#[tokio::test]
async fn a_graceful_stop() {
    let keeper = Keeper::default();
    let receiver = bind(&keeper, |_| {}).await;
    let mut idle = Client::greeted(&receiver).await;
    let mut busy = Client::greeted(&receiver).await;
    busy.data(&["bob@example.org"]).await;
    let stopping = async {
        receiver.stop().await;
        receiver.stop().await; // twice is once
    };
    let clients = async {
        assert_eq!(idle.reply().await.code(), 421);
        assert!(idle.try_reply().await.is_none());
        drop(idle);
        assert!(tokio::net::TcpStream::connect(receiver.local_addr()).await.is_err(), "nobody is let in");
        assert_eq!(busy.say("\r\nx\r\n.\r\n").await.code(), 250);
        assert_eq!(busy.reply().await.code(), 421);
    };
    tokio::join!(stopping, clients);
    assert_eq!(keeper.kept().len(), 1);
    assert_eq!(receiver.connections(), 0);
}

/// Takes a message when it is let.
#[derive(Clone, Debug)]
struct Gate {
    asked: Arc<AtomicUsize>,
    open: Arc<Semaphore>,
}

#[async_trait]
impl Handler for Gate {
    async fn recipient(&self, _: &Session, _: &Address) -> Verdict {
        Verdict::Accept
    }

    async fn message(&self, _: &Session, _: Incoming<'_>) -> Result<Verdicts, HandlerError> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        self.open.acquire().await?.forget();
        Ok(Verdict::Accept.into())
    }
}

/// A close while octets of the client are unread would reset the connection, and may take the 250 from it: the mail that
/// was committed would come again.
#[tokio::test]
async fn a_stop_does_not_take_a_reply_back() {
    let gate = Gate { asked: Arc::default(), open: Arc::new(Semaphore::new(0)) };
    let receiver = Receiver::builder(gate.clone()).bind(([127, 0, 0, 1], 0)).await.unwrap();
    let mut client = Client::greeted(&receiver).await;
    client.data(&["bob@example.org"]).await;
    client.send("\r\nx\r\n.\r\n").await;
    until(|| gate.asked.load(Ordering::SeqCst) == 1).await;
    client.send("MAIL FROM:<>\r\n").await;
    let reading = async {
        gate.open.add_permits(1);
        let mut said = Vec::new();
        client.stream.read_to_end(&mut said).await.expect("an end, not a reset");
        drop(client);
        String::from_utf8(said).unwrap()
    };
    let ((), said) = tokio::join!(receiver.stop(), reading);
    assert_eq!(said, "250 2.0.0 taken\r\n421 4.3.2 the service is shutting down\r\n");
}

#[tokio::test]
async fn the_grace_of_a_stop_ends() {
    let clock = VirtualClock::new();
    let builder = Receiver::builder(Keeper::default()).clock(Arc::new(clock.clone()));
    let receiver = builder.bind(([127, 0, 0, 1], 0)).await.unwrap();
    let mut busy = Client::greeted(&receiver).await;
    busy.data(&["bob@example.org"]).await;
    let passing = async {
        until(|| clock.next_sleeper().is_some_and(|at| at.since_start() == Duration::from_secs(30))).await;
        clock.advance(Duration::from_secs(30)).await;
    };
    tokio::join!(receiver.stop(), passing);
    assert!(busy.try_reply().await.is_none(), "broken off without an answer");
}

/// Dropped, a receiver ends at once.
#[tokio::test]
async fn a_receiver_that_is_dropped() {
    let receiver = bind(&Keeper::default(), |_| {}).await;
    let address = receiver.local_addr();
    let mut client = Client::greeted(&receiver).await;
    drop(receiver);
    assert!(client.try_reply().await.is_none());
    assert!(tokio::net::TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn an_address_that_is_in_use() {
    let receiver = bind(&Keeper::default(), |_| {}).await;
    let error = Receiver::builder(Keeper::default()).bind(receiver.local_addr()).await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::AddrInUse);
    assert!(error.to_string().contains(&receiver.local_addr().to_string()));
}
