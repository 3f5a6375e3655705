//! One place where attempts wait for their turn.

use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::time::Duration;

use posthaste_types::{Clock, Tick};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{Limits, Rate};

/// Lets attempts through, one by one and not too many at a time.
#[derive(Debug)]
pub(super) struct Gate {
    rate: Option<Rate>,
    permits: Arc<Semaphore>,
    /// The next turn at the even rate: the bucket is full when it is past, and lacks one attempt for each interval that
    /// it lies ahead.
    next: Mutex<Tick>,
}

/// Held while an attempt is made.
#[derive(Debug)]
pub(super) struct Pass {
    #[expect(dead_code, reason = "held")]
    permit: OwnedSemaphorePermit,
    turn: Turn,
}

impl Pass {
    /// The attempt begins.
    pub(super) fn begin(&mut self) {
        self.turn.used = Used::Yes;
    }
}

/// A turn of the rate. Dropped unused, it is given back, unless somebody has a later one.
#[derive(Debug)]
struct Turn {
    /// A gate that is in use is not forgotten.
    gate: Arc<Gate>,
    /// The next turn at the even rate, as it was before this one was taken, and behind it.
    next: Option<(Tick, Tick)>,
    used: Used,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Used {
    Yes,
    No,
}

impl Drop for Turn {
    fn drop(&mut self) {
        let Some((before, behind)) = self.next.filter(|_| self.used == Used::No) else { return };
        let mut next = self.gate.next();
        if *next == behind {
            *next = before;
        }
    }
}

impl Gate {
    pub(super) fn new(limits: Limits) -> Self {
        let permits = Arc::new(Semaphore::new(limits.permits()));
        Self { rate: limits.of_rate(), permits, next: Mutex::default() }
    }

    /// Waits for a turn. There may be none before `by`: then how long behind it there is one, where that is known.
    ///
    /// The place comes before the rate: a turn of the rate is used when it is there.
    pub(super) async fn pass(self: &Arc<Self>, clock: &dyn Clock, by: Tick) -> Result<Pass, Option<Duration>> {
        let permit = self.permit(clock, by).await.ok_or(None)?;
        let (at, turn) = self.reserve(clock.tick(), by)?;
        if at > clock.tick() {
            clock.sleep_until(at).await;
        }
        Ok(Pass { permit, turn })
    }

    /// Whether forgetting this gate would let nothing through that it holds back.
    pub(super) fn is_fresh(&self, now: Tick) -> bool {
        *self.next() <= now
    }

    async fn permit(&self, clock: &dyn Clock, by: Tick) -> Option<OwnedSemaphorePermit> {
        let mut permit = pin!(self.permits.clone().acquire_owned());
        let mut alarm = None;
        std::future::poll_fn(|context| {
            if let Poll::Ready(permit) = permit.as_mut().poll(context) {
                return Poll::Ready(permit.ok());
            }
            alarm.get_or_insert_with(|| clock.sleep_until(by)).as_mut().poll(context).map(|()| None)
        })
        .await
    }

    /// Takes the next turn, and says when it is, if that is not behind `by`; else how far it is.
    fn reserve(self: &Arc<Self>, now: Tick, by: Tick) -> Result<(Tick, Turn), Option<Duration>> {
        let mut turn = Turn { gate: self.clone(), next: None, used: Used::No };
        let Some(rate) = self.rate else { return Ok((now, turn)) };
        let mut next = self.next();
        let even = now.max(*next);
        let at = Tick::from_start(even.since_start().saturating_sub(rate.tolerance())).max(now);
        if at > now && at >= by {
            return Err(Some(at.since(by)));
        }
        let behind = even.saturating_add(rate.interval().max(SHORTEST));
        turn.next = Some((std::mem::replace(&mut *next, behind), behind));
        Ok((at, turn))
    }

    fn next(&self) -> MutexGuard<'_, Tick> {
        self.next.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A clock's own step: no interval is shorter.
const SHORTEST: Duration = Duration::from_nanos(1);
