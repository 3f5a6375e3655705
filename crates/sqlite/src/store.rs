//! [`SuppressionStore`] on SQLite.

use async_trait::async_trait;
use posthaste_suppression::{
    Actor, Ask, Entry, Put, ScanCursor, Scope, StoreError, StoreErrorKind, SuppressionStore, What,
};

use crate::reader;
use crate::rows::EntryRow;
use crate::sqlite::Sqlite;
use crate::writer::{Lifting, put};

#[async_trait]
impl SuppressionStore for Sqlite {
    async fn find(&self, asks: &[Ask]) -> Result<Vec<Vec<Entry>>, StoreError> {
        let asks: Vec<_> = asks.iter().map(|ask| (self.lookup().keys(ask), ask.at)).collect();
        if self.is_open() && asks.iter().all(|(keys, _)| keys.is_empty()) {
            return Ok(asks.iter().map(|_| Vec::new()).collect());
        }
        Ok(self.read(move |conn| reader::entries(conn, &asks)).await?)
    }

    async fn put(&self, entry: Entry) -> Result<Put, StoreError> {
        match EntryRow::of(&entry).map_err(|error| self.fault_of(&error))? {
            Some(row) => Ok(self.write(move |work| put(work, &row)).await?),
            None => Err(StoreError::new(StoreErrorKind::Unsupported, "an entry of a kind that this release lacks")),
        }
    }

    async fn lift(&self, what: &What, scope: &Scope, by: &Actor) -> Result<bool, StoreError> {
        match Lifting::of(what, scope, by).map_err(|error| self.fault_of(&error))? {
            Some(lifting) => Ok(self.write(move |work| lifting.apply(work.conn)).await?),
            None => Ok(false),
        }
    }

    async fn scan(&self, after: Option<ScanCursor>, limit: usize) -> Result<Vec<(ScanCursor, Entry)>, StoreError> {
        Ok(self.question(move |conn| reader::scan(conn, after, limit)).await?)
    }
}
