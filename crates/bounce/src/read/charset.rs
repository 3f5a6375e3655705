//! Character sets: UTF-8, and what older mail systems write.

use std::borrow::Cow;

use encoding_rs::{Encoding, ISO_2022_JP, WINDOWS_1252};

/// Reads octets of a named character set, tolerantly. Without a name, or where octets are UTF-8 whatever the name
/// says, they are UTF-8; else ISO-2022-JP if its escapes stand in them, else windows-1252.
pub(crate) fn decode<'a>(octets: &'a [u8], name: Option<&str>) -> Cow<'a, str> {
    let escapes = memchr::memchr(0x1b, octets).is_some();
    if !escapes && let Ok(text) = std::str::from_utf8(octets) {
        return Cow::Borrowed(text);
    }
    let named = name.and_then(|name| Encoding::for_label(name.trim().as_bytes()));
    let guessed = if escapes { ISO_2022_JP } else { WINDOWS_1252 };
    // QUIRK: a text that is called US-ASCII and is none; windows-1252 is what the label stands for.
    let encoding = if escapes { ISO_2022_JP } else { named.unwrap_or(guessed) };
    encoding.decode_without_bom_handling(octets).0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_guesses() {
        assert_eq!(decode("größe".as_bytes(), Some("iso-8859-1")), "größe", "UTF-8 whatever the name says");
        assert_eq!(decode(b"gr\xf6\xdfe", Some("ISO-8859-1")), "größe");
        assert_eq!(decode(b"gr\xf6\xdfe", None), "größe");
        assert_eq!(decode(b"\xfc\xd4\xcf", Some("koi8-r")), "Это");
        assert_eq!(decode(b"\x1b$B08@h\x1b(B", None), "宛先");
        assert_eq!(decode(b"\x88\xb6\x90\xe6", Some("Shift_JIS")), "宛先");
        assert_eq!(decode(b"plain", Some("no-such-charset")), "plain");
    }
}
