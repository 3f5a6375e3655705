//! The scripted receiver does as it is told, on the wire.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use posthaste_testkit::{Plan, Report, TestReceiver, VirtualClock};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

struct Client(BufReader<TcpStream>);

impl Client {
    async fn greeted(receiver: &TestReceiver) -> Self {
        let mut client = Self(BufReader::new(TcpStream::connect(receiver.local_addr()).await.unwrap()));
        assert_eq!(client.code().await, Some(220));
        client.0.write_all(b"EHLO client.example\r\n").await.unwrap();
        assert_eq!(client.code().await, Some(250));
        client
    }

    async fn say(&mut self, line: &str) -> Option<u16> {
        // In one write: two small ones wait for one another.
        self.0.write_all(format!("{line}\r\n").as_bytes()).await.unwrap();
        self.code().await
    }

    /// The code of the next reply; `None` at the end.
    async fn code(&mut self) -> Option<u16> {
        loop {
            let mut line = String::new();
            if self.0.read_line(&mut line).await.unwrap_or(0) == 0 {
                return None;
            }
            if line.as_bytes().get(3) != Some(&b'-') {
                return Some(line[..3].parse().unwrap());
            }
        }
    }

    /// MAIL and RCPT; the code of the last.
    async fn rcpt(&mut self, to: &str) -> Option<u16> {
        assert_eq!(self.say("MAIL FROM:<ada@example.com>").await, Some(250));
        self.say(&format!("RCPT TO:<{to}>")).await
    }

    /// Content behind RCPT; the code of its end.
    async fn data(&mut self) -> Option<u16> {
        assert_eq!(self.say("DATA").await, Some(354));
        self.say(&format!("Subject: x\r\n\r\n{}.", "0123456789\r\n".repeat(100))).await
    }
}

#[tokio::test]
async fn it_accepts_greylists_and_refuses() {
    let receiver = TestReceiver::start().await;
    receiver.plan("slow@example.org", Plan::Greylist { attempts: 2 });
    receiver.plan("gone@example.org", Plan::reply("550 5.1.1 no such user"));
    receiver.plan_next("full@example.org", [Plan::reply("452 4.2.2 full"), Plan::reply("552 5.2.2 full")]);
    let mut client = Client::greeted(&receiver).await;
    let mut codes = Vec::new();
    for to in ["slow", "slow", "slow", "gone", "gone", "full", "full", "full"] {
        codes.push(client.rcpt(&format!("{to}@example.org")).await.unwrap());
        assert_eq!(client.say("RSET").await, Some(250));
    }
    assert_eq!(codes, [451, 451, 250, 550, 550, 452, 552, 250]);
    assert_eq!(receiver.attempts("slow@example.org").len(), 3);
    assert_eq!(client.rcpt("bob@example.org").await, Some(250));
    assert_eq!(client.data().await, Some(250));
    let taken = receiver.wait_for(1).await;
    assert_eq!(taken.len(), 1);
    assert!(taken[0].octets.starts_with(b"Subject: x\r\n\r\n0123456789\r\n"), "no trace field");
    assert_eq!(taken[0].client, client.0.get_ref().local_addr().unwrap(), "the client's own address");
    assert_eq!(taken[0].to().map(|to| to.as_str()).collect::<Vec<_>>(), ["bob@example.org"]);
    assert!(taken[0].tls.is_none() && taken[0].hello == "client.example");
    assert_eq!(receiver.connections(), 1);
    assert_eq!(receiver.drain().len(), 1);
    assert!(receiver.received().is_empty());
}

#[tokio::test]
async fn it_cuts_where_it_is_told() {
    let receiver = TestReceiver::start().await;
    receiver.plan("before@example.org", Plan::CutBeforeBody);
    receiver.plan("within@example.org", Plan::CutInBody { after: 200 });
    receiver.plan("behind@example.org", Plan::CutBehindBody);
    let mut client = Client::greeted(&receiver).await;
    assert_eq!(client.rcpt("before@example.org").await, None);
    let mut client = Client::greeted(&receiver).await;
    assert_eq!(client.rcpt("within@example.org").await, Some(250));
    assert_eq!(client.data().await, None);
    assert!(receiver.received().is_empty());
    let mut client = Client::greeted(&receiver).await;
    assert_eq!(client.rcpt("behind@example.org").await, Some(250));
    assert_eq!(client.data().await, None);
    assert_eq!(receiver.received().len(), 1, "it was taken, and nobody knows");
    receiver.stop().await;
    assert!(TcpStream::connect(receiver.local_addr()).await.is_err());
}

