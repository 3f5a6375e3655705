//! Mail that is collected instead of sent.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use posthaste_transport::{Attempt, AttemptKey, Capabilities, Outcomes, Route, TlsPolicy, Transport, TransportError};
use posthaste_types::{Cause, Domain, Mail, Outcome, OutcomeKind, Tags};

/// Collects mail instead of sending it: for staging, to look at and to let go one by one.
///
/// What comes is accepted and kept in memory, and is gone when the program ends. The transport inside sees nothing but
/// what is [released](Self::release); it is not even asked for routes, so that no DNS is needed. An attempt that comes
/// twice under one [`key`](Attempt::key) is kept once, while it is here.
///
/// A layer can be forgotten in a setting: what must never leave is the business of the Mailer's audience.
///
/// # Limits
/// [`MAX_HELD`](Self::MAX_HELD) mails and [`MAX_OCTETS`](Self::MAX_OCTETS) octets of content by default; what comes behind
/// is [`Busy`](posthaste_transport::TransportErrorKind::Busy).
///
/// # Stacking
/// Right: outermost, with everything inside that a mail passes when it is let go.
/// ```
/// # use std::sync::Arc;
/// # use posthaste_layers::{Hold, Suppress};
/// # use posthaste_suppression::MemoryStore;
/// # use posthaste_transport::Memory;
/// # let clock = Arc::new(posthaste_testkit::VirtualClock::new());
/// # let (relay, list) = (Memory::relay(), Arc::new(MemoryStore::new()));
/// let transport = Hold::new(Suppress::new(relay, list, clock));
/// ```
/// Wrong: as one of several in a [`Failover`](crate::Failover), to keep mail while the others are down. It is accepted
/// then, and lost when the program ends; deferred mail stays in the queue by itself.
pub struct Hold<T> {
    inner: T,
    limit: usize,
    octets: usize,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    next: u64,
    octets: usize,
    held: BTreeMap<HeldId, Kept>,
}

impl State {
    fn insert(&mut self, id: HeldId, kept: Kept) {
        self.octets = self.octets.saturating_add(kept.mail.content().len());
        self.held.insert(id, kept);
    }

    fn remove(&mut self, id: HeldId) -> Option<Kept> {
        let kept = self.held.remove(&id)?;
        self.octets = self.octets.saturating_sub(kept.mail.content().len());
        Some(kept)
    }
}

#[derive(Clone)]
struct Kept {
    mail: Mail,
    /// Of the attempt that it came by.
    key: AttemptKey,
    /// How often a release was answered: the next one has a key of its own.
    answers: u32,
    tags: Tags,
    tls_policy: TlsPolicy,
}

/// The number of a mail that is held, in order of arrival.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HeldId(u64);

/// A mail that is held.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Held {
    /// By which it is released.
    pub id: HeldId,
    /// The mail; its envelope holds the recipients that it would go to.
    pub mail: Mail,
    /// The application's tags.
    pub tags: Tags,
}

/// Why a mail was not released. It stays where it was.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReleaseError {
    /// There is none with this number: it was released or discarded, or is just being released.
    #[error("no such mail is held")]
    NotHeld,
    /// The transport inside could hand nothing to anyone.
    #[error(transparent)]
    Transport(#[from] TransportError),
}

impl<T: Transport> Hold<T> {
    /// The most mails that are held, unless [told otherwise](Self::limit).
    pub const MAX_HELD: usize = 10_000;

    /// The most octets of content that are held, unless [told otherwise](Self::octets): 256 MiB.
    pub const MAX_OCTETS: usize = 256 * 1024 * 1024;

    /// Holds what would go to `inner`.
    pub fn new(inner: T) -> Self {
        Self { inner, limit: Self::MAX_HELD, octets: Self::MAX_OCTETS, state: Mutex::default() }
    }

    /// The same, holding so many mails at the most.
    #[must_use]
    pub fn limit(mut self, mails: usize) -> Self {
        self.limit = mails;
        self
    }

    /// The same, holding so many octets of content at the most. Content that several mails share counts for each.
    #[must_use]
    pub fn octets(mut self, octets: usize) -> Self {
        self.octets = octets;
        self
    }

    /// The transport inside.
    pub fn inner(&self) -> &T {
        &self.inner
    }

