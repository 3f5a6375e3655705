//! What became of a mail.

use std::fmt;
use std::time::Duration;

use posthaste_queue::{Tracked, TrackedRecipient};
use posthaste_types::{
    Address, Constraint, Explanation, Fate, MailId, MessageId, OutcomeKind, Standing, Text, WaitState,
};

use crate::error::FeedbackError;
use crate::inner::Engine;
use crate::mailer::Mailer;

/// The receipt of a mail that is in the spool.
#[derive(Clone, Debug)]
pub struct Receipt {
    mailer: Mailer,
    id: MailId,
    message_id: Option<MessageId>,
    replay: bool,
}

impl Receipt {
    pub(crate) fn new(mailer: Mailer, id: MailId, message_id: Option<MessageId>, replay: bool) -> Self {
        Self { mailer, id, message_id, replay }
    }

    /// Our identity of the mail: keep it, and ask [`Mailer::receipt`] again after a restart.
    pub fn id(&self) -> MailId {
        self.id
    }

    /// The Message-ID.
    pub fn message_id(&self) -> Option<&MessageId> {
        self.message_id.as_ref()
    }

    /// Whether the mail was accepted earlier, under the same key.
    pub fn is_replay(&self) -> bool {
        self.replay
    }

    /// Where each recipient stands now.
    ///
    /// # Errors
    /// [`FeedbackError`] if the spool does not answer.
    pub async fn standings(&self) -> Result<Standings, FeedbackError> {
        Ok(self.mailer.explain(self.id).await?.unwrap_or_default())
    }

    /// Where each recipient stands when all have had a first answer, or when `patience` has passed.
    ///
    /// # Errors
    /// [`FeedbackError`] if the spool does not answer.
    ///
    /// # Cancel safety
    /// Dropped: only the waiting ends.
    pub async fn first_answers(&self, patience: Duration) -> Result<Standings, FeedbackError> {
        let answered = |one: &TrackedRecipient| one.ending.is_some() || one.state.last.is_some();
        let until = self.mailer.engine().clock.tick().saturating_add(patience);
        let clock = self.mailer.engine().clock.clone();
        tokio::select! {
            biased;
            standings = self.wait_for(answered) => standings,
            () = clock.sleep_until(until) => self.standings().await,
        }
    }

    /// Where each recipient ended. This may take days; stop the Mailer and ask the next one, if need be.
    ///
    /// # Errors
    /// [`FeedbackError`] if the spool does not answer.
    ///
    /// # Cancel safety
    /// Dropped: only the waiting ends.
    pub async fn settled(&self) -> Result<Standings, FeedbackError> {
        self.wait_for(|one| one.ending.is_some()).await
    }

    async fn wait_for(&self, enough: impl Fn(&TrackedRecipient) -> bool) -> Result<Standings, FeedbackError> {
        let engine = self.mailer.engine();
        let bell = engine.waiters.bell(self.id);
        loop {
            let rung = bell.notified();
            tokio::pin!(rung);
            // Heard from now on, so that nothing between the look and the wait is missed.
            rung.as_mut().enable();
            let Some(tracked) = engine.tracked(self.id).await? else { return Ok(Standings::default()) };
            if tracked.recipients.iter().all(&enough) {
                return Ok(engine.standings(&tracked));
            }
            engine.or_in_a_while(rung).await;
        }
    }
}

/// Where the recipients of a mail stand, in the order of its envelope. `Display` is a line each:
/// `bob@example.org: delivered after 1.2 s (250 2.0.0 OK)`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standings(Vec<RecipientStanding>);

/// One recipient, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RecipientStanding {
    /// The address.
    pub address: Address,
    /// Where it stands.
    pub standing: Standing,
    /// What to do about the failure.
    advice: Option<Text>,
}

impl RecipientStanding {
    /// What a person could be told: what is wrong, and what to do.
    pub fn advice(&self) -> Text {
        let Standing::Done(ending) = &self.standing else { return Text::lossy(&self.standing) };
        match (&ending.cause, &self.advice) {
            (Some(cause), Some(advice)) => Text::lossy(format!("{} ({cause}): {advice}", self.address)),
            _ => Text::lossy(format!("{}: {ending}", self.address)),
        }
    }
}

impl Standings {
    /// Each recipient.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &RecipientStanding> {
        self.0.iter()
    }

    /// The first recipient that was refused, or could not be mailed at all.
    pub fn refused(&self) -> Option<&RecipientStanding> {
        self.0.iter().find(|one| one.standing.is_refused())
    }

    /// Whether every recipient's mail was taken: delivered or relayed.
    pub fn all_delivered(&self) -> bool {
        !self.0.is_empty()
            && self.0.iter().all(|one| matches!(one.standing.fate(), Some(Fate::Delivered | Fate::Relayed)))
    }

    /// Whether every recipient has ended.
    pub fn all_ended(&self) -> bool {
        self.0.iter().all(|one| one.standing.fate().is_some())
    }
}

impl<'a> IntoIterator for &'a Standings {
    type Item = &'a RecipientStanding;
    type IntoIter = std::slice::Iter<'a, RecipientStanding>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

impl fmt::Display for Standings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, one) in self.0.iter().enumerate() {
            if i > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{}: {}", one.address, one.standing)?;
        }
        Ok(())
    }
}

impl Engine {
    /// Where the recipients of a mail stand: from the spool, and from the scheduler for what it holds.
    pub(crate) fn standings(&self, tracked: &Tracked) -> Standings {
        let now = self.now();
        let one = |(place, recipient): (u32, &TrackedRecipient)| RecipientStanding {
            address: recipient.address.clone(),
            advice: recipient
                .ending
                .as_ref()
                .and_then(|end| end.class)
                .map(|class| Text::lossy(self.rules().advice(class))),
            standing: match &recipient.ending {
                Some(ending) => Standing::Done(ending.clone()),
                None => Standing::Waiting(self.explanation(tracked, place, recipient, now)),
            },
        };
        Standings((0..).zip(&tracked.recipients).map(one).collect())
    }

    fn explanation(
        &self,
        tracked: &Tracked,
        place: u32,
        recipient: &TrackedRecipient,
        now: posthaste_types::Timestamp,
    ) -> Explanation {
        let state = &recipient.state;
        let wait = match (&state.last, recipient.in_flight) {
            (_, true) => WaitState::InFlight,
            (None, false) => WaitState::Queued,
            (Some(_), false) => WaitState::Retrying,
        };
        let mut explanation = Explanation::new(wait);
        explanation.last = state.last.clone();
        if wait == WaitState::InFlight {
            return explanation;
        }
        explanation.next = recipient.next;
        if let Some(next) = recipient.next.filter(|next| *next > now) {
            explanation.held_by.push(match state.last {
                Some(_) => Constraint::RetrySchedule { attempts: state.attempts, next },
                None => Constraint::SendAt { at: next },
            });
        }
        explanation.held_by.extend(self.dispatch().scheduler.explain(tracked.id, place, self.clock.tick()));
        explanation.unblock = match state.last.as_ref().map(|last| (last.kind(), last.cause())) {
            Some((OutcomeKind::Deferred, cause)) => Some(Text::lossy(self.judge(cause, None).advice())),
            _ => None,
        };
        explanation
    }
}
