//! Calls into what the application gave: a panic there, or an answer that never comes, costs one attempt and no more.

use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use posthaste_suppression::{Ask, Entry, Put};
use posthaste_transport::{Route, TransportError, TransportErrorKind};
use posthaste_types::Domain;

use crate::inner::Engine;

/// It panicked: the message went to the panic hook.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Panicked;

/// Runs a future to its end, or to its panic. It is not polled again behind one.
pub(crate) async fn catching<T>(future: impl Future<Output = T>) -> Result<T, Panicked> {
    let mut future = pin!(future);
    poll_fn(move |context| match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context))) {
        Ok(Poll::Ready(value)) => Poll::Ready(Ok(value)),
        Ok(Poll::Pending) => Poll::Pending,
        Err(_) => Poll::Ready(Err(Panicked)),
    })
    .await
}

impl Engine {
    /// Asks the transport where mail for a domain goes; an answer comes in any case.
    pub(crate) async fn route(&self, to: &Domain) -> Result<Route, TransportError> {
        let mut grace_over = self.grace_over.subscribe();
        let until = self.clock.tick().saturating_add(ROUTE_TIMEOUT);
        tokio::select! {
            biased;
            route = catching(async { self.transport.route(to).await }) => {
                route.unwrap_or_else(|Panicked| Err(TransportError::internal("the transport panicked")))
            }
            () = self.clock.sleep_until(until) => Err(TransportError::internal("no route was found in time")),
            _ = grace_over.wait_for(|over| *over) => {
                Err(TransportError::new(TransportErrorKind::Withdrawn, "the Mailer stopped"))
            }
        }
    }
}

impl Engine {
    /// Asks the suppression list; `None` where it gives no answer in time, or not one for each ask.
    pub(crate) async fn listed(&self, asks: &[Ask]) -> Option<Vec<Vec<Entry>>> {
        let found = self.in_time(async { self.suppressions.find(asks).await }).await?.ok()?;
        (found.len() == asks.len()).then_some(found)
    }

    /// Puts an entry on the suppression list; `None` where it does not say that it has taken it.
    pub(crate) async fn list(&self, entry: Entry) -> Option<Put> {
        self.in_time(async { self.suppressions.put(entry).await }).await?.ok()
    }

    async fn in_time<T>(&self, asked: impl Future<Output = T>) -> Option<T> {
        let mut grace_over = self.grace_over.subscribe();
        let until = self.clock.tick().saturating_add(LIST_TIMEOUT);
        tokio::select! {
            biased;
            answer = catching(asked) => answer.ok(),
            () = self.clock.sleep_until(until) => None,
            _ = grace_over.wait_for(|over| *over) => None,
        }
    }
}

/// How long the suppression list may take for an answer. With the time for a route, and asked before and behind that,
/// less than a lease lasts beyond its attempt.
const LIST_TIMEOUT: Duration = Duration::from_secs(15);
/// How long a route may be looked for: less than a lease lasts beyond its attempt.
const ROUTE_TIMEOUT: Duration = Duration::from_secs(240);
