//! BDAT (RFC 3030): content whose octets are counted.

use posthaste_types::{BodyKind, Tick};

use super::content::Content;
use super::error::{ServerError, ServerErrorKind};
use super::event::{Abort, ServerEvent};
use super::session::ServerSession;
use super::state::{Phase, Question, Service};
use crate::command::Last;

/// What a BDAT command announces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ChunkHead {
    pub(super) size: u64,
    pub(super) last: Last,
}

/// A chunk that is being read. Its octets are never taken for commands, whatever becomes of it.
#[derive(Debug)]
pub(super) struct Chunk {
    head: ChunkHead,
    left: u64,
    use_of_it: Use,
}

/// What a chunk is for.
#[derive(Debug)]
enum Use {
    Content,
    /// Dropped; this is the reply behind it.
    Dropped(String),
}

impl ServerSession {
    /// RFC 3030 §2: octets are on their way behind every BDAT, also behind one that is refused.
    pub(super) fn on_bdat(&mut self, now: Tick, head: ChunkHead) -> Result<(), ServerError> {
        let refusal = match self.transaction {
            _ if self.service == Service::Refused => Some("503 5.5.1 no service: QUIT is left"),
            _ if !self.offered.offers("CHUNKING") => Some("503 5.5.1 CHUNKING was not offered"),
            None => Some("503 5.5.1 say MAIL first"),
            // RFC 2033 §4.2 demands 503 where no RCPT was successful.
            Some(transaction) if transaction.recipients == 0 => Some("503 5.5.1 no valid recipients"),
            Some(_) => None,
        };
        if let Some(refusal) = refusal {
            return self.drop_chunk(now, head, format!("{refusal}\r\n"));
        }
        if self.chunked.is_some() {
            return self.begin_chunk(now, head, Use::Content);
        }
        self.ask(Question::Chunk(head), ServerEvent::Data);
        Ok(())
    }

    /// The host takes content, and the first chunk of it follows.
    pub(super) fn begin_content(&mut self, now: Tick, head: ChunkHead) -> Result<(), ServerError> {
        let is_binary = self.transaction.is_some_and(|transaction| transaction.body == Some(BodyKind::Binary));
        self.chunked = Some(if is_binary { Content::of_binary_chunks() } else { Content::of_chunks() });
        self.await_command(now);
        self.begin_chunk(now, head, Use::Content)
    }

    /// Reads a chunk for nobody, and says why behind it.
    pub(super) fn drop_chunk(&mut self, now: Tick, head: ChunkHead, reply: String) -> Result<(), ServerError> {
        if !self.counts.drops(head.size, &self.config) {
            self.outgoing.extend_from_slice(reply.as_bytes());
            return Err(self.fail(ServerErrorKind::TooMuchDropped));
        }
        self.await_command(now);
        self.begin_chunk(now, head, Use::Dropped(reply))
    }

    /// Octets are on their way, and nobody knows how many: none of them is read as a command.
    pub(super) fn end_at_chunk(&mut self) -> Result<(), ServerError> {
        self.say("521 5.5.4 syntax: BDAT size [LAST]");
        Err(self.fail(ServerErrorKind::BadChunk))
    }

    /// The time of a chunk is that of the content: a further one brings no more of it than its octets pay for.
    fn begin_chunk(&mut self, now: Tick, head: ChunkHead, use_of_it: Use) -> Result<(), ServerError> {
        if let (Use::Content, Some(content)) = (&use_of_it, &mut self.chunked) {
            let event = content.announce(head.size, &self.config);
            let is_too_much = event.is_some() && !self.counts.drops(head.size, &self.config);
            self.events.extend(event);
            if is_too_much {
                return self.end_content(Abort::MessageTooLarge, self.answers_due_behind(head.last));
            }
        }
        self.phase = Phase::Chunk(Chunk { head, left: head.size, use_of_it });
        if head.size == 0 { self.end_chunk(now) } else { Ok(()) }
    }

    /// Reads octets of a chunk; tells how many it took.
    pub(super) fn read_chunk(&mut self, now: Tick, wire: &[u8]) -> Result<usize, ServerError> {
        let Phase::Chunk(chunk) = &mut self.phase else { return Ok(0) };
        let fits = usize::try_from(chunk.left).map_or(wire.len(), |left| left.min(wire.len()));
        chunk.left = chunk.left.saturating_sub(u64::try_from(fits).unwrap_or(u64::MAX));
        let is_whole = chunk.left == 0;
        if let (Use::Content, Some(content)) = (&chunk.use_of_it, &mut self.chunked) {
            let (event, _) = content.read(wire.get(..fits).unwrap_or_default(), &self.config);
            self.events.extend(event);
        }
        self.prolong(now, fits);
        if is_whole {
            self.end_chunk(now)?;
        }
        Ok(fits)
    }

    fn end_chunk(&mut self, now: Tick) -> Result<(), ServerError> {
        let Phase::Chunk(chunk) = std::mem::replace(&mut self.phase, Phase::Command) else { return Ok(()) };
        if let Use::Dropped(reply) = &chunk.use_of_it {
            self.outgoing.extend_from_slice(reply.as_bytes());
            return self.count_error(now);
        }
        let Some(content) = &mut self.chunked else { return Ok(()) };
        if chunk.head.last == Last::Yes {
            self.events.extend(content.finish(&self.config));
        }
        match (content.abort(), chunk.head.last) {
            (Some(why), last) => self.refuse_content(now, why, self.answers_due_behind(last)),
            (None, Last::Yes) => {
                self.ask(Question::EndOfData, ServerEvent::EndOfData);
                Ok(())
            }
            (None, Last::No) => {
                self.say(&format!("250 2.0.0 {} octets", chunk.head.size));
                // An empty one brings the end no nearer.
                if chunk.head.size == 0 && self.is_junk() { self.count_error(now) } else { Ok(()) }
            }
        }
    }

    /// How many replies a chunk wants that is refused.
    fn answers_due_behind(&self, last: Last) -> usize {
        if last == Last::Yes { self.answers_due() } else { 1 }
    }

    /// Drops the transaction that is open, if one is.
    pub(super) fn end_transaction(&mut self) {
        let (transaction, chunked) = (self.transaction.take(), self.chunked.take());
        match (transaction, chunked) {
            (None, _) => {}
            (Some(_), None) => self.events.push_back(ServerEvent::Reset),
            (Some(_), Some(_)) => self.events.push_back(ServerEvent::Aborted { why: Abort::Reset }),
        }
    }
}
