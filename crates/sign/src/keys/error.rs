//! Why a store of keys gave no answer.

use std::error::Error;

use posthaste_types::Text;

/// Why a store of keys gave no answer. Never holds key material.
#[derive(Debug, thiserror::Error)]
#[error("key store: {text}")]
pub struct KeyStoreError {
    kind: KeyStoreErrorKind,
    text: Text,
    #[source]
    source: Option<Box<dyn Error + Send + Sync>>,
}

/// The kinds of [`KeyStoreError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum KeyStoreErrorKind {
    /// Somebody else is writing; repeat it.
    Busy,
    /// What is kept cannot be read.
    Damaged,
    /// There is a key of this domain and selector: it is never written over.
    Exists,
    /// Others than the owner may read the secrets, or put their own in place.
    Exposed,
    /// The store does not answer: the disk is full, the file is closed.
    Unavailable,
}

impl KeyStoreError {
    /// An error of this kind.
    pub fn new(kind: KeyStoreErrorKind, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        let source = source.into();
        Self { kind, text: Text::lossy(&source), source: Some(source) }
    }

    /// The kind.
    pub fn kind(&self) -> KeyStoreErrorKind {
        self.kind
    }

    /// Whether the same call may succeed later, with nothing mended.
    pub fn is_transient(&self) -> bool {
        match self.kind {
            KeyStoreErrorKind::Busy | KeyStoreErrorKind::Unavailable => true,
            KeyStoreErrorKind::Damaged | KeyStoreErrorKind::Exists | KeyStoreErrorKind::Exposed => false,
        }
    }
}
