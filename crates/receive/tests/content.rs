//! Content as a stream: piece by piece, with back-pressure, and with an end that is known.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use posthaste_receive::{
    ArrivalErrorKind, Arriving, Fingerprint, Handler, HandlerError, Receiver, ReceiverConfig, Session, Verdict,
    Verdicts,
};
use posthaste_smtp::Abort;
use posthaste_testkit::VirtualClock;
use posthaste_types::Address;
use support::{Client, Keeper, reply};
use tokio::io::AsyncWriteExt as _;
use tokio::sync::Semaphore;

/// What came of one message.
#[derive(Clone, Debug, PartialEq)]
enum Came {
    Whole(Vec<u8>, Option<Fingerprint>),
    Cut(ArrivalErrorKind),
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Way {
    #[default]
    Read,
    AcceptEarly,
    RefuseEarly,
    Skip,
}

/// Takes a piece for each permit.
#[derive(Clone, Debug)]
struct Streaming {
    permits: Arc<Semaphore>,
    way: Way,
    pieces: Arc<AtomicUsize>,
    came: Arc<Mutex<Vec<Came>>>,
}

impl Streaming {
    fn new(permits: usize) -> Self {
        let (permits, way) = (Arc::new(Semaphore::new(permits)), Way::Read);
        Self { permits, way, pieces: Arc::default(), came: Arc::default() }
    }

    fn that(way: Way) -> Self {
        Self { way, ..Self::new(MANY) }
    }

    fn came(&self) -> Vec<Came> {
        self.came.lock().unwrap().clone()
    }
}

const MANY: usize = 1_000_000;

#[async_trait]
impl Handler for Streaming {
    async fn recipient(&self, _: &Session, _: &Address) -> Verdict {
        Verdict::Accept
    }

