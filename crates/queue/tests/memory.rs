//! The spool in memory under any sequence of calls: one ending for each recipient, told once (I1).

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use posthaste_queue::{Admission, Begin, MemorySpool, NewMail, Query, Settled, Settlement, Spool};
use posthaste_types::{
    Address, Cause, Content, Ending, Envelope, Event, EventId, EventKind, Fate, Mail, MailId, NodeId, Outcome,
    Timestamp,
};
use proptest::prelude::*;

/// The spool in memory never waits.
fn now<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("memory waits for nothing"),
    }
}

fn at(secs: i64) -> Timestamp {
    Timestamp::from_unix_secs(1_800_000_000 + secs)
}

fn id(mail: u8) -> MailId {
    MailId::from_bytes([mail; 16])
}

fn mail(number: u8, recipients: u32) -> NewMail {
    let to: Vec<Address> = (0..recipients).map(|n| format!("user{n}@example.org").parse().unwrap()).collect();
    let envelope = Envelope::new("a@example.com".parse::<Address>().unwrap(), to).unwrap();
    let content = Content::from_canonical(b"Subject: x\r\n\r\nx\r\n".to_vec()).unwrap();
    NewMail::new(Mail::new(id(number), envelope, content), at(0), at(100_000))
}

#[derive(Clone, Debug)]
enum Op {
    Admit { mail: u8 },
    Begin { mail: u8, node: bool, lease: i64 },
    Settle { mail: u8, recipient: u32, attempt: Option<u32>, how: u8 },
    Wait { secs: i64 },
}

fn ops() -> impl Strategy<Value = Vec<Op>> {
    let one = prop_oneof![
        1 => (0..3_u8).prop_map(|mail| Op::Admit { mail }),
        4 => (0..3_u8, any::<bool>(), 1..50_i64).prop_map(|(mail, node, lease)| Op::Begin { mail, node, lease }),
        8 => (0..3_u8, 0..4_u32, prop::option::of(0..6_u32), 0..5_u8)
            .prop_map(|(mail, recipient, attempt, how)| Op::Settle { mail, recipient, attempt, how }),
        2 => (-20..60_i64).prop_map(|secs| Op::Wait { secs }),
    ];
    prop::collection::vec(one, 1..120)
}

fn settlement(mail: u8, recipient: u32, attempt: Option<u32>, how: u8, secs: i64) -> Settlement {
    let next = at(secs + i64::from(how) * 10);
    let settled = match how {
        0 => Settled::Ended(Ending::new(Fate::Delivered, at(secs), at(secs).since(at(0)), attempt.unwrap_or(0))),
        1 => Settled::Ended(Ending::new(Fate::Bounced, at(secs), at(secs).since(at(0)), attempt.unwrap_or(0))),
        2 => Settled::Retry { outcome: Outcome::deferred(Cause::local("later")), next },
        3 => Settled::Retry { outcome: Outcome::in_doubt(Cause::local("doubt")), next },
        _ => Settled::Unmade { cause: Cause::local("unmade"), next },
    };
    let mut settlement = Settlement::new(id(mail), recipient, attempt, settled.clone());
    if let Settled::Ended(ending) = settled {
        let mut event = Event::new(at(secs), EventKind::Ended { ending });
        (event.mail, event.recipient) = (Some(id(mail)), Some(format!("user{recipient}@example.org").parse().unwrap()));
        settlement.events = vec![event];
    }
    settlement
}

/// How often each recipient ended, by the log, and how.
fn endings(spool: &MemorySpool) -> BTreeMap<(MailId, Address), Vec<Ending>> {
    let mut endings = BTreeMap::<_, Vec<Ending>>::new();
    for event in now(spool.events(EventId::START, usize::MAX)).unwrap() {
        if let EventKind::Ended { ending } = event.kind {
            endings.entry((event.mail.unwrap(), event.recipient.unwrap())).or_default().push(ending);
        }
    }
    endings
}

