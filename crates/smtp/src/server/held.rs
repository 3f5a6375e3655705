//! Octets that were received and not yet read.

use std::fmt;

use zeroize::Zeroizing;

use crate::command::is_chunk;

/// A buffer that gives out lines. What was given out is overwritten: it may have been a password.
#[derive(Default)]
pub(super) struct Held {
    octets: Vec<u8>,
    /// The line that was found last, without its end: one piece of memory for all of them.
    line: Zeroizing<Vec<u8>>,
    /// Where what has not been read begins.
    start: usize,
    /// Up to where it has been searched for a line end in vain.
    searched: usize,
    skipping: Skipping,
}

/// Whether the rest of a line that was too long is to be dropped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Skipping {
    #[default]
    No,
    Yes,
}

/// What [`Held::take_line`] found.
pub(super) enum Line {
    /// A line that CRLF ended: [`Held::line`].
    Crlf,
    /// A line that LF alone ended.
    Lf,
    /// One longer than the limit; it is dropped. Told once for each.
    TooLong,
    /// One that was meant as BDAT: where its octets end is not known.
    TooLongChunk,
    /// The end of one that was told as too long. The next line may have another limit.
    Skipped,
    /// The same, by LF alone.
    SkippedLf,
}

impl Held {
    pub(super) fn push(&mut self, wire: &[u8]) {
        if self.start == self.octets.len() {
            self.octets.clear();
            (self.start, self.searched) = (0, 0);
        } else if self.start > 0 {
            self.octets.drain(..self.start);
            self.searched = self.searched.saturating_sub(self.start);
            self.start = 0;
        }
        self.octets.extend_from_slice(wire);
    }

    pub(super) fn len(&self) -> usize {
        self.octets.len() - self.start
    }

    pub(super) fn octets(&self) -> &[u8] {
        self.octets.get(self.start..).unwrap_or_default()
    }

    /// Marks octets as read.
    pub(super) fn advance(&mut self, by: usize) {
        self.start = self.start.saturating_add(by).min(self.octets.len());
        self.searched = self.start;
    }

    /// The next line of at most `max` octets, line end included; `None` until there is one.
    pub(super) fn take_line(&mut self, max: usize) -> Option<Line> {
        let found = memchr::memchr(b'\n', self.octets.get(self.searched..).unwrap_or_default());
        let Some(end) = found.map(|found| self.searched + found + 1) else {
            self.searched = self.octets.len();
            if self.skipping == Skipping::Yes {
                // A CR stays: the LF that it may belong to is still to come.
                let cr = usize::from(self.octets.ends_with(b"\r"));
                self.advance(self.len().saturating_sub(cr));
                return None;
            }
            return (self.len() >= max).then(|| self.skip());
        };
        if self.skipping == Skipping::No && end - self.start > max {
            return Some(self.skip());
        }
        let wire = self.octets.get_mut(self.start..end).unwrap_or_default();
        self.line.clear();
        self.line.extend_from_slice(wire);
        wire.fill(0);
        let line = cut(&mut self.line);
        self.advance(end - self.start);
        Some(match (std::mem::take(&mut self.skipping), line) {
            (Skipping::No, line) => line,
            (Skipping::Yes, Line::Lf) => Line::SkippedLf,
            (Skipping::Yes, _) => Line::Skipped,
        })
    }

    /// Hands out the line that was found, to be [given back](Self::give_back).
    pub(super) fn line(&mut self) -> Zeroizing<Vec<u8>> {
        std::mem::take(&mut self.line)
    }

    /// Takes the memory of a line back.
    pub(super) fn give_back(&mut self, mut line: Zeroizing<Vec<u8>>) {
        line.fill(0);
        line.clear();
        self.line = line;
    }

    /// The line that begins here will be dropped, up to its end.
    fn skip(&mut self) -> Line {
        self.skipping = Skipping::Yes;
        if is_chunk(self.octets()) { Line::TooLongChunk } else { Line::TooLong }
    }
}

/// Without the octets, which may be a password.
impl fmt::Debug for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Held({} octets)", self.len())
    }
}

fn cut(line: &mut Vec<u8>) -> Line {
    line.pop();
    if line.pop_if(|octet| *octet == b'\r').is_some() { Line::Crlf } else { Line::Lf }
}
