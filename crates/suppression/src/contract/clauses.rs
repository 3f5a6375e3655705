//! The clauses, each on a fresh store.

use std::collections::BTreeSet;
use std::fmt;

use posthaste_types::{
    Address, BounceClass, Domain, Evidence, EvidenceSource, ListName, StreamName, TenantName, Text, Timestamp,
};

use crate::{Actor, Ask, Effect, Entry, Put, Reason, Scope, StoreErrorKind, SuppressionStore, Verdict, What, decide};

pub(super) async fn finds_whatever_touches(store: &dyn SuppressionStore) {
    let scopes = [
        Scope::Everything,
        Scope::List(parsed("digest", ListName::parse)),
        Scope::Stream(parsed("weekly", StreamName::parse)),
        Scope::Tenant(parsed("acme", TenantName::parse)),
    ];
    for what in [What::address(&bob()), What::Domain(bob().domain().clone())] {
        for scope in &scopes {
            put(store, Entry::new(what.clone(), scope.clone(), Reason::Manual, Actor::System, at(0))).await;
        }
    }
    put(store, forbid(&address("eve@example.org"))).await;
    put(
        store,
        Entry::new(What::Domain(domain("example.com")), Scope::Everything, Reason::Manual, Actor::System, at(0)),
    )
    .await;
    let found = find(store, &address("BOB@Example.ORG"), at(1)).await;
    assert_eq!(found.len(), 8, "find returns the entries of address and domain in all four scopes, whatever the case");
    let other = find(store, &address("carol@example.org"), at(1)).await;
    assert_eq!(other.len(), 4, "an entry of a domain touches every address there, one of an address only that");
    let below = find(store, &address("bob@mail.example.org"), at(1)).await;
    assert!(below.is_empty(), "an entry of a domain does not touch its subdomains");
}

pub(super) async fn answers_in_order(store: &dyn SuppressionStore) {
    put(store, forbid(&bob())).await;
    let asks = [
        ask(&address("ada@example.com"), at(1)),
        ask(&bob(), at(1)),
        ask(&bob(), at(1)),
        ask(&address("x@example.net"), at(1)),
    ];
    let found = store.find(&asks).await.expect("find");
    let counts: Vec<usize> = found.iter().map(Vec::len).collect();
    assert_eq!(counts, [0, 1, 1, 0], "find gives one answer for each ask, in the order of the asks");
    assert!(store.find(&[]).await.expect("find").is_empty(), "no asks, no answers");
}

pub(super) async fn keeps_the_first(store: &dyn SuppressionStore) {
    let mut first = forbid(&bob());
    first.evidence = vec![Evidence::new(EvidenceSource::Reply, "550 5.1.1 first")];
    let mut second = forbid(&bob());
    second.since = at(5);
    second.evidence = vec![Evidence::new(EvidenceSource::Reply, "550 5.1.1 second")];
    assert_eq!(put(store, first.clone()).await, Put::Added, "a new entry is added");
    assert_eq!(put(store, second).await, Put::Known, "the same (what, scope, effect, reason) again is known");
    assert_eq!(find(store, &bob(), at(9)).await, [first], "the oldest evidence and since are kept");
    let mut others = vec![forbid(&bob()), forbid(&bob()), forbid(&bob())];
    others[0].reason = Reason::Complaint;
    others[1].effect = Effect::Allow;
    others[2].reason = Reason::Bounce(BounceClass::InactiveMailbox);
    for other in others {
        assert_eq!(put(store, other).await, Put::Added, "another reason, class or effect is another entry");
    }
    assert_eq!(find(store, &bob(), at(9)).await.len(), 4, "entries of different reasons stand side by side");
}

pub(super) async fn holds_until(store: &dyn SuppressionStore) {
    let until = |from, until: Option<i64>| {
        let mut entry = forbid(&bob());
        entry.since = at(from);
        entry.until = until.map(at);
        entry
    };
    put(store, until(0, Some(10))).await;
    assert_eq!(find(store, &bob(), at(9)).await.len(), 1, "an entry holds before its until");
    assert!(find(store, &bob(), at(10)).await.is_empty(), "an entry is not returned at or past its until");
    assert_eq!(put(store, until(5, Some(20))).await, Put::Known, "an entry that still holds is known");
    put(store, until(6, Some(12))).await;
    assert_eq!(find(store, &bob(), at(19)).await.len(), 1, "of two ends the later one counts");
    assert_eq!(put(store, until(30, Some(40))).await, Put::Added, "an entry that had run out is put anew");
    let found = find(store, &bob(), at(35)).await;
    assert_eq!(found.first().map(|entry| entry.since), Some(at(30)), "an entry put anew has its own since");
    put(store, until(36, None)).await;
    assert_eq!(find(store, &bob(), at(4_000_000)).await.len(), 1, "for good is longer than any end");
}

