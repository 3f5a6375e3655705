//! Where rows come from.

use std::collections::HashMap;

use super::error::{RulesError, RulesErrorKind};
use super::rows::{Row, parse as rows};

/// The ids of the sources and the dates of their content.
#[derive(Debug)]
pub(crate) struct Sources(HashMap<String, String>);

pub(super) fn parse(text: &str) -> Result<Sources, RulesError> {
    let rows = rows("sources.toml", text, "source", &["id", "what", "date", "kind"])?;
    let pair = |row: &Row| (row.cell("id").to_owned(), row.cell("date").to_owned());
    Ok(Sources(rows.iter().map(pair).collect()))
}

impl Sources {
    /// The sources of a row with their dates, or an error if one is not known.
    pub(super) fn of(&self, row: &Row) -> Result<String, RulesError> {
        let known = |id: &String| {
            let date = self.0.get(id).ok_or(RulesError::new(row.table, row.line, RulesErrorKind::UnknownSource))?;
            Ok(format!("{id} {date}"))
        };
        let sources: Vec<String> = row.list("source").iter().map(known).collect::<Result<_, _>>()?;
        if sources.is_empty() {
            return Err(RulesError::new(row.table, row.line, RulesErrorKind::UnknownSource));
        }
        Ok(sources.join(", "))
    }
}
