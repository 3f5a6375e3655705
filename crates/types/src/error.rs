//! The one error of parsing a word of the vocabulary.

use std::convert::Infallible;
use std::fmt;

/// Why a text is not what it should be, and where.
///
/// One type serves the whole crate: a caller learns which type refused ([`what`](Self::what)), why
/// ([`kind`](Self::kind)) and at which byte ([`at`](Self::at)). A character that is not allowed is
/// quoted; the text itself is not repeated, so that an address or a secret does not leak through an error
/// message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct ParseError {
    what: &'static str,
    kind: ParseErrorKind,
    at: usize,
}

/// The kinds of [`ParseError`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ParseErrorKind {
    /// There is nothing where something is required.
    Empty,
    /// A character that the grammar forbids here: a line end, a control, or another one.
    Forbidden(char),
    /// Longer than the standard allows; the limit is in octets.
    TooLong {
        /// The limit, in octets.
        limit: usize,
    },
    /// More entries than allowed.
    TooMany {
        /// The limit, in entries.
        limit: usize,
    },
    /// The grammar is violated; the text says how.
    Syntax(&'static str),
}

impl ParseError {
    /// Says that `what` was refused at byte `at`.
    pub fn new(what: &'static str, kind: ParseErrorKind, at: usize) -> Self {
        Self { what, kind, at }
    }

    pub(crate) fn syntax(what: &'static str, why: &'static str, at: usize) -> Self {
        Self::new(what, ParseErrorKind::Syntax(why), at)
    }

    /// Which type refused: "domain", "address", "header value".
    pub fn what(&self) -> &'static str {
        self.what
    }

    /// Why.
    pub fn kind(&self) -> &ParseErrorKind {
        &self.kind
    }

    /// The byte offset in the text that was given.
    pub fn at(&self) -> usize {
        self.at
    }

    /// The same error as seen from a longer text that holds this one from `offset` on.
    #[must_use]
    pub fn within(mut self, offset: usize) -> Self {
        self.at += offset;
        self
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, kind, at } = self;
        match kind {
            ParseErrorKind::Empty => write!(f, "{what}: empty at byte {at}"),
            ParseErrorKind::Forbidden(c) => {
                write!(f, "{what}: character {c:?} (U+{:04X}) is not allowed at byte {at}", u32::from(*c))
            }
            ParseErrorKind::TooLong { limit } => {
                write!(f, "{what}: longer than {limit} octets")
            }
            ParseErrorKind::TooMany { limit } => write!(f, "{what}: more than {limit}"),
            ParseErrorKind::Syntax(why) => write!(f, "{what}: {why} at byte {at}"),
        }
    }
}

/// For callers that take `impl TryInto<T>`: what is a `T` already cannot fail.
impl From<Infallible> for ParseError {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

/// Finds the first character that no single line may hold: CR, LF, NUL and every other control, and
/// the Unicode line and paragraph separators.
pub(crate) fn first_control(text: &str) -> Option<(usize, char)> {
    text.char_indices().find(|(_, c)| is_control(*c))
}

pub(crate) fn is_control(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')
}
