//! Clauses of `find`.

use posthaste_types::{Domain, Fate, MailId, MessageId, OnceKey, TenantName};

use super::scene::{address, admit, at, deferred, ended, granted, id, keyed, mail, parsed, recipient, settle};
use super::{Opened, Shown, SpoolFixture};
use crate::{NewMail, Query, Spool, Waiting};

async fn found(spool: &dyn Spool, query: Query) -> Vec<MailId> {
    spool.find(&query).await.expect("find").into_iter().map(|mail| mail.id).collect()
}

fn accepted(mut new: NewMail, secs: i64) -> NewMail {
    new.at = at(secs);
    new
}

pub(super) async fn every_field(_: &dyn SpoolFixture, Opened { spool, .. }: Opened) -> Shown {
    let acme = parsed("acme", TenantName::parse);
    let mut first = keyed(accepted(mail(1, &["Bob@example.org", "eve@example.net"]), 10), "receipt/1", 1);
    first.meta.tags.insert("order", "4711").expect("a tag");
    let mut second = keyed(accepted(mail(2, &["bob@mail.example.org"]), 20), "receipt/1", 1);
    second.meta.tenant = Some(acme.clone());
    second.meta.tags.insert("order", "47110").expect("a tag");
    let mut third = accepted(mail(3, &["carol@example.net"]), 30);
    third.ended = vec![(0, super::scene::ending(Fate::Suppressed, 30))];
    spool.admit(vec![first, second, third]).await.expect("admit");
    let key = |tenant| Some((tenant, parsed("receipt/1", OnceKey::parse)));
    let tag = |key: &str, value: &str| Some((key.to_owned(), value.to_owned()));
    let net = parsed("example.net", Domain::parse);
    let message_id = parsed("2@news.example.com", MessageId::parse);
    let (one, two, three) = (id(1), id(2), id(3));
    let table = [
        ("no field", Query::default(), vec![three, two, one]),
        ("mail", Query::mail(two), vec![two]),
        ("an unknown mail", Query::mail(id(9)), vec![]),
        ("message_id", Query::message_id(message_id.clone()), vec![two]),
        ("once without tenant", Query { once: key(None), ..Query::default() }, vec![one]),
        ("once of a tenant", Query { once: key(Some(acme)), ..Query::default() }, vec![two]),
        ("to, whatever its case", Query::to(address("BOB@example.ORG")), vec![one]),
        ("to the second recipient", Query::to(address("eve@example.net")), vec![one]),
        ("domain", Query { domain: Some(net.clone()), ..Query::default() }, vec![three, one]),
        ("since", Query { since: Some(at(20)), ..Query::default() }, vec![three, two]),
        ("before", Query { before: Some(at(20)), ..Query::default() }, vec![one]),
        ("tag", Query { tag: tag("order", "4711"), ..Query::default() }, vec![one]),
        ("another value", Query { tag: tag("order", "47"), ..Query::default() }, vec![]),
        ("another key", Query { tag: tag("4711", "order"), ..Query::default() }, vec![]),
        ("waiting", Query { waiting: Waiting::Only, ..Query::default() }, vec![two, one]),
        ("two fields", Query { domain: Some(net), since: Some(at(20)), ..Query::default() }, vec![three]),
        ("fields at odds", Query { mail: Some(one), message_id: Some(message_id), ..Query::default() }, vec![]),
    ];
    for (name, query, expected) in table {
        assert_eq!(found(&*spool, query).await, expected, "find by {name}");
    }
    Shown::Yes
}

pub(super) async fn backlog(_: &dyn SpoolFixture, Opened { spool, .. }: Opened) -> Shown {
    assert_eq!(spool.backlog().await.expect("backlog"), 0);
    admit(&*spool, mail(1, &["a@example.org", "b@example.org", "c@example.org"])).await;
    let mut late = mail(2, &["d@example.org", "e@example.org"]);
    (late.due, late.ended) = (at(9_000), vec![(1, super::scene::ending(Fate::Suppressed, 0))]);
    admit(&*spool, late).await;
    granted(&*spool, 1, &[0, 1], 0).await;
    settle(&*spool, 1, 0, Some(1), ended(Fate::Delivered, 1)).await;
    let count = spool.backlog().await.expect("backlog");
    assert_eq!(count, 3, "who is tried, who is due and who waits for a later time; nobody who has ended");
    Shown::Yes
}

pub(super) async fn newest_first(_: &dyn SpoolFixture, Opened { spool, .. }: Opened) -> Shown {
    let to = ["bob@example.org"];
    let mails = [(1, 30), (2, 10), (3, 20), (4, 20)].map(|(number, secs)| accepted(mail(number, &to), secs));
    spool.admit(mails.to_vec()).await.expect("admit");
    let all = [id(1), id(4), id(3), id(2)];
    assert_eq!(found(&*spool, Query::default()).await, all, "the newest comes first, of equal ones the larger id");
    for limit in 0..=5 {
        let some = found(&*spool, Query { limit, ..Query::to(address("bob@example.org")) }).await;
        assert_eq!(some, all[..limit.min(4)], "find gives the newest {limit}");
    }
    Shown::Yes
}

pub(super) async fn standing(_: &dyn SpoolFixture, Opened { spool, .. }: Opened) -> Shown {
    admit(&*spool, mail(1, &["a@example.org", "b@example.org", "c@example.org"])).await;
    granted(&*spool, 1, &[0, 1, 2], 0).await;
    settle(&*spool, 1, 0, Some(1), deferred(300)).await;
    settle(&*spool, 1, 1, Some(1), ended(Fate::Relayed, 2)).await;
    let waits = recipient(&*spool, 1, 0).await;
    assert_eq!((waits.next, waits.in_flight, &waits.ending), (Some(at(300)), false, &None), "who waits");
    assert_eq!((waits.state.attempts, waits.state.steps), (1, 1));
    let done = recipient(&*spool, 1, 1).await;
    assert_eq!((done.next, done.in_flight, done.state.attempts), (None, false, 1), "who ended");
    assert_eq!(done.ending.map(|ending| ending.fate), Some(Fate::Relayed));
    let under_way = recipient(&*spool, 1, 2).await;
    assert!(under_way.in_flight && under_way.ending.is_none(), "who is under way");
    Shown::Yes
}
