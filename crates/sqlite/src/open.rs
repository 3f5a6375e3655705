//! Opening the file.

use std::fs::{File, OpenOptions};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use posthaste_queue::SpoolErrorKind;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use crate::hash::HashKey;
use crate::schema::{self, Found, MIGRATIONS};
use crate::settings::Settings;
use crate::trouble::Fault;

/// The one path of a file, whatever way its name was written; so that two names of one file are one lock.
pub(crate) fn resolve(path: &Path) -> Result<Arc<Path>, Fault> {
    let given: Arc<Path> = path.into();
    let io = |error: &std::io::Error| Fault::of_io(&given, error);
    let Some(name) = path.file_name() else {
        return Err(Fault::new(SpoolErrorKind::NotASpool, &given, "not the name of a file"));
    };
    let resolved = match path.canonicalize() {
        Ok(resolved) => resolved,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
            folder.canonicalize().map_err(|error| io(&error))?.join(name)
        }
        Err(error) => return Err(io(&error)),
    };
    if resolved.is_dir() {
        return Err(Fault::new(SpoolErrorKind::NotASpool, &given, "a folder, not a spool"));
    }
    Ok(PathBuf::into_boxed_path(resolved).into())
}

/// Opens the connection that writes; makes the tables, or brings them forward.
pub(crate) fn for_writing(path: &Arc<Path>, settings: &Settings) -> Result<Connection, Fault> {
    let new = look_at_header(path)?;
    if new {
        private(OpenOptions::new().write(true).create(true).truncate(false))
            .open(path)
            .map_err(|e| Fault::of_io(path, &e))?;
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut conn = Connection::open_with_flags(path, flags).map_err(|error| Fault::of_sql(path, &error))?;
    prepare_writer(&mut conn, settings, path).map_err(|error| match error {
        Refused::Sql(error) => Fault::of_sql(path, &error),
        Refused::Fault(fault) => fault,
    })?;
    if new {
        sync_name(path)?;
    }
    Ok(conn)
}

/// The spool holds mail and secrets: files are made for their owner alone.
pub(crate) fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options
}

/// Opens a connection that copies the write-ahead log into the file.
pub(crate) fn for_copying(path: &Arc<Path>, settings: &Settings) -> Result<Connection, Fault> {
    let open = || {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let conn = Connection::open_with_flags(path, flags)?;
        common(&conn, settings)?;
        conn.pragma_update(None, "synchronous", if syncs() { "full" } else { "off" })?;
        Ok(conn)
    };
    open().map_err(|error| Fault::of_sql(path, &error))
}

/// Opens a connection that only reads.
pub(crate) fn for_reading(path: &Arc<Path>, settings: &Settings) -> Result<Connection, Fault> {
    let open = || {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let conn = Connection::open_with_flags(path, flags)?;
        common(&conn, settings)?;
        schema::look(&conn).map(|found| (conn, found))
    };
    let (conn, found) = open().map_err(|error| Fault::of_sql(path, &error))?;
    match found {
        Found::Spool(version) if version == schema::version() => Ok(conn),
        Found::Spool(version) if version < schema::version() => {
            let what = format!("schema version {version} is older than this release: its owner must open it first");
            Err(Fault::new(SpoolErrorKind::NotASpool, path, what))
        }
        found => Err(not_ours(path, found)),
    }
}

/// The key of the hashes of the suppression list.
pub(crate) fn hash_key(conn: &Connection, path: &Arc<Path>) -> Result<HashKey, Fault> {
    let found = conn.query_row("SELECT value FROM secret WHERE name = ?1", [HashKey::NAME], |row| row.get(0));
    found.map(HashKey::new).map_err(|error| Fault::of_sql(path, &error))
}

/// Whether the file is empty or not there; an error if it is none of SQLite's.
///
/// QUIRK: SQLite takes a file of less than 512 octets for an empty database and writes over it.
fn look_at_header(path: &Arc<Path>) -> Result<bool, Fault> {
    let mut start = Vec::new();
    match File::open(path).and_then(|file| file.take(HEADER.len() as u64).read_to_end(&mut start)) {
        Ok(0) => Ok(true),
        Ok(_) if start == HEADER => Ok(false),
        Ok(_) => Err(Fault::new(SpoolErrorKind::NotASpool, path, "file is not a database")),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(true),
        Err(error) => Err(Fault::of_io(path, &error)),
    }
}

