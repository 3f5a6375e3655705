//! The Mailer.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use posthaste_queue::Query;
use posthaste_suppression::{Actor, Entry, Put, Scope, What};
use posthaste_transport::TraceSink;
use posthaste_types::{MailId, Timestamp};

use crate::accept::{MailAdmitted, Replay};
use crate::builder::MailerBuilder;
use crate::error::{FeedbackError, SendError, SendErrorKind};
use crate::events::{Durable, EventFilter, Live};
use crate::ingest::{Ingested, Via};
use crate::inner::Engine;
use crate::prepared::Prepared;
use crate::receipt::{Receipt, Standings};
use crate::running::{Running, Stopped};
use crate::send_all::SendAll;
use crate::sending::{Outgoing, Preparing, Sending, Submission, Wait};

/// Accepts mail, signs it, queues it durably, delivers and retries it, and understands what comes back.
///
/// A handle: clones are the same Mailer. One Mailer runs on a spool.
///
/// [`stop`](Self::stop) it, and wait for that: nothing is in doubt then, and the spool is free. Where the last handle
/// is dropped instead ([`Receipt`]s are handles too), attempts under way are dropped as they are, in doubt when the
/// spool is opened again.
#[derive(Clone, Debug)]
pub struct Mailer {
    engine: Arc<Engine>,
    running: Arc<Running>,
}

impl Mailer {
    /// Begins to put a Mailer together.
    pub fn builder() -> MailerBuilder {
        MailerBuilder::new()
    }

    pub(crate) fn run(engine: Arc<Engine>) -> Self {
        Self { running: Arc::new(Running::start(engine.clone())), engine }
    }

    pub(crate) fn engine(&self) -> &Arc<Engine> {
        &self.engine
    }

