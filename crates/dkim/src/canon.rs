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
    // Unfolding takes the CRLF away, and white space always follows it: so a run of both is white space.
    let mut rest = trim(value, is_folding);
    while let Some(at) = find_pair(rest, |a, b| is_folding(a) & ((a != b' ') | is_folding(b))) {
        let (text, behind) = rest.split_at(at);
        out.extend_from_slice(text);
        out.push(b' ');
        rest = trim(behind, is_folding);
    }
    out.extend_from_slice(rest);
    out.extend_from_slice(b"\r\n");
}

/// The hash of a canonical body, made piece by piece, wherever the pieces end. What needs no change, and stands in whole
/// lines in a piece, goes to the hash without a copy.
///
/// Lines end with CRLF only; a bare CR or LF, which canonical content has not, is text.
pub(crate) struct BodyHash {
    form: Canonicalization,
    context: Context,
    /// How many octets are still to be hashed, where `l=` says so.
    left: Option<u64>,
    /// How many octets stand behind those.
    beyond: u64,
    /// Empty lines seen and not hashed: they count only if something follows (RFC 6376 §3.4.3, §3.4.4).
    empty_lines: usize,
    is_empty: bool,
    /// A block whose white space changes.
    scratch: Vec<u8>,
    /// The beginning of a line that is not whole yet.
    begun: Vec<u8>,
}

impl BodyHash {
    /// A hash of the whole body, or of its first `length` canonical octets (`l=`, RFC 6376 §3.5).
    pub(crate) fn new(form: Canonicalization, length: Option<u64>) -> Self {
        let context = Context::new(&SHA256);
        Self {
            form,
            context,
            left: length,
            beyond: 0,
            empty_lines: 0,
            is_empty: true,
            scratch: Vec::new(),
            begun: Vec::new(),
        }
    }

    /// Takes the next piece.
    pub(crate) fn update(&mut self, mut piece: &[u8]) {
        if !self.begun.is_empty() {
            let end = first_line_end(piece, self.begun.ends_with(b"\r"));
            let (line, rest) = piece.split_at(end.unwrap_or(piece.len()));
            self.begun.extend_from_slice(line);
            piece = rest;
            if end.is_some() {
                self.line();
            }
        }
        while !piece.is_empty() {
            let (block, rest) = piece.split_at(block_end(piece));
            if block.ends_with(b"\r\n") {
                self.block(block);
            } else {
                self.begun.extend_from_slice(block);
            }
            piece = rest;
        }
    }

    /// Says that there are no more pieces: a last line without CRLF gets one.
    pub(crate) fn end(&mut self) {
        if !self.begun.is_empty() {
            self.begun.extend_from_slice(b"\r\n");
            self.line();
        }
    }

    /// Takes the line that was begun, and keeps its memory.
    fn line(&mut self) {
        let mut line = std::mem::take(&mut self.begun);
        self.block(&line);
        line.clear();
        self.begun = line;
    }

    /// How many octets of the canonical body stand behind the length asked for, once [`end`](Self::end) was said.
    pub(crate) fn beyond(&self) -> u64 {
        self.beyond
    }

    /// The hash, and how many octets the body lacks of the length asked for.
    pub(crate) fn finish(mut self) -> (Digest, u64) {
        self.end();
        if self.is_empty && self.form == Canonicalization::Simple {
            // RFC 6376 §3.4.3: an empty body is one CRLF.
            self.hash(b"\r\n");
        }
        (self.context.finish(), self.left.unwrap_or(0))
    }

    fn block(&mut self, block: &[u8]) {
        if self.form == Canonicalization::Relaxed && find_pair(block, changes).is_some() {
            let mut out = std::mem::take(&mut self.scratch);
            out.clear();
            relax(block, &mut out);
            self.lines(&out);
            self.scratch = out;
        } else {
            self.lines(block);
        }
    }

    /// Hashes canonical lines, but for the empty ones at their end.
    fn lines(&mut self, lines: &[u8]) {
        let mut text = lines;
        while let Some(shorter) = text.strip_suffix(b"\r\n") {
            text = shorter;
        }
        let line_ends = (lines.len() - text.len()) / 2;
        if text.is_empty() {
            self.empty_lines += line_ends;
            return;
        }
        for _ in 0..self.empty_lines {
            self.hash(b"\r\n");
        }
        self.is_empty = false;
        self.hash(&lines[..text.len() + 2]);
        self.empty_lines = line_ends - 1;
    }

    fn hash(&mut self, octets: &[u8]) {
        let Some(left) = &mut self.left else { return self.context.update(octets) };
        let length = usize::try_from(*left).map_or(octets.len(), |left| octets.len().min(left));
        *left -= length as u64;
        self.beyond += (octets.len() - length) as u64;
        self.context.update(&octets[..length]);
    }
}

/// Behind the first CRLF of a piece, of which the CR may be the last octet `before`.
fn first_line_end(piece: &[u8], is_cr_before: bool) -> Option<usize> {
    let is_cr = |at: usize| at.checked_sub(1).map_or(is_cr_before, |before| piece[before] == b'\r');
    memchr::memchr_iter(b'\n', piece).find(|at| is_cr(*at)).map(|at| at + 1)
}

