//! Holding back what comes too fast or too much at once.

mod gate;
mod limits;

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use posthaste_transport::{
    Attempt, Capabilities, Outcomes, Route, SiteId, Transport, TransportError, TransportErrorKind,
};
use posthaste_types::{Clock, Domain, Tick};

use gate::{Gate, Pass};
pub use limits::{Limits, Rate};

/// Keeps the transport inside within a rate and a number of attempts at a time, over all and for each site.
///
/// What must wait, waits before [`Attempt::start`], in order of arrival, so that it can still be withdrawn, and ends at
/// once then. What would wait longer than [`Attempt::timeout`] is not begun: it is
/// [`Busy`](posthaste_transport::TransportErrorKind::Busy) at once where the rate says so, which tells [how long there is
/// no use](TransportError::wait) in coming again, and at the end of that time where attempts at a time do. The transport
/// inside gets the time that is left.
///
/// The site is that of [`Attempt::route`]; without a route it is the domain, if all recipients have the same one, else
/// only the limits over all hold. An attempt counts once, however many recipients it has. One that was dropped
/// while it waited, or found no turn in time among all, gives back the turn that it had, unless somebody has a later one.
///
/// # Limits
/// At most [`MAX_SITES`](Self::MAX_SITES) sites are remembered; one is forgotten when nothing waits there and its rate
/// allows a whole burst. Where there are more, a new one is Busy.
///
/// # Stacking
/// Right: around one transport, with the timeout of one try inside, whose time begins when the wait is over.
/// ```
/// # use std::{num::NonZeroU32, sync::Arc, time::Duration};
/// # use posthaste_layers::{Limits, Rate, Throttle, Timeout};
/// # use posthaste_transport::Memory;
/// # let clock = Arc::new(posthaste_testkit::VirtualClock::new());
/// # let relay = Memory::relay();
/// let ten_a_second = Rate::new(NonZeroU32::new(10).unwrap(), Duration::from_secs(1));
/// let one_try = Timeout::new(relay, Duration::from_secs(60), clock.clone());
/// let transport = Throttle::new(one_try, clock)
///     .overall(Limits::unlimited().rate(ten_a_second))
///     .each_site(Limits::unlimited().at_a_time(4));
/// ```
/// Wrong: inside a timeout. The wait for a turn counts as time of the hop, and a queue becomes a row of failures.
#[derive(Debug)]
pub struct Throttle<T> {
    inner: T,
    overall: Arc<Gate>,
    each_site: Limits,
    sites: Mutex<HashMap<SiteId, Arc<Gate>>>,
    clock: Arc<dyn Clock>,
}

impl<T: Transport> Throttle<T> {
    /// The most sites that are remembered.
    pub const MAX_SITES: usize = 10_000;

    /// Without any limit yet.
    pub fn new(inner: T, clock: Arc<dyn Clock>) -> Self {
        let overall = Arc::new(Gate::new(Limits::unlimited()));
        Self { inner, overall, each_site: Limits::unlimited(), sites: Mutex::default(), clock }
    }

    /// The same with limits over all sites together.
    #[must_use]
    pub fn overall(mut self, limits: Limits) -> Self {
        self.overall = Arc::new(Gate::new(limits));
        self
    }

    /// The same with limits for each site.
    #[must_use]
    pub fn each_site(mut self, limits: Limits) -> Self {
        self.each_site = limits;
        self
    }

    /// The transport inside.
    pub fn inner(&self) -> &T {
        &self.inner
    }

    /// Waits for a turn. A site's own limits come first, so that a slow site holds nothing that others need.
    async fn turn(&self, attempt: &Attempt, by: Tick) -> Result<Turn, TransportError> {
        let site = match site_of(attempt).filter(|_| !self.each_site.is_unlimited()) {
            None => None,
            Some(site) => {
                let gate = self.gate(&site)?;
                let pass = gate.pass(&*self.clock, by).await;
                Some(pass.map_err(|wait| busy(format_args!("no turn in time at {site}"), wait))?)
            }
        };
        let overall = self.overall.pass(&*self.clock, by).await;
        let overall = overall.map_err(|wait| busy("no turn in time", wait))?;
        let mut turn = Turn(site, overall);
        turn.0.iter_mut().chain([&mut turn.1]).for_each(Pass::begin);
        Ok(turn)
    }

    fn gate(&self, site: &SiteId) -> Result<Arc<Gate>, TransportError> {
        let mut sites = self.sites();
        if let Some(gate) = sites.get(site) {
            return Ok(gate.clone());
        }
        if sites.len() >= Self::MAX_SITES {
            let now = self.clock.tick();
            // Who holds a pass, or waits for one, holds the gate.
            sites.retain(|_, gate| Arc::strong_count(gate) > 1 || !gate.is_fresh(now));
        }
        if sites.len() >= Self::MAX_SITES {
            return Err(TransportError::busy(format_args!("{} other sites are held back", sites.len())));
        }
        let gate = Arc::new(Gate::new(self.each_site));
        sites.insert(site.clone(), gate.clone());
        Ok(gate)
    }

    fn sites(&self) -> MutexGuard<'_, HashMap<SiteId, Arc<Gate>>> {
        self.sites.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl<T: Transport> Transport for Throttle<T> {
    fn capabilities(&self) -> Capabilities {
        self.inner.capabilities()
    }

    async fn deliver(&self, attempt: &Attempt) -> Result<Outcomes, TransportError> {
        let by = self.clock.tick().saturating_add(attempt.timeout());
        let turn = tokio::select! {
            biased;
            () = attempt.until_withdrawn() => return Err(TransportError::new(TransportErrorKind::Withdrawn, "")),
            turn = self.turn(attempt, by) => turn?,
        };
        let result = self.inner.deliver(&attempt.within(by.since(self.clock.tick()))).await;
        drop(turn);
        result
    }

    async fn route(&self, to: &Domain) -> Result<Route, TransportError> {
        self.inner.route(to).await
    }

    async fn close(&self) {
        self.inner.close().await;
    }
}

/// Held while an attempt is made.
struct Turn(Option<Pass>, Pass);

fn busy(words: impl fmt::Display, wait: Option<Duration>) -> TransportError {
    let error = TransportError::busy(words);
    match wait {
        Some(wait) => error.retry_after(wait),
        None => error,
    }
}

fn site_of(attempt: &Attempt) -> Option<SiteId> {
    if let Some(route) = attempt.route() {
        return Some(route.site().clone());
    }
    let (first, others) = attempt.recipients().split_first()?;
    let domain = first.address.domain();
    others.iter().all(|to| to.address.domain() == domain).then(|| SiteId::new(domain.as_str()))
}
