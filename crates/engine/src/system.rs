//! The machine's own clock and random source.

use std::future::Future;
use std::pin::Pin;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use posthaste_types::{Clock, Random, Tick, Timestamp};

/// The machine's clock: wall time from the system, ticks from its monotonic clock, waits on tokio's timer.
#[derive(Clone, Copy, Debug)]
pub struct SystemClock {
    start: Instant,
}

impl SystemClock {
    /// A clock whose ticks count from now.
    pub fn new() -> Self {
        Self { start: Instant::now() }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    fn wall(&self) -> Timestamp {
        let micros = |since: std::time::Duration| i64::try_from(since.as_micros()).unwrap_or(i64::MAX);
        Timestamp::from_unix_micros(match SystemTime::now().duration_since(UNIX_EPOCH) {
            Ok(since) => micros(since),
            Err(before) => -micros(before.duration()),
        })
    }

    fn tick(&self) -> Tick {
        Tick::from_start(self.start.elapsed())
    }

    fn sleep_until(&self, at: Tick) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        let deadline = self.start.checked_add(at.since_start());
        Box::pin(async move {
            match deadline {
                Some(deadline) => tokio::time::sleep_until(deadline.into()).await,
                None => std::future::pending().await,
            }
        })
    }
}

/// The operating system's cryptographic random source.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct SystemRandom;

impl SystemRandom {
    /// The source.
    pub fn new() -> Self {
        Self
    }
}

impl Random for SystemRandom {
    /// # Panics
    /// If the operating system has no randomness to give: no id or key can be made then.
    fn fill(&self, buffer: &mut [u8]) {
        #[expect(clippy::expect_used, reason = "without randomness nothing safe can be done")]
        getrandom::fill(buffer).expect("the operating system's random source");
    }
}
