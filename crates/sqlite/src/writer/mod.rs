//! The one thread that writes: whatever waits shares a transaction and a sync.

mod admit;
mod begin;
mod bodies;
mod entries;
mod forget;
mod ids;
mod quarantine;
mod settle;

pub(crate) use admit::Admitting;
pub(crate) use begin::{BegunRows, GrantedRows, begin};
pub(crate) use entries::{Lifting, put};
pub(crate) use forget::forget;
pub(crate) use quarantine::{Damaged, quarantine};
pub(crate) use settle::Settling;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};

use posthaste_queue::SpoolErrorKind;
use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use crate::lane::Message;
use crate::trouble::{Fault, is_full, is_io};
use bodies::Bodies;
use ids::Ids;

/// What a write works on.
pub(crate) struct Work<'a> {
    pub(crate) conn: &'a Connection,
    bodies: &'a mut Bodies,
    ids: &'a mut Ids,
}

/// One request: applied within a transaction, perhaps twice, then told how the transaction ended.
pub(crate) trait Job: Send {
    fn apply(&mut self, work: &mut Work<'_>) -> Result<(), rusqlite::Error>;
    fn answer(self: Box<Self>, end: Result<(), Fault>);
}

/// A job made of a function and the place where its answer is awaited.
pub(crate) struct Write<F, T> {
    run: F,
    value: Option<T>,
    reply: oneshot::Sender<Result<T, Fault>>,
}

impl<F, T> Write<F, T> {
    pub(crate) fn new(run: F) -> (Self, oneshot::Receiver<Result<T, Fault>>) {
        let (reply, answer) = oneshot::channel();
        (Self { run, value: None, reply }, answer)
    }
}

impl<F, T> Job for Write<F, T>
where
    F: FnMut(&mut Work<'_>) -> Result<T, rusqlite::Error> + Send,
    T: Send,
{
    fn apply(&mut self, work: &mut Work<'_>) -> Result<(), rusqlite::Error> {
        self.value = Some((self.run)(work)?);
        Ok(())
    }

    fn answer(self: Box<Self>, end: Result<(), Fault>) {
        let Self { value, reply, .. } = *self;
        let answer = match (end, value) {
            (Ok(()), Some(value)) => Ok(value),
            (Err(fault), _) => Err(fault),
            (Ok(()), None) => return, // never: what was applied has a value
        };
        // Nobody waits any more: the write stands all the same.
        let _ = reply.send(answer);
    }
}

/// The writer's thread.
pub(crate) struct Writer {
    path: Arc<Path>,
    conn: Connection,
    bodies: Bodies,
    ids: Ids,
    max_batch: usize,
    /// Why nothing may be written any more: after a failed sync nobody knows what is on the disk.
    broken: Option<Fault>,
    /// Pages in the write-ahead log, as the last commit told.
    log_pages: Arc<AtomicI32>,
    checkpoint_pages: i32,
}

pub(crate) type Jobs = mpsc::Receiver<Message<Box<dyn Job>>>;

impl Writer {
    pub(crate) fn new(
        path: &Arc<Path>,
        mut conn: Connection,
        max_batch: usize,
        checkpoint_pages: u32,
    ) -> Result<Self, Fault> {
        let sql = |error| Fault::of_sql(path, &error);
        let log_pages = Arc::new(AtomicI32::new(0));
        let told = log_pages.clone();
        // In place of SQLite's own checkpoint within the commit, for which the callers would wait.
        conn.wal_hook(Some(move |_: &mut rusqlite::hooks::Wal, pages: std::ffi::c_int| {
            told.store(pages, Ordering::Relaxed);
            Ok(())
        }))
        .map_err(sql)?;
        let ids = Ids::new(&conn).map_err(sql)?;
        let checkpoint_pages = i32::try_from(checkpoint_pages).unwrap_or(i32::MAX);
        let max_batch = max_batch.max(1);
        Ok(Self {
            path: path.clone(),
            conn,
            bodies: Bodies::default(),
            ids,
            max_batch,
            broken: None,
            log_pages,
            checkpoint_pages,
        })
    }

    pub(crate) fn run(mut self, mut jobs: Jobs) {
        while let Some(first) = jobs.blocking_recv() {
            let mut batch = Vec::new();
            let mut closing = None;
            let mut next = Some(first);
            while let Some(message) = next {
                match message {
                    Message::Job(job) => batch.push(job),
                    Message::Close(reply) => {
                        closing = Some(reply);
                        break;
                    }
                }
                next = if batch.len() < self.max_batch { jobs.try_recv().ok() } else { None };
            }
            self.commit(batch);
            if let Some(reply) = closing {
                drop(jobs); // what came behind learns that it is too late
                let closed = self.conn.close().map_err(|(_, error)| Fault::of_sql(&self.path, &error));
                let _ = reply.send(closed);
                return;
            }
            self.checkpoint();
        }
    }

    fn commit(&mut self, mut batch: Vec<Box<dyn Job>>) {
        let ends = match self.together(&mut batch) {
            Err(error) if is_full(&error) && batch.len() > 1 => {
                // One that does not fit must not keep the others out.
                batch.iter_mut().map(|job| self.alone(job)).collect()
            }
            Err(error) => vec![Err(Fault::of_sql(&self.path, &error)); batch.len()],
            Ok(ends) => ends,
        };
        batch.into_iter().zip(ends).for_each(|(job, end)| job.answer(end));
    }

    fn alone(&mut self, job: &mut Box<dyn Job>) -> Result<(), Fault> {
        match self.together(std::slice::from_mut(job)) {
            Ok(mut ends) => ends.pop().unwrap_or(Ok(())),
            Err(error) => Err(Fault::of_sql(&self.path, &error)),
        }
    }

    /// One transaction for all; how it ended for each. An error if it ended for none.
    fn together(&mut self, batch: &mut [Box<dyn Job>]) -> Result<Vec<Result<(), Fault>>, rusqlite::Error> {
        if let Some(fault) = &self.broken {
            return Ok(vec![Err(fault.clone()); batch.len()]);
        }
        if batch.is_empty() {
            return Ok(Vec::new());
        }
        let ends = self.apply(batch).and_then(|ends| {
            if ends.iter().any(Result::is_ok) {
                step(&self.conn, "COMMIT")?
            } else {
                step(&self.conn, "ROLLBACK")?
            }
            Ok(ends)
        });
        if let Err(error) = &ends {
            self.bodies.clear();
            if !self.conn.is_autocommit() {
                drop(step(&self.conn, "ROLLBACK"));
            }
            if is_io(error) {
                let what = format!("{error}; nothing is written until the spool is opened again");
                self.broken = Some(Fault::new(SpoolErrorKind::Io, &self.path, what));
            }
        }
        ends
    }

    fn apply(&mut self, batch: &mut [Box<dyn Job>]) -> Result<Vec<Result<(), Fault>>, rusqlite::Error> {
        step(&self.conn, "BEGIN IMMEDIATE")?;
        let mut ends = Vec::with_capacity(batch.len());
        for job in batch {
            step(&self.conn, "SAVEPOINT job")?;
            let applied = job.apply(&mut Work { conn: &self.conn, bodies: &mut self.bodies, ids: &mut self.ids });
            let end = match applied {
                Ok(()) => Ok(()),
                // SQLite gave up the whole transaction, or must not be trusted to go on with it.
                Err(error) if self.conn.is_autocommit() || is_io(&error) => return Err(error),
                Err(error) => {
                    step(&self.conn, "ROLLBACK TO job")?;
                    self.bodies.clear();
                    Err(Fault::of_sql(&self.path, &error))
                }
            };
            step(&self.conn, "RELEASE job")?;
            ends.push(end);
        }
        Ok(ends)
    }

    /// Copies the write-ahead log into the file when it is long; a reader in the way postpones it.
    fn checkpoint(&mut self) {
        if self.log_pages.load(Ordering::Relaxed) < self.checkpoint_pages || self.broken.is_some() {
            return;
        }
        self.log_pages.store(0, Ordering::Relaxed);
        let done = self.conn.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()));
        if let Err(error) = done
            && is_io(&error)
        {
            let what = format!("{error}; nothing is written until the spool is opened again");
            self.broken = Some(Fault::new(SpoolErrorKind::Io, &self.path, what));
        }
    }
}

fn step(conn: &Connection, sql: &str) -> Result<(), rusqlite::Error> {
    conn.prepare_cached(sql)?.execute([]).map(drop)
}
