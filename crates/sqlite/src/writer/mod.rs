//! The one thread that writes: whatever waits shares a transaction and a sync.

mod admit;
mod begin;
mod bodies;
mod entries;
mod forget;
mod ids;
mod log;
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

use posthaste_queue::SpoolErrorKind;
use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use crate::filter::Filter;
use crate::lane::Message;
use crate::open;
use crate::settings::Settings;
use crate::trouble::{Fault, is_io};
use bodies::Bodies;
use ids::Ids;
use log::Log;

/// What a write works on.
pub(crate) struct Work<'a> {
    pub(crate) conn: &'a Connection,
    bodies: &'a mut Bodies,
    ids: &'a mut Ids,
    filter: &'a Filter,
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
    /// Dropped before the connection that writes, which closes as the last one.
    log: Log,
    conn: Connection,
    bodies: Bodies,
    ids: Ids,
    filter: Arc<Filter>,
    /// SQLite's number for the writes of others, as this connection saw it last.
    others: i64,
    max_batch: usize,
    /// Why nothing may be written any more: after a failed sync nobody knows what is on the disk.
    broken: Option<Fault>,
}

pub(crate) type Jobs = mpsc::Receiver<Message<Box<dyn Job>>>;

impl Writer {
    pub(crate) fn new(
        path: &Arc<Path>,
        mut conn: Connection,
        filter: &Arc<Filter>,
        settings: &Settings,
    ) -> Result<Self, Fault> {
        let log = Log::watch(path, &mut conn, open::for_copying(path, settings)?, settings.checkpoint_pages)?;
        let ids = Ids::new(&conn).map_err(|error| Fault::of_sql(path, &error))?;
        let max_batch = settings.max_batch.max(1);
        let others = data_version(&conn).map_err(|error| Fault::of_sql(path, &error))?;
        Ok(Self {
            others,
            path: path.clone(),
            log,
            conn,
            bodies: Bodies::default(),
            ids,
            filter: filter.clone(),
            max_batch,
            broken: None,
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
                drop(self.log);
                let closed = self.conn.close().map_err(|(_, error)| Fault::of_sql(&self.path, &error));
                let _ = reply.send(closed);
                return;
            }
            self.look_after_the_log();
        }
    }

    /// One transaction for all. When one of them cannot be applied, each gets a transaction of its own: each
    /// stands or falls alone. Where another process holds the file, all are told so at once: to wait for it again for
    /// each would hold up whoever comes behind them.
    fn commit(&mut self, mut batch: Vec<Box<dyn Job>>) {
        let end = self.together(&mut batch);
        let alone = end.as_ref().is_err_and(|fault| !fault.is_busy());
        if alone && batch.len() > 1 && self.broken.is_none() {
            for mut job in batch {
                let end = self.together(std::slice::from_mut(&mut job));
                job.answer(end);
            }
        } else {
            batch.into_iter().for_each(|job| job.answer(end.clone()));
        }
    }

    fn together(&mut self, batch: &mut [Box<dyn Job>]) -> Result<(), Fault> {
        if let Some(fault) = &self.broken {
            return Err(fault.clone());
        }
        self.transaction(batch).map_err(|error| {
            self.bodies.clear();
            if !self.conn.is_autocommit() {
                // SQLite often has done it already; where this fails too, the next BEGIN says so.
                let _ = step(&self.conn, "ROLLBACK");
            }
            self.note(&error);
            Fault::of_sql(&self.path, &error)
        })
    }

    fn transaction(&mut self, batch: &mut [Box<dyn Job>]) -> Result<(), rusqlite::Error> {
        if batch.is_empty() {
            return Ok(());
        }
        step(&self.conn, "BEGIN IMMEDIATE")?;
        // Now that nobody else can write: what a person put on the list by hand forbids from here on (I4).
        let others = data_version(&self.conn)?;
        if others != self.others {
            self.filter.take_in(&self.conn)?;
            self.others = others;
        }
        for job in batch {
            job.apply(&mut Work {
                conn: &self.conn,
                bodies: &mut self.bodies,
                ids: &mut self.ids,
                filter: &self.filter,
            })?;
        }
        step(&self.conn, "COMMIT")
    }

    /// After a failed read, write or sync nobody knows what is on the disk: nothing is written any more.
    fn note(&mut self, error: &rusqlite::Error) {
        if is_io(error) {
            let what = format!("{error}; nothing is written until the spool is opened again");
            self.broken = Some(Fault::new(SpoolErrorKind::Io, &self.path, what));
        }
    }

    fn look_after_the_log(&mut self) {
        if self.broken.is_none()
            && let Err(error) = self.log.look(&self.conn)
        {
            self.note(&error); // a full disk may have room later, and the log is as good as the file
        }
    }
}

fn step(conn: &Connection, sql: &str) -> Result<(), rusqlite::Error> {
    conn.prepare_cached(sql)?.execute([]).map(drop)
}

/// Goes up when another connection than this one has written the file.
fn data_version(conn: &Connection) -> Result<i64, rusqlite::Error> {
    conn.prepare_cached("PRAGMA data_version")?.query_row([], |row| row.get(0))
}

#[cfg(test)]
mod tests;
