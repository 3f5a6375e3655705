//! A client that says what it is told, octet for octet, and a handler that keeps what it takes.

#![allow(dead_code, reason = "each test uses a part")]
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use posthaste_receive::{Fingerprint, Handler, HandlerError, Incoming, Peer, Receiver, Session, Verdict, Verdicts};
use posthaste_smtp::Credentials;
use posthaste_types::{Address, Envelope, Reply, ReversePath};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;

/// A message that was taken.
#[derive(Clone, Debug)]
pub(crate) struct Kept {
    pub(crate) envelope: Envelope,
    pub(crate) octets: Vec<u8>,
    pub(crate) as_sent: Vec<u8>,
    pub(crate) fingerprint: Fingerprint,
    pub(crate) session: Session,
}

/// What the handler does for a recipient's message.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    Say(Reply),
    Fail,
    Panic,
    Hang,
}

/// Accepts everybody at example.org, and does as told.
#[derive(Clone, Debug, Default)]
pub(crate) struct Keeper {
    pub(crate) kept: Arc<Mutex<Vec<Kept>>>,
    pub(crate) at_connect: Option<Act>,
    pub(crate) at_sender: Option<Act>,
    pub(crate) at_recipient: HashMap<String, Act>,
    pub(crate) at_message: HashMap<String, Act>,
    pub(crate) user: Option<(String, String)>,
    /// How many messages the handler was asked about.
    pub(crate) asked: Arc<AtomicUsize>,
}

impl Keeper {
    pub(crate) fn kept(&self) -> Vec<Kept> {
        self.kept.lock().unwrap().clone()
    }
}

async fn act(act: Option<&Act>) -> Result<Verdict, HandlerError> {
    match act {
        None => Ok(Verdict::Accept),
        Some(Act::Say(reply)) => Ok(Verdict::from_reply(reply.clone())),
        Some(Act::Fail) => Err(HandlerError::new("the disk is full")),
        Some(Act::Panic) => panic!("the handler panics"),
        Some(Act::Hang) => std::future::pending().await,
    }
}

#[async_trait]
impl Handler for Keeper {
    async fn connect(&self, _: &Peer) -> Verdict {
        act(self.at_connect.as_ref()).await.unwrap()
    }

    async fn authenticate(&self, _: &Session, credentials: &Credentials) -> Verdict {
        let (name, password) = (credentials.username().to_owned(), credentials.password().to_owned());
        if self.user == Some((name, password)) { Verdict::Accept } else { Verdict::from_reply(reply("535 5.7.8 no")) }
    }

    async fn sender(&self, _: &Session, _: &ReversePath) -> Verdict {
        act(self.at_sender.as_ref()).await.unwrap()
    }

    async fn recipient(&self, _: &Session, to: &Address) -> Verdict {
        if to.domain().as_str() != "example.org" {
            return Verdict::refuse_relay();
        }
        act(self.at_recipient.get(to.local_part())).await.unwrap()
    }

    async fn message(&self, session: &Session, mail: Incoming<'_>) -> Result<Verdicts, HandlerError> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let mut verdicts = HashMap::new();
        for to in mail.envelope().to() {
            verdicts.insert(to.address.clone(), act(self.at_message.get(to.address.local_part())).await?);
        }
        let kept = Kept {
            envelope: mail.envelope().clone(),
            octets: mail.octets().to_vec(),
            as_sent: mail.as_sent().to_vec(),
            fingerprint: mail.fingerprint(),
            session: session.clone(),
        };
        self.kept.lock().unwrap().push(kept);
        Ok(Verdicts::each(mail.envelope(), |to| verdicts[&to.address].clone()))
    }
}

pub(crate) fn reply(text: &str) -> Reply {
    Reply::parse(text.as_bytes()).unwrap()
}

/// A client on a socket, or on TLS.
#[derive(Debug)]
pub(crate) struct Client<S = TcpStream> {
    pub(crate) stream: S,
    read: Vec<u8>,
}

impl Client {
    /// Connects and reads nothing.
    pub(crate) async fn connect(receiver: &Receiver) -> Self {
        let stream = TcpStream::connect(receiver.local_addr()).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Self::on(stream)
    }

    /// Connects, reads the greeting, says EHLO.
    pub(crate) async fn greeted(receiver: &Receiver) -> Self {
        let mut client = Self::connect(receiver).await;
        assert_eq!(client.reply().await.code(), 220);
        assert_eq!(client.say("EHLO client.example\r\n").await.code(), 250);
        client
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Client<S> {
    pub(crate) fn on(stream: S) -> Self {
        Self { stream, read: Vec::new() }
    }

    pub(crate) async fn send(&mut self, octets: impl AsRef<[u8]>) {
        self.stream.write_all(octets.as_ref()).await.unwrap();
        self.stream.flush().await.unwrap();
    }

    /// Sends, and reads one reply.
    pub(crate) async fn say(&mut self, octets: impl AsRef<[u8]>) -> Reply {
        self.send(octets).await;
        self.reply().await
    }

    /// The next reply.
    pub(crate) async fn reply(&mut self) -> Reply {
        self.try_reply().await.expect("a reply, not the end")
    }

    /// The next reply; `None` at the end of the connection.
    pub(crate) async fn try_reply(&mut self) -> Option<Reply> {
        loop {
            if let Some(end) = end_of_reply(&self.read) {
                let wire: Vec<u8> = self.read.drain(..end).collect();
                return Some(Reply::parse(&wire).unwrap());
            }
            let mut buffer = [0; 4096];
            match self.stream.read(&mut buffer).await {
                Ok(0) | Err(_) => {
                    assert!(self.read.is_empty(), "half a reply: {:?}", String::from_utf8_lossy(&self.read));
                    return None;
                }
                Ok(len) => self.read.extend_from_slice(&buffer[..len]),
            }
        }
    }

    /// The codes of the next replies.
    pub(crate) async fn codes(&mut self, count: usize) -> Vec<u16> {
        let mut codes = Vec::new();
        for _ in 0..count {
            codes.push(self.reply().await.code());
        }
        codes
    }

    /// Begins a transaction from ada@example.com, up to 354.
    pub(crate) async fn data(&mut self, to: &[&str]) {
        assert_eq!(self.say("MAIL FROM:<ada@example.com>\r\n").await.code(), 250);
        for to in to {
            assert_eq!(self.say(format!("RCPT TO:<{to}>\r\n")).await.code(), 250);
        }
        assert_eq!(self.say("DATA\r\n").await.code(), 354);
    }
}

fn end_of_reply(octets: &[u8]) -> Option<usize> {
    let mut start = 0;
    for (at, pair) in octets.windows(2).enumerate() {
        if pair == b"\r\n" {
            if octets.get(start + 3) != Some(&b'-') {
                return Some(at + 2);
            }
            start = at + 2;
        }
    }
    None
}
