//! Clauses of `settle` and of the events.

use posthaste_suppression::{Actor, Ask, Entry, Reason, Scope, What};
use posthaste_types::{Cause, EventId, Fate, NetworkFault, Outcome, Repeat, StreamName};

use super::scene::{
    address, admit, all_due, at, begin, deferred, due, ended, ending, events, granted, id, in_doubt, mail, note, notes,
    recipient, settle,
};
use super::{Opened, Shown, SpoolFixture};
use crate::{Refusal, Settled, Settlement};

pub(super) async fn waits(_: &dyn SpoolFixture, Opened { spool, .. }: Opened) -> Shown {
    admit(&*spool, mail(1, &["a@example.org"])).await;
    granted(&*spool, 1, &[0], 0).await;
    settle(&*spool, 1, 0, Some(1), deferred(300)).await;
    assert!(due(&*spool, 299).await.is_empty(), "who was deferred waits until its time");
    let Settled::Retry { outcome, .. } = deferred(300) else { return Shown::Yes };
    let state = all_due(&*spool, 300).await.remove(0).state;
    assert_eq!(
        (state.attempts, state.steps, state.generation),
        (1, 1, 1),
        "a definite answer is a step and a generation"
    );
    assert_eq!(
        (state.last.as_ref(), state.repeat()),
        (Some(&outcome), Repeat::AfterAnswer),
        "the outcome is kept whole"
    );

    granted(&*spool, 1, &[0], 300).await;
    settle(&*spool, 1, 0, Some(2), in_doubt(600)).await;
    let state = all_due(&*spool, 600).await.remove(0).state;
    assert_eq!((state.attempts, state.steps, state.generation), (2, 2, 1), "doubt is a step and keeps the generation");
    assert_eq!(state.repeat(), Repeat::AfterDoubt);

    granted(&*spool, 1, &[0], 600).await;
    settle(&*spool, 1, 0, Some(3), Settled::Unmade { cause: Cause::local("no connection"), next: at(610) }).await;
    let state = all_due(&*spool, 610).await.remove(0).state;
    assert_eq!((state.attempts, state.steps, state.generation), (3, 2, 1), "what was unmade is no step");
    assert_eq!(state.repeat(), Repeat::AfterDoubt, "doubt stays doubt until there is an answer");

    granted(&*spool, 1, &[0], 610).await;
    let unreachable = Outcome::deferred(Cause::network(NetworkFault::ConnectionRefused, "connection refused"));
    settle(&*spool, 1, 0, Some(4), Settled::Retry { outcome: unreachable, next: at(900) }).await;
    let state = all_due(&*spool, 900).await.remove(0).state;
    assert_eq!((state.attempts, state.steps, state.generation), (4, 3, 1), "no hop answered: the key stays");
    assert_eq!(state.repeat(), Repeat::AfterDoubt, "that nobody is there is no answer");

    admit(&*spool, mail(2, &["b@example.org"])).await;
    granted(&*spool, 2, &[0], 0).await;
    let busy = Cause::local("no connection is free");
    settle(&*spool, 2, 0, Some(1), Settled::Unmade { cause: busy.clone(), next: at(5) }).await;
    let state = recipient(&*spool, 2, 0).await.state;
    assert_eq!(state.last, Some(Outcome::deferred(busy)), "why it was not made is told");
    assert_eq!((state.steps, state.generation), (0, 0), "and counts for nothing");
    Shown::Yes
}

