//! Who a provider is, and whose table counts.

use posthaste_types::ProviderId;

use super::error::RulesError;
use super::pattern::Pattern;
use super::rows::parse as rows;
use super::sources::Sources;

/// A table of replies, by its place among all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TableId(usize);

impl TableId {
    /// The table of everybody.
    pub(crate) const GENERIC: Self = Self(0);
}

/// The providers of `providers.toml`.
#[derive(Debug)]
pub(crate) struct Providers {
    rows: Vec<Provider>,
    /// The name of each table, by its place.
    names: Vec<String>,
}

#[derive(Debug)]
pub(crate) struct Provider {
    id: String,
    tables: Vec<TableId>,
    hosts: Vec<String>,
    marks: Vec<Pattern>,
}

impl Providers {
    pub(super) fn parse(text: &str, sources: &Sources) -> Result<Self, RulesError> {
        let mut providers = Self { rows: Vec::new(), names: vec!["generic".to_owned()] };
        for row in rows("providers.toml", text, "provider", &["provider", "tables", "hosts", "marks", "source"])? {
            sources.of(&row)?;
            let id = row.read::<ProviderId>("provider")?.to_string();
            let mut tables: Vec<TableId> = Vec::new();
            for name in row.list("tables") {
                tables.push(providers.intern(name));
            }
            if tables.is_empty() {
                tables.push(providers.intern(&id));
            }
            let mark = |part: &String| Pattern::parse(part).ok_or_else(|| row.error("marks"));
            let marks = row.list("marks").iter().map(mark).collect::<Result<_, _>>()?;
            let hosts = row.list("hosts").iter().map(|host| host.to_ascii_lowercase()).collect();
            providers.rows.push(Provider { id, tables, hosts, marks });
        }
        Ok(providers)
    }

    fn intern(&mut self, name: &str) -> TableId {
        let at = self.names.iter().position(|known| known == name).unwrap_or_else(|| {
            self.names.push(name.to_owned());
            self.names.len() - 1
        });
        TableId(at)
    }

    /// The table of this name. One that no provider uses is out of everybody's reach.
    pub(super) fn table(&self, name: &str) -> TableId {
        TableId(self.names.iter().position(|known| known == name).unwrap_or(usize::MAX))
    }

    pub(super) fn marks(&self) -> impl Iterator<Item = (usize, &Pattern)> {
        self.rows.iter().enumerate().flat_map(|(at, row)| row.marks.iter().map(move |mark| (at, mark)))
    }

    /// The tables of a provider, the first before the second.
    pub(crate) fn tables(&self, id: &ProviderId) -> &[TableId] {
        self.rows.iter().find(|row| row.id == id.as_str()).map_or(&[], |row| &row.tables)
    }

    /// The tables of the provider at this place.
    pub(crate) fn tables_at(&self, at: usize) -> &[TableId] {
        self.rows.get(at).map_or(&[], |row| &row.tables)
    }

    /// The provider to which a mail server belongs, by its name.
    pub(crate) fn of_host(&self, host: &str) -> Option<ProviderId> {
        let host = host.trim_end_matches('.').to_ascii_lowercase();
        let is_below = |suffix: &String| {
            host.strip_suffix(suffix.as_str()).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        };
        let row = self.rows.iter().find(|row| row.hosts.iter().any(is_below))?;
        ProviderId::parse(&row.id).ok()
    }
}
