//! Reading the suppression list.

use posthaste_suppression::{Ask, Entry, ScanCursor};
use rusqlite::{Connection, params};

use crate::hash::HashKey;
use crate::rows::{ENTRY_COLUMNS, EntryRow, keys_of};
use crate::trouble::Trouble;

/// The entries that touch each ask.
pub(crate) fn entries(conn: &Connection, hash: &HashKey, asks: &[Ask]) -> Result<Vec<Vec<Entry>>, Trouble> {
    asks.iter().map(|ask| entries_for(conn, hash, ask)).collect()
}

/// The entries that touch an ask and hold at its time, first put first.
pub(crate) fn entries_for(conn: &Connection, hash: &HashKey, ask: &Ask) -> Result<Vec<Entry>, Trouble> {
    let sql = format!("SELECT {ENTRY_COLUMNS} FROM suppression WHERE what = ?1 AND value = ?2 ORDER BY id");
    let mut statement = conn.prepare_cached(&sql)?;
    let mut numbered = Vec::new();
    for (what, value) in keys_of(ask, hash) {
        let mut rows = statement.query(params![what, value])?;
        while let Some(row) = rows.next()? {
            let (id, entry) = EntryRow::read(row)?;
            numbered.extend(entry.filter(|entry| entry.holds_at(ask.at)).map(|entry| (id, entry)));
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
