//! The end of the loop: what is under way ends, or is dropped.

use std::sync::{Arc, PoisonError};

use tokio::task::{JoinError, JoinSet};

use crate::in_flight::InFlight;
use crate::inner::Engine;

/// What became of the attempts that were under way when the Mailer stopped.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Drained {
    /// They ended within the grace.
    pub(crate) finished: usize,
    /// They were dropped behind it.
    pub(crate) dropped: usize,
}

/// What a task of the loop did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Work {
    Attempt,
    Route,
}

/// Lets attempts under way end, for as long as the grace lasts; then drops them.
pub(crate) async fn drain(engine: &Arc<Engine>, mut work: JoinSet<Work>) -> Drained {
    // What has not begun does not begin.
    engine.dispatch().in_flight.values_mut().for_each(InFlight::withdraw);
    let mut drained = Drained::default();
    let until = engine.clock.tick().saturating_add(*engine.grace.lock().unwrap_or_else(PoisonError::into_inner));
    loop {
        tokio::select! {
            biased;
            ended = work.join_next() => match ended {
                Some(ended) => drained.finished += attempts(&ended),
                None => return drained,
            },
            () = engine.clock.sleep_until(until) => break,
        }
    }
    engine.grace_over.send_replace(true);
    // Each attempt now drops its transport and settles what it came to.
    while let Some(ended) = work.join_next().await {
        drained.dropped += attempts(&ended);
    }
    drained
}

/// One, if an attempt ended; one that panicked too.
fn attempts(ended: &Result<Work, JoinError>) -> usize {
    usize::from(!matches!(ended, Ok(Work::Route)))
}
