//! Why a line of a zone cannot be read.

use posthaste_types::ParseError;

/// Why a line of a zone cannot be read, and which.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {kind}")]
pub struct ZoneError {
    line: usize,
    kind: ZoneErrorKind,
}

/// The kinds of [`ZoneError`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ZoneErrorKind {
    /// An address is none, or of the other family.
    #[error("not an address of this kind")]
    Address,
    /// A field that must be hexadecimal is not.
    #[error("{0}: not hexadecimal")]
    Hex(&'static str),
    /// The kind of record is not known here.
    #[error("no kind of record that is known here")]
    Kind,
    /// The line ends where this field should stand.
    #[error("{0} is missing")]
    Missing(&'static str),
    /// A name is none.
    #[error("{0}: {1}")]
    Name(&'static str, ParseError),
    /// A field that must be a number is none, or too great.
    #[error("{0}: not a number, or out of range")]
    Number(&'static str),
    /// A quoted string has no end, or an escape is wrong.
    #[error("a quoted string has no end, or an escape is wrong")]
    Quote,
    /// Something stands behind the record.
    #[error("something stands behind the record")]
    Trailing,
}

impl ZoneError {
    pub(super) fn new(line: usize, kind: ZoneErrorKind) -> Self {
        Self { line, kind }
    }

    /// The line, counted from 1.
    pub fn line(&self) -> usize {
        self.line
    }

    /// Why.
    pub fn kind(&self) -> &ZoneErrorKind {
        &self.kind
    }
}
