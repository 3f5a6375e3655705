//! Rows: what stands in the tables, made of types and read back through their checks.

mod content;
mod crc;
mod entry;
mod event;
mod mail;
mod recipient;

pub(crate) use content::{Octets, Split, StoredContent};
pub(crate) use crc::Crc;
pub(crate) use entry::{ENTRY_COLUMNS, EntryRow, Key, scope_columns, what_columns};
pub(crate) use event::EventRow;
pub(crate) use mail::{Head, MAIL_COLUMNS, MailRow};
pub(crate) use recipient::{Line, RECIPIENT_COLUMNS, RecipientRow, lookup_of, quarantined};

use rusqlite::types::ToSqlOutput;
use rusqlite::{Error, ToSql};

/// JSON of a value; that it has none is an error of the statement.
pub(crate) fn json<T: serde::Serialize + ?Sized>(value: &T) -> Result<String, Error> {
    serde_json::to_string(value).map_err(|error| Error::ToSqlConversionFailure(Box::new(error)))
}

/// A moment as a column.
pub(crate) struct Micros(pub(crate) posthaste_types::Timestamp);

impl ToSql for Micros {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.0.as_unix_micros().into())
    }
}
