//! Bounds of what is read.

use std::fmt;

/// Bounds of what [`read_with`](crate::read_with) takes. What passes one of the first six is an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// The whole message, in octets: 64 MiB unless set. A report may hold the whole message that it is about.
    pub size: usize,
    /// One header, in octets: 256 KiB unless set.
    pub header: usize,
    /// How deep multiparts may nest: 8 unless set.
    pub depth: usize,
    /// How many parts there may be: 200 unless set.
    pub parts: usize,
    /// How many recipients a report may be about, those included that it does not name: 10,000 unless set.
    pub recipients: usize,
    /// A part of fields (delivery status, feedback report, header), decoded, in octets: 8 MiB unless set.
    pub fields: usize,
    /// How much of a text for people is looked at, in octets: 64 KiB unless set. What is longer is cut.
    pub text: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            size: 64 * 1024 * 1024,
            header: 256 * 1024,
            depth: 8,
            parts: 200,
            recipients: 10_000,
            fields: 8 * 1024 * 1024,
            text: 64 * 1024,
        }
    }
}

/// A limit was passed: which, and where in the message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct ReadError {
    kind: ReadErrorKind,
    limit: usize,
    at: usize,
}

/// The limits of [`ReadError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ReadErrorKind {
    /// [`Limits::depth`].
    Depth,
    /// [`Limits::fields`].
    Fields,
    /// [`Limits::header`].
    Header,
    /// [`Limits::parts`].
    Parts,
    /// [`Limits::recipients`].
    Recipients,
    /// [`Limits::size`].
    Size,
}

impl ReadError {
    pub(crate) fn new(kind: ReadErrorKind, limit: usize, at: usize) -> Self {
        Self { kind, limit, at }
    }

    /// Which limit.
    pub fn kind(&self) -> ReadErrorKind {
        self.kind
    }

    /// Its value.
    pub fn limit(&self) -> usize {
        self.limit
    }

    /// The octet of the message, from 0, at which the part begins that passed it.
    pub fn at(&self) -> usize {
        self.at
    }
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let limit = self.limit;
        match self.kind {
            ReadErrorKind::Depth => write!(f, "multiparts nest deeper than {limit}")?,
            ReadErrorKind::Fields => write!(f, "a part of fields is longer than {limit} octets")?,
            ReadErrorKind::Header => write!(f, "a header is longer than {limit} octets")?,
            ReadErrorKind::Parts => write!(f, "more than {limit} parts")?,
            ReadErrorKind::Recipients => write!(f, "more than {limit} recipients")?,
            ReadErrorKind::Size => write!(f, "the message is longer than {limit} octets")?,
        }
        write!(f, " (at octet {})", self.at)
    }
}
