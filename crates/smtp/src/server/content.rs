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
    header: Header,
    /// Why the host does not get it: the first reason, and how many octets had been passed on by then.
    abort: Option<(u64, Abort)>,
    /// Whether a bare line end ends the session at its end.
    bare: Bare,
}

/// Whether a bare line end was read where none may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Bare {
    Seen,
    Unseen,
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
        Self { reader, header, abort: None, bare: Bare::Unseen }
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
        if self.abort.is_some() || self.reader.passed().saturating_add(size) <= config.max_message {
            return None;
        }
        self.abort = Some((self.reader.passed(), Abort::MessageTooLarge));
        Some(ServerEvent::Aborted { why: Abort::MessageTooLarge })
    }

    fn judge(&mut self, piece: Vec<u8>, config: &ServerConfig) -> Option<ServerEvent> {
        let header = self.count_header(&piece);
        if self.reader.bare_line_end_at().is_some() && config.bare_line_ends == BareLineEnds::Refuse {
            self.bare = Bare::Seen;
        }
        if self.abort.is_some() {
            return None;
        }
        self.abort = self.first_fault(header, config);
        match self.abort {
            None if !piece.is_empty() => Some(ServerEvent::Content(piece)),
            None => None,
            Some((_, why)) => Some(ServerEvent::Aborted { why }),
        }
    }

    /// Why it was given up.
    pub(super) fn abort(&self) -> Option<Abort> {
        if self.bare == Bare::Seen { Some(Abort::BareLineEnd) } else { self.abort.map(|(_, why)| why) }
    }

    /// How many octets came behind the fault, and what that was.
    fn dropped(&self) -> Option<(u64, Abort)> {
        self.abort.map(|(at, why)| (self.reader.passed().saturating_sub(at), why))
    }

    /// What is wrong, and came first: however the octets were split.
    fn first_fault(&self, header: usize, config: &ServerConfig) -> Option<(u64, Abort)> {
        let max_header = u64::try_from(config.max_header).unwrap_or(u64::MAX);
        let bare = self.reader.bare_line_end_at().filter(|_| self.bare == Bare::Seen);
        let faults = [
            (self.reader.passed() > config.max_message).then_some((config.max_message, Abort::MessageTooLarge)),
            (header > config.max_header).then_some((max_header, Abort::HeaderTooLarge)),
            // Told with the octet behind it, when as many as this had been passed on.
            bare.map(|at| (at.saturating_sub(1), Abort::BareLineEnd)),
        ];
        faults.into_iter().flatten().min_by_key(|(at, _)| *at)
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
        let (done, abort, dropped) = (content.reader.is_done(), content.abort(), content.dropped());
        self.events.extend(event);
        if let Some((octets, why)) = dropped {
            if !self.counts.has_room_for(octets, &self.config) {
                return self.end_content(why, self.answers_due()).map(|()| taken);
            }
            if done {
                self.counts.drops(octets, &self.config);
            }
        }
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
        if why == Abort::BareLineEnd {
            // What follows may have been smuggled: it is never read as commands.
            return self.end_content(why, times);
        }
        (self.transaction, self.chunked) = (None, None);
        self.phase = Phase::Command;
        (1..times).for_each(|_| self.say(refusal(why)));
        self.complain(now, refusal(why))
    }

    /// Refuses content that is not read to its end, or behind which nothing is read.
    pub(super) fn end_content(&mut self, why: Abort, times: usize) -> Result<(), ServerError> {
        (0..times).for_each(|_| self.say(refusal(why)));
        let is_bare = why == Abort::BareLineEnd;
        Err(self.fail(if is_bare { ServerErrorKind::BareLineEnd } else { ServerErrorKind::TooMuchDropped }))
    }
}

fn refusal(why: Abort) -> &'static str {
    match why {
        Abort::BareLineEnd => "521 5.5.2 bare CR or LF received: lines end with CRLF",
        Abort::HeaderTooLarge => "552 5.3.4 the header is too large",
        Abort::MessageTooLarge => "552 5.3.4 the message is too large",
        Abort::Reset | Abort::SessionEnded => "451 4.3.0 the content was dropped",
    }
}
