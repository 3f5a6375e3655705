//! Deadlines, by the clock that was given.

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};

use posthaste_types::{Clock, Tick, Timestamp};

/// The deadline of an attempt, with one sleeper for all the waits of it.
pub(crate) struct Wait<'a> {
    clock: &'a dyn Clock,
    by: Tick,
    /// Kept while later deadlines come: arming a timer for each reply would cost more than the reply.
    sleeper: Option<(Tick, Sleep<'a>)>,
}

type Sleep<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

impl<'a> Wait<'a> {
    pub(crate) fn new(clock: &'a dyn Clock, by: Tick) -> Self {
        Self { clock, by, sleeper: None }
    }

    pub(crate) fn clock(&self) -> &'a dyn Clock {
        self.clock
    }

    pub(crate) fn now(&self) -> Tick {
        self.clock.tick()
    }

    pub(crate) fn wall(&self) -> Timestamp {
        self.clock.wall()
    }

    /// The end of the attempt.
    pub(crate) fn by(&self) -> Tick {
        self.by
    }

    pub(crate) fn is_over(&self) -> bool {
        self.now() >= self.by
    }

    /// Ready at `due`, or at the end of the attempt if that is earlier.
    pub(crate) fn poll(&mut self, context: &mut Context<'_>, due: Option<Tick>) -> Poll<()> {
        let due = due.map_or(self.by, |due| due.min(self.by));
        loop {
            match &mut self.sleeper {
                Some((at, sleep)) if *at <= due => {
                    ready!(sleep.as_mut().poll(context));
                    self.sleeper = None;
                    if self.clock.tick() >= due {
                        return Poll::Ready(());
                    }
                }
                _ => self.sleeper = Some((due, self.clock.sleep_until(due))),
            }
        }
    }

    /// What `work` gives, unless `due` or the end of the attempt comes first.
    pub(crate) async fn race<T>(&mut self, due: Option<Tick>, work: impl Future<Output = T>) -> Option<T> {
        let mut work = pin!(work);
        poll_fn(|context| {
            if let Poll::Ready(value) = work.as_mut().poll(context) {
                return Poll::Ready(Some(value));
            }
            self.poll(context, due).map(|()| None)
        })
        .await
    }
}

impl fmt::Debug for Wait<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wait").field("by", &self.by).finish_non_exhaustive()
    }
}
