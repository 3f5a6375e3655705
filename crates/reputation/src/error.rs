//! Why a table of lists was refused.

use std::fmt;

/// A table that cannot be used: which one, which line, why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct ListsError {
    table: &'static str,
    line: u64,
    kind: ListsErrorKind,
}

/// The kinds of [`ListsError`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ListsErrorKind {
    /// The same id stands in an earlier row.
    Duplicate,
    /// The text is no table of comma-separated values with these columns.
    Form(String),
    /// The key makes no DNS name of the zone, or the list takes none.
    Key,
    /// No list has this id.
    UnknownList,
    /// The row names a source that `sources.csv` does not have.
    UnknownSource,
    /// The cell cannot be read.
    #[non_exhaustive]
    Value {
        /// Its column.
        column: &'static str,
    },
}

impl ListsError {
    pub(crate) fn new(table: &'static str, line: u64, kind: ListsErrorKind) -> Self {
        Self { table, line, kind }
    }

    /// The table: `lists.csv`.
    pub fn table(&self) -> &'static str {
        self.table
    }

    /// The line, from 1; 0 if the table as a whole is meant.
    pub fn line(&self) -> u64 {
        self.line
    }

    /// Why.
    pub fn kind(&self) -> &ListsErrorKind {
        &self.kind
    }
}

impl fmt::Display for ListsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} line {}: ", self.table, self.line)?;
        match &self.kind {
            ListsErrorKind::Duplicate => f.write_str("the same id stands in an earlier row"),
            ListsErrorKind::Form(why) => f.write_str(why),
            ListsErrorKind::Key => f.write_str("no name of a zone comes of this key"),
            ListsErrorKind::UnknownList => f.write_str("no list has this id"),
            ListsErrorKind::UnknownSource => f.write_str("a source that sources.csv does not have"),
            ListsErrorKind::Value { column } => write!(f, "the column {column} cannot be read"),
        }
    }
}
