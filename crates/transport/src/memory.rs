//! A transport that keeps mail in memory, for tests and previews.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Poll;

use async_trait::async_trait;
use posthaste_types::{Address, Cause, Content, Mail, NetworkFault, Outcome, OutcomeKind, Reply, ReversePath, Stage};

use crate::{Attempt, Capabilities, Finality, Outcomes, Transport, TransportError};

/// Keeps what it is given, and answers as it was told to for each recipient.
///
/// Recipients of whom nothing was said are accepted with `250 2.0.0 OK`.
#[derive(Debug)]
pub struct Memory {
    capabilities: Capabilities,
    course: Course,
    state: Mutex<State>,
}

/// Whether an attempt waits on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Course {
    AtOnce,
    StepByStep,
}

#[derive(Debug, Default)]
struct State {
    received: Vec<Received>,
    plans: HashMap<Address, Vec<Answer>>,
}

/// What [`Memory`] answers for a recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Answer {
    /// Takes it.
    Accept,
    /// Breaks the connection before the message was complete.
    CutBefore,
    /// Takes the message and breaks the connection without an answer.
    CutBehind,
    /// Never answers.
    Hang,
    /// Gives this reply to RCPT: 4yz defers, 5yz refuses.
    Reply(Reply),
    /// Says that a credential is wrong.
    WrongCredential,
}

/// A mail that [`Memory`] took.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Received {
    /// The reverse path.
    pub from: ReversePath,
    /// The recipients that it was taken for.
    pub to: Vec<Address>,
    /// The octets.
    pub content: Content,
    /// The mail as it was handed over.
    pub mail: Mail,
}

impl Memory {
    /// A memory that stands for the recipients' own MX.
    pub fn new() -> Self {
        Self::with_finality(Finality::Delivered)
    }

    /// A memory that stands for a relay.
    pub fn relay() -> Self {
        Self::with_finality(Finality::Relayed)
    }

    fn with_finality(finality: Finality) -> Self {
        let capabilities = match finality {
            Finality::Delivered => Capabilities::mx(),
            Finality::Relayed => Capabilities::relay(),
        };
        Self { capabilities: capabilities.tracks_progress(), course: Course::AtOnce, state: Mutex::default() }
    }

    /// The same, where each attempt waits a moment before each of its steps, as one that talks to a peer does: it can be
    /// dropped there.
    #[must_use]
    pub fn step_by_step(mut self) -> Self {
        self.course = Course::StepByStep;
        self
    }

    /// Plans the next answers for a recipient, one an attempt; behind the last, it is accepted. A plan that
    /// ends with a permanent answer is repeated for ever.
    pub fn plan(&self, to: &Address, answers: impl IntoIterator<Item = Answer>) {
        let mut answers: Vec<Answer> = answers.into_iter().collect();
        answers.reverse();
        self.state().plans.insert(to.clone(), answers);
    }

    /// All that was taken so far, oldest first.
    pub fn received(&self) -> Vec<Received> {
        self.state().received.clone()
    }

    /// Takes out all that was taken so far.
    pub fn drain(&self) -> Vec<Received> {
        std::mem::take(&mut self.state().received)
    }

    fn next_answer(&self, to: &Address) -> Answer {
        let mut state = self.state();
        let Some(plan) = state.plans.get_mut(to) else { return Answer::Accept };
        match plan.as_slice() {
            [Answer::Reply(reply)] if reply.is_permanent() => Answer::Reply(reply.clone()),
            _ => plan.pop().unwrap_or(Answer::Accept),
        }
    }

    fn take(&self, attempt: &Attempt, accepted: &[usize]) {
        let mail = attempt.mail();
        let Some(envelope) = mail.envelope().subset(accepted) else { return };
        self.state().received.push(Received {
            from: envelope.from().clone(),
            to: envelope.to().iter().map(|recipient| recipient.address.clone()).collect(),
            content: mail.content().clone(),
            mail: mail.clone().with_envelope(envelope),
        });
    }

    async fn step(&self) {
        let mut waited = self.course == Course::AtOnce;
        std::future::poll_fn(|context| {
            if std::mem::replace(&mut waited, true) {
                return Poll::Ready(());
            }
            context.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Memory {
    fn default() -> Self {
        Self::new()
    }
}

#[async_trait]
impl Transport for Memory {
    fn capabilities(&self) -> Capabilities {
        self.capabilities
    }

    async fn deliver(&self, attempt: &Attempt) -> Result<Outcomes, TransportError> {
        let answers: Vec<Answer> = attempt.recipients().iter().map(|to| self.next_answer(&to.address)).collect();
        if answers.contains(&Answer::WrongCredential) {
            return Err(TransportError::misconfigured("535 5.7.8 credentials refused"));
        }
        self.step().await;
        attempt.start()?;
        self.step().await;
        if answers.contains(&Answer::CutBefore) {
            return Err(TransportError::unreachable("the connection was cut before the message"));
        }
        for (i, answer) in answers.iter().enumerate() {
            if let Answer::Reply(reply) = answer {
                attempt.settle(i, Outcome::from_reply(reply.clone(), Stage::Rcpt));
            }
        }
        if answers.contains(&Answer::Hang) {
            std::future::pending::<()>().await;
        }
        self.step().await;
        attempt.past_return()?;
        self.step().await;
        let settled = attempt.settled();
        let taken = |i: &usize| match settled.get(*i) {
            Some(Some(outcome)) => outcome.kind() == OutcomeKind::Accepted,
            _ => true,
        };
        let accepted: Vec<usize> = (0..answers.len()).filter(taken).collect();
        self.take(attempt, &accepted);
        self.step().await;
        if answers.contains(&Answer::CutBehind) {
            let cause = Cause::network(NetworkFault::Closed, "the answer to the message is missing");
            return Ok(Outcomes::settled_or(attempt, &Outcome::in_doubt(cause)));
        }
        let ok = Reply::new(250, "2.0.0 OK").map_err(TransportError::internal)?;
        let rest = Outcome::from_reply(ok, Stage::EndOfData);
        Ok(Outcomes::settled_or(attempt, &rest))
    }
}
