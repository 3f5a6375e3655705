//! The algorithms of a signature, by the names that stand in it.

use std::fmt;

/// How a signature is made: the `a=` tag (RFC 6376 §3.3, RFC 8463 §3).
///
/// `rsa-sha1` is not among them: it must be neither made nor accepted (RFC 8301 §3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Algorithm {
    /// `rsa-sha256`.
    RsaSha256,
    /// `ed25519-sha256`.
    Ed25519Sha256,
}

impl Algorithm {
    /// The name that stands in `a=`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::RsaSha256 => "rsa-sha256",
            Self::Ed25519Sha256 => "ed25519-sha256",
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How much a header or a body may change on the way without breaking the signature (RFC 6376 §3.4).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "RFC 6376 §3.4 names these two")]
pub enum Canonicalization {
    /// Not at all, but for empty lines at the end of the body.
    Simple,
    /// White space may change, and the folding and case of field names; the default, as relays do that.
    #[default]
    Relaxed,
}

impl Canonicalization {
    /// The name that stands in `c=`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Simple => "simple",
            Self::Relaxed => "relaxed",
        }
    }
}

impl fmt::Display for Canonicalization {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
