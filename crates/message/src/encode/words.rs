//! Encoded words (RFC 2047).

/// Where encoded words stand, which decides what may be literal in the Q encoding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WordSet {
    /// RFC 2047 §5(1): an unstructured field.
    Text,
    /// RFC 2047 §5(3): a word within a phrase.
    Phrase,
}

/// One encoded word, and whether a fold comes before it.
#[derive(Debug)]
pub(crate) struct Word {
    pub(crate) text: String,
    pub(crate) on_new_line: bool,
}

/// Whether every reader gives plain text back as it was: printable ASCII, no space at either end, and
/// nothing that would be taken for an encoded word.
pub(crate) fn reads_back(text: &str) -> bool {
    let printable = text.bytes().all(|b| b == b' ' || b.is_ascii_graphic());
    printable && !text.starts_with(' ') && !text.ends_with(' ') && !text.contains("=?")
}

/// Encodes the whole text, spaces included: white space between two encoded words is not part of the text
/// (RFC 2047 §6.2). No character is split (§5), no word is longer than 75 octets, no line longer than 76
/// (§2). `column` is where the first word would begin.
pub(crate) fn encoded_words(text: &str, set: WordSet, column: usize) -> Vec<Word> {
    let encoding = readable(text, set);
    let mut words = Vec::new();
    let mut rest = text;
    let mut room = MAX_LINE.saturating_sub(column).min(MAX_WORD);
    let mut on_new_line = false;
    if room < MIN_ROOM {
        (room, on_new_line) = (MAX_WORD, true);
    }
    while !rest.is_empty() {
        let end = encoding.fitting(rest, room - OVERHEAD, set);
        let (head, tail) = rest.split_at(end);
        words.push(Word { text: encoding.encode(head, set), on_new_line });
        rest = tail;
        (room, on_new_line) = (MAX_WORD, true);
    }
    words
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    B,
    Q,
}

impl Kind {
    /// How many octets of `text` fit into `room` octets of encoded text; at least one character.
    fn fitting(self, text: &str, room: usize, set: WordSet) -> usize {
        let mut used = 0;
        for (at, c) in text.char_indices() {
            let end = at + c.len_utf8();
            used += q_len(c, set);
            let needed = if self == Self::Q { used } else { end.div_ceil(3) * 4 };
            if needed > room && at > 0 {
                return at;
            }
        }
        text.len()
    }

    fn encode(self, text: &str, set: WordSet) -> String {
        if self == Self::B {
            let encoded = super::transfer::base64(text.as_bytes());
            return format!("=?utf-8?B?{encoded}?=");
        }
        let mut word = String::from("=?utf-8?Q?");
        for b in text.bytes() {
            match b {
                b' ' => word.push('_'),
                b if is_literal(b, set) => word.push(char::from(b)),
                b => word.push_str(&format!("={b:02X}")),
            }
        }
        word.push_str("?=");
        word
    }
}

/// Q while it is not half as long again: people can read it.
fn readable(text: &str, set: WordSet) -> Kind {
    let q: usize = text.chars().map(|c| q_len(c, set)).sum();
    if q * 2 <= text.len().div_ceil(3) * 12 { Kind::Q } else { Kind::B }
}

fn q_len(c: char, set: WordSet) -> usize {
    let mut octets = [0; 4];
    c.encode_utf8(&mut octets).bytes().map(|b| if b == b' ' || is_literal(b, set) { 1 } else { 3 }).sum()
}

/// RFC 2047 §4.2 and §5(3).
fn is_literal(b: u8, set: WordSet) -> bool {
    match set {
        WordSet::Text => b.is_ascii_graphic() && !matches!(b, b'=' | b'?' | b'_'),
        WordSet::Phrase => b.is_ascii_alphanumeric() || matches!(b, b'!' | b'*' | b'+' | b'-' | b'/'),
    }
}

/// RFC 2047 §2.
const MAX_WORD: usize = 75;
const MAX_LINE: usize = 76;
/// `=?utf-8?Q?` and `?=`.
const OVERHEAD: usize = 12;
/// A word begins on a new line rather than with less room than this: the longest character needs 24.
const MIN_ROOM: usize = 30;
