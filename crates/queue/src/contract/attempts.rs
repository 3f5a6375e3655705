//! Clauses of `due` and `begin`.

use posthaste_suppression::{Actor, Entry, Reason, Scope, What};
use posthaste_types::{BounceClass, Evidence, EvidenceSource, Fate, ListName, TenantName};

use super::scene::{
    address, admit, all_due, at, at_once, begin, due, due_at, ended, granted, id, mail, node, parsed, recipient, settle,
};
use super::{Opened, Shown, SpoolFixture};
use crate::{Begin, Refusal, Spool};

const IN_ORDER: [(u8, u32); 6] = [(3, 0), (2, 0), (2, 1), (5, 0), (1, 0), (4, 0)];

/// Six recipients of several priorities and times that are due at 50, and one that is not.
async fn admit_several(spool: &dyn Spool) {
    let one = ["bob@example.org"];
    let mails = vec![
        due_at(mail(1, &one), 0, 30),
        due_at(mail(2, &["a@example.org", "b@example.com"]), 0, 20),
        due_at(mail(3, &one), 5, 40),
        due_at(mail(4, &one), -5, 10),
        due_at(mail(5, &one), 0, 20),
        due_at(mail(6, &one), 9, 90),
    ];
    spool.admit(mails).await.expect("admit");
}

pub(super) async fn due_in_order(_: &dyn SpoolFixture, Opened { spool, .. }: Opened) -> Shown {
    admit_several(&*spool).await;
    let expected = IN_ORDER.map(|(number, place)| (id(number), place));
    assert_eq!(due(&*spool, 50).await, expected, "due is in the order of priority (high first), time, mail, recipient");
    assert_eq!(
        due(&*spool, 20).await,
        [(id(2), 0), (id(2), 1), (id(5), 0), (id(4), 0)],
        "nothing is due before its time"
    );
    assert!(due(&*spool, 9).await.is_empty());
    let all = all_due(&*spool, 50).await;
    let second = &all[2];
    assert_eq!(
        (second.domain.as_str(), second.at, second.priority),
        ("example.com", at(20), 0),
        "due tells domain and time"
    );
    assert_eq!((second.expires, &second.state), (at(3600), &crate::RecipientState::default()));
    assert_eq!(all[0].priority, 5, "due tells the priority");
    Shown::Yes
}

pub(super) async fn due_in_pages(_: &dyn SpoolFixture, Opened { spool, .. }: Opened) -> Shown {
    admit_several(&*spool).await;
    let expected = IN_ORDER.map(|(number, place)| (id(number), place));
    for limit in 1..=7 {
        let (mut pages, mut after) = (Vec::new(), None);
        for _ in 0..=expected.len() {
            let page = spool.due(at(50), after, limit).await.expect("due");
            assert!(page.len() <= limit, "due gives at most limit recipients");
            let Some(last) = page.last() else { break };
            after = Some(last.cursor());
            pages.extend(page.iter().map(|due| (due.mail, due.recipient)));
        }
        assert_eq!(pages, expected, "pages of {limit} give everyone once, in order");
    }
    let first = all_due(&*spool, 50).await.remove(0);
    granted(&*spool, 3, &[0], 50).await;
    let behind = spool.due(at(50), Some(first.cursor()), 10).await.expect("due");
    assert_eq!(behind.len(), 5, "a cursor is a place, whatever became of who stood there");
    assert!(spool.due(at(50), None, 0).await.expect("due").is_empty(), "a limit of nothing gives nothing");
    Shown::Yes
}

pub(super) async fn next_due(_: &dyn SpoolFixture, Opened { spool, .. }: Opened) -> Shown {
    assert_eq!(spool.next_due(at(0)).await.expect("next_due"), None, "nothing waits in an empty spool");
    let mails = vec![due_at(mail(1, &["bob@example.org"]), 0, 30), due_at(mail(2, &["bob@example.org"]), 9, 50)];
    spool.admit(mails).await.expect("admit");
    let next = async |after| spool.next_due(at(after)).await.expect("next_due");
    assert_eq!(next(0).await, Some(at(30)), "the earliest time counts, whatever the priority");
    assert_eq!(next(29).await, Some(at(30)));
    assert_eq!(next(30).await, Some(at(50)), "a time that came is not told again");
    assert_eq!(next(50).await, None);
    granted(&*spool, 1, &[0], 30).await;
    assert_eq!(next(0).await, Some(at(50)), "who is under way is not free");
    assert_eq!(next(50).await, Some(at(90)), "who is under way is free when its lease runs out");
    settle(&*spool, 1, 0, Some(1), ended(Fate::Delivered, 31)).await;
    assert_eq!(next(50).await, None, "who ended never is due");
    Shown::Yes
}

