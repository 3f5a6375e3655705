//! One attempt, from the lease to the settlement.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use posthaste_queue::{Batch, Begin, Begun, Progression, Refusal, Settled, Settlement, Window};
use posthaste_suppression::{Ask, Entry, Verdict, decide};
use posthaste_transport::{Attempt, AttemptKey, Outcomes, Route, TransportError, TransportErrorKind};
use posthaste_types::{Address, Cause, Envelope, EventKind, Fate, NetworkFault, Text, Timestamp};

use crate::accept::suppressed;
use crate::cancel::WITHDRAWN;
use crate::dispatch::SPOOL_WAIT;
use crate::guarded::{Panicked, catching};
use crate::in_flight::InFlight;
use crate::inner::{Engine, ListPlace};
use crate::lease::Lease;
use crate::settings::Gate;
use crate::traces;
use crate::way::Way;

impl Engine {
    /// Tries a batch: takes the lease, passes the last gates, delivers, settles.
    pub(crate) async fn try_batch(&self, batch: &Batch) {
        let now = self.now();
        let list_changes = self.dispatch().list_changes;
        let wanted = Begin::new(batch.mail, batch.recipients.clone(), now, self.lease_until(now));
        let begun = match self.spool.begin(&self.settings.node, vec![wanted]).await {
            Ok(begun) => begun,
            // Nothing was begun: what is due stays due, and is read again.
            Err(_) => return self.dispatch().look_at(now.saturating_add(SPOOL_WAIT)),
        };
        for Begun { granted, refused, .. } in begun {
            self.settle_refused(batch, &refused, now).await;
            let Some(granted) = granted else { continue };
            let lease = Lease::new(granted, now, batch.repeat);
            let list = self.enter(batch, &lease, list_changes);
            self.try_granted(batch, lease, list).await;
        }
    }

    /// Until when a lease lasts that is taken at `now`: longer than the attempt, also if the time of schedules
    /// drifts by an eighth.
    pub(crate) fn lease_until(&self, now: Timestamp) -> Timestamp {
        let timeout = self.settings.attempt_timeout;
        now.saturating_add(timeout).saturating_add(timeout / 8).saturating_add(LEASE_MARGIN)
    }

    /// What the list forbids ends here; what another attempt has, or what is gone, is no business of ours.
    async fn settle_refused(&self, batch: &Batch, refused: &[(u32, Refusal)], now: Timestamp) {
        if refused.iter().any(|(_, refusal)| *refusal == Refusal::Damaged) {
            // The spool has set it apart, and told its log.
            self.waiters.wake(batch.mail);
            self.event_bell.notify_waiters();
        }
        let entries = refused.iter().filter_map(|(place, refusal)| match refusal {
            Refusal::Suppressed(entry) => Some((*place, &**entry)),
            _ => None,
        });
        let entries: Vec<_> = entries.collect();
        if entries.is_empty() {
            return;
        }
        let Ok(Some(tracked)) = self.tracked(batch.mail).await else { return };
        let settlement = |(place, entry): (u32, &Entry)| {
            let to = tracked.recipients.get(usize::try_from(place).ok()?)?;
            let ending = suppressed(entry, tracked.accepted, now, to.state.attempts);
            let kind = EventKind::Ended { ending: ending.clone() };
            let mut settlement = Settlement::new(batch.mail, place, None, Settled::Ended(ending));
            settlement.events = vec![self.event(batch.mail, Some(&to.address), &tracked.meta, self.clock.wall(), kind)];
            Some(settlement)
        };
        self.settle_surely(entries.into_iter().filter_map(settlement).collect()).await;
    }

    /// Makes a lease known, so that an entry of the suppression list that is put from now on withdraws it. `begin`
    /// asked the list before; what was put between these two is asked for again.
    fn enter(&self, batch: &Batch, lease: &Lease, list_changes: u64) -> List {
        let mut dispatch = self.dispatch();
        dispatch.in_flight.insert(batch.id, InFlight::new(batch.mail, lease.addresses().cloned().collect()));
        let asked = self.list == ListPlace::InSpool && dispatch.list_changes == list_changes;
        if asked { List::Asked } else { List::Unasked }
    }

