//! Clauses of leases that nobody settled.

use posthaste_suppression::{Actor, Entry, Reason, Scope, What};
use posthaste_types::{Fate, OutcomeKind, Repeat};

use super::scene::{
    address, admit, all_due, at, begin, deferred, due, ended, granted, id, in_doubt, mail, node, note, notes,
    recipient, settle,
};
use super::{Opened, Shown, SpoolFixture};
use crate::{Begin, Refusal, Settlement};

pub(super) async fn runs_out(_: &dyn SpoolFixture, Opened { spool, .. }: Opened) -> Shown {
    admit(&*spool, mail(1, &["a@example.org"])).await;
    granted(&*spool, 1, &[0], 0).await;
    assert!(due(&*spool, 59).await.is_empty(), "a lease that lasts keeps its recipient");
    let free = all_due(&*spool, 60).await;
    assert_eq!(free.len(), 1, "a lease that ran out leaves its recipient free");
    assert_eq!(free[0].state.repeat(), Repeat::AfterDoubt, "and in doubt");
    let lease = begin(&*spool, 1, &[0], 60).await.granted.expect("a lease that ran out is free to take");
    let state = &lease.recipients[0].1;
    assert_eq!((state.attempts, state.generation), (2, 0), "the attempt is counted, the key stays");
    assert_eq!(state.repeat(), Repeat::AfterDoubt, "the attempt behind one that was never settled may duplicate");
    let mut stale = Settlement::new(id(1), 0, Some(1), ended(Fate::Delivered, 61));
    stale.events = vec![note(1, None)];
    spool.settle(vec![stale]).await.expect("settle");
    assert!(recipient(&*spool, 1, 0).await.ending.is_none(), "who lost its lease to another settles nothing any more");
    assert!(notes(&*spool).await.is_empty(), "a stale settlement writes no events");
    settle(&*spool, 1, 0, Some(2), ended(Fate::Delivered, 62)).await;
    assert!(recipient(&*spool, 1, 0).await.ending.is_some(), "the one that has the lease does");
    Shown::Yes
}

pub(super) async fn settled_late(_: &dyn SpoolFixture, Opened { spool, .. }: Opened) -> Shown {
    admit(&*spool, mail(1, &["a@example.org"])).await;
    granted(&*spool, 1, &[0], 0).await;
    settle(&*spool, 1, 0, Some(1), ended(Fate::Delivered, 90)).await;
    let late = recipient(&*spool, 1, 0).await;
    assert!(late.ending.is_some(), "a late settlement counts while nobody took the recipient over");
    assert!(due(&*spool, 3000).await.is_empty());
    Shown::Yes
}

pub(super) async fn suppressed_behind(_: &dyn SpoolFixture, Opened { spool, list }: Opened) -> Shown {
    let Some(list) = list else { return Shown::Impossible };
    admit(&*spool, mail(1, &["a@example.org"])).await;
    granted(&*spool, 1, &[0], 0).await;
    let what = What::address(&address("a@example.org"));
    list.put(Entry::new(what, Scope::Everything, Reason::Complaint, Actor::Recipient, at(1))).await.expect("put");
    let begun = begin(&*spool, 1, &[0], 70).await;
    assert!(
        matches!(begun.refused[..], [(0, Refusal::Suppressed(_))]),
        "who was suppressed meanwhile is not tried again"
    );
    settle(&*spool, 1, 0, Some(1), ended(Fate::Delivered, 71)).await;
    assert!(
        recipient(&*spool, 1, 0).await.ending.is_none(),
        "the attempt whose lease ran out settles nothing any more"
    );
    settle(&*spool, 1, 0, None, ended(Fate::Suppressed, 72)).await;
    let fate = recipient(&*spool, 1, 0).await.ending.map(|ending| ending.fate);
    assert_eq!(fate, Some(Fate::Suppressed), "it can be settled so");
    Shown::Yes
}

pub(super) async fn orphans(_: &dyn SpoolFixture, Opened { spool, .. }: Opened) -> Shown {
    admit(&*spool, mail(1, &["a@example.org", "b@example.org"])).await;
    admit(&*spool, mail(2, &["c@example.org"])).await;
    granted(&*spool, 1, &[0, 1], 0).await;
    let other = vec![Begin::new(id(2), vec![0], at(0), at(60))];
    spool.begin(&node("b"), other).await.expect("begin");
    settle(&*spool, 1, 0, Some(1), deferred(300)).await;
    let orphans = spool.orphans(&node("a")).await.expect("orphans");
    assert_eq!(orphans.len(), 1, "what this node began and never settled: {orphans:?}");
    let orphan = &orphans[0];
    assert_eq!((orphan.mail, orphan.recipient, orphan.address.as_str()), (id(1), 1, "b@example.org"));
    assert_eq!(
        (orphan.state.attempts, orphan.accepted, orphan.expires),
        (1, at(0), at(3600)),
        "the attempt is counted"
    );
    settle(&*spool, 1, 1, Some(orphan.state.attempts), in_doubt(10)).await;
    assert!(spool.orphans(&node("a")).await.expect("orphans").is_empty(), "what was settled is no orphan");
    let last = recipient(&*spool, 1, 1).await.state.last;
    assert_eq!(last.map(|last| last.kind()), Some(OutcomeKind::InDoubt), "an orphan is settled as in doubt");
    assert_eq!(spool.orphans(&node("b")).await.expect("orphans").len(), 1, "each node has its own");
    Shown::Yes
}

pub(super) async fn withdrawn(_: &dyn SpoolFixture, Opened { spool, .. }: Opened) -> Shown {
    admit(&*spool, mail(1, &["a@example.org", "b@example.org"])).await;
    admit(&*spool, mail(2, &["c@example.org"])).await;
    granted(&*spool, 1, &[0], 0).await;
    for mail in [id(1), id(1), id(3)] {
        spool.withdraw(mail).await.expect("withdraw");
    }
    let withdrawn = async || spool.withdrawn().await.expect("withdrawn");
    assert_eq!(withdrawn().await, [id(1)], "one that is known, and the mails that are not");
    assert!(recipient(&*spool, 1, 1).await.ending.is_none(), "it ends nobody");
    settle(&*spool, 1, 1, None, ended(Fate::Cancelled, 1)).await;
    assert_eq!(withdrawn().await, [id(1)], "one attempt is under way");
    settle(&*spool, 1, 0, Some(1), deferred(300)).await;
    assert_eq!(withdrawn().await, [id(1)], "one waits again");
    settle(&*spool, 1, 0, None, ended(Fate::Cancelled, 2)).await;
    assert!(withdrawn().await.is_empty(), "all have ended");
    Shown::Yes
}
