//! Putting an attempt together.

use std::sync::Arc;
use std::time::Duration;

use posthaste_types::{Mail, Repeat, Tags};

use crate::record::Record;
use crate::{Attempt, AttemptKey, Progress, Route, Source, TlsPolicy, TraceSink};

/// Puts an [`Attempt`] together.
#[derive(Clone, Debug)]
#[must_use]
pub struct AttemptBuilder {
    pub(crate) mail: Mail,
    pub(crate) key: AttemptKey,
    pub(crate) timeout: Duration,
    pub(crate) source: Option<Source>,
    pub(crate) route: Option<Route>,
    pub(crate) tls_policy: TlsPolicy,
    pub(crate) trace: Option<Arc<dyn TraceSink>>,
    pub(crate) tags: Tags,
    pub(crate) repeat: Repeat,
    pub(crate) progress: Progress,
    pub(crate) record: Arc<Record>,
    pub(crate) choices: u32,
}

impl AttemptBuilder {
    pub(crate) fn new(mail: Mail) -> Self {
        Self {
            key: AttemptKey::new(&mail, 1),
            mail,
            timeout: Duration::from_secs(600),
            source: None,
            route: None,
            tls_policy: TlsPolicy::default(),
            trace: None,
            tags: Tags::new(),
            repeat: Repeat::First,
            progress: Progress::Returned,
            record: Arc::new(Record::made()),
            choices: 0,
        }
    }

    /// The idempotency key; by default that of a first generation.
    pub fn key(mut self, key: AttemptKey) -> Self {
        self.key = key;
        self
    }

    /// How long it may take; ten minutes by default.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// The address to dial from.
    pub fn source(mut self, source: Option<Source>) -> Self {
        self.source = source;
        self
    }

    /// The route to take.
    pub fn route(mut self, route: Route) -> Self {
        self.route = Some(route);
        self
    }

    /// How strictly TLS is asked for.
    pub fn tls_policy(mut self, policy: TlsPolicy) -> Self {
        self.tls_policy = policy;
        self
    }

    /// Where the dialogue is written.
    pub fn trace(mut self, sink: Arc<dyn TraceSink>) -> Self {
        self.trace = Some(sink);
        self
    }

    /// The application's tags.
    pub fn tags(mut self, tags: Tags) -> Self {
        self.tags = tags;
        self
    }

    /// Whether it may duplicate.
    pub fn repeat(mut self, repeat: Repeat) -> Self {
        self.repeat = repeat;
        self
    }

    /// Whether the transport tells its progress: from its [`Capabilities`](crate::Capabilities).
    pub fn progress(mut self, progress: Progress) -> Self {
        self.progress = progress;
        self
    }

    /// Says that what it comes to is written down, and that [`Attempt::recorded`] will be called then.
    pub fn awaits_record(mut self) -> Self {
        self.record = Arc::new(Record::awaited());
        self
    }

    /// The attempt.
    pub fn build(self) -> Attempt {
        Attempt::begin(self)
    }
}
