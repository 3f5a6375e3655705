//! Reading the log.

use posthaste_types::{Event, EventId};
use rusqlite::{Connection, params};

use crate::rows::EventRow;
use crate::trouble::Trouble;

/// At most `limit` events behind `after`.
pub(crate) fn events(conn: &Connection, after: EventId, limit: usize) -> Result<Vec<Event>, Trouble> {
    let after = i64::try_from(after.as_u64()).unwrap_or(i64::MAX);
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let sql = "SELECT id, at, mail, json FROM event WHERE id > ?1 ORDER BY id LIMIT ?2";
    let mut statement = conn.prepare_cached(sql)?;
    let events = statement.query_map(params![after, limit], EventRow::read)?;
    Ok(events.collect::<Result<_, _>>()?)
}
