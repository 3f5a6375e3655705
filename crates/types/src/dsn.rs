//! The parameters of delivery status notifications (RFC 3461).

use std::fmt;

use crate::error::{ParseError, ParseErrorKind};
use crate::macros::validated_string;

/// NOTIFY of RFC 3461 §4.1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
#[expect(clippy::exhaustive_enums, reason = "RFC 3461 §4.1 is closed")]
pub enum Notify {
    /// As the server likes: no parameter.
    #[default]
    Default,
    /// Never.
    Never,
    /// On these occasions; at least one.
    On {
        /// On delivery.
        success: Wanted,
        /// On failure.
        failure: Wanted,
        /// On delay.
        delay: Wanted,
    },
}

/// Whether a notice is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
#[expect(clippy::exhaustive_enums, reason = "two values")]
pub enum Wanted {
    /// It is.
    Yes,
    /// It is not.
    No,
}

/// The value of the parameter: `NEVER`, or a list; empty for [`Notify::Default`].
impl fmt::Display for Notify {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self::On { success, failure, delay } = self else {
            return f.write_str(if *self == Self::Never { "NEVER" } else { "" });
        };
        let all = [(success, "SUCCESS"), (failure, "FAILURE"), (delay, "DELAY")];
        let wanted: Vec<&str> = all.iter().filter(|(w, _)| **w == Wanted::Yes).map(|(_, name)| *name).collect();
        f.write_str(&wanted.join(","))
    }
}

/// ORCPT of RFC 3461 §4.2: `type;address`, plain (not xtext-encoded), at most 500 octets.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OriginalRecipient(Box<str>);

impl OriginalRecipient {
    /// Reads `type;address`.
    ///
    /// # Errors
    /// [`ParseError`] with the offset of the first offence.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        const WHAT: &str = "original recipient";
        parameter(WHAT, text, 500)?;
        match text.split_once(';') {
            Some((kind, address))
                if !kind.is_empty()
                    && !address.is_empty()
                    && kind.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') =>
            {
                Ok(Self(text.into()))
            }
            _ => Err(ParseError::syntax(WHAT, "not type;address", 0)),
        }
    }

    /// The whole, `type;address`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The address type, such as `rfc822`.
    pub fn kind(&self) -> &str {
        self.0.split(';').next().unwrap_or_default()
    }

    /// The address behind the first semicolon.
    pub fn address(&self) -> &str {
        self.0.split_once(';').map(|(_, address)| address).unwrap_or_default()
    }
}

impl fmt::Display for OriginalRecipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

validated_string!(OriginalRecipient);

/// ENVID of RFC 3461 §4.4: printable ASCII, 1 to 100 octets, plain (not xtext-encoded).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EnvelopeId(Box<str>);

impl EnvelopeId {
    /// Reads an envelope id.
    ///
    /// # Errors
    /// [`ParseError`] with the offset of the first offence.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        const WHAT: &str = "envelope id";
        parameter(WHAT, text, 100)?;
        match text.char_indices().find(|(_, c)| !c.is_ascii()) {
            Some((at, c)) => Err(ParseError::new(WHAT, ParseErrorKind::Forbidden(c), at)),
            None => Ok(Self(text.into())),
        }
    }

    /// The id.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for EnvelopeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

validated_string!(EnvelopeId);

/// RET of RFC 3461 §4.3.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
#[expect(clippy::exhaustive_enums, reason = "RFC 3461 §4.3 is closed")]
pub enum Ret {
    /// The whole message.
    Full,
    /// The headers alone.
    Headers,
}

fn parameter(what: &'static str, text: &str, limit: usize) -> Result<(), ParseError> {
    if text.is_empty() {
        return Err(ParseError::new(what, ParseErrorKind::Empty, 0));
    }
    if text.len() > limit {
        return Err(ParseError::new(what, ParseErrorKind::TooLong { limit }, limit));
    }
    match text.char_indices().find(|(_, c)| crate::error::is_control(*c) || c.is_whitespace()) {
        Some((at, c)) => Err(ParseError::new(what, ParseErrorKind::Forbidden(c), at)),
        None => Ok(()),
    }
}