    async fn try_granted(&self, batch: &Batch, lease: Lease, list: List) {
        let Some((lease, redirect)) = self.pass_gates(batch, lease, list).await else { return };
        match self.way(batch, &lease, redirect.as_ref()).await {
            Ok(Way::Known(route)) => self.go(batch, lease, &route, redirect.as_ref()).await,
            Ok(Way::Asked(route)) => {
                // That took its time: a list that others add to is asked last of all.
                let Some(lease) = self.ask_list(lease).await else { return };
                self.go(batch, lease, &route, redirect.as_ref()).await;
            }
            Ok(Way::Parted) => {
                let next = self.now().saturating_add(PARTED_WAIT);
                self.settle_unmade(&lease, &Cause::local("its route has changed"), next).await;
            }
            Err(error) => self.settle_result(&lease, batch, Err(error), redirect.as_ref()).await,
        }
    }

    async fn go(&self, batch: &Batch, mut lease: Lease, route: &Route, redirect: Option<&Address>) {
        lease.provider = self.provider(route).filter(|_| redirect.is_none());
        let result = self.deliver(batch, &mut lease, route, redirect).await;
        self.settle_result(&lease, batch, result, redirect).await;
    }

    /// The last gates before the transport: the time, the suppression list where it is kept apart, then the audience.
    async fn pass_gates(&self, batch: &Batch, lease: Lease, list: List) -> Option<(Lease, Option<Address>)> {
        let window = Window::new(lease.granted.accepted, lease.granted.expires, lease.at);
        if window.is_over() {
            self.settle_expired(&lease, window).await;
            return None;
        }
        let lease = match list {
            List::Asked => lease,
            List::Unasked => self.ask_list(lease).await?,
        };
        if self.dispatch().is_cancelled(batch.mail) {
            self.end_unmade(&lease, Fate::Cancelled, WITHDRAWN).await;
            return None;
        }
        let mut redirect = None;
        let mut withheld = Vec::new();
        for to in lease.addresses() {
            match self.audience.gate(to) {
                Gate::Pass => withheld.push(None),
                Gate::Withhold(why) => withheld.push(Some(why)),
                Gate::Redirect(stand_in) => {
                    redirect = Some(stand_in);
                    withheld.push(None);
                }
            }
        }
        let (lease, out) = lease.split(|place| withheld.get(place).copied().flatten().is_none());
        if let Some(out) = out {
            let why = withheld.iter().flatten().next().copied().unwrap_or_default();
            self.end_unmade(&out, Fate::Withheld, why).await;
        }
        lease.map(|lease| (lease, redirect))
    }

    /// Ends what waited past its time: it is not tried, however long it was held up.
    async fn settle_expired(&self, lease: &Lease, window: Window) {
        let done = lease.each(|_, state, _| {
            let untried = state.last.is_none().then(|| Cause::local("its time was over before the first attempt"));
            let mut ending = Progression::expired(state, window, untried);
            ending.attempts = ending.attempts.saturating_sub(1); // this one is not made
            Some(Settled::Ended(ending))
        });
        self.settle_lease(lease, done).await;
    }

    async fn ask_list(&self, lease: Lease) -> Option<Lease> {
        let wall = self.clock.wall();
        let asks: Vec<Ask> = lease.addresses().map(|to| lease.granted.meta.ask(to, wall)).collect();
        let Some(found) = self.listed(&asks).await else {
            let next = lease.at.saturating_add(self.settings.hold);
            self.settle_unmade(&lease, &Cause::local("the suppression store does not answer"), next).await;
            return None;
        };
        let verdict = |(ask, entries): (&Ask, &Vec<Entry>)| match decide(ask, entries) {
            Verdict::Allowed => None,
            Verdict::Suppressed(entry) => Some(entry),
        };
        let entries: Vec<Option<Box<Entry>>> = asks.iter().zip(&found).map(verdict).collect();
        let (lease, out) = lease.split(|place| entries.get(place).is_some_and(Option::is_none));
        if let Some(out) = out {
            let mut entries = entries.iter().flatten();
            let done = out.each(|_, state, _| {
                let entry = entries.next()?;
                let attempts = state.attempts.saturating_sub(1); // this one is not made
                Some(Settled::Ended(suppressed(entry, out.granted.accepted, out.at, attempts)))
            });
            self.settle_lease(&out, done).await;
        }
        lease
    }

