//! The schema, its version, and the way from each version to the next.

use rusqlite::{Connection, TransactionBehavior};

/// What stands in the file's header: "phst".
pub(crate) const APPLICATION_ID: i32 = 0x7068_7374;

/// The steps: the one at index n leads from version n to n + 1. Released steps never change.
pub(crate) const MIGRATIONS: &[&str] = &[include_str!("v1.sql"), include_str!("v2.sql"), include_str!("v3.sql")];

/// The version that this release writes.
pub(crate) fn version() -> i64 {
    i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX)
}

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// Nothing yet.
    Empty,
    /// A spool of this version.
    Spool(i64),
    /// A database of something else.
    Foreign,
}

/// What the open file is.
pub(crate) fn look(conn: &Connection) -> Result<Found, rusqlite::Error> {
    let number = |name| conn.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let (id, version) = (number("application_id")?, number("user_version")?);
    let objects: i64 = conn.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    Ok(match (id, objects) {
        (id, _) if id == i64::from(APPLICATION_ID) => Found::Spool(version),
        (0, 0) if version == 0 => Found::Empty,
        _ => Found::Foreign,
    })
}

/// Takes every step from `from` on, all of them in one transaction: a crash leaves the old version.
pub(crate) fn migrate(conn: &mut Connection, from: i64, steps: &[&str]) -> Result<(), rusqlite::Error> {
    let done = usize::try_from(from).unwrap_or(0);
    let left = steps.get(done..).unwrap_or_default();
    if left.is_empty() {
        return Ok(());
    }
    let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for step in left {
        tx.execute_batch(step)?;
    }
    tx.pragma_update(None, "application_id", APPLICATION_ID)?;
    tx.pragma_update(None, "user_version", i64::try_from(steps.len()).unwrap_or(i64::MAX))?;
    tx.commit()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_older_schema_is_brought_forward_step_by_step() {
        let steps = ["CREATE TABLE a (x)", "ALTER TABLE a ADD COLUMN y DEFAULT 7", "CREATE INDEX b ON a (y)"];
        let mut conn = Connection::open_in_memory().unwrap();
        migrate(&mut conn, 0, &steps[..1]).unwrap();
        conn.execute("INSERT INTO a VALUES (1)", []).unwrap();
        assert_eq!(look(&conn).unwrap(), Found::Spool(1));

        migrate(&mut conn, 1, &steps).unwrap();
        assert_eq!(look(&conn).unwrap(), Found::Spool(3));
        let row = conn.query_row("SELECT x, y FROM a", [], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?)));
        assert_eq!(row.unwrap(), (1, 7));
    }

    #[test]
    fn a_step_that_fails_leaves_the_old_version() {
        let mut conn = Connection::open_in_memory().unwrap();
        migrate(&mut conn, 0, &["CREATE TABLE a (x)"]).unwrap();
        let steps = ["CREATE TABLE a (x)", "CREATE TABLE c (x)", "no SQL"];
        migrate(&mut conn, 1, &steps).unwrap_err();
        assert_eq!(look(&conn).unwrap(), Found::Spool(1));
        let tables: i64 = conn.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0)).unwrap();
        assert_eq!(tables, 1);
    }

    #[test]
    fn other_databases_are_told_from_empty_ones() {
        let conn = Connection::open_in_memory().unwrap();
        assert_eq!(look(&conn).unwrap(), Found::Empty);
        conn.execute_batch("CREATE TABLE theirs (x)").unwrap();
        assert_eq!(look(&conn).unwrap(), Found::Foreign);
    }
}
