//! Questions from outside.

use std::path::Path;
use std::sync::Arc;

use posthaste_queue::{Query, SpoolError, Tracked};
use posthaste_suppression::{Ask, Entry, ScanCursor, StoreError};
use posthaste_types::{Event, EventId};

use crate::lane::Lane;
use crate::lookup::Lookup;
use crate::open;
use crate::reader::{self, Read};
use crate::settings::Settings;
use crate::trouble::Fault;

/// A spool opened for questions by [`Sqlite::open_read_only`](crate::Sqlite::open_read_only), beside the
/// process that owns it or without one.
///
/// It sees what is committed, at once, and hinders nobody. Damaged mails are left out; their owner sets
/// them apart.
#[derive(Debug)]
pub struct ReadOnly {
    path: Arc<Path>,
    lookup: Lookup,
    lane: Lane<Read>,
}

impl ReadOnly {
    pub(crate) fn open(path: &Path, settings: &Settings) -> Result<Self, Fault> {
        let path = open::resolve(path)?;
        let conn = open::for_reading(&path, settings)?;
        let lookup = Lookup::new(open::hash_key(&conn, &path)?, None);
        let lane = Lane::start("posthaste-ask", &path, settings.max_queue, move |reads| reader::run(conn, reads))?;
        Ok(Self { path, lookup, lane })
    }

    /// The mails that a query finds, newest first.
    ///
    /// # Errors
    /// [`SpoolError`] if the file cannot be read.
    pub async fn find(&self, query: &Query) -> Result<Vec<Tracked>, SpoolError> {
        let query = query.clone();
        Ok(reader::read(&self.lane, &self.path, move |conn| reader::find(conn, &query)).await?.rows)
    }

    /// At most `limit` events behind `after`, in order.
    ///
    /// # Errors
    /// [`SpoolError`] if the file cannot be read.
    pub async fn events(&self, after: EventId, limit: usize) -> Result<Vec<Event>, SpoolError> {
        Ok(reader::read(&self.lane, &self.path, move |conn| reader::events(conn, after, limit)).await?)
    }

    /// The entries of the suppression list that touch each ask, in the order of the asks.
    ///
    /// # Errors
    /// [`StoreError`] if the file cannot be read.
    pub async fn suppressions(&self, asks: &[Ask]) -> Result<Vec<Vec<Entry>>, StoreError> {
        let asks: Vec<_> = asks.iter().map(|ask| (self.lookup.keys(ask), ask.at)).collect();
        Ok(reader::read(&self.lane, &self.path, move |conn| reader::entries(conn, &asks)).await?)
    }

    /// At most `limit` entries of the suppression list behind `after`.
    ///
    /// # Errors
    /// [`StoreError`] if the file cannot be read.
    pub async fn scan_suppressions(
        &self,
        after: Option<ScanCursor>,
        limit: usize,
    ) -> Result<Vec<(ScanCursor, Entry)>, StoreError> {
        Ok(reader::read(&self.lane, &self.path, move |conn| reader::scan(conn, after, limit)).await?)
    }
}
