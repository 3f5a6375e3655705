//! Writing the suppression list.

use std::time::{SystemTime, UNIX_EPOCH};

use posthaste_suppression::{Actor, Put, Scope, What};
use rusqlite::{Connection, OptionalExtension, params};

use super::Work;

use crate::rows::{ENTRY_COLUMNS, EntryRow, Micros, json, scope_columns, what_columns};

/// Puts an entry, or extends the one that stands there.
pub(crate) fn put(work: &Work<'_>, entry: &EntryRow) -> Result<Put, rusqlite::Error> {
    let conn = work.conn;
    let EntryRow { what, value, scope, scope_name, effect, reason, class, evidence, by, since, until } = entry;
    // Before the commit: a reader may be asked as soon as it is there.
    work.filter.add(what, value);
    let sql = "SELECT id, until FROM suppression WHERE what = ?1 AND value = ?2 AND scope = ?3 AND scope_name = ?4 \
               AND effect = ?5 AND reason = ?6 AND class = ?7";
    let known: Option<(i64, Option<i64>)> = conn
        .prepare_cached(sql)?
        .query_row(params![what, value, scope, scope_name, effect, reason, class], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let until = until.map(|until| until.as_unix_micros());
    if let Some((id, known_until)) = known {
        if known_until.is_none_or(|end| since.as_unix_micros() < end) {
            let later = known_until.zip(until).map(|(old, new)| old.max(new));
            conn.prepare_cached("UPDATE suppression SET until = ?2 WHERE id = ?1")?.execute(params![id, later])?;
            return Ok(Put::Known);
        }
        conn.prepare_cached("UPDATE suppression SET evidence = ?2, by = ?3, since = ?4, until = ?5 WHERE id = ?1")?
            .execute(params![id, evidence, by, Micros(*since), until])?;
        return Ok(Put::Added);
    }
    conn.prepare_cached(
        "INSERT INTO suppression (what, value, scope, scope_name, effect, reason, class, evidence, by, since, until) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
    )?
    .execute(params![
        what,
        value,
        scope,
        scope_name,
        effect,
        reason,
        class,
        evidence,
        by,
        Micros(*since),
        until
    ])?;
    Ok(Put::Added)
}

/// Entries to be taken off the list.
pub(crate) struct Lifting {
    what: (&'static str, String),
    scope: (&'static str, String),
    by: String,
}

impl Lifting {
    /// `None` for a kind of entry that this release does not know: there is none on the list.
    pub(crate) fn of(what: &What, scope: &Scope, by: &Actor) -> Result<Option<Self>, rusqlite::Error> {
        let columns = what_columns(what).zip(scope_columns(scope));
        columns.map(|(what, scope)| Ok(Self { what, scope, by: json(by)? })).transpose()
    }

    /// Moves them to `lifted`; whether there were any.
    pub(crate) fn apply(&self, conn: &Connection) -> Result<bool, rusqlite::Error> {
        let Self { what, scope, by } = self;
        let key = params![what.0, what.1, scope.0, scope.1];
        let sql = format!(
            "SELECT {ENTRY_COLUMNS} FROM suppression WHERE what = ?1 AND value = ?2 AND scope = ?3 AND scope_name = ?4"
        );
        let mut statement = conn.prepare_cached(&sql)?;
        let mut rows = statement.query(key)?;
        let at = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_micros());
        let at = i64::try_from(at).unwrap_or(i64::MAX);
        let mut ids = Vec::new();
        while let Some(row) = rows.next()? {
            let (id, entry) = EntryRow::read(row)?;
            conn.prepare_cached("INSERT INTO lifted (entry, by, at) VALUES (?1, ?2, ?3)")?.execute(params![
                entry.as_ref().map(json).transpose()?.unwrap_or_default(),
                by,
                at
            ])?;
            ids.push(id);
        }
        for id in &ids {
            conn.prepare_cached("DELETE FROM suppression WHERE id = ?1")?.execute([id])?;
        }
        Ok(!ids.is_empty())
    }
}
