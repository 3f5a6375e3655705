//! The lists.

use std::sync::{Arc, OnceLock};

use posthaste_types::DnsName;

use crate::error::{ListsError, ListsErrorKind};
use crate::list::{DnsList, Zone};
use crate::tables::{KEY, Tables};

/// The DNS lists that are known: the built-in ones, or your own.
#[derive(Clone, Debug)]
pub struct DnsLists(pub(crate) Vec<DnsList>);

impl DnsLists {
    /// How many questions are under way at once.
    pub const CONCURRENT: usize = 16;

    /// The lists of the built-in tables.
    pub fn builtin() -> Self {
        static BUILTIN: OnceLock<DnsLists> = OnceLock::new();
        // A test reads the built-in tables; without them there would be no lists, and never a panic.
        BUILTIN.get_or_init(|| Self::parse(&Tables::builtin()).unwrap_or(Self(Vec::new()))).clone()
    }

    /// Reads tables.
    ///
    /// # Errors
    /// [`ListsError`] with table and line.
    pub fn parse(tables: &Tables<'_>) -> Result<Self, ListsError> {
        tables.read().map(Self)
    }

    /// All of them, in the order of the table.
    pub fn iter(&self) -> impl Iterator<Item = &DnsList> {
        self.0.iter()
    }

    /// The list with this id.
    pub fn get(&self, id: &str) -> Option<&DnsList> {
        self.0.iter().find(|list| list.id() == id)
    }

    /// Without the lists that `keep` does not want: those that are not free, those that you have no leave to ask.
    #[must_use]
    pub fn retain(mut self, keep: impl FnMut(&DnsList) -> bool) -> Self {
        self.0.retain(keep);
        self
    }

    /// With the key that the operator of a list gave you. The key becomes part of the names that are asked: it is no
    /// secret to the DNS, and stands in findings.
    ///
    /// # Errors
    /// [`ListsErrorKind::UnknownList`] if there is no such list, [`ListsErrorKind::Key`] if it takes no key, or not this
    /// one: a key is one label of letters, digits and hyphens.
    pub fn with_key(mut self, id: &str, key: &str) -> Result<Self, ListsError> {
        let error = |kind| ListsError::new("lists.csv", 0, kind);
        let list = self.0.iter_mut().find(|list| list.id() == id);
        let list = list.ok_or_else(|| error(ListsErrorKind::UnknownList))?;
        let Zone::NeedsKey(zone) = &list.0.zone else { return Err(error(ListsErrorKind::Key)) };
        let is_label = !key.is_empty() && key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        let zone = DnsName::parse(&zone.replace(KEY, key)).ok().filter(|_| is_label);
        let zone = zone.ok_or_else(|| error(ListsErrorKind::Key))?;
        Arc::make_mut(&mut list.0).zone = Zone::Known(zone);
        Ok(self)
    }
}
