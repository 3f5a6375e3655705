//! Forgetting what ended long ago.

use posthaste_types::Timestamp;
use rusqlite::params;

use super::Work;
use super::bodies::remove_content;
use crate::rows::Micros;

/// Removes at most `limit` mails that ended before `before`, and the events that are about no mail.
pub(crate) fn forget(work: &mut Work<'_>, before: Timestamp, limit: usize) -> Result<usize, rusqlite::Error> {
    let conn = work.conn;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut statement =
        conn.prepare_cached("SELECT id, content FROM mail WHERE ended < ?1 ORDER BY ended, id LIMIT ?2")?;
    let rows = statement.query_map(params![Micros(before), limit], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let mails: Vec<(String, Option<i64>)> = rows.collect::<Result<_, _>>()?;
    for (id, content) in &mails {
        for sql in [
            "DELETE FROM recipient WHERE mail = ?1",
            "DELETE FROM attempt WHERE mail = ?1",
            "DELETE FROM quarantine WHERE mail = ?1",
            "DELETE FROM event WHERE mail = ?1",
            "DELETE FROM withdrawn WHERE mail = ?1",
            "DELETE FROM mail WHERE id = ?1",
        ] {
            conn.prepare_cached(sql)?.execute([id])?;
        }
        if let Some(content) = content {
            remove_content(work, *content)?;
        }
    }
    conn.prepare_cached("DELETE FROM event WHERE mail IS NULL AND at < ?1")?.execute([Micros(before)])?;
    work.ids.keep(conn)?;
    Ok(mails.len())
}