pub(super) async fn lifts_one_scope(store: &dyn SuppressionStore) {
    let digest = Scope::List(parsed("digest", ListName::parse));
    let what = What::address(&bob());
    for reason in [Reason::Unsubscribe, Reason::Manual] {
        put(store, Entry::new(what.clone(), digest.clone(), reason, Actor::System, at(0))).await;
    }
    put(store, forbid(&bob())).await;
    put(store, forbid(&address("eve@example.org"))).await;
    let lift = |scope: Scope| {
        let what = &what;
        async move { store.lift(what, &scope, &Actor::System).await.expect("lift") }
    };
    assert!(lift(digest.clone()).await, "lift says that there were entries");
    assert!(!lift(digest).await, "lifting again finds nothing");
    let left = find(store, &bob(), at(1)).await;
    assert_eq!(left.len(), 1, "lift takes every reason of that scope and no other scope");
    assert_eq!(find(store, &address("eve@example.org"), at(1)).await.len(), 1, "lift touches nobody else");
    assert_eq!(put(store, forbid(&bob())).await, Put::Known, "what was not lifted is known");
}

pub(super) async fn scans_in_pages(store: &dyn SuppressionStore) {
    let all: Vec<Address> = (0..7).map(|n| address(&format!("user{n}@example.org"))).collect();
    for one in &all {
        put(store, forbid(one)).await;
    }
    let mut seen = Vec::new();
    let mut after = None;
    for round in 0..10 {
        let page = store.scan(after, 2).await.expect("scan");
        assert!(page.len() <= 2, "scan gives at most limit entries");
        let Some((cursor, _)) = page.last() else { break };
        after = Some(*cursor);
        seen.extend(page.into_iter().map(|(_, entry)| entry.what));
        if round == 0 {
            // What was scanned already may go without disturbing the rest.
            store.lift(&seen[0], &Scope::Everything, &Actor::System).await.expect("lift");
        }
    }
    let distinct: BTreeSet<&What> = seen.iter().collect();
    assert_eq!(
        (seen.len(), distinct.len()),
        (7, 7),
        "scan gives every entry exactly once, though one was lifted meanwhile"
    );
    assert!(store.scan(None, 0).await.expect("scan").is_empty(), "a limit of nothing gives nothing");
}

pub(super) async fn keeps_all_of_an_entry(store: &dyn SuppressionStore) {
    let mut entry = forbid(&address("jörg@exämple.example"));
    entry.reason = Reason::Bounce(BounceClass::Quota);
    entry.scope = Scope::Tenant(parsed("acme", TenantName::parse));
    entry.by = Actor::Person(Text::lossy("support (Ada)"));
    entry.until = Some(at(1000));
    entry.evidence = vec![
        Evidence::new(EvidenceSource::Reply, "552 5.2.2 mailbox full"),
        Evidence::new(EvidenceSource::Header, "Subject: zurück"),
    ];
    put(store, entry.clone()).await;
    assert_eq!(find(store, &address("JÖRG@exämple.example"), at(1)).await, [entry.clone()], "every field comes back");
    let scanned = store.scan(None, 10).await.expect("scan");
    assert_eq!(scanned.first().map(|(_, scanned)| scanned), Some(&entry), "scan gives the whole entry");
}

pub(super) async fn sees_what_was_put(store: &dyn SuppressionStore) {
    for n in 0..20 {
        let one = address(&format!("user{n}@example.net"));
        put(store, forbid(&one)).await;
        let verdict = decide(&ask(&one, at(1)), &find(store, &one, at(1)).await);
        assert!(matches!(verdict, Verdict::Suppressed(_)), "an entry holds as soon as put returned");
    }
}

pub(super) async fn finds_by_hash(store: &dyn SuppressionStore, hash: [u8; 32]) {
    put(store, Entry::new(What::Hash(hash), Scope::Everything, Reason::Unsubscribe, Actor::Recipient, at(0))).await;
    assert_eq!(find(store, &address("BOB@example.org"), at(1)).await.len(), 1, "find finds an address by its hash");
    assert!(find(store, &address("eve@example.org"), at(1)).await.is_empty(), "a hash is one address's");
    assert!(
        store.lift(&What::Hash(hash), &Scope::Everything, &Actor::System).await.expect("lift"),
        "a hash can be lifted"
    );
}

pub(super) async fn refuses_hashes(store: &dyn SuppressionStore) {
    let entry = Entry::new(What::Hash([7; 32]), Scope::Everything, Reason::Manual, Actor::System, at(0));
    let refused = store.put(entry).await.map_err(|error| error.kind());
    assert_eq!(refused, Err(StoreErrorKind::Unsupported), "a store without hashes refuses entries by hash");
}

fn forbid(who: &Address) -> Entry {
    Entry::new(What::address(who), Scope::Everything, Reason::Bounce(BounceClass::BadMailbox), Actor::System, at(0))
}

fn ask(who: &Address, now: Timestamp) -> Ask {
    Ask::new(who.clone(), StreamName::DEFAULT, now)
}

async fn find(store: &dyn SuppressionStore, who: &Address, now: Timestamp) -> Vec<Entry> {
    store.find(&[ask(who, now)]).await.expect("find").pop().expect("one answer for one ask")
}

async fn put(store: &dyn SuppressionStore, entry: Entry) -> Put {
    store.put(entry).await.expect("put")
}

pub(super) fn bob() -> Address {
    address("bob@example.org")
}

fn address(text: &str) -> Address {
    parsed(text, Address::parse)
}

fn domain(text: &str) -> Domain {
    parsed(text, Domain::parse)
}

fn parsed<T, E: fmt::Debug>(text: &str, parse: impl FnOnce(&str) -> Result<T, E>) -> T {
    parse(text).expect("a constant of the suite")
}

fn at(secs: i64) -> Timestamp {
    Timestamp::from_unix_secs(1_800_000_000 + secs)
}
