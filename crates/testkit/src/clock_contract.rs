//! The contract of [`Clock`], for every implementation.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use posthaste_types::{Clock, Tick};

/// Holds a clock to the contract that its trait states.
///
/// `advance` makes at least so much time pass: it moves a virtual clock, and waits for a real one.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// use posthaste_testkit::{VirtualClock, clock_contract};
///
/// let clock = VirtualClock::new();
/// clock_contract::check(&clock, async |by| clock.advance(by).await).await;
/// # });
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Panics
/// If the clock breaks a rule; the message says which.
pub async fn check(clock: &dyn Clock, advance: impl AsyncFn(Duration)) {
    never_goes_back(clock, &advance).await;
    wakes_at_once_for_the_past(clock);
    never_wakes_early(clock, &advance).await;
    takes_many_sleepers(clock, &advance).await;
    is_cancelled_by_drop(clock, &advance).await;
}

async fn never_goes_back(clock: &dyn Clock, advance: &impl AsyncFn(Duration)) {
    let mut last = clock.tick();
    for _ in 0..10 {
        advance(STEP).await;
        let tick = clock.tick();
        assert!(tick >= last.saturating_add(STEP), "`tick` has not moved as far as time did: {last:?} to {tick:?}");
        last = tick;
    }
}

fn wakes_at_once_for_the_past(clock: &dyn Clock) {
    for at in [Tick::default(), clock.tick()] {
        assert!(poll_once(clock.sleep_until(at).as_mut()), "`sleep_until` waits for {at:?}, which is past");
    }
}

async fn never_wakes_early(clock: &dyn Clock, advance: &impl AsyncFn(Duration)) {
    let at = clock.tick().saturating_add(STEP * 4);
    let mut sleep = clock.sleep_until(at);
    for _ in 0..5 {
        let woke = poll_once(sleep.as_mut());
        let tick = clock.tick();
        assert!(!woke || tick >= at, "woke at {tick:?}, before {at:?}");
        if woke {
            return;
        }
        advance(STEP).await;
    }
    assert!(poll_once(sleep.as_mut()), "sleeps after {at:?}, at {:?}", clock.tick());
}

async fn takes_many_sleepers(clock: &dyn Clock, advance: &impl AsyncFn(Duration)) {
    let start = clock.tick();
    let moments = (1..=1000).map(|n| start.saturating_add(STEP * 2 / 1000 * n));
    let mut sleeps: Vec<_> = moments.map(|at| clock.sleep_until(at)).collect();
    sleeps.retain_mut(|sleep| !poll_once(sleep.as_mut())); // a real clock may have reached the first
    advance(STEP * 2).await;
    sleeps.retain_mut(|sleep| !poll_once(sleep.as_mut()));
    assert_eq!(sleeps.len(), 0, "of 1000 sleepers, all due, so many still sleep");
}

async fn is_cancelled_by_drop(clock: &dyn Clock, advance: &impl AsyncFn(Duration)) {
    let at = clock.tick().saturating_add(STEP);
    let mut dropped = clock.sleep_until(at);
    let mut kept = clock.sleep_until(at);
    poll_once(dropped.as_mut());
    let early = poll_once(kept.as_mut());
    drop(dropped);
    advance(STEP).await;
    assert!(early || poll_once(kept.as_mut()), "a sleeper does not wake after another for the same moment was dropped");
}

fn poll_once(future: Pin<&mut (impl Future<Output = ()> + ?Sized)>) -> bool {
    matches!(future.poll(&mut Context::from_waker(Waker::noop())), Poll::Ready(()))
}

const STEP: Duration = Duration::from_millis(20);
