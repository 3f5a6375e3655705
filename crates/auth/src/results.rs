//! Authentication-Results (RFC 8601): written so that nothing can be smuggled in, read tolerantly, and stripped where it
//! pretends to be ours.
//!
//! ```
//! use posthaste_auth::results::{AuthservId, MethodResult, Results, strip};
//!
//! let own: AuthservId = "mx.example.org".parse()?;
//! let field = Results::new(own.clone())
//!     .with(MethodResult::new("dkim", "pass")?.property("header", "d", "example.com")?)
//!     .to_field()?;
//! assert_eq!(field.as_str(), "Authentication-Results: mx.example.org;\r\n dkim=pass header.d=example.com\r\n");
//!
//! let read = Results::parse("mx.example.org; dkim=pass (2048 bits) header.d=example.com")?;
//! assert_eq!(read.results()[0].properties()[0].value(), "example.com");
//!
//! let message = b"Authentication-Results: MX.example.org; spf=pass\r\nSubject: hi\r\n\r\nhi\r\n";
//! let (rest, stripped) = strip(message, &own);
//! assert_eq!((&*rest, stripped), (b"Subject: hi\r\n\r\nhi\r\n".as_slice(), 1));
//! # Ok::<(), posthaste_types::ParseError>(())
//! ```

mod of;
mod read;
mod strip;
mod word;
mod write;

use std::fmt;

use posthaste_types::{HeaderField, ParseError, ParseErrorKind, Text};

pub use strip::strip;
pub use word::Word;

/// Who says it: the `authserv-id` (RFC 8601 §2.5). Compared without regard to case.
#[derive(Clone, Debug)]
pub struct AuthservId(Box<str>);

/// What one host found out about one message: the value of an Authentication-Results field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Results {
    authserv_id: Option<AuthservId>,
    results: Vec<MethodResult>,
}

/// The result of one method (RFC 8601 §2.2, `resinfo`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MethodResult {
    method: Box<str>,
    result: Box<str>,
    reason: Option<Text>,
    properties: Vec<Property>,
}

/// What a method looked at (RFC 8601 §2.3): `header.d=example.com`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Property {
    ptype: Box<str>,
    name: Box<str>,
    value: Text,
}

impl AuthservId {
    /// The longest id, in octets.
    pub const MAX: usize = 255;

    /// Reads an id: printable characters, no space.
    ///
    /// # Errors
    /// [`ParseError`] with the offset of the first offence.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        if text.is_empty() {
            return Err(ParseError::new(ID, ParseErrorKind::Empty, 0));
        }
        if text.len() > Self::MAX {
            return Err(ParseError::new(ID, ParseErrorKind::TooLong { limit: Self::MAX }, Self::MAX));
        }
        match text.char_indices().find(|(_, c)| !c.is_ascii_graphic()) {
            Some((at, c)) => Err(ParseError::new(ID, ParseErrorKind::Forbidden(c), at)),
            None => Ok(Self(text.into())),
        }
    }

    /// The id.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl PartialEq for AuthservId {
    fn eq(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}

impl Eq for AuthservId {}

impl std::str::FromStr for AuthservId {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        Self::parse(text)
    }
}

impl fmt::Display for AuthservId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Results {
    /// The longest field value that is read, in octets.
    pub const MAX: usize = 64 * 1024;
    /// The most results in a field.
    pub const MAX_RESULTS: usize = 100;
    /// The most properties of a result.
    pub const MAX_PROPERTIES: usize = 50;

    /// No results yet; written so, they say that nothing was checked (`none`).
    pub fn new(authserv_id: AuthservId) -> Self {
        Self { authserv_id: Some(authserv_id), results: Vec::new() }
    }

    /// Adds a result; beyond [`MAX_RESULTS`](Self::MAX_RESULTS) it is left out.
    #[must_use]
    pub fn with(mut self, result: MethodResult) -> Self {
        if self.results.len() < Self::MAX_RESULTS {
            self.results.push(result);
        }
        self
    }

    /// Reads the value of a field, folded or not: comments are left out, and what real hosts write is read, even
    /// without an `authserv-id`.
    ///
    /// # Errors
    /// [`ParseError`] with the offset of the first offence.
    pub fn parse(value: &str) -> Result<Self, ParseError> {
        read::results(value)
    }

