//! The right to a connection, and the wait for it.

use std::sync::Arc;

use posthaste_smtp::{Transaction, TransactionId};
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

/// A mail that begins behind another one.
#[derive(Debug)]
pub(crate) struct Claim {
    pub(crate) transaction: Transaction,
    pub(crate) follower: Follower,
}

/// Who has begun behind another mail, and waits for the connection. Dropped, he learns that it is gone.
#[derive(Debug)]
pub(crate) struct Follower(oneshot::Sender<Grant>);

impl Follower {
    /// Hands the connection over, on which his mail has this number. If he waits no more, or what he sent has not all
    /// left, it is cut.
    pub(crate) fn hand_over(self, lease: Lease, mut connection: Connection, number: TransactionId) {
        connection.begins = Begins::Already(number);
        if connection.is_written() || connection.session.is_closed() {
            // Sent back, it is dropped.
            let _ = self.0.send(Grant::Begun(Box::new(connection), lease));
        }
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
    /// An idle connection that fits and seems to be alive, the one that was used last. Others are cut.
    pub(crate) fn idle(&self, now: Tick, fits: impl Fn(&Connection) -> bool) -> Option<Connection> {
        loop {
            let mut idle = {
                let mut state = self.pool.state();
                let idle = state.sites.get_mut(self.key.as_ref()?)?.idle.pop_back()?;
                state.idle -= 1;
                idle
            };
            if fits(&idle.connection)
                && idle.connection.is_quiet()
                && now < idle.since.saturating_add(self.pool.limits.idle)
            {
                return Some(idle.connection);
            }
        }
    }

    /// Whether a connection that was used for so many mails takes no more.
    pub(crate) fn is_last_mail(&self, mails: u32) -> bool {
        mails >= self.pool.limits.messages.max(1)
    }

    /// Begins the mail that waits longest, if it is offered and fits. Those that were withdrawn leave the queue.
    pub(crate) fn claim(&self, fits: impl Fn(&Transaction) -> bool) -> Option<Claim> {
        // Dropped behind the lock: an attempt may hold a lease, which asks for the lock then.
        let mut asked = Vec::new();
        let mut state = self.pool.state();
        let closed = state.closed;
        let waiting = &mut state.sites.get_mut(self.key.as_ref()?)?.waiting;
        loop {
            let next = waiting.front()?.next.as_ref()?;
            if closed || !fits(&next.transaction) {
                return None;
            }
            let Waiting { next, grant, .. } = waiting.pop_front()?;
            let Next { attempt, transaction } = next?;
            // Within the lock: who is out of the queue was begun, or knows that he is not.
            if attempt.start().is_ok() {
                asked.push(attempt);
                return Some(Claim { transaction, follower: Follower(grant) });
            }
            // He may wait no more.
            let _ = grant.send(Grant::Withdrawn);
            asked.push(attempt);
        }
    }

    /// Keeps a connection behind a mail, or says goodbye to it.
    pub(crate) fn give_back(self, mut connection: Connection) {
        // Without a runtime the program is at its end: the connection is cut.
        if connection.session.is_closed() || !connection.is_written() || Handle::try_current().is_err() {
            return;
        }
        connection.rest();
        let now = self.pool.clock.tick();
        let mut state = self.pool.state();
        let full = state.closed
            || !connection.session.can_send()
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