    /// Gives the attempt to the transport, within its time.
    async fn deliver(
        &self,
        batch: &Batch,
        lease: &mut Lease,
        route: &Route,
        redirect: Option<&Address>,
    ) -> Result<Outcomes, TransportError> {
        let attempt = self.attempt(lease, route, redirect)?;
        if let Some(outcome) = route.outcome() {
            return Ok(Outcomes::all(&attempt, outcome.clone()));
        }
        {
            let mut dispatch = self.dispatch();
            let stays = !dispatch.is_cancelled(batch.mail) && !self.stopping.load(Ordering::Acquire);
            let given = dispatch.in_flight.get_mut(&batch.id).is_some_and(|in_flight| in_flight.give(&attempt));
            if !(stays && given) {
                return Err(TransportError::new(TransportErrorKind::Withdrawn, "withdrawn or stopped"));
            }
        }
        let mut grace_over = self.grace_over.subscribe();
        let until = self.clock.tick().saturating_add(self.settings.attempt_timeout);
        let result = tokio::select! {
            biased;
            result = catching(async {
                let attempt = self.traced(&attempt, lease);
                self.transport.deliver(&attempt).await
            }) => {
                result.unwrap_or_else(|Panicked| Ok(attempt.give_up(Cause::local("the transport panicked"))))
            }
            () = self.clock.sleep_until(until) => {
                let cause = Cause::network(NetworkFault::TimedOut, "the attempt ran out of time");
                Ok(attempt.give_up(cause))
            }
            _ = grace_over.wait_for(|over| *over) => Ok(attempt.give_up(Cause::local("the Mailer stopped"))),
        };
        let passages = attempt.passages();
        let last = passages.iter().skip(passages.len().saturating_sub(MAX_PASSAGES));
        lease.passages = last.map(Text::lossy).collect();
        result
    }

    fn attempt(&self, lease: &Lease, route: &Route, redirect: Option<&Address>) -> Result<Attempt, TransportError> {
        let mut mail = lease.granted.mail.clone();
        if let Some(stand_in) = redirect {
            // Without an envelope to the stand-in there is no attempt: never one to the recipients.
            let (from, require_tls) = (mail.envelope().from().clone(), mail.envelope().require_tls());
            let envelope = Envelope::new(from, [stand_in]).map_err(TransportError::internal)?;
            mail = mail.with_envelope(envelope.with_require_tls(require_tls));
        }
        let generation = lease.granted.recipients.first().map_or(0, |(_, state)| state.generation);
        let key = AttemptKey::new(&mail, generation.saturating_add(1));
        let attempt = Attempt::builder(mail)
            .key(key)
            .timeout(self.settings.attempt_timeout)
            .source(self.source.clone())
            .route(route.clone())
            .tls_policy(self.tls_policy)
            .tags(lease.granted.meta.tags.clone())
            .repeat(lease.repeat)
            .progress(self.transport.capabilities().progress())
            .awaits_record();
        Ok(attempt.build())
    }

    /// The attempt with the sink of its dialogue, if it has one.
    fn traced(&self, attempt: &Attempt, lease: &Lease) -> Attempt {
        let Some(sink) = self.traces.sink(lease) else { return attempt.clone() };
        let token = attempt.mail().envelope().from().address().filter(|from| self.is_return_path(from));
        let attempt = attempt.traced(match token {
            Some(from) => Arc::new(traces::WithoutToken::new(sink, from)),
            None => sink,
        });
        let number = lease.granted.recipients.iter().map(|(_, state)| state.attempts).max().unwrap_or(1);
        traces::head(&attempt, number);
        attempt
    }

    async fn settle_result(
        &self,
        lease: &Lease,
        batch: &Batch,
        result: Result<Outcomes, TransportError>,
        redirect: Option<&Address>,
    ) {
        match result {
            Ok(outcomes) => match redirect {
                None => self.settle_outcomes(lease, outcomes.into_vec()).await,
                Some(stand_in) => self.settle_redirected(lease, stand_in, &outcomes.into_vec()).await,
            },
            Err(error) => self.settle_error(lease, batch, &error).await,
        }
    }
}

/// Whether the suppression list has been asked for a lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum List {
    Asked,
    Unasked,
}

/// So many connections of an attempt are told in its events, the last ones.
const MAX_PASSAGES: usize = 8;
/// A lease lasts this much longer than its attempt may take.
const LEASE_MARGIN: Duration = Duration::from_secs(300);
/// How long recipients wait whose ways have parted: they are taken in again, each by its own route.
const PARTED_WAIT: Duration = Duration::from_secs(1);
