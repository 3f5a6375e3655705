//! One connection and its session: octets to and from the network.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::io::{self, IoSlice};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, Waker};

use posthaste_smtp::{ClientConfig, ClientError, ClientEvent, ClientSession, Pipelining, TransactionId, Transmit};
use posthaste_transport::Passage;
use posthaste_types::{Text, Tick};

use crate::outbox::Outbox;
use crate::peer::{Peer, Place, Proof};
use crate::stream::Stream;
use crate::trace::Trace;
use crate::turn::{Begins, Turn};
use crate::wait::Wait;

/// A connection whose session is driven by [`exchange`](Self::exchange). Dropped, it is cut.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) stream: Stream,
    pub(crate) session: ClientSession,
    pub(crate) peer: Peer,
    /// How many mails it was used for.
    pub(crate) mails: u32,
    pub(crate) proof: Proof,
    /// What stands in the record of each mail.
    passage: OnceLock<Arc<Passage>>,
    pub(crate) begins: Begins,
    /// How it is spoken to.
    pub(crate) pipelining: Pipelining,
    outbox: Outbox,
    input: Box<[u8]>,
    /// What the session told, and nobody has heard yet: of the mail behind, and of its end.
    unheard: VecDeque<ClientEvent>,
}

/// How one exchange ended.
#[derive(Debug)]
pub(crate) enum Exchanged {
    /// Something may have happened: poll the session's events.
    Yes,
    /// The attempt's time is over, and so is the session.
    OutOfTime,
}

enum Moved {
    Written,
    Read(usize),
    Ended(io::Result<()>),
    Due,
}

impl Connection {
    pub(crate) fn new(stream: Stream, config: ClientConfig, peer: Peer, now: Tick) -> Self {
        let pipelining = config.pipelining;
        let session = ClientSession::new(config, now);
        let input = vec![0; READ_BUFFER].into();
        Self {
            stream,
            session,
            peer,
            mails: 0,
            proof: Proof::default(),
            passage: OnceLock::new(),
            begins: Begins::Now,
            pipelining,
            outbox: Outbox::default(),
            input,
            unheard: VecDeque::new(),
        }
    }

    /// What happened to a mail since the last call, one by one. What the mail behind it came to meanwhile is kept for
    /// the turn of that one.
    pub(crate) fn poll_event(&mut self, mail: TransactionId) -> Option<ClientEvent> {
        let is_of_mail = |event: &ClientEvent| match event {
            ClientEvent::Settled { id, .. } | ClientEvent::Finished { id, .. } => *id == mail,
            _ => false,
        };
        if let Some(place) = self.unheard.iter().position(is_of_mail) {
            return self.unheard.remove(place);
        }
        while let Some(event) = self.session.poll_event() {
            if is_of_mail(&event) {
                return Some(event);
            }
            self.unheard.push_back(event);
        }
        None
    }

    /// Why the session ended, if it did other than by our QUIT. What it told besides is still to be polled.
    pub(crate) fn end(&mut self) -> Option<ClientError> {
        if !self.session.is_closed() {
            return None;
        }
        while let Some(event) = self.session.poll_event() {
            self.unheard.push_back(event);
        }
        self.unheard.iter().find_map(|event| match event {
            ClientEvent::Closed { error, .. } => error.clone(),
            _ => None,
        })
    }

