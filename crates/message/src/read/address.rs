//! Address lists as they stand in the wild (RFC 5322 §3.4 and §4.4), without recursion.
//!
//! Ours, because mail-parser takes a quoted local part for a display name.

use super::decode;
use super::header::ReadAddress;

/// Splits a value at the commas of its list; group names go, their mailboxes stay.
pub(super) fn addresses(value: &str) -> Vec<ReadAddress> {
    let mut found = Vec::new();
    if let Some(unclosed) = walk(value, Quotes::Meant, &mut found) {
        walk(&unclosed, Quotes::Literal, &mut found);
    }
    found
}

/// Gives back what stands behind a quote that is never closed.
fn walk(value: &str, quotes: Quotes, found: &mut Vec<ReadAddress>) -> Option<String> {
    let mut piece = Piece::default();
    let mut place = Place { quotes, ..Place::default() };
    for c in value.chars() {
        match place.step(c) {
            Step::Text => piece.word.push(c),
            Step::Quoted => piece.quote(c),
            Step::Comment => piece.comment.push(c),
            Step::Angle => piece.angle.get_or_insert_default().push(c),
            Step::Open | Step::Syntax => piece.end_word(),
            Step::OpenAngle => {
                piece.end_word();
                piece.angle.get_or_insert_default().clear();
            }
            Step::Group => piece = Piece::default(),
            Step::End => found.extend(std::mem::take(&mut piece).finish()),
        }
    }
    let unclosed = (!piece.quoted.is_empty()).then(|| piece.quoted.split_off(1));
    piece.quoted.clear();
    found.extend(piece.finish());
    unclosed
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Quotes {
    #[default]
    Meant,
    /// A quote is a character like any other.
    Literal,
}

/// Where the walk is, and what the character means there.
#[derive(Debug, Default)]
struct Place {
    quotes: Quotes,
    comments: usize,
    in_quotes: bool,
    in_angle: bool,
    is_escaped: bool,
}

enum Step {
    /// Of a word outside quotes.
    Text,
    /// Of a quoted string; its quotes too where they belong to an address.
    Quoted,
    Comment,
    Angle,
    Open,
    OpenAngle,
    Group,
    Syntax,
    End,
}

impl Place {
    fn step(&mut self, c: char) -> Step {
        let is_escaped = std::mem::take(&mut self.is_escaped);
        if self.comments > 0 {
            return self.in_comment(c, is_escaped);
        }
        let inside = if self.in_angle { Step::Angle } else { Step::Quoted };
        if self.in_quotes {
            self.is_escaped = c == '\\' && !is_escaped;
            self.in_quotes = c != '"' || is_escaped;
            return inside;
        }
        match c {
            '"' if self.quotes == Quotes::Meant => {
                self.in_quotes = true;
                inside
            }
            '(' => {
                self.comments = 1;
                Step::Open
            }
            '>' if self.in_angle => {
                self.in_angle = false;
                Step::Syntax
            }
            _ if self.in_angle => Step::Angle,
            '<' => {
                self.in_angle = true;
                Step::OpenAngle
            }
            ',' | ';' => Step::End,
            ':' => Step::Group,
            _ => Step::Text,
        }
    }

    /// Comments nest (RFC 5322 §3.2.2).
    fn in_comment(&mut self, c: char, is_escaped: bool) -> Step {
        match c {
            _ if is_escaped => return Step::Comment,
            '\\' => self.is_escaped = true,
            '(' => self.comments += 1,
            ')' => self.comments -= 1,
            _ => return Step::Comment,
        }
        Step::Syntax
    }
}

/// One mailbox on the way.
#[derive(Debug, Default)]
struct Piece {
    /// What is read, outside quotes.
    word: String,
    /// The quoted string that is open, with its quotes.
    quoted: String,
    /// Display name and, without angle brackets, the address; quoted strings with their quotes.
    text: Vec<Word>,
    angle: Option<String>,
    comment: String,
}

#[derive(Debug)]
enum Word {
    Plain(String),
    Quoted(String),
}

impl Piece {
    fn quote(&mut self, c: char) {
        if self.quoted.is_empty() {
            self.end_word();
        }
        self.quoted.push(c);
        if c == '"' && self.quoted.len() > 1 && !ends_escaped(&self.quoted) {
            let quoted = std::mem::take(&mut self.quoted);
            self.text.push(Word::Quoted(quoted));
        }
    }

    fn end_word(&mut self) {
        if !self.word.is_empty() {
            self.text.push(Word::Plain(std::mem::take(&mut self.word)));
        }
    }

    fn finish(mut self) -> Option<ReadAddress> {
        self.end_word();
        let comment = decode::words(self.comment.trim());
        if let Some(angle) = self.angle {
            let name = if self.text.is_empty() { comment } else { name(&self.text) };
            return Some(ReadAddress::new(&name, &without_route(&without_spaces(&angle))));
        }
        let raw: String = self.text.iter().map(Word::as_str).collect();
        let raw = raw.trim();
        match raw.contains('@') {
            true => Some(ReadAddress::new(&comment, &without_spaces(raw))),
            false if raw.is_empty() && comment.is_empty() => None,
            // QUIRK: `MAILER-DAEMON` alone, as old systems write it.
            false if !raw.contains([' ', '"']) => Some(ReadAddress::new(&comment, raw)),
            false => Some(ReadAddress::new(&name(&self.text), "")),
        }
    }
}

impl Word {
    fn as_str(&self) -> &str {
        let (Self::Plain(text) | Self::Quoted(text)) = self;
        text
    }
}

/// A phrase as people read it. QUIRK: encoded words stand in quoted strings too, against RFC 2047 §5(3).
fn name(words: &[Word]) -> String {
    let mut name = String::new();
    for word in words {
        match word {
            Word::Plain(text) => {
                // The spaces around an atom part it from a quoted string.
                let spaced = |at_edge: bool| if at_edge { " " } else { "" };
                name.push_str(spaced(text.starts_with([' ', '\t'])));
                name.push_str(&decode::words(text.trim()));
                name.push_str(spaced(text.ends_with([' ', '\t'])));
            }
            Word::Quoted(text) => {
                let inner = unquoted(text);
                let is_encoded = inner.starts_with("=?") && inner.ends_with("?=");
                name.push_str(&if is_encoded { decode::words(&inner) } else { inner });
            }
        }
    }
    name
}

fn unquoted(text: &str) -> String {
    let inner = text.strip_prefix('"').unwrap_or(text);
    let inner = inner.strip_suffix('"').unwrap_or(inner);
    let mut plain = String::with_capacity(inner.len());
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        plain.push(if c == '\\' { chars.next().unwrap_or(c) } else { c });
    }
    plain
}

/// White space may stand between the tokens of an address (RFC 5322 §4.4), never within quotes.
fn without_spaces(text: &str) -> String {
    let (mut in_quotes, mut is_escaped) = (false, false);
    let keep = |c: &char| {
        let was_escaped = std::mem::take(&mut is_escaped);
        match c {
            '\\' if in_quotes && !was_escaped => is_escaped = true,
            '"' if !was_escaped => in_quotes = !in_quotes,
            _ => {}
        }
        in_quotes || !matches!(c, ' ' | '\t')
    };
    text.chars().filter(keep).collect()
}

/// The obsolete source route `@a,@b:user@c` (RFC 5322 §4.4).
fn without_route(address: &str) -> String {
    match address.strip_prefix('@').and_then(|route| route.split_once(':')) {
        Some((_, address)) => address.to_owned(),
        None => address.to_owned(),
    }
}

fn ends_escaped(quoted: &str) -> bool {
    let before = quoted.strip_suffix('"').unwrap_or(quoted);
    before.bytes().rev().take_while(|b| *b == b'\\').count() % 2 == 1
}