    /// Sends a mail: composes, checks and signs it, and writes it to the disk. When this has been awaited, the mail
    /// is in the spool, and survives whatever happens to this process.
    ///
    /// Recipients on the suppression list are no error: the receipt says so.
    pub fn send(&self, submission: impl Into<Submission>) -> Sending<'_> {
        Sending::new(self, submission.into())
    }

    /// Composes, checks, signs and keys a mail without accepting it: for the application's own transaction. See
    /// [`Prepared`].
    pub fn prepare(&self, submission: impl Into<Submission>) -> Preparing<'_> {
        Preparing::new(self, submission.into())
    }

    /// Accepts a prepared mail. It may be handed over any number of times: it is accepted once.
    ///
    /// # Errors
    /// [`SendError`].
    ///
    /// # Cancel safety
    /// Dropped: accepted or not; hand it over again.
    pub async fn send_prepared(&self, prepared: Prepared) -> Result<Receipt, SendError> {
        self.admit_one(prepared, Wait::ForRoom).await
    }

    /// Sends many mails, in commits of up to 64: one result for each, in order. It takes the next ones only when
    /// their results are asked for, so memory stays flat.
    ///
    /// ```no_run
    /// # async fn example(mailer: posthaste_engine::Mailer, mails: Vec<posthaste_message::Message>) {
    /// let mut results = mailer.send_all(mails);
    /// while let Some(result) = results.next().await {
    ///     if let Err(error) = result {
    ///         eprintln!("{error}");
    ///     }
    /// }
    /// # }
    /// ```
    pub fn send_all<I>(&self, mails: I) -> SendAll<I::IntoIter>
    where
        I: IntoIterator,
        I::Item: Into<Outgoing>,
    {
        SendAll::new(self.clone(), mails.into_iter())
    }

    pub(crate) async fn admit_one(&self, prepared: Prepared, wait: Wait) -> Result<Receipt, SendError> {
        let mut results = self.admit_many(vec![prepared], wait).await?;
        results.pop().unwrap_or_else(|| Err(SendError::new(SendErrorKind::Storage, "the spool gave no answer")))
    }

    pub(crate) async fn admit_many(
        &self,
        prepared: Vec<Prepared>,
        wait: Wait,
    ) -> Result<Vec<Result<Receipt, SendError>>, SendError> {
        let engine = &self.engine;
        let stopped = || SendError::new(SendErrorKind::Stopped, "the Mailer stops");
        let _place = match wait {
            Wait::ForRoom => engine.admitting.acquire().await.map_err(|_| stopped())?,
            Wait::Never => engine.admitting.try_acquire().map_err(|_| {
                SendError::new(
                    SendErrorKind::Full,
                    format!("{} sends wait for the disk", engine.settings.max_admitting),
                )
            })?,
        };
        if engine.stopping.load(Ordering::Acquire) {
            return Err(stopped());
        }
        let message_ids: Vec<_> = prepared.iter().map(|one| one.message_id().cloned()).collect();
        let admitted = engine.admit(prepared).await?;
        let receipt = |(admitted, message_id): (Result<MailAdmitted, SendError>, _)| {
            admitted
                .map(|MailAdmitted { id, replay }| Receipt::new(self.clone(), id, message_id, replay == Replay::Yes))
        };
        Ok(admitted.into_iter().zip(message_ids).map(receipt).collect())
    }

    /// The receipt of a mail that was accepted earlier, by this process or another; `None` if it is not known.
    ///
    /// # Errors
    /// [`FeedbackError`] if the spool does not answer.
    ///
    /// # Cancel safety
    /// Dropped: nothing has happened.
    pub async fn receipt(&self, id: MailId) -> Result<Option<Receipt>, FeedbackError> {
        let tracked = self.engine.tracked(id).await?;
        Ok(tracked.map(|tracked| Receipt::new(self.clone(), id, tracked.message_id, true)))
    }

    /// Mails that a query finds, newest first.
    ///
    /// # Errors
    /// [`FeedbackError`] if the spool does not answer.
    pub async fn find(&self, query: &Query) -> Result<Vec<posthaste_queue::Tracked>, FeedbackError> {
        Ok(self.engine.spool.find(query).await?)
    }

    /// Where each recipient of a mail stands, and why it waits; `None` if the mail is not known.
    ///
    /// # Errors
    /// [`FeedbackError`] if the spool does not answer.
    pub async fn explain(&self, id: MailId) -> Result<Option<Standings>, FeedbackError> {
        Ok(self.engine.tracked(id).await?.map(|tracked| self.engine.standings(&tracked)))
    }

    /// Withdraws a mail: no attempt for it begins after this has returned, also if this process dies and another takes
    /// the spool up. Recipients that an attempt has begun for go on, and are not tried again; the standings say which.
    ///
    /// # Errors
    /// [`FeedbackError`] if the spool does not answer.
    ///
    /// # Cancel safety
    /// Dropped: withdrawn for some recipients or not; call it again.
    pub async fn cancel(&self, id: MailId) -> Result<Option<Standings>, FeedbackError> {
        self.engine.cancel(id).await?;
        self.explain(id).await
    }

    /// Writes the dialogue of each attempt for a mail that begins from now on to `sink`, also if the mail has waited for
    /// long, and until [`untrace`](Self::untrace): one sink a mail, the last one counts. Secrets and content are not in a
    /// dialogue, nor is the token in a return path (it is shown as `[token]`); addresses are. What several attempts say stands behind a line each with their number.
    ///
    /// This process alone knows of it; for what is to last there is
    /// [`MailerBuilder::trace`](crate::MailerBuilder::trace). At most 1,000 mails are traced in this way; of more, the
    /// oldest are let go.
    pub fn trace(&self, id: MailId, sink: Arc<dyn TraceSink>) {
        self.engine.traces.put(id, sink);
    }

    /// Lets go of the sink of a mail, and gives it back if it had one. An attempt under way goes on writing to it.
    pub fn untrace(&self, id: MailId) -> Option<Arc<dyn TraceSink>> {
        self.engine.traces.remove(id)
    }

    /// Puts an entry on the suppression list. When this has returned, no attempt for what it touches begins.
    ///
    /// # Errors
    /// [`FeedbackError`]: perhaps put, perhaps not; repeat it.
    pub async fn suppress(&self, entry: Entry) -> Result<Put, FeedbackError> {
        let put = self.engine.suppressions.put(entry.clone()).await?;
        self.engine.withdraw_suppressed(&entry.what);
        Ok(put)
    }

    /// Takes the entries of `what` in `scope` off the suppression list. Whether there were any.
    ///
    /// # Errors
    /// [`FeedbackError`]: perhaps lifted, perhaps not; repeat it.
    pub async fn lift(&self, what: &What, scope: &Scope, by: &Actor) -> Result<bool, FeedbackError> {
        Ok(self.engine.suppressions.lift(what, scope, by).await?)
    }

    /// Entries of the suppression list, at most `limit`, in the store's order behind `after`.
    ///
    /// # Errors
    /// [`FeedbackError`] if the store does not answer.
    pub async fn suppressed(
        &self,
        after: Option<posthaste_suppression::ScanCursor>,
        limit: usize,
    ) -> Result<Vec<(posthaste_suppression::ScanCursor, Entry)>, FeedbackError> {
        Ok(self.engine.suppressions.scan(after, limit).await?)
    }

    /// Takes in what came back: a bounce, a delay notice, a complaint, as raw octets. It acts only with proof: a
    /// return path of ours with a valid token, or the Message-ID of a mail that is known.
    ///
    /// # Errors
    /// [`FeedbackError`]; take it in again. That it is no report, or belongs to nothing, is not an error.
    ///
    /// # Cancel safety
    /// Dropped: taken in or not; take it in again. Taken in twice, it suppresses once and is told twice.
    pub async fn ingest(&self, raw: &[u8], via: Via) -> Result<Ingested, FeedbackError> {
        self.engine.ingest(raw, via).await
    }

    /// Events as they happen. Say what to filter, then [`open`](EventFilter::open) it.
    pub fn watch(&self) -> EventFilter<Live> {
        EventFilter::live(self.engine.clone())
    }

    /// Events from the spool, from behind `after` on, each at least once: remember the id of the last one that was
    /// handled.
    pub fn events(&self, after: posthaste_types::EventId) -> EventFilter<Durable> {
        EventFilter::durable(self.engine.clone(), after)
    }

    /// Stops: takes no new mail, begins no attempt, lets those under way end within
    /// [`stop_grace`](crate::Settings::stop_grace), says goodbye to peers, and closes the spool. What waits is taken
    /// up by the next Mailer. All clones stop.
    ///
    /// # Cancel safety
    /// Dropped: the stopping goes on.
    pub async fn stop(&self) -> Stopped {
        self.stop_within(self.engine.settings.stop_grace).await
    }

    /// [`stop`](Self::stop) with a grace of its own. The first call decides; every call waits for the end, and gives
    /// the same.
    ///
    /// # Cancel safety
    /// Dropped: the stopping goes on.
    pub async fn stop_within(&self, grace: Duration) -> Stopped {
        self.running.stop(grace).await
    }

    /// The time that schedules run on: the wall's, without its jumps. What [`send_at`](Sending::send_at) is held to.
    pub fn now(&self) -> Timestamp {
        self.engine.now()
    }
}