    /// Writes what is due, or reads what comes: one step, up to the session's next deadline.
    ///
    /// The attempt of a turn is asked before each further MAIL and before the octets that complete its message. Dropped,
    /// the connection must be dropped too.
    pub(crate) async fn exchange(
        &mut self,
        wait: &mut Wait<'_>,
        turn: Option<&mut Turn<'_>>,
        trace: &mut Trace<'_>,
    ) -> Exchanged {
        if self.outbox.left() == 0 {
            if let Some(turn) = &turn
                && self.session.begins_round()
                && turn.attempt.start().is_err()
            {
                self.session.withdraw_round(wait.now());
                return Exchanged::Yes;
            }
            self.fill(wait.now(), turn, trace);
        }
        if self.session.is_closed() {
            return Exchanged::Yes;
        }
        let due = self.session.poll_timeout();
        match poll_fn(|context| self.poll_move(context, wait, due)).await {
            Moved::Written => {}
            Moved::Read(len) => {
                let octets = self.input.get(..len).unwrap_or_default();
                trace.received(octets);
                // The error comes as an event too.
                let _ = self.session.handle_bytes(wait.now(), octets);
            }
            Moved::Ended(how) => self.cut(wait.now(), how.map(|()| "the peer closed the connection"), trace),
            Moved::Due if wait.is_over() => {
                self.cut(wait.now(), Ok("the attempt ran out of time"), trace);
                return Exchanged::OutOfTime;
            }
            Moved::Due => {
                // The error comes as an event too.
                let _: Result<(), ClientError> = self.session.handle_timeout(wait.now());
            }
        }
        Exchanged::Yes
    }

    /// Tells the session that the connection is no more.
    fn cut(&mut self, now: Tick, why: io::Result<&str>, trace: &Trace<'_>) {
        match why {
            Ok(why) => trace.note(why),
            Err(error) => trace.note(format_args!("the connection broke: {error}")),
        }
        let unwritten = self.unwritten();
        self.session.handle_close(now, unwritten);
    }

    /// Puts what the session has to send into the outbox: up to a block of it, and behind a content the next mail.
    fn fill(&mut self, now: Tick, mut turn: Option<&mut Turn<'_>>, trace: &mut Trace<'_>) {
        self.outbox.clear();
        loop {
            let before = self.outbox.own().len();
            let transmit = match &turn {
                Some(_) => self.session.poll_transmit_shared(now, self.outbox.own()),
                None => self.session.poll_transmit(now, self.outbox.own()),
            };
            let octets = self.outbox.count_own(before);
            match (transmit, turn.as_deref_mut()) {
                (None, Some(turn)) => {
                    if !turn.follow(now, &mut self.session, &mut self.mails) {
                        break;
                    }
                }
                (None, None) => break,
                (Some(Transmit::Completing(_)), turn) => {
                    trace.completing();
                    match turn.map(|turn| turn.attempt.past_return()) {
                        Some(Ok(())) => self.session.complete(now),
                        Some(Err(_)) | None => return self.session.withdraw(now),
                    }
                }
                (Some(Transmit::Shared { segment, start, end, .. }), Some(turn)) => {
                    trace.content(end.saturating_sub(start));
                    if let Some(content) = turn.content {
                        self.outbox.push_run(content, segment, start..end);
                    }
                }
                (Some(_), _) => trace.sent(octets),
            }
            if self.outbox.len() >= MAX_WRITE || self.outbox.own().len() >= ClientSession::BLOCK {
                break;
            }
        }
    }

    fn poll_move(&mut self, context: &mut Context<'_>, wait: &mut Wait<'_>, due: Option<Tick>) -> Poll<Moved> {
        while self.outbox.left() > 0 {
            let mut slices = [IoSlice::new(&[]); MAX_SLICES];
            let count = self.outbox.slices(&mut slices);
            match self.stream.poll_write(context, slices.get(..count).unwrap_or_default()) {
                Poll::Ready(Ok(len)) if len > 0 => self.outbox.advance(len),
                Poll::Ready(result) => return self.poll_last_words(context, result),
                Poll::Pending => break,
            }
        }
        match self.stream.poll_flush(context) {
            Poll::Ready(Ok(())) if self.outbox.len() > 0 && self.outbox.left() == 0 => {
                return Poll::Ready(Moved::Written);
            }
            Poll::Ready(Err(error)) => return self.poll_last_words(context, Err(error)),
            _ => {}
        }
        // Also while a write waits: a peer that refuses the content may have stopped reading it.
        match self.stream.poll_read(context, &mut self.input) {
            Poll::Ready(Ok(0)) => return Poll::Ready(Moved::Ended(Ok(()))),
            Poll::Ready(Ok(len)) => return Poll::Ready(Moved::Read(len)),
            Poll::Ready(Err(error)) => return Poll::Ready(Moved::Ended(Err(error))),
            Poll::Pending => {}
        }
        wait.poll(context, due).map(|()| Moved::Due)
    }

