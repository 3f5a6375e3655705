//! A clock that moves only when told. The test kit has a better one; it stands above this crate.

pub(crate) mod fixture;

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};
use std::time::Duration;

use posthaste_types::{Clock, Tick, Timestamp};

#[derive(Clone, Debug, Default)]
pub(crate) struct TestClock(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    tick: Tick,
    sleepers: Vec<(Tick, Waker)>,
}

impl TestClock {
    /// Moves forward, and wakes those who are due; lets all tasks run before and after.
    pub(crate) async fn advance(&self, by: Duration) {
        self.settle().await;
        let due: Vec<_> = {
            let mut state = self.0.lock().expect("no test panics with the clock in hand");
            state.tick = state.tick.saturating_add(by);
            let now = state.tick;
            state.sleepers.extract_if(.., |(at, _)| *at <= now).collect()
        };
        due.into_iter().for_each(|(_, waker)| waker.wake());
        self.settle().await;
    }

    /// Lets every task run that is ready.
    pub(crate) async fn settle(&self) {
        for _ in 0..64 {
            tokio::task::yield_now().await;
        }
    }
}

impl Clock for TestClock {
    fn wall(&self) -> Timestamp {
        Timestamp::from_unix_secs(1_767_268_800).saturating_add(self.tick().since_start())
    }

    fn tick(&self) -> Tick {
        self.0.lock().expect("no test panics with the clock in hand").tick
    }

    fn sleep_until(&self, at: Tick) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(poll_fn(move |context| {
            let mut state = self.0.lock().expect("no test panics with the clock in hand");
            if at <= state.tick {
                return Poll::Ready(());
            }
            state.sleepers.push((at, context.waker().clone()));
            Poll::Pending
        }))
    }
}
