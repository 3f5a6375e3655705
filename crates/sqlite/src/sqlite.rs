//! The handle of an open spool.

use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use posthaste_queue::SpoolError;
use posthaste_suppression::What;
use posthaste_types::Address;
use rusqlite::Connection;

use crate::filter::Filter;
use crate::lane::Lane;
use crate::lock::OwnerLock;
use crate::lookup::Lookup;
use crate::open;
use crate::read_only::ReadOnly;
use crate::reader::{self, Found, Read};
use crate::settings::Settings;
use crate::trouble::{Fault, Trouble};
use crate::writer::{Job, Work, Write, Writer, quarantine};

/// A spool, a suppression list and an event log in one SQLite file, owned by this process.
///
/// Implements [`Spool`](posthaste_queue::Spool),
/// [`SuppressionStore`](posthaste_suppression::SuppressionStore) and [`KeyStore`](posthaste_sign::KeyStore). Cloning it gives another handle of the
/// same. Needs no runtime: the file is read and written on four threads of its own.
///
/// Dropping the last handle waits until what was asked for is written, and frees the file;
/// [`Spool::close`](posthaste_queue::Spool::close) does the same without blocking.
#[derive(Clone)]
pub struct Sqlite {
    inner: Arc<Inner>,
}

/// Dropped from the top: readers, the writer, then the lock.
struct Inner {
    path: Arc<Path>,
    lookup: Lookup,
    /// What the engine waits for.
    urgent: Lane<Read>,
    /// What people ask.
    questions: Lane<Read>,
    writer: Lane<Box<dyn Job>>,
    lock: Mutex<Option<OwnerLock>>,
}

impl Sqlite {
    /// Opens the spool at `path`, with the default [`Settings`]; makes it if there is none.
    ///
    /// # Errors
    /// [`SpoolError`], which names the path; of kind [`InUse`](posthaste_queue::SpoolErrorKind::InUse) if
    /// another owner has it, [`NotASpool`](posthaste_queue::SpoolErrorKind::NotASpool) if it is a folder or
    /// some other file, or was written by a newer release, [`Full`](posthaste_queue::SpoolErrorKind::Full) if
    /// the disk is, else [`Io`](posthaste_queue::SpoolErrorKind::Io).
    pub fn open(path: impl AsRef<Path>) -> Result<Self, SpoolError> {
        Self::open_with(path, Settings::default())
    }

    /// Opens the spool at `path`; makes it if there is none.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_with(path: impl AsRef<Path>, settings: Settings) -> Result<Self, SpoolError> {
        Ok(Self { inner: Arc::new(Inner::open(path.as_ref(), &settings)?) })
    }

    /// Opens the spool at `path` for questions, beside its owner or without one. It takes no lock.
    ///
    /// # Errors
    /// As [`open`](Self::open), but never `InUse`; also if there is no spool, or an older release wrote it.
    pub fn open_read_only(path: impl AsRef<Path>) -> Result<ReadOnly, SpoolError> {
        Ok(ReadOnly::open(path.as_ref(), &Settings::default())?)
    }

    /// The file, with all links resolved.
    pub fn path(&self) -> &Path {
        &self.inner.path
    }

    /// How the suppression list knows an address of which only the hash is kept.
    pub fn hash(&self, address: &Address) -> What {
        self.inner.lookup.hash(address)
    }

    pub(crate) fn lookup(&self) -> &Lookup {
        &self.inner.lookup
    }

    pub(crate) fn is_open(&self) -> bool {
        self.inner.writer.is_open()
    }

    pub(crate) fn fault_of(&self, error: &rusqlite::Error) -> Fault {
        Fault::of_sql(&self.inner.path, error)
    }

    /// Asks the reader that the engine waits for.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Connection) -> Result<T, Trouble> + Send + 'static,
    ) -> Result<T, Fault> {
        reader::read(&self.inner.urgent, &self.inner.path, question).await
    }

    /// Asks the reader for people's questions, which may take long.
    pub(crate) async fn question<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Connection) -> Result<T, Trouble> + Send + 'static,
    ) -> Result<T, Fault> {
        reader::read(&self.inner.questions, &self.inner.path, question).await
    }

    /// Has the writer do something; it is on disk when this returns.
    pub(crate) async fn write<T: Send + 'static>(
        &self,
        run: impl FnMut(&mut Work<'_>) -> Result<T, rusqlite::Error> + Send + 'static,
    ) -> Result<T, Fault> {
        let (job, answer) = Write::new(run);
        self.inner.writer.send(Box::new(job)).await?;
        answer.await.map_err(|_| self.inner.writer.lost())?
    }

    /// Sets apart what was found damaged, and gives the rest.
    pub(crate) async fn sound<T: Send + 'static>(&self, found: Found<T>) -> Result<Vec<T>, Fault> {
        let Found { rows, damaged } = found;
        if !damaged.is_empty() {
            self.write(move |work| damaged.iter().try_for_each(|damaged| quarantine(work, damaged))).await?;
        }
        Ok(rows)
    }

    pub(crate) async fn shut(&self) -> Result<(), Fault> {
        let inner = &self.inner;
        inner.questions.close().await?;
        inner.urgent.close().await?;
        // The last connection: it copies the write-ahead log into the file and removes it.
        let closed = inner.writer.close().await;
        drop(inner.lock.lock().unwrap_or_else(PoisonError::into_inner).take());
        closed
    }
}

impl fmt::Debug for Sqlite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sqlite").field("path", &self.inner.path).finish_non_exhaustive()
    }
}

impl Inner {
    fn open(path: &Path, settings: &Settings) -> Result<Self, Fault> {
        let path = open::resolve(path)?;
        let lock = OwnerLock::take(&path)?;
        let conn = open::for_writing(&path, settings)?;
        let hash = open::hash_key(&conn, &path)?;
        let filter = Arc::new(Filter::load(&conn).map_err(|error| Fault::of_sql(&path, &error))?);
        let writer = Writer::new(&path, conn, &filter, settings)?;
        let writer = Lane::start("posthaste-write", &path, settings.max_queue, move |jobs| writer.run(jobs))?;
        let reader = |name: &str| {
            let conn = open::for_reading(&path, settings)?;
            Lane::start(name, &path, settings.max_queue, move |reads| reader::run(conn, reads))
        };
        Ok(Self {
            urgent: reader("posthaste-read")?,
            questions: reader("posthaste-find")?,
            writer,
            lock: Mutex::new(Some(lock)),
            lookup: Lookup::new(hash, Some(filter)),
            path,
        })
    }
}
