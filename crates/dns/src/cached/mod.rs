//! A cache in front of a resolver.

mod flight;
mod memory;

use std::collections::HashMap;
use std::fmt;
use std::future::{Future, poll_fn};
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::time::Duration;

use async_trait::async_trait;
use posthaste_types::{Clock, DnsName, Tick};

use crate::answer::{Answer, Presence};
use crate::error::{DnsError, DnsErrorKind};
use crate::record::RecordKind;
use crate::resolve::Resolve;
use flight::{Flight, Landing};
use memory::Memory;

/// Keeps the answers of another resolver for as long as their TTL allows.
///
/// Negative answers are kept too, by the TTL that the SOA gave them (RFC 2308 §5). Failures are kept for a moment
/// only ([`CacheLimits::failure_ttl`], RFC 9520), timeouts not at all. One question that many ask at once is put
/// once; each of them waits until its own deadline. What is kept is bounded by number and by octets; the answer that
/// was longest not asked for goes first. Questions to one named server ([`Resolve::at`]) go past the cache.
///
/// Right: `Cached<Hickory>`, one for the whole process. Wrong: a layer that changes answers by who asks, below a
/// cache; put it above.
///
/// ```
/// use std::sync::Arc;
///
/// use posthaste_dns::{CacheLimits, Cached, Resolve};
/// use posthaste_types::Clock;
///
/// fn kept<R: Resolve>(resolver: R, clock: Arc<dyn Clock>) -> Cached<R> {
///     let mut limits = CacheLimits::default();
///     limits.entries = 100_000; // a newsletter to many domains
///     Cached::with_limits(resolver, clock, limits)
/// }
/// ```
pub struct Cached<R> {
    inner: R,
    clock: Arc<dyn Clock>,
    limits: CacheLimits,
    state: Mutex<State>,
}

/// How much is kept, and how long.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CacheLimits {
    /// How many answers at most. 10,000.
    pub entries: usize,
    /// About how many octets at most, records and names. 16 MiB.
    pub octets: usize,
    /// How long an answer with records at most, whatever its TTL. One day: RFC 8767 §4 takes up to seven, but mail
    /// that waits is asked for again within hours.
    pub ttl: Duration,
    /// How long a negative answer at most. One hour; RFC 2308 §5 finds one to three sensible.
    pub negative_ttl: Duration,
    /// How long a failure that is no timeout. 5 seconds; RFC 9520 §3.2 wants at least one, at most 300.
    pub failure_ttl: Duration,
}

impl Default for CacheLimits {
    fn default() -> Self {
        Self {
            entries: 10_000,
            octets: 16 * 1024 * 1024,
            ttl: Duration::from_secs(86_400),
            negative_ttl: Duration::from_secs(3600),
            failure_ttl: Duration::from_secs(5),
        }
    }
}

#[derive(Default)]
struct State {
    memory: Memory,
    flights: HashMap<Question, Arc<Flight>>,
}

type Question = (DnsName, RecordKind);
type Outcome = Result<Answer, DnsError>;

/// What is to be done about a question.
enum Turn {
    Known(Outcome),
    Wait(Arc<Flight>),
    Ask(Arc<Flight>),
}

impl<R: Resolve> Cached<R> {
    /// Keeps what `inner` answers, within the usual limits; `clock` is the one that `inner` keeps deadlines by.
    pub fn new(inner: R, clock: Arc<dyn Clock>) -> Self {
        Self::with_limits(inner, clock, CacheLimits::default())
    }

    /// Keeps what `inner` answers, within these limits.
    pub fn with_limits(inner: R, clock: Arc<dyn Clock>, limits: CacheLimits) -> Self {
        Self { inner, clock, limits, state: Mutex::default() }
    }

    /// The resolver that is asked.
    pub fn inner(&self) -> &R {
        &self.inner
    }

    /// How many answers are kept, those too whose time is over but which nobody has asked for since.
    pub fn entries(&self) -> usize {
        self.state().memory.len()
    }

    /// Forgets all answers. Questions under way go on, and their answers are kept.
    pub fn clear(&self) {
        self.state().memory = Memory::default();
    }

