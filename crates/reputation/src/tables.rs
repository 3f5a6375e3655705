//! From tables to lists.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use csv::StringRecord;
use posthaste_types::{DnsName, Domain};

use crate::code::{Code, Pattern, Says};
use crate::error::{ListsError, ListsErrorKind};
use crate::list::{Access, DnsList, Kind, MatchAny, Row, Status, Subjects, Weight, Zone};
use crate::subject::Subject;

/// The texts of the tables, in the form that the crate's `data/` has.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Tables<'a> {
    /// What lists there are.
    pub lists: &'a str,
    /// What their codes mean.
    pub codes: &'a str,
    /// Where that is known from.
    pub sources: &'a str,
}

impl Tables<'static> {
    /// The built-in tables.
    pub const fn builtin() -> Self {
        Self {
            lists: include_str!("../data/lists.csv"),
            codes: include_str!("../data/codes.csv"),
            sources: include_str!("../data/sources.csv"),
        }
    }
}

impl Tables<'_> {
    pub(crate) fn read(&self) -> Result<Vec<DnsList>, ListsError> {
        let mut sources = HashMap::new();
        for row in Table::SOURCES.rows(self.sources)? {
            sources.insert(row.cell(0).to_owned(), row.cell(2).to_owned());
        }
        let mut lists: Vec<Row> = Vec::new();
        for line in Table::LISTS.rows(self.lists)? {
            let list = list(&line, &sources)?;
            if lists.iter().any(|known| known.id == list.id) {
                return Err(line.error(ListsErrorKind::Duplicate));
            }
            lists.push(list);
        }
        for line in Table::CODES.rows(self.codes)? {
            sources_of(&line, 4, &sources)?;
            let code = Code {
                pattern: Pattern::parse(line.cell(1)).ok_or_else(|| line.value(1))?,
                says: Says::parse(line.cell(2)).ok_or_else(|| line.value(2))?,
                text: line.cell(3).into(),
            };
            give(&mut lists, line.cell(0), &code).ok_or_else(|| line.error(ListsErrorKind::UnknownList))?;
        }
        Ok(lists.into_iter().map(|row| DnsList(Arc::new(row))).collect())
    }
}

/// Gives a code to the lists that it is about: one, `any`, or `any_<operator>`.
fn give(lists: &mut [Row], id: &str, code: &Code) -> Option<()> {
    let is_about = |list: &Row| match id.strip_prefix("any") {
        Some("") => true,
        Some(operator) => operator.strip_prefix('_').is_some_and(|operator| list.id.starts_with(operator)),
        None => list.id == id,
    };
    let mut found = None;
    for list in lists.iter_mut().filter(|list| is_about(list)) {
        list.codes.push(code.clone());
        found = Some(());
    }
    found
}

fn list(line: &Line, sources: &HashMap<String, String>) -> Result<Row, ListsError> {
    let zone = match line.cell(1) {
        zone if zone.contains(KEY) => Zone::NeedsKey(zone.to_owned()),
        zone => Zone::Known(DnsName::parse(zone).map_err(|_| line.value(1))?),
    };
    Ok(Row {
        id: line.cell(0).to_owned(),
        zone,
        subjects: subjects(line)?,
        kind: line
            .one_of(4, &[("allow", Kind::Allow), ("block", Kind::Block), ("both", Kind::Both), ("info", Kind::Info)])?,
        match_any: line.one_of(
            5,
            &[("any", MatchAny::Listed), ("exact", MatchAny::Unrecognized), ("bits", MatchAny::Unrecognized)],
        )?,
        weight: line.one_of(
            6,
            &[("high", Weight::High), ("medium", Weight::Medium), ("informational", Weight::Informational)],
        )?,
        status: line.one_of(7, &[("active", Status::Active), ("closed", Status::Closed)])?,
        access: line
            .one_of(8, &[("free", Access::Free), ("key", Access::Key), ("registration", Access::Registration)])?,
        must_list: test_name(line, 9)?,
        must_not_list: test_name(line, 10)?,
        what: line.cell(11).to_owned(),
        sources: sources_of(line, 12, sources)?,
        codes: Vec::new(),
    })
}

