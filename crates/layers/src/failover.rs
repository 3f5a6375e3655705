//! Another transport where one cannot.

use std::sync::Arc;

use async_trait::async_trait;
use futures_util::future::join_all;
use posthaste_transport::{Attempt, Capabilities, Outcomes, Route, Transport, TransportError, TransportErrorKind};
use posthaste_types::{Cause, Clock, Domain, Outcome, OutcomeKind};

/// Tries transports in order until one takes the attempt.
///
/// The next is tried when one could hand nothing to anyone, by the kind of its error: by default
/// [`Unreachable`](TransportErrorKind::Unreachable) alone. An attempt that was accepted for somebody, refused for
/// somebody or is in doubt for somebody stays where it was; one that was deferred for all goes on where that is asked
/// for: [where no peer said so](Self::on_no_reply), or [in any case](Self::on_deferral). If nobody takes it, the answer
/// is the last that one of them gave for the recipients; else the first error that time may mend; else the first error;
/// an error has the words of all of them.
///
/// Time: all of them share [`Attempt::timeout`]. A route is the first one's; the others find their own.
///
/// An attempt that is in doubt and comes again may go to another transport than before, which knows nothing of it:
/// this is never [idempotent](posthaste_transport::Idempotency), whatever is inside.
///
/// # Stacking
/// Right: with a timeout around each, short enough that there is time for the next.
/// ```
/// # use std::{sync::Arc, time::Duration};
/// # use posthaste_layers::{Failover, Timeout};
/// # use posthaste_transport::{Memory, TransportErrorKind};
/// # let clock = Arc::new(posthaste_testkit::VirtualClock::new());
/// # let (near, far) = (Memory::relay(), Memory::relay());
/// let near = Timeout::new(near, Duration::from_secs(60), clock.clone());
/// let transport = Failover::new(near, clock)
///     .then(far)
///     .on([TransportErrorKind::Unreachable, TransportErrorKind::Busy]);
/// ```
/// Wrong: from an own MX to a relay on [`Misconfigured`](TransportErrorKind::Misconfigured): the wrong password or
/// certificate is never seen, and the relay carries everything.
#[derive(Debug)]
pub struct Failover {
    first: Arc<dyn Transport>,
    others: Vec<Arc<dyn Transport>>,
    kinds: Vec<TransportErrorKind>,
    deferred: Deferred,
    clock: Arc<dyn Clock>,
}

/// What a deferral for all recipients means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Deferred {
    Answer,
    GoesOn,
    GoesOnWithoutReply,
}

impl Failover {
    /// Tries this one first.
    pub fn new(first: impl Transport + 'static, clock: Arc<dyn Clock>) -> Self {
        let kinds = vec![TransportErrorKind::Unreachable];
        Self { first: Arc::new(first), others: Vec::new(), kinds, deferred: Deferred::Answer, clock }
    }

    /// Then this one.
    #[must_use]
    pub fn then(mut self, next: impl Transport + 'static) -> Self {
        self.others.push(Arc::new(next));
        self
    }

    /// The same, going on for these kinds of errors and no others. What was withdrawn never goes on.
    #[must_use]
    pub fn on(mut self, kinds: impl IntoIterator<Item = TransportErrorKind>) -> Self {
        self.kinds = kinds.into_iter().filter(|kind| *kind != TransportErrorKind::Withdrawn).collect();
        self
    }

    /// The same, going on too when one deferred all recipients. Greylisting is a deferral: this goes around it, through
    /// a host that is as unknown there.
    #[must_use]
    pub fn on_deferral(mut self) -> Self {
        self.deferred = Deferred::GoesOn;
        self
    }

    /// The same, going on too when all recipients were deferred and no peer said so: no connection was made, or it hung
    /// or broke before the message was complete, or DNS or TLS failed. A transport that tries several hosts, such as an
    /// MX, tells that as outcomes and not as an error. A deferral by a reply stays the answer.
    #[must_use]
    pub fn on_no_reply(mut self) -> Self {
        self.deferred = Deferred::GoesOnWithoutReply;
        self
    }

    fn goes_on(&self, result: &Result<Outcomes, TransportError>) -> bool {
        match result {
            Err(error) => self.kinds.contains(&error.kind()),
            Ok(outcomes) => outcomes.iter().all(|outcome| self.passes_on(outcome)),
        }
    }

    fn passes_on(&self, outcome: &Outcome) -> bool {
        let no_reply = matches!(outcome.cause(), Cause::Dns { .. } | Cause::Network { .. } | Cause::Tls { .. });
        let deferral = match self.deferred {
            Deferred::Answer => false,
            Deferred::GoesOn => true,
            Deferred::GoesOnWithoutReply => no_reply,
        };
        deferral && outcome.kind() == OutcomeKind::Deferred
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl Transport for Failover {
    fn capabilities(&self) -> Capabilities {
        let others = self.others.iter().map(|other| other.capabilities());
        others.fold(self.first.capabilities(), Capabilities::either).not_idempotent()
    }

    async fn deliver(&self, attempt: &Attempt) -> Result<Outcomes, TransportError> {
        let by = self.clock.tick().saturating_add(attempt.timeout());
        let mut so_far = None;
        for (n, transport) in std::iter::once(&self.first).chain(&self.others).enumerate() {
            let left = by.since(self.clock.tick());
            if n > 0 && left.is_zero() {
                break;
            }
            let Some(next) = attempt.next_try() else { break };
            let next = if n == 0 { next.within(left) } else { next.unrouted().within(left) };
            let result = transport.deliver(&next).await;
            let goes_on = self.goes_on(&result);
            if matches!(&result, Err(error) if error.kind() == TransportErrorKind::Withdrawn) {
                return result;
            }
            so_far = Some(better(so_far, result));
            if !goes_on {
                break;
            }
        }
        so_far.unwrap_or_else(|| Err(TransportError::new(TransportErrorKind::Withdrawn, "the attempt is over")))
    }

    async fn route(&self, to: &Domain) -> Result<Route, TransportError> {
        self.first.route(to).await
    }

    async fn close(&self) {
        // One that hangs keeps no other from its goodbye.
        join_all(std::iter::once(&self.first).chain(&self.others).map(|transport| transport.close())).await;
    }
}

type Answer = Result<Outcomes, TransportError>;

fn better(so_far: Option<Answer>, new: Answer) -> Answer {
    match (so_far, new) {
        (None, new) | (_, new @ Ok(_)) => new,
        (Some(Err(old)), Err(new)) => Err(both(&old, &new)),
        (Some(old), Err(_)) => old,
    }
}

/// The first error that time may mend, else the first, with the words of the other one: a wrong password behind a host
/// that is down must be seen.
fn both(old: &TransportError, new: &TransportError) -> TransportError {
    let decides = if !old.is_transient() && new.is_transient() { new } else { old };
    let both = match decides.kind() == old.kind() {
        true => TransportError::new(old.kind(), format_args!("{}; then {new}", old.text())),
        false => TransportError::new(new.kind(), format_args!("{}; before it {old}", new.text())),
    };
    match decides.wait() {
        Some(wait) => both.retry_after(wait),
        None => both,
    }
}
