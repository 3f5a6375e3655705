//! Texts with macros (RFC 7208 §7).

use std::fmt;

use posthaste_types::{DnsName, ParseError, ParseErrorKind};

use crate::tags::syntax;

/// A text with macros, parsed (RFC 7208 §7.1): a `domain-spec`, a modifier's value or an explanation.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct MacroString {
    text: Box<str>,
    pieces: Box<[Piece]>,
    /// The name, where no macro decides it.
    name: Option<DnsName>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Piece {
    Literal(Box<str>),
    Expand(Macro),
}

/// `%{` letter transformers delimiters `}`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Macro {
    pub(crate) letter: Letter,
    pub(crate) escape: Escape,
    /// How many right-hand parts are used; `None` is all.
    pub(crate) keep: Option<usize>,
    pub(crate) order: Order,
    pub(crate) delimiters: Box<str>,
}

/// The letters of §7.2, in the order of that section.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Letter {
    Sender,
    LocalPart,
    SenderDomain,
    Domain,
    Ip,
    Validated,
    Family,
    Helo,
    ReadableIp,
    Receiver,
    Time,
}

/// Whether the value is URL-escaped, as upper case letters ask (§7.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Escape {
    Plain,
    Url,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Order {
    AsIs,
    Reversed,
}

/// Where a text stands: this decides what is allowed in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// A `domain-spec`: letters c, r and t are not allowed, and it ends in a top label or a macro.
    Domain,
    /// The text that `exp` points to: spaces and all letters are allowed (§6.2).
    Explanation,
    /// The value of an unknown modifier.
    Modifier,
}

impl MacroString {
    /// Reads a `domain-spec`.
    ///
    /// # Errors
    /// [`ParseError`] with the offset of the first offence.
    pub fn domain_spec(text: &str) -> Result<Self, ParseError> {
        Self::parse(text, Place::Domain)
    }

    pub(crate) fn parse(text: &str, place: Place) -> Result<Self, ParseError> {
        let mut pieces = Vec::new();
        let mut literal = String::new();
        let mut rest = text;
        while let Some(c) = rest.chars().next() {
            let at = text.len() - rest.len();
            let behind = rest.get(c.len_utf8()..).unwrap_or_default();
            rest = behind;
            match c {
                '%' => {
                    let (piece, behind) = escape(behind, at, place)?;
                    rest = behind;
                    match piece {
                        Piece::Literal(text) => literal.push_str(&text),
                        expand @ Piece::Expand(_) => {
                            flush(&mut literal, &mut pieces);
                            pieces.push(expand);
                        }
                    }
                }
                ' ' if place == Place::Explanation => literal.push(c),
                c if c.is_ascii_graphic() => literal.push(c),
                c => return Err(ParseError::new(WHAT, ParseErrorKind::Forbidden(c), at)),
            }
        }
        flush(&mut literal, &mut pieces);
        if place == Place::Domain {
            check_end(text)?;
        }
        let name = if place == Place::Domain { literal_name(&pieces) } else { None };
        Ok(Self { text: text.into(), pieces: pieces.into(), name })
    }

    /// The text as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether a value is put in: `%%`, `%_` and `%-` are no macros in this sense.
    pub fn has_macros(&self) -> bool {
        self.pieces.iter().any(|piece| matches!(piece, Piece::Expand(_)))
    }

    /// The name of a `domain-spec`, if it needs no macro and can be asked for.
    pub(crate) fn name(&self) -> Option<&DnsName> {
        self.name.as_ref()
    }

    pub(crate) fn pieces(&self) -> &[Piece] {
        &self.pieces
    }

    /// Whether the validated domain name is asked for, which costs lookups.
    pub(crate) fn needs_validated(&self) -> bool {
        self.pieces.iter().any(|piece| matches!(piece, Piece::Expand(expand) if expand.letter == Letter::Validated))
    }
}

