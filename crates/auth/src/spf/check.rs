//! The check, for whoever has a resolver and for whoever asks by himself.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use posthaste_dns::{Answer, DnsError, RecordKind, Resolve};
use posthaste_types::{Clock, DnsName, Tick, Timestamp};

use super::eval::{Ask, Asking, Evaluation};
use super::outcome::Outcome;
use super::query::Query;
use super::settings::Settings;

/// Checks whether an address may send for a domain (RFC 7208 §4).
///
/// It always comes to a result; the questions to the DNS end by `clock`'s tick plus
/// [`Limits::time`](super::Limits::time). Cancel safe: dropping the future only ends the check.
pub async fn check(resolver: &dyn Resolve, clock: &dyn Clock, query: &Query, settings: &Settings) -> Outcome {
    let began = clock.tick();
    let by = began.saturating_add(settings.limits.time);
    Evaluation::new(&Asking { resolver, clock, began, by }, query, settings).run().await
}

/// The same as [`check`], without a resolver and without a runtime: it says what to ask, and is told the answers.
///
/// ```
/// use posthaste_auth::spf::{Check, Query, Settings, Step, Verdict};
/// use posthaste_dns::MemoryZone;
/// use posthaste_types::{Tick, Timestamp};
///
/// let dns: MemoryZone = "example.com. IN TXT \"v=spf1 ip4:192.0.2.0/24 -all\"".parse()?;
/// let query = Query::mail_from("192.0.2.1".parse()?, "mail.example.com", "ada@example.com");
/// let mut check = Check::new(query, Settings::default(), Tick::default(), Timestamp::from_unix_secs(0));
/// let outcome = loop {
///     match check.step(Tick::default()) {
///         Step::Ask { name, kind } => check.answer(dns.lookup(&name, kind)), // any resolver, blocking or not
///         Step::Done(outcome) => break outcome,
///     }
/// };
/// assert_eq!(outcome.verdict, Verdict::Pass);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Check {
    slot: Arc<Slot>,
    evaluation: Pin<Box<dyn Future<Output = Outcome> + Send>>,
    done: Option<Outcome>,
}

/// What a [`Check`] needs next.
#[derive(Debug)]
#[expect(clippy::exhaustive_enums, reason = "it asks, or it is done")]
pub enum Step {
    /// The answer to this question, given to [`Check::answer`].
    Ask {
        /// The name.
        name: DnsName,
        /// The kind of record.
        kind: RecordKind,
    },
    /// Nothing: this is the result.
    Done(Outcome),
}

impl Check {
    /// Begins a check at `now`, which is the time `wall` on the wall (for the macro `t`).
    pub fn new(query: Query, settings: Settings, now: Tick, wall: Timestamp) -> Self {
        let by = now.saturating_add(settings.limits.time);
        let slot =
            Arc::new(Slot { wall, began: now, by, state: Mutex::new(State { now, question: None, answer: None }) });
        let ask = slot.clone();
        let evaluation = Box::pin(async move { Evaluation::new(&*ask, &query, &settings).run().await });
        Self { slot, evaluation, done: None }
    }

    /// Goes on until an answer is needed. Asked again before it is given, it says the same.
    pub fn step(&mut self, now: Tick) -> Step {
        if let Some(outcome) = &self.done {
            return Step::Done(outcome.clone());
        }
        self.slot.state().now = now;
        loop {
            if let Poll::Ready(outcome) = self.evaluation.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
                self.done = Some(outcome.clone());
                return Step::Done(outcome);
            }
            // It waits for nothing but answers.
            if let Some((name, kind)) = self.slot.state().question.clone() {
                return Step::Ask { name, kind };
            }
        }
    }

    /// The answer to the question of the last [`Step::Ask`]; without one it is dropped.
    pub fn answer(&mut self, answer: Result<Answer, DnsError>) {
        let mut state = self.slot.state();
        if state.question.take().is_some() {
            state.answer = Some(answer);
        }
    }
}

impl fmt::Debug for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let question = &self.slot.state().question;
        f.debug_struct("Check").field("question", question).field("done", &self.done).finish_non_exhaustive()
    }
}

/// Where a question waits for its answer.
#[derive(Debug)]
struct Slot {
    wall: Timestamp,
    began: Tick,
    by: Tick,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    now: Tick,
    question: Option<(DnsName, RecordKind)>,
    answer: Option<Result<Answer, DnsError>>,
}

impl Slot {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ask for Slot {
    fn ask<'a>(&'a self, name: &'a DnsName, kind: RecordKind) -> super::eval::Asked<'a> {
        self.state().question = Some((name.clone(), kind));
        Box::pin(std::future::poll_fn(|_| match self.state().answer.take() {
            Some(answer) => Poll::Ready(answer),
            None => Poll::Pending,
        }))
    }

    fn began(&self) -> Tick {
        self.began
    }

    fn now(&self) -> Tick {
        self.state().now
    }

    fn is_late(&self) -> bool {
        self.now() >= self.by
    }

    fn wall(&self) -> Timestamp {
        self.wall
    }
}
