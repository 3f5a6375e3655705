//! Clauses of `admit`.

use posthaste_types::{CampaignName, EventId, Fate, ListName, StreamName, TenantName};

use super::scene::{self, admit, at, due, ending, id, keyed, mail, note, notes, parsed, tracked};
use super::{Opened, Shown, SpoolFixture};
use crate::{Admission, NewMail, Waiting};

pub(super) async fn comes_back(_: &dyn SpoolFixture, Opened { spool, .. }: Opened) -> Shown {
    let mut new = mail(1, &["Bob@example.org", "jörg@exämple.example", "\"a b\"@example.org"]);
    new.meta.stream = parsed("weekly", StreamName::parse);
    new.meta.list = Some(parsed("digest", ListName::parse));
    new.meta.campaign = Some(parsed("issue-42", CampaignName::parse));
    new.meta.tenant = Some(parsed("acme", TenantName::parse));
    new.meta.tags.insert("order", "4711").expect("a tag");
    new.meta.tags.insert("größe", "zwei").expect("a tag");
    new.meta.priority = -3;
    new.due = at(10);
    let first = keyed(new, "receipt/1", 1);
    let second = mail(2, &["ada@example.com"]);
    let admitted = spool.admit(vec![first.clone(), second]).await.expect("admit");
    assert_eq!(admitted, [Admission::Accepted(id(1)), Admission::Accepted(id(2))], "one answer each, in order");
    assert!(spool.admit(Vec::new()).await.expect("admit").is_empty(), "nothing in, nothing out");

    let known = tracked(&*spool, 1).await;
    let NewMail { mail, meta, at: accepted, due, expires, .. } = first;
    assert_eq!(known.id, id(1));
    assert_eq!(known.message_id.as_ref(), mail.message_id(), "the Message-ID is kept");
    assert_eq!(known.from, *mail.envelope().from(), "the reverse path is kept");
    assert_eq!(known.meta, meta, "stream, list, campaign, tenant, tags and priority are kept");
    assert_eq!((known.accepted, known.due, known.expires), (accepted, due, expires), "times are kept exactly");
    let addresses: Vec<_> = known.recipients.iter().map(|recipient| &recipient.address).collect();
    let given: Vec<_> = mail.envelope().to().iter().map(|recipient| &recipient.address).collect();
    assert_eq!(addresses, given, "the addresses are kept as given, in order");
    for recipient in &known.recipients {
        assert_eq!(recipient.state, crate::RecipientState::default(), "no attempt was made");
        assert_eq!(recipient.next, Some(due), "each waits for its first attempt");
        assert!(!recipient.in_flight && recipient.ending.is_none(), "none is under way or has ended");
    }
    Shown::Yes
}

pub(super) async fn ended_at_once(_: &dyn SpoolFixture, Opened { spool, .. }: Opened) -> Shown {
    let mut some = mail(1, &["a@example.org", "b@example.org", "c@example.org"]);
    some.ended = vec![(1, ending(Fate::Suppressed, 0)), (9, ending(Fate::Withheld, 0))];
    let mut all = mail(2, &["a@example.org"]);
    all.ended = vec![(0, ending(Fate::Withheld, 0))];
    assert_eq!(admit(&*spool, some).await, Admission::Accepted(id(1)), "a place that is not there is ignored");
    assert_eq!(admit(&*spool, all).await, Admission::Accepted(id(2)), "a mail of which nobody waits is taken too");
    assert_eq!(due(&*spool, 0).await, [(id(1), 0), (id(1), 2)], "who ended at once never waits");
    let suppressed = scene::recipient(&*spool, 1, 1).await;
    assert_eq!(suppressed.ending, Some(ending(Fate::Suppressed, 0)), "an ending is kept whole");
    assert_eq!(suppressed.next, None, "who ended has no next attempt");
    let waiting = crate::Query { waiting: Waiting::Only, ..crate::Query::default() };
    let waiting = spool.find(&waiting).await.expect("find");
    assert_eq!(waiting.iter().map(|mail| mail.id).collect::<Vec<_>>(), [id(1)], "only one of them waits");
    Shown::Yes
}

