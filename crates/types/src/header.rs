//! Header fields that cannot smuggle another one in.

use std::fmt;
use std::sync::Arc;

use crate::error::{ParseError, ParseErrorKind, is_control};
use crate::macros::validated_string;

/// The name of a header field (RFC 5322 §3.6.8): printable ASCII without colon, 1 to 76 octets.
///
/// Compared without regard to case; keeps the case it was given.
#[derive(Clone)]
pub struct HeaderName(Box<str>);

impl HeaderName {
    /// Reads a field name.
    ///
    /// # Errors
    /// [`ParseError`] with the offset of the first offence.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        if text.is_empty() {
            return Err(ParseError::new(NAME, ParseErrorKind::Empty, 0));
        }
        if let Some((at, c)) = text.char_indices().find(|(_, c)| !c.is_ascii_graphic() || *c == ':') {
            return Err(ParseError::new(NAME, ParseErrorKind::Forbidden(c), at));
        }
        if text.len() > MAX_FIELD_NAME {
            return Err(ParseError::new(NAME, ParseErrorKind::TooLong { limit: MAX_FIELD_NAME }, MAX_FIELD_NAME));
        }
        Ok(Self(text.into()))
    }

    /// The name, in the case it was given.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this is the field `name`, without regard to case.
    pub fn is(&self, name: &str) -> bool {
        self.0.eq_ignore_ascii_case(name)
    }
}

impl PartialEq for HeaderName {
    fn eq(&self, other: &Self) -> bool {
        self.is(&other.0)
    }
}

impl Eq for HeaderName {}

impl std::hash::Hash for HeaderName {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.0.to_ascii_lowercase().hash(state);
    }
}

impl fmt::Display for HeaderName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

validated_string!(HeaderName);

/// The value of a header field as plain text, before folding and encoding: no line end, no control but
/// the tab. At most 64 KiB.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct HeaderValue(Box<str>);

impl HeaderValue {
    /// The longest value, in octets.
    pub const MAX: usize = 64 * 1024;

    /// Reads a value.
    ///
    /// # Errors
    /// [`ParseError`] with the offset of the first offence.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        if let Some((at, c)) = text.char_indices().find(|(_, c)| is_control(*c) && *c != '\t') {
            return Err(ParseError::new(VALUE, ParseErrorKind::Forbidden(c), at));
        }
        if text.len() > Self::MAX {
            return Err(ParseError::new(VALUE, ParseErrorKind::TooLong { limit: Self::MAX }, Self::MAX));
        }
        Ok(Self(text.into()))
    }

    /// The value.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for HeaderValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

validated_string!(HeaderValue);

/// One header field as it stands on the wire: name, colon, value, folded where needed, CRLF at its end.
///
/// What a signer or a layer puts in front of a message. Every inner line end is followed by a space or a
/// tab, no line is longer than 998 octets (RFC 5322 §2.1.1), so it is one field whatever its value says.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct HeaderField(Arc<str>);

impl HeaderField {
    /// Takes a field that is folded already, with or without its last CRLF.
    ///
    /// # Errors
    /// [`ParseError`] with the offset of the first offence.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        let line = text.strip_suffix("\r\n").unwrap_or(text);
        let colon = line.find(':').ok_or_else(|| ParseError::syntax(FIELD, "no colon", line.len()))?;
        HeaderName::parse(&line[..colon])?;
        let mut start = 0;
        for part in line.split("\r\n") {
            if start > 0 && !part.starts_with([' ', '\t']) {
                return Err(ParseError::syntax(FIELD, "a line end that is not a fold", start));
            }
            if start > 0 && part.trim_ascii().is_empty() {
                // RFC 5322 §3.2.2: no folded line of white space alone.
                return Err(ParseError::syntax(FIELD, "an empty folded line", start));
            }
            let plain = part.bytes().all(|octet| matches!(octet, b' '..=b'~' | b'\t'));
            let mut chars = part.char_indices();
            if !plain && let Some((at, c)) = chars.find(|(_, c)| is_control(*c) && *c != '\t') {
                return Err(ParseError::new(FIELD, ParseErrorKind::Forbidden(c), start + at));
            }
            if part.len() > MAX_LINE {
                return Err(ParseError::new(FIELD, ParseErrorKind::TooLong { limit: MAX_LINE }, start));
            }
            start += part.len() + 2;
        }
        Ok(Self(format!("{line}\r\n").into()))
    }

    /// The field with its CRLF.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The field's name.
    pub fn name(&self) -> &str {
        self.0.split(':').next().unwrap_or_default()
    }
}

impl fmt::Display for HeaderField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

validated_string!(HeaderField);

const NAME: &str = "header name";
const VALUE: &str = "header value";
const FIELD: &str = "header field";
const MAX_FIELD_NAME: usize = 76;
/// RFC 5322 §2.1.1, without the CRLF.
const MAX_LINE: usize = 998;
