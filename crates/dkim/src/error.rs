//! Why a key or a signer could not be made.

use std::convert::Infallible;
use std::error::Error;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use posthaste_types::ParseError;

/// Why a key or a signer could not be made. Names the file, if one was read; never holds key material.
#[derive(Clone, Debug)]
pub struct DkimError {
    kind: DkimErrorKind,
    path: Option<PathBuf>,
    source: Option<Arc<dyn Error + Send + Sync>>,
}

/// The kinds of [`DkimError`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DkimErrorKind {
    /// The key is encrypted; only plain keys are read.
    Encrypted,
    /// The file could not be read or written.
    File,
    /// A header field that must not be signed, or must not be left out.
    Header {
        /// Why.
        why: &'static str,
    },
    /// Not the text or the structure of a key.
    Malformed {
        /// Which part is wrong.
        why: &'static str,
    },
    /// The domain or the selector is none.
    Name,
    /// There is no private key in the text.
    NoKey,
    /// This is the public key; the private one is needed.
    PublicKey,
    /// The key looks right, but the library refuses it (its numbers do not fit together).
    Rejected,
    /// The RSA modulus is shorter than RFC 8301 §3.2 advises or longer than verifiers must accept.
    RsaSize {
        /// The length of the modulus, in bits.
        bits: usize,
    },
    /// More octets than a key can have.
    TooLarge {
        /// The limit, in octets.
        limit: usize,
    },
    /// A key of an algorithm, or in a format, that DKIM does not have.
    Unsupported {
        /// What it is.
        what: &'static str,
    },
}

impl DkimError {
    pub(crate) fn because(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.source = Some(Arc::from(source.into()));
        self
    }

    pub(crate) fn in_file(mut self, path: &Path) -> Self {
        self.path = Some(path.to_owned());
        self
    }

    /// Why.
    pub fn kind(&self) -> &DkimErrorKind {
        &self.kind
    }

    /// The file, if one was read or written.
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }
}

impl fmt::Display for DkimError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(path) = &self.path {
            write!(f, "{}: ", path.display())?;
        }
        match (&self.kind, &self.source) {
            // These say nothing without their source, and the source is short.
            (DkimErrorKind::File | DkimErrorKind::Name, Some(source)) => source.fmt(f),
            (kind, _) => kind.fmt(f),
        }
    }
}

impl Error for DkimError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_ref().map(|source| source.as_ref() as &(dyn Error + 'static))
    }
}

impl From<DkimErrorKind> for DkimError {
    fn from(kind: DkimErrorKind) -> Self {
        Self { kind, path: None, source: None }
    }
}

impl From<ParseError> for DkimError {
    fn from(error: ParseError) -> Self {
        Self::from(DkimErrorKind::Name).because(error)
    }
}

impl From<Infallible> for DkimError {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

impl fmt::Display for DkimErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Encrypted => f.write_str("the key is encrypted, a plain PKCS #8 key is needed"),
            Self::File => f.write_str("the file cannot be used"),
            Self::Header { why } => f.write_str(why),
            Self::Malformed { why } => write!(f, "not a private key: {why}"),
            Self::Name => f.write_str("not a domain or selector"),
            Self::NoKey => f.write_str("no private key found (PEM, PKCS #8 or PKCS #1)"),
            Self::PublicKey => f.write_str("this is a public key, the private key is needed"),
            Self::Rejected => f.write_str("the key is damaged: its parts do not fit together"),
            Self::RsaSize { bits } => write!(f, "an RSA key of {bits} bits, 2048 to 4096 are needed"),
            Self::TooLarge { limit } => write!(f, "more than {limit} octets, no key is that long"),
            Self::Unsupported { what } => write!(f, "{what} cannot sign DKIM, an RSA or Ed25519 key is needed"),
        }
    }
}
