//! What is wrong with a message, all of it at once.

use std::fmt;

use posthaste_types::{ParseError, ParseErrorKind};

/// Why a message cannot be composed: every bad field, not the first alone.
///
/// ```
/// use posthaste_message::Message;
///
/// let error = Message::builder().from("ada@").to("a@example.org, b@example.org").subject("x\ny").build().unwrap_err();
/// let fields: Vec<&str> = error.problems().iter().map(|problem| problem.field()).collect();
/// assert_eq!(fields, ["from", "to[0]", "subject"]);
/// assert_eq!(error.problems()[2].at(), 1);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ComposeError {
    problems: Vec<Problem>,
}

impl ComposeError {
    /// An error of one problem or more.
    pub(crate) fn new(problems: Vec<Problem>) -> Self {
        Self { problems }
    }

    /// Every problem, in the order in which the fields were given. At least one.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// Whether trying again may help. Never: the message itself is wrong.
    pub fn is_transient(&self) -> bool {
        false
    }
}

impl fmt::Display for ComposeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, problem) in self.problems.iter().enumerate() {
            if i > 0 {
                f.write_str("; ")?;
            }
            write!(f, "{problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for ComposeError {}

/// One bad field. What stood in it is not repeated, so that no address leaks through an error message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {kind}{}", Place(kind, *at))]
pub struct Problem {
    field: Box<str>,
    kind: ProblemKind,
    at: usize,
}

impl Problem {
    pub(crate) fn new(field: impl Into<Box<str>>, kind: ProblemKind, at: usize) -> Self {
        Self { field: field.into(), kind, at }
    }

    pub(crate) fn parse(field: impl Into<Box<str>>, error: &ParseError) -> Self {
        let kind = match error.kind() {
            // A part of it is, as behind the @ of `ada@`.
            ParseErrorKind::Empty if error.at() > 0 => ProblemKind::Syntax("something is missing"),
            ParseErrorKind::Empty => ProblemKind::Empty,
            ParseErrorKind::Forbidden(c) => ProblemKind::Forbidden(*c),
            ParseErrorKind::TooLong { limit } => ProblemKind::TooLong { limit: *limit },
            ParseErrorKind::TooMany { limit } => ProblemKind::TooMany { limit: *limit },
            ParseErrorKind::Syntax(why) => ProblemKind::Syntax(why),
            _ => ProblemKind::Syntax("not valid"),
        };
        Self::new(field, kind, error.at())
    }

    /// Which field: `from`, `to[2]` (counted from 0), `subject`, `header[0].value`, `attachment[1].filename`.
    pub fn field(&self) -> &str {
        &self.field
    }

    /// Why.
    pub fn kind(&self) -> &ProblemKind {
        &self.kind
    }

    /// The offset of the offending octet in what was given; 0 where there is none.
    pub fn at(&self) -> usize {
        self.at
    }

    /// The limit that was passed, if one was.
    pub fn limit(&self) -> Option<usize> {
        match self.kind {
            ProblemKind::TooLong { limit } | ProblemKind::TooMany { limit } => Some(limit),
            _ => None,
        }
    }
}

/// The kinds of [`Problem`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProblemKind {
    /// Nothing stands where something must.
    #[error("missing")]
    Empty,
    /// A character that cannot stand there: a line end, a control, or another one.
    #[error("character {:?} (U+{:04X}) is not allowed", .0, u32::from(*.0))]
    Forbidden(char),
    /// Given twice where one is the most.
    #[error("given more than once")]
    Repeated,
    /// A field that has a setter of its own, or that the sending system writes.
    #[error("this field is not set by `header`: {0}")]
    Reserved(&'static str),
    /// Against the grammar; the text says how.
    #[error("{0}")]
    Syntax(&'static str),
    /// Longer than the limit, in octets.
    #[error("longer than {limit} octets")]
    TooLong {
        /// The limit, in octets.
        limit: usize,
    },
    /// More than the limit.
    #[error("more than {limit}")]
    TooMany {
        /// The limit.
        limit: usize,
    },
}

struct Place<'a>(&'a ProblemKind, usize);

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            ProblemKind::Forbidden(_) | ProblemKind::Syntax(_) => write!(f, " at byte {}", self.1),
            _ => Ok(()),
        }
    }
}
