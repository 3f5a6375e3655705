//! The rows of a table of TOML, and where they stood.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::error::{RulesError, RulesErrorKind};

/// One row: its cells by their keys.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) table: &'static str,
    /// From 1.
    pub(crate) line: usize,
    cells: Vec<(String, Vec<String>)>,
}

impl Row {
    /// The text of a cell; empty if it is not there.
    pub(crate) fn cell(&self, key: &str) -> &str {
        self.list(key).first().map_or("", String::as_str)
    }

    /// The texts of a cell that is an array.
    pub(crate) fn list(&self, key: &str) -> &[String] {
        self.cells.iter().find(|(name, _)| name == key).map_or(&[], |(_, texts)| texts)
    }

    /// Reads the cell, or says that it cannot be read.
    pub(crate) fn read<T: std::str::FromStr>(&self, key: &'static str) -> Result<T, RulesError> {
        self.cell(key).parse().map_err(|_| self.error(key))
    }

    /// Reads the cell, if there is anything in it.
    pub(crate) fn read_optional<T: std::str::FromStr>(&self, key: &'static str) -> Result<Option<T>, RulesError> {
        if self.cell(key).is_empty() { Ok(None) } else { self.read(key).map(Some) }
    }

    pub(crate) fn error(&self, key: &'static str) -> RulesError {
        RulesError::new(self.table, self.line, RulesErrorKind::Value { key })
    }
}

/// Reads a table: an array of tables of this name, whose cells are texts and arrays of texts under `keys`.
pub(crate) fn parse(table: &'static str, text: &str, name: &str, keys: &[&str]) -> Result<Vec<Row>, RulesError> {
    let ends: Vec<usize> = memchr::memchr_iter(b'\n', text.as_bytes()).collect();
    let line_of = |span: &Range<usize>| ends.partition_point(|end| *end < span.start) + 1;
    let error = |span: Range<usize>, kind| RulesError::new(table, line_of(&span), kind);
    let syntax = |span| error(span, RulesErrorKind::Syntax);
    let document = DeTable::parse(text).map_err(|fault| syntax(fault.span().unwrap_or_default()))?;
    let mut rows = Vec::new();
    for (key, value) in document.get_ref() {
        let entries = value.get_ref().as_array().filter(|_| key.get_ref().as_ref() == name);
        for entry in entries.ok_or_else(|| syntax(key.span()))? {
            let cells = entry.get_ref().as_table().ok_or_else(|| syntax(entry.span()))?;
            let mut row = Row { table, line: line_of(&entry.span()), cells: Vec::new() };
            for (key, value) in cells {
                if !keys.contains(&key.get_ref().as_ref()) {
                    return Err(error(key.span(), RulesErrorKind::UnknownKey));
                }
                let texts = texts(value).ok_or_else(|| syntax(value.span()))?;
                row.cells.push((key.get_ref().to_string(), texts));
            }
            rows.push(row);
        }
    }
    Ok(rows)
}

fn texts(value: &Spanned<DeValue<'_>>) -> Option<Vec<String>> {
    match value.get_ref() {
        DeValue::String(text) => Some(vec![text.trim().to_owned()]),
        DeValue::Array(items) => items.iter().map(|item| Some(item.get_ref().as_str()?.trim().to_owned())).collect(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_read_with_their_lines() {
        let text = "# a comment\n\n[[row]]\na = \"1\"\n\n[[row]]\na = \"2\"\nb = [\"x\", 'y \"z\"']\n";
        let rows = parse("test.toml", text, "row", &["a", "b"]).unwrap();
        assert_eq!(rows.len(), 2);
        assert_eq!((rows[1].cell("a"), rows[1].line), ("2", 6));
        assert_eq!(rows[1].list("b"), ["x", "y \"z\""]);
        assert_eq!((rows[0].cell("b"), rows[0].list("b").len()), ("", 0));
    }

    #[test]
    fn faults_name_table_and_line() {
        for (text, says) in [
            ("[[row]]\na = 1\n", "test.toml line 2: not a table of texts as this one is written"),
            ("[[other]]\na = \"1\"\n", "test.toml line 1: not a table of texts as this one is written"),
            ("\n[[row]]\na = \"1\n", "test.toml line 3: not a table of texts as this one is written"),
            ("[[row]]\nc = \"1\"\n", "test.toml line 2: a key that this table does not have"),
        ] {
            assert_eq!(parse("test.toml", text, "row", &["a", "b"]).unwrap_err().to_string(), says);
        }
    }
}
