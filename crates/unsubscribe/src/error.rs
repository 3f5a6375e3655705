//! What is refused before any request comes.

use posthaste_token::TokenError;
use posthaste_types::ParseError;

/// Why an endpoint cannot be made as it was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// Not an `https:` URI of a host and a path, without query and fragment (RFC 8058 §3.1).
    #[error("not an https URI of at most 256 octets without query and fragment (RFC 8058 §3.1)")]
    Uri,
    /// The prefix is not 1 to 16 characters of `a-z` and `0-9`.
    #[error("the prefix is not 1 to 16 characters of a-z and 0-9")]
    Prefix,
}

/// Why no links were made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LinkError {
    /// The token could not be sealed.
    #[error("no token can be made")]
    Token(#[from] TokenError),
    /// The links would be no header field.
    #[error("no header field can be made")]
    Field(#[from] ParseError),
}
