//! The contract of the port: 250 means committed, and nothing else does.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use posthaste_receive::{Handler, HandlerError, Incoming, Receiver, Session, Verdict, Verdicts};
use posthaste_testkit::VirtualClock;
use posthaste_types::Address;
use support::{Act, Client, Keeper, reply};
use tokio::sync::oneshot;

async fn bind(handler: impl Handler + 'static) -> Receiver {
    Receiver::builder(handler).bind(([127, 0, 0, 1], 0)).await.unwrap()
}

/// A panic or an error is 451, never 250; the session goes on.
#[tokio::test]
async fn a_fault_of_the_handler_is_451() {
    let keeper = Keeper {
        at_recipient: [("panic".to_owned(), Act::Panic)].into(),
        at_message: [("late".to_owned(), Act::Panic), ("error".to_owned(), Act::Fail)].into(),
        ..Keeper::default()
    };
    let receiver = bind(keeper.clone()).await;
    let mut client = Client::greeted(&receiver).await;
    for to in ["late@example.org", "error@example.org"] {
        client.data(&[to]).await;
        let reply = client.say("\r\nx\r\n.\r\n").await;
        assert_eq!(reply.to_string(), "451 4.3.0 local error, try again later", "{to}: nothing of it is shown");
    }
    assert_eq!(client.say("MAIL FROM:<>\r\n").await.code(), 250);
    assert_eq!(client.say("RCPT TO:<panic@example.org>\r\n").await.code(), 451);
    assert_eq!(client.say("RCPT TO:<bob@example.org>\r\n").await.code(), 250);
    assert_eq!(client.say("DATA\r\n").await.code(), 354);
    assert_eq!(client.say("\r\nx\r\n.\r\n").await.code(), 250);
    assert_eq!(keeper.kept().len(), 1);
}

#[tokio::test]
async fn a_panic_at_connect_or_mail_is_451_too() {
    let receiver = bind(Keeper { at_connect: Some(Act::Panic), ..Keeper::default() }).await;
    let mut client = Client::connect(&receiver).await;
    assert_eq!(client.reply().await.code(), 451);
    let receiver = bind(Keeper { at_sender: Some(Act::Panic), ..Keeper::default() }).await;
    let mut client = Client::greeted(&receiver).await;
    assert_eq!(client.say("MAIL FROM:<>\r\n").await.code(), 451);
}

/// RFC 5321 §3.1, §3.8: the handler's words at every place; 421 ends the session.
#[tokio::test]
async fn the_handler_s_replies_are_the_client_s() {
    let say = |text: &str| Act::Say(reply(text));
    let keeper = Keeper { at_connect: Some(say("554 5.7.1 not you")), ..Keeper::default() };
    let receiver = bind(keeper).await;
    let mut client = Client::connect(&receiver).await;
    assert_eq!(client.reply().await.to_string(), "554 5.7.1 not you");
    assert_eq!(client.say("EHLO client.example\r\n").await.code(), 503);
    assert_eq!(client.say("QUIT\r\n").await.code(), 221);

    let receiver = bind(Keeper { at_sender: Some(say("450 4.7.1 later")), ..Keeper::default() }).await;
    let mut client = Client::greeted(&receiver).await;
    assert_eq!(client.say("MAIL FROM:<ada@example.com>\r\n").await.to_string(), "450 4.7.1 later");
    assert_eq!(client.say("RCPT TO:<bob@example.org>\r\n").await.code(), 503);

    let busy = Keeper { at_recipient: [("bob".to_owned(), say("421 4.3.2 busy"))].into(), ..Keeper::default() };
    let receiver = bind(busy).await;
    let mut client = Client::greeted(&receiver).await;
    assert_eq!(client.say("MAIL FROM:<ada@example.com>\r\n").await.code(), 250);
    assert_eq!(client.say("RCPT TO:<bob@example.org>\r\n").await.code(), 421);
    assert!(client.try_reply().await.is_none());
}

/// Says things that no handler may say.
#[derive(Debug)]
struct Confused;

#[async_trait]
impl Handler for Confused {
    async fn recipient(&self, _: &Session, to: &Address) -> Verdict {
        match to.local_part() {
            "bob" => Verdict::Accept,
            _ => Verdict::Refuse(reply("250 2.0.0 yes")),
        }
    }

    async fn message(&self, _: &Session, _: Incoming<'_>) -> Result<Verdicts, HandlerError> {
        Ok(Verdict::Defer(reply("550 5.0.0 never")).into())
    }
}

#[tokio::test]
async fn a_reply_of_the_wrong_class_is_451() {
    let receiver = bind(Confused).await;
    let mut client = Client::greeted(&receiver).await;
    assert_eq!(client.say("MAIL FROM:<>\r\n").await.code(), 250);
    assert_eq!(client.say("RCPT TO:<eve@example.org>\r\n").await.code(), 451);
    assert_eq!(client.say("RCPT TO:<bob@example.org>\r\n").await.code(), 250);
    assert_eq!(client.say("DATA\r\n").await.code(), 354);
    assert_eq!(client.say("\r\nx\r\n.\r\n").await.code(), 451);
}

/// Answers when it is told.
#[derive(Debug)]
struct Slow(std::sync::Mutex<Option<(oneshot::Sender<()>, oneshot::Receiver<()>)>>);

#[async_trait]
impl Handler for Slow {
    async fn recipient(&self, _: &Session, _: &Address) -> Verdict {
        Verdict::Accept
    }

    async fn message(&self, _: &Session, _: Incoming<'_>) -> Result<Verdicts, HandlerError> {
        let (asked, commit) = self.0.lock().unwrap().take().unwrap();
        asked.send(()).unwrap();
        commit.await?;
        Ok(Verdict::Accept.into())
    }
}

/// No octet of an answer is sent before the handler has committed.
#[tokio::test]
async fn two_fifty_comes_behind_the_commit() {
    let (asked, was_asked) = oneshot::channel();
    let (commit, committed) = oneshot::channel();
    let receiver = bind(Slow(std::sync::Mutex::new(Some((asked, committed))))).await;
    let mut client = Client::greeted(&receiver).await;
    client.data(&["bob@example.org"]).await;
    client.send("\r\nx\r\n.\r\n").await;
    was_asked.await.unwrap();
    let mut octet = [0];
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    let silence = client.stream.try_read(&mut octet).unwrap_err();
    assert_eq!(silence.kind(), std::io::ErrorKind::WouldBlock);
    commit.send(()).unwrap();
    assert_eq!(client.reply().await.code(), 250);
}

/// A handler that never answers costs its client 451, not a connection for ever.
#[tokio::test]
async fn a_handler_that_hangs_is_dropped() {
    let clock = VirtualClock::new();
    let keeper = Keeper { at_message: [("bob".to_owned(), Act::Hang)].into(), ..Keeper::default() };
    let minute = Duration::from_secs(60);
    let builder = Receiver::builder(keeper).clock(Arc::new(clock.clone()));
    let builder = builder.configure(|config| config.answer_timeout = minute);
    let receiver = builder.bind(([127, 0, 0, 1], 0)).await.unwrap();
    let mut client = Client::greeted(&receiver).await;
    client.data(&["bob@example.org"]).await;
    client.send("\r\nx\r\n.\r\n").await;
    until(|| clock.next_sleeper().is_some_and(|at| at.since_start() == minute)).await;
    clock.advance(minute).await;
    assert_eq!(client.reply().await.code(), 451);
}

async fn until(condition: impl Fn() -> bool) {
    while !condition() {
        tokio::task::yield_now().await;
    }
}
