//! Dates in whole days, as addresses hold them.

use std::time::Duration;

use posthaste_types::Timestamp;

pub(crate) const DAY: u64 = 86_400;

/// Days since 1970, from 0.
pub(crate) fn day_of(at: Timestamp) -> u64 {
    at.as_unix_secs().max(0).unsigned_abs() / DAY
}

/// The beginning of a day.
pub(crate) fn beginning(day: u64) -> Timestamp {
    Timestamp::default().saturating_add(Duration::from_secs(day.saturating_mul(DAY)))
}

/// Whole days, rounded up, at most `most`.
pub(crate) fn whole_days(span: Duration, most: u64) -> u64 {
    span.as_secs().div_ceil(DAY).min(most)
}

/// How many days `today` is behind a day of which only the rest by `cycle` is known: 0 to `cycle - 1`.
pub(crate) fn days_since(rest: u64, today: u64, cycle: u64) -> u64 {
    (today % cycle + cycle - rest % cycle) % cycle
}
