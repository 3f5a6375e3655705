//! The right to a connection, and the wait for it.

use std::sync::Arc;

use posthaste_smtp::Transaction;
use posthaste_transport::Attempt;
use posthaste_types::Tick;
use tokio::runtime::Handle;
use tokio::sync::oneshot;

use crate::connection::Connection;
use crate::peer::Sharing;
use crate::pool::{Idle, Key, Next, Pool, Waiting, goodbye, reap};
use crate::turn::Begins;

/// What came of waiting for a connection.
#[derive(Debug)]
pub(crate) enum Grant {
    /// The right to one.
    Slot(Lease),
    /// The mail was begun on this one, behind the content of another mail that has its answers now.
    Begun(Box<Connection>, Lease),
    /// The mail was begun so, and the connection is gone.
    Lost,
    /// All were in use, to the end of the attempt.
    Busy,
    /// The mail was begun, and the attempt is out of time.
    OutOfTime,
    /// When its turn came, the mail had been withdrawn.
    Withdrawn,
}

/// A mail that may begin behind another one.
#[derive(Debug)]
pub(crate) struct Claim {
    pub(crate) attempt: Attempt,
    pub(crate) transaction: Transaction,
    pub(crate) follower: Follower,
}

/// Who has begun behind another mail, and waits for the connection. Dropped, he learns that it is gone.
#[derive(Debug)]
pub(crate) struct Follower(oneshot::Sender<Grant>);

impl Follower {
    /// Hands the connection over. If he waits no more, or what he sent has not all left, it is cut.
    pub(crate) fn hand_over(self, lease: Lease, mut connection: Connection) {
        connection.begins = Begins::Already;
        if connection.is_written() || connection.session.is_closed() {
            // Sent back, it is dropped.
            let _ = self.0.send(Grant::Begun(Box::new(connection), lease));
        }
    }

    pub(crate) fn withdraw(self) {
        // He may wait no more.
        let _ = self.0.send(Grant::Withdrawn);
    }
}

/// The right to one connection of a site.
#[derive(Debug)]
pub(crate) struct Lease {
    pub(crate) pool: Arc<Pool>,
    /// `None` once the right has passed on.
    pub(crate) key: Option<Key>,
}

impl Lease {
    /// An idle connection that seems to be alive, the one that was used last.
    pub(crate) fn idle(&self, now: Tick) -> Option<Connection> {
        loop {
            let mut idle = {
                let mut state = self.pool.state();
                let idle = state.sites.get_mut(self.key.as_ref()?)?.idle.pop_back()?;
                state.idle -= 1;
                idle
            };
            if idle.connection.is_quiet() && now < idle.since.saturating_add(self.pool.limits.idle) {
                return Some(idle.connection);
            }
        }
    }

    /// Whether a connection that was used for so many mails takes no more.
    pub(crate) fn is_last_mail(&self, mails: u32) -> bool {
        mails >= self.pool.limits.messages.max(1)
    }

    /// The mail that waits longest, if it is offered and fits.
    pub(crate) fn claim(&self, fits: impl FnOnce(&Transaction) -> bool) -> Option<Claim> {
        let mut state = self.pool.state();
        let closed = state.closed;
        let waiting = &mut state.sites.get_mut(self.key.as_ref()?)?.waiting;
        let next = waiting.front()?.next.as_ref()?;
        if closed || !fits(&next.transaction) {
            return None;
        }
        let Waiting { next, grant, .. } = waiting.pop_front()?;
        next.map(|Next { attempt, transaction }| Claim { attempt, transaction, follower: Follower(grant) })
    }

    /// Keeps a connection behind a mail, or says goodbye to it.
    pub(crate) fn give_back(self, mut connection: Connection) {
        // Without a runtime the program is at its end: the connection is cut.
        if !connection.is_reusable() || Handle::try_current().is_err() {
            return;
        }
        connection.rest();
        let now = self.pool.clock.tick();
        let mut state = self.pool.state();
        let full = state.closed
            || connection.proof.sharing == Sharing::Sole
            || self.is_last_mail(connection.mails)
            || state.idle >= self.pool.limits.idle_connections;
        if full {
            drop(state);
            let clock = Arc::clone(&self.pool.clock);
            // It counts as open until the peer has let it go.
            tokio::spawn(goodbye(connection, clock, Some(self)));
            return;
        }
        let Some(site) = self.key.as_ref().and_then(|key| state.sites.get_mut(key)) else { return };
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
        if let Some(key) = self.key.take() {
            self.pool.release(key);
        }
    }
}

/// Somebody who waits; dropped, he waits no more.
#[derive(Debug)]
pub(crate) struct Queued<'a> {
    pub(crate) pool: &'a Pool,
    pub(crate) key: &'a Key,
    /// `None` when his turn has come.
    pub(crate) ticket: Option<u64>,
}

impl Queued<'_> {
    /// Leaves the queue; `false` if his turn had come.
    pub(crate) fn leave(&mut self) -> bool {
        let Some(ticket) = self.ticket.take() else { return false };
        let mut state = self.pool.state();
        let Some(site) = state.sites.get_mut(self.key) else { return false };
        let place = site.waiting.binary_search_by_key(&ticket, |waiting| waiting.ticket).ok();
        place.and_then(|place| site.waiting.remove(place)).is_some()
    }
}

impl Drop for Queued<'_> {
    fn drop(&mut self) {
        self.leave();
    }
}
