//! One alarm for a connection.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use posthaste_types::{Clock, Tick};

type Sleep = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Tells when a moment has come. The moment may be put off with every call, which costs nothing: the sleep that is there
/// ends early, and is begun anew. Nearly every wait of a connection ends before its alarm.
pub(crate) struct Alarm {
    clock: Arc<dyn Clock>,
    sleep: Option<(Tick, Sleep)>,
}

impl Alarm {
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, sleep: None }
    }

    /// Ready when `at` has come.
    pub(crate) fn poll_at(&mut self, context: &mut Context<'_>, at: Tick) -> Poll<()> {
        loop {
            let (until, sleep) = match &mut self.sleep {
                Some((until, sleep)) if *until <= at => (*until, sleep),
                // None, or one that would end too late.
                place => {
                    let clock = Arc::clone(&self.clock);
                    let sleep: Sleep = Box::pin(async move { clock.sleep_until(at).await });
                    let (until, sleep) = place.insert((at, sleep));
                    (*until, sleep)
                }
            };
            if sleep.as_mut().poll(context).is_pending() {
                return Poll::Pending;
            }
            self.sleep = None;
            if until == at || self.clock.tick() >= at {
                return Poll::Ready(());
            }
        }
    }
}

impl fmt::Debug for Alarm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Alarm").field("sleep", &self.sleep.as_ref().map(|(until, _)| until)).finish_non_exhaustive()
    }
}
