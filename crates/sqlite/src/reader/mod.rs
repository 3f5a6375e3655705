//! The threads that read: beside the writer, never behind it.

mod due;
mod entries;
mod events;
mod find;
mod orphans;

pub(crate) use due::{backlog, due, next_due};
pub(crate) use entries::{entries, entries_for, scan};
pub(crate) use events::events;
pub(crate) use find::find;
pub(crate) use orphans::{orphans, withdrawn};

use std::path::Path;
use std::sync::Arc;

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use crate::lane::{Lane, Message};
use crate::trouble::{Fault, Trouble};
use crate::writer::Damaged;

/// One question, with the way back for its answer.
pub(crate) type Read = Box<dyn FnOnce(&Connection) + Send>;

/// What was read, and the mails that were found damaged on the way.
#[derive(Debug)]
pub(crate) struct Found<T> {
    pub(crate) rows: Vec<T>,
    pub(crate) damaged: Vec<Damaged>,
}

impl<T> Default for Found<T> {
    fn default() -> Self {
        Self { rows: Vec::new(), damaged: Vec::new() }
    }
}

/// A reader's thread.
pub(crate) fn run(conn: Connection, mut reads: mpsc::Receiver<Message<Read>>) {
    while let Some(message) = reads.blocking_recv() {
        match message {
            Message::Job(read) => read(&conn),
            Message::Close(reply) => {
                drop((reads, conn));
                let _ = reply.send(Ok(()));
                return;
            }
        }
    }
}

/// Asks a reader. All statements of one question see one state of the file.
pub(crate) async fn read<T: Send + 'static>(
    lane: &Lane<Read>,
    path: &Arc<Path>,
    question: impl FnOnce(&Connection) -> Result<T, Trouble> + Send + 'static,
) -> Result<T, Fault> {
    let (reply, answer) = oneshot::channel();
    lane.send(Box::new(move |conn| {
        let found = in_transaction(conn, question);
        // Nobody waits any more: nothing is lost.
        let _ = reply.send(found);
    }))
    .await?;
    let found = answer.await.map_err(|_| lane.lost())?;
    found.map_err(|trouble| Fault::of_trouble(path, &trouble))
}

fn in_transaction<T>(
    conn: &Connection,
    question: impl FnOnce(&Connection) -> Result<T, Trouble>,
) -> Result<T, Trouble> {
    conn.prepare_cached("BEGIN")?.execute([])?;
    let found = question(conn);
    conn.prepare_cached("COMMIT")?.execute([])?;
    found
}
