//! Throttle: how fast, how many at a time, and what cannot wait.

use std::num::NonZeroU32;
use std::sync::{Arc, Mutex};

use futures_util::future::join_all;
use posthaste_layers::{Limits, Rate, Throttle};
use posthaste_testkit::VirtualClock;
use posthaste_transport::{Attempt, Memory, Route, RouteHost, Transport, TransportErrorKind};
use posthaste_types::{Clock, Tick};

use crate::*;

/// Takes its time, and notes when each attempt began and how many there were at once.
#[derive(Debug)]
struct Worker {
    clock: VirtualClock,
    takes: Duration,
    began: Mutex<Vec<u64>>,
    now_and_most: Mutex<(usize, usize)>,
    memory: Memory,
}

#[async_trait]
impl Transport for Worker {
    fn capabilities(&self) -> Capabilities {
        self.memory.capabilities()
    }

    async fn deliver(&self, attempt: &Attempt) -> Result<Outcomes, TransportError> {
        let began = self.clock.tick().since_start();
        self.began.lock().unwrap().push(u64::try_from(began.as_millis()).unwrap());
        {
            let mut state = self.now_and_most.lock().unwrap();
            state.0 += 1;
            state.1 = state.1.max(state.0);
        }
        self.clock.sleep_until(Tick::from_start(began + self.takes)).await;
        self.now_and_most.lock().unwrap().0 -= 1;
        self.memory.deliver(attempt).await
    }
}

fn throttle(takes: Duration) -> (Throttle<Arc<Worker>>, Arc<Worker>, VirtualClock) {
    let clock = VirtualClock::new();
    let worker = Arc::new(Worker {
        clock: clock.clone(),
        takes,
        began: Mutex::default(),
        now_and_most: Mutex::default(),
        memory: Memory::new(),
    });
    (Throttle::new(worker.clone(), Arc::new(clock.clone())), worker, clock)
}

fn rate(attempts: u32, period: Duration, burst: u32) -> Limits {
    let number = |n| NonZeroU32::new(n).unwrap();
    Limits::unlimited().rate(Rate::new(number(attempts), period).burst(number(burst)))
}

async fn many(
    throttle: &impl Transport,
    clock: &VirtualClock,
    attempts: &[Attempt],
) -> Vec<Option<TransportErrorKind>> {
    let all = join_all(attempts.iter().map(|attempt| throttle.deliver(attempt)));
    let (results, ()) = tokio::join!(all, async { while clock.advance_to_next().await {} });
    results.into_iter().map(|result| result.err().map(|error| error.kind())).collect()
}

fn attempts(count: u8, timeout: Duration) -> Vec<Attempt> {
    (0..count).map(|n| Attempt::builder(mail_of(n, &["bob@example.org"])).timeout(timeout).build()).collect()
}

#[tokio::test]
async fn a_rate_is_even_and_a_burst_comes_at_once() {
    let (throttle, worker, clock) = throttle(secs(0));
    let throttle = throttle.overall(rate(2, secs(1), 1));
    assert_eq!(many(&throttle, &clock, &attempts(5, secs(60))).await, [None; 5]);
    assert_eq!(*worker.began.lock().unwrap(), [0, 500, 1000, 1500, 2000]);

    let (throttle, worker, clock) = self::throttle(secs(0));
    let throttle = throttle.overall(rate(2, secs(1), 3));
    many(&throttle, &clock, &attempts(5, secs(60))).await;
    assert_eq!(*worker.began.lock().unwrap(), [0, 0, 0, 500, 1000]);
    clock.advance(secs(60)).await;
    worker.began.lock().unwrap().clear();
    many(&throttle, &clock, &attempts(4, secs(60))).await;
    assert_eq!(*worker.began.lock().unwrap(), [61_000, 61_000, 61_000, 61_500], "a long pause gives no longer burst");
}

#[tokio::test]
async fn not_too_many_at_a_time() {
    let (throttle, worker, clock) = throttle(secs(10));
    let throttle = throttle.overall(Limits::unlimited().at_a_time(2));
    assert_eq!(many(&throttle, &clock, &attempts(5, secs(60))).await, [None; 5]);
    assert_eq!(*worker.began.lock().unwrap(), [0, 0, 10_000, 10_000, 20_000]);
    assert_eq!(worker.now_and_most.lock().unwrap().1, 2);
}

#[tokio::test]
async fn what_would_wait_too_long_is_busy() {
    let (throttle, worker, clock) = throttle(secs(0));
    let throttle = throttle.overall(rate(1, secs(10), 1));
    let busy = Some(TransportErrorKind::Busy);
    assert_eq!(many(&throttle, &clock, &attempts(5, secs(25))).await, [None, None, None, busy, busy]);
    assert_eq!(*worker.began.lock().unwrap(), [0, 10_000, 20_000]);

    let (throttle, _, clock) = self::throttle(secs(30));
    let throttle = throttle.overall(Limits::unlimited().at_a_time(1));
    assert_eq!(many(&throttle, &clock, &attempts(2, secs(20))).await, [None, busy]);
}