    /// What is held, oldest first.
    pub fn held(&self) -> Vec<Held> {
        let held = |(id, kept): (&HeldId, &Kept)| Held { id: *id, mail: kept.mail.clone(), tags: kept.tags.clone() };
        self.state().held.iter().map(held).collect()
    }

    /// Gives one to the transport inside, and says what came of it, in the order of its recipients. Whoever was
    /// deferred is held again; whoever is in doubt is not, as he may have it.
    ///
    /// # Errors
    /// [`ReleaseError`].
    ///
    /// # Cancel safety
    /// Dropped, it is as when a transport is dropped: whoever would be deferred is held again.
    pub async fn release(&self, id: HeldId) -> Result<Outcomes, ReleaseError> {
        let kept = self.state().remove(id).ok_or(ReleaseError::NotHeld)?;
        let attempt = Attempt::builder(kept.mail.clone())
            .key(AttemptKey::new(&kept.mail, kept.answers.saturating_add(1)))
            .tags(kept.tags.clone())
            .tls_policy(kept.tls_policy)
            .progress(self.inner.capabilities().progress())
            .build();
        let mut release = Release { state: &self.state, id, kept, attempt, is_over: Over::No };
        let result = self.inner.deliver(&release.attempt).await;
        release.is_over = Over::Yes;
        match &result {
            Ok(outcomes) => release.hold_deferred(outcomes),
            Err(_) => release.hold(release.kept.clone()),
        }
        Ok(result?)
    }

    /// Throws one away; `false` if there is none with this number.
    pub fn discard(&self, id: HeldId) -> bool {
        self.state().remove(id).is_some()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

impl<T: fmt::Debug> fmt::Debug for Hold<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let held = lock(&self.state).held.len();
        f.debug_struct("Hold").field("inner", &self.inner).field("held", &held).finish_non_exhaustive()
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl<T: Transport> Transport for Hold<T> {
    fn capabilities(&self) -> Capabilities {
        let limit = self.inner.capabilities().recipient_limit();
        Capabilities::relay().idempotent().tracks_progress().max_recipients(limit)
    }

    async fn deliver(&self, attempt: &Attempt) -> Result<Outcomes, TransportError> {
        attempt.start()?;
        let mut state = self.state();
        let known = state.held.values().any(|kept| kept.key == *attempt.key());
        if !known {
            let octets = state.octets.saturating_add(attempt.mail().content().len());
            if state.held.len() >= self.limit || octets > self.octets {
                let words = format_args!("{} mails of {} octets are held already", state.held.len(), state.octets);
                return Err(TransportError::busy(words));
            }
            attempt.past_return()?;
            let id = HeldId(state.next);
            state.next = state.next.saturating_add(1);
            let (mail, key, tags) = (attempt.mail().clone(), attempt.key().clone(), attempt.tags().clone());
            state.insert(id, Kept { mail, key, answers: 0, tags, tls_policy: attempt.tls_policy() });
        }
        Ok(Outcomes::all(attempt, Outcome::accepted(Cause::local("held"))))
    }

    async fn route(&self, _: &Domain) -> Result<Route, TransportError> {
        Ok(Route::to_relay())
    }

    async fn close(&self) {
        self.inner.close().await;
    }
}

/// A mail on its way to the transport inside.
struct Release<'a> {
    state: &'a Mutex<State>,
    id: HeldId,
    kept: Kept,
    attempt: Attempt,
    is_over: Over,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Over {
    No,
    Yes,
}

impl Release<'_> {
    fn hold_deferred(&self, outcomes: &Outcomes) {
        let deferred = |(n, outcome): (usize, &Outcome)| (outcome.kind() == OutcomeKind::Deferred).then_some(n);
        let places: Vec<usize> = outcomes.iter().enumerate().filter_map(deferred).collect();
        if let Some(envelope) = self.kept.mail.envelope().subset(&places) {
            let mail = self.kept.mail.clone().with_envelope(envelope);
            self.hold(Kept { mail, answers: self.kept.answers.saturating_add(1), ..self.kept.clone() });
        }
    }

    fn hold(&self, kept: Kept) {
        lock(self.state).insert(self.id, kept);
    }
}

impl Drop for Release<'_> {
    fn drop(&mut self) {
        if self.is_over == Over::No {
            self.hold_deferred(&self.attempt.give_up(Cause::local("the release was broken off")));
        }
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}
