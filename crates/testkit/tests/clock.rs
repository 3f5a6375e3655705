//! The virtual clock: time moves as told, and everybody who is due runs at his own moment.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use posthaste_testkit::{VirtualClock, clock_contract};
use posthaste_types::{Clock, Tick, Timestamp};

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test]
async fn keeps_the_contract() {
    let clock = VirtualClock::new();
    clock_contract::check(&clock, async |by| clock.advance(by).await).await;
    assert_eq!(clock.sleepers(), 0, "dropped sleepers are forgotten");
}

#[tokio::test]
async fn every_sleeper_runs_at_its_own_moment_before_advance_returns() {
    let clock = VirtualClock::new();
    let seen = Arc::new(Mutex::new(Vec::new()));
    for second in [5_u64, 1, 3, 3, 2, 9] {
        let (clock, seen) = (clock.clone(), Arc::clone(&seen));
        tokio::spawn(async move {
            clock.sleep_until(Tick::from_start(SECOND * u32::try_from(second).unwrap())).await;
            seen.lock().unwrap().push((second, clock.tick().since_start().as_secs()));
        });
    }
    clock.advance(SECOND * 6).await;
    assert_eq!(*seen.lock().unwrap(), [(1, 1), (2, 2), (3, 3), (3, 3), (5, 5)]);
    assert_eq!(clock.next_sleeper(), Some(Tick::from_start(SECOND * 9)));
}

#[tokio::test]
async fn a_sleep_begun_while_time_moves_is_kept_within_the_same_advance() {
    let clock = VirtualClock::new();
    let ticks = Arc::new(Mutex::new(0));
    let task = tokio::spawn({
        let (clock, ticks) = (clock.clone(), Arc::clone(&ticks));
        async move {
            loop {
                clock.sleep_until(clock.tick().saturating_add(SECOND)).await;
                *ticks.lock().unwrap() += 1;
            }
        }
    });
    clock.advance(SECOND * 3600).await;
    assert_eq!(*ticks.lock().unwrap(), 3600);
    task.abort();
}

#[tokio::test]
async fn a_chain_of_tasks_ends_at_the_moment_that_began_it() {
    let clock = VirtualClock::new();
    let (first, mut receiver) = tokio::sync::mpsc::channel::<Tick>(1);
    for _ in 0..30 {
        let (sender, next) = tokio::sync::mpsc::channel(1);
        let mut from = std::mem::replace(&mut receiver, next);
        let clock = clock.clone();
        tokio::spawn(async move {
            from.recv().await.unwrap();
            sender.send(clock.tick()).await.unwrap();
        });
    }
    let at = Tick::from_start(SECOND);
    tokio::spawn({
        let clock = clock.clone();
        async move {
            clock.sleep_until(at).await;
            first.send(clock.tick()).await.unwrap();
        }
    });
    clock.advance(SECOND * 10).await;
    assert_eq!(receiver.try_recv().unwrap(), at);
}

#[tokio::test]
async fn a_sleeper_that_nobody_polls_does_not_stop_the_clock() {
    let clock = VirtualClock::new();
    let mut forgotten = clock.sleep_until(Tick::from_start(SECOND));
    let waker = std::task::Waker::noop();
    assert!(forgotten.as_mut().poll(&mut std::task::Context::from_waker(waker)).is_pending());
    clock.advance(SECOND * 2).await;
    assert_eq!(clock.tick(), Tick::from_start(SECOND * 2));
}

#[tokio::test]
async fn goes_to_the_next_sleeper() {
    let clock = VirtualClock::new();
    assert!(!clock.advance_to_next().await);
    let task = tokio::spawn({
        let clock = clock.clone();
        async move { clock.sleep_until(Tick::from_start(SECOND * 7)).await }
    });
    assert!(clock.advance_to_next().await);
    assert!(task.is_finished());
    assert_eq!(clock.tick(), Tick::from_start(SECOND * 7));
}

#[tokio::test]
async fn the_wall_jumps_and_monotonic_time_does_not() {
    let start = Timestamp::from_unix_secs(1_000_000);
    let clock = VirtualClock::starting(start);
    clock.jump_wall(SECOND * 100);
    assert_eq!((clock.wall(), clock.tick()), (start.saturating_add(SECOND * 100), Tick::default()));
    clock.jump_wall_back(SECOND * 500);
    assert_eq!((clock.wall(), clock.tick()), (start.saturating_sub(SECOND * 400), Tick::default()));
    clock.advance(SECOND).await;
    assert_eq!((clock.wall(), clock.tick()), (start.saturating_sub(SECOND * 399), Tick::from_start(SECOND)));
}