    async fn content(&self, _: &Session, mut mail: Arriving<'_>) -> Result<Verdicts, HandlerError> {
        match self.way {
            Way::AcceptEarly => return Ok(Verdict::Accept.into()),
            Way::RefuseEarly => return Ok(Verdict::from_reply(reply("554 5.6.0 not this")).into()),
            Way::Skip => {
                mail.skip().await?;
                return Ok(Verdict::Accept.into());
            }
            Way::Read => mail.make_fingerprint(),
        }
        let mut whole = Vec::new();
        loop {
            self.permits.acquire().await?.forget();
            match mail.next().await {
                Ok(Some(piece)) => whole.extend(piece),
                Ok(None) => break,
                Err(error) => {
                    self.came.lock().unwrap().push(Came::Cut(error.kind()));
                    return Err(error.into());
                }
            }
            self.pieces.fetch_add(1, Ordering::SeqCst);
        }
        self.came.lock().unwrap().push(Came::Whole(whole, mail.fingerprint()));
        let bob = |to: &Address| if to.local_part() == "bob" { Verdict::Accept } else { Verdict::no_such_user() };
        Ok(Verdicts::each(mail.envelope(), |to| bob(&to.address)))
    }
}

async fn bind(handler: impl Handler + 'static, change: impl FnOnce(&mut ReceiverConfig)) -> Receiver {
    let builder = Receiver::builder(handler).trace_field(posthaste_receive::TraceField::None);
    builder.configure(change).bind(([127, 0, 0, 1], 0)).await.unwrap()
}

async fn until(condition: impl Fn() -> bool) {
    while !condition() {
        tokio::task::yield_now().await;
    }
}

/// Lets everything run that can.
async fn settle() {
    for _ in 0..2000 {
        tokio::task::yield_now().await;
    }
}

/// The handler has octets before the client has sent the last ones; the whole is the same as in a buffer.
#[tokio::test]
async fn pieces_come_before_the_end() {
    let (streaming, keeper) = (Streaming::new(MANY), Keeper::default());
    let (receiver, buffering) = (bind(streaming.clone(), |_| {}).await, bind(keeper.clone(), |_| {}).await);
    let message = format!("Subject: x\r\n\r\n.dot\r\n{}", "0123456789\r\n".repeat(20_000));
    let wire = message.replace("\r\n.", "\r\n..");
    let mut client = Client::greeted(&receiver).await;
    client.data(&["bob@example.org"]).await;
    let (first, second) = wire.split_at(1000);
    client.send(first).await;
    until(|| streaming.pieces.load(Ordering::SeqCst) > 0).await;
    assert!(streaming.came().is_empty());
    client.send(second).await;
    assert_eq!(client.say(".\r\n").await.code(), 250);
    let mut other = Client::greeted(&buffering).await;
    other.data(&["bob@example.org"]).await;
    other.send(&wire).await;
    assert_eq!(other.say(".\r\n").await.code(), 250);
    let expected = Came::Whole(message.into_bytes(), Some(keeper.kept()[0].fingerprint));
    assert_eq!(streaming.came(), [expected]);
}

/// A handler that takes nothing stops the client: what is sent meanwhile fits into buffers of fixed size.
#[tokio::test]
async fn a_slow_handler_holds_the_client_up() {
    let streaming = Streaming::new(1);
    let receiver = bind(streaming.clone(), |config| config.session.max_message = 1 << 30).await;
    let mut client = Client::greeted(&receiver).await;
    client.data(&["bob@example.org"]).await;
    let line = format!("{}\r\n", "x".repeat(998)).repeat(1024);
    let sent = Arc::new(AtomicUsize::new(0));
    let sending = tokio::spawn({
        let sent = sent.clone();
        async move {
            client.send("\r\n").await;
            for _ in 0..64 {
                for piece in line.as_bytes().chunks(65_536) {
                    client.stream.write_all(piece).await.unwrap();
                    sent.fetch_add(piece.len(), Ordering::SeqCst);
                }
            }
            client.say(".\r\n").await.code()
        }
    });
    let mut before = usize::MAX;
    while before != sent.load(Ordering::SeqCst) {
        before = sent.load(Ordering::SeqCst);
        settle().await;
    }
    // What TCP keeps on its way, at both ends, is the system's.
    assert!(before < 32 << 20, "{before} octets were sent to a handler that takes none");
    streaming.permits.add_permits(MANY);
    assert_eq!(sending.await.unwrap(), 250);
    let came = streaming.came();
    assert!(matches!(&came[..], [Came::Whole(octets, _)] if octets.len() == 64 * 1_024_000 + 2));
}

/// Only who was told of the end can accept; a refusal may come early, and is told at the end.
#[tokio::test]
async fn answers_before_the_end() {
    for (way, code) in [(Way::AcceptEarly, 451), (Way::RefuseEarly, 554), (Way::Skip, 250)] {
        let receiver = bind(Streaming::that(way), |_| {}).await;
        let mut client = Client::greeted(&receiver).await;
        for _ in 0..2 {
            client.data(&["bob@example.org"]).await;
            client.send("\r\n0123456789\r\n".repeat(50_000)).await;
            assert_eq!(client.say(".\r\n").await.code(), code, "{way:?}");
        }
    }
}

/// Every way in which content ends before its end: the handler learns it, and no 250 is said.
#[tokio::test]
async fn content_that_is_cut_off() {
    let cases: [(&str, Abort, Option<u16>); 6] = [
        ("DATA\r\n\r\nhalf", Abort::SessionEnded, None),
        ("BDAT 4\r\nhalf", Abort::SessionEnded, None),
        ("BDAT 4\r\nhalfRSET\r\nNOOP\r\n", Abort::Reset, Some(250)),
        ("BDAT 4\r\nhalfEHLO again.example\r\nNOOP\r\n", Abort::Reset, Some(250)),
        ("BDAT 4\r\nhalfBDAT 100000 LAST\r\n", Abort::MessageTooLarge, None),
        ("DATA\r\n\r\na\nb\r\n.\r\n", Abort::BareLineEnd, Some(521)),
    ];
    for (wire, why, last) in cases {
        let streaming = Streaming::new(MANY);
        let receiver = bind(streaming.clone(), |config| config.session.max_message = 1000).await;
        let mut client = Client::greeted(&receiver).await;
        assert_eq!(client.say("MAIL FROM:<ada@example.com>\r\n").await.code(), 250);
        assert_eq!(client.say("RCPT TO:<bob@example.org>\r\n").await.code(), 250);
        client.send(wire).await;
        client.stream.shutdown().await.unwrap();
        let mut codes = Vec::new();
        while let Some(reply) = client.try_reply().await {
            codes.push(reply.code());
        }
        assert!(last.is_none() || codes.last() == last.as_ref(), "{wire:?}: {codes:?}");
        until(|| !streaming.came().is_empty()).await;
        assert_eq!(streaming.came(), [Came::Cut(ArrivalErrorKind::Aborted(why))], "{wire:?}");
    }
}

/// Behind content that was given up the session goes on.
#[tokio::test]
async fn a_session_goes_on_behind_what_was_cut_off() {
    let streaming = Streaming::new(MANY);
    let receiver = bind(streaming.clone(), |_| {}).await;
    let mut client = Client::greeted(&receiver).await;
    for first in ["BDAT 4\r\nhalfRSET\r\n", "BDAT 4\r\nhalfEHLO again.example\r\n"] {
        client.send(format!("MAIL FROM:<>\r\nRCPT TO:<bob@example.org>\r\n{first}")).await;
        assert_eq!(client.codes(4).await, [250; 4], "{first:?}");
        client.send("MAIL FROM:<>\r\nRCPT TO:<bob@example.org>\r\nBDAT 3\r\n\r\naBDAT 3 LAST\r\nb\r\n").await;
        assert_eq!(client.codes(4).await, [250; 4], "{first:?}");
    }
    let whole = streaming.came().into_iter().filter_map(|came| match came {
        Came::Whole(octets, _) => Some(octets),
        Came::Cut(_) => None,
    });
    assert_eq!(whole.collect::<Vec<_>>(), [b"\r\nab\r\n", b"\r\nab\r\n"]);
}

/// The handler's time is not the client's: a client that was held up is not cut for its rate.
#[tokio::test]
async fn the_time_of_a_slow_handler() {
    let (clock, streaming) = (VirtualClock::new(), Streaming::new(0));
    let builder = Receiver::builder(streaming.clone()).clock(Arc::new(clock.clone()));
    let builder = builder.trace_field(posthaste_receive::TraceField::None);
    let receiver = builder.bind(([127, 0, 0, 1], 0)).await.unwrap();
    let mut client = Client::greeted(&receiver).await;
    client.data(&["bob@example.org"]).await;
    let piece = format!("\r\n{}", "0123456789\r\n".repeat(10_000));
    for round in 0..4 {
        client.send(&piece).await;
        settle().await;
        clock.advance(Duration::from_secs(250)).await;
        streaming.permits.add_permits(if round == 3 { MANY } else { 1 });
        settle().await;
    }
    assert_eq!(client.say(".\r\n").await.code(), 250);
}

/// A handler that takes nothing for [`answer_timeout`](ReceiverConfig::answer_timeout) is dropped: 451 at the end.
#[tokio::test]
async fn a_handler_that_stops_taking() {
    let (clock, streaming) = (VirtualClock::new(), Streaming::new(1));
    let builder = Receiver::builder(streaming.clone()).clock(Arc::new(clock.clone()));
    let receiver = builder.bind(([127, 0, 0, 1], 0)).await.unwrap();
    let mut client = Client::greeted(&receiver).await;
    client.data(&["bob@example.org"]).await;
    client.send(format!("\r\n{}", "0123456789\r\n".repeat(30_000))).await;
    settle().await;
    clock.advance(Duration::from_secs(300)).await;
    assert_eq!(client.say(".\r\n").await.code(), 451);
    assert_eq!(client.say("NOOP\r\n").await.code(), 250);
    assert!(streaming.came().is_empty());
}

/// Its time is not the client's either: who was held up so long is not cut for it.
#[tokio::test]
async fn the_time_of_a_handler_that_stops_taking() {
    let (clock, streaming) = (VirtualClock::new(), Streaming::new(1));
    let builder = Receiver::builder(streaming.clone()).clock(Arc::new(clock.clone()));
    let builder = builder.configure(|config| config.answer_timeout = Duration::from_secs(900));
    let receiver = builder.bind(([127, 0, 0, 1], 0)).await.unwrap();
    let mut client = Client::greeted(&receiver).await;
    client.data(&["bob@example.org"]).await;
    client.send(format!("\r\n{}", "0123456789\r\n".repeat(8_000))).await;
    settle().await;
    clock.advance(Duration::from_secs(900)).await;
    settle().await;
    clock.advance(Duration::from_secs(200)).await;
    assert_eq!(client.say("\r\n.\r\n").await.code(), 451);
}

/// RFC 2033 §4.2.
#[tokio::test]
async fn each_recipient_has_an_answer() {
    let receiver = Receiver::builder(Streaming::new(MANY)).lmtp().bind(([127, 0, 0, 1], 0)).await.unwrap();
    let mut client = Client::connect(&receiver).await;
    assert_eq!(client.reply().await.code(), 220);
    assert_eq!(client.say("LHLO client.example\r\n").await.code(), 250);
    client.data(&["bob@example.org", "eve@example.org", "bob@example.org"]).await;
    client.send("\r\nx\r\n.\r\n").await;
    assert_eq!(client.codes(3).await, [250, 550, 250]);
}

/// A handler with neither of the two takes nothing.
#[tokio::test]
async fn a_handler_without_either() {
    #[derive(Debug)]
    struct Nothing;

    #[async_trait]
    impl Handler for Nothing {
        async fn recipient(&self, _: &Session, _: &Address) -> Verdict {
            Verdict::Accept
        }
    }

    let receiver = bind(Nothing, |_| {}).await;
    let mut client = Client::greeted(&receiver).await;
    client.data(&["bob@example.org"]).await;
    assert_eq!(client.say("\r\nx\r\n.\r\n").await.code(), 451);
}
