//! How much is let through.

use std::num::NonZeroU32;
use std::time::Duration;

/// How much a [`Throttle`](crate::Throttle) lets through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    rate: Option<Rate>,
    at_a_time: usize,
}

impl Limits {
    /// No limit.
    pub const fn unlimited() -> Self {
        Self { rate: None, at_a_time: MOST }
    }

    /// The same with a rate.
    #[must_use]
    pub const fn rate(mut self, rate: Rate) -> Self {
        self.rate = Some(rate);
        self
    }

    /// The same with so many attempts at a time; at least 1.
    #[must_use]
    pub const fn at_a_time(mut self, attempts: usize) -> Self {
        self.at_a_time = match attempts {
            0 => 1,
            attempts if attempts > MOST => MOST,
            attempts => attempts,
        };
        self
    }

    pub(super) const fn is_unlimited(self) -> bool {
        self.rate.is_none() && self.at_a_time == MOST
    }

    pub(super) const fn of_rate(self) -> Option<Rate> {
        self.rate
    }

    pub(super) const fn permits(self) -> usize {
        self.at_a_time
    }
}

/// So many attempts in so much time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    interval: Duration,
    burst: NonZeroU32,
}

impl Rate {
    /// `attempts` in each `period`, evenly, without bursts: 60 a minute is one a second.
    pub fn new(attempts: NonZeroU32, period: Duration) -> Self {
        Self { interval: period / attempts.get(), burst: NonZeroU32::MIN }
    }

    /// The same, where so many may come at once behind a pause; the rate over a longer time stays.
    #[must_use]
    pub const fn burst(mut self, attempts: NonZeroU32) -> Self {
        self.burst = attempts;
        self
    }

    /// The time between two attempts.
    pub const fn interval(self) -> Duration {
        self.interval
    }

    /// How far ahead of the even rate a burst may be.
    pub(super) fn tolerance(self) -> Duration {
        self.interval.saturating_mul(self.burst.get() - 1)
    }
}

/// As many as a semaphore can count, which is as good as no limit.
const MOST: usize = tokio::sync::Semaphore::MAX_PERMITS;
