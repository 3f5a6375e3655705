//! Canonicalization (RFC 6376 §3.4).

use aws_lc_rs::digest::{Context, Digest, SHA256};

use crate::algorithm::Canonicalization;

/// Appends a header field in canonical form, with its CRLF (RFC 6376 §3.4.1, §3.4.2).
pub(crate) fn header(form: Canonicalization, raw_name: &[u8], value: &[u8], out: &mut Vec<u8>) {
    match form {
        Canonicalization::Simple => {
            out.extend_from_slice(raw_name);
            out.push(b':');
            out.extend_from_slice(value);
        }
        Canonicalization::Relaxed => relaxed_header(raw_name, value, out),
    }
}

fn relaxed_header(raw_name: &[u8], value: &[u8], out: &mut Vec<u8>) {
    out.extend(raw_name.trim_ascii_end().iter().map(u8::to_ascii_lowercase));
    out.push(b':');
    let mut space = Space::Leading;
    for octet in value {
        match (octet, space) {
            // Unfolding takes the CRLF away; the white space behind it is that of the next arm.
            (b'\r' | b'\n', _) | (b' ' | b'\t', Space::Leading) => {}
            (b' ' | b'\t', _) => space = Space::Pending,
            (octet, before) => {
                if before == Space::Pending {
                    out.push(b' ');
                }
                out.push(*octet);
                space = Space::None;
            }
        }
    }
    out.extend_from_slice(b"\r\n");
}

#[derive(Clone, Copy, PartialEq)]
enum Space {
    Leading,
    None,
    Pending,
}

/// The hash of a canonical body, made piece by piece. Every piece but the last ends with CRLF, so that no line
/// is spread over two. Nothing is copied but lines that change: runs of others go to the hash as they are.
///
/// Lines end with CRLF only; a bare CR or LF, which canonical content has not, is text.
pub(crate) struct BodyHash {
    form: Canonicalization,
    context: Context,
    /// How many octets are still to be hashed, where `l=` says so.
    left: Option<u64>,
    /// Empty lines seen and not hashed: they count only if something follows (RFC 6376 §3.4.3, §3.4.4).
    empty_lines: usize,
    is_empty: bool,
    /// One line that changes.
    scratch: Vec<u8>,
}

impl BodyHash {
    /// A hash of the whole body, or of its first `length` canonical octets (`l=`, RFC 6376 §3.5).
    pub(crate) fn new(form: Canonicalization, length: Option<u64>) -> Self {
        let context = Context::new(&SHA256);
        Self { form, context, left: length, empty_lines: 0, is_empty: true, scratch: Vec::new() }
    }

    /// Takes the next piece.
    pub(crate) fn update(&mut self, piece: &[u8]) {
        let mut run = Run::default();
        let mut start = 0;
        for line_end in memchr::memchr_iter(b'\n', piece) {
            let Some(line) = piece[start..line_end].strip_suffix(b"\r") else { continue };
            let next = line_end + 1;
            if line.is_empty() {
                run.empty_lines += 1;
            } else if self.form == Canonicalization::Relaxed && needs_change(line) {
                self.flush(piece, run);
                self.changed(line);
                run = Run { start: next, end: next, empty_lines: 0 };
            } else {
                if run.start == run.end {
                    // The first line of a run: the empty ones before it are not part of it.
                    self.empty_lines += run.empty_lines;
                    run.start = start;
                }
                run.end = next;
                run.empty_lines = 0;
            }
            start = next;
        }
        self.flush(piece, run);
        self.unended(&piece[start..]);
    }

    /// The hash, and how many octets the body lacks of the length asked for.
    pub(crate) fn finish(mut self) -> (Digest, u64) {
        if self.is_empty && self.form == Canonicalization::Simple {
            // RFC 6376 §3.4.3: an empty body is one CRLF.
            self.hash(b"\r\n");
        }
        (self.context.finish(), self.left.unwrap_or(0))
    }

    fn flush(&mut self, piece: &[u8], run: Run) {
        if run.start < run.end {
            self.empty_lines_before();
            self.hash(&piece[run.start..run.end]);
        }
        self.empty_lines += run.empty_lines;
    }

