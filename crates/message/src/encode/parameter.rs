//! Parameters of Content-Type and Content-Disposition (RFC 2045 §5.1, RFC 2231).

use super::fold::quoted;

/// The tokens of `name=value`: one, or the numbered sections of a long or non-ASCII value, without the
/// semicolons between them.
///
/// Encoded words are not used: RFC 2047 §5 forbids them here, and every current client reads RFC 2231.
pub(crate) fn parameter(name: &str, value: &str) -> Vec<String> {
    let is_plain = value.bytes().all(|b| b == b' ' || b.is_ascii_graphic())
        && !value.contains("=?")
        && value.len() <= MAX_PLAIN
        && !value.is_empty();
    if is_plain {
        let is_token = value.bytes().all(is_token);
        let value = if is_token { value.to_owned() } else { quoted(value) };
        return vec![format!("{name}={value}")];
    }
    let pieces = percent_encoded(value);
    let whole: usize = pieces.iter().map(String::len).sum();
    if name.len() + "*=utf-8''".len() + whole <= MAX_TOKEN {
        return vec![format!("{name}*=utf-8''{}", pieces.concat())];
    }
    sections(name, &pieces)
}

/// RFC 2231 §3 and §4.1; no section ends within a character.
fn sections(name: &str, pieces: &[String]) -> Vec<String> {
    let mut tokens = Vec::new();
    let mut token = format!("{name}*0*=utf-8''");
    for piece in pieces {
        if token.len() + piece.len() > MAX_TOKEN {
            tokens.push(std::mem::take(&mut token));
            token = format!("{name}*{}*=", tokens.len());
        }
        token.push_str(piece);
    }
    tokens.push(token);
    tokens
}

/// Each character by itself.
fn percent_encoded(value: &str) -> Vec<String> {
    let mut octets = [0; 4];
    let mut encode = |c: char| -> String {
        let octets = c.encode_utf8(&mut octets).bytes();
        octets.map(|b| if is_attribute_char(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
    };
    value.chars().map(&mut encode).collect()
}

/// RFC 2045 §5.1.
pub(crate) fn is_token(b: u8) -> bool {
    b.is_ascii_graphic() && !b"()<>@,;:\\\"/[]?=".contains(&b)
}

/// RFC 2231 §7.
fn is_attribute_char(b: u8) -> bool {
    is_token(b) && !matches!(b, b'*' | b'\'' | b'%')
}

/// A longer value is written in sections.
const MAX_PLAIN: usize = 60;
/// A line of 78 octets, less the space in front and the semicolon behind.
const MAX_TOKEN: usize = 76;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc2231_sections_keep_characters_whole() {
        let value = "ä".repeat(100);
        let tokens = parameter("filename", &value);
        assert!(tokens.len() > 5);
        assert!(tokens[0].starts_with("filename*0*=utf-8''%C3%A4"));
        assert!(tokens[1].starts_with("filename*1*=%C3%A4"));
        for token in &tokens {
            assert!(token.len() <= 76 && token.ends_with("%A4"), "{token}");
        }
    }

    #[test]
    fn what_looks_like_an_encoded_word_is_not_left_to_be_decoded() {
        assert_eq!(parameter("name", "a.pdf"), ["name=a.pdf"]);
        assert_eq!(parameter("name", "a \"b\".pdf"), ["name=\"a \\\"b\\\".pdf\""]);
        assert_eq!(parameter("name", "=?utf-8?Q?a?="), ["name*=utf-8''%3D%3Futf-8%3FQ%3Fa%3F%3D"]);
    }
}
