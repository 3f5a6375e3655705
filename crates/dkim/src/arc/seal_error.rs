//! Why a message was not sealed.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use posthaste_sign::Malformed;

/// Why a message was not sealed. Never holds key material; never transient.
#[derive(Clone, Debug)]
pub struct SealError {
    kind: SealErrorKind,
    source: Option<Arc<dyn Error + Send + Sync>>,
}

/// The kinds of [`SealError`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SealErrorKind {
    /// The result of the check is of another message.
    Chain,
    /// The library refuses the key.
    Key,
    /// The content is no message that can be sealed.
    Malformed {
        /// What is wrong with it.
        fault: Malformed,
        /// The offset of the octet.
        at: usize,
    },
    /// The results cannot be written as a field: they name no host, or hold a word too long for a line.
    Verdicts,
}

impl SealError {
    pub(super) fn because(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.source = Some(Arc::from(source.into()));
        self
    }

    /// Why.
    pub fn kind(&self) -> &SealErrorKind {
        &self.kind
    }
}

impl From<SealErrorKind> for SealError {
    fn from(kind: SealErrorKind) -> Self {
        Self { kind, source: None }
    }
}

impl fmt::Display for SealError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            SealErrorKind::Chain => f.write_str("not sealed: the chain that was checked is not this message's"),
            SealErrorKind::Key => f.write_str("not sealed: the key cannot be used"),
            SealErrorKind::Malformed { fault, at } => write!(f, "not sealed: {fault} at byte {at}"),
            SealErrorKind::Verdicts => f.write_str("not sealed: the results cannot be written"),
        }
    }
}

impl Error for SealError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_ref().map(|source| source.as_ref() as &(dyn Error + 'static))
    }
}
