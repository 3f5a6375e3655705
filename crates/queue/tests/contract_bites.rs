//! The contract suite finds a spool that breaks it.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use async_trait::async_trait;
use posthaste_queue::contract::{self, Opened, SpoolFixture};
use posthaste_queue::{
    Admission, Begin, Begun, Due, DueCursor, MemorySpool, NewMail, Orphan, Query, Settled, Settlement, Spool,
    SpoolError, Tracked, Waiting,
};
use posthaste_suppression::SuppressionStore;
use posthaste_types::{Event, EventId, NodeId, Timestamp};

/// What a spool does wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    None,
    AdmitsWithoutKeys,
    ForgetsTenantOfKeys,
    AdmitsTwice,
    GivesDueTwice,
    IgnoresPriority,
    IgnoresCursor,
    GivesLeased,
    TellsPastTimes,
    GrantsEarly,
    KeepsNoLease,
    DropsSecondRecipient,
    ForgetsEvents,
    SettlesStale,
    RepeatsEvents,
    EndsTwice,
    IgnoresDoubt,
    OldestFirst,
    FindsAnyTag,
    FindsAllWaiting,
    ChangesSecrets,
    ForgetsWaiting,
    AnswersWhenClosed,
    HidesOrphans,
    ForgetsWithdrawals,
}

/// A spool that does one thing wrong, on one that does everything right.
#[derive(Debug)]
struct Faulty {
    inner: Arc<MemorySpool>,
    fault: Fault,
    calls: AtomicU32,
}

impl Faulty {
    fn is(&self, fault: Fault) -> bool {
        self.fault == fault
    }
}

#[async_trait]
impl Spool for Faulty {
    async fn admit(&self, mut mails: Vec<NewMail>) -> Result<Vec<Admission>, SpoolError> {
        for new in &mut mails {
            match self.fault {
                Fault::AdmitsWithoutKeys => new.once = None,
                Fault::ForgetsTenantOfKeys if new.once.is_some() => new.meta.tenant = None,
                Fault::AdmitsTwice if new.once.is_none() => {
                    let n = self.calls.fetch_add(1, Ordering::Relaxed);
                    let mut id = new.mail.id().to_bytes();
                    id[8..12].copy_from_slice(&n.to_be_bytes());
                    let id = posthaste_types::MailId::from_bytes(id);
                    let mail = posthaste_types::Mail::new(id, new.mail.envelope().clone(), new.mail.content().clone());
                    new.mail = mail.with_message_id(new.mail.message_id().cloned());
                }
                Fault::ForgetsEvents => new.events.clear(),
                _ => {}
            }
        }
        self.inner.admit(mails).await
    }

    async fn due(&self, until: Timestamp, after: Option<DueCursor>, limit: usize) -> Result<Vec<Due>, SpoolError> {
        let after = after.filter(|_| !self.is(Fault::IgnoresCursor));
        let mut due = self.inner.due(until, after, limit).await?;
        match self.fault {
            Fault::GivesDueTwice => due.extend(due.first().cloned()),
            Fault::IgnoresPriority => due.sort_by_key(|due| (due.at, due.mail, due.recipient)),
            Fault::GivesLeased if after.is_none() => {
                let later = until.saturating_add(std::time::Duration::from_secs(600));
                return self.inner.due(later, None, limit).await;
            }
            _ => {}
        }
        Ok(due)
    }

    async fn next_due(&self, after: Timestamp) -> Result<Option<Timestamp>, SpoolError> {
        let after = if self.is(Fault::TellsPastTimes) { Timestamp::default() } else { after };
        self.inner.next_due(after).await
    }

    async fn begin(&self, node: &NodeId, mut wanted: Vec<Begin>) -> Result<Vec<Begun>, SpoolError> {
        for begin in &mut wanted {
            match self.fault {
                Fault::GrantsEarly => begin.at = begin.at.max(Timestamp::from_unix_secs(1_800_000_100)),
                Fault::KeepsNoLease => begin.lease_until = begin.at,
                _ => {}
            }
        }
        let mut begun = self.inner.begin(node, wanted).await?;
        if self.is(Fault::DropsSecondRecipient) {
            for granted in begun.iter_mut().filter_map(|begun| begun.granted.as_mut()) {
                granted.recipients.truncate(1);
            }
        }
        Ok(begun)
    }

