//! A bound on time, whatever is waited for.

use std::future::Future;
use std::pin::pin;

use futures_util::future::{Either, select};
use posthaste_types::{Clock, Tick};

/// The output, if it comes by then. What is late is dropped.
pub(crate) async fn within<F: Future>(clock: &dyn Clock, by: Tick, future: F) -> Option<F::Output> {
    // The future is polled first: what is ready in time counts, whatever the clock says.
    match select(pin!(future), clock.sleep_until(by)).await {
        Either::Left((output, _)) => Some(output),
        Either::Right(_) => None,
    }
}
