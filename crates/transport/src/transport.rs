//! The port.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use posthaste_types::Domain;

use crate::{Attempt, Capabilities, Outcomes, Route, TransportError};

/// Hands one attempt to the next hop.
///
/// # Contract
/// * `Ok`: one outcome for each recipient; [`Outcomes`] cannot be built otherwise. `Err`: no hop took
///   anything for anyone, and the whole attempt may be repeated. A fault of ours (a wrong password, a dead
///   proxy) is an `Err`: it holds the route and bounces nobody.
/// * The body possibly taken and the answer unknown is [`InDoubt`](posthaste_types::OutcomeKind::InDoubt),
///   never deferred. An idempotent transport is in doubt for the whole attempt, and sees the same
///   recipients under the same [`key`](Attempt::key) again; after a definite answer the key changes.
/// * It ends within [`Attempt::timeout`]; the engine drops the future then. A transport that only returns
///   outcomes leaves every recipient in doubt when dropped. One that can do better says
///   [`Capabilities::tracks_progress`] and tells as it goes: [`Attempt::start`] just before the first
///   command, [`Attempt::settle`] as each answer is read, [`Attempt::past_return`] before the octets that
///   complete the message. After a drop no completing octet may leave, even if another task owns the
///   connection: `past_return` fails then.
/// * An attempt that is withdrawn behind its first command goes on with the host that has heard of it: `start` is asked
///   again before another host hears of it, and fails then.
/// * What was answered and not yet written down is in doubt after a crash. A transport that keeps connections takes
///   the next message on one [when that is done](Attempt::when_recorded): then at most one message a connection is.
/// * No retry, no rate, no sleep inside. It dials from [`Attempt::source`] and to [`Attempt::route`], where
///   they are given.
/// * It is called concurrently.
///
/// [`contract::check`](crate::contract::check) shows these for any implementation.
#[async_trait]
pub trait Transport: fmt::Debug + Send + Sync {
    /// What the engine must know before it makes attempts.
    fn capabilities(&self) -> Capabilities;

    /// Delivers one attempt.
    ///
    /// # Errors
    /// [`TransportError`] if no hop took anything for anyone.
    ///
    /// # Cancel safety
    /// Dropped: what was settled stays; the rest is deferred before `past_return`, in doubt behind it, and
    /// in doubt throughout for a transport that does not track progress.
    async fn deliver(&self, attempt: &Attempt) -> Result<Outcomes, TransportError>;

    /// Where mail for this domain goes. Cheap, and cached for the time that its answer may be kept; its
    /// [`site`](Route::site) is the key of pooling and pacing.
    ///
    /// # Errors
    /// [`TransportError`] for a fault of ours. That a domain takes no mail is a [`Route`]:
    /// [`Route::nowhere`].
    async fn route(&self, to: &Domain) -> Result<Route, TransportError> {
        let _ = to;
        Ok(Route::to_relay())
    }

    /// Says goodbye to idle connections. May be called twice; nothing is delivered behind it.
    async fn close(&self) {}
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl<T: Transport + ?Sized> Transport for Arc<T> {
    fn capabilities(&self) -> Capabilities {
        (**self).capabilities()
    }

    async fn deliver(&self, attempt: &Attempt) -> Result<Outcomes, TransportError> {
        (**self).deliver(attempt).await
    }

    async fn route(&self, to: &Domain) -> Result<Route, TransportError> {
        (**self).route(to).await
    }

    async fn close(&self) {
        (**self).close().await;
    }
}