    async fn settle(&self, done: Vec<Settlement>) -> Result<(), SpoolError> {
        if done.is_empty() {
            return self.inner.settle(done).await;
        }
        for mut one in done {
            let tracked = Spool::find(&*self.inner, &Query::mail(one.mail)).await?.pop();
            let to = tracked.and_then(|tracked| tracked.recipients.into_iter().nth(one.recipient as usize));
            match (self.fault, &to) {
                (Fault::SettlesStale, Some(to)) if to.in_flight && one.attempt.is_some() => {
                    one.attempt = Some(to.state.attempts)
                }
                (Fault::RepeatsEvents, Some(to)) if !to.in_flight => self.inner.record(one.events.clone()).await?,
                (Fault::EndsTwice, Some(to)) if to.ending.is_some() => self.inner.record(one.events.clone()).await?,
                (Fault::IgnoresDoubt, _) => {
                    if let Settled::Retry { next, .. } = one.settled {
                        let cause = posthaste_types::Cause::local("forgotten");
                        one.settled = Settled::Unmade { cause, next };
                    }
                }
                _ => {}
            }
            self.inner.settle(vec![one]).await?;
        }
        Ok(())
    }

    async fn orphans(&self, node: &NodeId) -> Result<Vec<Orphan>, SpoolError> {
        let orphans = self.inner.orphans(node).await?;
        Ok(if self.is(Fault::HidesOrphans) { Vec::new() } else { orphans })
    }

    async fn withdraw(&self, mail: posthaste_types::MailId) -> Result<(), SpoolError> {
        if self.is(Fault::ForgetsWithdrawals) { Ok(()) } else { self.inner.withdraw(mail).await }
    }

    async fn withdrawn(&self) -> Result<Vec<posthaste_types::MailId>, SpoolError> {
        self.inner.withdrawn().await
    }

    async fn record(&self, events: Vec<Event>) -> Result<(), SpoolError> {
        self.inner.record(events).await
    }

    async fn events(&self, after: EventId, limit: usize) -> Result<Vec<Event>, SpoolError> {
        self.inner.events(after, limit).await
    }

    async fn find(&self, query: &Query) -> Result<Vec<Tracked>, SpoolError> {
        let mut query = query.clone();
        match self.fault {
            Fault::FindsAnyTag => query.tag = None,
            Fault::FindsAllWaiting => query.waiting = Waiting::Any,
            _ => {}
        }
        let mut found = Spool::find(&*self.inner, &query).await?;
        if self.is(Fault::OldestFirst) {
            found.reverse();
        }
        Ok(found)
    }

    async fn secret(&self, name: &str, candidate: [u8; 32]) -> Result<[u8; 32], SpoolError> {
        let kept = self.inner.secret(name, candidate).await?;
        Ok(if self.is(Fault::ChangesSecrets) { candidate } else { kept })
    }

    async fn forget(&self, before: Timestamp, limit: usize) -> Result<usize, SpoolError> {
        let before = if self.is(Fault::ForgetsWaiting) { Timestamp::from_unix_secs(i64::MAX) } else { before };
        self.inner.forget(before, limit).await
    }

    async fn close(&self) -> Result<(), SpoolError> {
        if self.is(Fault::AnswersWhenClosed) { Ok(()) } else { self.inner.close().await }
    }
}

struct Fixture(Fault);

#[async_trait]
impl SpoolFixture for Fixture {
    async fn fresh(&self) -> Opened {
        let inner = Arc::new(MemorySpool::new());
        let list: Arc<dyn SuppressionStore> = inner.clone();
        let mut opened = Opened::new(Arc::new(Faulty { inner, fault: self.0, calls: AtomicU32::new(0) }));
        opened.list = Some(list);
        opened
    }
}

fn found(fault: Fault) -> bool {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let run = || runtime.block_on(contract::check(&Fixture(fault)));
    std::panic::catch_unwind(AssertUnwindSafe(run)).is_err()
}

#[test]
fn every_fault_is_found() {
    let faults = [
        Fault::AdmitsWithoutKeys,
        Fault::ForgetsTenantOfKeys,
        Fault::AdmitsTwice,
        Fault::GivesDueTwice,
        Fault::IgnoresPriority,
        Fault::IgnoresCursor,
        Fault::GivesLeased,
        Fault::TellsPastTimes,
        Fault::GrantsEarly,
        Fault::KeepsNoLease,
        Fault::DropsSecondRecipient,
        Fault::ForgetsEvents,
        Fault::SettlesStale,
        Fault::RepeatsEvents,
        Fault::EndsTwice,
        Fault::IgnoresDoubt,
        Fault::OldestFirst,
        Fault::FindsAnyTag,
        Fault::FindsAllWaiting,
        Fault::ChangesSecrets,
        Fault::ForgetsWaiting,
        Fault::AnswersWhenClosed,
        Fault::HidesOrphans,
        Fault::ForgetsWithdrawals,
    ];
    let missed: Vec<Fault> = faults.into_iter().filter(|fault| !found(*fault)).collect();
    assert!(missed.is_empty(), "the suite misses {missed:?}");
    assert!(!found(Fault::None), "and it lets a right one pass");
}
