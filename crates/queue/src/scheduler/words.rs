//! The words of the scheduler: its limits, sites, and what it gives.

use std::fmt;
use std::sync::Arc;

use posthaste_types::{MailId, Repeat};

/// The limits of a [`Scheduler`](crate::Scheduler).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SchedulerConfig {
    /// Attempts under way at once, in all. Default: 256.
    pub max_attempts: usize,
    /// Attempts under way at once at one site. Default: 20 (Postfix's destination concurrency).
    pub max_attempts_per_site: usize,
    /// Recipients held in memory, in all, besides those under way; also the most routes that are held.
    /// Default: 20,000.
    pub max_ready: usize,
    /// Recipients held in memory for one site. Default: 2,000.
    pub max_ready_per_site: usize,
    /// Recipients of one attempt, at least 1: what the transport allows. Default: 100, which every SMTP
    /// server must take (RFC 5321 §4.5.3.1.8).
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

/// A receiving site, by whatever name its transport gives it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SiteKey(Arc<str>);

impl SiteKey {
    /// A site by this name.
    pub fn new(name: impl Into<Arc<str>>) -> Self {
        Self(name.into())
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SiteKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What became of an offered recipient.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Offered {
    /// It is ready now. One of lower priority may have been forgotten for it.
    Taken,
    /// It is ready or under way already.
    Known,
    /// There is no room, in all or for its site: offer it again later.
    Full,
}

/// The identity of a [`Batch`] until it is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BatchId(pub(super) u64);

/// Recipients of one mail at one site, to be tried in one attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Batch {
    /// Its identity.
    pub id: BatchId,
    /// The site.
    pub site: SiteKey,
    /// The mail.
    pub mail: MailId,
    /// The recipients' generation, which makes the idempotency key.
    pub generation: u32,
    /// Whether the attempt may deliver a second copy.
    pub repeat: Repeat,
    /// The recipients' places in the envelope, rising.
    pub recipients: Vec<u32>,
}
