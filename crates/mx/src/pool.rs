//! Connections that are kept and used again.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use posthaste_smtp::Transaction;
use posthaste_transport::{Attempt, SiteId, Source};
use posthaste_types::{Clock, Domain, Tick};
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use crate::config::PoolLimits;
use crate::connection::Connection;
use crate::lease::{Grant, Lease, Queued};
use crate::security::Security;
use crate::sources::Chosen;
use crate::wait::Wait;

/// The connections of a transport, by site, source and TLS policy: a session that a weaker policy was content with
/// is never used for a stricter one.
#[derive(Debug)]
pub(crate) struct Pool {
    pub(crate) limits: PoolLimits,
    pub(crate) clock: Arc<dyn Clock>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) sites: HashMap<Key, Site>,
    pub(crate) idle: usize,
    /// The number of the last one who had to wait.
    tickets: u64,
    /// Whether a task waits for idle connections to grow old.
    pub(crate) reaping: bool,
    pub(crate) closed: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    site: SiteId,
    /// One for each family.
    sources: [Option<(IpAddr, Domain)>; 2],
    security: Security,
}

#[derive(Debug)]
pub(crate) struct Site {
    /// How many more connections may be used at once. None while somebody waits.
    pub(crate) free: usize,
    /// The one who waits longest is at the front.
    pub(crate) waiting: VecDeque<Waiting>,
    /// The one that was used last is at the end.
    pub(crate) idle: VecDeque<Idle>,
}

impl Site {
    fn is_unused(&self, limit: usize) -> bool {
        self.free == limit && self.idle.is_empty()
    }
}

#[derive(Debug)]
pub(crate) struct Waiting {
    pub(crate) ticket: u64,
    /// What may begin behind another mail.
    pub(crate) next: Option<Next>,
    pub(crate) grant: oneshot::Sender<Grant>,
}

#[derive(Debug)]
pub(crate) struct Next {
    pub(crate) attempt: Attempt,
    pub(crate) transaction: Transaction,
}

#[derive(Debug)]
pub(crate) struct Idle {
    pub(crate) connection: Connection,
    pub(crate) since: Tick,
}

impl Key {
    pub(crate) fn new(site: SiteId, chosen: &Chosen, security: Security) -> Self {
        let part = |source: &Source| (source.address, source.ehlo.clone());
        Self { site, sources: chosen.each().map(|source| source.map(part)), security }
    }
}

impl Pool {
    pub(crate) fn new(limits: PoolLimits, clock: Arc<dyn Clock>) -> Arc<Self> {
        Arc::new(Self { limits, clock, state: Mutex::default() })
    }

    fn limit(&self) -> usize {
        self.limits.connections.max(1)
    }

    /// The right to one connection: waits while all are in use, until the attempt is out of time. Cancel safe.
    ///
    /// What is offered may begin behind the mail of another attempt meanwhile, when it has waited longest.
    pub(crate) async fn lease(
        self: &Arc<Self>,
        key: &Key,
        offered: Option<(&Attempt, &Transaction)>,
        wait: &mut Wait<'_>,
    ) -> Grant {
        let (mut granted, mut queued) = {
            let mut state = self.state();
            state.tickets += 1;
            let ticket = state.tickets;
            let new = || Site { free: self.limit(), waiting: VecDeque::new(), idle: VecDeque::new() };
            let site = state.sites.entry(key.clone()).or_insert_with(new);
            if site.free > 0 {
                site.free -= 1;
                return Grant::Slot(Lease { pool: Arc::clone(self), key: Some(key.clone()) });
            }
            let next = offered
                .map(|(attempt, transaction)| Next { attempt: attempt.clone(), transaction: transaction.clone() });
            let (grant, granted) = oneshot::channel();
            site.waiting.push_back(Waiting { ticket, next, grant });
            (granted, Queued { pool: self, key, ticket: Some(ticket) })
        };
        let in_time = wait.race(None, &mut granted).await;
        if in_time.is_some() {
            queued.ticket = None;
        }
        match in_time {
            Some(Ok(grant)) => grant,
            Some(Err(_)) => Grant::Lost,
            None if queued.leave() => Grant::Busy,
            // His turn came in the moment that the time ran out: what he was given then is there already.
            None => match granted.try_recv() {
                // The right passes on.
                Ok(Grant::Slot(_)) => Grant::Busy,
                Ok(grant) => grant,
                Err(_) => Grant::OutOfTime,
            },
        }
    }

