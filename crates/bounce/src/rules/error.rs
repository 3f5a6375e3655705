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
    /// The same key stands in an earlier row.
    Duplicate,
    /// The row breaks the law: it would suppress a recipient for what is not the recipient's, or for a
    /// temporary answer.
    Law,
    /// A class has no row.
    #[non_exhaustive]
    MissingClass {
        /// The class.
        class: &'static str,
    },
    /// The text is no TOML, or not an array of tables of texts under the name that this table has.
    Syntax,
    /// The table has more patterns than a matcher can hold.
    TooManyPatterns,
    /// A key that rows of this table do not have.
    UnknownKey,
    /// The row names a source that `sources.toml` does not have.
    UnknownSource,
    /// The cell cannot be read.
    #[non_exhaustive]
    Value {
        /// Its key.
        key: &'static str,
    },
}

impl RulesError {
    pub(crate) fn new(table: &'static str, line: usize, kind: RulesErrorKind) -> Self {
        Self { table, line, kind }
    }

    /// The table: `replies.toml`.
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
            RulesErrorKind::Duplicate => f.write_str("the same key stands in an earlier row"),
            RulesErrorKind::Law => f.write_str("would suppress a recipient for what is not the recipient's"),
            RulesErrorKind::MissingClass { class } => write!(f, "no row for the class {class}"),
            RulesErrorKind::Syntax => f.write_str("not a table of texts as this one is written"),
            RulesErrorKind::TooManyPatterns => f.write_str("more patterns than a matcher can hold"),
            RulesErrorKind::UnknownKey => f.write_str("a key that this table does not have"),
            RulesErrorKind::UnknownSource => f.write_str("a source that sources.toml does not have"),
            RulesErrorKind::Value { key } => write!(f, "the value of {key} cannot be read"),
        }
    }
}