/// Where the first block of a piece ends: behind the last line end that is near enough to its start, so that
/// what changes is copied a few lines at a time.
fn block_end(piece: &[u8]) -> usize {
    let near = &piece[..piece.len().min(BLOCK)];
    let ends_line = |at: &usize| *at > 0 && piece[*at - 1] == b'\r';
    let end = memchr::memrchr_iter(b'\n', near).find(ends_line);
    let end = end.or_else(|| memchr::memchr_iter(b'\n', piece).find(ends_line));
    end.map_or(piece.len(), |at| at + 1)
}

/// Lines in relaxed form: white space at the end of a line goes, any other run of it becomes one space
/// (RFC 6376 §3.4.4).
fn relax(block: &[u8], out: &mut Vec<u8>) {
    let mut copied = 0;
    let mut at = 0;
    let mut change = |at: usize| {
        if at < copied {
            return; // the run of white space that was handled already
        }
        out.extend_from_slice(&block[copied..at]);
        copied = at + block[at..].iter().take_while(|octet| is_wsp(**octet)).count();
        if !block[copied..].starts_with(b"\r\n") {
            out.push(b' ');
        }
    };
    while let Some((word, next)) = word(block, at).zip(word(block, at + 1)) {
        let wsp_or_cr = equal(next, b' ') | equal(next, b'\t') | equal(next, b'\r');
        let mut found = equal(word, b'\t') | equal(word, b' ') & wsp_or_cr;
        while found != 0 {
            change(at + found.trailing_zeros() as usize / 8);
            found &= found - 1;
        }
        at += 8;
    }
    let rest = block.get(at..).unwrap_or_default();
    rest.windows(2).enumerate().filter(|(_, pair)| changes(pair[0], pair[1])).for_each(|(i, _)| change(at + i));
    out.extend_from_slice(&block[copied..]);
}

fn word(octets: &[u8], at: usize) -> Option<u64> {
    octets.get(at..)?.first_chunk().map(|word| u64::from_le_bytes(*word))
}

/// The highest bit of each of the eight octets that is this one.
fn equal(word: u64, octet: u8) -> u64 {
    const LOW: u64 = 0x7f7f_7f7f_7f7f_7f7f;
    let zero_where_equal = word ^ u64::from_ne_bytes([octet; 8]);
    !(((zero_where_equal & LOW) + LOW) | zero_where_equal | LOW)
}

/// Whether white space that begins with `a` and goes on with `b` may change.
fn changes(a: u8, b: u8) -> bool {
    (a == b'\t') | ((a == b' ') & ((b == b' ') | (b == b'\t') | (b == b'\r')))
}

/// The first octet that forms, with the next one, such a pair. Looks at many octets at once and without a branch
/// for each, so that the compiler can compare them in parallel.
fn find_pair(text: &[u8], is_pair: impl Fn(u8, u8) -> bool) -> Option<usize> {
    let mut at = 0;
    while let Some(window) = text.get(at..at + WINDOW + 1) {
        let pairs = window[..WINDOW].iter().zip(&window[1..]);
        if pairs.fold(0, |found, (a, b)| found | u8::from(is_pair(*a, *b))) != 0 {
            break;
        }
        at += WINDOW;
    }
    let rest = text.get(at..)?;
    rest.windows(2).position(|pair| is_pair(pair[0], pair[1])).map(|found| at + found)
}

fn trim(text: &[u8], drop: fn(u8) -> bool) -> &[u8] {
    let start = text.iter().position(|octet| !drop(*octet)).unwrap_or(text.len());
    let end = text.iter().rposition(|octet| !drop(*octet)).map_or(start, |last| last + 1);
    &text[start..end]
}

fn is_wsp(octet: u8) -> bool {
    (octet == b' ') | (octet == b'\t')
}

fn is_folding(octet: u8) -> bool {
    is_wsp(octet) | (octet == b'\r') | (octet == b'\n')
}

/// How much is canonicalised at once, in octets.
const BLOCK: usize = 8 * 1024;
/// How many octets are compared at once.
const WINDOW: usize = 64;

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
    fn lines_longer_than_a_block_and_bare_line_ends_are_text() {
        for body in ["x ".repeat(9000) + "\r\n", "x\ny\rz \r".repeat(3000) + "\r\n", "\n".repeat(20_000) + "\r\n"] {
            for form in [Canonicalization::Simple, Canonicalization::Relaxed] {
                assert_eq!(
                    hash(form, &[&body], None),
                    sha256(by_the_letter(form, &body).as_bytes()),
                    "{body:.10?} {form}"
                );
            }
        }
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
        fn a_line_may_stand_in_several_pieces(
            form in forms(), lines in lines(), last in "[ab \t\r\n]{0,5}", size in 1..9_usize, length in 0..40_u64
        ) {
            let body = lines.concat() + &last;
            for length in [None, Some(length)] {
                let mut cut = BodyHash::new(form, length);
                body.as_bytes().chunks(size).for_each(|piece| cut.update(piece));
                let (digest, missing) = cut.finish();
                let cut = (missing == 0).then(|| digest.as_ref().to_vec());
                prop_assert_eq!(cut, hash(form, &[&body], length));
            }
        }

        /// Larger than a block, so that it is canonicalised in several.
        #[test]
        fn large_bodies_have_the_hash_of_the_letter(form in forms(), lines in lines(), times in 400..700_usize, end in lines()) {
            let body = lines.concat().repeat(times) + &end.concat();
            let expected = sha256(by_the_letter(form, &body).as_bytes());
            prop_assert_eq!(hash(form, &[&body], None), expected);
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
