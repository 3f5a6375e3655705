//! One attempt: what to deliver, and how far it has come.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use posthaste_types::{Cause, Mail, Outcome, Recipient, Repeat, Tags};

use crate::builder::AttemptBuilder;
use crate::passage::Passages;
use crate::progress::Handle;
use crate::{AttemptKey, Outcomes, Passage, Progress, Route, Source, TlsPolicy, TraceSink};

/// One attempt to deliver a mail to some of its recipients.
///
/// A handle: clones are the same attempt, so that a connection's own task may hold one. What a transport
/// reads is fixed; what it tells ([`start`](Self::start), [`settle`](Self::settle),
/// [`past_return`](Self::past_return)) survives the loss of its future.
///
/// A layer that gives a transport less than the whole, or tries more than once, derives attempts:
/// [`narrowed`](Self::narrowed), [`next_try`](Self::next_try), [`within`](Self::within),
/// [`unrouted`](Self::unrouted), [`traced`](Self::traced), [`telling`](Self::telling), [`chosen`](Self::chosen). They share the progress of the one they come from,
/// recipient by recipient: what is told to one is known to the other.
#[derive(Clone)]
pub struct Attempt(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) given: AttemptBuilder,
    pub(crate) progress: Handle,
    pub(crate) passages: Passages,
}

/// The mail was withdrawn: suppressed, cancelled, or the Mailer stops. Send nothing for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the mail was withdrawn")]
#[non_exhaustive]
pub struct Withdrawn;

impl Attempt {
    /// An attempt outside a queue: for using a transport alone. Ten minutes, opportunistic TLS.
    pub fn of(mail: &Mail) -> Self {
        Self::builder(mail.clone()).build()
    }

    /// Begins to put an attempt together.
    pub fn builder(mail: Mail) -> AttemptBuilder {
        AttemptBuilder::new(mail)
    }

    pub(crate) fn begin(given: AttemptBuilder) -> Self {
        let progress = Handle::whole(given.mail.envelope().to().len());
        Self(Arc::new(Inner { given, progress, passages: Passages::default() }))
    }

    /// The mail; its envelope holds the recipients of this attempt and no others.
    pub fn mail(&self) -> &Mail {
        &self.0.given.mail
    }

    /// The recipients of this attempt.
    pub fn recipients(&self) -> &[Recipient] {
        self.0.given.mail.envelope().to()
    }

    /// The idempotency key: the same while the outcome is in doubt, another after a definite answer.
    pub fn key(&self) -> &AttemptKey {
        &self.0.given.key
    }

    /// How long the attempt may take.
    pub fn timeout(&self) -> Duration {
        self.0.given.timeout
    }

    /// The address to dial from.
    pub fn source(&self) -> Option<&Source> {
        self.0.given.source.as_ref()
    }

    /// The route to take.
    pub fn route(&self) -> Option<&Route> {
        self.0.given.route.as_ref()
    }

    /// How strictly TLS is asked for.
    pub fn tls_policy(&self) -> TlsPolicy {
        self.0.given.tls_policy
    }

    /// Where the dialogue is to be written, secrets left out.
    pub fn trace(&self) -> Option<&Arc<dyn TraceSink>> {
        self.0.given.trace.as_ref()
    }

    /// What the application hung on the mail.
    pub fn tags(&self) -> &Tags {
        &self.0.given.tags
    }

    /// Whether this attempt may duplicate.
    pub fn repeat(&self) -> Repeat {
        self.0.given.repeat
    }

    /// How many choices between transports led here: [`chosen`](Self::chosen).
    pub fn choices(&self) -> u32 {
        self.0.given.choices
    }

    /// Called just before the first command or octet for this mail, and again before that to another host.
    ///
    /// # Errors
    /// [`Withdrawn`] if nothing may be begun any more. What a first host was told may be completed there.
    pub fn start(&self) -> Result<(), Withdrawn> {
        self.0.progress.start()
    }

