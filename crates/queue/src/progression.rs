//! What an outcome means for a recipient.

use std::time::Duration;

use posthaste_types::{Cause, Ending, Fate, Outcome, OutcomeKind, Repeat, Timestamp};

use crate::{Schedule, Settled};

/// Where a recipient stands in its attempts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RecipientState {
    /// Attempts begun so far.
    pub attempts: u32,
    /// Steps of the schedule used so far: attempts that reached a hop and were deferred.
    pub steps: u32,
    /// Goes up after a definite answer; the attempt's idempotency key is made of it.
    pub generation: u32,
    /// The last outcome, if an attempt was answered, or known to be in doubt.
    pub last: Option<Outcome>,
}

impl RecipientState {
    /// What the next attempt is.
    pub fn repeat(&self) -> Repeat {
        match &self.last {
            None => Repeat::First,
            Some(last) if last.kind() == OutcomeKind::InDoubt => Repeat::AfterDoubt,
            Some(_) => Repeat::AfterAnswer,
        }
    }

    /// The state with one more attempt begun.
    #[must_use]
    pub fn begun(mut self) -> Self {
        self.attempts = self.attempts.saturating_add(1);
        self
    }

    /// The state behind a settlement.
    ///
    /// A retry is one step of the schedule; a definite answer begins the next generation, doubt does not,
    /// because the same attempt is to be repeated under the same key. What is unmade takes no step and begins
    /// no generation. Either is told as the last outcome, but doubt stays doubt until a hop answers: that a
    /// host cannot be reached any more says nothing of what it took before. An ending keeps the last outcome
    /// as it was.
    #[must_use]
    pub fn after(mut self, settled: &Settled) -> Self {
        let doubted = self.repeat() == Repeat::AfterDoubt;
        match settled {
            Settled::Retry { outcome, .. } => {
                self.steps = self.steps.saturating_add(1);
                let answered = outcome.kind() != OutcomeKind::InDoubt && (!doubted || is_a_hops_word(outcome.cause()));
                if answered {
                    self.generation = self.generation.saturating_add(1);
                }
                if answered || outcome.kind() == OutcomeKind::InDoubt {
                    self.last = Some(outcome.clone());
                }
            }
            Settled::Unmade { cause, .. } if !doubted => self.last = Some(Outcome::deferred(cause.clone())),
            Settled::Unmade { .. } | Settled::Ended(_) => {}
        }
        self
    }

    /// The state of a recipient whose lease ran out, or whose process died: the attempt is in doubt.
    #[must_use]
    pub fn abandoned(mut self) -> Self {
        self.last = Some(Outcome::in_doubt(Cause::local("the attempt was begun and never settled")));
        self
    }
}

/// What a recipient does next.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Progression {
    /// It ends.
    End(Ending),
    /// It waits until then.
    Retry(Timestamp),
}

impl Progression {
    /// Judges an outcome.
    ///
    /// `state` is that of the attempt, counted; `accepted_as` what acceptance means for this transport:
    /// [`Fate::Delivered`] or [`Fate::Relayed`]; `chance` a random number for the jitter.
    ///
    /// Acceptance and refusal end. A deferral or doubt waits for the schedule's next step, or for what the
    /// peer asked for if that is longer (a Retry-After of days is honoured), unless that is past
    /// [`Window::expires`]: then it ends expired at once, because no other attempt would be made and the
    /// sender need not wait to learn that.
    ///
    /// Recipients of one attempt that is in doubt should get one `chance`, so that they are due at one time
    /// and come again as one attempt (see [`Scheduler`](crate::Scheduler)).
    pub fn of(
        state: &RecipientState,
        outcome: &Outcome,
        accepted_as: Fate,
        window: Window,
        schedule: &Schedule,
        chance: u32,
    ) -> Self {
        let Window { accepted, expires, now } = window;
        let end = |fate| {
            let mut ending = Ending::new(fate, now, now.since(accepted), state.attempts);
            ending.cause = Some(outcome.cause().clone());
            Self::End(ending)
        };
        match outcome.kind() {
            OutcomeKind::Accepted => end(accepted_as),
            OutcomeKind::Refused => end(Fate::Bounced),
            OutcomeKind::Deferred | OutcomeKind::InDoubt => {
                let wait = schedule.delay(state.steps, chance).max(outcome.wait().unwrap_or(Duration::ZERO));
                let next = now.saturating_add(wait);
                if next > expires { end(Fate::Expired) } else { Self::Retry(next) }
            }
        }
    }

    /// The end of a recipient whose time is up ([`Window::is_over`]) while it waits, or that could never be
    /// tried: `cause` says why, else the last outcome does.
    pub fn expired(state: &RecipientState, window: Window, cause: Option<Cause>) -> Ending {
        let mut ending = Ending::new(Fate::Expired, window.now, window.now.since(window.accepted), state.attempts);
        ending.cause = cause.or_else(|| state.last.as_ref().map(|last| last.cause().clone()));
        ending
    }
}

/// The times between which a recipient lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Window {
    /// When the mail was accepted.
    pub accepted: Timestamp,
    /// When it is given up.
    pub expires: Timestamp,
    /// Now.
    pub now: Timestamp,
}

impl Window {
    /// A window, seen from `now`.
    pub fn new(accepted: Timestamp, expires: Timestamp, now: Timestamp) -> Self {
        Self { accepted, expires, now }
    }

    /// Whether the time is up: an attempt at `expires` itself may still be made.
    pub fn is_over(&self) -> bool {
        self.expires < self.now
    }
}

/// Whether a hop said it, and not this side of the connection or what lies between.
fn is_a_hops_word(cause: &Cause) -> bool {
    matches!(cause, Cause::Http { .. } | Cause::Smtp { .. })
}
