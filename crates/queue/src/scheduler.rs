//! Which of the recipients that are due may be tried now.

use posthaste_types::MailId;

use crate::Due;

/// The limits of a [`Scheduler`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SchedulerConfig {
    /// Attempts under way at once, in all. Default: 256.
    pub max_attempts: usize,
    /// Attempts under way at once at one site. Default: 20 (Postfix's destination concurrency).
    pub max_attempts_per_site: usize,
    /// Recipients held in memory, in all. Default: 20,000.
    pub max_ready: usize,
    /// Recipients held in memory for one site. Default: 2,000.
    pub max_ready_per_site: usize,
    /// Recipients of one attempt: what the transport allows. Default: 100.
    pub max_recipients: usize,
}

impl Default for SchedulerConfig {
    fn default() -> Self {
        Self {
            max_attempts: 256,
            max_attempts_per_site: 20,
            max_ready: 20_000,
            max_ready_per_site: 2_000,
            max_recipients: 100,
        }
    }
}

/// Holds a bounded number of recipients that are due, and says which may be tried, within the limits.
#[derive(Debug)]
pub struct Scheduler {
    config: SchedulerConfig,
}

/// The identity of a [`Batch`] until it is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BatchId(u64);

/// Recipients of one mail at one site, to be tried in one attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Batch {
    /// Its identity.
    pub id: BatchId,
    /// The mail.
    pub mail: MailId,
    /// The recipients.
    pub recipients: Vec<Due>,
}

impl Scheduler {
    /// An empty scheduler.
    pub fn new(config: SchedulerConfig) -> Self {
        Self { config }
    }

    /// The limits.
    pub fn config(&self) -> &SchedulerConfig {
        &self.config
    }
}
