//! The two header fields.

use posthaste_message::MessageBuilder;
use posthaste_types::{Domain, HeaderField};

use crate::error::LinkError;

/// The ways out of one mail. Whoever holds them can leave: `Debug` is redacted.
#[derive(Clone, PartialEq, Eq)]
pub struct Links {
    https: String,
    mailto: Option<String>,
}

impl Links {
    pub(crate) fn new(https: String, mailto: Option<String>) -> Self {
        Self { https, mailto }
    }

    /// The `https:` URI, for the header and for a visible link in the body.
    pub fn https(&self) -> &str {
        &self.https
    }

    /// The `mailto:` URI, if the endpoint has one.
    pub fn mailto(&self) -> Option<&str> {
        self.mailto.as_deref()
    }

    /// List-Unsubscribe, the `https:` URI first, and List-Unsubscribe-Post (RFC 8058 §3.1).
    ///
    /// # Errors
    /// [`LinkError::Field`].
    pub fn fields(&self) -> Result<[HeaderField; 2], LinkError> {
        let mailto = self.mailto.iter().map(|uri| format!(",\r\n <{uri}>")).collect::<String>();
        Ok([
            HeaderField::parse(&format!("List-Unsubscribe: <{}>{mailto}", self.https))?,
            HeaderField::parse("List-Unsubscribe-Post: List-Unsubscribe=One-Click")?,
        ])
    }

    /// Sets both fields of a message that is being composed.
    pub fn apply(&self, message: MessageBuilder) -> MessageBuilder {
        let message = message.one_click(&self.https);
        self.mailto.iter().fold(message, |message, uri| message.list_unsubscribe(uri))
    }
}

impl std::fmt::Debug for Links {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Links(***)")
    }
}

/// QUIRK: Apple Mail writes a subject of its own, so the token stands in the address where it fits
/// (RFC 5321 §4.5.3.1.1: 64 octets).
pub(crate) fn mailto(prefix: &str, domain: &Domain, token: &str) -> String {
    if prefix.len() + 1 + token.len() <= 64 {
        format!("mailto:{prefix}-{token}@{domain}?subject=unsubscribe")
    } else {
        format!("mailto:{prefix}@{domain}?subject=unsubscribe%20{token}")
    }
}
