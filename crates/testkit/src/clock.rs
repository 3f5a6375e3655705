//! A clock that moves only when told.

use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use posthaste_types::{Clock, Tick, Timestamp};

/// A [`Clock`] that moves only when told: days pass in a moment, and the same test takes the same course every time.
///
/// A handle: clones are the same clock. Give one to what is tested, and keep one to move it.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// use std::time::Duration;
/// use posthaste_testkit::VirtualClock;
/// use posthaste_types::Clock;
///
/// let clock = VirtualClock::new();
/// let waiting = tokio::spawn({
///     let clock = clock.clone();
///     async move { clock.sleep_until(clock.tick().saturating_add(Duration::from_secs(3600))).await }
/// });
/// clock.advance(Duration::from_secs(3599)).await;
/// assert!(!waiting.is_finished());
/// clock.advance(Duration::from_secs(1)).await;
/// assert!(waiting.is_finished());
/// # });
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # How it moves
/// [`advance`](Self::advance) goes from one sleeper's moment to the next, in order. At each it wakes those who are
/// due, waits until they have run, and then lets all other tasks run before time goes on, so that what they do (new
/// sleeps too) happens at that moment. It knows no tasks: it gives way [`ROUNDS`](Self::ROUNDS) times, and in a
/// runtime of one thread every task that is ready runs each time. That is exact for tasks that wake each other in
/// chains of up to that length. What waits for a socket, a file or another thread may run later: wait for its
/// result, not for the clock. Use it in a runtime of one thread (`#[tokio::test]`).
#[derive(Clone)]
pub struct VirtualClock(Arc<Mutex<State>>);

struct State {
    tick: Tick,
    wall: Timestamp,
    sleepers: BTreeMap<(Tick, u64), Waker>,
    /// Those who were woken and have not run since.
    woken: HashSet<u64>,
    next_id: u64,
}

impl VirtualClock {
    /// A clock that begins at tick zero, on 2026-01-01 at noon, UTC.
    pub fn new() -> Self {
        Self::starting(Timestamp::from_unix_secs(NOON))
    }

    /// A clock that begins at tick zero, with this time on the wall.
    pub fn starting(wall: Timestamp) -> Self {
        Self(Arc::new(Mutex::new(State {
            tick: Tick::default(),
            wall,
            sleepers: BTreeMap::new(),
            woken: HashSet::new(),
            next_id: 0,
        })))
    }

    /// Moves both times forward. When it returns, every sleeper that is due has run, each at its own moment.
    ///
    /// If dropped, time stands where it had come to.
    pub async fn advance(&self, by: Duration) {
        let target = self.tick().saturating_add(by);
        self.settle().await;
        while let Some(moment) = self.next_sleeper().filter(|moment| *moment <= target) {
            self.move_to(moment);
            self.settle().await;
        }
        self.move_to(target);
        self.settle().await;
    }

    /// Moves forward to the next sleeper's moment and lets it run; `false`, and nothing moves, if nobody sleeps.
    pub async fn advance_to_next(&self) -> bool {
        self.settle().await;
        let Some(moment) = self.next_sleeper() else { return false };
        self.advance(moment.since(self.tick())).await;
        true
    }

    /// Lets every task run that is ready, without moving.
    pub async fn settle(&self) {
        for round in 0..MAX_ROUNDS {
            if round >= Self::ROUNDS && self.state().woken.is_empty() {
                break;
            }
            tokio::task::yield_now().await;
        }
        self.state().woken.clear(); // they are held by somebody who does not poll them
    }

    /// Sets the wall's clock forward by so much, as an administrator does; monotonic time does not move.
    pub fn jump_wall(&self, by: Duration) {
        let mut state = self.state();
        state.wall = state.wall.saturating_add(by);
    }

    /// Sets the wall's clock back by so much; monotonic time does not move.
    pub fn jump_wall_back(&self, by: Duration) {
        let mut state = self.state();
        state.wall = state.wall.saturating_sub(by);
    }

    /// When the next sleeper is to be woken; `None` if nobody sleeps.
    pub fn next_sleeper(&self) -> Option<Tick> {
        self.state().sleepers.keys().next().map(|(at, _)| *at)
    }

    /// How many sleepers there are.
    pub fn sleepers(&self) -> usize {
        self.state().sleepers.len()
    }

    /// How often the clock gives way to other tasks at each moment, at the least.
    pub const ROUNDS: usize = 64;

    fn move_to(&self, moment: Tick) {
        let mut state = self.state();
        let by = moment.since(state.tick);
        let now = state.tick.saturating_add(by);
        state.tick = now;
        state.wall = state.wall.saturating_add(by);
        let later = state.sleepers.split_off(&(now, u64::MAX));
        let due = std::mem::replace(&mut state.sleepers, later);
        state.woken.extend(due.keys().map(|(_, id)| id));
        drop(state);
        due.into_values().for_each(Waker::wake);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clock for VirtualClock {
    fn wall(&self) -> Timestamp {
        self.state().wall
    }

    fn tick(&self) -> Tick {
        self.state().tick
    }

    fn sleep_until(&self, at: Tick) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        let mut state = self.state();
        let id = state.next_id;
        state.next_id += 1;
        drop(state);
        Box::pin(Sleep { clock: self, at, id })
    }
}

impl Default for VirtualClock {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for VirtualClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.state();
        f.debug_struct("VirtualClock")
            .field("tick", &state.tick)
            .field("wall", &state.wall)
            .field("sleepers", &state.sleepers.len())
            .finish_non_exhaustive()
    }
}

struct Sleep<'a> {
    clock: &'a VirtualClock,
    at: Tick,
    id: u64,
}

impl Future for Sleep<'_> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let mut state = self.clock.state();
        state.woken.remove(&self.id);
        if self.at <= state.tick {
            return Poll::Ready(());
        }
        state.sleepers.insert((self.at, self.id), context.waker().clone());
        Poll::Pending
    }
}

impl Drop for Sleep<'_> {
    fn drop(&mut self) {
        let mut state = self.clock.state();
        state.woken.remove(&self.id);
        let sleeper = state.sleepers.remove(&(self.at, self.id));
        drop(state);
        drop(sleeper); // a waker's drop may run anything
    }
}

/// 2026-01-01T12:00:00Z.
const NOON: i64 = 1_767_268_800;
/// After so many rounds a woken sleeper that has not run is taken for one that nobody polls.
const MAX_ROUNDS: usize = 4096;
