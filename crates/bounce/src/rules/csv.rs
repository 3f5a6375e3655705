//! Rows of comma-separated values with comments, and where they stood.

use super::error::{RulesError, RulesErrorKind};

/// One row: its cells by the names of the columns.
#[derive(Debug)]
pub(crate) struct Row<'a> {
    pub(crate) table: &'static str,
    /// From 1.
    pub(crate) line: usize,
    columns: &'a [&'a str],
    cells: Vec<String>,
}

impl Row<'_> {
    /// The cell of a column that [`parse`] was asked for.
    pub(crate) fn cell(&self, column: &str) -> &str {
        let at = self.columns.iter().position(|name| *name == column);
        at.and_then(|at| self.cells.get(at)).map_or("", String::as_str)
    }

    /// Reads the cell, or says that it cannot be read.
    pub(crate) fn read<T: std::str::FromStr>(&self, column: &'static str) -> Result<T, RulesError> {
        self.cell(column).parse().map_err(|_| self.error(column))
    }

    /// Reads the cell, if there is anything in it.
    pub(crate) fn read_optional<T: std::str::FromStr>(&self, column: &'static str) -> Result<Option<T>, RulesError> {
        if self.cell(column).is_empty() { Ok(None) } else { self.read(column).map(Some) }
    }

    pub(crate) fn error(&self, column: &'static str) -> RulesError {
        RulesError::new(self.table, self.line, RulesErrorKind::Value { column })
    }
}

/// Reads a table. Empty lines and lines that begin with `#` are comments; the first other line names the
/// columns, which must be `columns`. A cell may stand in quotes (RFC 4180 §2), within one line.
pub(crate) fn parse<'a>(table: &'static str, text: &str, columns: &'a [&'a str]) -> Result<Vec<Row<'a>>, RulesError> {
    let mut rows = Vec::new();
    let mut named = false;
    for (at, line) in text.lines().enumerate() {
        let line_number = at + 1;
        let error = |kind| RulesError::new(table, line_number, kind);
        if line.trim().is_empty() || line.starts_with('#') {
            continue;
        }
        let cells = split(line).ok_or_else(|| error(RulesErrorKind::Quotes))?;
        if !named {
            if cells != columns {
                return Err(error(RulesErrorKind::Header));
            }
            named = true;
            continue;
        }
        if cells.len() != columns.len() {
            return Err(error(RulesErrorKind::Columns { expected: columns.len() }));
        }
        rows.push(Row { table, line: line_number, columns, cells });
    }
    Ok(rows)
}

/// The alternatives of a cell.
pub(crate) fn alternatives(cell: &str) -> impl Iterator<Item = &str> {
    cell.split('|').map(str::trim).filter(|part| !part.is_empty())
}

fn split(line: &str) -> Option<Vec<String>> {
    let mut cells = Vec::new();
    let mut rest = line;
    loop {
        let (cell, behind) = match rest.strip_prefix('"') {
            Some(quoted) => split_quoted(quoted)?,
            None => {
                let end = rest.find(',').unwrap_or(rest.len());
                (rest[..end].trim().to_owned(), &rest[end..])
            }
        };
        cells.push(cell);
        match behind.strip_prefix(',') {
            Some(next) => rest = next,
            None => return behind.is_empty().then_some(cells),
        }
    }
}

/// The cell, and what stands behind its closing quote.
fn split_quoted(quoted: &str) -> Option<(String, &str)> {
    let mut cell = String::new();
    let mut rest = quoted;
    loop {
        let end = rest.find('"')?;
        cell.push_str(&rest[..end]);
        rest = &rest[end + 1..];
        match rest.strip_prefix('"') {
            Some(next) => {
                cell.push('"');
                rest = next;
            }
            None => return Some((cell, rest)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_comments_and_quotes() {
        let text = "# a comment\n\na,b\n1,\"two, \"\"2\"\"\"\n";
        let rows = parse("test.csv", text, &["a", "b"]).unwrap();
        assert_eq!(rows.len(), 1);
        assert_eq!((rows[0].cell("a"), rows[0].cell("b"), rows[0].line), ("1", "two, \"2\"", 4));
    }

    #[test]
    fn faults_name_table_and_line() {
        for (text, says) in [
            ("a,b\n1\n", "test.csv line 2: not 2 columns"),
            ("a,c\n", "test.csv line 1: not the columns of this table"),
            ("a,b\n1,\"2\n", "test.csv line 2: a quote is not closed"),
            ("a,b\n1,\"2\"x\n", "test.csv line 2: a quote is not closed"),
        ] {
            assert_eq!(parse("test.csv", text, &["a", "b"]).unwrap_err().to_string(), says);
        }
    }
}
