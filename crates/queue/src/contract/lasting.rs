//! Clauses of what lasts and what goes: secrets, forgetting, closing, crashes, damage.

use posthaste_suppression::{Actor, Entry, Reason, Scope, What};
use posthaste_types::{EventKind, Fate, Repeat};

use super::scene::{
    address, admit, all_due, at, begin, deferred, due, ended, events, granted, id, keyed, mail, node, note, notes,
    recipient, settle,
};
use super::{Opened, Shown, SpoolFixture};
use crate::{Admission, Query, Refusal, SpoolError, SpoolErrorKind};

pub(super) async fn secret(_: &dyn SpoolFixture, Opened { spool, .. }: Opened) -> Shown {
    assert_eq!(spool.secret("master", [1; 32]).await.expect("secret"), [1; 32], "the first candidate is kept");
    assert_eq!(spool.secret("master", [2; 32]).await.expect("secret"), [1; 32], "and stays");
    assert_eq!(spool.secret("other", [3; 32]).await.expect("secret"), [3; 32], "each name has its own");
    Shown::Yes
}

pub(super) async fn forget(_: &dyn SpoolFixture, Opened { spool, .. }: Opened) -> Shown {
    for number in 1..=4 {
        let mut new = keyed(mail(number, &["a@example.org", "b@example.org"]), &format!("key/{number}"), 1);
        new.events = vec![note(number, Some(id(number)))];
        admit(&*spool, new).await;
        granted(&*spool, number, &[0, 1], 0).await;
    }
    spool.record(vec![note(10, None), note(100, None)]).await.expect("record");
    // Ended early, ended early, one of two still waits, ended late.
    for (number, first, second) in [(1, 5, 6), (2, 5, 6), (4, 5, 99)] {
        settle(&*spool, number, 0, Some(1), ended(Fate::Delivered, first)).await;
        settle(&*spool, number, 1, Some(1), ended(Fate::Bounced, second)).await;
    }
    settle(&*spool, 3, 0, Some(1), ended(Fate::Delivered, 5)).await;
    assert_eq!(spool.forget(at(50), 1).await.expect("forget"), 1, "at most limit mails are forgotten");
    assert_eq!(spool.forget(at(50), 100).await.expect("forget"), 1, "the rest by the next call");
    assert_eq!(spool.forget(at(50), 100).await.expect("forget"), 0, "what waits, and what ended later, stays");
    let known = spool.find(&Query::default()).await.expect("find");
    let mut left: Vec<_> = known.iter().map(|mail| mail.id).collect();
    left.sort_unstable();
    assert_eq!(left, [id(3), id(4)]);
    assert_eq!(notes(&*spool).await, ["3", "4", "100"], "their events go too, and old ones about no mail");
    let new_one = keyed(mail(7, &["a@example.org"]), "key/1", 2);
    assert_eq!(admit(&*spool, new_one).await, Admission::Accepted(id(7)), "the key of a forgotten mail is free");
    let old_one = keyed(mail(8, &["a@example.org"]), "key/4", 1);
    assert_eq!(admit(&*spool, old_one).await, Admission::Replay(id(4)), "the key of a kept one is not");
    let last = events(&*spool).await.last().map(|event| event.id);
    spool.record(vec![note(101, None)]).await.expect("record");
    assert!(events(&*spool).await.last().map(|event| event.id) > last, "ids go on rising");
    Shown::Yes
}

pub(super) async fn close(_: &dyn SpoolFixture, Opened { spool, .. }: Opened) -> Shown {
    admit(&*spool, mail(1, &["a@example.org"])).await;
    spool.close().await.expect("close");
    spool.close().await.expect("closing again does nothing");
    let closed = |name: &str, result: Result<(), SpoolError>| {
        let kind = result.map_err(|error| error.kind());
        assert_eq!(kind, Err(SpoolErrorKind::Closed), "behind close, {name} fails");
    };
    closed("admit", spool.admit(vec![mail(2, &["a@example.org"])]).await.map(drop));
    closed("due", spool.due(at(0), None, 1).await.map(drop));
    closed("next_due", spool.next_due(at(0)).await.map(drop));
    closed("begin", spool.begin(&node("a"), Vec::new()).await.map(drop));
    closed("settle", spool.settle(Vec::new()).await);
    closed("backlog", spool.backlog().await.map(drop));
    closed("orphans", spool.orphans(&node("a")).await.map(drop));
    closed("record", spool.record(vec![note(1, None)]).await);
    closed("events", spool.events(posthaste_types::EventId::START, 1).await.map(drop));
    closed("find", spool.find(&Query::default()).await.map(drop));
    closed("secret", spool.secret("master", [0; 32]).await.map(drop));
    closed("forget", spool.forget(at(0), 1).await.map(drop));
    Shown::Yes
}

