//! Connections that are kept and used again.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use posthaste_transport::{SiteId, Source};
use posthaste_types::{Clock, Domain, Tick};
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;

use crate::config::PoolLimits;
use crate::connection::Connection;
use crate::peer::Sharing;
use crate::security::Security;
use crate::sources::Chosen;
use crate::wait::Wait;

/// The connections of a transport, by site, source and TLS policy: a session that a weaker policy was content with
/// is never used for a stricter one.
#[derive(Debug)]
pub(crate) struct Pool {
    limits: PoolLimits,
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    sites: HashMap<Key, Site>,
    idle: usize,
    /// Whether a task waits for idle connections to grow old.
    reaping: bool,
    closed: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    site: SiteId,
    /// One for each family.
    sources: [Option<(IpAddr, Domain)>; 2],
    security: Security,
}

#[derive(Debug)]
struct Site {
    permits: Arc<Semaphore>,
    /// Those who hold a lease or wait for one.
    users: usize,
    /// The one that was used last is at the end.
    idle: VecDeque<Idle>,
}

#[derive(Debug)]
struct Idle {
    connection: Connection,
    since: Tick,
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

    /// The right to one connection: waits while all are in use. Cancel safe.
    pub(crate) async fn lease(self: &Arc<Self>, key: Key) -> Lease {
        let permits = {
            let mut state = self.state();
            let site = state.sites.entry(key.clone()).or_insert_with(|| Site {
                permits: Arc::new(Semaphore::new(self.limits.connections.max(1))),
                users: 0,
                idle: VecDeque::new(),
            });
            site.users += 1;
            Arc::clone(&site.permits)
        };
        let mut lease = Lease { pool: Arc::clone(self), key, permit: None };
        // Nobody closes the semaphore.
        lease.permit = permits.acquire_owned().await.ok();
        lease
    }

    /// Says goodbye to all idle connections, and keeps none from now on.
    pub(crate) async fn close(&self) {
        let idle: Vec<Connection> = {
            let mut state = self.state();
            state.closed = true;
            state.idle = 0;
            let idle = state.sites.values_mut().flat_map(|site| site.idle.drain(..));
            let idle = idle.map(|idle| idle.connection).collect();
            state.sites.retain(|_, site| site.users > 0);
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
        state.sites.retain(|_, site| site.users > 0 || !site.idle.is_empty());
        state.reaping = next.is_some();
        (old, next)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The right to one connection of a site.
#[derive(Debug)]
pub(crate) struct Lease {
    pool: Arc<Pool>,
    key: Key,
    permit: Option<OwnedSemaphorePermit>,
}

impl Lease {
    /// An idle connection that seems to be alive, the one that was used last.
    pub(crate) fn idle(&self, now: Tick) -> Option<Connection> {
        loop {
            let mut idle = {
                let mut state = self.pool.state();
                let idle = state.sites.get_mut(&self.key)?.idle.pop_back()?;
                state.idle -= 1;
                idle
            };
            if idle.connection.is_quiet() && now < idle.since.saturating_add(self.pool.limits.idle) {
                return Some(idle.connection);
            }
        }
    }

    /// Keeps a connection behind a mail, or says goodbye to it.
    pub(crate) fn give_back(mut self, mut connection: Connection) {
        // Without a runtime the program is at its end: the connection is cut.
        if !connection.is_reusable() || Handle::try_current().is_err() {
            return;
        }
        connection.rest();
        let now = self.pool.clock.tick();
        let mut state = self.pool.state();
        let full = state.closed
            || connection.proof.sharing == Sharing::Sole
            || connection.mails >= self.pool.limits.messages.max(1)
            || state.idle >= self.pool.limits.idle_connections;
        if full {
            drop(state);
            // It counts as open until the peer has let it go.
            let permit = self.permit.take();
            tokio::spawn(goodbye(connection, Arc::clone(&self.pool.clock), permit));
            return;
        }
        let Some(site) = state.sites.get_mut(&self.key) else { return };
        site.idle.push_back(Idle { connection, since: now });
        state.idle += 1;
        if !std::mem::replace(&mut state.reaping, true) {
            let first = now.saturating_add(self.pool.limits.idle);
            tokio::spawn(reap(Arc::downgrade(&self.pool), Arc::clone(&self.pool.clock), first));
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let mut state = self.pool.state();
        if let Some(site) = state.sites.get_mut(&self.key) {
            site.users -= 1;
            if site.users == 0 && site.idle.is_empty() {
                state.sites.remove(&self.key);
            }
        }
    }
}

/// Ends when no connection is idle any more, or the pool is gone.
async fn reap(pool: Weak<Pool>, clock: Arc<dyn Clock>, first: Tick) {
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

async fn goodbye(connection: Connection, clock: Arc<dyn Clock>, permit: Option<OwnedSemaphorePermit>) {
    let by = clock.tick().saturating_add(GOODBYE);
    connection.goodbye(&mut Wait::new(&*clock, by)).await;
    drop(permit);
}

/// The session waits 10 s for the answer to QUIT; this bounds the writing too.
const GOODBYE: Duration = Duration::from_secs(15);
