//! The session: what goes in and what comes out.

use std::collections::VecDeque;

use posthaste_types::Tick;

use super::auth::Claim;
use super::config::{BareLineEnds, ServerConfig, TlsOffer};
use super::content::Content;
use super::error::{ServerError, ServerErrorKind};
use super::event::{Abort, HelloVerb, ServerEvent};
use super::held::{Held, Line};
use super::limits::Counts;
use super::state::{Channel, Identity, Phase, Question, Service, Transaction};
use crate::capabilities::Capabilities;

/// The server's side of one SMTP or LMTP connection.
///
/// Made when a client has connected; its first event asks whether to greet. Commands are taken in order,
/// pipelined or not; each question holds the next ones back until it is answered. After every call that
/// takes `now`: drain [`poll_transmit`](Self::poll_transmit), then [`poll_event`](Self::poll_event), then read
/// [`poll_timeout`](Self::poll_timeout). A whole driving loop stands in the crate's documentation.
#[derive(Debug)]
pub struct ServerSession {
    pub(super) config: ServerConfig,
    pub(super) phase: Phase,
    pub(super) channel: Channel,
    /// What the host has been asked.
    pub(super) question: Option<Question>,
    /// How the client said hello, and what it was offered in answer.
    pub(super) hello: Option<HelloVerb>,
    pub(super) offered: Capabilities,
    pub(super) identity: Identity,
    pub(super) claim: Claim,
    pub(super) transaction: Option<Transaction>,
    /// What chunks have brought of a message whose last one is still to come.
    pub(super) chunked: Option<Content>,
    pub(super) service: Service,
    pub(super) held: Held,
    pub(super) outgoing: Vec<u8>,
    pub(super) events: VecDeque<ServerEvent>,
    pub(super) deadline: Option<Tick>,
    pub(super) errors: u32,
    pub(super) junk: u32,
    pub(super) counts: Counts,
}

impl ServerSession {
    /// A session with a client that connected at `now`.
    pub fn new(config: ServerConfig, _now: Tick) -> Self {
        let channel = if config.tls == TlsOffer::Implicit { Channel::Tls } else { Channel::Clear };
        Self {
            config,
            phase: Phase::Command,
            channel,
            question: Some(Question::Connected),
            hello: None,
            offered: Capabilities::default(),
            identity: Identity::Unknown,
            claim: Claim::Nobody,
            transaction: None,
            chunked: None,
            service: Service::Open,
            held: Held::default(),
            outgoing: Vec::new(),
            events: VecDeque::from([ServerEvent::Connected]),
            deadline: None,
            errors: 0,
            junk: 0,
            counts: Counts::default(),
        }
    }

    /// Takes octets that were received. Best called only while [`wants_bytes`](Self::wants_bytes): what comes
    /// while an answer is due is held, up to 256 KiB.
    ///
    /// # Errors
    /// The reason why they ended the session, the same as in the last event.
    pub fn handle_bytes(&mut self, now: Tick, wire: &[u8]) -> Result<(), ServerError> {
        match self.phase {
            Phase::Closed => return Ok(()),
            // RFC 3207 §6: what was sent in clear behind STARTTLS would be executed inside TLS.
            Phase::Handshake if !wire.is_empty() => return Err(self.fail(ServerErrorKind::OctetsBehindStartTls)),
            _ => {}
        }
        // Content, the bulk of all, is read where it lies.
        let taken = if self.held.len() == 0 { self.read_content(now, wire)? } else { 0 };
        let rest = wire.get(taken..).unwrap_or_default();
        if self.held.len().saturating_add(rest.len()) > MAX_HELD && self.question.is_some() {
            return Err(self.fail(ServerErrorKind::Flood));
        }
        self.held.push(rest);
        self.go_on(now)
    }

    /// Goes on behind a TLS handshake that the event [`StartTls`](ServerEvent::StartTls) asked for. What was
    /// learned in clear is forgotten (RFC 3207 §4.2). Does nothing at any other time.
    pub fn handle_tls(&mut self, now: Tick) {
        if matches!(self.phase, Phase::Handshake) {
            self.end_transaction();
            self.channel = Channel::Tls;
            self.hello = None;
            self.identity = Identity::Unknown;
            self.offered = Capabilities::default();
            self.phase = Phase::Command;
            self.await_command(now);
        }
    }

    /// Learns that time has passed. Does nothing before [`poll_timeout`](Self::poll_timeout) is due.
    ///
    /// # Errors
    /// The session ended because nothing came in time, the same as in the last event.
    pub fn handle_timeout(&mut self, now: Tick) -> Result<(), ServerError> {
        if self.deadline.is_none_or(|deadline| now < deadline) {
            return Ok(());
        }
        if !matches!(self.phase, Phase::Handshake) {
            self.say("421 4.4.2 nothing came in time, closing");
        }
        Err(self.fail(ServerErrorKind::TimedOut))
    }

    /// Learns that the connection is gone.
    pub fn handle_close(&mut self, _now: Tick) {
        if !self.is_closed() {
            self.fail(ServerErrorKind::Closed);
        }
    }

