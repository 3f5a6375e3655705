//! The cache: what is kept, how long, and how often the resolver behind it is asked.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use posthaste_dns::{
    Answer, CacheLimits, Cached, DnsError, DnsErrorKind, MemoryZone, Presence, RecordData, RecordKind, Resolve,
};
use posthaste_types::{Clock, DnsName, Tick};
use tokio::sync::Semaphore;

use support::TestClock;

const SECOND: Duration = Duration::from_secs(1);

struct Setting {
    zone: MemoryZone,
    clock: TestClock,
    dns: Cached<MemoryZone>,
}

impl Setting {
    fn new(records: &str) -> Self {
        Self::with_limits(records, CacheLimits::default())
    }

    fn with_limits(records: &str, limits: CacheLimits) -> Self {
        let (zone, clock): (MemoryZone, _) = (records.parse().unwrap(), TestClock::default());
        let dns = Cached::with_limits(zone.clone(), Arc::new(clock.clone()), limits);
        Self { zone, clock, dns }
    }

    async fn ask(&self, on: &str, kind: RecordKind) -> Result<Answer, DnsErrorKind> {
        self.dns.resolve(&name(on), kind, soon(&self.clock)).await.map_err(|error| error.kind())
    }
}

fn name(text: &str) -> DnsName {
    text.parse().unwrap()
}

fn soon(clock: &TestClock) -> Tick {
    clock.tick().saturating_add(SECOND * 10)
}

#[tokio::test]
async fn an_answer_is_kept_for_its_ttl_which_runs_down() {
    let it = Setting::new("example.com 300 A 192.0.2.1");
    for (passed, left, questions) in [(0, 300, 1), (100, 200, 1), (299, 1, 1), (300, 300, 2), (599, 1, 2)] {
        it.clock.advance((SECOND * passed).saturating_sub(it.clock.tick().since_start())).await;
        let answer = it.ask("example.com", RecordKind::A).await.unwrap();
        assert_eq!((answer.ttl(), it.zone.questions()), (SECOND * left, questions), "after {passed} s");
    }
    it.ask("example.com", RecordKind::Aaaa).await.unwrap();
    it.ask("Example.COM", RecordKind::A).await.unwrap();
    assert_eq!(it.zone.questions(), 3, "by name and kind, whatever the case");
    it.dns.clear();
    it.ask("example.com", RecordKind::A).await.unwrap();
    assert_eq!((it.zone.questions(), it.dns.entries()), (4, 1));
}

#[tokio::test]
async fn rfc2308_negative_answers_are_kept_as_the_soa_says() {
    let it = Setting::new("example.com A 192.0.2.1\n example.com 900 SOA ns.example.com h.example.com 1 2 3 4 60");
    for (on, presence) in [("example.com", Presence::NoData), ("none.example.com", Presence::NxDomain)] {
        let before = it.zone.questions();
        for _ in 0..2 {
            let answer = it.ask(on, RecordKind::Mx).await.unwrap();
            assert_eq!((answer.presence(), answer.ttl()), (presence, SECOND * 60));
        }
        assert_eq!(it.zone.questions(), before + 1);
        it.clock.advance(SECOND * 60).await;
        it.ask(on, RecordKind::Mx).await.unwrap();
        assert_eq!(it.zone.questions(), before + 2);
    }
}

#[tokio::test]
async fn ttls_are_bounded_and_zero_is_not_kept() {
    let it = Setting::new("long.example 4000000 A 192.0.2.1\n zero.example 0 A 192.0.2.1");
    let day = Duration::from_secs(86_400);
    assert_eq!(it.ask("long.example", RecordKind::A).await.unwrap().ttl(), day);
    it.clock.advance(day).await;
    it.ask("long.example", RecordKind::A).await.unwrap();
    assert_eq!(it.zone.questions(), 2);
    for _ in 0..3 {
        it.ask("zero.example", RecordKind::A).await.unwrap();
    }
    assert_eq!(it.zone.questions(), 5, "RFC 1035 §3.2.1");
}

#[tokio::test]
async fn rfc9520_failures_are_kept_for_a_moment_and_timeouts_not_at_all() {
    let it = Setting::new("");
    for (label, kind, kept) in [
        ("bogus", DnsErrorKind::Bogus, true),
        ("malformed", DnsErrorKind::Malformed, true),
        ("network", DnsErrorKind::Network, true),
        ("refused", DnsErrorKind::Refused, true),
        ("servfail", DnsErrorKind::ServFail, true),
        ("timeout", DnsErrorKind::Timeout, false),
    ] {
        let on = format!("{label}.example");
        it.zone.fail(&name(&on), kind);
        for _ in 0..2 {
            assert_eq!(it.ask(&on, RecordKind::A).await, Err(kind));
        }
        it.zone.heal(&name(&on));
        it.zone.add(&format!("{on} A 192.0.2.1")).unwrap();
        assert_eq!(it.ask(&on, RecordKind::A).await.is_err(), kept, "{on}");
        it.clock.advance(SECOND * 5).await;
        assert!(it.ask(&on, RecordKind::A).await.is_ok(), "{on}");
    }
}