    /// Ready when nothing may be begun any more: when [`start`](Self::start) would fail. For whoever waits before the
    /// first command, for a turn or a connection, so that a withdrawal, a cancellation or a stop does not wait for it.
    ///
    /// # Cancel safety
    /// Dropped: only the waiting ends.
    pub async fn until_withdrawn(&self) {
        std::future::poll_fn(|context| self.0.progress.poll_withdrawn(context.waker())).await;
    }

    /// Called just before the octets that complete the message: the final dot, the last BDAT chunk, the
    /// HTTP request.
    ///
    /// # Errors
    /// [`Withdrawn`] if the attempt was given up: send no completing octet; break the connection instead.
    pub fn past_return(&self) -> Result<(), Withdrawn> {
        self.0.progress.past_return()
    }

    /// Called as the answer for one recipient (by its place in [`recipients`](Self::recipients)) is known.
    /// The first answer stays; an index that is not there is ignored.
    pub fn settle(&self, recipient: usize, outcome: Outcome) {
        self.0.progress.settle(recipient, outcome);
    }

    /// Settles every recipient as `outcomes` say: for a layer that puts together what attempts
    /// [narrowed](Self::narrowed) from its own came to.
    pub fn settle_all(&self, outcomes: &Outcomes) {
        outcomes.iter().enumerate().for_each(|(recipient, outcome)| self.settle(recipient, outcome.clone()));
    }

    /// What was settled so far, in the order of the recipients.
    pub fn settled(&self) -> Vec<Option<Outcome>> {
        self.0.progress.settled()
    }

    /// Called when the mail is about to go over a connection: for the record.
    pub fn passed(&self, passage: impl Into<Arc<Passage>>) {
        self.0.passages.add(passage.into());
    }

    /// The connections that the mail went over, or was about to, oldest first; those of attempts that were derived
    /// from this one, or that this one was derived from, too. At most 64 are kept.
    pub fn passages(&self) -> Vec<Arc<Passage>> {
        self.0.passages.all()
    }

    /// Runs `then` when what the attempt came to is written down; at once outside a queue. Dropped unrun if that
    /// never comes.
    ///
    /// A transport that takes the next message on a connection only then keeps what a crash leaves in doubt to one
    /// message a connection. It is short, and waits for nothing.
    pub fn when_recorded(&self, then: impl FnOnce() + Send + 'static) {
        self.0.given.record.then(then);
    }

    /// For the engine: what the attempt came to is written down, or will never be.
    pub fn recorded(&self) {
        self.0.given.record.make();
    }

    /// For the engine: forbids an attempt that has not begun.
    ///
    /// # Errors
    /// [`StartedAlready`] if it has begun for anyone: there it goes on with the hop that has heard of it, and begins with
    /// no other: the next [`start`](Self::start) fails, and there is no [next try](Self::next_try). For the others it is
    /// forbidden.
    pub fn withdraw(&self) -> Result<(), StartedAlready> {
        self.0.progress.withdraw()
    }

    /// For the engine, when it has dropped the transport's future: gives the attempt up, and settles what it
    /// came to. What was settled stays; of the rest, those whose completing octets had not been released are
    /// deferred, those whose had are in doubt, and all for a transport that does not track progress.
    pub fn give_up(&self, cause: Cause) -> Outcomes {
        let tracked = self.0.given.progress == Progress::Tracked;
        let rest = |released: bool| match tracked && !released {
            true => Outcome::deferred(cause.clone()),
            false => Outcome::in_doubt(cause.clone()),
        };
        Outcomes::from_vec(self.0.progress.give_up(rest))
    }
}

impl fmt::Debug for Attempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Attempt").field("key", &self.0.given.key).field("recipients", &self.recipients().len()).finish()
    }
}

/// The attempt had begun and cannot be withdrawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the attempt has begun")]
#[non_exhaustive]
pub struct StartedAlready;
