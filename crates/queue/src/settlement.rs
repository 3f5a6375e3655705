//! What an attempt came to.

use posthaste_suppression::Entry;
use posthaste_types::{Cause, Ending, Event, MailId, Outcome, Timestamp};

/// What an attempt came to for one recipient.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Settlement {
    /// The mail.
    pub mail: MailId,
    /// The recipient's place.
    pub recipient: u32,
    /// The number of the attempt that is settled; a stale one changes nothing. `None` where no attempt was
    /// begun: suppressed, cancelled, expired while waiting, no route.
    pub attempt: Option<u32>,
    /// What it came to.
    pub settled: Settled,
    /// The events to write if it counts.
    pub events: Vec<Event>,
    /// The entries to put on the suppression list if it counts.
    pub suppress: Vec<Entry>,
}

impl Settlement {
    /// A settlement without events and entries; they are public fields.
    pub fn new(mail: MailId, recipient: u32, attempt: Option<u32>, settled: Settled) -> Self {
        Self { mail, recipient, attempt, settled, events: Vec::new(), suppress: Vec::new() }
    }
}

/// What a recipient does next.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Settled {
    /// It ended.
    Ended(Ending),
    /// It waits again, one step further in its schedule.
    Retry {
        /// The outcome of the attempt.
        outcome: Outcome,
        /// When the next one is due.
        next: Timestamp,
    },
    /// No hop was reached, or a fault of ours: the attempt does not count against the recipient's schedule.
    Unmade {
        /// What happened.
        cause: Cause,
        /// When the next one is due.
        next: Timestamp,
    },
}