/// A client that is kept waiting is let go when it leaves, and the receiver stops at once in any case.
#[tokio::test]
async fn it_hangs_until_the_client_leaves() {
    let receiver = TestReceiver::start().await;
    receiver.plan_others(Plan::Hang);
    receiver.plan("bob@example.org", Plan::HangBehindBody);
    for to in ["eve@example.org", "bob@example.org"] {
        let mut client = Client::greeted(&receiver).await;
        if to == "bob@example.org" {
            assert_eq!(client.rcpt(to).await, Some(250));
            client.0.write_all(b"DATA\r\n").await.unwrap();
            assert_eq!(client.code().await, Some(354));
            client.0.write_all(b"\r\n.\r\n").await.unwrap();
        } else {
            client.0.write_all(b"MAIL FROM:<>\r\nRCPT TO:<eve@example.org>\r\n").await.unwrap();
        }
        while receiver.attempts(to).is_empty() {
            tokio::task::yield_now().await;
        }
        if to == "eve@example.org" {
            drop(client);
        } else {
            receiver.stop().await;
            assert_ne!(client.code().await, Some(250));
        }
    }
    assert!(receiver.received().is_empty());
}

/// RFC 3464: the report comes in time, and reads as one.
#[tokio::test]
async fn it_sends_a_report_back_later() {
    let clock = VirtualClock::new();
    let reports: Arc<Mutex<Vec<Report>>> = Arc::default();
    let sink = Arc::clone(&reports);
    let receiver = TestReceiver::builder()
        .clock(Arc::new(clock.clone()))
        .on_report(move |report| sink.lock().unwrap().push(report))
        .start()
        .await;
    let hour = Duration::from_secs(3600);
    let Plan::Reply(reply) = Plan::reply("550 5.1.1 no such user") else { unreachable!() };
    receiver.plan("bob@example.org", Plan::Bounce { reply, after: hour });
    let mut client = Client::greeted(&receiver).await;
    assert_eq!(client.rcpt("bob@example.org").await, Some(250));
    assert_eq!(client.data().await, Some(250));
    assert_eq!(client.say("MAIL FROM:<>").await, Some(250));
    assert_eq!(client.say("RCPT TO:<bob@example.org>").await, Some(250));
    assert_eq!(client.data().await, Some(250));
    assert_eq!(receiver.received().len(), 2);
    assert_eq!(client.say("QUIT").await, Some(221));
    drop(client);
    clock.advance(hour - Duration::from_secs(1)).await;
    assert!(reports.lock().unwrap().is_empty());
    clock.advance(Duration::from_secs(1)).await;
    let reports = reports.lock().unwrap();
    assert_eq!(reports.len(), 1, "none about mail from the null reverse path");
    assert_eq!(reports[0].to.to_string(), "<ada@example.com>");
    let text = String::from_utf8(reports[0].octets.clone()).unwrap();
    for line in ["Final-Recipient: rfc822; bob@example.org", "Action: failed", "Status: 5.1.1", "Subject: x"] {
        assert!(text.contains(&format!("\r\n{line}\r\n")), "{line}: {text}");
    }
}

#[tokio::test]
async fn lmtp_refuses_one_behind_the_data() {
    let receiver = TestReceiver::builder().lmtp().start().await;
    receiver.plan("gone@example.org", Plan::reply_to_data("550 5.1.1 gone"));
    let mut client = Client(BufReader::new(TcpStream::connect(receiver.local_addr()).await.unwrap()));
    assert_eq!(client.code().await, Some(220));
    assert_eq!(client.say("LHLO client.example").await, Some(250));
    assert_eq!(client.rcpt("bob@example.org").await, Some(250));
    assert_eq!(client.say("RCPT TO:<gone@example.org>").await, Some(250));
    assert_eq!(client.data().await, Some(250));
    assert_eq!(client.code().await, Some(550));
    let taken = receiver.received();
    assert_eq!(taken[0].to().map(|to| to.as_str()).collect::<Vec<_>>(), ["bob@example.org"]);
}
