//! The session: what goes in and what comes out.

use std::collections::VecDeque;

use posthaste_types::{Outcome, Stage, Tick};

use super::config::{ClientConfig, Pipelining, TlsUse};
use super::error::{ClientError, ClientErrorKind, SendError};
use super::event::{ClientEvent, TransactionId};
use super::limits::Used;
use super::running::{Body, Front, Running};
use super::state::{Awaited, Channel, Groups, Phase, Reset, What};
use super::transaction::Transaction;
use crate::capabilities::Capabilities;
use crate::reply_reader::ReplyReader;
use crate::sasl::Exchange;

/// The client's side of one SMTP or LMTP connection.
///
/// Made when the connection is open; it begins by waiting for the greeting. After every call that
/// takes `now`: drain [`poll_transmit`](Self::poll_transmit), then [`poll_event`](Self::poll_event), then
/// read [`poll_timeout`](Self::poll_timeout). A whole driving loop stands in the crate's documentation.
///
/// # What a cut costs
/// Until the final dot was written, nobody has the mail: whoever has no answer is deferred. From then on
/// until the answer is read, those whom the peer took are in doubt. Recipients already refused stay so.
pub struct ClientSession {
    pub(super) config: ClientConfig,
    pub(super) phase: Phase,
    pub(super) channel: Channel,
    pub(super) capabilities: Capabilities,
    pub(super) reader: ReplyReader,
    /// Commands that were not yet handed out.
    pub(super) outgoing: Vec<u8>,
    /// How many octets were ever handed out.
    pub(super) handed: u64,
    /// What the next replies answer, in order.
    pub(super) awaited: VecDeque<Awaited>,
    /// The mails under way: the first one, and one whose envelope went behind its content.
    pub(super) running: VecDeque<Running>,
    pub(super) last_id: u64,
    pub(super) used: Used,
    pub(super) groups: Groups,
    pub(super) reset: Reset,
    /// AUTH, while it is under way.
    pub(super) exchange: Option<Exchange>,
    pub(super) events: VecDeque<ClientEvent>,
    pub(super) deadline: Option<Tick>,
    /// When the last reply was read.
    pub(super) heard: Tick,
}

impl ClientSession {
    /// How many octets of content one call of [`poll_transmit`](Self::poll_transmit) hands out, about.
    pub const BLOCK: usize = 32 * 1024;

    /// A session on a connection that was opened at `now`.
    pub fn new(config: ClientConfig, now: Tick) -> Self {
        let channel = if config.tls == TlsUse::Implicit { Channel::Tls } else { Channel::Clear };
        let mut session = Self {
            config,
            phase: Phase::Opening(Stage::Connect),
            channel,
            capabilities: Capabilities::default(),
            reader: ReplyReader::default(),
            // Never grown, a copy of which would stay behind, while it holds credentials.
            outgoing: Vec::with_capacity(OUTGOING),
            handed: 0,
            awaited: VecDeque::from([Awaited { what: What::Greeting, end: 0 }]),
            running: VecDeque::new(),
            last_id: 0,
            used: Used::default(),
            groups: Groups::Unsent,
            reset: Reset::NotNeeded,
            exchange: None,
            events: VecDeque::new(),
            deadline: None,
            heard: now,
        };
        session.rearm(now);
        session
    }

    /// Takes octets that were received.
    ///
    /// # Errors
    /// The reason why they ended the session, the same as in the last event. Drain the events: the
    /// outcomes of what was under way are there.
    pub fn handle_bytes(&mut self, now: Tick, wire: &[u8]) -> Result<(), ClientError> {
        if self.phase == Phase::Closed || wire.is_empty() {
            return Ok(());
        }
        if self.phase == Phase::Handshake {
            return Err(self.fail(ClientError::new(ClientErrorKind::OctetsBehindStartTls, Stage::StartTls)));
        }
        self.reader.push(wire);
        while self.phase != Phase::Closed {
            match self.reader.next() {
                Ok(Some(reply)) => self.on_reply(now, reply)?,
                Ok(None) => break,
                Err(why) => return Err(self.break_off(why)),
            }
        }
        Ok(())
    }

    /// Goes on behind a TLS handshake that the event [`StartTls`](ClientEvent::StartTls) asked for. What
    /// was learned in clear is forgotten (RFC 3207 §4.2). Does nothing at any other time.
    pub fn handle_tls(&mut self, now: Tick) {
        if self.phase == Phase::Handshake {
            self.channel = Channel::Tls;
            self.capabilities = Capabilities::default();
            self.say_hello(now);
        }
    }

    /// Learns that time has passed. Does nothing before [`poll_timeout`](Self::poll_timeout) is due.
    ///
    /// # Errors
    /// The session ended because no answer came in time, the same as in the last event.
    pub fn handle_timeout(&mut self, now: Tick) -> Result<(), ClientError> {
        if self.deadline.is_none_or(|deadline| now < deadline) {
            return Ok(());
        }
        if self.phase == Phase::Quitting && self.running.is_empty() {
            self.end(None);
            return Ok(());
        }
        Err(self.cut_off(ClientErrorKind::TimedOut))
    }

