//! [`KeyStore`] on SQLite.

use std::path::Path;

use async_trait::async_trait;
use posthaste_queue::SpoolErrorKind;
use posthaste_sign::{KeyEntry, KeySecret, KeyState, KeyStore, KeyStoreError, KeyStoreErrorKind, Selector};
use posthaste_types::{Domain, ParseError, Timestamp};
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::rows::Micros;
use crate::sqlite::Sqlite;
use crate::trouble::Fault;

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl KeyStore for Sqlite {
    async fn put(&self, entry: &KeyEntry, secret: &KeySecret) -> Result<(), KeyStoreError> {
        check_private(self.path())?;
        let (row, kept) = (entry.clone(), secret.clone());
        match self.write(move |work| insert(work.conn, &row, &kept)).await? {
            1 => Ok(()),
            _ => {
                let what = format!("there is a key {} of {}", entry.selector(), entry.domain());
                Err(KeyStoreError::new(KeyStoreErrorKind::Exists, what))
            }
        }
    }

    async fn keys(&self, domain: Option<&Domain>) -> Result<Vec<KeyEntry>, KeyStoreError> {
        let domain = domain.map(ToString::to_string);
        let rows = self.read(move |conn| Ok(select(conn, domain.as_deref())?)).await?;
        rows.into_iter().map(|row| row.entry().map_err(|error| self.damaged(error))).collect()
    }

    async fn secret(&self, domain: &Domain, selector: &Selector) -> Result<Option<KeySecret>, KeyStoreError> {
        check_private(self.path())?;
        let key = (domain.to_string(), selector.to_string());
        let sql = "SELECT secret FROM dkim_key WHERE domain = ?1 AND selector = ?2";
        // As a secret from here on: it is wiped wherever it is dropped.
        let found = self.read(move |conn| {
            let secret = |row: &Row<'_>| Ok(row.get::<_, Option<Vec<u8>>>(0)?.map(KeySecret::new));
            Ok(conn.prepare_cached(sql)?.query_row(params![key.0, key.1], secret).optional()?.flatten())
        });
        match found.await? {
            None => Ok(None),
            Some(Some(secret)) => Ok(Some(secret)),
            Some(None) => Err(self.damaged(format!("the secret of {selector} of {domain} has no possible length"))),
        }
    }

    async fn advance(
        &self,
        domain: &Domain,
        selector: &Selector,
        from: KeyState,
        to: KeyState,
    ) -> Result<bool, KeyStoreError> {
        let key = (domain.to_string(), selector.to_string());
        let sql = "UPDATE dkim_key SET stage = ?3, since = ?4, until = ?5 \
                   WHERE domain = ?1 AND selector = ?2 AND stage = ?6 AND since = ?7 AND until IS ?8";
        let moved = self.write(move |work| {
            zeroing(work.conn, |conn| {
                conn.prepare_cached(sql)?.execute(params![
                    key.0,
                    key.1,
                    to.stage.as_str(),
                    Micros(to.since),
                    to.until.map(Micros),
                    from.stage.as_str(),
                    Micros(from.since),
                    from.until.map(Micros),
                ])
            })
        });
        Ok(moved.await? > 0)
    }

    async fn erase(&self, domain: &Domain, selector: &Selector) -> Result<bool, KeyStoreError> {
        let key = (domain.to_string(), selector.to_string());
        Ok(self.write(move |work| erase(work.conn, &key.0, &key.1)).await?)
    }
}

impl Sqlite {
    fn damaged(&self, what: impl std::fmt::Display) -> KeyStoreError {
        KeyStoreError::new(KeyStoreErrorKind::Damaged, format!("{}: {what}", self.path().display()))
    }
}

impl From<Fault> for KeyStoreError {
    fn from(fault: Fault) -> Self {
        let kind = match fault.kind() {
            SpoolErrorKind::InUse => KeyStoreErrorKind::Busy,
            _ => KeyStoreErrorKind::Unavailable,
        };
        Self::new(kind, fault)
    }
}

