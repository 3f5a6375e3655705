//! Octets to text, and text to one clean line.

use std::borrow::Cow;

use crate::problem::ProblemKind;

/// The text of a document, and the first offset that is no text of its character set.
pub(crate) fn decode(octets: &[u8]) -> (Cow<'_, str>, Option<usize>) {
    match octets {
        [0xEF, 0xBB, 0xBF, rest @ ..] => utf8(rest),
        [0xFF, 0xFE, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xFE, 0xFF, rest @ ..] => utf16(rest, u16::from_be_bytes),
        [b'<', 0, ..] => utf16(octets, u16::from_le_bytes),
        [0, b'<', ..] => utf16(octets, u16::from_be_bytes),
        _ => utf8(octets),
    }
}

fn utf8(octets: &[u8]) -> (Cow<'_, str>, Option<usize>) {
    match std::str::from_utf8(octets) {
        Ok(text) => (Cow::Borrowed(text), None),
        // One octet, one character: those above ASCII in an unknown charset are best shown as Latin-1 (RFC 3023 knows no better).
        Err(_) if declares_latin1(octets) => (Cow::Owned(octets.iter().copied().map(char::from).collect()), None),
        Err(error) => (Cow::Owned(String::from_utf8_lossy(octets).into_owned()), Some(error.valid_up_to())),
    }
}

/// Whether the XML declaration names a charset of one octet a character.
fn declares_latin1(octets: &[u8]) -> bool {
    let head: Vec<u8> = octets.iter().take(200).map(u8::to_ascii_lowercase).collect();
    let end = head.windows(2).position(|pair| pair == b"?>").unwrap_or(0);
    let declaration = head.get(..end).unwrap_or_default();
    [&b"iso-8859-"[..], b"windows-125", b"latin"]
        .iter()
        .any(|name| declaration.windows(name.len()).any(|it| it == *name))
}

fn utf16(octets: &[u8], join: fn([u8; 2]) -> u16) -> (Cow<'_, str>, Option<usize>) {
    let units = octets.chunks_exact(2).filter_map(|pair| Some(join(pair.try_into().ok()?)));
    let mut bad = (!octets.len().is_multiple_of(2)).then(|| octets.len().saturating_sub(1));
    let mut text = String::with_capacity(octets.len() / 2);
    for c in char::decode_utf16(units) {
        if c.is_err() {
            bad = Some(bad.unwrap_or(text.len()).min(text.len()));
        }
        text.push(c.unwrap_or(char::REPLACEMENT_CHARACTER));
    }
    (Cow::Owned(text), bad)
}

/// The text as one line: white space in runs becomes one space, other controls and marks that turn the direction of
/// reading are dropped, and what is longer than `most` octets is cut.
pub(crate) fn clean(text: &str, most: usize) -> (String, Option<ProblemKind>) {
    let text = text.trim_matches(is_space);
    if text.len() <= most && is_clean(text) {
        return (text.to_owned(), None);
    }
    let mut line = String::new();
    let mut spaced = false;
    for c in text.chars() {
        if is_space(c) {
            spaced = true;
        } else if !is_hidden(c) {
            if line.len() + usize::from(spaced) + c.len_utf8() > most {
                return (line, Some(ProblemKind::TooLong));
            }
            if spaced && !line.is_empty() {
                line.push(' ');
            }
            spaced = false;
            line.push(c);
        }
    }
    (line, None)
}

/// Whether [`clean`] leaves the text as it is.
pub(crate) fn is_clean(text: &str) -> bool {
    // The common case, without decoding: printable ASCII with single spaces.
    let mut last = b' ';
    let plain = text.bytes().all(|octet| {
        let fine = matches!(octet, b'!'..=b'~') || octet == b' ' && last != b' ';
        last = octet;
        fine
    });
    if plain {
        return last != b' ' || text.is_empty();
    }
    let mut after_space = true;
    let fine = text.chars().all(|c| {
        let fine = !is_hidden(c) && (c == ' ' && !after_space || !is_space(c));
        after_space = is_space(c);
        fine
    });
    fine && !after_space
}

fn is_space(c: char) -> bool {
    c.is_whitespace()
}

fn is_hidden(c: char) -> bool {
    c.is_control() && !c.is_whitespace()
        || matches!(c, '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}' | '\u{FFFE}' | '\u{FFFF}')
}
