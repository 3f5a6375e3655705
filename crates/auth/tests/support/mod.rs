//! A clock that stands where it is put.

use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use posthaste_types::{Clock, Tick, Timestamp};

#[derive(Clone, Debug, Default)]
pub(crate) struct StillClock(Arc<Mutex<Tick>>);

impl StillClock {
    #[allow(dead_code, reason = "not every test moves it")]
    pub(crate) fn advance(&self, by: Duration) {
        let mut tick = self.0.lock().expect("no test panics with the clock in hand");
        *tick = tick.saturating_add(by);
    }
}

impl Clock for StillClock {
    fn wall(&self) -> Timestamp {
        Timestamp::from_unix_secs(1_767_268_800)
    }

    fn tick(&self) -> Tick {
        *self.0.lock().expect("no test panics with the clock in hand")
    }

    fn sleep_until(&self, _at: Tick) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(std::future::pending())
    }
}