/// Has the folder remember the name of a new file.
#[cfg(unix)]
fn sync_name(path: &Arc<Path>) -> Result<(), Fault> {
    let Some(folder) = path.parent() else { return Ok(()) };
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(|error| Fault::of_io(path, &error))
}

/// Folders cannot be synced here; the file system sees to it.
#[cfg(not(unix))]
fn sync_name(_: &Arc<Path>) -> Result<(), Fault> {
    Ok(())
}

enum Refused {
    Fault(Fault),
    Sql(rusqlite::Error),
}

impl From<rusqlite::Error> for Refused {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sql(error)
    }
}

fn prepare_writer(conn: &mut Connection, settings: &Settings, path: &Arc<Path>) -> Result<(), Refused> {
    common(conn, settings)?;
    conn.pragma_update(None, "page_size", PAGE_SIZE)?; // counts only before the first table
    let version = match schema::look(conn)? {
        Found::Empty => 0,
        Found::Spool(version) if version <= schema::version() => version,
        found => return Err(Refused::Fault(not_ours(path, found))),
    };
    let mode: String = conn.pragma_update_and_check(None, "journal_mode", "wal", |row| row.get(0))?;
    if mode != "wal" {
        let what = format!("no write-ahead log here: journal mode {mode}");
        return Err(Refused::Fault(Fault::new(SpoolErrorKind::Io, path, what)));
    }
    conn.pragma_update(None, "synchronous", if syncs() { "full" } else { "off" })?;
    conn.pragma_update(None, "temp_store", "memory")?;
    let limit = i64::from(settings.checkpoint_pages).saturating_mul(4 * i64::from(PAGE_SIZE));
    conn.pragma_update(None, "journal_size_limit", limit)?; // what a long reader let it grow to is given back
    conn.pragma_update(None, "max_page_count", i64::from(settings.max_pages))?;
    schema::migrate(conn, version, MIGRATIONS)?;
    Ok(())
}

fn common(conn: &Connection, settings: &Settings) -> Result<(), rusqlite::Error> {
    conn.busy_timeout(BUSY)?;
    conn.set_prepared_statement_cache_capacity(128);
    // QUIRK: without it, SQLite plans a statement again whenever a value is bound that its WHERE compares with.
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    let kibibytes = i64::try_from(settings.page_cache_bytes / 1024).unwrap_or(i64::MAX);
    conn.pragma_update(None, "cache_size", -kibibytes)?;
    conn.pragma_update(None, "mmap_size", i64::try_from(settings.mmap_bytes).unwrap_or(i64::MAX))?;
    conn.pragma_update(None, "trusted_schema", "off")?;
    conn.pragma_update(None, "cell_size_check", "on")?;
    conn.pragma_update(None, "foreign_keys", "off")
}

fn not_ours(path: &Arc<Path>, found: Found) -> Fault {
    let what = match found {
        Found::Spool(version) => {
            format!("schema version {version} is newer than this release, which knows {}", schema::version())
        }
        Found::Empty => "an empty file".to_owned(),
        Found::Foreign => "a database, but no spool".to_owned(),
    };
    Fault::new(SpoolErrorKind::NotASpool, path, what)
}

#[cfg(not(feature = "test-no-sync"))]
fn syncs() -> bool {
    true
}

/// Both the feature and the variable are needed, so that a build with all features still syncs.
#[cfg(feature = "test-no-sync")]
fn syncs() -> bool {
    std::env::var_os("POSTHASTE_TEST_NO_SYNC").is_none()
}

/// How long a statement waits for another process that holds the file: a person's shell, a backup.
const BUSY: Duration = Duration::from_secs(5);
const PAGE_SIZE: u32 = 4096;
const HEADER: &[u8] = b"SQLite format 3\0";

#[cfg(test)]
mod tests {
    use rusqlite::StatementStatus;

    use super::*;

    #[test]
    fn a_statement_is_planned_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = resolve(&folder.path().join("mail.db")).unwrap();
        let settings = Settings::default();
        let writer = for_writing(&path, &settings).unwrap();
        let reader = for_reading(&path, &settings).unwrap();
        for conn in [&writer, &reader] {
            let sql = "SELECT id FROM suppression WHERE what = ?1 AND value = ?2 ORDER BY id";
            for value in ["a.example", "b.example", "c.example"] {
                let mut statement = conn.prepare_cached(sql).unwrap();
                assert!(!statement.exists(["domain", value]).unwrap());
                assert_eq!(statement.get_status(StatementStatus::RePrepare), 0);
            }
        }
    }
}