impl fmt::Display for MacroString {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

fn literal_name(pieces: &[Piece]) -> Option<DnsName> {
    let mut text = String::new();
    for piece in pieces {
        match piece {
            Piece::Literal(literal) => text.push_str(literal),
            Piece::Expand(_) => return None,
        }
    }
    let text = text.strip_suffix('.').unwrap_or(&text);
    DnsName::from_labels(text.split('.').map(str::as_bytes)).ok()
}

fn flush(literal: &mut String, pieces: &mut Vec<Piece>) {
    if !literal.is_empty() {
        pieces.push(Piece::Literal(std::mem::take(literal).into()));
    }
}

/// What stands behind a `%` at `at`: the piece, and the rest of the text.
fn escape(behind: &str, at: usize, place: Place) -> Result<(Piece, &str), ParseError> {
    for (mark, means) in [('%', "%"), ('_', " "), ('-', "%20")] {
        if let Some(rest) = behind.strip_prefix(mark) {
            return Ok((Piece::Literal(means.into()), rest));
        }
    }
    let inner = behind.strip_prefix('{').ok_or_else(|| syntax(WHAT, "a `%` that begins no macro", at))?;
    let (inner, rest) = inner.split_once('}').ok_or_else(|| syntax(WHAT, "a macro without `}`", at))?;
    Ok((Piece::Expand(expansion(inner, at + 2, place)?), rest))
}

fn expansion(inner: &str, at: usize, place: Place) -> Result<Macro, ParseError> {
    let mut chars = inner.chars();
    let c = chars.next().ok_or_else(|| syntax(WHAT, "a macro without a letter", at))?;
    let letter = Letter::of(c).ok_or_else(|| syntax(WHAT, "no macro letter", at))?;
    if place == Place::Domain && matches!(letter, Letter::ReadableIp | Letter::Receiver | Letter::Time) {
        return Err(syntax(WHAT, "a macro letter that is only for explanations", at));
    }
    let rest = chars.as_str();
    let behind = rest.trim_start_matches(|c: char| c.is_ascii_digit());
    let digits = rest.strip_suffix(behind).unwrap_or_default();
    let keep = match digits {
        "" => None,
        // More parts than any name has are all of them (§7.1: at least 127 must be supported).
        digits => Some(digits.parse().unwrap_or(usize::MAX)),
    };
    if keep == Some(0) {
        return Err(syntax(WHAT, "a macro that keeps no part", at + 1)); // §7.3
    }
    let (order, delimiters) = match behind.strip_prefix(['r', 'R']) {
        Some(rest) => (Order::Reversed, rest),
        None => (Order::AsIs, behind),
    };
    if !delimiters.chars().all(|c| matches!(c, '.' | '-' | '+' | ',' | '/' | '_' | '=')) {
        return Err(syntax(WHAT, "no delimiter of a macro", at + inner.len() - delimiters.len()));
    }
    let escape = if c.is_ascii_uppercase() { Escape::Url } else { Escape::Plain };
    Ok(Macro { letter, escape, keep, order, delimiters: delimiters.into() })
}

impl Letter {
    fn of(c: char) -> Option<Self> {
        Some(match c.to_ascii_lowercase() {
            's' => Self::Sender,
            'l' => Self::LocalPart,
            'o' => Self::SenderDomain,
            'd' => Self::Domain,
            'i' => Self::Ip,
            'p' => Self::Validated,
            'v' => Self::Family,
            'h' => Self::Helo,
            'c' => Self::ReadableIp,
            'r' => Self::Receiver,
            't' => Self::Time,
            _ => return None,
        })
    }
}

/// §7.1: `domain-end = ( "." toplabel [ "." ] ) / macro-expand`. It is checked before macros are expanded.
fn check_end(text: &str) -> Result<(), ParseError> {
    if text.is_empty() {
        return Err(ParseError::new(WHAT, ParseErrorKind::Empty, 0));
    }
    let tail_at = end_of_last_macro(text);
    let tail = text.get(tail_at..).unwrap_or_default();
    if tail.is_empty() {
        return Ok(());
    }
    let tail = tail.strip_suffix('.').unwrap_or(tail);
    let Some((_, label)) = tail.rsplit_once('.') else {
        return Err(syntax(WHAT, "a domain of one label", tail_at));
    };
    let at = tail_at + tail.len() - label.len();
    if label.bytes().all(|b| b.is_ascii_digit()) {
        // A common mistake: an address behind `a:`, which `ip4:` takes.
        return Err(syntax(WHAT, "a top-level domain of digits (an address needs `ip4:`)", at));
    }
    let fine = label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    if !fine || label.starts_with('-') || label.ends_with('-') {
        return Err(syntax(WHAT, "no top-level domain", at));
    }
    Ok(())
}

fn end_of_last_macro(text: &str) -> usize {
    let (mut end, mut at) = (0, 0);
    while let Some(found) = text.get(at..).and_then(|rest| rest.find('%')) {
        let rest = text.get(at + found + 1..).unwrap_or_default();
        let len = if rest.starts_with('{') { rest.find('}').map_or(rest.len(), |close| close + 1) } else { 1 };
        end = (at + found + 1 + len).min(text.len());
        at = end;
    }
    end
}

const WHAT: &str = "SPF macro string";
