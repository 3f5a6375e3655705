//! What is asked.

use std::fmt;

use posthaste_types::{ParseError, ParseErrorKind};

use crate::url::Url;

/// One request.
#[derive(Clone, PartialEq, Eq)]
pub struct Request {
    method: Method,
    url: Url,
    headers: Vec<(Box<str>, Box<str>)>,
    body: Vec<u8>,
    max_body: usize,
}

/// The methods (RFC 9110 §9.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Method {
    /// Asks for what is there.
    Get,
    /// Hands something in.
    Post,
}

impl Request {
    /// The longest body of a response, in octets, unless a request says another.
    pub const MAX_BODY: usize = 64 * 1024;

    /// A GET request.
    pub fn get(url: Url) -> Self {
        Self { method: Method::Get, url, headers: Vec::new(), body: Vec::new(), max_body: Self::MAX_BODY }
    }

    /// A POST request with this body.
    pub fn post(url: Url, body: impl Into<Vec<u8>>) -> Self {
        Self { method: Method::Post, body: body.into(), ..Self::get(url) }
    }

    /// Adds a header field. `Host` and `Content-Length` are the implementation's.
    ///
    /// # Errors
    /// [`ParseError`] if the name is no token, or the value holds what a line cannot (RFC 9110 §5.5).
    pub fn with_header(mut self, name: &str, value: &str) -> Result<Self, ParseError> {
        if name.is_empty() {
            return Err(ParseError::new(NAME, ParseErrorKind::Empty, 0));
        }
        let token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
        if let Some((at, c)) = name.char_indices().find(|(_, c)| !token(*c)) {
            return Err(ParseError::new(NAME, ParseErrorKind::Forbidden(c), at));
        }
        if let Some((at, c)) = value.char_indices().find(|(_, c)| !matches!(c, ' '..='~' | '\t')) {
            return Err(ParseError::new(VALUE, ParseErrorKind::Forbidden(c), at));
        }
        self.headers.push((name.into(), value.trim_matches([' ', '\t']).into()));
        Ok(self)
    }

    /// The longest body of the response, in octets.
    #[must_use]
    pub fn with_max_body(mut self, octets: usize) -> Self {
        self.max_body = octets;
        self
    }

    /// The method.
    pub fn method(&self) -> Method {
        self.method
    }

    /// Where it goes.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// The header fields that were added.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &str)> {
        self.headers.iter().map(|(name, value)| (&**name, &**value))
    }

    /// What is handed in.
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// The longest body of the response, in octets.
    pub fn max_body(&self) -> usize {
        self.max_body
    }

    pub(crate) fn to(&self, url: Url) -> Self {
        Self { url, ..self.clone() }
    }
}

/// Without the values of header fields, which may be secrets.
impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { method, url, headers, body, max_body } = self;
        let names: Vec<&str> = headers.iter().map(|(name, _)| &**name).collect();
        f.debug_struct("Request")
            .field("method", method)
            .field("url", url)
            .field("headers", &names)
            .field("body_octets", &body.len())
            .field("max_body", max_body)
            .finish()
    }
}

const NAME: &str = "header name";
const VALUE: &str = "header value";
