//! Why a spool did not do it.

use std::error::Error;

use posthaste_types::Text;

/// Why a spool did not do what it was asked for.
#[derive(Debug, thiserror::Error)]
#[error("spool: {text}")]
pub struct SpoolError {
    kind: SpoolErrorKind,
    text: Text,
    #[source]
    source: Option<Box<dyn Error + Send + Sync>>,
}

/// The kinds of [`SpoolError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SpoolErrorKind {
    /// A disk is full.
    Full,
    /// Another process owns the spool.
    InUse,
    /// Reading or writing failed. After a failed sync, every write fails until the spool is opened again.
    Io,
    /// The file is no spool, or its schema is newer than this release.
    NotASpool,
    /// The spool was closed.
    Closed,
}

impl SpoolError {
    /// An error of this kind, with its cause.
    pub fn new(kind: SpoolErrorKind, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        let source = source.into();
        Self { kind, text: Text::lossy(&source), source: Some(source) }
    }

    /// The kind.
    pub fn kind(&self) -> SpoolErrorKind {
        self.kind
    }

    /// Whether the same may succeed later.
    pub fn is_transient(&self) -> bool {
        matches!(self.kind, SpoolErrorKind::Full | SpoolErrorKind::InUse)
    }
}
