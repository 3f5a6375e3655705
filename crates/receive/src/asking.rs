//! Asking the handler, who may panic and may never answer.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use posthaste_types::Clock;

/// What came of a question.
#[derive(Debug)]
pub(crate) enum Asked<T> {
    Answered(T),
    /// The handler panicked, or its time was over. It is written to the log.
    Unanswered,
}

/// Drives the handler's future to its end. After a panic it is dropped and never polled again.
pub(crate) async fn ask<T>(
    mut work: Pin<Box<dyn Future<Output = T> + Send + '_>>,
    clock: &dyn Clock,
    limit: Duration,
) -> Asked<T> {
    let mut alarm = None;
    std::future::poll_fn(|context| {
        match catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(context))) {
            Ok(Poll::Ready(answer)) => return Poll::Ready(Asked::Answered(answer)),
            Ok(Poll::Pending) => {}
            Err(_) => {
                // The panic hook has said where.
                tracing::error!("the handler panicked");
                return Poll::Ready(Asked::Unanswered);
            }
        }
        // Most answers are there at once, and need no alarm.
        let alarm = alarm.get_or_insert_with(|| clock.sleep_until(clock.tick().saturating_add(limit)));
        alarm.as_mut().poll(context).map(|()| {
            tracing::error!(?limit, "the handler gave no answer in time");
            Asked::Unanswered
        })
    })
    .await
}
