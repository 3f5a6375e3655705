//! Content on the way in: behind DATA, where it ends, and its dots of transparency taken out; behind BDAT, its lines.

/// Reads content in pieces of any size.
///
/// The end is CRLF `.` CRLF and nothing else (RFC 5321 §4.1.1.4): no bare CR or LF takes part in it, and
/// none begins a line. Holds no octets, only where it stands.
#[derive(Debug)]
pub(crate) struct ContentReader {
    at: At,
    dots: Dots,
    /// How many octets were passed on by earlier calls, and how many `out` held when this one began.
    passed: u64,
    held: usize,
    /// How many octets were passed on before the first bare CR or LF.
    bare: Option<u64>,
}

/// What a dot that begins a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Dots {
    /// One of transparency, or the end.
    Stuffed,
    /// Text: chunks are counted (RFC 3030 §2).
    Text,
    /// Text, and behind the header there are no lines (RFC 3030 §3).
    Binary,
}

/// Where in the grammar the next octet stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    /// Behind CRLF, or at the beginning: DATA's own line end counts (RFC 5321 §4.1.1.4).
    LineStart,
    /// Behind a dot that began a line.
    Dot,
    /// Behind that and a CR.
    DotCr,
    /// Within a line.
    Text,
    /// Behind a CR within a line.
    Cr,
    /// Behind a CR that began a line of a binary message's header.
    EmptyCr,
    /// In the body of a binary message.
    Octets,
    /// Behind the end.
    End,
}

impl ContentReader {
    pub(crate) fn new() -> Self {
        Self { at: At::LineStart, dots: Dots::Stuffed, passed: 0, held: 0, bare: None }
    }

    /// For the octets of chunks: a dot is text, and [`finish`](Self::finish) is the end.
    pub(crate) fn of_chunks() -> Self {
        Self { dots: Dots::Text, ..Self::new() }
    }

    /// The same for a binary message: its header is lines, its body octets; both are passed on as they are.
    pub(crate) fn of_binary_chunks() -> Self {
        Self { dots: Dots::Binary, ..Self::new() }
    }

    /// Appends content to `out`, bare line ends as CRLF, up to the end; tells how many octets it took.
    pub(crate) fn read(&mut self, wire: &[u8], out: &mut Vec<u8>) -> usize {
        self.held = out.len();
        let taken = if self.dots == Dots::Binary { self.read_binary(wire, out) } else { self.read_text(wire, out) };
        self.passed = self.offset(out);
        taken
    }

    fn read_text(&mut self, wire: &[u8], out: &mut Vec<u8>) -> usize {
        let mut at = 0;
        while let (Some(&octet), false) = (wire.get(at), self.is_done()) {
            if self.at == At::Text || (self.at == At::LineStart && (octet != b'.' || self.dots == Dots::Text)) {
                let rest = wire.get(at..).unwrap_or_default();
                at += self.read_lines(rest, out);
                continue;
            }
            let (next, takes) = match (self.at, octet) {
                (At::LineStart, _) => (At::Dot, true),
                (At::Dot, b'\r') => (At::DotCr, true),
                (At::Dot, _) => (At::Text, false),
                (At::DotCr, b'\n') => (At::End, true),
                (At::Cr, b'\n') => {
                    out.extend_from_slice(b"\r\n");
                    (At::LineStart, true)
                }
                // A CR that no LF follows; behind a lone dot, the dot was one of transparency.
                _ => {
                    self.bare_line_end(out);
                    (At::Text, false)
                }
            };
            self.at = next;
            at += usize::from(takes);
        }
        at
    }

    /// Copies whole runs: from here to the first dot that begins a line, bare line end, or unfinished CRLF.
    fn read_lines(&mut self, wire: &[u8], out: &mut Vec<u8>) -> usize {
        let mut scanned = 0;
        while let Some(found) = memchr::memchr2(b'\r', b'\n', wire.get(scanned..).unwrap_or_default()) {
            let end = scanned + found;
            match (wire.get(end), wire.get(end + 1), wire.get(end + 2)) {
                (Some(b'\r'), Some(b'\n'), Some(octet)) if *octet != b'.' => scanned = end + 2,
                (Some(b'\r'), ..) => {
                    out.extend_from_slice(wire.get(..end).unwrap_or_default());
                    self.at = At::Cr;
                    return end + 1;
                }
                _ => {
                    out.extend_from_slice(wire.get(..end).unwrap_or_default());
                    self.bare_line_end(out);
                    self.at = At::Text;
                    return end + 1;
                }
            }
        }
        out.extend_from_slice(wire);
        self.at = At::Text;
        wire.len()
    }

    /// Copies all, and looks for bare line ends as far as there are lines.
    fn read_binary(&mut self, wire: &[u8], out: &mut Vec<u8>) -> usize {
        for octet in wire {
            if self.at == At::Octets {
                break;
            }
            let after_cr = matches!(self.at, At::Cr | At::EmptyCr);
            if after_cr != (*octet == b'\n') {
                self.note_bare(out);
            }
            out.push(*octet);
            self.at = match (self.at, octet) {
                (At::EmptyCr, b'\n') => At::Octets,
                (At::Cr, b'\n') => At::LineStart,
                (At::LineStart, b'\r') => At::EmptyCr,
                (_, b'\r') => At::Cr,
                _ => At::Text,
            };
        }
        let copied = out.len().saturating_sub(self.held);
        out.extend_from_slice(wire.get(copied..).unwrap_or_default());
        wire.len()
    }