#[tokio::test]
async fn what_is_kept_is_bounded_and_the_longest_unused_goes_first() {
    let mut limits = CacheLimits::default();
    limits.entries = 3;
    let it = Setting::with_limits("*.example A 192.0.2.1", limits);
    for on in ["a.example", "b.example", "c.example", "a.example", "d.example"] {
        it.ask(on, RecordKind::A).await.unwrap();
    }
    assert_eq!((it.dns.entries(), it.zone.questions()), (3, 4));
    it.ask("a.example", RecordKind::A).await.unwrap();
    assert_eq!(it.zone.questions(), 4, "used again, so it stayed");
    it.ask("b.example", RecordKind::A).await.unwrap();
    assert_eq!(it.zone.questions(), 5, "the longest unused, so it went");

    let mut limits = CacheLimits::default();
    limits.octets = 100_000;
    let it = Setting::with_limits("", limits);
    for n in 0..20 {
        let on = format!("n{n}.example");
        it.zone.insert(name(&on), SECOND * 300, RecordData::Txt(vec![n; 20_000]));
        it.ask(&on, RecordKind::Txt).await.unwrap();
        assert!(it.dns.entries() <= 4, "{} texts of 20,000 octets in 100,000", it.dns.entries());
    }
    it.zone.insert(name("huge.example"), SECOND * 300, RecordData::Txt(vec![0; 100_000]));
    it.ask("huge.example", RecordKind::Txt).await.unwrap();
    assert_eq!(it.dns.entries(), 4, "too large for the whole cache: nothing else has to go");
}

/// Answers each question when it gets a permit, and counts.
#[derive(Debug)]
struct Gate {
    permits: Semaphore,
    asked: AtomicUsize,
    clock: TestClock,
}

#[async_trait]
impl Resolve for Gate {
    async fn resolve(&self, name: &DnsName, kind: RecordKind, by: Tick) -> Result<Answer, DnsError> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        tokio::select! {
            biased;
            permit = self.permits.acquire() => permit.unwrap().forget(),
            () = self.clock.sleep_until(by) => return Err(DnsErrorKind::Timeout.into()),
        }
        let _ = (name, kind);
        Ok(Answer::no_data(SECOND * 60))
    }
}

fn gated() -> (Arc<Gate>, Arc<Cached<Arc<Gate>>>, TestClock) {
    let clock = TestClock::default();
    let gate = Gate { permits: Semaphore::new(0), asked: AtomicUsize::new(0), clock: clock.clone() };
    let gate = Arc::new(gate);
    (Arc::clone(&gate), Arc::new(Cached::new(gate, Arc::new(clock.clone()))), clock)
}

fn asking(
    dns: &Arc<Cached<Arc<Gate>>>,
    within: Duration,
    clock: &TestClock,
) -> tokio::task::JoinHandle<Result<Presence, DnsErrorKind>> {
    let (dns, by) = (Arc::clone(dns), clock.tick().saturating_add(within));
    tokio::spawn(async move {
        let answer = dns.resolve(&name("example.com"), RecordKind::A, by).await;
        answer.map(|answer| answer.presence()).map_err(|error| error.kind())
    })
}

#[tokio::test]
async fn one_question_of_many_at_once_is_put_once() {
    let (gate, dns, clock) = gated();
    let all: Vec<_> = (0..50).map(|_| asking(&dns, SECOND * 10, &clock)).collect();
    clock.settle().await;
    assert_eq!(gate.asked.load(Ordering::Relaxed), 1);
    gate.permits.add_permits(1);
    for one in all {
        assert_eq!(one.await.unwrap(), Ok(Presence::NoData));
    }
    assert_eq!(gate.asked.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn each_asker_keeps_his_own_deadline() {
    let (gate, dns, clock) = gated();
    let short = asking(&dns, SECOND, &clock);
    clock.settle().await;
    let (shorter, longer) = (asking(&dns, SECOND / 2, &clock), asking(&dns, SECOND * 5, &clock));
    clock.advance(SECOND / 2).await;
    assert!(shorter.is_finished() && !short.is_finished() && !longer.is_finished());
    clock.advance(SECOND / 2).await;
    assert!(short.is_finished() && !longer.is_finished(), "who has more time asks again");
    assert_eq!(gate.asked.load(Ordering::Relaxed), 2);
    gate.permits.add_permits(1);
    assert_eq!(short.await.unwrap(), Err(DnsErrorKind::Timeout));
    assert_eq!(shorter.await.unwrap(), Err(DnsErrorKind::Timeout));
    assert_eq!(longer.await.unwrap(), Ok(Presence::NoData));
}

#[tokio::test]
async fn when_the_one_who_asked_is_dropped_another_asks() {
    let (gate, dns, clock) = gated();
    let first = asking(&dns, SECOND * 10, &clock);
    clock.settle().await;
    let others: Vec<_> = (0..10).map(|_| asking(&dns, SECOND * 10, &clock)).collect();
    clock.settle().await;
    first.abort();
    clock.settle().await;
    assert_eq!(gate.asked.load(Ordering::Relaxed), 2);
    gate.permits.add_permits(1);
    for other in others {
        assert_eq!(other.await.unwrap(), Ok(Presence::NoData));
    }
    assert_eq!(gate.asked.load(Ordering::Relaxed), 2);
}
