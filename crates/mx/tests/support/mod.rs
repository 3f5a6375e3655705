//! What the tests share: mails, zones, and peers whose every octet is scripted.

#![allow(dead_code, reason = "each test uses its part")]

pub(crate) mod policy;
pub(crate) mod socks;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use posthaste_dns::MemoryZone;
use posthaste_mx::{InwardAddresses, Mx, MxConfig};
use posthaste_testkit::{SeededRandom, VirtualClock};
use posthaste_transport::{Attempt, AttemptBuilder, Direction, Outcomes, Progress, TraceSink};
use posthaste_types::{Content, Envelope, Mail, MailId, Outcome, OutcomeKind};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
#[cfg(unix)]
use tokio::net::UnixListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

pub(crate) fn mail(to: &[&str]) -> Mail {
    mail_with(to, b"Subject: hi\r\n\r\n.dot\r\nbody\r\n".to_vec())
}

pub(crate) fn mail_with(to: &[&str], octets: Vec<u8>) -> Mail {
    let to = to.iter().map(|to| to.parse::<posthaste_types::Address>().unwrap());
    let envelope = Envelope::new("ada@example.com".parse::<posthaste_types::Address>().unwrap(), to).unwrap();
    Mail::new(MailId::from_bytes([7; 16]), envelope, Content::from_canonical(octets).unwrap())
}

/// An attempt as the engine makes them for what tracks progress.
pub(crate) fn attempt(mail: &Mail) -> AttemptBuilder {
    Attempt::builder(mail.clone()).progress(Progress::Tracked)
}

pub(crate) fn kinds(outcomes: &Outcomes) -> Vec<OutcomeKind> {
    outcomes.iter().map(Outcome::kind).collect()
}

pub(crate) fn texts(outcomes: &Outcomes) -> Vec<String> {
    outcomes.iter().map(ToString::to_string).collect()
}

/// An MX transport that may dial loopback, on a clock that stands still.
pub(crate) fn mx(zone: &str, port: u16) -> Mx {
    mx_with(zone, port, &VirtualClock::new(), |_| {})
}

pub(crate) fn mx_with(zone: &str, port: u16, clock: &VirtualClock, change: impl FnOnce(&mut MxConfig)) -> Mx {
    let zone: MemoryZone = zone.parse().unwrap();
    let mut config = MxConfig::new("mail.example.com".parse().unwrap());
    config.port = port;
    config.inward = InwardAddresses::Allow;
    change(&mut config);
    Mx::new(Arc::new(zone), Arc::new(clock.clone()), config).with_random(Arc::new(SeededRandom::new(7)))
}

/// Keeps the dialogue.
#[derive(Debug, Default)]
pub(crate) struct Lines(Mutex<Vec<String>>);

impl Lines {
    pub(crate) fn all(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }

    pub(crate) fn text(&self) -> String {
        self.all().join("\n")
    }
}

impl TraceSink for Lines {
    fn line(&self, direction: Direction, line: &str) {
        let mark = match direction {
            Direction::Sent => "C",
            Direction::Received => "S",
            _ => "*",
        };
        self.0.lock().unwrap().push(format!("{mark}: {line}"));
    }
}

/// What a peer says on one connection.
#[derive(Clone, Debug)]
pub(crate) struct Script {
    pub(crate) greeting: String,
    pub(crate) ehlo: String,
    /// Answers to the first commands that begin so; each counts once, in their order.
    pub(crate) answers: Vec<(String, String)>,
    /// Closes the connection when so many octets were sent.
    pub(crate) cut: Option<usize>,
    /// Closes the connection when so many octets were received.
    pub(crate) deaf_after: Option<usize>,
}

impl Script {
    pub(crate) fn new() -> Self {
        Self {
            greeting: "220 mx.example.org ESMTP".into(),
            ehlo: "250-mx.example.org\r\n250-PIPELINING\r\n250 8BITMIME".into(),
            answers: Vec::new(),
            cut: None,
            deaf_after: None,
        }
    }

    pub(crate) fn greeting(mut self, greeting: &str) -> Self {
        self.greeting = greeting.into();
        self
    }

    pub(crate) fn ehlo(mut self, ehlo: &str) -> Self {
        self.ehlo = ehlo.into();
        self
    }

    pub(crate) fn answer(mut self, command: &str, reply: &str) -> Self {
        self.answers.push((command.into(), reply.into()));
        self
    }

    pub(crate) fn cut(mut self, sent: usize) -> Self {
        self.cut = Some(sent);
        self
    }

    fn reply_to(&mut self, line: &str) -> String {
        if let Some(at) = self.answers.iter().position(|(command, _)| line.starts_with(command.as_str())) {
            return self.answers.remove(at).1;
        }
        match line.get(..4).unwrap_or_default() {
            "EHLO" | "LHLO" => self.ehlo.clone(),
            "HELO" => "250 mx.example.org".into(),
            "DATA" => "354 go".into(),
            "QUIT" => "221 2.0.0 bye".into(),
            "MAIL" | "RCPT" | "RSET" | "." => "250 2.0.0 ok".into(),
            _ if line == "." => "250 2.0.0 taken".into(),
            _ => "500 5.5.1 what".into(),
        }
    }
}

/// A server that says what it is told to, one script a connection (the last one for all further).
#[derive(Debug)]
pub(crate) struct Peer {
    pub(crate) address: SocketAddr,
    heard: Arc<Mutex<Vec<Vec<String>>>>,
    count: watch::Receiver<usize>,
    task: JoinHandle<()>,
}

