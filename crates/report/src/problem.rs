//! What reading could not make sense of, and where.

use std::fmt;

/// Something that a report should not be, and that reading got over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Problem {
    /// What.
    pub kind: ProblemKind,
    /// The element, field or container, by the standard's word: `source_ip`, `date-range`, `gzip`.
    pub what: &'static str,
    /// The offset in octets. In the document after it was inflated; for what contains it, in the container.
    pub at: usize,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} at byte {}", self.what, self.kind, self.at)
    }
}

/// The kinds of [`Problem`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum ProblemKind {
    /// [`Limits::attributes`](crate::Limits::attributes): the rest was not looked at.
    #[error("more attributes than are looked at")]
    Attributes,
    /// Upper case where the standard has lower case. It was read all the same.
    #[error("not in lower case")]
    Case,
    /// A compressed stream or an archive that is not whole, or whose checksum does not agree. What was inflated before it was
    /// read.
    #[error("the compressed data is damaged")]
    Damaged,
    /// [`Limits::depth`](crate::Limits::depth): what stands deeper was left out.
    #[error("nested too deep")]
    Depth,
    /// A document type declaration. Nothing in it is used.
    #[error("a document type declaration, not used")]
    Doctype,
    /// There is nothing in it.
    #[error("empty")]
    Empty,
    /// A reference to an entity that XML does not know by itself. It was left out.
    #[error("a reference to an entity that is not known")]
    Entity,
    /// [`Limits::entries`](crate::Limits::entries): the rest was not looked at.
    #[error("more parts than are looked at")]
    Entries,
    /// [`Limits::inflated`](crate::Limits::inflated): what was inflated until then was read.
    #[error("inflates to more than is read")]
    Inflated,
    /// [`Limits::items`](crate::Limits::items): the rest was left out.
    #[error("more of these than are kept")]
    Items,
    /// The standard requires it and it is not there.
    #[error("missing")]
    Missing,
    /// An end tag that closes nothing, or closes more than one element.
    #[error("an end tag that does not match")]
    Mismatched,
    /// [`Limits::nesting`](crate::Limits::nesting): what is within was not opened.
    #[error("archives within archives, too deep")]
    Nesting,
    /// No report of a known form.
    #[error("not a report")]
    NotAReport,
    /// Octets that are not of the declared character set. They became U+FFFD.
    #[error("octets that are no text in this character set")]
    NotText,
    /// A feedback report, but not one on authentication: `posthaste-bounce` reads complaints.
    #[error("a feedback report of another type")]
    OtherFeedback,
    /// [`Limits::records`](crate::Limits::records): the rest was left out.
    #[error("more records than are kept")]
    Records,
    /// It stands twice where it may stand once. The first holds.
    #[error("stands twice")]
    Repeated,
    /// The grammar is violated. Reading went on behind it where that is possible.
    #[error("not well-formed")]
    Syntax,
    /// [`Limits::text`](crate::Limits::text): the rest was cut.
    #[error("too long, cut")]
    TooLong,
    /// The document ends before it is complete.
    #[error("ends too early")]
    Truncated,
    /// A compression or an encryption that the standards do not name.
    #[error("a compression that is not read")]
    Unsupported,
    /// A value that the standard does not allow here. It was left out.
    #[error("not a value that the standard allows")]
    Value,
}

/// The problems of one document: the first ones, and how many there were beyond.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Problems {
    kept: Vec<Problem>,
    omitted: usize,
}

impl Problems {
    /// The first problems, as many as [`Limits::problems`](crate::Limits::problems), and each limit that was passed.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Problem> {
        self.kept.iter()
    }

    /// How many more there were.
    pub fn omitted(&self) -> usize {
        self.omitted
    }

    /// Whether there were none.
    pub fn is_empty(&self) -> bool {
        self.kept.is_empty() && self.omitted == 0
    }

    /// Whether one of the kept is of this kind.
    pub fn has(&self, kind: ProblemKind) -> bool {
        self.kept.iter().any(|problem| problem.kind == kind)
    }

    pub(crate) fn note(&mut self, most: usize, kind: ProblemKind, what: &'static str, at: usize) {
        if self.kept.len() < most {
            self.kept.push(Problem { kind, what, at });
        } else {
            self.omitted = self.omitted.saturating_add(1);
        }
    }

    /// Notes what is worth saying only once in a document: that a limit was passed. It is kept however many there are.
    pub(crate) fn note_once(&mut self, kind: ProblemKind, what: &'static str, at: usize) {
        if !self.kept.iter().any(|problem| problem.kind == kind && problem.what == what) {
            self.kept.push(Problem { kind, what, at });
        }
    }
}

/// The input is larger than [`Limits::input`](crate::Limits::input): the only reason why reading fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("report: {size} octets, more than the limit of {limit}")]
pub struct ReadError {
    pub(crate) size: usize,
    pub(crate) limit: usize,
}

impl ReadError {
    /// The size that was given, in octets.
    pub fn size(&self) -> usize {
        self.size
    }

    /// The limit, in octets.
    pub fn limit(&self) -> usize {
        self.limit
    }

    /// Whether trying again may help. Never.
    pub fn is_transient(&self) -> bool {
        false
    }
}

/// A value that the standard does not allow in a report that is to be written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}: {kind}{}", .record.map(|index| format!(" (record {index})")).unwrap_or_default())]
pub struct ComposeError {
    pub(crate) kind: ComposeErrorKind,
    pub(crate) what: &'static str,
    pub(crate) record: Option<usize>,
}

impl ComposeError {
    pub(crate) fn new(kind: ComposeErrorKind, what: &'static str) -> Self {
        Self { kind, what, record: None }
    }

    pub(crate) fn within(mut self, record: usize) -> Self {
        self.record = Some(record);
        self
    }

    /// Why.
    pub fn kind(&self) -> ComposeErrorKind {
        self.kind
    }

    /// The element or field, by the standard's word.
    pub fn what(&self) -> &'static str {
        self.what
    }

    /// The index of the record or policy in which it stands.
    pub fn record(&self) -> Option<usize> {
        self.record
    }

    /// Whether trying again may help. Never.
    pub fn is_transient(&self) -> bool {
        false
    }
}

/// The kinds of [`ComposeError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum ComposeErrorKind {
    /// A character that the form cannot hold: a control, a line end.
    #[error("a character that is not allowed")]
    Forbidden,
    /// The standard requires it.
    #[error("missing")]
    Missing,
    /// The chosen schema has no place for it.
    #[error("not in this schema")]
    NotInSchema,
    /// Longer than a reader with default limits keeps.
    #[error("too long")]
    TooLong,
    /// More than the standard allows.
    #[error("too many")]
    TooMany,
}
