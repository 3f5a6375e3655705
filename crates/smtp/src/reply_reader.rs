//! Replies from a stream of octets, in bounded memory.

use posthaste_types::Reply;

/// Cuts a stream of octets into replies. Between two calls it holds one unfinished reply of at most
/// [`MAX_REPLY`] octets, besides what the last call brought.
#[derive(Debug, Default)]
pub(crate) struct ReplyReader {
    buffer: Vec<u8>,
    /// Where the unfinished reply begins.
    start: usize,
    /// Where its last, unfinished line begins.
    line: usize,
}

impl ReplyReader {
    pub(crate) fn push(&mut self, wire: &[u8]) {
        if self.start == self.buffer.len() {
            self.clear();
        } else if self.start > 0 {
            self.buffer.drain(..self.start);
            self.line -= self.start;
            self.start = 0;
        }
        self.buffer.extend_from_slice(wire);
    }

    /// The next whole reply, or why what came is none.
    pub(crate) fn next(&mut self) -> Result<Option<Reply>, &'static str> {
        loop {
            let rest = self.buffer.get(self.line..).unwrap_or_default();
            let Some(end) = memchr::memchr(b'\n', rest) else {
                let fine = rest.len() <= Reply::MAX_LINE && self.buffer.len() - self.start <= MAX_REPLY;
                return if fine { Ok(None) } else { Err(TOO_LONG) };
            };
            let has_code = rest.iter().take(3).all(u8::is_ascii_digit);
            let goes_on = has_code && end > 3 && rest.get(3) == Some(&b'-');
            self.line += end + 1;
            if self.line - self.start > MAX_REPLY {
                return Err(TOO_LONG);
            }
            if !goes_on {
                let wire = self.buffer.get(self.start..self.line).unwrap_or_default();
                self.start = self.line;
                return Reply::parse(wire).map(Some).map_err(|_| "not a reply");
            }
        }
    }

    /// Whether nothing is left over.
    pub(crate) fn is_empty(&self) -> bool {
        self.start == self.buffer.len()
    }

    /// Gives back what a long reply took.
    pub(crate) fn rest(&mut self) {
        if self.is_empty() {
            self.clear();
            self.buffer.shrink_to(Reply::MAX_LINE);
        }
    }

    fn clear(&mut self) {
        self.buffer.clear();
        (self.start, self.line) = (0, 0);
    }
}

const TOO_LONG: &str = "a reply of more than 65536 octets, or a line of more than 4096";
/// The largest reply that is read, in octets.
const MAX_REPLY: usize = 65_536;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(pieces: &[&[u8]]) -> (Vec<String>, Option<&'static str>) {
        let mut reader = ReplyReader::default();
        let mut replies = Vec::new();
        for piece in pieces {
            reader.push(piece);
            loop {
                match reader.next() {
                    Ok(Some(reply)) => replies.push(reply.to_wire()),
                    Ok(None) => break,
                    Err(why) => return (replies, Some(why)),
                }
            }
        }
        (replies, None)
    }

    #[test]
    fn rfc5321_4_2_1_multiline() {
        let (replies, error) =
            read(&[b"250-First line\r\n250-Second line\r\n250-234 Text\r\n250 The last line\r\n354 go\r\n"]);
        assert_eq!(error, None);
        assert_eq!(replies.len(), 2);
        assert_eq!(replies[0].lines().count(), 4);
    }

    #[test]
    fn limits_hold() {
        let endless_line = vec![b'2'; Reply::MAX_LINE + 1];
        assert!(read(&[&endless_line]).1.is_some());
        let mut reader = ReplyReader::default();
        let mut ended = false;
        for _ in 0..100_000 {
            reader.push(b"250-more and more and more\r\n");
            assert!(reader.buffer.len() <= MAX_REPLY + 64);
            if reader.next().is_err() {
                ended = true;
                break;
            }
        }
        assert!(ended, "an endless reply must end the reading");
    }

    #[test]
    fn what_is_no_reply() {
        for bad in [
            "HTTP/1.1 400 Bad Request\r\n",
            "\r\n",
            "25\r\n",
            "250-a\r\n251 b\r\n",
            "199 x\r\n",
            "250xyz\r\n",
            "SSH-2.0-x\r\n",
        ] {
            assert_eq!(read(&[bad.as_bytes()]).1, Some("not a reply"), "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn any_split_reads_the_same(cuts in proptest::collection::vec(0usize..90, 0..8)) {
            let wire = b"220 hi\r\n250-a\r\n250-b\n250 c\r\n550-5.1.1 x\r\n550 5.1.1 y\r\n250\r\n354 go\r\n";
            let whole = read(&[wire]);
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(wire.len())).collect();
            cuts.sort_unstable();
            let mut pieces: Vec<&[u8]> = Vec::new();
            let mut from = 0;
            for cut in cuts {
                pieces.push(&wire[from..cut]);
                from = cut;
            }
            pieces.push(&wire[from..]);
            prop_assert_eq!(read(&pieces), whole);
        }
    }
}
