//! What an attempt came to, written down in one transaction.

use std::time::Duration;

use posthaste_queue::{Batch, Progression, RecipientState, Settled, Settlement, SpoolError, Tracked, Window};
use posthaste_suppression::What;
use posthaste_transport::{Finality, TransportError, TransportErrorKind};
use posthaste_types::{
    Address, Cause, Ending, Event, EventKind, Evidence, EvidenceSource, Fate, MailId, NetworkFault, Outcome,
    OutcomeKind, ProviderId, Timestamp,
};

use crate::cancel::WITHDRAWN;
use crate::dispatch::SPOOL_WAIT;
use crate::inner::{Engine, ListPlace};
use crate::judge::consequence;
use crate::lease::Lease;

impl Engine {
    /// Settles what the transport answered.
    pub(crate) async fn settle_outcomes(&self, lease: &Lease, outcomes: Vec<Outcome>) {
        let now = self.now();
        let accepted_as = match self.transport.capabilities().finality() {
            Finality::Delivered => Fate::Delivered,
            Finality::Relayed => Fate::Relayed,
        };
        let window = Window::new(lease.granted.accepted, lease.granted.expires, now);
        // One draw for all: recipients in doubt must meet again in one attempt.
        let chance = self.chance();
        let missing = no_outcome();
        let done = lease.each(|i, state, _| {
            let outcome = outcomes.get(i).unwrap_or(&missing);
            let schedule = self.schedule(&lease.granted.meta.stream);
            let progression = Progression::of(state, outcome, accepted_as, window, schedule, chance);
            Some(match progression {
                Progression::Retry(next) => Settled::Retry { outcome: outcome.clone(), next },
                Progression::End(ending) => Settled::Ended(ending),
                _ => Settled::Retry { outcome: outcome.clone(), next: lease.granted.expires },
            })
        });
        self.settle_lease(lease, done).await;
    }

    /// Settles a fault of ours: nobody is bounced for it.
    pub(crate) async fn settle_error(&self, lease: &Lease, batch: &Batch, error: &TransportError) {
        let now = self.now();
        match error.kind() {
            TransportErrorKind::Withdrawn if self.dispatch().is_cancelled(batch.mail) => {
                self.end_unmade(lease, Fate::Cancelled, WITHDRAWN).await;
            }
            TransportErrorKind::Withdrawn => {
                let next = now.saturating_add(WITHDRAWN_WAIT);
                self.settle_unmade(lease, &Cause::local("withdrawn"), next).await;
            }
            // The peer is well, and so are we: no reason to hold the route, or to tell anybody.
            TransportErrorKind::Busy => {
                let wait = error.wait().unwrap_or_default().clamp(BUSY_WAIT, LONGEST_BUSY_WAIT);
                self.settle_unmade(lease, &Cause::local(error), now.saturating_add(wait)).await;
            }
            TransportErrorKind::Unreachable => {
                let outcome = Outcome::deferred(Cause::network(NetworkFault::Unreachable, error.text()));
                self.settle_outcomes(lease, vec![outcome; lease.granted.recipients.len()]).await;
            }
            // Perhaps this mail's own: it waits by the schedule, and holds up nobody else.
            TransportErrorKind::Internal => {
                let attempts = lease.granted.recipients.iter().map(|(_, state)| state.attempts).max().unwrap_or(1);
                let wait = self.schedule(&lease.granted.meta.stream).delay(attempts.saturating_sub(1), self.chance());
                let next = now.saturating_add(wait.max(self.settings.hold));
                self.settle_unmade(lease, &Cause::local(error), next).await;
            }
            _ => {
                let next = now.saturating_add(self.settings.hold);
                let event = EventKind::RouteHeld { why: posthaste_types::Text::lossy(error), until: next };
                let event = self.event(batch.mail, None, &lease.granted.meta, self.clock.wall(), event);
                let until = self.clock.tick().saturating_add(self.settings.hold);
                self.dispatch().scheduler.hold(&batch.site, until, posthaste_types::Text::lossy(error));
                if self.spool.record(vec![event.clone()]).await.is_ok() {
                    self.publish(vec![event]);
                }
                self.settle_unmade(lease, &Cause::local(error), next).await;
            }
        }
    }