#[tokio::test]
async fn each_site_has_its_own_and_all_share_one() {
    let to = |n: u8, host: &str| {
        let route = Route::to_hosts(vec![RouteHost::new(1, host.parse().unwrap())]);
        Attempt::builder(mail_of(n, &["bob@example.org"])).route(route).build()
    };
    let (throttle, worker, clock) = throttle(secs(0));
    let throttle = throttle.each_site(rate(1, secs(1), 1));
    let all = [to(1, "mx.a.test"), to(2, "mx.a.test"), to(3, "mx.b.test"), to(4, "mx.b.test")];
    many(&throttle, &clock, &all).await;
    assert_eq!(*worker.began.lock().unwrap(), [0, 0, 1000, 1000]);

    let (throttle, worker, clock) = self::throttle(secs(0));
    let throttle = throttle.each_site(rate(1, secs(1), 1)).overall(rate(4, secs(1), 1));
    many(&throttle, &clock, &all.map(|attempt| attempt.within(secs(60)))).await;
    assert_eq!(*worker.began.lock().unwrap(), [0, 250, 1000, 1250]);
}

#[tokio::test]
async fn without_a_route_the_domain_is_the_site() {
    let (throttle, worker, clock) = throttle(secs(0));
    let throttle = throttle.each_site(rate(1, secs(1), 1));
    let all = [
        attempt(&["bob@example.org"]),
        attempt(&["eve@example.org", "kim@example.org"]),
        attempt(&["bob@example.net"]),
        attempt(&["bob@example.org", "bob@example.net"]),
    ];
    many(&throttle, &clock, &all).await;
    assert_eq!(*worker.began.lock().unwrap(), [0, 0, 0, 1000], "the last is no one site's");
}

/// I4: waiting for rate or connections comes before `start`.
#[tokio::test]
async fn who_waits_can_be_withdrawn_and_the_time_left_is_given_on() {
    let clock = VirtualClock::new();
    let look = |attempt: &Attempt| assert!(attempt.timeout() == secs(60) || attempt.timeout() == secs(50));
    let throttle = Throttle::new(Seen::new(look), Arc::new(clock.clone())).overall(rate(1, secs(10), 1));
    let all = attempts(3, secs(60));
    let both = join_all(all.iter().take(2).map(|attempt| throttle.deliver(attempt)));
    let (results, ()) = tokio::join!(both, async {
        clock.settle().await;
        all[1].withdraw().unwrap();
        clock.advance(secs(10)).await;
    });
    let results: Vec<_> = results.into_iter().map(|result| result.map_err(|error| error.kind()).err()).collect();
    assert_eq!(results, [None, Some(TransportErrorKind::Withdrawn)]);
}

#[tokio::test]
async fn a_dropped_wait_gives_its_place_at_a_time_back() {
    let (throttle, worker, clock) = throttle(secs(10));
    let throttle = throttle.overall(Limits::unlimited().at_a_time(1));
    let all = attempts(2, secs(600));
    tokio::select! {
        biased;
        _ = throttle.deliver(&all[0]) => panic!("it takes ten seconds"),
        () = clock.advance(secs(5)) => {}
    }
    many(&throttle, &clock, &all[1..]).await;
    assert_eq!(*worker.began.lock().unwrap(), [0, 5_000]);
}

#[tokio::test]
async fn sites_are_bounded_and_forgotten_when_they_are_full_again() {
    type Bounded = Throttle<Memory>;
    let clock = VirtualClock::new();
    let throttle: Bounded = Throttle::new(Memory::new(), Arc::new(clock.clone())).each_site(rate(1, secs(60), 1));
    let to = |n: usize| {
        let route = Route::to_hosts(vec![RouteHost::new(1, format!("mx{n}.test").parse().unwrap())]);
        Attempt::builder(mail_of(1, &["bob@example.org"])).route(route).build()
    };
    for n in 0..Bounded::MAX_SITES {
        throttle.deliver(&to(n)).await.unwrap();
    }
    let error = throttle.deliver(&to(Bounded::MAX_SITES)).await.unwrap_err();
    assert_eq!(error.kind(), TransportErrorKind::Busy);
    clock.advance(secs(60)).await;
    throttle.deliver(&to(Bounded::MAX_SITES)).await.unwrap();
}

#[tokio::test]
async fn a_turn_that_is_not_used_is_given_back() {
    let (throttle, worker, clock) = throttle(secs(0));
    let throttle = throttle.overall(rate(1, secs(10), 1)).each_site(rate(1, secs(4), 1));
    let all = attempts(4, secs(5));
    throttle.deliver(&all[0]).await.unwrap();
    // Two turns of the site, and none among all.
    for attempt in &all[1..3] {
        let (result, _) = tokio::join!(throttle.deliver(attempt), clock.advance_to_next());
        assert_eq!(result.unwrap_err().kind(), TransportErrorKind::Busy);
    }
    assert_eq!(clock.tick().since_start(), secs(4));
    let long = all[3].mail().clone();
    let long = Attempt::builder(long).timeout(secs(60)).build();
    many(&throttle, &clock, &[long]).await;
    assert_eq!(*worker.began.lock().unwrap(), [0, 10_000], "the site's turn is there, the rate of all decides");

    let (throttle, worker, clock) = self::throttle(secs(0));
    let throttle = throttle.overall(rate(1, secs(10), 1));
    let all = attempts(3, secs(60));
    throttle.deliver(&all[0]).await.unwrap();
    tokio::select! {
        biased;
        _ = throttle.deliver(&all[1]) => panic!("its turn is in ten seconds"),
        () = clock.advance(secs(5)) => {}
    }
    many(&throttle, &clock, &all[2..]).await;
    assert_eq!(*worker.began.lock().unwrap(), [0, 10_000], "and not 20,000");
}
