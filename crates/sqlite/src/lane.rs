//! A thread that owns a connection, and the way to it.

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use posthaste_queue::SpoolErrorKind;
use tokio::sync::{mpsc, oneshot};

use crate::trouble::Fault;

/// What goes to a lane's thread.
pub(crate) enum Message<J> {
    Job(J),
    /// Finish what came before, and end.
    Close(oneshot::Sender<Result<(), Fault>>),
}

/// The sending end. Dropping it finishes what was sent and waits for the thread: a file is free then.
pub(crate) struct Lane<J> {
    path: Arc<Path>,
    sender: Option<mpsc::Sender<Message<J>>>,
    thread: Option<JoinHandle<()>>,
}

impl<J: Send + 'static> Lane<J> {
    pub(crate) fn start(
        name: &str,
        path: &Arc<Path>,
        max_queue: usize,
        run: impl FnOnce(mpsc::Receiver<Message<J>>) + Send + 'static,
    ) -> Result<Self, Fault> {
        let (sender, receiver) = mpsc::channel(max_queue.max(1));
        let thread = thread::Builder::new().name(name.to_owned()).spawn(move || run(receiver));
        let thread = thread.map_err(|error| Fault::of_io(path, &error))?;
        Ok(Self { path: path.clone(), sender: Some(sender), thread: Some(thread) })
    }

    /// Sends a job, waiting for room.
    pub(crate) async fn send(&self, job: J) -> Result<(), Fault> {
        let closed = || Fault::closed(&self.path);
        let sender = self.sender.as_ref().ok_or_else(closed)?;
        sender.send(Message::Job(job)).await.map_err(|_| closed())
    }

    pub(crate) fn is_open(&self) -> bool {
        self.sender.as_ref().is_some_and(|sender| !sender.is_closed())
    }

    /// Ends the thread behind everything that was sent; that it has ended already is fine.
    pub(crate) async fn close(&self) -> Result<(), Fault> {
        let (reply, closed) = oneshot::channel();
        let Some(sender) = &self.sender else { return Ok(()) };
        if sender.send(Message::Close(reply)).await.is_err() {
            return Ok(());
        }
        closed.await.unwrap_or(Ok(()))
    }

    /// What it means that a job got no answer.
    pub(crate) fn lost(&self) -> Fault {
        Fault::new(SpoolErrorKind::Closed, &self.path, "the spool was closed meanwhile")
    }
}

impl<J> fmt::Debug for Lane<J> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lane").field("path", &self.path).finish_non_exhaustive()
    }
}

impl<J> Drop for Lane<J> {
    fn drop(&mut self) {
        drop(self.sender.take());
        if let Some(thread) = self.thread.take() {
            drop(thread.join()); // a panic there has been printed
        }
    }
}
