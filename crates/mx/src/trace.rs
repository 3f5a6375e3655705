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
    /// Behind BDAT: so many octets of content, then commands (RFC 3030 §2).
    Chunk(u64),
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

    /// A new connection: what the last one had come to says nothing of it.
    pub(crate) fn connected(&mut self) {
        self.received.clear();
        self.sending = Sending::Commands;
    }

    /// Octets of content that are about to be sent, and not shown.
    pub(crate) fn content(&mut self, octets: usize) {
        if let Sending::Chunk(left) = self.sending {
            let (_, left) = chunk(left, octets);
            self.sending = if left == 0 { Sending::Commands } else { Sending::Chunk(left) };
        }
    }

    /// Octets that are about to be sent: whole commands, or content.
    pub(crate) fn sent(&mut self, octets: &[u8]) {
        let Some(sink) = self.sink else { return };
        let mut rest = octets;
        while !rest.is_empty() && self.sending != Sending::Content {
            if let Sending::Chunk(left) = self.sending {
                let (skipped, left) = chunk(left, rest.len());
                rest = rest.get(skipped..).unwrap_or_default();
                self.sending = if left == 0 { Sending::Commands } else { Sending::Chunk(left) };
                continue;
            }
            let end = rest.iter().position(|octet| *octet == b'\n').map_or(rest.len(), |at| at + 1);
            let (line, behind) = rest.split_at(end);
            rest = behind;
            let line = String::from_utf8_lossy(line);
            let line = line.trim_end();
            match line.get(..5) {
                Some("BDAT ") => {
                    sink.line(Direction::Sent, Text::lossy(line).as_str());
                    let size = line.split(' ').nth(1).and_then(|size| size.parse().ok()).unwrap_or(0);
                    self.sending = Sending::Chunk(size);
                }
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

    /// What is sent now completes the message: the final dot, or the last octets of the last chunk.
    pub(crate) fn completing(&mut self) {
        if self.sink.is_some() {
            self.note("the content");
        }
        if self.sending == Sending::Content {
            self.sending = Sending::Commands;
        }
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

/// How many of so many octets belong to a chunk, and how many it lacks then.
fn chunk(left: u64, octets: usize) -> (usize, u64) {
    let skipped = usize::try_from(left).unwrap_or(usize::MAX).min(octets);
    (skipped, left.saturating_sub(u64::try_from(skipped).unwrap_or(u64::MAX)))
}

/// A reply's line has at most 512 octets (RFC 5321 §4.5.3.1.5).
const MAX_LINE: usize = 1024;

#[cfg(test)]
mod tests {
    use posthaste_transport::TraceLines;

    use super::*;

    /// However the octets of a session are cut: no secret and no content is written down.
    #[test]
    fn secrets_and_content_are_left_out() {
        let sent = "EHLO us\r\nAUTH PLAIN AGFkYQBzZWNyZXQ=\r\nMAIL FROM:<ada@example.com>\r\nBDAT 19\r\n\
                    Subject: secret\r\n\r\nBDAT 10 LAST\r\nAUTH s\r\n\r\nQUIT\r\n";
        let expected =
            "> EHLO us\n> AUTH PLAIN ***\n> MAIL FROM:<ada@example.com>\n> BDAT 19\n> BDAT 10 LAST\n> QUIT\n";
        let content = [sent.find("Subject").unwrap(), sent.find("BDAT 10").unwrap()];
        for cut in content[0]..content[1] {
            let lines = TraceLines::new();
            let mut trace = Trace::new(Some(&lines));
            let login = sent.find("MAIL").unwrap();
            trace.sent(&sent.as_bytes()[..login]);
            trace.authenticated();
            trace.sent(&sent.as_bytes()[login..cut]);
            trace.sent(&sent.as_bytes()[cut..]);
            assert_eq!(lines.to_string(), expected, "cut at {cut}");
        }
    }

    #[test]
    fn behind_354_the_content_is_left_out_and_the_final_dot_is_not() {
        let lines = TraceLines::new();
        let mut trace = Trace::new(Some(&lines));
        trace.sent(b"DATA\r\n");
        trace.received(b"354 go on\r\n");
        trace.sent(b"Subject: secret\r\n\r\n");
        trace.completing();
        trace.sent(b".\r\n");
        assert_eq!(lines.to_string(), "> DATA\n< 354 go on\n- the content\n> .\n");
    }

    /// Content that is not copied counts, and nothing of a connection that broke amid its content counts for the next.
    #[test]
    fn content_ends_where_it_ends() {
        let lines = TraceLines::new();
        let mut trace = Trace::new(Some(&lines));
        trace.sent(b"BDAT 5000 LAST\r\nSubject: secret\r\n");
        trace.content(4982);
        trace.completing();
        trace.sent(b"\n");
        trace.sent(b"RSET\r\nBDAT 5000 LAST\r\nSubject: secret\r\n");
        trace.received(b"250 half a li");
        trace.connected();
        trace.received(b"220 hi\r\n");
        trace.sent(b"EHLO us\r\nBDAT 21 LAST\r\nSubject: secret\r\n\r\nx\n");
        let expected =
            "> BDAT 5000 LAST\n- the content\n> RSET\n> BDAT 5000 LAST\n< 220 hi\n> EHLO us\n> BDAT 21 LAST\n";
        assert_eq!(lines.to_string(), expected);
    }

    #[test]
    fn the_last_octets_of_a_chunk_are_content() {
        let lines = TraceLines::new();
        let mut trace = Trace::new(Some(&lines));
        trace.sent(b"BDAT 8 LAST\r\nsecret");
        trace.completing();
        trace.sent(b"\r\nMAIL FROM:<>\r\n");
        assert_eq!(lines.to_string(), "> BDAT 8 LAST\n- the content\n> MAIL FROM:<>\n");
    }
}
