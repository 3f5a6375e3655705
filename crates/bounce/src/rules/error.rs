//! Why a table of rules was refused.

use std::fmt;

/// A table that cannot be used: which one, which line, why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct RulesError {
    table: &'static str,
    line: usize,
    kind: RulesErrorKind,
}

/// The kinds of [`RulesError`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RulesErrorKind {
    /// The row has another number of columns than the table.
    #[non_exhaustive]
    Columns {
        /// How many columns the table has.
        expected: usize,
    },
    /// The same key stands in an earlier row.
    Duplicate,
    /// The first row does not name the columns of this table.
    Header,
    /// The row breaks the law: it would suppress a recipient for what is not the recipient's, or for a
    /// temporary answer.
    Law,
    /// A class has no row.
    #[non_exhaustive]
    MissingClass {
        /// The class.
        class: &'static str,
    },
    /// A quote is not closed, or text stands behind it.
    Quotes,
    /// The table has more patterns than a matcher can hold.
    TooManyPatterns,
    /// The row names a source that `sources.csv` does not have.
    UnknownSource,
    /// The cell cannot be read.
    #[non_exhaustive]
    Value {
        /// Its column.
        column: &'static str,
    },
}

impl RulesError {
    pub(crate) fn new(table: &'static str, line: usize, kind: RulesErrorKind) -> Self {
        Self { table, line, kind }
    }

    /// The table: `replies.csv`.
    pub fn table(&self) -> &'static str {
        self.table
    }

    /// The line, from 1; 0 if the table as a whole is meant.
    pub fn line(&self) -> usize {
        self.line
    }

    /// Why.
    pub fn kind(&self) -> &RulesErrorKind {
        &self.kind
    }
}

impl fmt::Display for RulesError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} line {}: ", self.table, self.line)?;
        match &self.kind {
            RulesErrorKind::Columns { expected } => write!(f, "not {expected} columns"),
            RulesErrorKind::Duplicate => f.write_str("the same key stands in an earlier row"),
            RulesErrorKind::Header => f.write_str("not the columns of this table"),
            RulesErrorKind::Law => f.write_str("would suppress a recipient for what is not the recipient's"),
            RulesErrorKind::MissingClass { class } => write!(f, "no row for the class {class}"),
            RulesErrorKind::Quotes => f.write_str("a quote is not closed"),
            RulesErrorKind::TooManyPatterns => f.write_str("more patterns than a matcher can hold"),
            RulesErrorKind::UnknownSource => f.write_str("a source that sources.csv does not have"),
            RulesErrorKind::Value { column } => write!(f, "the column {column} cannot be read"),
        }
    }
}
