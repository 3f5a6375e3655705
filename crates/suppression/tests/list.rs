//! The list in memory against a model: a plain vector, searched from end to end.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use posthaste_suppression::{Actor, Ask, Entry, EntryList, Put, Reason, ScanCursor, Scope, What};
use posthaste_types::{Address, Evidence, EvidenceSource, StreamName, Timestamp};
use proptest::prelude::*;

fn at(secs: i64) -> Timestamp {
    Timestamp::from_unix_secs(1_800_000_000 + secs)
}

fn address(n: u8) -> Address {
    ["a@example.org", "B@Example.org", "c@example.net"][usize::from(n) % 3].parse().unwrap()
}

#[derive(Clone, Debug)]
enum Op {
    Put(Box<Entry>),
    Lift(What, Scope),
    Find(u8, i64),
    Scan(usize),
}

fn what() -> impl Strategy<Value = What> {
    (0..3_u8, 0..3_u8).prop_map(|(kind, n)| match kind {
        0 => What::Domain(address(n).domain().clone()),
        1 => What::Hash([n; 32]),
        _ => What::address(&address(n)),
    })
}

fn scope() -> impl Strategy<Value = Scope> {
    any::<bool>().prop_map(|all| if all { Scope::Everything } else { Scope::List("digest".parse().unwrap()) })
}

fn op() -> impl Strategy<Value = Op> {
    let reason = prop::sample::select(vec![Reason::Manual, Reason::Complaint]);
    let entry = (what(), scope(), reason, 0..50_i64, prop::option::of(0..60_i64), any::<u8>());
    prop_oneof![
        6 => entry.prop_map(|(what, scope, reason, since, until, n)| {
            let mut entry = Entry::new(what, scope, reason, Actor::System, at(since));
            entry.until = until.map(at);
            entry.evidence = vec![Evidence::new(EvidenceSource::Reply, n)];
            Op::Put(Box::new(entry))
        }),
        2 => (what(), scope()).prop_map(|(what, scope)| Op::Lift(what, scope)),
        4 => (0..3_u8, 0..70_i64).prop_map(|(n, now)| Op::Find(n, now)),
        1 => (1..5_usize).prop_map(Op::Scan),
    ]
}

fn model_put(model: &mut Vec<Entry>, entry: Entry) -> Put {
    let same = |known: &&mut Entry| {
        known.what == entry.what
            && known.scope == entry.scope
            && known.reason == entry.reason
            && known.effect == entry.effect
    };
    let Some(known) = model.iter_mut().find(same) else {
        model.push(entry);
        return Put::Added;
    };
    if known.until.is_some_and(|until| until <= entry.since) {
        *known = entry;
        return Put::Added;
    }
    known.until = match (known.until, entry.until) {
        (Some(old), Some(new)) => Some(if old < new { new } else { old }),
        _ => None,
    };
    Put::Known
}

proptest! {
    #[test]
    fn the_list_is_the_model(ops in prop::collection::vec(op(), 1..60)) {
        let (mut list, mut model) = (EntryList::new(), Vec::new());
        for op in ops {
            match op {
                Op::Put(entry) => prop_assert_eq!(list.put((*entry).clone()), model_put(&mut model, *entry)),
                Op::Lift(what, scope) => {
                    let before = model.len();
                    model.retain(|entry| entry.what != what || entry.scope != scope);
                    prop_assert_eq!(list.lift(&what, &scope), model.len() < before);
                }
                Op::Find(n, now) => {
                    let who = address(n);
                    let touches = |entry: &&Entry| match &entry.what {
                        What::Domain(domain) => domain == who.domain(),
                        What::Hash(hash) => *hash == [n; 32],
                        what => *what == What::address(&who),
                    };
                    let holds = |entry: &&Entry| entry.until.is_none_or(|until| at(now) < until);
                    let expected: Vec<Entry> = model.iter().filter(touches).filter(holds).cloned().collect();
                    prop_assert_eq!(list.find(&Ask::new(who, StreamName::DEFAULT, at(now)), Some([n; 32])), expected);
                }
                Op::Scan(limit) => {
                    let (mut after, mut scanned): (Option<ScanCursor>, Vec<Entry>) = (None, Vec::new());
                    loop {
                        let page = list.scan(after, limit);
                        prop_assert!(page.len() <= limit);
                        let Some((cursor, _)) = page.last() else { break };
                        after = Some(*cursor);
                        scanned.extend(page.into_iter().map(|(_, entry)| entry));
                    }
                    prop_assert_eq!(&scanned, &model);
                }
            }
            prop_assert_eq!((list.len(), list.is_empty()), (model.len(), model.is_empty()));
        }
    }
}

#[test]
fn a_scan_ends_at_the_last_number() {
    let mut list = EntryList::new();
    list.put(Entry::new(What::address(&address(0)), Scope::Everything, Reason::Manual, Actor::System, at(0)));
    assert!(list.scan(Some(ScanCursor::new(u64::MAX)), 9).is_empty());
}