pub(super) async fn once_keys(_: &dyn SpoolFixture, Opened { spool, .. }: Opened) -> Shown {
    let with = |number: u8, print, tenant: Option<&str>| {
        let mut new = keyed(mail(number, &["bob@example.org"]), "receipt/4711", print);
        new.meta.tenant = tenant.map(|name| parsed(name, TenantName::parse));
        new.events = vec![note(number, Some(id(number)))];
        new
    };
    assert_eq!(admit(&*spool, with(1, 7, None)).await, Admission::Accepted(id(1)));
    assert_eq!(admit(&*spool, with(2, 7, None)).await, Admission::Replay(id(1)), "key and fingerprint are known");
    assert_eq!(admit(&*spool, with(3, 8, None)).await, Admission::KeyReused(id(1)), "the fingerprint is another");
    assert_eq!(admit(&*spool, with(4, 8, Some("acme"))).await, Admission::Accepted(id(4)), "a tenant has its own keys");
    assert_eq!(admit(&*spool, with(5, 8, Some("other"))).await, Admission::Accepted(id(5)), "each tenant has");
    assert_eq!(admit(&*spool, with(6, 8, Some("acme"))).await, Admission::Replay(id(4)));
    assert_eq!(due(&*spool, 0).await, [(id(1), 0), (id(4), 0), (id(5), 0)], "what was not accepted does not wait");
    assert_eq!(notes(&*spool).await, ["1", "4", "5"], "what was not accepted writes no events");
    Shown::Yes
}

pub(super) async fn twins(_: &dyn SpoolFixture, Opened { spool, .. }: Opened) -> Shown {
    let twins = vec![keyed(mail(1, &["bob@example.org"]), "k", 7), keyed(mail(2, &["bob@example.org"]), "k", 7)];
    let admitted = spool.admit(twins).await.expect("admit");
    assert_eq!(
        admitted,
        [Admission::Accepted(id(1)), Admission::Replay(id(1))],
        "of twins in one call the first is taken"
    );

    let one = |number| admit(&*spool, keyed(mail(number, &["eve@example.org"]), "at-once", 7));
    let admitted = scene::at_once((11..19).map(one).collect()).await;
    let taken: Vec<_> = admitted.iter().filter(|one| matches!(one, Admission::Accepted(_))).collect();
    assert_eq!(taken.len(), 1, "of twins at once exactly one is taken: {admitted:?}");
    let Some(Admission::Accepted(taken)) = taken.first() else { return Shown::Yes };
    let replays = admitted.iter().filter(|one| **one == Admission::Replay(*taken)).count();
    assert_eq!(replays, 7, "the others are told which: {admitted:?}");
    assert_eq!(due(&*spool, 0).await.len(), 2, "each key sends once");
    Shown::Yes
}

pub(super) async fn known_mail(_: &dyn SpoolFixture, Opened { spool, .. }: Opened) -> Shown {
    let mut new = mail(1, &["bob@example.org"]);
    new.events = vec![note(1, Some(id(1)))];
    assert_eq!(admit(&*spool, new.clone()).await, Admission::Accepted(id(1)));
    assert_eq!(admit(&*spool, new.clone()).await, Admission::Replay(id(1)), "a mail that is known is not taken twice");
    new.once = keyed(mail(9, &["x@example.org"]), "a-new-key", 1).once;
    assert_eq!(admit(&*spool, new).await, Admission::Replay(id(1)), "not under a new key either");
    assert_eq!(due(&*spool, 0).await, [(id(1), 0)]);
    assert_eq!(spool.events(EventId::START, 10).await.expect("events").len(), 1, "a replay writes no events");
    Shown::Yes
}