    /// Hashes a line whose white space changes (RFC 6376 §3.4.4).
    fn changed(&mut self, line: &[u8]) {
        let line = trim_wsp_end(line);
        if line.is_empty() {
            self.empty_lines += 1;
            return;
        }
        self.empty_lines_before();
        let mut out = std::mem::take(&mut self.scratch);
        out.clear();
        let mut before = b'x';
        for octet in line.iter().map(|octet| if is_wsp(*octet) { b' ' } else { *octet }) {
            if octet != b' ' || before != b' ' {
                out.push(octet);
            }
            before = octet;
        }
        out.extend_from_slice(b"\r\n");
        self.hash(&out);
        self.scratch = out;
    }

    /// A last line without CRLF gets one (RFC 6376 §3.4.3, §3.4.4).
    fn unended(&mut self, line: &[u8]) {
        if line.is_empty() {
        } else if self.form == Canonicalization::Relaxed {
            self.changed(line);
        } else {
            self.empty_lines_before();
            self.hash(line);
            self.hash(b"\r\n");
        }
    }

    fn empty_lines_before(&mut self) {
        for _ in 0..std::mem::take(&mut self.empty_lines) {
            self.hash(b"\r\n");
        }
        self.is_empty = false;
    }

    fn hash(&mut self, octets: &[u8]) {
        let Some(left) = &mut self.left else { return self.context.update(octets) };
        let length = usize::try_from(*left).map_or(octets.len(), |left| octets.len().min(left));
        *left -= length as u64;
        self.context.update(&octets[..length]);
    }
}

/// A stretch of a piece that is hashed as it stands: from the start of its first line to the end of its last
/// that is not empty, and the empty lines behind that. Empty lines within it are part of it.
#[derive(Clone, Copy, Default)]
struct Run {
    start: usize,
    end: usize,
    empty_lines: usize,
}

/// Whether the relaxed form of a line differs from it. Without a branch for each octet, so that it is done
/// many octets at a time.
fn needs_change(line: &[u8]) -> bool {
    let tabs = line.iter().fold(0, |found, octet| found | u8::from(*octet == b'\t'));
    let behind = line.get(1..).unwrap_or_default();
    let pairs = line.iter().zip(behind);
    let doubles = pairs.fold(0, |found, (a, b)| found | (u8::from(*a == b' ') & u8::from(*b == b' ')));
    (tabs | doubles) != 0 || line.last() == Some(&b' ')
}

fn trim_wsp_end(line: &[u8]) -> &[u8] {
    let end = line.iter().rposition(|octet| !is_wsp(*octet)).map_or(0, |last| last + 1);
    &line[..end]
}

