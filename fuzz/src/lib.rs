//! What the fuzz targets share: the oracles, and how input is cut.

use posthaste_types::Random;

/// A source of chance that always gives the same.
#[derive(Clone, Copy, Debug)]
pub struct Same;

impl Random for Same {
    fn fill(&self, buffer: &mut [u8]) {
        buffer.fill(0x5a);
    }
}

/// What no value of the vocabulary may hold, whatever it was made from: line ends and NUL.
///
/// # Panics
///
/// Panics where `text` holds one.
pub fn assert_one_line(text: &str) {
    assert!(!text.contains(['\r', '\n', '\0']), "a line end or NUL in {text:?}");
}

/// What a header field must be: one line, or lines of which all but the first begin with white space and hold more.
///
/// # Panics
///
/// Panics where it is not.
pub fn assert_one_field(field: &str) {
    let mut lines = field.strip_suffix("\r\n").unwrap_or(field).split("\r\n");
    lines.next().into_iter().for_each(assert_one_line);
    for line in lines {
        assert_one_line(line);
        assert!(line.starts_with([' ', '\t']) && !line.trim().is_empty(), "a field ends within {field:?}");
    }
}

/// Where `inner` stands within `outer`, both of one memory.
///
/// # Panics
///
/// Panics where it does not stand within it.
pub fn assert_within<'x>(outer: &'x [u8], inner: &'x [u8]) -> std::ops::Range<usize> {
    let (outer, inner) = (outer.as_ptr_range(), inner.as_ptr_range());
    assert!(inner.is_empty() || outer.start <= inner.start && inner.end <= outer.end, "{inner:?} is not in {outer:?}");
    if inner.is_empty() {
        return 0..0;
    }
    let at = inner.start as usize - outer.start as usize;
    at..at + (inner.end as usize - inner.start as usize)
}

/// The ways in which octets arrive: at once, one by one, and in pieces whose sizes `seed` decides.
pub fn arrivals(wire: &[u8], seed: u8) -> [Vec<&[u8]>; 3] {
    [vec![wire], wire.chunks(1).collect(), pieces(wire, seed)]
}

fn pieces(mut wire: &[u8], seed: u8) -> Vec<&[u8]> {
    let mut state = u32::from(seed) | 0x100;
    let mut pieces = Vec::new();
    while !wire.is_empty() {
        // xorshift (Marsaglia 2003).
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        let (piece, rest) = wire.split_at((state as usize % 24).min(wire.len()));
        pieces.push(piece);
        wire = rest;
    }
    pieces
}

/// Base64 in lines (RFC 2045 §6.8).
pub fn base64(octets: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut encoded = String::new();
    for (count, chunk) in octets.chunks(3).enumerate() {
        if count % 19 == 0 && count > 0 {
            encoded.push('\n');
        }
        let bits = chunk.iter().fold(0_u32, |bits, octet| bits << 8 | u32::from(*octet)) << (8 * (3 - chunk.len()));
        for place in 0..4 {
            let digit = ALPHABET[(bits >> (18 - 6 * place) & 63) as usize];
            encoded.push(if place > chunk.len() { '=' } else { char::from(digit) });
        }
    }
    encoded.push('\n');
    encoded
}
