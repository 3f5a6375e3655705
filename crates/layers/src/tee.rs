//! A copy of what was accepted.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use posthaste_transport::{Attempt, Capabilities, Outcomes, Route, Transport, TransportError};
use posthaste_types::{Domain, Outcome, OutcomeKind};
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Gives a copy of every mail that the transport inside accepted to a second transport.
///
/// The copy has the recipients who were accepted, and goes its way in a task of its own: it delays nothing, and what
/// comes of it is only [counted](Self::copies). Where they are more than the second transport takes at once, it is
/// several. It is tried once. A program that ends takes the copies with it that
/// have not ended; [`close`](Transport::close) waits for them.
///
/// # Limits
/// [`MAX_COPIES`](Self::MAX_COPIES) copies at a time by default; a mail that comes while so many are under way is not
/// copied, and counted as left out; so is all that comes outside a tokio runtime.
///
/// # Stacking
/// Right: with a folder, or whatever keeps mail and sends it nowhere, as the second; in a timeout, if it may hang.
/// ```
/// # use posthaste_layers::{EmlFolder, Tee};
/// # use posthaste_transport::Memory;
/// # let relay = Memory::relay();
/// let transport = Tee::new(relay, EmlFolder::new("/srv/archive"));
/// ```
/// Wrong: with a second transport that delivers. The copy is addressed to the same recipients, who get it twice. As an
/// archive that the law asks for it is wrong too: a copy may be missing, and nobody waits for it.
pub struct Tee<T> {
    inner: T,
    copy: Arc<dyn Transport>,
    limit: u32,
    permits: Arc<Semaphore>,
    counts: Arc<Counts>,
}

/// What came of the copies so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Copies {
    /// Accepted for every recipient.
    pub made: u64,
    /// Not accepted for every recipient.
    pub failed: u64,
    /// Not tried, because too many were under way.
    pub left_out: u64,
}

#[derive(Debug, Default)]
struct Counts {
    made: AtomicU64,
    failed: AtomicU64,
    left_out: AtomicU64,
}

impl<T: Transport> Tee<T> {
    /// The most copies at a time, unless [told otherwise](Self::limit).
    pub const MAX_COPIES: u32 = 16;

    /// Copies what `inner` accepted to `copy`.
    pub fn new(inner: T, copy: impl Transport + 'static) -> Self {
        let permits = Arc::new(Semaphore::new(permits(Self::MAX_COPIES)));
        Self { inner, copy: Arc::new(copy), limit: Self::MAX_COPIES, permits, counts: Arc::default() }
    }

    /// The same with so many copies at a time; at least 1.
    #[must_use]
    pub fn limit(mut self, copies: u32) -> Self {
        self.limit = copies.max(1);
        self.permits = Arc::new(Semaphore::new(permits(self.limit)));
        self
    }

    /// The transport inside.
    pub fn inner(&self) -> &T {
        &self.inner
    }

    /// What came of the copies so far.
    pub fn copies(&self) -> Copies {
        let Counts { made, failed, left_out } = &*self.counts;
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Copies { made: count(made), failed: count(failed), left_out: count(left_out) }
    }

    fn copy(&self, attempt: &Attempt, outcomes: &Outcomes) {
        let accepted = |(n, outcome): (usize, &Outcome)| (outcome.kind() == OutcomeKind::Accepted).then_some(n);
        let places: Vec<usize> = outcomes.iter().enumerate().filter_map(accepted).collect();
        let limit = self.copy.capabilities().recipient_limit().max(1);
        places.chunks(limit).for_each(|places| self.copy_for(attempt, places));
    }

    fn copy_for(&self, attempt: &Attempt, places: &[usize]) {
        let Some(envelope) = attempt.mail().envelope().subset(places) else { return };
        let (Ok(runtime), Ok(permit)) = (Handle::try_current(), self.permits.clone().try_acquire_owned()) else {
            self.counts.left_out.fetch_add(1, Ordering::Relaxed);
            return;
        };
        let copy = Attempt::builder(attempt.mail().clone().with_envelope(envelope))
            .timeout(attempt.timeout())
            .tls_policy(attempt.tls_policy())
            .tags(attempt.tags().clone())
            .progress(self.copy.capabilities().progress())
            .build();
        let ending = Ending { counts: self.counts.clone(), made: Made::No, permit };
        runtime.spawn(deliver(self.copy.clone(), copy, ending));
    }
}

impl<T: fmt::Debug> fmt::Debug for Tee<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { inner, copy, limit, permits: _, counts } = self;
        let mut debug = f.debug_struct("Tee");
        debug.field("inner", inner).field("copy", copy).field("limit", limit).field("counts", counts).finish()
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl<T: Transport> Transport for Tee<T> {
    fn capabilities(&self) -> Capabilities {
        self.inner.capabilities()
    }

    async fn deliver(&self, attempt: &Attempt) -> Result<Outcomes, TransportError> {
        let outcomes = self.inner.deliver(attempt).await?;
        self.copy(attempt, &outcomes);
        Ok(outcomes)
    }

    async fn route(&self, to: &Domain) -> Result<Route, TransportError> {
        self.inner.route(to).await
    }

    async fn close(&self) {
        // A copy that hangs keeps nobody else from his goodbye.
        let copies = async {
            let ended = self.permits.acquire_many(self.limit).await;
            self.copy.close().await;
            drop(ended);
        };
        tokio::join!(self.inner.close(), copies);
    }
}

async fn deliver(transport: Arc<dyn Transport>, copy: Attempt, mut ending: Ending) {
    let result = transport.deliver(&copy).await;
    let accepted = |outcomes: Outcomes| outcomes.iter().all(|outcome| outcome.kind() == OutcomeKind::Accepted);
    if result.is_ok_and(accepted) {
        ending.made = Made::Yes;
    }
}

/// Counts a copy however it ends: a transport that panics takes only its own task with it.
struct Ending {
    counts: Arc<Counts>,
    made: Made,
    #[expect(dead_code, reason = "held")]
    permit: OwnedSemaphorePermit,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Made {
    No,
    Yes,
}

impl Drop for Ending {
    fn drop(&mut self) {
        let Counts { made, failed, left_out: _ } = &*self.counts;
        let counter = if self.made == Made::Yes { made } else { failed };
        counter.fetch_add(1, Ordering::Relaxed);
    }
}

/// As many permits as the semaphore can count, at the most.
fn permits(limit: u32) -> usize {
    usize::try_from(limit).unwrap_or(Semaphore::MAX_PERMITS).min(Semaphore::MAX_PERMITS)
}
