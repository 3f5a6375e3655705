//! What comes back.

use std::fmt;

use crate::url::Url;

/// A whole response.
#[derive(Clone, PartialEq, Eq)]
pub struct Response {
    status: u16,
    headers: Vec<(Box<str>, Box<[u8]>)>,
    body: Vec<u8>,
}

impl Response {
    /// A response without header fields and body.
    pub fn new(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Vec::new() }
    }

    /// Adds a header field, as it came.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: &[u8]) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Sets the body.
    #[must_use]
    pub fn with_body(mut self, body: Vec<u8>) -> Self {
        self.body = body;
        self
    }

    /// The status code (RFC 9110 §15).
    pub fn status(&self) -> u16 {
        self.status
    }

    /// The first header field of a name, whatever its case; `None` too if it is not text.
    pub fn header(&self, name: &str) -> Option<&str> {
        let (_, value) = self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name))?;
        std::str::from_utf8(value).ok()
    }

    /// The type and subtype of `Content-Type` without parameters (RFC 9110 §8.3), as it came.
    pub fn media_type(&self) -> Option<&str> {
        self.header("content-type").map(|value| value.split(';').next().unwrap_or_default().trim())
    }

    /// The body.
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// Where a redirect leads that answers to a request to `url`; `None` if this is none, or to no URL of ours.
    pub fn redirect(&self, url: &Url) -> Option<Url> {
        match self.status {
            301 | 302 | 303 | 307 | 308 => url.join(self.header("location")?),
            _ => None,
        }
    }
}

/// Without the body, which may be large, and without the values of header fields.
impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { status, headers, body } = self;
        let names: Vec<&str> = headers.iter().map(|(name, _)| &**name).collect();
        f.debug_struct("Response")
            .field("status", status)
            .field("headers", &names)
            .field("body_octets", &body.len())
            .finish()
    }
}
