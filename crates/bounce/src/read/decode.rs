//! Transfer encodings (RFC 2045 §6) and encoded words (RFC 2047), read tolerantly.

/// Decodes base64; what is not of its alphabet is passed over.
pub(crate) fn base64(text: &[u8], most: usize) -> Vec<u8> {
    crate::work::count(text.len());
    let mut bytes = Vec::with_capacity((text.len() / 4 * 3 + 3).min(most));
    let (mut bits, mut held) = (0_u32, 0_u32);
    for b in text {
        let value = match b {
            b'A'..=b'Z' => b - b'A',
            b'a'..=b'z' => b - b'a' + 26,
            b'0'..=b'9' => b - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            b'=' => break,
            _ => continue,
        };
        bits = bits << 6 | u32::from(value);
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push((bits >> held & 0xff) as u8);
            if bytes.len() >= most {
                break;
            }
        }
    }
    bytes
}

/// Decodes quoted-printable; what is written wrongly stays as it is.
pub(crate) fn quoted_printable(text: &[u8], most: usize) -> Vec<u8> {
    crate::work::count(text.len());
    let mut bytes = Vec::with_capacity(text.len().min(most));
    let mut at = 0;
    while let Some(b) = text.get(at) {
        if bytes.len() >= most {
            break;
        }
        at += 1;
        if *b != b'=' {
            bytes.push(*b);
            continue;
        }
        match (text.get(at), text.get(at + 1)) {
            (Some(b'\n'), _) => at += 1,
            (Some(b'\r'), Some(b'\n')) => at += 2,
            (Some(high), Some(low)) => match (hex(*high), hex(*low)) {
                (Some(high), Some(low)) => {
                    bytes.push(high << 4 | low);
                    at += 2;
                }
                _ => bytes.push(b'='),
            },
            _ => bytes.push(b'='),
        }
    }
    bytes
}

/// Decodes the encoded words of a value.
pub(crate) fn decode_words(value: &str) -> String {
    if !value.contains("=?") {
        return value.to_owned();
    }
    let mut text = String::with_capacity(value.len());
    let mut rest = value;
    let mut behind_word = false;
    while let Some(at) = rest.find("=?") {
        let (plain, word) = rest.split_at(at);
        let Some((decoded, behind)) = decode_word(word) else {
            text.push_str(plain);
            text.push_str("=?");
            rest = &word[2..];
            behind_word = false;
            continue;
        };
        // RFC 2047 §6.2: white space between encoded words is none.
        if !behind_word || !plain.trim().is_empty() {
            text.push_str(plain);
        }
        text.push_str(&decoded);
        rest = behind;
        behind_word = true;
    }
    text.push_str(rest);
    text
}

/// The text of the encoded word at the beginning, and what stands behind it.
fn decode_word(word: &str) -> Option<(String, &str)> {
    // RFC 2047 §2 allows 75 characters.
    let whole = word.get(..word.floor_char_boundary(MAX_WORD))?;
    let (charset, rest) = whole.strip_prefix("=?")?.split_once('?')?;
    let (encoding, rest) = rest.split_once('?')?;
    let (encoded, behind) = rest.split_once("?=")?;
    let behind = word.get(whole.len() - behind.len()..)?;
    let bytes = match encoding {
        "B" | "b" => base64(encoded.as_bytes(), encoded.len()),
        "Q" | "q" => quoted_printable(encoded.replace('_', " ").as_bytes(), encoded.len()),
        _ => return None,
    };
    // RFC 2231 §5: a language may stand behind the character set.
    let charset = charset.split('*').next().unwrap_or_default();
    Some((super::charset::decode(&bytes, Some(charset)).into_owned(), behind))
}

/// The longest encoded word that is read, in octets.
const MAX_WORD: usize = 1_000;

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_read_over_line_ends() {
        assert_eq!(base64(b"U3Rh\r\ndHVz\r\n", 99), b"Status");
        assert_eq!(base64(b"U3RhdHU=", 99), b"Statu");
        assert_eq!(base64(b"U3RhdHVz", 3), b"Sta");
    }

    #[test]
    fn quoted_printable_keeps_what_is_wrong() {
        assert_eq!(quoted_printable(b"a=3D=\r\nb=\nc=zz=", 99), b"a=bc=zz=");
    }

    #[test]
    fn encoded_words_are_joined() {
        assert_eq!(decode_words("=?utf-8?Q?Abwesenheit?= =?UTF-8?B?OiBa?= x"), "Abwesenheit: Z x");
        assert_eq!(decode_words("=?iso-8859-1?q?r=E9ponse_auto?="), "réponse auto");
        assert_eq!(decode_words("=?broken"), "=?broken");
    }
}
