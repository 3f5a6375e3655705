//! The limits of reading, and the one error of it.

use crate::xarf::XarfError;

/// The limits of reading.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Size, header and parts of the mail.
    pub mail: posthaste_message::Limits,
    /// How many fields of one name are kept, such as Original-Rcpt-To. Default 1,000; more are a
    /// [`Defect`](crate::Defect).
    pub fields: usize,
    /// The header of the original, in octets. Default 256 KiB; what is longer is cut.
    pub original: usize,
    /// A XARF document, in octets. Default 16 MiB. It nests at most 128 deep.
    pub xarf: usize,
    /// How much of a text for people is looked at, in octets. Default 16 KiB.
    pub text: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            mail: posthaste_message::Limits::default(),
            fields: 1000,
            original: 256 * 1024,
            xarf: 16 * 1024 * 1024,
            text: 16 * 1024,
        }
    }
}

/// Why a message that may be feedback could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The mail passes a limit.
    #[error(transparent)]
    Mail(#[from] posthaste_message::ReadError),
    /// It carries a XARF document that is none.
    #[error(transparent)]
    Xarf(#[from] XarfError),
}

/// The kinds of [`ReadError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ReadErrorKind {
    /// A limit is passed.
    Limit,
    /// A document violates its schema.
    Invalid,
}

impl ReadError {
    /// What kind of error.
    pub fn kind(&self) -> ReadErrorKind {
        match self {
            Self::Mail(_) => ReadErrorKind::Limit,
            Self::Xarf(error) if error.is_limit() => ReadErrorKind::Limit,
            Self::Xarf(_) => ReadErrorKind::Invalid,
        }
    }

    /// Whether trying again may help. Never.
    pub fn is_transient(&self) -> bool {
        false
    }
}
