//! JSON (RFC 8259) as a sequence of tokens: no tree, no recursion, and what stands before a fault is read.

use std::borrow::Cow;

/// One token. Names of members are told from texts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Token<'x> {
    Begin(Kind),
    End(Kind),
    Name(Cow<'x, str>),
    Text(Cow<'x, str>),
    /// A number, `true`, `false` or `null`, as it stands.
    Bare(&'x str),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Array,
    Object,
}

/// Why there are no more tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    Depth,
    Syntax,
    Truncated,
}

pub(crate) struct Tokens<'x> {
    text: &'x str,
    at: usize,
    open: Vec<Kind>,
    depth: usize,
    /// Within an object: whether a member's value comes next.
    value_next: bool,
    begun: bool,
}

impl<'x> Tokens<'x> {
    pub(crate) fn new(text: &'x str, depth: usize) -> Self {
        Self { text, at: 0, open: Vec::new(), depth, value_next: false, begun: false }
    }

    /// The next token and where it begins; `None` at the end of the value.
    pub(crate) fn next(&mut self) -> Result<Option<(Token<'x>, usize)>, (Fault, usize)> {
        if self.begun && self.open.is_empty() {
            return Ok(None);
        }
        self.begun = true;
        self.skip();
        let at = self.at;
        let Some(first) = self.text.as_bytes().get(at) else { return Err((Fault::Truncated, at)) };
        let token = match first {
            b'{' => self.begin(Kind::Object)?,
            b'[' => self.begin(Kind::Array)?,
            b'}' => self.end(Kind::Object)?,
            b']' => self.end(Kind::Array)?,
            b'"' => {
                let text = self.string()?;
                if self.open.last() == Some(&Kind::Object) && !self.value_next {
                    self.value_next = true;
                    Token::Name(text)
                } else {
                    self.value_next = false;
                    Token::Text(text)
                }
            }
            _ => self.bare()?,
        };
        Ok(Some((token, at)))
    }

    /// White space, and the commas and colons, whose places follow from the rest.
    fn skip(&mut self) {
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        let blank = rest.iter().take_while(|octet| matches!(octet, b' ' | b'\t' | b'\r' | b'\n' | b',' | b':')).count();
        self.at = self.at.saturating_add(blank);
    }

    fn begin(&mut self, kind: Kind) -> Result<Token<'x>, (Fault, usize)> {
        if self.open.len() >= self.depth {
            return Err((Fault::Depth, self.at));
        }
        self.open.push(kind);
        self.at = self.at.saturating_add(1);
        self.value_next = false;
        Ok(Token::Begin(kind))
    }

    fn end(&mut self, kind: Kind) -> Result<Token<'x>, (Fault, usize)> {
        if self.open.pop() != Some(kind) {
            return Err((Fault::Syntax, self.at));
        }
        self.at = self.at.saturating_add(1);
        self.value_next = false;
        Ok(Token::End(kind))
    }

    fn bare(&mut self) -> Result<Token<'x>, (Fault, usize)> {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let length = rest.bytes().take_while(|octet| octet.is_ascii_alphanumeric() || b"+-.".contains(octet)).count();
        if length == 0 || self.open.last() == Some(&Kind::Object) && !self.value_next {
            return Err((Fault::Syntax, self.at));
        }
        self.at = self.at.saturating_add(length);
        self.value_next = false;
        Ok(Token::Bare(rest.get(..length).unwrap_or_default()))
    }

    fn string(&mut self) -> Result<Cow<'x, str>, (Fault, usize)> {
        let begin = self.at.saturating_add(1);
        let rest = self.text.get(begin..).unwrap_or_default();
        let mut escaped = false;
        let mut length = 0;
        loop {
            let Some(next) =
                rest.as_bytes().get(length..).and_then(|rest| rest.iter().position(|c| b"\"\\".contains(c)))
            else {
                return Err((Fault::Truncated, self.text.len()));
            };
            length = length.saturating_add(next);
            if rest.as_bytes().get(length) == Some(&b'"') {
                break;
            }
            escaped = true;
            length = length.saturating_add(2);
        }
        self.at = begin.saturating_add(length).saturating_add(1);
        let inner = rest.get(..length).unwrap_or_default();
        Ok(if escaped { Cow::Owned(unescaped(inner)) } else { Cow::Borrowed(inner) })
    }
}

/// The text without its escapes (§7). An escape that is none stays as it stands.
fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once('\\') {
        out.push_str(before);
        let (c, taken) = escape(behind);
        out.push(c);
        rest = behind.get(taken..).unwrap_or_default();
    }
    out.push_str(rest);
    out
}

/// The character of an escape, and how many octets behind the backslash it takes.
fn escape(text: &str) -> (char, usize) {
    let simple = match text.as_bytes().first() {
        Some(b'b') => '\u{8}',
        Some(b'f') => '\u{C}',
        Some(b'n') => '\n',
        Some(b'r') => '\r',
        Some(b't') => '\t',
        Some(b'u') => return unicode(text),
        Some(c @ (b'"' | b'\\' | b'/')) => char::from(*c),
        _ => return ('\\', 0),
    };
    (simple, 1)
}

fn unicode(text: &str) -> (char, usize) {
    let unit = |at: usize| u32::from_str_radix(text.get(at..at.checked_add(4)?)?, 16).ok();
    let Some(first) = unit(1) else { return (char::REPLACEMENT_CHARACTER, 1) };
    if let Some(c) = char::from_u32(first) {
        return (c, 5);
    }
    let second = text.get(5..7).filter(|mark| *mark == "\\u").and_then(|_| unit(7));
    let pair = second
        .filter(|second| (0xDC00..0xE000).contains(second) && first < 0xDC00)
        .and_then(|second| char::from_u32(0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00)));
    pair.map_or((char::REPLACEMENT_CHARACTER, 5), |c| (c, 11))
}

/// A text as JSON writes it, quotes included.
pub(crate) fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len().saturating_add(2));
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            c if c.is_control() => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}
