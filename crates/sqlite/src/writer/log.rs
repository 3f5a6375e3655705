//! The write-ahead log: copied into the file beside the writer.

use std::path::Path;
use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::{Arc, mpsc};
use std::thread::{self, JoinHandle};

use rusqlite::Connection;

use crate::trouble::Fault;

/// Has the log copied when it is long.
///
/// A thread of its own copies most of it while the writer goes on; the writer copies what came meanwhile, and only
/// then the log begins anew. A reader in the way postpones it.
pub(super) struct Log {
    /// Its pages, as the last commit told.
    pages: Arc<AtomicI32>,
    limit: i32,
    copier: Copier,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Resting,
    /// The thread copies, for the time of this number.
    Copying(u32),
}

impl Log {
    /// Watches the log of the connection that writes; the other connection copies.
    pub(super) fn watch(
        path: &Arc<Path>,
        writer: &mut Connection,
        copier: Connection,
        checkpoint_pages: u32,
    ) -> Result<Self, Fault> {
        let pages = Arc::new(AtomicI32::new(0));
        let told = pages.clone();
        // In place of SQLite's own checkpoint within the commit, for which the callers would wait.
        let hook = writer.wal_hook(Some(move |_: &mut rusqlite::hooks::Wal, pages: std::ffi::c_int| {
            told.store(pages, Ordering::Relaxed);
            Ok(())
        }));
        hook.map_err(|error| Fault::of_sql(path, &error))?;
        let copier = Copier::start(path, copier)?;
        let limit = i32::try_from(checkpoint_pages).unwrap_or(i32::MAX);
        Ok(Self { pages, limit, copier, state: State::Resting })
    }

    /// Looks after the log, between two commits.
    pub(super) fn look(&mut self, writer: &Connection) -> Result<(), rusqlite::Error> {
        let pages = self.pages.load(Ordering::Relaxed);
        let State::Copying(turn) = self.state else {
            return if pages < self.limit { Ok(()) } else { self.begin(1, writer) };
        };
        // So long that the disk, not the writer, sets the pace: wait.
        let too_long = pages >= self.limit.saturating_mul(LONGEST);
        let Some(end) = self.copier.end(too_long) else { return Ok(()) };
        self.state = State::Resting;
        let left = pages.saturating_sub(end?);
        if pages < self.limit {
            return Ok(()); // all was copied, and it has begun anew
        }
        if left > self.limit / 4 && turn < TURNS && !too_long {
            self.begin(turn + 1, writer)
        } else {
            self.finish(writer)
        }
    }

    fn begin(&mut self, turn: u32, writer: &Connection) -> Result<(), rusqlite::Error> {
        if self.copier.begin() {
            self.state = State::Copying(turn);
            return Ok(());
        }
        self.finish(writer)
    }

    fn finish(&mut self, writer: &Connection) -> Result<(), rusqlite::Error> {
        self.pages.store(0, Ordering::Relaxed);
        copy(writer).map(drop)
    }
}

/// Copies what no reader is in the way of; how many pages of the log are in the file then.
fn copy(conn: &Connection) -> Result<i32, rusqlite::Error> {
    conn.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| row.get(2))
}

/// The thread that copies. Dropping it waits for what it is at: its connection is closed then.
struct Copier {
    calls: Option<mpsc::Sender<()>>,
    ends: mpsc::Receiver<Result<i32, rusqlite::Error>>,
    thread: Option<JoinHandle<()>>,
}

impl Copier {
    fn start(path: &Arc<Path>, conn: Connection) -> Result<Self, Fault> {
        let (calls, called) = mpsc::channel::<()>();
        let (ended, ends) = mpsc::channel();
        let run = move || called.into_iter().map(|()| copy(&conn)).try_for_each(|end| ended.send(end)).unwrap_or(());
        let thread = thread::Builder::new().name("posthaste-copy".to_owned()).spawn(run);
        let thread = thread.map_err(|error| Fault::of_io(path, &error))?;
        Ok(Self { calls: Some(calls), ends, thread: Some(thread) })
    }

    /// Begins to copy; `false` if the thread is gone.
    fn begin(&self) -> bool {
        self.calls.as_ref().is_some_and(|calls| calls.send(()).is_ok())
    }

    /// How the copying ended; `None` if it goes on, for which it can be waited.
    fn end(&self, wait: bool) -> Option<Result<i32, rusqlite::Error>> {
        let end =
            if wait { self.ends.recv().map_err(|_| mpsc::TryRecvError::Disconnected) } else { self.ends.try_recv() };
        match end {
            Ok(end) => Some(end),
            Err(mpsc::TryRecvError::Empty) => None,
            Err(mpsc::TryRecvError::Disconnected) => Some(Ok(0)),
        }
    }
}

impl Drop for Copier {
    fn drop(&mut self) {
        drop(self.calls.take());
        if let Some(thread) = self.thread.take() {
            drop(thread.join()); // a panic there has been printed
        }
    }
}

/// How often the thread copies before the writer does the rest.
const TURNS: u32 = 3;
/// The log is at most so many times as long as it is to be, readers apart.
const LONGEST: i32 = 4;