    /// Learns that the connection is gone.
    ///
    /// `unwritten` is how many of the octets handed out were never given to the network, the last ones;
    /// 0 if that is not known. A message whose last octet is among them cannot have been taken.
    pub fn handle_close(&mut self, _now: Tick, unwritten: usize) {
        if self.phase == Phase::Closed {
            return;
        }
        if self.phase == Phase::Quitting && self.running.is_empty() {
            return self.end(None);
        }
        self.handed = self.handed.saturating_sub(u64::try_from(unwritten).unwrap_or(u64::MAX));
        self.cut_off(ClientErrorKind::Closed);
    }

    /// Begins a mail. Its first command is handed out by the next [`poll_transmit`](Self::poll_transmit).
    ///
    /// What the peer cannot carry is refused for every recipient, by events, and nothing is sent: see
    /// [`objection`](Self::objection).
    ///
    /// # Errors
    /// [`SendError`] if the session cannot take it now.
    pub fn send(&mut self, now: Tick, transaction: Transaction) -> Result<TransactionId, SendError> {
        if self.phase == Phase::Closed {
            return Err(SendError::Ended);
        }
        if !self.can_send() {
            return Err(SendError::NotReady);
        }
        self.last_id += 1;
        let id = TransactionId(self.last_id);
        let objection = self.objection(&transaction);
        let mut running = Running::new(id, transaction);
        if let Some(outcome) = objection {
            for recipient in 0..running.outcomes.len() {
                self.settle(&mut running, recipient, outcome.clone());
            }
            self.finish(running);
            return Ok(id);
        }
        if self.begin_round(&mut running) {
            running.front = if self.running.is_empty() { Front::Free } else { Front::Content };
            self.write_round(now, &mut running);
            self.running.push_back(running);
        } else {
            self.finish(running);
        }
        Ok(id)
    }

    /// Whether [`send`](Self::send) takes a mail now.
    ///
    /// With [`Pipelining::NextEnvelope`] also while the last mail's final dot, handed out, has no answer yet. Never again
    /// behind as many transactions, or domains, as the peer takes in one session (RFC 9422): quit then.
    pub fn can_send(&self) -> bool {
        if self.phase != Phase::Ready || self.is_spent() {
            return false;
        }
        match (self.running.front(), self.running.len()) {
            (None, _) => true,
            (Some(first), 1) => {
                let handed_out = matches!(first.body, Body::Complete { end } if end <= self.handed);
                let envelope_answered = !self.awaited.front().is_some_and(|awaited| awaited.what.is_of_envelope());
                handed_out
                    && envelope_answered
                    && !first.has_more()
                    && self.config.pipelining == Pipelining::NextEnvelope
                    && self.pipelines()
            }
            _ => false,
        }
    }

    /// The outcome that [`send`](Self::send) would give every recipient because the peer lacks what the mail needs (SIZE,
    /// 8BITMIME, BINARYMIME, SMTPUTF8, REQUIRETLS, DELIVERBY, FUTURERELEASE); `None` if it lacks nothing.
    pub fn objection(&self, transaction: &Transaction) -> Option<Outcome> {
        transaction.objection(&self.capabilities, self.is_encrypted())
    }

    /// Lets the message be completed: the answer to [`Transmit::Completing`](crate::Transmit::Completing).
    pub fn complete(&mut self, now: Tick) {
        self.write_last(now);
    }

    /// Keeps the message from being completed: the answer to [`Transmit::Completing`](crate::Transmit::Completing) for a mail that was
    /// withdrawn. SMTP has no other way than to end the session; nobody gets the mail.
    pub fn withdraw(&mut self, _now: Tick) {
        if self.running.front().is_some_and(|running| matches!(running.body, Body::Due)) {
            self.fail(ClientError::new(ClientErrorKind::Withdrawn, Stage::Data));
        }
    }

    /// Ends the session with QUIT, behind the answers that are still due.
    pub fn quit(&mut self, now: Tick) {
        match self.phase {
            Phase::Ready => {
                self.phase = Phase::Quitting;
                self.write_quit(now);
            }
            Phase::Opening(_) | Phase::Handshake => self.end(None),
            Phase::Quitting | Phase::Closed => {}
        }
    }

    /// What happened since the last call, one by one.
    pub fn poll_event(&mut self) -> Option<ClientEvent> {
        self.events.pop_front()
    }

    /// When [`handle_timeout`](Self::handle_timeout) is due.
    pub fn poll_timeout(&self) -> Option<Tick> {
        self.deadline
    }

    /// What the peer offers, as its last answer to EHLO says; nothing before it.
    pub fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    /// Gives back the memory that a large mail or a long reply took. For a session that is idle for a while; it goes on
    /// as before.
    pub fn rest(&mut self) {
        if self.outgoing.is_empty() {
            // Of commands behind AUTH: no credential stands there.
            self.outgoing.shrink_to(OUTGOING);
        }
        self.awaited.shrink_to(FEW);
        self.running.shrink_to(1);
        self.events.shrink_to(FEW);
        self.reader.rest();
    }

    /// Whether the channel is encrypted.
    pub fn is_encrypted(&self) -> bool {
        self.channel == Channel::Tls
    }

    /// Whether the session has ended.
    pub fn is_closed(&self) -> bool {
        self.phase == Phase::Closed
    }
}

/// What commands that go together take in most mails, in octets.
const OUTGOING: usize = 2048;
/// How many replies are due, and events to be told, in most mails.
const FEW: usize = 8;
