//! SMTP replies and enhanced status codes.

use std::fmt;

use crate::error::{ParseError, ParseErrorKind, is_control};
use crate::macros::validated_string;

/// An SMTP reply: code and one or more lines (RFC 5321 §4.2).
///
/// Reading is tolerant where servers err: a bare LF, a missing text, 8-bit text (read as UTF-8, what is
/// not becomes U+FFFD), controls (the same), spaces at the end of a line (dropped). No line holds CR, LF, NUL or
/// a control. What [`to_wire`](Self::to_wire) gives, [`parse`](Self::parse) reads as the same reply.
///
/// ```
/// use posthaste_types::Reply;
///
/// let reply = Reply::parse(b"550-5.1.1 no such\r\n550 5.1.1 user\r\n")?;
/// assert_eq!(reply.to_string(), "550 5.1.1 no such user");
/// assert!(reply.is_permanent());
/// # Ok::<(), posthaste_types::ParseError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(try_from = "Wire", into = "Wire"))]
pub struct Reply {
    code: u16,
    lines: Vec<Box<str>>,
}

impl Reply {
    /// The most lines of one reply.
    pub const MAX_LINES: usize = 128;
    /// The longest line that is read, in octets, code and line end included. RFC 5321 §4.5.3.1.5 allows
    /// 512; servers send more.
    pub const MAX_LINE: usize = 4096;

    /// Makes a reply of one line; an enhanced status code stands at the beginning of the text.
    ///
    /// # Errors
    /// [`ParseError`] if the code is not within 200 to 599 or the text holds a control.
    pub fn new(code: u16, text: &str) -> Result<Self, ParseError> {
        Self::from_lines(code, [text])
    }

    /// Makes a reply of several lines.
    ///
    /// # Errors
    /// [`ParseError`] if the code is not within 200 to 599, a line holds a control, or there are none or
    /// too many.
    pub fn from_lines<'a>(code: u16, lines: impl IntoIterator<Item = &'a str>) -> Result<Self, ParseError> {
        if !(200..=599).contains(&code) {
            return Err(ParseError::syntax(REPLY, "code is not within 200 to 599", 0));
        }
        let mut checked: Vec<Box<str>> = Vec::new();
        for line in lines {
            if let Some((at, c)) = line.char_indices().find(|(_, c)| is_control(*c) && *c != '\t') {
                return Err(ParseError::new(REPLY, ParseErrorKind::Forbidden(c), at));
            }
            if line.len() + 6 > Self::MAX_LINE {
                return Err(ParseError::new(REPLY, ParseErrorKind::TooLong { limit: Self::MAX_LINE }, 0));
            }
            checked.push(line.trim_end().into());
        }
        if checked.is_empty() {
            return Err(ParseError::new(REPLY, ParseErrorKind::Empty, 0));
        }
        if checked.len() > Self::MAX_LINES {
            return Err(ParseError::new(REPLY, ParseErrorKind::TooMany { limit: Self::MAX_LINES }, 0));
        }
        Ok(Self { code, lines: checked })
    }

    /// Reads a whole reply, with or without its last line end.
    ///
    /// # Errors
    /// [`ParseError`] with the offset of the line that is none: no code, another code than the first
    /// line's, text behind the last line, or a limit passed.
    pub fn parse(wire: &[u8]) -> Result<Self, ParseError> {
        let wire = wire.strip_suffix(b"\n").unwrap_or(wire);
        let mut code = None;
        let mut lines = Vec::new();
        let mut last = false;
        let mut start = 0;
        for line in wire.split(|b| *b == b'\n') {
            let text = line.strip_suffix(b"\r").unwrap_or(line);
            if last {
                return Err(ParseError::syntax(REPLY, "text behind the last line", start));
            }
            if text.len() > Self::MAX_LINE || lines.len() == Self::MAX_LINES {
                return Err(ParseError::new(REPLY, ParseErrorKind::TooLong { limit: Self::MAX_LINE }, start));
            }
            let this = parse_code(text).ok_or_else(|| ParseError::syntax(REPLY, "no reply code", start))?;
            if *code.get_or_insert(this) != this {
                return Err(ParseError::syntax(REPLY, "the code differs from the first line's", start));
            }
            last = match text.get(3) {
                Some(b'-') => false,
                Some(b' ') | None => true,
                Some(_) => {
                    return Err(ParseError::syntax(REPLY, "neither space nor hyphen behind the code", start + 3));
                }
            };
            lines.push(clean(text.get(4..).unwrap_or_default()));
            start += line.len() + 1;
        }
        match code {
            Some(code) if last => Ok(Self { code, lines }),
            _ => Err(ParseError::syntax(REPLY, "no last line", start)),
        }
    }

    /// The three-digit code.
    pub fn code(&self) -> u16 {
        self.code
    }

    /// The lines, without code, with the enhanced status code where the server wrote one.
    pub fn lines(&self) -> impl ExactSizeIterator<Item = &str> {
        self.lines.iter().map(|line| &**line)
    }

    /// The enhanced status code (RFC 2034) at the beginning of the first line, if its class fits the
    /// reply's first digit as RFC 2034 §4 demands; QUIRK: Gmail pairs 421 with 5.7.x, so 4 and 5 may mix.
    pub fn enhanced(&self) -> Option<EnhancedStatus> {
        let first = self.lines.first()?;
        let status = EnhancedStatus::parse(first.split([' ', '\t']).next()?).ok()?;
        let class = u16::from(status.class());
        (class == self.code / 100 || (class >= 4 && self.code >= 400)).then_some(status)
    }

    /// The text of all lines in one, without the enhanced status codes at their beginnings.
    pub fn text(&self) -> String {
        let status = self.enhanced().map(|status| status.to_string());
        let strip = |line: &str| -> String {
            let rest = status.as_deref().and_then(|status| line.strip_prefix(status));
            rest.filter(|rest| rest.is_empty() || rest.starts_with([' ', '\t'])).unwrap_or(line).trim().to_owned()
        };
        let lines: Vec<String> = self.lines.iter().map(|line| strip(line)).filter(|line| !line.is_empty()).collect();
        lines.join(" ")
    }

    /// 2yz and 3yz: taken, or go on.
    pub fn is_positive(&self) -> bool {
        self.code < 400
    }

    /// 4yz: try again.
    pub fn is_transient(&self) -> bool {
        (400..500).contains(&self.code)
    }

    /// 5yz: do not.
    pub fn is_permanent(&self) -> bool {
        self.code >= 500
    }

    /// The reply as a server sends it, CRLF included.
    pub fn to_wire(&self) -> String {
        let last = self.lines.len().saturating_sub(1);
        let mut wire = String::new();
        for (i, line) in self.lines.iter().enumerate() {
            let separator = if i == last { ' ' } else { '-' };
            wire.push_str(&format!("{}{separator}{line}\r\n", self.code));
        }
        wire
    }
}