impl Peer {
    pub(crate) async fn start(scripts: Vec<Script>) -> Self {
        Self::on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap(), scripts)
    }

    pub(crate) fn on(listener: TcpListener, scripts: Vec<Script>) -> Self {
        let address = listener.local_addr().unwrap();
        let heard: Arc<Mutex<Vec<Vec<String>>>> = Arc::default();
        let (told, count) = watch::channel(0);
        let lines = Arc::clone(&heard);
        let task = tokio::spawn(async move {
            let told = Arc::new(told);
            let mut number = 0;
            while let Ok((stream, _)) = listener.accept().await {
                let script = scripts.get(number).or(scripts.last()).unwrap().clone();
                lines.lock().unwrap().push(Vec::new());
                let (lines, told) = (Arc::clone(&lines), Arc::clone(&told));
                tokio::spawn(async move { talk(stream, script, number, &lines, &told).await });
                number += 1;
            }
        });
        Self { address, heard, count, task }
    }

    #[cfg(unix)]
    /// On a Unix socket; its address means nothing.
    pub(crate) fn on_unix(listener: UnixListener, script: Script) -> Self {
        let heard: Arc<Mutex<Vec<Vec<String>>>> = Arc::default();
        let (told, count) = watch::channel(0);
        let lines = Arc::clone(&heard);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let number = lines.lock().unwrap().len();
                lines.lock().unwrap().push(Vec::new());
                talk(stream, script.clone(), number, &lines, &told).await;
            }
        });
        Self { address: (Ipv4Addr::LOCALHOST, 0).into(), heard, count, task }
    }

    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    /// The commands of each connection; content is `(n octets)`.
    pub(crate) fn heard(&self) -> Vec<Vec<String>> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn connections(&self) -> usize {
        self.heard().len()
    }

    /// Waits until so many commands, contents and ends of connections were heard, all connections together.
    pub(crate) async fn wait_for(&self, count: usize) {
        self.count.clone().wait_for(|heard| *heard >= count).await.unwrap();
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn talk<S: AsyncRead + AsyncWrite + Unpin>(
    mut stream: S,
    mut script: Script,
    number: usize,
    heard: &Mutex<Vec<Vec<String>>>,
    told: &watch::Sender<usize>,
) {
    let hear = |what: String| {
        heard.lock().unwrap()[number].push(what);
        told.send_modify(|count| *count += 1);
    };
    let mut left = script.cut.unwrap_or(usize::MAX);
    let mut received = 0;
    let greeting = script.greeting.clone();
    let mut alive = say(&mut stream, &greeting, &mut left).await;
    let (mut buffer, mut content) = (Vec::new(), false);
    while alive {
        let mut piece = [0; 4096];
        let most = script.deaf_after.map_or(piece.len(), |limit| piece.len().min(limit - received));
        if most == 0 {
            break;
        }
        let Ok(len @ 1..) = stream.read(&mut piece[..most]).await else { break };
        received += len;
        // A large content is searched once.
        let mut from = buffer.len().saturating_sub(4);
        buffer.extend_from_slice(&piece[..len]);
        let mut replies = String::new();
        loop {
            // A content without a line is its final dot alone.
            let end: &[u8] = if !content || buffer.starts_with(b".\r\n") { b"\r\n" } else { b"\r\n.\r\n" };
            let Some(at) = buffer[from..].windows(end.len()).position(|window| window == end) else { break };
            let at = from + at;
            from = 0;
            let rest = buffer.split_off(at + end.len());
            let line = std::mem::replace(&mut buffer, rest);
            let octets = line.len();
            let line = if content { ".".to_owned() } else { String::from_utf8_lossy(&line[..at]).into_owned() };
            hear(if content { format!("({octets} octets)") } else { line.clone() });
            let reply = script.reply_to(&line);
            content = reply.starts_with("354");
            if reply.is_empty() {
                continue; // silence
            }
            if reply == "(close)" {
                say(&mut stream, replies.trim_end(), &mut left).await;
                hear("(end)".to_owned());
                return;
            }
            replies.push_str(&reply);
            replies.push_str("\r\n");
            if line == "QUIT" || reply.starts_with("421") {
                alive = false;
                break;
            }
        }
        if !replies.is_empty() {
            alive &= say(&mut stream, replies.trim_end(), &mut left).await;
        }
    }
    hear("(end)".to_owned());
}

/// `false` if the connection is to be closed now.
async fn say<S: AsyncWrite + Unpin>(stream: &mut S, text: &str, left: &mut usize) -> bool {
    let wire = format!("{text}\r\n");
    let most = wire.len().min(*left);
    *left -= most;
    let fine = text.is_empty() || stream.write_all(&wire.as_bytes()[..most]).await.is_ok();
    fine && *left > 0
}

/// Lets others run until it is so; fails if it never is.
pub(crate) async fn until(mut is_so: impl FnMut() -> bool) {
    for _ in 0..5_000_000 {
        if is_so() {
            return;
        }
        tokio::task::yield_now().await;
    }
    panic!("it never is so");
}

/// Listeners on 127.0.0.2, 127.0.0.3 and so on, all on one port.
pub(crate) async fn listeners(count: u8) -> Vec<TcpListener> {
    for _ in 0..50 {
        let address = |n: u8| IpAddr::from([127, 0, 0, 2 + n]);
        let first = TcpListener::bind((address(0), 0)).await.unwrap();
        let port = first.local_addr().unwrap().port();
        let mut all = vec![first];
        for n in 1..count {
            match TcpListener::bind((address(n), port)).await {
                Ok(listener) => all.push(listener),
                Err(_) => break,
            }
        }
        if all.len() == usize::from(count) {
            return all;
        }
    }
    panic!("no port is free on {count} loopback addresses");
}
