//! Bodies: transfer encodings and charsets. What cannot be decoded stays as it is.

use std::borrow::Cow;

use mail_parser::HeaderValue;
use mail_parser::decoders::base64::base64_decode;
use mail_parser::decoders::charsets::map::charset_decoder;
use mail_parser::parsers::MessageStream;

use super::media::TransferEncoding;

pub(crate) fn transfer(encoding: TransferEncoding, body: &[u8]) -> Cow<'_, [u8]> {
    match encoding {
        TransferEncoding::Identity | TransferEncoding::Unknown => Cow::Borrowed(body),
        TransferEncoding::QuotedPrintable => Cow::Owned(quoted_printable(body)),
        TransferEncoding::Base64 => Cow::Owned(base64(body)),
    }
}

/// RFC 2045 §6.8: what is not of the alphabet is ignored.
fn base64(body: &[u8]) -> Vec<u8> {
    base64_decode(body).unwrap_or_else(|| {
        let known: Vec<u8> =
            body.iter().copied().filter(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'=')).collect();
        base64_decode(&known).unwrap_or_default()
    })
}

/// RFC 2045 §6.7: an `=` that begins nothing stays; white space at the end of a line goes.
fn quoted_printable(body: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(body.len());
    for line in body.split_inclusive(|b| *b == b'\n') {
        let end = if line.ends_with(b"\r\n") { 2 } else { usize::from(line.ends_with(b"\n")) };
        let (text, line_end) = line.split_at(line.len() - end);
        let text = text.trim_ascii_end();
        match text.strip_suffix(b"=") {
            Some(text) => escapes(text, &mut out),
            None => {
                escapes(text, &mut out);
                out.extend_from_slice(line_end);
            }
        }
    }
    out
}

fn escapes(text: &[u8], out: &mut Vec<u8>) {
    let digit = |b: Option<&u8>| b.and_then(|b| char::from(*b).to_digit(16)).and_then(|d| u8::try_from(d).ok());
    let mut rest = text.iter();
    while let Some(b) = rest.next() {
        let ahead = rest.as_slice();
        match (b, digit(ahead.first()), digit(ahead.get(1))) {
            (b'=', Some(high), Some(low)) => {
                out.push(high << 4 | low);
                rest.nth(1);
            }
            _ => out.push(*b),
        }
    }
}

/// Text in a charset. QUIRK: mail labelled `us-ascii`, or not at all, often is UTF-8.
pub(crate) fn charset(name: Option<&str>, octets: &[u8]) -> String {
    let name = name.unwrap_or("us-ascii");
    let claims_ascii = name.eq_ignore_ascii_case("us-ascii") || name.eq_ignore_ascii_case("utf-8");
    match std::str::from_utf8(octets) {
        Ok(text) if claims_ascii => text.to_owned(),
        _ => match charset_decoder(name.as_bytes()) {
            Some(decode) => decode(octets),
            None => String::from_utf8_lossy(octets).into_owned(),
        },
    }
}

/// Text with its encoded words decoded (RFC 2047).
pub(crate) fn words(text: &str) -> String {
    unstructured(format!("{text}\r\n").as_bytes())
}

/// A value that ends with CRLF, on one line, its encoded words decoded.
pub(crate) fn unstructured(line: &[u8]) -> String {
    let HeaderValue::Text(text) = MessageStream::new(line).parse_unstructured() else { return String::new() };
    // Encoded words can hold line ends.
    text.chars().map(|c| if matches!(c, '\r' | '\n' | '\0') { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc2045_quoted_printable_is_read_tolerantly() {
        for (encoded, plain) in [
            ("a=3Db", "a=b"),
            ("a=3", "a=3"),
            ("a=zz=", "a=zz"),
            ("soft=\r\nbreak \t\r\nnext", "softbreak\r\nnext"),
            ("soft= \nbreak\n", "softbreak\n"),
            ("=C3=A4", "ä"),
            ("=c3=a4", "ä"),
        ] {
            assert_eq!(String::from_utf8(quoted_printable(encoded.as_bytes())).unwrap(), plain, "{encoded:?}");
        }
    }

    #[test]
    fn rfc2045_base64_ignores_what_is_not_of_its_alphabet() {
        assert_eq!(base64(b"aGVs\r\nbG8=\r\n"), b"hello");
        assert_eq!(base64(b"aGVs*bG8="), b"hello");
        assert_eq!(base64(b"aGVsbG8"), b"hello");
    }

    #[test]
    fn charsets_are_decoded() {
        assert_eq!(charset(Some("iso-8859-1"), b"\xe4"), "ä");
        assert_eq!(charset(Some("us-ascii"), "ä".as_bytes()), "ä");
        assert_eq!(charset(Some("shift_jis"), b"\x83n"), "ハ");
        assert_eq!(charset(Some("no-such"), b"\xff"), "\u{fffd}");
    }
}
