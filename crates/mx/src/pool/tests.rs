//! The wait for a connection, where the turn and the end of the time come in the same moment.

use std::future::Future;
use std::pin::Pin;

use posthaste_testkit::VirtualClock;
use posthaste_transport::TlsPolicy;
use posthaste_types::{Address, Content, Envelope, Mail, MailId, Timestamp};

use super::*;

/// Time stands still until somebody sleeps; then something happens, and the time is over.
struct Moment(Mutex<Option<Box<dyn FnOnce() + Send>>>);

impl Moment {
    fn new(happens: impl FnOnce() + Send + 'static) -> Self {
        Self(Mutex::new(Some(Box::new(happens))))
    }

    fn happens(&self) -> Option<Box<dyn FnOnce() + Send>> {
        self.0.lock().unwrap().take()
    }
}

impl std::fmt::Debug for Moment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Moment")
    }
}

impl Clock for Moment {
    fn wall(&self) -> Timestamp {
        Timestamp::from_unix_secs(0)
    }

    fn tick(&self) -> Tick {
        let over = self.0.lock().unwrap().is_none();
        Tick::from_start(if over { TIME } else { Duration::ZERO })
    }

    fn sleep_until(&self, _at: Tick) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(async {
            if let Some(happens) = self.happens() {
                happens();
            }
        })
    }
}

fn pool() -> (Arc<Pool>, Key) {
    let limits = PoolLimits { connections: 1, ..PoolLimits::default() };
    let pool = Pool::new(limits, Arc::new(VirtualClock::new()));
    let key = Key::new(SiteId::relay(), &Chosen::System, Security::plain(TlsPolicy::Opportunistic));
    (pool, key)
}

fn attempt() -> Attempt {
    let to: Address = "bob@example.org".parse().unwrap();
    let content = Content::from_canonical(b"Subject: hi\r\n\r\n".to_vec()).unwrap();
    Attempt::of(&Mail::new(MailId::from_bytes([7; 16]), Envelope::new(to.clone(), [to]).unwrap(), content))
}

async fn lease(pool: &Arc<Pool>, key: &Key, clock: &dyn Clock, attempt: &Attempt) -> Grant {
    let transaction = Transaction::from(attempt.mail());
    let mut wait = Wait::new(clock, Tick::from_start(TIME));
    pool.lease(key, Some((attempt, &transaction)), &mut wait).await
}

/// The right to the only connection.
async fn first(pool: &Arc<Pool>, key: &Key) -> Lease {
    match lease(pool, key, &VirtualClock::new(), &attempt()).await {
        Grant::Slot(lease) => lease,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_slot_in_the_last_moment_is_given_back() {
    let (pool, key) = pool();
    let held = first(&pool, &key).await;
    let granted = lease(&pool, &key, &Moment::new(|| drop(held)), &attempt()).await;
    assert!(matches!(granted, Grant::Busy), "nothing was begun: {granted:?}");
    assert!(pool.state().sites.is_empty(), "the right is free again");
    drop(first(&pool, &key).await);
}

/// The right passes by whoever is out of time, to the next.
#[tokio::test]
async fn a_slot_in_the_last_moment_goes_to_the_next() {
    let (pool, key) = pool();
    let held = first(&pool, &key).await;
    let (late, next) = (Moment::new(|| drop(held)), VirtualClock::new());
    let (one, two) = (attempt(), attempt());
    let (late, next) = tokio::join!(lease(&pool, &key, &late, &one), lease(&pool, &key, &next, &two));
    assert!(matches!(late, Grant::Busy), "{late:?}");
    assert!(matches!(next, Grant::Slot(_)), "{next:?}");
}

#[tokio::test]
async fn withdrawn_in_the_last_moment() {
    let (pool, key) = pool();
    let held = first(&pool, &key).await;
    let attempt = attempt();
    attempt.withdraw().unwrap();
    let claimed = Moment::new(move || assert!(held.claim(|_| true).is_none()));
    let granted = lease(&pool, &key, &claimed, &attempt).await;
    assert!(matches!(granted, Grant::Withdrawn), "{granted:?}");
}

/// Begun behind another mail, whose answer is still due: the time is over, and whoever goes away is not waited for.
#[tokio::test]
async fn begun_in_the_last_moment() {
    let (pool, key) = pool();
    let held = first(&pool, &key).await;
    let kept = Arc::new(Mutex::new(None));
    let (keep, attempt) = (Arc::clone(&kept), attempt());
    let begun = Moment::new(move || {
        let claim = held.claim(|_| true).unwrap();
        *keep.lock().unwrap() = Some((claim, held));
    });
    let granted = lease(&pool, &key, &begun, &attempt).await;
    assert!(matches!(granted, Grant::OutOfTime), "{granted:?}");
    assert!(attempt.withdraw().is_err(), "it was begun");
    drop(kept.lock().unwrap().take());
    assert!(pool.state().sites.is_empty());

    // The mail in front is gone along with it.
    let held = first(&pool, &key).await;
    let lost = Moment::new(move || drop((held.claim(|_| true).unwrap(), held)));
    let granted = lease(&pool, &key, &lost, &self::attempt()).await;
    assert!(matches!(granted, Grant::OutOfTime), "{granted:?}");
}

const TIME: Duration = Duration::from_secs(5);