    /// The field to be put in front of the message.
    ///
    /// # Errors
    /// [`ParseError`] if these results were read and name no host.
    pub fn to_field(&self) -> Result<HeaderField, ParseError> {
        write::field(self)
    }

    /// Who says it; `None` only if it was read so.
    pub fn authserv_id(&self) -> Option<&AuthservId> {
        self.authserv_id.as_ref()
    }

    /// The results, in order.
    pub fn results(&self) -> &[MethodResult] {
        &self.results
    }
}

impl MethodResult {
    /// The result of a method: both are words, such as `dkim` and `pass`.
    ///
    /// # Errors
    /// [`ParseError`] if one is no word of letters, digits, hyphens and underscores.
    pub fn new(method: &str, result: &str) -> Result<Self, ParseError> {
        Ok(Self { method: word(method)?, result: word(result)?, reason: None, properties: Vec::new() })
    }

    /// The result of a method that the program knows.
    pub fn of(method: Word, result: Word) -> Self {
        let (method, result) = (method.as_str().into(), result.as_str().into());
        Self { method, result, reason: None, properties: Vec::new() }
    }

    /// Adds the reason in words.
    #[must_use]
    pub fn reason(mut self, reason: impl fmt::Display) -> Self {
        self.reason = Some(Text::lossy(reason));
        self
    }

    /// Adds what the method looked at: `header`, `d` and the domain make `header.d=example.com`. Beyond
    /// [`Results::MAX_PROPERTIES`] it is left out. Whatever the value is, it cannot leave its place.
    ///
    /// # Errors
    /// [`ParseError`] if type or name is no word.
    pub fn property(mut self, ptype: &str, name: &str, value: impl fmt::Display) -> Result<Self, ParseError> {
        if self.properties.len() < Results::MAX_PROPERTIES {
            self.properties.push(Property { ptype: word(ptype)?, name: word(name)?, value: Text::lossy(value) });
        }
        Ok(self)
    }

    /// Adds what the method looked at, as [`property`](Self::property) does, under a name that the program knows.
    #[must_use]
    pub fn with_property(mut self, ptype: Word, name: Word, value: impl fmt::Display) -> Self {
        if self.properties.len() < Results::MAX_PROPERTIES {
            let (ptype, name) = (ptype.as_str().into(), name.as_str().into());
            self.properties.push(Property { ptype, name, value: Text::lossy(value) });
        }
        self
    }

    /// The method: `spf`.
    pub fn method(&self) -> &str {
        &self.method
    }

    /// The result: `softfail`.
    pub fn result(&self) -> &str {
        &self.result
    }

    /// The reason in words.
    pub fn reason_text(&self) -> Option<&str> {
        self.reason.as_ref().map(Text::as_str)
    }

    /// What the method looked at, in order.
    pub fn properties(&self) -> &[Property] {
        &self.properties
    }

    /// The value of a property: `header`, `from`.
    pub fn value(&self, ptype: &str, name: &str) -> Option<&str> {
        let is_it = |one: &&Property| one.ptype.eq_ignore_ascii_case(ptype) && one.name.eq_ignore_ascii_case(name);
        self.properties.iter().find(is_it).map(Property::value)
    }
}

impl Property {
    /// The type: `header`, `smtp`, `policy`.
    pub fn ptype(&self) -> &str {
        &self.ptype
    }

    /// The name: `d`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The value, without quotes.
    pub fn value(&self) -> &str {
        self.value.as_str()
    }
}

/// RFC 8601 §2.2 `Keyword`, and the underscore and dot that are seen.
fn word(text: &str) -> Result<Box<str>, ParseError> {
    if text.is_empty() || text.len() > MAX_WORD {
        return Err(ParseError::new(WHAT, ParseErrorKind::Syntax("no word, or too long"), 0));
    }
    match text.char_indices().find(|(_, c)| !is_word(*c)) {
        Some((at, c)) => Err(ParseError::new(WHAT, ParseErrorKind::Forbidden(c), at)),
        None => Ok(text.into()),
    }
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_')
}

const ID: &str = "authserv-id";
const WHAT: &str = "Authentication-Results";
const MAX_WORD: usize = 64;
