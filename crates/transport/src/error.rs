//! Faults of ours, which bounce nobody.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use posthaste_types::Text;

/// Why no hop took anything for anyone. The whole attempt may be repeated.
#[derive(Debug, thiserror::Error)]
pub struct TransportError {
    kind: TransportErrorKind,
    text: Text,
    retry_after: Option<Duration>,
    #[source]
    source: Option<Box<dyn Error + Send + Sync>>,
}

/// The kinds of [`TransportError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TransportErrorKind {
    /// No connection is free in time; the peer is well.
    Busy,
    /// A fault of this program.
    Internal,
    /// A setting is wrong: a credential, a proxy, a certificate. Holds the route.
    Misconfigured,
    /// No hop could be reached.
    Unreachable,
    /// The mail was withdrawn before the first command.
    Withdrawn,
}

impl TransportError {
    /// An error of this kind, with words for people.
    pub fn new(kind: TransportErrorKind, text: impl fmt::Display) -> Self {
        Self { kind, text: Text::lossy(text), retry_after: None, source: None }
    }

    /// No hop could be reached.
    pub fn unreachable(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::caused(TransportErrorKind::Unreachable, source.into())
    }

    /// A setting is wrong.
    pub fn misconfigured(text: impl fmt::Display) -> Self {
        Self::new(TransportErrorKind::Misconfigured, text)
    }

    /// No connection is free in time.
    pub fn busy(text: impl fmt::Display) -> Self {
        Self::new(TransportErrorKind::Busy, text)
    }

    /// A fault of this program.
    pub fn internal(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::caused(TransportErrorKind::Internal, source.into())
    }

    fn caused(kind: TransportErrorKind, source: Box<dyn Error + Send + Sync>) -> Self {
        Self { kind, text: Text::lossy(&source), retry_after: None, source: Some(source) }
    }

    /// The same, and before this time has passed there is no use in trying again.
    #[must_use]
    pub fn retry_after(mut self, wait: Duration) -> Self {
        self.retry_after = Some(wait);
        self
    }

    /// How long there is no use in trying again, where that is known.
    pub fn wait(&self) -> Option<Duration> {
        self.retry_after
    }

    /// The kind.
    pub fn kind(&self) -> TransportErrorKind {
        self.kind
    }

    /// What it says.
    pub fn text(&self) -> &Text {
        &self.text
    }

    /// Whether repeating may help without anybody changing a setting.
    pub fn is_transient(&self) -> bool {
        !matches!(self.kind, TransportErrorKind::Misconfigured)
    }
}

impl fmt::Display for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            TransportErrorKind::Busy => "no connection is free",
            TransportErrorKind::Internal => "internal error",
            TransportErrorKind::Misconfigured => "misconfigured",
            TransportErrorKind::Unreachable => "unreachable",
            TransportErrorKind::Withdrawn => "withdrawn",
        };
        if self.text.is_empty() { f.write_str(kind) } else { write!(f, "{kind}: {}", self.text) }
    }
}

impl From<crate::Withdrawn> for TransportError {
    fn from(_: crate::Withdrawn) -> Self {
        Self::new(TransportErrorKind::Withdrawn, "")
    }
}