/// What stands in a row, before it is checked.
struct KeyRow {
    domain: String,
    selector: String,
    record: String,
    stage: String,
    since: i64,
    until: Option<i64>,
}

impl KeyRow {
    fn entry(&self) -> Result<KeyEntry, ParseError> {
        let at = Timestamp::from_unix_micros;
        let mut state = KeyState::new(self.stage.parse()?, at(self.since));
        state.until = self.until.map(at);
        let entry = KeyEntry::new(self.domain.parse()?, self.selector.parse()?, &self.record, at(self.since))?;
        Ok(entry.in_state(state))
    }
}

/// How many rows were made: none if there is one of this key.
fn insert(conn: &Connection, entry: &KeyEntry, secret: &KeySecret) -> Result<usize, rusqlite::Error> {
    let KeyState { stage, since, until, .. } = entry.state();
    let sql = "INSERT OR IGNORE INTO dkim_key (domain, selector, record, secret, stage, since, until) \
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    zeroing(conn, |conn| {
        conn.prepare_cached(sql)?.execute(params![
            entry.domain().as_str(),
            entry.selector().as_str(),
            entry.record(),
            secret.expose(),
            stage.as_str(),
            Micros(since),
            until.map(Micros),
        ])
    })
}

fn select(conn: &Connection, domain: Option<&str>) -> Result<Vec<KeyRow>, rusqlite::Error> {
    let sql = "SELECT domain, selector, record, stage, since, until FROM dkim_key \
               WHERE ?1 IS NULL OR domain = ?1 ORDER BY domain, selector";
    let mut statement = conn.prepare_cached(sql)?;
    let row = |row: &Row<'_>| {
        Ok(KeyRow {
            domain: row.get(0)?,
            selector: row.get(1)?,
            record: row.get(2)?,
            stage: row.get(3)?,
            since: row.get(4)?,
            until: row.get(5)?,
        })
    };
    statement.query_map([domain], row)?.collect()
}

fn erase(conn: &Connection, domain: &str, selector: &str) -> Result<bool, rusqlite::Error> {
    let sql = "UPDATE dkim_key SET secret = NULL WHERE domain = ?1 AND selector = ?2 AND secret IS NOT NULL";
    Ok(zeroing(conn, |conn| conn.prepare_cached(sql)?.execute([domain, selector]))? > 0)
}

/// SQLite writes zeros over what is deleted while `secure_delete` is on; what the write-ahead log still holds goes when it
/// is copied into the file and begun anew. Every change of a row counts: it writes the whole row elsewhere, its secret
/// too.
fn zeroing<T>(
    conn: &Connection,
    work: impl FnOnce(&Connection) -> Result<T, rusqlite::Error>,
) -> Result<T, rusqlite::Error> {
    let set = |on: i64| conn.query_row(&format!("PRAGMA secure_delete = {on}"), [], |row| row.get::<_, i64>(0));
    let before = conn.query_row("PRAGMA secure_delete", [], |row| row.get::<_, i64>(0))?;
    set(1)?;
    let done = work(conn);
    set(before)?;
    done
}

#[cfg(unix)]
fn check_private(path: &Path) -> Result<(), KeyStoreError> {
    use std::os::unix::fs::PermissionsExt;
    let found = std::fs::metadata(path);
    let found = found
        .map_err(|error| KeyStoreError::new(KeyStoreErrorKind::Unavailable, format!("{}: {error}", path.display())))?;
    let mode = found.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        let what = format!("{}: others may use its secrets (mode {mode:03o}); do: chmod 600", path.display());
        return Err(KeyStoreError::new(KeyStoreErrorKind::Exposed, what));
    }
    Ok(())
}

#[cfg(not(unix))]
fn check_private(_: &Path) -> Result<(), KeyStoreError> {
    Ok(())
}
