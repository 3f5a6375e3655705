//! A question under way, and those who wait for its answer.

use std::future::poll_fn;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};

use super::Outcome;

#[derive(Default)]
pub(super) struct Flight(Mutex<State>);

#[derive(Default)]
struct State {
    landing: Option<Landing>,
    waiting: Vec<Waker>,
}

/// How a question ended.
#[derive(Clone)]
pub(super) enum Landing {
    /// Whoever had asked was dropped.
    Abandoned,
    /// With this.
    Landed(Outcome),
}

impl Flight {
    /// Waits for the end. One who is dropped leaves his waker behind until then.
    pub(super) async fn landing(&self) -> Landing {
        poll_fn(|context| {
            let mut state = self.state();
            if let Some(landing) = &state.landing {
                return Poll::Ready(landing.clone());
            }
            if !state.waiting.iter().any(|waker| waker.will_wake(context.waker())) {
                state.waiting.push(context.waker().clone());
            }
            Poll::Pending
        })
        .await
    }

    pub(super) fn land(&self, landing: Landing) {
        let mut state = self.state();
        state.landing = Some(landing);
        let waiting = std::mem::take(&mut state.waiting);
        drop(state);
        waiting.into_iter().for_each(Waker::wake);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