pub(super) async fn repeated(_: &dyn SpoolFixture, Opened { spool, .. }: Opened) -> Shown {
    admit(&*spool, mail(1, &["a@example.org"])).await;
    granted(&*spool, 1, &[0], 0).await;
    let mut first = Settlement::new(id(1), 0, Some(1), deferred(300));
    first.events = vec![note(1, Some(id(1))), note(2, Some(id(1)))];
    for _ in 0..3 {
        spool.settle(vec![first.clone(), first.clone()]).await.expect("settle");
    }
    assert_eq!(notes(&*spool).await, ["1", "2"], "a settlement that is repeated writes its events once");
    let state = recipient(&*spool, 1, 0).await.state;
    assert_eq!((state.attempts, state.steps), (1, 1), "and is one step");
    granted(&*spool, 1, &[0], 300).await;
    let mut stale = Settlement::new(id(1), 0, Some(1), ended(Fate::Bounced, 301));
    stale.events = vec![note(3, Some(id(1)))];
    let mut unknown = vec![stale.clone(), stale.clone(), stale];
    unknown[1].attempt = Some(7);
    unknown[2].recipient = 9;
    unknown.push(Settlement::new(id(9), 0, Some(1), ended(Fate::Bounced, 301)));
    spool.settle(unknown).await.expect("settle");
    let standing = recipient(&*spool, 1, 0).await;
    assert!(standing.ending.is_none() && standing.in_flight, "a settlement counts only for the attempt that it names");
    assert_eq!(notes(&*spool).await, ["1", "2"], "what does not count writes no events");
    spool.settle(Vec::new()).await.expect("settle");
    Shown::Yes
}

pub(super) async fn without_attempt(_: &dyn SpoolFixture, Opened { spool, .. }: Opened) -> Shown {
    admit(&*spool, mail(1, &["a@example.org", "b@example.org"])).await;
    granted(&*spool, 1, &[0], 0).await;
    settle(&*spool, 1, 0, None, ended(Fate::Cancelled, 1)).await;
    assert!(recipient(&*spool, 1, 0).await.ending.is_none(), "while an attempt is under way, it decides");

    let mut no_route = Settlement::new(id(1), 1, None, deferred(300));
    no_route.events = vec![note(1, Some(id(1)))];
    for _ in 0..3 {
        spool.settle(vec![no_route.clone()]).await.expect("settle");
    }
    let waits = recipient(&*spool, 1, 1).await;
    assert_eq!(
        (waits.next, waits.state.attempts, waits.state.steps),
        (Some(at(300)), 0, 1),
        "a wait without an attempt"
    );
    assert_eq!(notes(&*spool).await, ["1"], "repeated, it changes nothing");
    let held = Settled::Unmade { cause: Cause::local("the route is held"), next: at(400) };
    settle(&*spool, 1, 1, None, held).await;
    assert_eq!(recipient(&*spool, 1, 1).await.next, Some(at(400)), "another time counts");
    settle(&*spool, 1, 1, None, ended(Fate::Cancelled, 5)).await;
    assert_eq!(recipient(&*spool, 1, 1).await.ending, Some(ending(Fate::Cancelled, 5)), "who waits may be ended");
    assert!(all_due(&*spool, 3000).await.iter().all(|due| due.recipient == 0), "and is never due again");
    Shown::Yes
}

pub(super) async fn ending_stays(_: &dyn SpoolFixture, Opened { spool, .. }: Opened) -> Shown {
    admit(&*spool, mail(1, &["a@example.org", "b@example.org"])).await;
    granted(&*spool, 1, &[0, 1], 0).await;
    let settle_with = async |place, attempt, settled, number| {
        let mut settlement = Settlement::new(id(1), place, attempt, settled);
        settlement.events = vec![note(number, Some(id(1)))];
        spool.settle(vec![settlement]).await.expect("settle");
    };
    settle_with(0, Some(1), ended(Fate::Delivered, 2), 1).await;
    for attempt in [Some(1), Some(2), None] {
        settle_with(0, attempt, ended(Fate::Bounced, 3), 2).await;
        settle_with(0, attempt, deferred(300), 3).await;
    }
    let standing = recipient(&*spool, 1, 0).await;
    assert_eq!(standing.ending, Some(ending(Fate::Delivered, 2)), "who ended stays as it ended (I1)");
    assert_eq!((standing.next, standing.in_flight), (None, false), "it waits for nothing");
    assert_eq!(notes(&*spool).await, ["1"], "one ending, told once (I1)");
    assert_eq!(begin(&*spool, 1, &[0], 400).await.refused, [(0, Refusal::Gone)], "who ended is not tried again");
    settle_with(1, Some(1), ended(Fate::Bounced, 4), 4).await;
    assert!(due(&*spool, 3000).await.is_empty(), "all ended, nothing is due");
    assert_eq!(recipient(&*spool, 1, 1).await.ending, Some(ending(Fate::Bounced, 4)), "each recipient has its own end");
    Shown::Yes
}

