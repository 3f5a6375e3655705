//! Content as it arrives: its limits, and what is passed on.

use std::time::Duration;

use posthaste_types::Tick;

use super::config::{BareLineEnds, ServerConfig};
use super::error::{ServerError, ServerErrorKind};
use super::event::{Abort, ServerEvent};
use super::session::ServerSession;
use super::state::{Phase, Question};
use crate::unstuffing::ContentReader;

/// The content of a transaction, as far as it has come. Holds counts alone.
#[derive(Debug)]
pub(super) struct Content {
    reader: ContentReader,
    size: u64,
    header: Header,
    abort: Option<Abort>,
}

/// How far the header is.
#[derive(Clone, Copy, Debug)]
enum Header {
    /// Its size so far, and the length of its last, unfinished line.
    Within {
        size: usize,
        line: usize,
    },
    Over,
}

impl Content {
    pub(super) fn of_data() -> Self {
        Self::read_by(ContentReader::new())
    }

    pub(super) fn of_chunks() -> Self {
        Self::read_by(ContentReader::of_chunks())
    }

    pub(super) fn of_binary_chunks() -> Self {
        Self::read_by(ContentReader::of_binary_chunks())
    }

    fn read_by(reader: ContentReader) -> Self {
        let header = Header::Within { size: 0, line: 0 };
        Self { reader, size: 0, header, abort: None }
    }

    /// Whether the host still gets it.
    pub(super) fn is_good(&self) -> bool {
        self.abort.is_none()
    }

    /// Reads octets, up to the end of the content; tells the host what it gets of them. The second is how many
    /// octets were taken.
    pub(super) fn read(&mut self, wire: &[u8], config: &ServerConfig) -> (Option<ServerEvent>, usize) {
        let mut piece = Vec::with_capacity(wire.len());
        let taken = self.reader.read(wire, &mut piece);
        (self.judge(piece, config), taken)
    }

    /// Ends the content of chunks.
    pub(super) fn finish(&mut self, config: &ServerConfig) -> Option<ServerEvent> {
        let mut piece = Vec::new();
        self.reader.finish(&mut piece);
        self.judge(piece, config)
    }

    /// A chunk of `size` octets is announced, which may be more than fits.
    pub(super) fn announce(&mut self, size: u64, config: &ServerConfig) -> Option<ServerEvent> {
        if self.abort.is_some() || self.size.saturating_add(size) <= config.max_message {
            return None;
        }
        self.abort = Some(Abort::MessageTooLarge);
        Some(ServerEvent::Aborted { why: Abort::MessageTooLarge })
    }

    fn judge(&mut self, piece: Vec<u8>, config: &ServerConfig) -> Option<ServerEvent> {
        let was_good = self.is_good();
        self.abort = match self.abort {
            Some(Abort::BareLineEnd) => Some(Abort::BareLineEnd),
            earlier => self.check(&piece, config).or(earlier),
        };
        match self.abort {
            None if !piece.is_empty() => Some(ServerEvent::Content(piece)),
            Some(why) if was_good => Some(ServerEvent::Aborted { why }),
            _ => None,
        }
    }

    pub(super) fn abort(&self) -> Option<Abort> {
        self.abort
    }

    /// Counts what was read, and tells the limit that it passes.
    fn check(&mut self, piece: &[u8], config: &ServerConfig) -> Option<Abort> {
        self.size = self.size.saturating_add(u64::try_from(piece.len()).unwrap_or(u64::MAX));
        let header_too_large = self.count_header(piece) > config.max_header;
        if self.reader.saw_bare_line_end() && config.bare_line_ends == BareLineEnds::Refuse {
            Some(Abort::BareLineEnd)
        } else if self.size > config.max_message {
            Some(Abort::MessageTooLarge)
        } else if header_too_large {
            Some(Abort::HeaderTooLarge)
        } else {
            None
        }
    }

    /// The size of the header so far; 0 once it has ended before `piece`.
    fn count_header(&mut self, piece: &[u8]) -> usize {
        let mut counted = 0;
        let mut rest = piece;
        while let Header::Within { size, line } = self.header {
            let Some(end) = memchr::memchr(b'\n', rest) else {
                counted = size.saturating_add(rest.len());
                self.header = Header::Within { size: counted, line: line.saturating_add(rest.len()) };
                break;
            };
            counted = size.saturating_add(end + 1);
            // An empty line holds its CR alone.
            let is_empty = line.saturating_add(end) <= 1;
            self.header = if is_empty { Header::Over } else { Header::Within { size: counted, line: 0 } };
            rest = rest.get(end + 1..).unwrap_or_default();
        }
        counted
    }
}

impl ServerSession {
    /// Reads content, if that is what comes now; tells how many octets it took.
    pub(super) fn read_content(&mut self, now: Tick, wire: &[u8]) -> Result<usize, ServerError> {
        if self.question.is_some() || wire.is_empty() {
            return Ok(0);
        }
        let content = match &mut self.phase {
            Phase::Content(content) => content,
            Phase::Chunk(_) => return self.read_chunk(now, wire),
            Phase::Command | Phase::AuthLine(_) | Phase::Handshake | Phase::Closed => return Ok(0),
        };
        let (event, taken) = content.read(wire, &self.config);
        let (done, abort) = (content.reader.is_done(), content.abort);
        self.events.extend(event);
        match abort {
            _ if !done => self.prolong(now, taken),
            None => self.ask(Question::EndOfData, ServerEvent::EndOfData),
            Some(why) => {
                let times = self.answers_due();
                self.refuse_content(now, why, times)?;
            }
        }
        Ok(taken)
    }

    /// What arrived pays for more time, at the least rate; never for more than the whole timeout from now.
    pub(super) fn prolong(&mut self, now: Tick, octets: usize) {
        let rate = u64::from(self.config.min_rate.max(1));
        let micros = u64::try_from(octets).unwrap_or(u64::MAX).saturating_mul(1_000_000) / rate;
        let latest = now.saturating_add(self.config.timeout);
        let paid = self.deadline.map(|deadline| deadline.saturating_add(Duration::from_micros(micros)));
        self.deadline = Some(paid.map_or(latest, |paid| paid.min(latest)));
    }

    /// Behind the end of content, or of a chunk, that the host was told to drop.
    pub(super) fn refuse_content(&mut self, now: Tick, why: Abort, times: usize) -> Result<(), ServerError> {
        let reply = match why {
            Abort::BareLineEnd => "521 5.5.2 bare CR or LF received: lines end with CRLF",
            Abort::HeaderTooLarge => "552 5.3.4 the header is too large",
            Abort::MessageTooLarge => "552 5.3.4 the message is too large",
            Abort::Reset | Abort::SessionEnded => "451 4.3.0 the content was dropped",
        };
        (self.transaction, self.chunked) = (None, None);
        self.phase = Phase::Command;
        (1..times).for_each(|_| self.say(reply));
        if why == Abort::BareLineEnd {
            self.say(reply);
            // What follows may have been smuggled: it is never read as commands.
            return Err(self.fail(ServerErrorKind::BareLineEnd));
        }
        self.complain(now, reply)
    }
}
