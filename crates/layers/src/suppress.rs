//! Nothing for those who must not be mailed.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use posthaste_suppression::{Ask, SuppressionStore, Verdict, decide};
use posthaste_transport::{Attempt, Capabilities, Outcomes, Route, Transport, TransportError};
use posthaste_types::{Address, Cause, Clock, Domain, Outcome, StreamName, Timestamp};

/// Asks a suppression list before each attempt, and refuses whom it forbids.
///
/// The transport inside never hears of those; with nobody left it is not asked at all. A store that gives no answer is
/// [`Busy`](posthaste_transport::TransportErrorKind::Busy): nothing is sent, and the whole attempt may be repeated.
///
/// A [`Mailer`](https://docs.rs/posthaste) asks its own list, says *suppressed* and not *refused*, and withdraws what
/// waits when an entry is put. This layer is for a transport used alone, and for a second list.
///
/// What is put on the list behind the question is not seen: between that and the first command lies what the transport
/// inside does before it, such as waiting for a connection. Where that matters, put the entry into the Mailer's own list.
///
/// As the recipients of an attempt may be fewer when it comes again, under another key, nothing inside is
/// [idempotent](posthaste_transport::Idempotency).
///
/// # Stacking
/// Right: inside whatever waits, so that the list is asked last, and again at each try.
/// ```
/// # use std::sync::Arc;
/// # use posthaste_layers::{Retry, Suppress};
/// # use posthaste_suppression::MemoryStore;
/// # use posthaste_transport::Memory;
/// # let clock = Arc::new(posthaste_testkit::VirtualClock::new());
/// # let (relay, list) = (Memory::relay(), Arc::new(MemoryStore::new()));
/// let transport = Retry::new(Suppress::new(relay, list, clock.clone()), clock);
/// ```
/// Wrong: around a [`Throttle`](crate::Throttle). Who unsubscribes while the attempt waits for its turn is mailed.
pub struct Suppress<T> {
    inner: T,
    store: Arc<dyn SuppressionStore>,
    ask: Box<AskOf>,
    clock: Arc<dyn Clock>,
}

type AskOf = dyn Fn(&Attempt, &Address, Timestamp) -> Ask + Send + Sync;

impl<T: Transport> Suppress<T> {
    /// Asks `store` for the default stream, without list and tenant.
    pub fn new(inner: T, store: Arc<dyn SuppressionStore>, clock: Arc<dyn Clock>) -> Self {
        let ask = Box::new(|_: &Attempt, to: &Address, at| Ask::new(to.clone(), StreamName::DEFAULT, at));
        Self { inner, store, ask, clock }
    }

    /// Asks what `ask` says instead: a stream, a list, a tenant, as the attempt's [tags](Attempt::tags) tell.
    #[must_use]
    pub fn asking(mut self, ask: impl Fn(&Attempt, &Address, Timestamp) -> Ask + Send + Sync + 'static) -> Self {
        self.ask = Box::new(ask);
        self
    }

    /// The transport inside.
    pub fn inner(&self) -> &T {
        &self.inner
    }

    /// Settles those who are suppressed; the places of the others.
    async fn allowed(&self, attempt: &Attempt) -> Result<Vec<usize>, TransportError> {
        let now = self.clock.wall();
        let asks: Vec<Ask> = attempt.recipients().iter().map(|to| (self.ask)(attempt, &to.address, now)).collect();
        let found = self.store.find(&asks).await.map_err(TransportError::busy)?;
        if found.len() != asks.len() {
            let words = format_args!("suppression store: {} answers to {} asks", found.len(), asks.len());
            return Err(TransportError::busy(words));
        }
        let mut allowed = Vec::new();
        for (place, (ask, entries)) in asks.iter().zip(&found).enumerate() {
            match decide(ask, entries) {
                Verdict::Allowed => allowed.push(place),
                Verdict::Suppressed(entry) => {
                    attempt.settle(place, Outcome::refused(Cause::local(format_args!("suppressed: {entry}"))));
                }
            }
        }
        Ok(allowed)
    }
}

impl<T: fmt::Debug> fmt::Debug for Suppress<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Suppress").field("inner", &self.inner).field("store", &self.store).finish_non_exhaustive()
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl<T: Transport> Transport for Suppress<T> {
    fn capabilities(&self) -> Capabilities {
        self.inner.capabilities().not_idempotent()
    }

    async fn deliver(&self, attempt: &Attempt) -> Result<Outcomes, TransportError> {
        let allowed = self.allowed(attempt).await?;
        if let Some(part) = attempt.narrowed(&allowed) {
            let outcomes = self.inner.deliver(&part).await?;
            part.settle_all(&outcomes);
        }
        Ok(Outcomes::settled_or(attempt, &Outcome::deferred(Cause::local("no answer"))))
    }

    async fn route(&self, to: &Domain) -> Result<Route, TransportError> {
        self.inner.route(to).await
    }

    async fn close(&self) {
        self.inner.close().await;
    }
}