    fn turn(&self, question: &Question) -> Turn {
        let mut state = self.state();
        if let Some(outcome) = state.memory.recall(question, self.clock.tick()) {
            return Turn::Known(outcome);
        }
        if let Some(flight) = state.flights.get(question) {
            return Turn::Wait(Arc::clone(flight));
        }
        let flight = Arc::new(Flight::default());
        state.flights.insert(question.clone(), Arc::clone(&flight));
        Turn::Ask(flight)
    }

    async fn lead(&self, question: &Question, flight: Arc<Flight>, by: Tick) -> Outcome {
        let mut lead = Lead { cache: self, question, flight, outcome: None };
        let outcome = self.inner.resolve(&question.0, question.1, by).await.map(|answer| self.limits.bound(answer));
        lead.outcome = Some(outcome.clone());
        outcome
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[deny(clippy::missing_trait_methods)]
#[async_trait]
impl<R: Resolve> Resolve for Cached<R> {
    async fn resolve(&self, name: &DnsName, kind: RecordKind, by: Tick) -> Result<Answer, DnsError> {
        let question = (name.clone(), kind);
        loop {
            let landing = match self.turn(&question) {
                Turn::Known(outcome) => return outcome,
                Turn::Ask(flight) => return self.lead(&question, flight, by).await,
                Turn::Wait(flight) => until(flight.landing(), self.clock.sleep_until(by)).await,
            };
            match landing {
                // The leader was dropped, or had less time than this caller has: ask again.
                Some(Landing::Abandoned) => {}
                Some(Landing::Landed(Err(error))) if error.kind() == DnsErrorKind::Timeout => {}
                Some(Landing::Landed(outcome)) => return outcome,
                None => return Err(DnsError::new(DnsErrorKind::Timeout).asking(name, kind)),
            }
        }
    }

    fn at(&self, server: SocketAddr) -> Result<Arc<dyn Resolve>, DnsError> {
        self.inner.at(server)
    }
}

impl CacheLimits {
    fn bound(&self, answer: Answer) -> Answer {
        let most = if answer.presence() == Presence::Found { self.ttl } else { self.negative_ttl };
        let ttl = answer.ttl().min(most);
        answer.with_ttl(ttl)
    }

    /// How long this is kept; zero is not at all.
    fn keep(&self, outcome: &Outcome) -> Duration {
        match outcome {
            Ok(answer) => answer.ttl(),
            Err(error) if matches!(error.kind(), DnsErrorKind::Timeout | DnsErrorKind::Unsupported) => Duration::ZERO,
            Err(_) => self.failure_ttl,
        }
    }
}

/// The one who asks. However it ends, by an answer or by being dropped, the others learn of it.
struct Lead<'a, R: Resolve> {
    cache: &'a Cached<R>,
    question: &'a Question,
    flight: Arc<Flight>,
    outcome: Option<Outcome>,
}

impl<R: Resolve> Drop for Lead<'_, R> {
    fn drop(&mut self) {
        let mut state = self.cache.state();
        state.flights.remove(self.question);
        let landing = match self.outcome.take() {
            Some(outcome) => {
                let (limits, now) = (&self.cache.limits, self.cache.clock.tick());
                state.memory.keep(self.question, &outcome, now, limits.keep(&outcome), limits);
                Landing::Landed(outcome)
            }
            None => Landing::Abandoned,
        };
        drop(state);
        self.flight.land(landing);
    }
}

impl<R: fmt::Debug> fmt::Debug for Cached<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let entries = self.state.lock().unwrap_or_else(PoisonError::into_inner).memory.len();
        f.debug_struct("Cached")
            .field("inner", &self.inner)
            .field("limits", &self.limits)
            .field("entries", &entries)
            .finish_non_exhaustive()
    }
}

/// The output of `wanted`, unless `end` comes first.
async fn until<T>(wanted: impl Future<Output = T>, end: impl Future<Output = ()>) -> Option<T> {
    let (mut wanted, mut end) = (pin!(wanted), pin!(end));
    poll_fn(|context| {
        if let Poll::Ready(output) = wanted.as_mut().poll(context) {
            return Poll::Ready(Some(output));
        }
        end.as_mut().poll(context).map(|()| None)
    })
    .await
}