proptest! {
    #[test]
    fn every_recipient_ends_at_most_once_and_none_is_lost(ops in ops()) {
        let (spool, mut clock, mut admitted) = (MemorySpool::new(), 0_i64, BTreeMap::new());
        let nodes = [NodeId::from_static("a"), NodeId::from_static("b")];
        for op in ops {
            match op {
                Op::Admit { mail: number } => {
                    let answer = now(spool.admit(vec![mail(number, 3)])).unwrap();
                    let known = admitted.insert(id(number), 3).is_some();
                    let expected = if known { Admission::Replay(id(number)) } else { Admission::Accepted(id(number)) };
                    prop_assert_eq!(answer, [expected]);
                }
                Op::Begin { mail, node, lease } => {
                    let due = now(spool.due(at(clock), None, 100)).unwrap();
                    let free: Vec<u32> = due.iter().filter(|due| due.mail == id(mail)).map(|due| due.recipient).collect();
                    let begin = Begin::new(id(mail), vec![0, 1, 2, 3], at(clock), at(clock + lease));
                    let begun = now(spool.begin(&nodes[usize::from(node)], vec![begin])).unwrap().remove(0);
                    let granted: Vec<u32> = begun.granted.iter().flat_map(|lease| &lease.recipients).map(|one| one.0).collect();
                    let mut sorted = free.clone();
                    sorted.sort_unstable();
                    prop_assert_eq!(&granted, &sorted, "granted is who was free and due");
                    prop_assert_eq!(granted.len() + begun.refused.len(), 4);
                }
                Op::Settle { mail, recipient, attempt, how } => {
                    let once = settlement(mail, recipient, attempt, how, clock);
                    now(spool.settle(vec![once.clone(), once])).unwrap();
                }
                Op::Wait { secs } => clock += secs,
            }
            let endings = endings(&spool);
            let found = now(Spool::find(&spool, &Query::default())).unwrap();
            prop_assert_eq!(found.len(), admitted.len(), "what was accepted is known (I5)");
            for tracked in found {
                for recipient in tracked.recipients {
                    let told = endings.get(&(tracked.id, recipient.address.clone()));
                    prop_assert_eq!(told.map_or(0, Vec::len), usize::from(recipient.ending.is_some()), "one end, told once");
                    prop_assert_eq!(told.and_then(|told| told.first()), recipient.ending.as_ref());
                    prop_assert_eq!(recipient.next.is_some(), recipient.ending.is_none(), "it waits or it has ended");
                }
            }
        }
        // Everybody who has not ended is due in the end.
        let waiting = now(spool.due(at(1_000_000), None, 100)).unwrap().len();
        let ended = endings(&spool).len();
        prop_assert_eq!(waiting + ended, 3 * admitted.len(), "nobody is lost");
    }
}

#[test]
fn of_many_threads_one_gets_the_lease() {
    let spool = Arc::new(MemorySpool::new());
    now(spool.admit(vec![mail(1, 50)])).unwrap();
    let granted: Vec<u32> = std::thread::scope(|scope| {
        let run = |n: u8| {
            let spool = spool.clone();
            scope.spawn(move || {
                let node = NodeId::parse(&format!("node-{n}")).unwrap();
                let begin = |place| vec![Begin::new(id(1), vec![place], at(0), at(60))];
                let mine = (0..50).filter(|place| now(spool.begin(&node, begin(*place))).unwrap()[0].granted.is_some());
                mine.collect::<Vec<u32>>()
            })
        };
        let threads: Vec<_> = (0..4).map(run).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    let mut sorted = granted.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, (0..50).collect::<Vec<_>>(), "each recipient is granted to one of them");
}

#[test]
fn debug_tells_counts_and_no_address() {
    let spool = MemorySpool::new();
    now(spool.admit(vec![mail(1, 1)])).unwrap();
    assert_eq!(format!("{spool:?}"), "MemorySpool { mails: 1, waiting: 1, events: 0, suppressed: 0, .. }");
    now(spool.settle(vec![settlement(1, 0, None, 1, 5)])).unwrap();
    assert_eq!(format!("{spool:?}"), "MemorySpool { mails: 1, waiting: 0, events: 1, suppressed: 0, .. }");
}
