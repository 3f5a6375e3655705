//! The dialogue as it is written down, without secrets and without content.

use std::fmt;

use posthaste_transport::{Direction, TraceSink};
use posthaste_types::Text;

/// Writes lines to an attempt's sink, if it has one.
pub(crate) struct Trace<'a> {
    sink: Option<&'a dyn TraceSink>,
    /// What was received of a line that has no end yet.
    received: Vec<u8>,
    sending: Sending,
}

/// What the octets are that are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sending {
    Commands,
    /// Behind AUTH: what is not a command is a secret.
    Secrets,
    /// Behind 354.
    Content,
}

impl<'a> Trace<'a> {
    pub(crate) fn new(sink: Option<&'a dyn TraceSink>) -> Self {
        Self { sink, received: Vec::new(), sending: Sending::Commands }
    }

    pub(crate) fn is_on(&self) -> bool {
        self.sink.is_some()
    }

    pub(crate) fn note(&self, note: impl fmt::Display) {
        if let Some(sink) = self.sink {
            sink.line(Direction::Note, Text::lossy(note).as_str());
        }
    }

    /// Octets that are about to be sent: whole commands, or content.
    pub(crate) fn sent(&mut self, octets: &[u8]) {
        let Some(sink) = self.sink else { return };
        if self.sending == Sending::Content {
            return;
        }
        for line in octets.split_inclusive(|octet| *octet == b'\n') {
            let line = String::from_utf8_lossy(line);
            let line = line.trim_end();
            match line.get(..5) {
                Some("AUTH ") => {
                    self.sending = Sending::Secrets;
                    let mechanism = line.split(' ').nth(1).unwrap_or_default();
                    let secret = if line.split(' ').count() > 2 { " ***" } else { "" };
                    sink.line(Direction::Sent, &format!("AUTH {mechanism}{secret}"));
                }
                _ if self.sending == Sending::Secrets && line != "QUIT" => sink.line(Direction::Sent, "***"),
                _ => sink.line(Direction::Sent, Text::lossy(line).as_str()),
            }
        }
    }

    /// AUTH is over: what is sent now is commands.
    pub(crate) fn authenticated(&mut self) {
        self.sending = Sending::Commands;
    }

    /// The content is over: what is sent now is the final dot.
    pub(crate) fn completing(&mut self) {
        if self.sink.is_some() {
            self.note("the content");
        }
        self.sending = Sending::Commands;
    }

    /// Octets that were received.
    pub(crate) fn received(&mut self, octets: &[u8]) {
        let Some(sink) = self.sink else { return };
        for piece in octets.split_inclusive(|octet| *octet == b'\n') {
            let room = MAX_LINE.saturating_sub(self.received.len());
            self.received.extend_from_slice(piece.get(..room).unwrap_or(piece));
            if piece.ends_with(b"\n") {
                let line = String::from_utf8_lossy(&self.received);
                sink.line(Direction::Received, Text::lossy(line.trim_end()).as_str());
                if line.starts_with("354") {
                    self.sending = Sending::Content;
                }
                self.received.clear();
            }
        }
    }
}

impl fmt::Debug for Trace<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trace").field("sending", &self.sending).finish_non_exhaustive()
    }
}

/// A reply's line has at most 512 octets (RFC 5321 §4.5.3.1.5).
const MAX_LINE: usize = 1024;