pub(super) async fn grants(_: &dyn SpoolFixture, Opened { spool, .. }: Opened) -> Shown {
    let mut new = mail(1, &["a@example.org", "b@example.org", "c@example.org"]);
    new.meta.list = Some(parsed("digest", ListName::parse));
    admit(&*spool, new.clone()).await;
    let lease = granted(&*spool, 1, &[0, 2], 5).await;
    assert_eq!(lease.mail.id(), id(1));
    assert_eq!(
        lease.mail.content().to_vec(),
        new.mail.content().to_vec(),
        "the stored octets are the given octets (I2)"
    );
    assert_eq!(lease.mail.message_id(), new.mail.message_id());
    assert_eq!(
        Some(lease.mail.envelope()),
        new.mail.envelope().subset(&[0, 2]).as_ref(),
        "the envelope is that of the granted"
    );
    assert_eq!((&lease.meta, lease.accepted, lease.expires), (&new.meta, at(0), at(3600)));
    for (place, state) in &lease.recipients {
        assert_eq!((state.attempts, state.steps, state.generation), (1, 0, 0), "this attempt is counted for {place}");
    }
    assert!(recipient(&*spool, 1, 0).await.in_flight, "find shows who is under way");
    assert!(!recipient(&*spool, 1, 1).await.in_flight);
    assert_eq!(due(&*spool, 5).await, [(id(1), 1)], "who is under way is not due");
    let rest = granted(&*spool, 1, &[1], 6).await;
    assert_eq!(rest.mail.envelope().to().len(), 1, "the others may be tried meanwhile");
    Shown::Yes
}

pub(super) async fn refuses(_: &dyn SpoolFixture, Opened { spool, .. }: Opened) -> Shown {
    admit(&*spool, mail(1, &["a@example.org", "b@example.org"])).await;
    admit(&*spool, due_at(mail(2, &["a@example.org"]), 0, 100)).await;
    let gone = begin(&*spool, 9, &[0, 1], 0).await;
    assert!(gone.granted.is_none(), "there is no such mail");
    assert_eq!(gone.refused, [(0, Refusal::Gone), (1, Refusal::Gone)], "each recipient is answered");
    let early = begin(&*spool, 2, &[0], 99).await;
    assert_eq!(early.refused, [(0, Refusal::NotDue)], "nobody is tried before its time");
    let twice = begin(&*spool, 1, &[0, 0, 7], 0).await;
    assert_eq!(twice.refused, [(0, Refusal::Taken), (7, Refusal::Gone)], "who is named twice is granted once");
    let states: Vec<_> =
        twice.granted.iter().flat_map(|lease| &lease.recipients).map(|(_, state)| state.attempts).collect();
    assert_eq!(states, [1], "and counted once");
    let again = begin(&*spool, 1, &[0, 1], 1).await;
    assert_eq!(again.refused, [(0, Refusal::Taken)], "a lease keeps everybody else out");
    assert!(again.granted.is_some_and(|lease| lease.recipients.len() == 1), "the others are granted nevertheless");
    let wanted = vec![
        Begin::new(id(2), vec![0], at(100), at(160)),
        Begin::new(id(9), vec![0], at(100), at(160)),
        Begin::new(id(2), vec![0], at(100), at(160)),
    ];
    let begun = spool.begin(&node("b"), wanted).await.expect("begin");
    let granted: Vec<bool> = begun.iter().map(|begun| begun.granted.is_some()).collect();
    assert_eq!(granted, [true, false, false], "one answer for each, in order; the second of two finds it taken");
    Shown::Yes
}

pub(super) async fn begun_at_once(_: &dyn SpoolFixture, Opened { spool, .. }: Opened) -> Shown {
    admit(&*spool, mail(1, &["a@example.org"])).await;
    let nodes: Vec<_> = (0..8).map(|n| node(&format!("node-{n}"))).collect();
    let wanted = || vec![Begin::new(id(1), vec![0], at(0), at(60))];
    let begun = at_once(nodes.iter().map(|node| spool.begin(node, wanted())).collect()).await;
    let granted = begun.iter().flatten().flatten().filter(|begun| begun.granted.is_some()).count();
    assert_eq!(granted, 1, "of many at once exactly one gets the lease: {begun:?}");
    assert_eq!(recipient(&*spool, 1, 0).await.state.attempts, 1, "one attempt was recorded");
    Shown::Yes
}

pub(super) async fn suppressed(_: &dyn SpoolFixture, Opened { spool, list }: Opened) -> Shown {
    let Some(list) = list else { return Shown::Impossible };
    let mut new = mail(1, &["Bob@example.org", "eve@example.org", "kim@example.net"]);
    new.meta.list = Some(parsed("digest", ListName::parse));
    new.meta.tenant = Some(parsed("acme", TenantName::parse));
    admit(&*spool, new).await;
    let mut bob = Entry::new(
        What::address(&address("bob@example.org")),
        Scope::Tenant(parsed("acme", TenantName::parse)),
        Reason::Bounce(BounceClass::BadMailbox),
        Actor::System,
        at(0),
    );
    bob.evidence = vec![Evidence::new(EvidenceSource::Reply, "550 5.1.1 no such user")];
    let offers = Scope::List(parsed("offers", ListName::parse));
    let eve =
        Entry::new(What::address(&address("eve@example.org")), offers, Reason::Unsubscribe, Actor::Recipient, at(0));
    for entry in [bob.clone(), eve] {
        list.put(entry).await.expect("put");
    }
    let begun = begin(&*spool, 1, &[0, 1, 2], 5).await;
    let expected = [(0, Refusal::Suppressed(Box::new(bob.clone())))];
    assert_eq!(begun.refused, expected, "begin asks the list, by scope, and tells the entry whole");
    assert!(begun.granted.is_some_and(|lease| lease.recipients.len() == 2), "another list's entry does not count");
    let standing = recipient(&*spool, 1, 0).await;
    assert!(!standing.in_flight && standing.state.attempts == 0, "who is suppressed gets no lease and no attempt");
    list.lift(&bob.what, &bob.scope, &Actor::System).await.expect("lift");
    granted(&*spool, 1, &[0], 6).await;
    Shown::Yes
}