pub(super) async fn crash(fixture: &dyn SpoolFixture, opened: Opened) -> Shown {
    let Opened { spool, list } = &opened;
    let new = keyed(mail(1, &["a@example.org", "b@example.org", "c@example.org"]), "key/1", 1);
    admit(&**spool, new.clone()).await;
    granted(&**spool, 1, &[0, 1], 0).await;
    settle(&**spool, 1, 1, Some(1), deferred(300)).await;
    spool.record(vec![note(1, None)]).await.expect("record");
    let secret = spool.secret("master", [7; 32]).await.expect("secret");
    spool.withdraw(id(1)).await.expect("withdraw");
    let entry =
        Entry::new(What::address(&address("c@example.org")), Scope::Everything, Reason::Manual, Actor::System, at(0));
    if let Some(list) = list {
        list.put(entry).await.expect("put");
    }
    let listed = list.is_some();
    let Some(Opened { spool, .. }) = fixture.crash(opened).await else { return Shown::Impossible };

    let orphans = spool.orphans(&node("a")).await.expect("orphans");
    let places: Vec<u32> = orphans.iter().map(|orphan| orphan.recipient).collect();
    assert_eq!(places, [0], "what was begun and not settled is told after a crash");
    assert_eq!(orphans[0].state.attempts, 1, "the attempt was written before it was made");
    assert_eq!(recipient(&*spool, 1, 1).await.next, Some(at(300)), "what was settled stays settled");
    let again = all_due(&*spool, 60).await;
    assert_eq!(again[0].state.repeat(), Repeat::AfterDoubt, "an attempt that a crash cut off is in doubt");
    let refused = begin(&*spool, 1, &[2], 1).await.refused;
    assert_eq!(matches!(refused[..], [(2, Refusal::Suppressed(_))]), listed, "the list survives");
    settle(&*spool, 1, 1, None, deferred(0)).await;
    let lease = granted(&*spool, 1, &[1], 2).await;
    assert_eq!(
        lease.mail.content().to_vec(),
        new.mail.content().to_vec(),
        "the octets are those that were accepted (I2)"
    );
    assert_eq!(spool.withdrawn().await.expect("withdrawn"), [id(1)], "what was withdrawn stays so");
    assert_eq!(notes(&*spool).await, ["1"], "events survive");
    assert_eq!(spool.secret("master", [9; 32]).await.expect("secret"), secret, "secrets survive");
    let replay = keyed(mail(2, &["a@example.org"]), "key/1", 1);
    assert_eq!(admit(&*spool, replay).await, Admission::Replay(id(1)), "once keys survive");
    Shown::Yes
}

pub(super) async fn damage(fixture: &dyn SpoolFixture, opened: Opened) -> Shown {
    for number in 1..=3 {
        admit(&*opened.spool, mail(number, &["a@example.org"])).await;
    }
    let Some(Opened { spool, .. }) = fixture.damage(opened, id(2)).await else { return Shown::Impossible };
    let page = spool.due(at(0), None, 10).await.expect("due goes on beside a damaged record");
    assert!(
        page.iter().any(|due| due.mail == id(1)) && page.iter().any(|due| due.mail == id(3)),
        "due gives the others"
    );
    let mut wanted = Vec::new();
    for number in 1..=3 {
        wanted.push(crate::Begin::new(id(number), vec![0], at(0), at(60)));
    }
    let begun = spool.begin(&node("a"), wanted).await.expect("begin goes on beside a damaged record");
    let granted: Vec<bool> = begun.iter().map(|begun| begun.granted.is_some()).collect();
    assert_eq!(granted, [true, false, true], "a damaged record costs its mail and no other (I8)");
    let refusal = begun[1].refused.first().map(|(_, refusal)| refusal);
    assert!(matches!(refusal, Some(Refusal::Damaged | Refusal::Gone)), "it is told as damaged: {refusal:?}");
    assert!(due(&*spool, 3000).await.iter().all(|(mail, _)| *mail != id(2)), "it is not due again");
    let told = |event: &posthaste_types::Event| {
        matches!(event.kind, EventKind::Quarantined { .. }) && event.mail == Some(id(2))
    };
    assert_eq!(events(&*spool).await.iter().filter(|event| told(event)).count(), 1, "an event tells it once");
    spool.find(&Query::default()).await.expect("find goes on beside a damaged record");
    Shown::Yes
}