fn subjects(line: &Line) -> Result<Subjects, ListsError> {
    let mut subjects = Subjects::default();
    let versions: Vec<&str> = line.cell(3).split_whitespace().collect();
    for subject in line.cell(2).split_whitespace() {
        match subject {
            "domain" => subjects.domain = true,
            "ip" => (subjects.v4, subjects.v6) = (versions.contains(&"4"), versions.contains(&"6")),
            _ => return Err(line.value(2)),
        }
    }
    let Subjects { domain, v4, v6 } = subjects;
    if domain || v4 || v6 { Ok(subjects) } else { Err(line.value(3)) }
}

fn test_name(line: &Line, at: usize) -> Result<Option<Subject>, ListsError> {
    match line.cell(at) {
        "-" => Ok(None),
        name => match (name.parse::<IpAddr>(), Domain::parse(name)) {
            (Ok(address), _) => Ok(Some(address.into())),
            (_, Ok(domain)) => Ok(Some(domain.into())),
            _ => Err(line.value(at)),
        },
    }
}

fn sources_of(line: &Line, at: usize, sources: &HashMap<String, String>) -> Result<String, ListsError> {
    let known = |id| Some(format!("{id} {}", sources.get(id)?));
    let all: Option<Vec<String>> = line.cell(at).split_whitespace().map(known).collect();
    let all = all.filter(|all| !all.is_empty());
    all.map(|all| all.join(", ")).ok_or_else(|| line.error(ListsErrorKind::UnknownSource))
}

/// A table and its columns.
struct Table {
    name: &'static str,
    columns: &'static [&'static str],
}

impl Table {
    const LISTS: Self = Self {
        name: "lists.csv",
        columns: &[
            "id", "zone", "subject", "versions", "kind", "match", "weight", "status", "access", "listed", "clean",
            "what", "source",
        ],
    };
    const CODES: Self = Self { name: "codes.csv", columns: &["list", "code", "verdict", "meaning", "source"] };
    const SOURCES: Self = Self { name: "sources.csv", columns: &["id", "what", "date"] };

    fn rows(&self, text: &str) -> Result<Vec<Line>, ListsError> {
        let form = |line: u64, why: String| ListsError::new(self.name, line, ListsErrorKind::Form(why));
        let mut reader = csv::ReaderBuilder::new().comment(Some(b'#')).from_reader(text.as_bytes());
        let header = reader.headers().map_err(|error| form(0, error.to_string()))?;
        if header != self.columns {
            return Err(form(0, format!("the columns are not {}", self.columns.join(","))));
        }
        let mut rows = Vec::new();
        for record in reader.records() {
            let record =
                record.map_err(|error| form(error.position().map_or(0, csv::Position::line), error.to_string()))?;
            let at = record.position().map_or(0, csv::Position::line);
            rows.push(Line { table: self.name, columns: self.columns, at, record });
        }
        Ok(rows)
    }
}

struct Line {
    table: &'static str,
    columns: &'static [&'static str],
    at: u64,
    record: StringRecord,
}

impl Line {
    fn cell(&self, at: usize) -> &str {
        self.record.get(at).unwrap_or_default().trim()
    }

    fn one_of<T: Copy>(&self, at: usize, values: &[(&str, T)]) -> Result<T, ListsError> {
        let found = values.iter().find(|(name, _)| *name == self.cell(at));
        found.map(|(_, value)| *value).ok_or_else(|| self.value(at))
    }

    fn value(&self, at: usize) -> ListsError {
        self.error(ListsErrorKind::Value { column: self.columns.get(at).copied().unwrap_or_default() })
    }

    fn error(&self, kind: ListsErrorKind) -> ListsError {
        ListsError::new(self.table, self.at, kind)
    }
}

/// What stands in a zone for the key.
pub(crate) const KEY: &str = "<key>";