fn is_wsp(octet: u8) -> bool {
    matches!(octet, b' ' | b'\t')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn relaxed_field(name: &str, value: &str) -> String {
        let mut out = Vec::new();
        header(Canonicalization::Relaxed, name.as_bytes(), value.as_bytes(), &mut out);
        String::from_utf8(out).unwrap()
    }

    /// RFC 6376 §3.4.5, example 1 and 2.
    #[test]
    fn rfc6376_section_3_4_5_header() {
        assert_eq!(relaxed_field("A", " X\r\n"), "a:X\r\n");
        assert_eq!(relaxed_field("B ", " Y\t\r\n\tZ  \r\n"), "b:Y Z\r\n");
        assert_eq!(relaxed_field("Empty", " \r\n \t\r\n"), "empty:\r\n");
        let mut simple = Vec::new();
        header(Canonicalization::Simple, b"B ", b" Y\t\r\n\tZ  \r\n", &mut simple);
        assert_eq!(simple, b"B : Y\t\r\n\tZ  \r\n");
    }

    /// The canonical body by the letter of §3.4.3 and §3.4.4, one step after the other.
    fn by_the_letter(form: Canonicalization, body: &str) -> String {
        let mut body = body.to_owned();
        if form == Canonicalization::Relaxed {
            let lines = body.split("\r\n").map(|line| {
                let mut line = line.replace('\t', " ");
                while line.contains("  ") {
                    line = line.replace("  ", " ");
                }
                line.trim_end_matches(' ').to_owned()
            });
            body = lines.collect::<Vec<_>>().join("\r\n");
        }
        while let Some(shorter) = body.strip_suffix("\r\n") {
            body = shorter.to_owned();
        }
        match (form, body.is_empty()) {
            (Canonicalization::Relaxed, true) => body,
            _ => body + "\r\n",
        }
    }

    fn hash(form: Canonicalization, pieces: &[&str], length: Option<u64>) -> Option<Vec<u8>> {
        let mut hash = BodyHash::new(form, length);
        pieces.iter().for_each(|piece| hash.update(piece.as_bytes()));
        let (digest, missing) = hash.finish();
        (missing == 0).then(|| digest.as_ref().to_vec())
    }

    fn sha256(octets: &[u8]) -> Option<Vec<u8>> {
        Some(aws_lc_rs::digest::digest(&SHA256, octets).as_ref().to_vec())
    }

    /// RFC 6376 §3.4.5, example 1 and 2.
    #[test]
    fn rfc6376_section_3_4_5_body() {
        let body = " C \r\nD \t E\r\n\r\n\r\n";
        assert_eq!(hash(Canonicalization::Relaxed, &[body], None), sha256(b" C\r\nD E\r\n"));
        assert_eq!(hash(Canonicalization::Simple, &[body], None), sha256(b" C \r\nD \t E\r\n"));
    }

    #[test]
    fn a_length_counts_canonical_octets() {
        let body = "a  b\r\n\r\nc\r\n";
        let form = Canonicalization::Relaxed;
        assert_eq!(hash(form, &[body], Some(0)), sha256(b""));
        assert_eq!(hash(form, &[body], Some(6)), sha256(b"a b\r\n\r"));
        assert_eq!(hash(form, &[body], Some(10)), sha256(b"a b\r\n\r\nc\r\n"));
        assert_eq!(hash(form, &[body], Some(11)), None);
    }

    fn forms() -> impl Strategy<Value = Canonicalization> {
        prop_oneof![Just(Canonicalization::Simple), Just(Canonicalization::Relaxed)]
    }

    fn lines() -> impl Strategy<Value = Vec<String>> {
        let line =
            prop_oneof![2 => Just(String::new()), 1 => "[ \t]{1,3}", 4 => "[ab \t\u{e9}\r]{0,12}", 1 => "[a ]{60,70}"];
        // A CR at the end of a line would be part of its CRLF.
        proptest::collection::vec(line.prop_map(|line| line.trim_end_matches('\r').to_owned() + "\r\n"), 0..12)
    }

    proptest! {
        #[test]
        fn the_body_hash_is_that_of_the_letter(form in forms(), lines in lines()) {
            let body = lines.concat();
            let expected = sha256(by_the_letter(form, &body).as_bytes());
            prop_assert_eq!(hash(form, &[&body], None), expected);
        }

        #[test]
        fn how_the_body_is_cut_makes_no_difference(form in forms(), lines in lines(), cuts in any::<u16>()) {
            let mut pieces = vec![String::new()];
            for (i, line) in lines.iter().enumerate() {
                if cuts >> i & 1 == 1 {
                    pieces.push(String::new());
                }
                if let Some(last) = pieces.last_mut() {
                    last.push_str(line);
                }
            }
            let pieces: Vec<&str> = pieces.iter().map(String::as_str).collect();
            prop_assert_eq!(hash(form, &pieces, None), hash(form, &[&lines.concat()], None));
        }

        #[test]
        fn a_missing_last_line_end_is_added(form in forms(), lines in lines(), last in "[ab \t]{0,5}[ab]") {
            let body = lines.concat() + &last;
            let ended = format!("{body}\r\n");
            prop_assert_eq!(hash(form, &[&body], None), hash(form, &[&ended], None));
        }

        #[test]
        fn relaxed_fields_do_not_depend_on_folding(words in proptest::collection::vec("[a-z]{1,8}", 1..8), folds in any::<u8>()) {
            let mut folded = String::from(" ");
            for (i, word) in words.iter().enumerate() {
                folded.push_str(if i == 0 { "" } else if folds >> i & 1 == 1 { "\r\n\t" } else { "  " });
                folded.push_str(word);
            }
            folded.push_str(" \r\n");
            prop_assert_eq!(relaxed_field("X-Y", &folded), format!("x-y:{}\r\n", words.join(" ")));
        }
    }
}
