//! The times of a rotation.

use std::time::Duration;

/// The times of a rotation.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct KeyPlan {
    /// The longest time that mail may wait in the queue, of all streams: signed when it is accepted, it must verify when
    /// it arrives. Default: 5 days (RFC 5321 §4.5.4.1: at least 4-5 days).
    pub queue_life: Duration,
    /// How much longer the record of a key stands after that: what receivers queue, forward and check late. Default: 7
    /// days.
    pub margin: Duration,
    /// How long every name server must have shown a key before it signs: servers behind one address (anycast) may differ,
    /// and resolvers that asked too early keep the "no such name" (RFC 2308 §5). Default: 1 hour.
    pub settle: Duration,
    /// After how long a key should be followed by another. Default: 180 days, as M3AAWG advises at the least.
    pub max_age: Duration,
    /// How soon to look again while name servers are waited for. Default: 5 minutes.
    pub recheck: Duration,
    /// How soon to look again at keys that sign and that retire, whose records must stand. Default: 1 day.
    pub watch: Duration,
}

impl KeyPlan {
    /// How long the record of a key must stand after its last signature.
    pub fn hold(&self) -> Duration {
        self.queue_life.saturating_add(self.margin)
    }
}

impl Default for KeyPlan {
    fn default() -> Self {
        Self {
            queue_life: 5 * DAY,
            margin: 7 * DAY,
            settle: Duration::from_secs(3600),
            max_age: 180 * DAY,
            recheck: Duration::from_secs(300),
            watch: DAY,
        }
    }
}

const DAY: Duration = Duration::from_secs(86_400);