    fn bare_line_end(&mut self, out: &mut Vec<u8>) {
        self.note_bare(out);
        out.extend_from_slice(b"\r\n");
    }

    fn note_bare(&mut self, out: &[u8]) {
        self.bare = self.bare.or(Some(self.offset(out)));
    }

    /// How many octets were passed on.
    fn offset(&self, out: &[u8]) -> u64 {
        self.passed.saturating_add(u64::try_from(out.len().saturating_sub(self.held)).unwrap_or(u64::MAX))
    }

    /// The last chunk has ended. A CR that is left is a bare one; a last line without an end gets it.
    pub(crate) fn finish(&mut self, out: &mut Vec<u8>) {
        self.held = out.len();
        match self.at {
            At::Cr | At::EmptyCr if self.dots == Dots::Binary => self.note_bare(out),
            At::Cr => self.bare_line_end(out),
            At::Text if self.dots == Dots::Text => out.extend_from_slice(b"\r\n"),
            At::Text | At::LineStart | At::Dot | At::DotCr | At::EmptyCr | At::Octets | At::End => {}
        }
        self.passed = self.offset(out);
        self.at = At::End;
    }

    /// Whether the end was read.
    pub(crate) fn is_done(&self) -> bool {
        self.at == At::End
    }

    /// How many octets were passed on before the first bare CR or LF.
    pub(crate) fn bare_line_end_at(&self) -> Option<u64> {
        self.bare
    }

    /// How many octets were passed on.
    pub(crate) fn passed(&self) -> u64 {
        self.passed
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stuffing::BodyWriter;
    use posthaste_types::Content;
    use proptest::prelude::*;

    fn read(pieces: &[&[u8]]) -> (Vec<u8>, bool, Option<u64>, usize) {
        let (mut reader, mut out, mut taken) = (ContentReader::new(), Vec::new(), 0);
        for piece in pieces {
            taken += reader.read(piece, &mut out);
        }
        (out, reader.is_done(), reader.bare_line_end_at(), taken)
    }

    #[test]
    fn rfc5321_4_5_2_table() {
        let table: &[(&[u8], &[u8])] = &[
            (b".\r\n", b""),
            (b"a\r\n.\r\n", b"a\r\n"),
            (b"..\r\n.\r\n", b".\r\n"),
            (b".a\r\n..\r\n...\r\n.\r\n", b"a\r\n.\r\n..\r\n"),
            (b"\r\n\r\n.\r\n", b"\r\n\r\n"),
        ];
        for (wire, plain) in table {
            assert_eq!(read(&[wire]), (plain.to_vec(), true, None, wire.len()), "{wire:?}");
        }
    }

    /// Every end-of-data that some server once took for one: none is, at any split.
    #[test]
    fn smuggling_variants_do_not_end_the_content() {
        let variants: [&[u8]; 12] = [
            b"\n.\n",
            b"\n.\r\n",
            b"\r\n.\n",
            b"\r.\r",
            b"\r.\r\n",
            b"\r\n.\r",
            b"\n.\r",
            b"\r.\n",
            b"\r\n.\r\r\n",
            b"\r\r\n.\r\r\n",
            b"\r\n\0.\r\n",
            b"\r\n.\0\r\n",
        ];
        for variant in variants {
            let wire = [b"a", variant, b"MAIL FROM:<eve@example.org>\r\n"].concat();
            for cut in 0..=wire.len() {
                let (_, done, bare, taken) = read(&[&wire[..cut], &wire[cut..]]);
                assert!(!done, "{variant:?} ended the content");
                assert_eq!(taken, wire.len());
                assert!(bare.is_some() || variant.contains(&0), "{variant:?} was not told");
            }
        }
    }

    proptest! {
        #[test]
        fn any_split_reads_the_same(wire in "[a.\r\n]{0,40}", cuts in proptest::collection::vec(0usize..40, 0..6)) {
            let wire = wire.as_bytes();
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(wire.len())).collect();
            cuts.extend([0, wire.len()]);
            cuts.sort_unstable();
            let pieces: Vec<&[u8]> = cuts.windows(2).map(|pair| &wire[pair[0]..pair[1]]).collect();
            prop_assert_eq!(read(&pieces), read(&[wire]));
        }

        #[test]
        fn stuffing_round_trip(raw in "[a.\r\n]{1,60}", room in 1usize..50) {
            let (content, _) = Content::from_raw(raw.into_bytes()).unwrap();
            let (mut writer, mut wire) = (BodyWriter::new(content.clone()), Vec::new());
            while !writer.is_done() {
                writer.fill(&mut wire, room);
            }
            wire.extend_from_slice(b".\r\nQUIT\r\n");
            prop_assert_eq!(read(&[&wire]), (content.to_vec(), true, None, wire.len() - 6));
        }
    }
}
