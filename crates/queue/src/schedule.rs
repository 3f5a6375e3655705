//! When to try again.

use std::time::Duration;

/// The waits between attempts, and when to give up.
///
/// RFC 5321 §4.5.4.1 wants at least 30 minutes between attempts in general, fewer where a client has reason;
/// two attempts in the first hour, then one every two or three hours, for four or five days. Greylisting
/// (RFC 6647) is the reason to come back earlier at first: a server that defers an unknown client mostly takes
/// it again after one to five minutes, and forgets it after hours.
///
/// ```
/// use std::time::Duration;
/// use posthaste_queue::Schedule;
///
/// let mut codes = Schedule::default();
/// codes.delays = vec![Duration::from_secs(30), Duration::from_secs(60)];
/// codes.expire = Duration::from_secs(600); // a login code is of no use any more
/// codes.jitter_permille = 0;
/// assert_eq!(codes.delay(0, 7), Duration::from_secs(30));
/// assert_eq!(codes.delay(9, 7), Duration::from_secs(60)); // the last one repeats
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Schedule {
    /// The waits behind the first attempt, the second and so on; the last one repeats. Default: 5, 15, 30,
    /// 60, 120, 180 minutes: two attempts in the first hour and more, then every three hours (RFC 5321
    /// §4.5.4.1); the first waits fit common greylisting (RFC 6647).
    pub delays: Vec<Duration>,
    /// How far a wait is spread, in thousandths of itself to either side, at most 1000. Default: 200. It keeps
    /// what was deferred at once from coming back at once.
    pub jitter_permille: u32,
    /// How long after acceptance a mail is given up. Default: 96 hours (RFC 5321 §4.5.4.1 asks for 4 to 5
    /// days).
    pub expire: Duration,
}

impl Default for Schedule {
    fn default() -> Self {
        let minutes = |n: u64| Duration::from_secs(60 * n);
        Self { delays: [5, 15, 30, 60, 120, 180].map(minutes).to_vec(), jitter_permille: 200, expire: minutes(96 * 60) }
    }
}

impl Schedule {
    /// The wait behind an attempt before which `steps` were deferred; `chance` is a random number for the jitter.
    ///
    /// Never less than a second, so that a schedule of zeros cannot spin; five minutes (less or more by the
    /// jitter) where there are no waits at all.
    pub fn delay(&self, steps: u32, chance: u32) -> Duration {
        let last = self.delays.len().saturating_sub(1);
        let index = usize::try_from(steps).unwrap_or(last).min(last);
        let base = self.delays.get(index).copied().unwrap_or(Duration::from_secs(300));
        let spread = u64::from(self.jitter_permille.min(1000));
        // From 1000 - spread to 1000 + spread thousandths, evenly.
        let permille = 1000 - spread + u64::from(chance) % (2 * spread + 1);
        let millis = u64::try_from(base.as_millis()).unwrap_or(u64::MAX / 4000).min(u64::MAX / 4000);
        Duration::from_millis(millis * permille / 1000).max(Duration::from_secs(1))
    }
}
