//! What reading refuses, and what it only notes.

/// The limits of reading. Each is checked before any decoder sees the octets.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// The message, in octets. Default 64 MiB.
    pub size: usize,
    /// The header of one part, in octets. Default 1 MiB.
    pub header: usize,
    /// The header fields of one part. Default 1,000.
    pub fields: usize,
    /// The parts, the message's own and those of embedded messages together. Default 1,000.
    pub parts: usize,
    /// How deep parts and messages stand within one another. Default 32.
    pub depth: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { size: 64 * 1024 * 1024, header: 1024 * 1024, fields: 1000, parts: 1000, depth: 32 }
    }
}

/// A message passes a limit: the only reason why reading fails.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("message: {limit} at byte {at}")]
pub struct ReadError {
    limit: Limit,
    at: usize,
}

impl ReadError {
    pub(crate) fn new(limit: Limit, at: usize) -> Self {
        Self { limit, at }
    }

    /// Which limit, and its value.
    pub fn limit(&self) -> Limit {
        self.limit
    }

    /// The offset at which it is passed.
    pub fn at(&self) -> usize {
        self.at
    }

    /// Whether trying again may help. Never.
    pub fn is_transient(&self) -> bool {
        false
    }
}

/// A limit of [`Limits`] and its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Limit {
    /// [`Limits::size`].
    #[error("larger than {0} octets")]
    Size(usize),
    /// [`Limits::header`].
    #[error("a header larger than {0} octets")]
    Header(usize),
    /// [`Limits::fields`].
    #[error("more than {0} header fields")]
    Fields(usize),
    /// [`Limits::parts`].
    #[error("more than {0} parts")]
    Parts(usize),
    /// [`Limits::depth`].
    #[error("parts more than {0} deep")]
    Depth(usize),
}

/// Something that the standards forbid and that reading got over. The first 100 are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Defect {
    /// What.
    pub kind: DefectKind,
    /// The offset.
    pub at: usize,
}

/// The kinds of [`Defect`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DefectKind {
    /// A line of the message ends with LF alone (RFC 5322 §2.3). Noted once.
    #[error("a bare LF")]
    BareLf,
    /// A multipart without its last delimiter (RFC 2046 §5.1.1).
    #[error("a multipart is not closed")]
    NotClosed,
    /// A line of the header that is no field (RFC 5322 §2.2); it was left out.
    #[error("a header line that is no field")]
    NotAField,
    /// A header that ends without an empty line.
    #[error("no empty line behind the header")]
    NoEmptyLine,
    /// A multipart without a boundary parameter (RFC 2046 §5.1.1); it is read as one part.
    #[error("a multipart without a boundary")]
    NoBoundary,
    /// A line `From ` of a mail store before the header.
    #[error("a mail store's From line before the header")]
    StoreLine,
    /// A MIME field that stands twice (RFC 2045 §3); the first holds.
    #[error("a MIME field stands twice")]
    Repeated,
}