    /// Gives the right to a connection to whoever waits longest.
    pub(crate) fn release(self: &Arc<Self>, mut key: Key) {
        let mut state = self.state();
        loop {
            let Some(site) = state.sites.get_mut(&key) else { return };
            let Some(Waiting { next, grant, .. }) = site.waiting.pop_front() else {
                site.free += 1;
                if site.is_unused(self.limit()) {
                    state.sites.remove(&key);
                }
                return;
            };
            // Within the lock: who is out of the queue has his grant, or was begun.
            let sent = grant.send(Grant::Slot(Lease { pool: Arc::clone(self), key: Some(key) }));
            let unused = match sent {
                // He does not wait any more.
                Err(Grant::Slot(mut lease)) => lease.key.take(),
                _ => None,
            };
            match unused {
                Some(unused) => key = unused,
                None => {
                    // An attempt may hold a lease, which asks for the lock when it is dropped.
                    drop(state);
                    drop(next);
                    return;
                }
            }
        }
    }

    /// Cuts the idle connections to a site, whatever they are kept for.
    pub(crate) fn forget(&self, site: &SiteId) {
        let mut state = self.state();
        let of_site = state.sites.iter_mut().filter(|(key, _)| key.site == *site);
        let forgotten: Vec<Idle> = of_site.flat_map(|(_, site)| site.idle.drain(..)).collect();
        state.idle -= forgotten.len();
        state.sites.retain(|_, site| !site.is_unused(self.limit()));
        drop(state);
    }

    /// Says goodbye to all idle connections, and keeps none from now on.
    pub(crate) async fn close(&self) {
        let idle: Vec<Connection> = {
            let mut state = self.state();
            state.closed = true;
            state.idle = 0;
            let idle = state.sites.values_mut().flat_map(|site| site.idle.drain(..));
            let idle = idle.map(|idle| idle.connection).collect();
            state.sites.retain(|_, site| !site.is_unused(self.limit()));
            idle
        };
        let mut goodbyes = JoinSet::new();
        for connection in idle {
            goodbyes.spawn(goodbye(connection, Arc::clone(&self.clock), None));
        }
        while goodbyes.join_next().await.is_some() {}
    }

    /// Takes out those that are idle for too long; says when the next one will be.
    fn take_old(&self, now: Tick) -> (Vec<Connection>, Option<Tick>) {
        let mut state = self.state();
        let (mut old, mut next) = (Vec::new(), None);
        for site in state.sites.values_mut() {
            while let Some(idle) = site.idle.front() {
                let end = idle.since.saturating_add(self.limits.idle);
                if end > now {
                    next = Some(next.map_or(end, |next: Tick| next.min(end)));
                    break;
                }
                old.extend(site.idle.pop_front().map(|idle| idle.connection));
            }
        }
        state.idle -= old.len();
        state.sites.retain(|_, site| !site.is_unused(self.limit()));
        state.reaping = next.is_some();
        (old, next)
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Ends when no connection is idle any more, or the pool is gone.
pub(crate) async fn reap(pool: Weak<Pool>, clock: Arc<dyn Clock>, first: Tick) {
    let mut next = Some(first);
    while let Some(at) = next {
        clock.sleep_until(at).await;
        let Some(pool) = pool.upgrade() else { return };
        let old;
        (old, next) = pool.take_old(clock.tick());
        for connection in old {
            tokio::spawn(goodbye(connection, Arc::clone(&clock), None));
        }
    }
}

pub(crate) async fn goodbye(connection: Connection, clock: Arc<dyn Clock>, lease: Option<Lease>) {
    let by = clock.tick().saturating_add(GOODBYE);
    connection.goodbye(&mut Wait::new(&*clock, by)).await;
    drop(lease);
}

/// The session waits 10 s for the answer to QUIT; this bounds the writing too.
const GOODBYE: Duration = Duration::from_secs(15);

#[cfg(test)]
mod tests;
