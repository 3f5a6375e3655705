//! Trying again what no hop took anything of.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use posthaste_transport::{Attempt, Capabilities, Outcomes, Route, Transport, TransportError, TransportErrorKind};
use posthaste_types::{Clock, Domain};

/// Tries again when the transport inside could hand nothing to anyone, and it may help.
///
/// Only a transient [`TransportError`] is tried again: no connection, a broken one before the message. What has an
/// outcome is not, not even a deferral, and never what is in doubt. The waits double from the first to the longest, and
/// are never shorter than [the error says](TransportError::wait); one that would not end within [`Attempt::timeout`] is
/// not begun, and the last error is the answer. During a wait the attempt can be withdrawn; one that was withdrawn while
/// a try had it is not tried again. Each try has a slate of its own ([`Attempt::next_try`]).
///
/// A [`Mailer`](https://docs.rs/posthaste) tries again by itself, over days and across restarts. This layer is for a
/// transport used alone, and for faults of a second.
///
/// # Stacking
/// Right: around the timeout of one try, so that each try has its own.
/// ```
/// # use std::{sync::Arc, time::Duration};
/// # use posthaste_layers::{Retry, Timeout};
/// # use posthaste_transport::Memory;
/// # let clock = Arc::new(posthaste_testkit::VirtualClock::new());
/// # let relay = Memory::relay();
/// let one_try = Timeout::new(relay, Duration::from_secs(60), clock.clone());
/// let transport = Retry::new(one_try, clock);
/// ```
/// Wrong: one retry around another, or around a [`Failover`](crate::Failover) whose transports are retried: three tries
/// become nine.
#[derive(Debug)]
pub struct Retry<T> {
    inner: T,
    tries: NonZeroU32,
    first: Duration,
    longest: Duration,
    clock: Arc<dyn Clock>,
}

impl<T: Transport> Retry<T> {
    /// Three tries in all, with waits of 1 s and 2 s between them.
    pub fn new(inner: T, clock: Arc<dyn Clock>) -> Self {
        Self { inner, tries: TRIES, first: FIRST_WAIT, longest: LONGEST_WAIT, clock }
    }

    /// The same with so many tries in all, the first included.
    #[must_use]
    pub fn tries(mut self, tries: NonZeroU32) -> Self {
        self.tries = tries;
        self
    }

    /// The same with these waits: they double from `first` to `longest`, by default from 1 s to 30 s.
    #[must_use]
    pub fn waits(mut self, first: Duration, longest: Duration) -> Self {
        self.first = first;
        self.longest = longest;
        self
    }

    /// The transport inside.
    pub fn inner(&self) -> &T {
        &self.inner
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl<T: Transport> Transport for Retry<T> {
    fn capabilities(&self) -> Capabilities {
        self.inner.capabilities()
    }

    async fn deliver(&self, attempt: &Attempt) -> Result<Outcomes, TransportError> {
        let by = self.clock.tick().saturating_add(attempt.timeout());
        let mut wait = self.first.min(self.longest);
        let mut next = attempt.next_try().ok_or_else(over)?;
        for _ in 1..self.tries.get() {
            let left = by.since(self.clock.tick());
            let error = match self.inner.deliver(&next.within(left)).await {
                Err(error) if is_worth_another(&error) => error,
                result => return result,
            };
            let at = self.clock.tick().saturating_add(wait.max(error.wait().unwrap_or_default()));
            if at >= by {
                return Err(error);
            }
            // Before the wait: the last try is over, and the attempt can be withdrawn.
            let Some(another) = attempt.next_try() else { return Err(error) };
            next = another;
            tokio::select! {
                biased;
                () = next.until_withdrawn() => return Err(over()),
                () = self.clock.sleep_until(at) => {}
            }
            wait = wait.saturating_mul(2).min(self.longest);
        }
        let left = by.since(self.clock.tick());
        self.inner.deliver(&next.within(left)).await
    }

    async fn route(&self, to: &Domain) -> Result<Route, TransportError> {
        self.inner.route(to).await
    }

    async fn close(&self) {
        self.inner.close().await;
    }
}

fn is_worth_another(error: &TransportError) -> bool {
    error.is_transient() && error.kind() != TransportErrorKind::Withdrawn
}

fn over() -> TransportError {
    TransportError::new(TransportErrorKind::Withdrawn, "the attempt is over")
}

const TRIES: NonZeroU32 = NonZeroU32::MIN.saturating_add(2);
const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(30);
