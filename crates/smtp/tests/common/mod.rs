//! Both sides of a dialogue without a network, for every test here.

#![allow(dead_code, unreachable_pub, reason = "every test uses a part of it")]
#![allow(clippy::unwrap_used, reason = "a test fails by it")]

use std::collections::VecDeque;
use std::time::Duration;

use posthaste_smtp::{
    Answer, ClientConfig, ClientErrorKind, ClientEvent, ClientSession, ServerConfig, ServerErrorKind, ServerEvent,
    ServerSession, TlsUse, Transaction, Transmit,
};
use posthaste_types::{Address, Content, Domain, Envelope, Outcome, OutcomeKind, Recipient, Reply, Tick};

pub fn domain(text: &str) -> Domain {
    text.parse().unwrap()
}

pub fn address(text: &str) -> Address {
    text.parse().unwrap()
}

pub fn content(raw: &str) -> Content {
    Content::from_raw(raw.as_bytes().to_vec()).unwrap().0
}

/// From `ada@example.com` to each of the names at `example.org`.
pub fn envelope(names: &[&str]) -> Envelope {
    let to = names.iter().map(|name| Recipient::new(address(&format!("{name}@example.org"))));
    Envelope::new(address("ada@example.com"), to).unwrap()
}

pub fn mail(names: &[&str]) -> Transaction {
    Transaction::new(envelope(names), content("Subject: hi\n\n.hidden\n"))
}

/// What [`mail`] is on the wire.
pub const MAIL_ON_WIRE: &str = "Subject: hi\r\n\r\n..hidden\r\n.\r\n";

pub fn client_config() -> ClientConfig {
    ClientConfig::new(domain("client.example.com")).with_tls(TlsUse::Never)
}

pub fn server_config() -> ServerConfig {
    ServerConfig::new(domain("mx.example.org"))
}

pub fn tick(secs: u64) -> Tick {
    Tick::from_start(Duration::from_secs(secs))
}

pub fn reply(code: u16, text: &str) -> Reply {
    Reply::new(code, text).unwrap()
}

/// One side of a dialogue.
pub trait Side {
    /// Hears what the other side says; tells what this side says then.
    fn hear_bytes(&mut self, wire: &[u8]) -> Vec<u8>;

    fn hear(&mut self, wire: &str) -> String {
        String::from_utf8(self.hear_bytes(wire.as_bytes())).unwrap()
    }

    /// Says the other side's part of each pair and demands this side's.
    #[track_caller]
    fn follow(&mut self, script: &[(&str, &str)]) {
        for (heard, expected) in script {
            assert_eq!(self.hear(heard), *expected, "in answer to {heard:?}");
        }
    }
}

/// A client that sends its mails as soon as it may, and then quits.
#[derive(Debug)]
pub struct Client {
    pub session: ClientSession,
    pub mails: VecDeque<Transaction>,
    pub events: Vec<ClientEvent>,
    pub quits: bool,
    pub now: Tick,
}

impl Client {
    pub fn new(config: ClientConfig, mails: impl IntoIterator<Item = Transaction>) -> Self {
        let session = ClientSession::new(config, Tick::default());
        Self { session, mails: mails.into_iter().collect(), events: Vec::new(), quits: true, now: Tick::default() }
    }

    pub fn go_on(&mut self) -> Vec<u8> {
        let mut out = Vec::new();
        loop {
            self.drain();
            if self.session.can_send() {
                match self.mails.pop_front() {
                    Some(mail) => drop(self.session.send(self.now, mail).unwrap()),
                    None if self.quits => self.session.quit(self.now),
                    None => {}
                }
            }
            match self.session.poll_transmit(self.now, &mut out) {
                Some(Transmit::Completing(_)) => self.session.complete(self.now),
                Some(_) => {}
                None if self.session.can_send() && (self.quits || !self.mails.is_empty()) => {}
                None => break,
            }
        }
        self.drain();
        out
    }

    fn drain(&mut self) {
        self.events.extend(std::iter::from_fn(|| self.session.poll_event()));
    }

    /// Why the session ended, as its last event tells.
    pub fn closed(&self) -> Option<ClientErrorKind> {
        match self.events.last() {
            Some(ClientEvent::Closed { error, .. }) => error.as_ref().map(|error| error.kind()),
            other => panic!("the last event is {other:?}"),
        }
    }

