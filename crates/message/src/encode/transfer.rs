//! Content-Transfer-Encoding (RFC 2045 §6), on mail-builder's encoders.

use mail_builder::encoders::{Base64Encoder, QuotedPrintableEncoder};

/// How a body is encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    SevenBit,
    EightBit,
    QuotedPrintable,
    Base64,
}

impl Encoding {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::SevenBit => "7bit",
            Self::EightBit => "8bit",
            Self::QuotedPrintable => "quoted-printable",
            Self::Base64 => "base64",
        }
    }
}

/// Encodes a text whose line ends are CRLF: as it is where that is safe on every hop, else quoted-printable while
/// people can read it so, else base64.
pub(crate) fn encode_text(text: &str) -> (Encoding, Vec<u8>) {
    if is_safe(text) {
        return (Encoding::SevenBit, text.as_bytes().to_vec());
    }
    // mail-builder leaves controls literal, which RFC 2045 §6.7 (1) forbids.
    let has_controls = text.bytes().any(|b| b.is_ascii_control() && !matches!(b, b'\r' | b'\n' | b'\t'));
    let escaped = text.bytes().filter(|b| !b.is_ascii() || *b == b'=').count();
    if !has_controls && escaped * 3 <= text.len() {
        let encoder = QuotedPrintableEncoder::new().preserve_line_breaks();
        if let Some(octets) = encoder.encode(text.as_bytes()).ok().and_then(mask_from) {
            return (Encoding::QuotedPrintable, octets);
        }
    }
    (Encoding::Base64, encode_binary(text.as_bytes()))
}

/// Base64 in lines of 76 octets, each with its CRLF.
pub(crate) fn encode_binary(octets: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(base64_len(octets.len()));
    Base64Encoder::new().wrap_lines().encode_into(octets, &mut out);
    out
}

/// Base64 on one line.
pub(crate) fn base64(octets: &[u8]) -> String {
    let mut out = Vec::with_capacity(octets.len().div_ceil(3) * 4);
    Base64Encoder::new().encode_into(octets, &mut out);
    out.into_iter().map(char::from).collect()
}

/// How long base64 with its line ends is.
pub(crate) fn base64_len(octets: usize) -> usize {
    let encoded = octets.div_ceil(3).saturating_mul(4);
    encoded.saturating_add(encoded.div_ceil(76).saturating_mul(2))
}

/// Encodes the `F` of a line that begins with `From `, which mail stores change; `None` if a line is too full.
fn mask_from(encoded: Vec<u8>) -> Option<Vec<u8>> {
    if !encoded.split(|b| *b == b'\n').any(|line| line.starts_with(b"From ")) {
        return Some(encoded);
    }
    let mut out = Vec::with_capacity(encoded.len() + 16);
    for line in encoded.split_inclusive(|b| *b == b'\n') {
        match line.strip_prefix(b"F") {
            Some(rest) if rest.starts_with(b"rom ") => {
                if line.trim_ascii_end().len() > MAX_ENCODED_LINE - 2 {
                    return None;
                }
                out.extend_from_slice(b"=46");
                out.extend_from_slice(rest);
            }
            _ => out.extend_from_slice(line),
        }
    }
    Some(out)
}

/// ASCII without controls but the tab, in lines of at most 78 octets that end in neither space nor tab
/// (RFC 2045 §6.7 (3): hops may take those away), that no mail store takes for a message's beginning
/// (`From `), and that cannot hold a boundary of ours.
fn is_safe(text: &str) -> bool {
    let safe_line = |line: &str| {
        let line = line.strip_suffix('\r').unwrap_or(line);
        line.len() <= super::fold::LINE
            && !line.ends_with([' ', '\t'])
            && !line.starts_with("From ")
            && line.bytes().all(|b| b == b'\t' || b == b' ' || b.is_ascii_graphic())
    };
    text.split('\n').all(safe_line) && !text.contains("--=_")
}

/// RFC 2045 §6.7 (5).
const MAX_ENCODED_LINE: usize = 76;
