//! What goes wrong below the ports, and how it is told.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use posthaste_queue::{SpoolError, SpoolErrorKind};
use posthaste_suppression::{StoreError, StoreErrorKind};
use posthaste_types::{ContentError, ParseError};
use rusqlite::ErrorCode;

/// Why reading or writing did not work out.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// A record is not what it must be.
    Damaged(Damage),
    /// SQLite failed.
    Sql(rusqlite::Error),
}

/// What is wrong with a record.
#[derive(Clone, Debug)]
pub(crate) struct Damage(String);

impl Damage {
    pub(crate) fn new(what: impl fmt::Display) -> Self {
        Self(what.to_string())
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Damaged(damage) => write!(f, "damaged record: {}", damage.0),
            Self::Sql(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for Trouble {}

impl From<Damage> for Trouble {
    fn from(damage: Damage) -> Self {
        Self::Damaged(damage)
    }
}

/// A value of the wrong type or range, and a page that does not hang together, are damage; all else is SQLite's.
impl From<rusqlite::Error> for Trouble {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::Error as E;
        let damaged = match &error {
            E::FromSqlConversionFailure(..)
            | E::IntegralValueOutOfRange(..)
            | E::InvalidColumnType(..)
            | E::Utf8Error(..) => true,
            other => other.sqlite_error_code() == Some(ErrorCode::DatabaseCorrupt),
        };
        if damaged { Self::Damaged(Damage::new(error)) } else { Self::Sql(error) }
    }
}

macro_rules! damage_from {
    ($($type:ty),*) => {$(
        impl From<$type> for Trouble {
            fn from(error: $type) -> Self {
                Self::Damaged(Damage::new(error))
            }
        }
    )*};
}

damage_from!(ContentError, ParseError, serde_json::Error);

/// A failure that names the file; can be told to many callers.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{}: {what}", path.display())]
pub(crate) struct Fault {
    kind: SpoolErrorKind,
    path: Arc<Path>,
    what: Arc<str>,
}

impl Fault {
    pub(crate) fn new(kind: SpoolErrorKind, path: &Arc<Path>, what: impl fmt::Display) -> Self {
        Self { kind, path: path.clone(), what: what.to_string().into() }
    }

    pub(crate) fn kind(&self) -> SpoolErrorKind {
        self.kind
    }

    pub(crate) fn closed(path: &Arc<Path>) -> Self {
        Self::new(SpoolErrorKind::Closed, path, "the spool was closed")
    }

    pub(crate) fn of_sql(path: &Arc<Path>, error: &rusqlite::Error) -> Self {
        let kind = match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => SpoolErrorKind::Full,
            Some(ErrorCode::NotADatabase) => SpoolErrorKind::NotASpool,
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => SpoolErrorKind::InUse,
            _ => SpoolErrorKind::Io,
        };
        Self::new(kind, path, error)
    }

    /// Whether another process holds the file: then it does for whoever asks next, too.
    pub(crate) fn is_busy(&self) -> bool {
        self.kind == SpoolErrorKind::InUse
    }

    pub(crate) fn of_trouble(path: &Arc<Path>, trouble: &Trouble) -> Self {
        match trouble {
            Trouble::Damaged(_) => Self::new(SpoolErrorKind::Io, path, trouble),
            Trouble::Sql(error) => Self::of_sql(path, error),
        }
    }

    pub(crate) fn of_io(path: &Arc<Path>, error: &std::io::Error) -> Self {
        let full = matches!(error.kind(), std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded);
        Self::new(if full { SpoolErrorKind::Full } else { SpoolErrorKind::Io }, path, error)
    }
}

impl From<Fault> for SpoolError {
    fn from(fault: Fault) -> Self {
        Self::new(fault.kind, fault)
    }
}

impl From<Fault> for StoreError {
    fn from(fault: Fault) -> Self {
        Self::new(StoreErrorKind::Unavailable, fault)
    }
}

/// Whether reading, writing or syncing failed.
pub(crate) fn is_io(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(ErrorCode::SystemIoFailure)
}
