//! The Mailer.

use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use posthaste_queue::{Query, Waiting};
use posthaste_suppression::{Actor, Entry, Put, Scope, What};
use posthaste_types::{MailId, Timestamp};
use tokio::sync::Mutex;
use tokio::task::JoinHandle;

use crate::accept::{MailAdmitted, Replay};
use crate::builder::MailerBuilder;
use crate::dispatch;
use crate::error::{FeedbackError, SendError, SendErrorKind};
use crate::events::{Durable, EventFilter, Live};
use crate::ingest::{Ingested, Via};
use crate::inner::Engine;
use crate::prepared::Prepared;
use crate::receipt::{Receipt, Standings};
use crate::send_all::SendAll;
use crate::sending::{Outgoing, Preparing, Sending, Submission, Wait};

/// Accepts mail, signs it, queues it durably, delivers and retries it, and understands what comes back.
///
/// A handle: clones are the same Mailer. One Mailer runs on a spool.
#[derive(Clone, Debug)]
pub struct Mailer {
    engine: Arc<Engine>,
    loop_task: Arc<Mutex<Option<JoinHandle<dispatch::Drained>>>>,
}

impl Mailer {
    /// Begins to put a Mailer together.
    pub fn builder() -> MailerBuilder {
        MailerBuilder::new()
    }

    pub(crate) fn run(engine: Arc<Engine>) -> Self {
        let task = tokio::spawn(dispatch::run(engine.clone()));
        Self { engine, loop_task: Arc::new(Mutex::new(Some(task))) }
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

    /// Withdraws a mail: no attempt for it begins after this has returned. Recipients that an attempt has begun for
    /// go on, and are not tried again; the standings say which.
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

    /// [`stop`](Self::stop) with a grace of its own. The first call decides.
    ///
    /// # Cancel safety
    /// Dropped: the stopping goes on.
    pub async fn stop_within(&self, grace: Duration) -> Stopped {
        let engine = &self.engine;
        *engine.grace.lock().unwrap_or_else(PoisonError::into_inner) = grace;
        engine.stopping.store(true, Ordering::Release);
        engine.wake.notify_one();
        let mut task = self.loop_task.lock().await;
        let Some(handle) = task.take() else { return Stopped::default() };
        // Spawned, so that a dropped stop goes on.
        let engine = engine.clone();
        let stopping = tokio::spawn(async move {
            let drained = handle.await.unwrap_or_default();
            engine.transport.close().await;
            let mut query = Query::default();
            query.waiting = Waiting::Only;
            query.limit = usize::MAX;
            let waiting = engine.spool.find(&query).await.map(|mails| mails.len()).unwrap_or_default();
            let _ = engine.spool.close().await;
            // Who waits for news gets an error in their place.
            engine.waiters.wake_all();
            engine.event_bell.notify_waiters();
            Stopped { finished: drained.finished, in_doubt: drained.dropped, waiting }
        });
        stopping.await.unwrap_or_default()
    }

    /// The time that schedules run on: the wall's, without its jumps. What [`send_at`](Sending::send_at) is held to.
    pub fn now(&self) -> Timestamp {
        self.engine.now()
    }
}

/// What [`Mailer::stop`] left.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stopped {
    /// Attempts that ended while the Mailer stopped.
    pub finished: usize,
    /// Attempts that were dropped when the grace was over: they settled what they knew, the rest is in doubt or
    /// deferred.
    pub in_doubt: usize,
    /// Mails of which a recipient waits in the spool.
    pub waiting: usize,
}
