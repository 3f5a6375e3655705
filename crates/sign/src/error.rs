//! Why a message was not signed.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use posthaste_types::Domain;

/// Why a message was not signed.
///
/// Never holds key material; the source may come from a library or a key service.
#[derive(Clone, Debug)]
pub struct SignError {
    kind: SignErrorKind,
    source: Option<Arc<dyn Error + Send + Sync>>,
}

/// The kinds of [`SignError`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SignErrorKind {
    /// The key exists but cannot be used: refused by the library, revoked, of the wrong kind.
    Key,
    /// The content is no message that can be signed.
    Malformed {
        /// What is wrong with it.
        fault: Malformed,
        /// The offset of the octet.
        at: usize,
    },
    /// There is no key for the From domain.
    NoKey {
        /// The From domain.
        from: Domain,
    },
    /// The key is not within reach now (a key service that does not answer): transient.
    Unavailable,
}

/// What makes content impossible to sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Malformed {
    /// The From field holds no address with a domain (RFC 5322 §3.6.2).
    BadFrom,
    /// A line of the header is no field and no continuation (RFC 5322 §2.2).
    BadHeader,
    /// The header is larger than the signer's limit.
    HeaderTooLarge {
        /// The limit, in octets.
        limit: usize,
    },
    /// More than one From field (RFC 5322 §3.6 allows one).
    ManyFrom,
    /// No From field (RFC 5322 §3.6, RFC 6376 §5.4).
    NoFrom,
}

impl SignError {
    /// No key for the domain `from`.
    pub fn no_key(from: Domain) -> Self {
        Self { kind: SignErrorKind::NoKey { from }, source: None }
    }

    /// The key cannot be used, because of `source`.
    pub fn key(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { kind: SignErrorKind::Key, source: Some(Arc::from(source.into())) }
    }

    /// The key is not within reach now, because of `source`.
    pub fn unavailable(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { kind: SignErrorKind::Unavailable, source: Some(Arc::from(source.into())) }
    }

    /// The content cannot be signed because of its octet `at`.
    pub fn malformed(fault: Malformed, at: usize) -> Self {
        Self { kind: SignErrorKind::Malformed { fault, at }, source: None }
    }

    /// Why.
    pub fn kind(&self) -> &SignErrorKind {
        &self.kind
    }

    /// Whether the same call may succeed later, with nothing changed.
    pub fn is_transient(&self) -> bool {
        match self.kind {
            SignErrorKind::Unavailable => true,
            SignErrorKind::Key | SignErrorKind::Malformed { .. } | SignErrorKind::NoKey { .. } => false,
        }
    }
}

impl fmt::Display for SignError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            SignErrorKind::Key => f.write_str("not signed: the key cannot be used"),
            SignErrorKind::Malformed { fault, at } => write!(f, "not signed: {fault} at byte {at}"),
            SignErrorKind::NoKey { from } => write!(f, "not signed: no key for the From domain {from}"),
            SignErrorKind::Unavailable => f.write_str("not signed: the key is not within reach"),
        }
    }
}

impl Error for SignError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_ref().map(|source| source.as_ref() as &(dyn Error + 'static))
    }
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BadFrom => f.write_str("the From field holds no address with a domain"),
            Self::BadHeader => f.write_str("a header line is no field"),
            Self::HeaderTooLarge { limit } => write!(f, "the header is larger than {limit} octets"),
            Self::ManyFrom => f.write_str("a second From field"),
            Self::NoFrom => f.write_str("no From field"),
        }
    }
}