    /// The peer takes nothing any more; what it said before may still be read, such as 421.
    fn poll_last_words(&mut self, context: &mut Context<'_>, written: io::Result<usize>) -> Poll<Moved> {
        match self.stream.poll_read(context, &mut self.input) {
            Poll::Ready(Ok(len)) if len > 0 => Poll::Ready(Moved::Read(len)),
            _ => Poll::Ready(Moved::Ended(written.map(|_| ()))),
        }
    }

    /// How many of the octets that the session handed out have surely not left.
    fn unwritten(&self) -> usize {
        if self.stream.knows_what_left() { self.outbox.left() } else { 0 }
    }

    /// Writes the QUIT of a session that ends before its first mail, if that needs no wait.
    pub(crate) fn try_goodbye(&mut self, now: Tick, trace: &mut Trace<'_>) {
        self.outbox.clear();
        let mut octets = Vec::new();
        if self.session.poll_transmit(now, &mut octets).is_some() {
            trace.sent(&octets);
            let mut context = Context::from_waker(Waker::noop());
            let _ = self.stream.poll_write(&mut context, &[IoSlice::new(&octets)]);
        }
    }

    /// Whether nothing was heard since the last answer. What an idle peer says is the end, or out of step.
    pub(crate) fn is_quiet(&mut self) -> bool {
        let mut context = Context::from_waker(Waker::noop());
        self.stream.poll_read(&mut context, &mut self.input).is_pending()
    }

    /// Before its first mail.
    pub(crate) fn prove(&mut self, proof: Proof) {
        self.proof = proof;
    }

    /// What the mails are carried by.
    pub(crate) fn passage(&self) -> Arc<Passage> {
        let made = || {
            let mut passage = Passage::to(&self.peer.host);
            match &self.peer.place {
                Place::Tcp(address) => passage.address = Some(*address),
                Place::Unix(path) => passage.host = Text::lossy(path.display()),
            }
            passage.source = self.peer.egress.as_ref().map(|egress| egress.source.clone());
            passage.tls = self.stream.tls_words().map(Text::lossy);
            passage.why = self.proof.why.clone();
            Arc::new(passage)
        };
        Arc::clone(self.passage.get_or_init(made))
    }

    /// Whether all that the session handed out was written.
    pub(crate) fn is_written(&self) -> bool {
        self.outbox.left() == 0
    }

    /// Gives back what a large mail took.
    pub(crate) fn rest(&mut self) {
        self.outbox.shrink();
        self.session.rest();
        self.unheard.shrink_to(0);
    }

    /// Forgets the credentials that went through the buffer.
    pub(crate) fn wipe(&mut self) {
        if self.is_written() {
            self.outbox.wipe();
        }
    }

    /// Says QUIT, and waits for the answer.
    pub(crate) async fn goodbye(mut self, wait: &mut Wait<'_>) {
        self.session.quit(wait.now());
        let mut trace = Trace::new(None);
        while !self.session.is_closed() {
            if let Exchanged::OutOfTime = self.exchange(wait, None, &mut trace).await {
                break;
            }
        }
    }
}

/// Replies are short; longer ones come in several steps.
const READ_BUFFER: usize = 4096;
/// How many octets are handed out before they are written.
const MAX_WRITE: usize = 128 * 1024;
/// How many slices are written at once: a content has few, unless many of its lines begin with a dot.
const MAX_SLICES: usize = 8;