    /// The recipients wait again; the attempt does not count. What is past its time ends.
    pub(crate) async fn settle_unmade(&self, lease: &Lease, cause: &Cause, next: Timestamp) {
        let window = Window::new(lease.granted.accepted, lease.granted.expires, self.now());
        let done = lease.each(|_, state, _| {
            Some(if next > lease.granted.expires {
                let mut ending = Progression::expired(state, window, Some(cause.clone()));
                ending.attempts = ending.attempts.saturating_sub(1); // it does not count
                Settled::Ended(ending)
            } else {
                Settled::Unmade { cause: cause.clone(), next }
            })
        });
        self.settle_lease(lease, done).await;
    }

    /// Ends all recipients of a lease alike; their attempt was not made.
    pub(crate) async fn end_unmade(&self, lease: &Lease, fate: Fate, why: &str) {
        self.end_all(lease, fate, why, 1).await;
    }

    async fn end_all(&self, lease: &Lease, fate: Fate, why: &str, unmade: u32) {
        let now = self.now();
        let done = lease.each(|_, state, _| {
            let attempts = state.attempts.saturating_sub(unmade);
            let mut ending = Ending::new(fate, now, now.since(lease.granted.accepted), attempts);
            ending.evidence = vec![Evidence::new(EvidenceSource::Rule, why)];
            Some(Settled::Ended(ending))
        });
        self.settle_lease(lease, done).await;
    }

    /// Settles what the stand-in of a redirected audience answered: it never touches the recipient.
    pub(crate) async fn settle_redirected(&self, lease: &Lease, stand_in: &Address, outcomes: &[Outcome]) {
        let outcome = outcomes.first().cloned().unwrap_or_else(no_outcome);
        if matches!(outcome.kind(), OutcomeKind::Deferred | OutcomeKind::InDoubt) {
            self.settle_outcomes(lease, vec![outcome; lease.granted.recipients.len()]).await;
        } else {
            let why = format!("redirected to {stand_in}: {outcome}");
            self.end_all(lease, Fate::Withheld, &why, 0).await;
        }
    }

    /// Writes results of a lease down, with their events and consequences.
    pub(crate) async fn settle_lease(&self, lease: &Lease, done: Vec<(usize, Settled)>) {
        let settlements = done.into_iter().filter_map(|(i, settled)| {
            let (place, state) = lease.granted.recipients.get(i)?;
            let to = &lease.granted.mail.envelope().to().get(i)?.address;
            Some(self.settlement(lease, (*place, state), to, settled))
        });
        self.settle_surely(settlements.collect()).await;
    }

    fn settlement(
        &self,
        lease: &Lease,
        (place, state): (u32, &RecipientState),
        to: &Address,
        settled: Settled,
    ) -> Settlement {
        let id = lease.granted.mail.id();
        let wall = self.clock.wall();
        let event = |kind| {
            let mut event = self.event(id, Some(to), &lease.granted.meta, wall, kind);
            event.provider.clone_from(&lease.provider);
            event
        };
        let over = |kind| {
            let mut event = event(kind);
            event.passages.clone_from(&lease.passages);
            event
        };
        let mut events = Vec::new();
        let mut suppress = Vec::new();
        let attempted = EventKind::Attempted { number: state.attempts, repeat: lease.repeat };
        let settled = match settled {
            Settled::Ended(ending) => {
                if ending.cause.is_some() && ending.attempts == state.attempts {
                    events.push(event(attempted));
                }
                let (ending, entry) = self.judged(to, ending, lease.provider.as_ref(), wall);
                events.push(over(EventKind::Ended { ending: ending.clone() }));
                if let Some(entry) = entry {
                    let class = ending.class.unwrap_or(posthaste_types::BounceClass::Unknown);
                    events.push(event(EventKind::SuppressionAdded { class, evidence: entry.evidence.clone() }));
                    suppress.push(entry);
                }
                Settled::Ended(ending)
            }
            Settled::Retry { outcome, next } => {
                events.push(event(attempted));
                let kind = match outcome.kind() {
                    OutcomeKind::InDoubt => EventKind::InDoubt { outcome: outcome.clone(), next },
                    _ => {
                        let verdict = self.judge(outcome.cause(), lease.provider.as_ref());
                        let mut evidence = verdict.evidence();
                        // The words stand in the outcome.
                        evidence.retain(|evidence| evidence.source != EvidenceSource::Reply);
                        EventKind::Deferred { outcome: outcome.clone(), class: verdict.class, evidence, next }
                    }
                };
                events.push(over(kind));
                Settled::Retry { outcome, next }
            }
            other => other,
        };
        let mut settlement = Settlement::new(id, place, Some(state.attempts), settled);
        settlement.events = events;
        settlement.suppress = suppress;
        settlement
    }

