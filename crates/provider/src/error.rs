//! Why a table was refused.

use std::fmt;

use posthaste_types::{ParseError, Text};

/// A table that cannot be used: where, and why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct RequirementsError {
    place: Text,
    kind: RequirementsErrorKind,
}

/// The kinds of [`RequirementsError`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RequirementsErrorKind {
    /// The same id stands twice.
    Duplicate,
    /// It is no TOML, a key is missing or not known, or a value is of another kind: the words of the TOML reader.
    Form(Text),
    /// A value is missing that this demand needs.
    Missing(&'static str),
    /// Larger than [`Requirements::MAX`](crate::Requirements::MAX) or
    /// [`Requirements::MAX_RULES`](crate::Requirements::MAX_RULES).
    #[non_exhaustive]
    TooLarge {
        /// The limit.
        limit: usize,
    },
    /// No source has this id.
    UnknownSource(Text),
    /// No demand, scope or force has this word.
    UnknownWord(Text),
    /// A value that cannot be read.
    Value(ParseError),
}

impl RequirementsError {
    pub(crate) fn new(place: impl fmt::Display, kind: RequirementsErrorKind) -> Self {
        Self { place: Text::lossy(place), kind }
    }

    /// The line, or the provider and its rule: `line 12`, `google rule 3`.
    pub fn place(&self) -> &str {
        self.place.as_str()
    }

    /// Why.
    pub fn kind(&self) -> &RequirementsErrorKind {
        &self.kind
    }
}

impl fmt::Display for RequirementsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "requirements, {}: ", self.place)?;
        match &self.kind {
            RequirementsErrorKind::Duplicate => f.write_str("the same id stands in an earlier place"),
            RequirementsErrorKind::Form(why) => why.fmt(f),
            RequirementsErrorKind::Missing(key) => write!(f, "`{key}` is missing"),
            RequirementsErrorKind::TooLarge { limit } => write!(f, "more than {limit}"),
            RequirementsErrorKind::UnknownSource(id) => write!(f, "no source is called `{id}`"),
            RequirementsErrorKind::UnknownWord(word) => write!(f, "`{word}` is not known"),
            RequirementsErrorKind::Value(error) => error.fmt(f),
        }
    }
}
