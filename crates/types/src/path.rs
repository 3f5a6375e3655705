//! The reverse path.

use std::fmt;

use crate::address::Address;
use crate::error::ParseError;
use crate::macros::validated_string;

/// Where a report of failure goes: MAIL FROM (RFC 5321 §4.1.1.2). Null for what must not be answered.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum ReversePath {
    /// `<>`: the sender of reports and automatic replies.
    Null,
    /// An address that takes reports.
    Address(Address),
}

impl ReversePath {
    /// Reads a path with or without angle brackets; `<>` and nothing are null.
    ///
    /// # Errors
    /// [`ParseError`] with the offset of the first offence.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        let (inner, offset) = match text.strip_prefix('<') {
            Some(rest) => match rest.strip_suffix('>') {
                Some(inner) => (inner, 1),
                None => return Err(ParseError::syntax("path", "'<' without '>'", text.len())),
            },
            None => (text, 0),
        };
        if inner.is_empty() {
            return Ok(Self::Null);
        }
        Address::parse(inner).map(Self::Address).map_err(|error| error.within(offset))
    }

    /// The address, unless null.
    pub fn address(&self) -> Option<&Address> {
        match self {
            Self::Null => None,
            Self::Address(address) => Some(address),
        }
    }
}

impl From<Address> for ReversePath {
    fn from(address: Address) -> Self {
        Self::Address(address)
    }
}

impl fmt::Display for ReversePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("<>"),
            Self::Address(address) => write!(f, "<{address}>"),
        }
    }
}

validated_string!(ReversePath);
