//! xtext (RFC 3461 §4), and the form of UTF-8 addresses in it (RFC 6533 §3).

use std::fmt::Write as _;

/// Encodes: printable ASCII but `+` and `=` as it is, the rest as `+HH`.
pub(crate) fn compose(text: &str, out: &mut String) {
    for octet in text.bytes() {
        if octet.is_ascii_graphic() && !matches!(octet, b'+' | b'=') {
            out.push(char::from(octet));
        } else {
            let _ = write!(out, "+{octet:02X}");
        }
    }
}

/// Decodes. `None` if it is not xtext, or what it encodes is not UTF-8.
///
/// QUIRK: `+` with lower case digits is read too; the grammar has upper case alone.
pub(crate) fn parse(xtext: &str) -> Option<String> {
    let mut octets = Vec::with_capacity(xtext.len());
    let mut rest = xtext.bytes();
    while let Some(octet) = rest.next() {
        match octet {
            b'+' => octets.push(hex(rest.next()?)? << 4 | hex(rest.next()?)?),
            b'=' => return None,
            octet if octet.is_ascii_graphic() || octet >= 0x80 => octets.push(octet),
            _ => return None,
        }
    }
    String::from_utf8(octets).ok()
}

/// RFC 6533 §3: characters beyond ASCII as `\x{HEX}`, so that the parameter stays ASCII.
pub(crate) fn compose_utf8_address(address: &str, out: &mut String) {
    for c in address.chars() {
        match c {
            '\\' | '+' | '=' => {
                let _ = write!(out, "\\x{{{:X}}}", u32::from(c));
            }
            c if c.is_ascii_graphic() => out.push(c),
            c => {
                let _ = write!(out, "\\x{{{:X}}}", u32::from(c));
            }
        }
    }
}

/// The reverse of [`compose_utf8_address`]; characters beyond ASCII may stand plain (RFC 6533 §3).
pub(crate) fn parse_utf8_address(text: &str) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        out.push_str(rest.get(..at)?);
        let (digits, behind) = rest.get(at..)?.strip_prefix("\\x{")?.split_once('}')?;
        if !(2..=6).contains(&digits.len()) {
            return None;
        }
        out.push(char::from_u32(u32::from_str_radix(digits, 16).ok()?)?);
        rest = behind;
    }
    out.push_str(rest);
    Some(out)
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn rfc3461_4_hexchar() {
        let mut out = String::new();
        compose("QQ314159+a=b c", &mut out);
        assert_eq!(out, "QQ314159+2Ba+3Db+20c");
        for (xtext, expected) in [("+2b", Some("+")), ("+", None), ("+2", None), ("+ZZ", None), ("a=b", None)] {
            assert_eq!(parse(xtext).as_deref(), expected, "{xtext}");
        }
    }

    #[test]
    fn rfc6533_3_utf8_address() {
        let mut out = String::new();
        compose_utf8_address("kä\u{1F98B}+x@example.org", &mut out);
        assert_eq!(out, "k\\x{E4}\\x{1F98B}\\x{2B}x@example.org");
        assert_eq!(parse_utf8_address(&out).as_deref(), Some("kä\u{1F98B}+x@example.org"));
        for bad in ["\\", "\\x", "\\x{", "\\x{41", "\\x{}", "\\x{110000}", "\\x{D800}", "\\x{0000041}"] {
            assert_eq!(parse_utf8_address(bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn round_trip(text in "\\PC{0,40}") {
            let (mut xtext, mut unitext) = (String::new(), String::new());
            compose(&text, &mut xtext);
            compose_utf8_address(&text, &mut unitext);
            prop_assert!(xtext.is_ascii() && !xtext.contains([' ', '=']));
            prop_assert!(unitext.is_ascii() && !unitext.contains([' ', '=']));
            prop_assert_eq!(parse(&xtext), Some(text.clone()));
            prop_assert_eq!(parse_utf8_address(&unitext), Some(text));
        }
    }
}
