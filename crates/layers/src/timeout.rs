//! A limit of time around a transport.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use async_trait::async_trait;
use posthaste_transport::{Attempt, Capabilities, Outcomes, Route, Transport, TransportError, TransportErrorKind};
use posthaste_types::{Cause, Clock, Domain, NetworkFault, OutcomeKind};

/// Ends what the transport inside has not ended in time.
///
/// An attempt that takes longer than the limit (or than its own [`timeout`](Attempt::timeout), if that is shorter) is
/// dropped and [given up](Attempt::give_up). If nobody had an answer and nothing can have been taken, that is
/// [`Unreachable`](TransportErrorKind::Unreachable): a [`Retry`](crate::Retry) or a [`Failover`](crate::Failover) around
/// this goes on. Else what was settled stays, and the rest is deferred, or in doubt where the octets that complete the
/// message were released. A question for a route that takes longer is an error; a goodbye that takes longer is left.
///
/// # Stacking
/// Right: directly around what talks to one hop.
/// ```
/// # use std::{sync::Arc, time::Duration};
/// # use posthaste_layers::Timeout;
/// # use posthaste_transport::Memory;
/// # let clock = Arc::new(posthaste_testkit::VirtualClock::new());
/// # let (relay, clock) = (Memory::relay(), clock);
/// let transport = Timeout::new(relay, Duration::from_secs(120), clock);
/// ```
/// Wrong: around a transport that tries one hop after the other, or one timeout around another with a longer limit. A
/// first hop that hangs takes the time of the second, and the inner limit is never reached.
#[derive(Debug)]
pub struct Timeout<T> {
    inner: T,
    limit: Duration,
    clock: Arc<dyn Clock>,
}

impl<T: Transport> Timeout<T> {
    /// Puts the limit around `inner`, measured by `clock`.
    pub fn new(inner: T, limit: Duration, clock: Arc<dyn Clock>) -> Self {
        Self { inner, limit, clock }
    }

    /// The transport inside.
    pub fn inner(&self) -> &T {
        &self.inner
    }

    /// The limit.
    pub fn limit(&self) -> Duration {
        self.limit
    }

    /// `None` if the time ran out; the work is dropped then.
    async fn within<V>(&self, limit: Duration, work: impl Future<Output = V>) -> Option<V> {
        let (mut work, mut alarm) = (pin!(work), self.clock.sleep_until(self.clock.tick().saturating_add(limit)));
        std::future::poll_fn(|context| {
            if let Poll::Ready(value) = work.as_mut().poll(context) {
                return Poll::Ready(Some(value));
            }
            alarm.as_mut().poll(context).map(|()| None)
        })
        .await
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl<T: Transport> Transport for Timeout<T> {
    fn capabilities(&self) -> Capabilities {
        self.inner.capabilities()
    }

    async fn deliver(&self, attempt: &Attempt) -> Result<Outcomes, TransportError> {
        let limit = self.limit.min(attempt.timeout());
        let attempt = attempt.telling(self.inner.capabilities().progress());
        if let Some(result) = self.within(limit, self.inner.deliver(&attempt)).await {
            return result;
        }
        let answered = attempt.settled().iter().any(Option::is_some);
        let words = format!("no end within {limit:?}");
        let outcomes = attempt.give_up(Cause::network(NetworkFault::TimedOut, &words));
        match answered || outcomes.iter().any(|outcome| outcome.kind() != OutcomeKind::Deferred) {
            true => Ok(outcomes),
            false => Err(TransportError::new(TransportErrorKind::Unreachable, words)),
        }
    }

    async fn route(&self, to: &Domain) -> Result<Route, TransportError> {
        self.within(self.limit, self.inner.route(to)).await.unwrap_or_else(|| {
            let words = format_args!("no route to {to} within {:?}", self.limit);
            Err(TransportError::new(TransportErrorKind::Unreachable, words))
        })
    }

    async fn close(&self) {
        self.within(self.limit, self.inner.close()).await;
    }
}
