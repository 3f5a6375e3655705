//! Wall time for schedules, that does not jump.

use std::time::Duration;

use posthaste_types::{Clock, Tick, Timestamp};

/// Wall time that follows the monotonic clock and drifts towards the wall by at most an eighth.
///
/// Due times are stored as wall time. If somebody sets the clock five hours ahead, all that waits must not
/// become due at once; if they set it back, nothing may wait five hours longer (I7). So the schedule runs on
/// this time: a jump is made good slowly, and retries are at most an eighth early or late meanwhile.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Steady {
    at: Timestamp,
    tick: Tick,
}

impl Steady {
    pub(crate) fn new(clock: &dyn Clock) -> Self {
        Self { at: clock.wall(), tick: clock.tick() }
    }

    /// The time now.
    pub(crate) fn now(&mut self, clock: &dyn Clock) -> Timestamp {
        self.advance(clock.wall(), clock.tick())
    }

    fn advance(&mut self, wall: Timestamp, tick: Tick) -> Timestamp {
        let elapsed = tick.since(self.tick);
        let (ahead, behind) = (wall.since(self.at), self.at.since(wall));
        let most = elapsed / 8;
        let step = if ahead > elapsed {
            elapsed + (ahead - elapsed).min(most)
        } else {
            let late = elapsed.saturating_sub(ahead).saturating_add(behind);
            elapsed.saturating_sub(late.min(most))
        };
        self.tick = tick;
        self.at = self.at.saturating_add(step);
        self.at
    }

    /// How long until this time reaches `at`, by the monotonic clock. Never more than a minute, so that a drift
    /// is noticed; never less than a millisecond if it is not reached, so that a drift cannot round it to nothing.
    pub(crate) fn until(&self, at: Timestamp) -> Duration {
        let left = at.since(self.at);
        if left.is_zero() { left } else { left.clamp(Duration::from_millis(1), Duration::from_secs(60)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    fn steady() -> Steady {
        Steady { at: Timestamp::from_unix_secs(1_800_000_000), tick: Tick::from_start(Duration::ZERO) }
    }

    #[test]
    fn an_undisturbed_clock_is_followed_exactly() {
        let mut steady = steady();
        for hour in 1..=48u32 {
            let now = steady.advance(
                Timestamp::from_unix_secs(1_800_000_000 + 3600 * i64::from(hour)),
                Tick::from_start(HOUR * hour),
            );
            assert_eq!(now, Timestamp::from_unix_secs(1_800_000_000 + 3600 * i64::from(hour)));
        }
    }

    #[test]
    fn a_jump_ahead_is_made_good_slowly() {
        let mut steady = steady();
        let now = steady.advance(Timestamp::from_unix_secs(1_800_000_000 + 6 * 3600), Tick::from_start(HOUR));
        assert_eq!(now, Timestamp::from_unix_secs(1_800_000_000 + 3600 + 450));
    }

    #[test]
    fn a_jump_back_starves_nothing() {
        let mut steady = steady();
        let now = steady.advance(Timestamp::from_unix_secs(1_800_000_000 - 6 * 3600), Tick::from_start(HOUR));
        assert_eq!(now, Timestamp::from_unix_secs(1_800_000_000 + 3600 - 450));
    }
}
