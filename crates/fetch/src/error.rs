//! Why there is no response.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

/// Why there is no whole response.
#[derive(Clone, Debug)]
pub struct FetchError {
    kind: FetchErrorKind,
    source: Option<Arc<dyn Error + Send + Sync>>,
}

/// The kinds of [`FetchError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FetchErrorKind {
    /// The connection ended before the response did.
    Closed,
    /// The name has no address, or is not known now.
    Dns,
    /// The settings do not allow it: the scheme, or an address that is not of the public Internet.
    Forbidden,
    /// What came is no HTTP response.
    Protocol,
    /// No time was left.
    Timeout,
    /// TLS failed, or the certificate is not valid for the host.
    Tls,
    /// The body is longer than the request allows.
    TooLarge,
    /// There is no connection to the host.
    Unreachable,
}

impl FetchError {
    /// An error of a kind, because of `source`.
    pub fn new(kind: FetchErrorKind, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { kind, source: Some(Arc::from(source.into())) }
    }

    /// Why.
    pub fn kind(&self) -> FetchErrorKind {
        self.kind
    }

    /// Whether the same request may succeed later, with nothing changed on this side.
    pub fn is_transient(&self) -> bool {
        match self.kind {
            FetchErrorKind::Forbidden | FetchErrorKind::TooLarge => false,
            FetchErrorKind::Closed
            | FetchErrorKind::Dns
            | FetchErrorKind::Protocol
            | FetchErrorKind::Timeout
            | FetchErrorKind::Tls
            | FetchErrorKind::Unreachable => true,
        }
    }
}

impl From<FetchErrorKind> for FetchError {
    fn from(kind: FetchErrorKind) -> Self {
        Self { kind, source: None }
    }
}

impl fmt::Display for FetchErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Closed => "the connection ended before the response",
            Self::Dns => "the host has no address",
            Self::Forbidden => "not allowed",
            Self::Protocol => "no HTTP response",
            Self::Timeout => "no response in time",
            Self::Tls => "TLS",
            Self::TooLarge => "the body is too large",
            Self::Unreachable => "no connection",
        })
    }
}

impl fmt::Display for FetchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.source {
            Some(source) => write!(f, "{}: {source}", self.kind),
            None => self.kind.fmt(f),
        }
    }
}

impl Error for FetchError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        // Its text stands in ours already.
        self.source.as_ref().and_then(|source| source.source())
    }
}
