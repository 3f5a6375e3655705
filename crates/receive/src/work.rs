//! The handler at work on a message, while the message arrives.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::arriving::ArrivalErrorKind;
use crate::{ArrivalError, HandlerError, Verdict, Verdicts, verdict};

type Handling<'a> = Pin<Box<dyn Future<Output = Result<Verdicts, HandlerError>> + Send + 'a>>;

/// Polled to its end and not beyond; dropped at a panic.
pub(crate) struct Work<'a> {
    future: Option<Handling<'a>>,
    said: Option<Verdicts>,
}

impl<'a> Work<'a> {
    pub(crate) fn new(future: Handling<'a>) -> Self {
        Self { future: Some(future), said: None }
    }

    /// Goes on as far as possible; ready when it is over.
    pub(crate) fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let Some(future) = &mut self.future else { return Poll::Ready(()) };
        let said = match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context))) {
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(Ok(verdicts))) => Some(verdicts),
            Ok(Poll::Ready(Err(error))) => Some(Verdicts::all(excuse(&error))),
            Err(_) => {
                // The panic hook has said where.
                tracing::error!("the handler panicked");
                None
            }
        };
        (self.said, self.future) = (said, None);
        Poll::Ready(())
    }

    /// Drops what the handler does: its time is over.
    pub(crate) fn give_up(&mut self) {
        if self.future.take().is_some() {
            tracing::error!("the handler gave no answer in time");
        }
    }

    /// What the handler said, or what is said in its place.
    pub(crate) fn into_verdicts(self) -> Verdicts {
        self.said.unwrap_or_else(|| Verdicts::all(Verdict::try_later()))
    }
}

/// What the client is told of an error.
fn excuse(error: &HandlerError) -> Verdict {
    let arrival = error.source().downcast_ref::<ArrivalError>().map(ArrivalError::kind);
    match arrival {
        // RFC 3463 §3.4: X.3.1, the mail system is full.
        Some(ArrivalErrorKind::NoMemory) => {
            Verdict::Defer(verdict::fixed(452, "4.3.1 out of memory for messages, try again later"))
        }
        // The client's doing, and nothing to be told.
        Some(ArrivalErrorKind::Aborted(_)) => Verdict::try_later(),
        None => {
            tracing::error!(%error, "the handler could not take a message");
            Verdict::try_later()
        }
    }
}