pub(super) async fn suppresses(_: &dyn SpoolFixture, Opened { spool, list }: Opened) -> Shown {
    let Some(list) = list else { return Shown::Impossible };
    admit(&*spool, mail(1, &["a@example.org", "b@example.org"])).await;
    admit(&*spool, mail(2, &["a@example.org"])).await;
    let entry = |who| Entry::new(What::address(&address(who)), Scope::Everything, Reason::Manual, Actor::System, at(0));
    granted(&*spool, 1, &[0, 1], 0).await;
    let mut bounced = Settlement::new(id(1), 0, Some(1), ended(Fate::Bounced, 1));
    bounced.suppress = vec![entry("a@example.org")];
    let mut stale = Settlement::new(id(1), 1, Some(9), ended(Fate::Bounced, 1));
    stale.suppress = vec![entry("b@example.org")];
    spool.settle(vec![bounced, stale]).await.expect("settle");
    let asks = ["a@example.org", "b@example.org"].map(|who| Ask::new(address(who), StreamName::DEFAULT, at(2)));
    let found: Vec<usize> = list.find(&asks).await.expect("find").iter().map(Vec::len).collect();
    assert_eq!(found, [1, 0], "a settlement that counts suppresses, a stale one does not");
    let begun = begin(&*spool, 2, &[0], 2).await;
    assert!(matches!(begun.refused[..], [(0, Refusal::Suppressed(_))]), "and the next begin knows (I4)");
    Shown::Yes
}

pub(super) async fn events_in_order(_: &dyn SpoolFixture, Opened { spool, .. }: Opened) -> Shown {
    let mut new = mail(1, &["a@example.org"]);
    let mut first = note(1, Some(id(1)));
    first.recipient = Some(address("a@example.org"));
    first.tags.insert("order", "4711").expect("a tag");
    new.events = vec![first.clone(), note(2, Some(id(1)))];
    admit(&*spool, new).await;
    spool.record(vec![note(3, None), note(4, None)]).await.expect("record");
    granted(&*spool, 1, &[0], 0).await;
    let mut settlement = Settlement::new(id(1), 0, Some(1), ended(Fate::Delivered, 1));
    settlement.events = vec![note(5, Some(id(1))), note(6, Some(id(1)))];
    spool.settle(vec![settlement]).await.expect("settle");

    let log = events(&*spool).await;
    assert_eq!(
        notes(&*spool).await,
        ["1", "2", "3", "4", "5", "6"],
        "events stand in the order in which they were written"
    );
    let ids: Vec<u64> = log.iter().map(|event| event.id.as_u64()).collect();
    assert!(ids.first() >= Some(&1) && ids.is_sorted_by(|a, b| a < b), "ids rise from 1: {ids:?}");
    first.id = log[0].id;
    assert_eq!(log[0], first, "an event comes back whole");
    let (mut paged, mut after) = (Vec::new(), EventId::START);
    loop {
        let page = spool.events(after, 4).await.expect("events");
        assert!(page.len() <= 4, "events gives at most limit");
        let Some(last) = page.last() else { break };
        after = last.id;
        paged.extend(page);
    }
    assert_eq!(paged, log, "pages give every event once");
    Shown::Yes
}
