//! The loop of a Mailer, held by its handles.

use std::convert::Infallible;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::AbortHandle;

use crate::dispatch;
use crate::drain::Drained;
use crate::guarded::catching;
use crate::inner::Engine;

/// The loop of a Mailer, held by its handles: with the last of them it ends.
#[derive(Debug)]
pub(crate) struct Running {
    engine: Arc<Engine>,
    task: AbortHandle,
    stopped: watch::Receiver<Option<Stopped>>,
}

impl Running {
    pub(crate) fn start(engine: Arc<Engine>) -> Self {
        let (tell, stopped) = watch::channel(None);
        let task = tokio::spawn({
            let engine = engine.clone();
            async move {
                let drained = tokio::select! {
                    biased;
                    // A fault of the spool or the clock that panics ends the Mailer, so that nobody waits for ever.
                    drained = catching(dispatch::run(engine.clone())) => drained.unwrap_or_default(),
                    never = forget_what_is_old(&engine) => match never {},
                };
                engine.stopping.store(true, Ordering::Release);
                tell.send_replace(Some(close(&engine, drained).await));
            }
        });
        Self { engine, task: task.abort_handle(), stopped }
    }

    /// Has the loop end, within the grace of the first call, and waits until it has. Every call gives the same.
    pub(crate) async fn stop(&self, grace: Duration) -> Stopped {
        {
            let mut first = self.engine.grace.lock().unwrap_or_else(PoisonError::into_inner);
            if !self.engine.stopping.swap(true, Ordering::AcqRel) {
                *first = grace;
            }
        }
        self.engine.wake.notify_one();
        let mut stopped = self.stopped.clone();
        // An error: the loop is gone with its runtime, and nothing more can be told.
        stopped.wait_for(Option::is_some).await.ok().and_then(|stopped| *stopped).unwrap_or_default()
    }
}

impl Drop for Running {
    /// Without a stop, attempts under way are dropped as they are: in doubt when the spool is opened again.
    fn drop(&mut self) {
        if !self.engine.stopping.swap(true, Ordering::AcqRel) {
            self.task.abort();
            self.engine.no_more_news();
        }
    }
}

/// Forgets mails that ended longer ago than they are kept, and their events; a part of them at a time.
async fn forget_what_is_old(engine: &Engine) -> Infallible {
    loop {
        engine.clock.sleep_until(engine.clock.tick().saturating_add(HOUSEKEEPING)).await;
        let before = engine.now().saturating_sub(engine.settings.keep);
        // A spool that fails is asked again in an hour.
        while engine.spool.forget(before, FORGOTTEN_AT_ONCE).await.is_ok_and(|count| count == FORGOTTEN_AT_ONCE) {}
    }
}

/// Says goodbye to peers, and lets go of the spool.
async fn close(engine: &Engine, drained: Drained) -> Stopped {
    let until = engine.clock.tick().saturating_add(GOODBYE);
    tokio::select! {
        biased;
        () = engine.transport.close() => {}
        () = engine.clock.sleep_until(until) => {}
    }
    let waiting = engine.spool.backlog().await.unwrap_or_default();
    let _ = engine.spool.close().await;
    engine.no_more_news();
    Stopped { finished: drained.finished, in_doubt: drained.dropped, waiting }
}

/// What [`Mailer::stop`](crate::Mailer::stop) left.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stopped {
    /// Attempts that ended while the Mailer stopped.
    pub finished: usize,
    /// Attempts that were dropped when the grace was over: they settled what they knew, the rest is in doubt or
    /// deferred.
    pub in_doubt: usize,
    /// Recipients that wait in the spool.
    pub waiting: u64,
}

/// How often the spool is looked through for what is old.
const HOUSEKEEPING: Duration = Duration::from_secs(3600);
/// Mails forgotten in one transaction, so that no send waits long behind it.
const FORGOTTEN_AT_ONCE: usize = 500;
/// How long a transport may take to say goodbye.
const GOODBYE: Duration = Duration::from_secs(10);