    /// Ends the session: 421, where a reply can still be sent (RFC 5321 §3.8). For shutting down.
    pub fn close(&mut self, _now: Tick) {
        if self.is_closed() {
            return;
        }
        if !matches!(self.phase, Phase::Handshake) {
            self.say("421 4.3.2 the service is shutting down");
        }
        self.fail(ServerErrorKind::ClosedByHost);
    }

    /// Puts all octets that are due behind what `out` holds; tells whether there were any.
    pub fn poll_transmit(&mut self, out: &mut Vec<u8>) -> bool {
        let any = !self.outgoing.is_empty();
        out.append(&mut self.outgoing);
        any
    }

    /// What happened since the last call, one by one.
    pub fn poll_event(&mut self) -> Option<ServerEvent> {
        self.events.pop_front()
    }

    /// When [`handle_timeout`](Self::handle_timeout) is due; never while the host owes an answer.
    pub fn poll_timeout(&self) -> Option<Tick> {
        self.deadline
    }

    /// Whether more octets are of use now: no answer is due, no handshake is under way.
    pub fn wants_bytes(&self) -> bool {
        self.question.is_none() && !matches!(self.phase, Phase::Handshake | Phase::Closed)
    }

    /// Whether the channel is encrypted.
    pub fn is_encrypted(&self) -> bool {
        self.channel == Channel::Tls
    }

    /// Whether the session has ended.
    pub fn is_closed(&self) -> bool {
        matches!(self.phase, Phase::Closed)
    }

    /// Reads what is held, as far as no question is open.
    pub(super) fn go_on(&mut self, now: Tick) -> Result<(), ServerError> {
        while self.question.is_none() && self.held.len() > 0 {
            match self.phase {
                Phase::Handshake | Phase::Closed => break,
                Phase::Content(_) | Phase::Chunk(_) => {
                    let mut held = std::mem::take(&mut self.held);
                    held.advance(self.read_content(now, held.octets())?);
                    self.held = held;
                }
                Phase::Command | Phase::AuthLine(_) => match self.held.take_line(self.line_limit()) {
                    None => break,
                    Some(Line::Skipped) => {}
                    Some(Line::Crlf) => self.take_line(now)?,
                    Some(Line::Lf) if self.config.bare_line_ends == BareLineEnds::Normalize => self.take_line(now)?,
                    Some(Line::SkippedLf) if self.config.bare_line_ends == BareLineEnds::Normalize => {}
                    Some(Line::Lf | Line::SkippedLf) => {
                        self.say("521 5.5.2 a line ends with CRLF, not with LF alone");
                        return Err(self.fail(ServerErrorKind::BareLineEnd));
                    }
                    Some(Line::TooLongChunk) => return self.end_at_chunk(),
                    Some(Line::TooLong) => {
                        // RFC 4954 §6.
                        let in_auth = matches!(self.phase, Phase::AuthLine(_));
                        self.phase = Phase::Command;
                        self.complain(
                            now,
                            if in_auth { "500 5.5.6 line too long" } else { "500 5.5.2 line too long" },
                        )?;
                    }
                },
            }
        }
        if self.talks_early() {
            self.say("554 5.5.0 the client talked before its turn");
            return Err(self.fail(ServerErrorKind::EarlyTalk));
        }
        Ok(())
    }

    fn take_line(&mut self, now: Tick) -> Result<(), ServerError> {
        let line = self.held.line();
        let result = self.on_line(now, &line);
        self.held.give_back(line);
        result
    }

    /// Ends the session for a reason; what is in [`outgoing`](Self::outgoing) still goes out.
    pub(super) fn fail(&mut self, kind: ServerErrorKind) -> ServerError {
        let error = ServerError::new(kind);
        self.end(Some(error.clone()));
        error
    }

    pub(super) fn end(&mut self, error: Option<ServerError>) {
        let content = if let Phase::Content(content) = &self.phase { Some(content) } else { self.chunked.as_ref() };
        if content.is_some_and(Content::is_good) && self.question != Some(Question::EndOfData) {
            self.events.push_back(ServerEvent::Aborted { why: Abort::SessionEnded });
        }
        self.phase = Phase::Closed;
        self.chunked = None;
        self.question = None;
        self.claim = Claim::Nobody;
        // A question that the host has not heard needs no answer any more.
        self.events.retain(|event| !event.is_question());
        self.deadline = None;
        self.held = Held::default();
        self.events.push_back(ServerEvent::Closed { error });
    }

    /// Puts a question to the host; its time is the host's own.
    pub(super) fn ask(&mut self, question: Question, event: ServerEvent) {
        self.question = Some(question);
        self.deadline = None;
        self.events.push_back(event);
    }

    pub(super) fn say(&mut self, line: &str) {
        self.outgoing.extend_from_slice(line.as_bytes());
        self.outgoing.extend_from_slice(b"\r\n");
    }

    pub(super) fn await_command(&mut self, now: Tick) {
        self.deadline = Some(now.saturating_add(self.config.timeout));
    }
}

/// What is held of a client that sends on while its command waits for the host, in octets.
const MAX_HELD: usize = 256 * 1024;
