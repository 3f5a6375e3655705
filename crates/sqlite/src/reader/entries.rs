//! Reading the suppression list.

use posthaste_suppression::{Entry, ScanCursor};
use posthaste_types::Timestamp;
use rusqlite::{Connection, params};

use crate::rows::{ENTRY_COLUMNS, EntryRow, Key};
use crate::trouble::Trouble;

/// The entries under each set of keys, at its time.
pub(crate) fn entries(conn: &Connection, asks: &[(Vec<Key>, Timestamp)]) -> Result<Vec<Vec<Entry>>, Trouble> {
    asks.iter().map(|(keys, at)| entries_for(conn, keys, *at)).collect()
}

/// The entries under these keys that hold then, first put first.
pub(crate) fn entries_for(conn: &Connection, keys: &[Key], at: Timestamp) -> Result<Vec<Entry>, Trouble> {
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let sql = format!("SELECT {ENTRY_COLUMNS} FROM suppression WHERE what = ?1 AND value = ?2 ORDER BY id");
    let mut statement = conn.prepare_cached(&sql)?;
    let mut numbered = Vec::new();
    for (what, value) in keys {
        let mut rows = statement.query(params![what, value])?;
        while let Some(row) = rows.next()? {
            let (id, entry) = EntryRow::read(row)?;
            numbered.extend(entry.filter(|entry| entry.holds_at(at)).map(|entry| (id, entry)));
        }
    }
    numbered.sort_by_key(|(id, _)| *id);
    Ok(numbered.into_iter().map(|(_, entry)| entry).collect())
}

/// At most `limit` entries behind `after`.
pub(crate) fn scan(
    conn: &Connection,
    after: Option<ScanCursor>,
    limit: usize,
) -> Result<Vec<(ScanCursor, Entry)>, Trouble> {
    let after = after.map_or(0, |cursor| i64::try_from(cursor.as_u64()).unwrap_or(i64::MAX));
    let sql = format!("SELECT {ENTRY_COLUMNS} FROM suppression WHERE id > ?1 ORDER BY id");
    let mut statement = conn.prepare_cached(&sql)?;
    let mut rows = statement.query([after])?;
    let mut scanned = Vec::new();
    while scanned.len() < limit
        && let Some(row) = rows.next()?
    {
        let (id, entry) = EntryRow::read(row)?;
        scanned.extend(entry.map(|entry| (ScanCursor::new(u64::try_from(id).unwrap_or(0)), entry)));
    }
    Ok(scanned)
}