/// One line: the code, the enhanced status code if any, the text.
impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.code)?;
        if let Some(status) = self.enhanced() {
            write!(f, " {status}")?;
        }
        let text = self.text();
        if text.is_empty() { Ok(()) } else { write!(f, " {text}") }
    }
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Reply({self})")
    }
}

/// What stands in a stored event: the wire form, read again by [`Reply::parse`].
#[cfg(feature = "serde")]
#[derive(serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
struct Wire(String);

#[cfg(feature = "serde")]
impl TryFrom<Wire> for Reply {
    type Error = ParseError;

    fn try_from(wire: Wire) -> Result<Self, ParseError> {
        Self::parse(wire.0.as_bytes())
    }
}

#[cfg(feature = "serde")]
impl From<Reply> for Wire {
    fn from(reply: Reply) -> Self {
        Self(reply.to_wire())
    }
}

/// An enhanced status code: class, subject and detail (RFC 3463 §2).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EnhancedStatus {
    class: u8,
    subject: u16,
    detail: u16,
}

impl EnhancedStatus {
    /// Makes a code; `None` unless the class is 2, 4 or 5 and subject and detail are at most 999.
    pub const fn new(class: u8, subject: u16, detail: u16) -> Option<Self> {
        if matches!(class, 2 | 4 | 5) && subject <= 999 && detail <= 999 {
            Some(Self { class, subject, detail })
        } else {
            None
        }
    }

    /// Reads `class.subject.detail`.
    ///
    /// # Errors
    /// [`ParseError`] if it is not three numbers in range.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        let number = |part: Option<&str>| -> Option<u16> {
            let part = part?;
            let digits = (1..=3).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
            digits.then(|| part.parse().ok())?
        };
        let mut parts = text.split('.');
        let (class, subject, detail) = (number(parts.next()), number(parts.next()), number(parts.next()));
        match (class, subject, detail, parts.next()) {
            (Some(class @ (2 | 4 | 5)), Some(subject), Some(detail), None) => {
                Ok(Self { class: u8::try_from(class).unwrap_or(5), subject, detail })
            }
            _ => Err(ParseError::syntax("enhanced status", "not class.subject.detail", 0)),
        }
    }

    /// 2 success, 4 persistent transient failure, 5 permanent failure.
    pub const fn class(self) -> u8 {
        self.class
    }

    /// What it is about: 1 address, 2 mailbox, 3 mail system, 4 network, 5 protocol, 6 content, 7 policy.
    pub const fn subject(self) -> u16 {
        self.subject
    }

    /// The detail within the subject.
    pub const fn detail(self) -> u16 {
        self.detail
    }
}

impl fmt::Display for EnhancedStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.class, self.subject, self.detail)
    }
}

validated_string!(EnhancedStatus);

fn parse_code(line: &[u8]) -> Option<u16> {
    let code = line.get(..3)?;
    let fine = matches!(code[0], b'2'..=b'5') && code[1].is_ascii_digit() && code[2].is_ascii_digit();
    fine.then(|| code.iter().fold(0, |value, digit| value * 10 + u16::from(digit - b'0')))
}

fn clean(text: &[u8]) -> Box<str> {
    let text = String::from_utf8_lossy(text);
    let plain = |c| if is_control(c) && c != '\t' { char::REPLACEMENT_CHARACTER } else { c };
    let mut text: String = text.trim_end().chars().map(plain).collect();
    // U+FFFD is longer than what it stands for; the line must stay one that is read again.
    text.truncate(text.floor_char_boundary(Reply::MAX_LINE - 4));
    text.truncate(text.trim_end().len());
    text.into()
}

const REPLY: &str = "reply";
