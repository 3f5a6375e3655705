//! Withdrawing a mail.
//!
//! A recipient of a withdrawn mail is ended by exactly one side: by the attempt that it is in, when that is over, else
//! by the call that withdraws. Which of the two is decided under the lock of the dispatch, and no attempt for the mail
//! is begun until both are through.

use std::collections::HashSet;

use posthaste_queue::{Batch, BatchId, Settled, Settlement, SpoolError, Tracked};
use posthaste_types::{Ending, EventKind, Evidence, EvidenceSource, Fate, MailId};

use crate::dispatch::Dispatch;
use crate::in_flight::InFlight;
use crate::inner::Engine;

/// What is known of a mail that is being withdrawn.
#[derive(Debug, Default)]
pub(crate) struct Cancelling {
    /// Calls that are not through.
    calls: usize,
    /// Whether a recipient came by meanwhile, and was not taken in.
    passed_by: bool,
}

impl Dispatch {
    pub(crate) fn is_cancelled(&self, mail: MailId) -> bool {
        self.cancelled.contains_key(&mail)
    }

    /// Whether a recipient that is due is left out, because its mail is being withdrawn.
    pub(crate) fn passes_by(&mut self, mail: MailId) -> bool {
        match self.cancelled.get_mut(&mail) {
            Some(cancelling) => {
                cancelling.passed_by = true;
                true
            }
            None => false,
        }
    }

    /// Frees the place of a batch, and gives the attempt that was in it. Nothing is done if the batch's mail was
    /// withdrawn meanwhile and `swept` does not say that its recipients have been ended.
    pub(crate) fn finish(&mut self, batch: BatchId, mail: MailId, swept: Swept) -> Finished {
        if swept == Swept::No && self.is_cancelled(mail) {
            return Finished::No;
        }
        let in_flight = self.in_flight.remove(&batch);
        self.scheduler.done(batch);
        self.forget_cancelled(mail);
        Finished::Yes(in_flight)
    }

    /// Forgets that a mail was withdrawn, once nobody is at it: the spool knows it as ended, or else it is due again.
    pub(crate) fn forget_cancelled(&mut self, mail: MailId) {
        if self.scheduler.in_flight(mail) > 0 {
            return;
        }
        if self.cancelled.get(&mail).is_some_and(|cancelling| cancelling.calls == 0)
            && self.cancelled.remove(&mail).is_some_and(|cancelling| cancelling.passed_by)
        {
            self.look_again();
        }
    }

    fn withdraw(&mut self, mail: MailId) -> HashSet<u32> {
        self.cancelled.entry(mail).or_default().calls += 1;
        self.forget(mail);
        self.in_flight.values_mut().filter(|in_flight| in_flight.mail == mail).for_each(InFlight::withdraw);
        self.scheduler.under_way_of(mail)
    }
}

/// Whether the place of a batch is free, and what was in it.
#[derive(Debug)]
pub(crate) enum Finished {
    Yes(Option<InFlight>),
    No,
}

/// Whether the recipients of a batch have been ended behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Swept {
    Yes,
    No,
}

/// A call that withdraws, until it is dropped.
struct Call<'a> {
    engine: &'a Engine,
    mail: MailId,
}

impl Drop for Call<'_> {
    fn drop(&mut self) {
        {
            let mut dispatch = self.engine.dispatch();
            if let Some(cancelling) = dispatch.cancelled.get_mut(&self.mail) {
                cancelling.calls -= 1;
            }
            dispatch.forget_cancelled(self.mail);
        }
        self.engine.wake.notify_one();
    }
}

impl Engine {
    /// Ends the recipients of a mail that wait; those that an attempt has are ended by it.
    pub(crate) async fn cancel(&self, mail: MailId) -> Result<(), SpoolError> {
        let under_way = self.dispatch().withdraw(mail);
        let _call = Call { engine: self, mail };
        if !under_way.is_empty() {
            // Those whom an attempt has end behind it; if this process does not, the next one knows.
            self.spool.withdraw(mail).await?;
        }
        let Some(tracked) = self.tracked(mail).await? else { return Ok(()) };
        let waits = |place: &u32| !under_way.contains(place);
        self.settle(self.cancelled(&tracked, (0..).take(tracked.recipients.len()).filter(waits))).await
    }

    /// Ends the recipients of a batch that wait again behind it, for a mail that was withdrawn meanwhile.
    pub(crate) async fn sweep(&self, batch: &Batch) {
        if let Ok(Some(tracked)) = self.tracked(batch.mail).await {
            self.settle_surely(self.cancelled(&tracked, batch.recipients.iter().copied())).await;
        }
    }

    pub(crate) fn cancelled(&self, tracked: &Tracked, places: impl Iterator<Item = u32>) -> Vec<Settlement> {
        let (now, wall) = (self.now(), self.clock.wall());
        let settlement = |place: u32| {
            let recipient = tracked.recipients.get(usize::try_from(place).ok()?)?;
            if recipient.ending.is_some() {
                return None;
            }
            // In flight and not under way: a lease that nobody will settle, because the spool did not take that.
            let attempt = recipient.in_flight.then_some(recipient.state.attempts);
            let mut ending = Ending::new(Fate::Cancelled, now, now.since(tracked.accepted), recipient.state.attempts);
            ending.evidence = vec![Evidence::new(EvidenceSource::Rule, WITHDRAWN)];
            let kind = EventKind::Ended { ending: ending.clone() };
            let mut settlement = Settlement::new(tracked.id, place, attempt, Settled::Ended(ending));
            settlement.events = vec![self.event(tracked.id, Some(&recipient.address), &tracked.meta, wall, kind)];
            Some(settlement)
        };
        places.filter_map(settlement).collect()
    }
}

/// Why a recipient ended cancelled.
pub(crate) const WITHDRAWN: &str = "the application withdrew it";