    /// Adds the class of a failure and its evidence to an ending, and says what follows from it.
    fn judged(
        &self,
        to: &Address,
        mut ending: Ending,
        provider: Option<&ProviderId>,
        at: Timestamp,
    ) -> (Ending, Option<posthaste_suppression::Entry>) {
        let Some(cause) = &ending.cause else { return (ending, None) };
        if !matches!(ending.fate, Fate::Bounced | Fate::Expired) {
            return (ending, None);
        }
        let verdict = self.judge(cause, provider);
        let entry = match ending.fate {
            Fate::Bounced => consequence(to, &verdict, Some(cause), at),
            _ => None,
        };
        ending.class = Some(verdict.class);
        ending.evidence.extend(verdict.evidence());
        (ending, entry)
    }

    /// Commits settlements, also if the disk is full for a while: an answer that is not written down costs a second
    /// copy. A spool that fails for good keeps the lease: what was begun is in doubt when it is opened again.
    pub(crate) async fn settle_surely(&self, done: Vec<Settlement>) {
        let mut grace_over = self.grace_over.subscribe();
        while let Err(error) = self.settle(done.clone()).await {
            if !error.is_transient() {
                return;
            }
            let until = self.clock.tick().saturating_add(SPOOL_WAIT);
            tokio::select! {
                biased;
                () = self.clock.sleep_until(until) => {}
                _ = grace_over.wait_for(|over| *over) => return,
            }
        }
    }

    /// Commits settlements and tells of them.
    pub(crate) async fn settle(&self, mut done: Vec<Settlement>) -> Result<(), SpoolError> {
        if done.is_empty() {
            return Ok(());
        }
        if self.list == ListPlace::Apart {
            for one in &mut done {
                self.suppress_apart(one).await;
            }
        }
        let suppressed: Vec<What> = done.iter().flat_map(|one| &one.suppress).map(|entry| entry.what.clone()).collect();
        let events: Vec<Event> = done.iter().flat_map(|one| one.events.clone()).collect();
        let next = done.iter().filter_map(|one| match &one.settled {
            Settled::Retry { next, .. } | Settled::Unmade { next, .. } => Some(*next),
            _ => None,
        });
        let next = next.min();
        self.spool.settle(done).await?;
        for what in suppressed {
            self.withdraw_suppressed(&what);
        }
        if let Some(next) = next {
            self.dispatch().look_at(next);
        }
        self.publish(events);
        Ok(())
    }

    /// What is known of a mail.
    pub(crate) async fn tracked(&self, mail: MailId) -> Result<Option<Tracked>, SpoolError> {
        Ok(self.spool.find(&posthaste_queue::Query::mail(mail)).await?.pop())
    }
}

/// What a recipient gets for whom a transport returned nothing: perhaps it was sent.
fn no_outcome() -> Outcome {
    Outcome::in_doubt(Cause::local("the transport gave no outcome"))
}

/// How long a recipient waits whose attempt was withdrawn before it began.
const WITHDRAWN_WAIT: Duration = Duration::from_secs(1);
/// How long a recipient waits for whom no connection was free.
const BUSY_WAIT: Duration = Duration::from_secs(5);
/// And how long at the most, whatever the transport says.
const LONGEST_BUSY_WAIT: Duration = Duration::from_secs(3600);