    /// The outcomes of each mail that is finished.
    pub fn outcomes(&self) -> Vec<Vec<Outcome>> {
        let finished = |event: &ClientEvent| match event {
            ClientEvent::Finished { outcomes, .. } => Some(outcomes.clone()),
            _ => None,
        };
        self.events.iter().filter_map(finished).collect()
    }

    pub fn kinds(&self) -> Vec<Vec<OutcomeKind>> {
        self.outcomes().iter().map(|outcomes| outcomes.iter().map(Outcome::kind).collect()).collect()
    }
}

impl Side for Client {
    fn hear_bytes(&mut self, wire: &[u8]) -> Vec<u8> {
        let _ = self.session.handle_bytes(self.now, wire);
        self.go_on()
    }
}

/// What a server took.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Taken {
    pub from: String,
    pub to: Vec<String>,
    pub content: Vec<u8>,
}

/// A server whose host answers by a rule, and keeps what it took.
#[derive(Debug)]
pub struct Server {
    pub session: ServerSession,
    pub rule: fn(&ServerEvent) -> Answer,
    pub open: Taken,
    pub taken: Vec<Taken>,
    /// Everything but content.
    pub events: Vec<ServerEvent>,
    pub now: Tick,
}

/// Refuses the recipients `unknown` for good and `busy` for now; accepts everything else.
pub fn usual_rule(event: &ServerEvent) -> Answer {
    let ServerEvent::Rcpt { recipient, .. } = event else { return Answer::Accept };
    match recipient.address.local_part() {
        "unknown" => Answer::Refuse(reply(550, "5.1.1 no such user")),
        "busy" => Answer::Refuse(reply(451, "4.7.1 come back later")),
        _ => Answer::Accept,
    }
}

impl Server {
    pub fn new(config: ServerConfig) -> Self {
        Self::with_rule(config, usual_rule)
    }

    pub fn with_rule(config: ServerConfig, rule: fn(&ServerEvent) -> Answer) -> Self {
        let now = Tick::default();
        let session = ServerSession::new(config, now);
        Self { session, rule, open: Taken::default(), taken: Vec::new(), events: Vec::new(), now }
    }

    pub fn go_on(&mut self) -> Vec<u8> {
        while let Some(event) = self.session.poll_event() {
            if let ServerEvent::Content(piece) = &event {
                self.open.content.extend_from_slice(piece);
                continue;
            }
            self.events.push(event.clone());
            if !event.is_question() {
                continue;
            }
            let answer = (self.rule)(&event);
            let accepted = matches!(answer, Answer::Accept | Answer::AcceptWith(_));
            match &event {
                ServerEvent::Mail { from, .. } => {
                    self.open = Taken { from: from.to_string(), ..Taken::default() };
                }
                ServerEvent::Rcpt { recipient, .. } if accepted => self.open.to.push(recipient.address.to_string()),
                ServerEvent::EndOfData if accepted => self.taken.push(std::mem::take(&mut self.open)),
                _ => {}
            }
            self.session.answer(self.now, answer).unwrap();
        }
        let mut out = Vec::new();
        self.session.poll_transmit(&mut out);
        out
    }

    /// Why the session ended, as its last event tells.
    pub fn closed(&self) -> Option<ServerErrorKind> {
        match self.events.last() {
            Some(ServerEvent::Closed { error, .. }) => error.as_ref().map(|error| error.kind()),
            other => panic!("the last event is {other:?}"),
        }
    }
}

impl Side for Server {
    fn hear_bytes(&mut self, wire: &[u8]) -> Vec<u8> {
        let _ = self.session.handle_bytes(self.now, wire);
        self.go_on()
    }
}

/// Lets both talk until neither has anything to say, in pieces of at most `piece` octets.
pub fn converse(client: &mut Client, server: &mut Server, piece: usize) {
    let mut to_client = server.go_on();
    let mut to_server = client.go_on();
    while !to_client.is_empty() || !to_server.is_empty() {
        for part in std::mem::take(&mut to_client).chunks(piece) {
            to_server.extend(client.hear_bytes(part));
        }
        for part in std::mem::take(&mut to_server).chunks(piece) {
            to_client.extend(server.hear_bytes(part));
        }
    }
}
