//! Mails, times and shortcuts of the suite.

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;

use posthaste_types::{
    Address, Cause, Content, Ending, Envelope, Event, EventId, EventKind, Fate, Mail, MailId, MessageId, NodeId,
    OnceKey, Outcome, ReversePath, Text, Timestamp,
};

use crate::{
    Admission, Begin, Begun, Due, Granted, NewMail, Query, Settled, Settlement, Spool, Tracked, TrackedRecipient,
};

/// The suite's zero of time, plus so many seconds.
pub(super) fn at(secs: i64) -> Timestamp {
    Timestamp::from_unix_secs(1_800_000_000 + secs)
}

/// The mail with this number, to these addresses, accepted and due at zero, given up after an hour.
pub(super) fn mail(number: u8, to: &[&str]) -> NewMail {
    let from = ReversePath::from(address("bounces@news.example.com"));
    let envelope = Envelope::new(from, to.iter().map(|to| address(to))).expect("a mail of the suite has recipients");
    let text = format!("Subject: number {number}\r\n\r\nA body of mail {number}.\r\n.\r\n");
    let content = Content::from_canonical(text.into_bytes()).expect("canonical");
    let message_id = parsed(&format!("{number}@news.example.com"), MessageId::parse);
    NewMail::new(Mail::new(id(number), envelope, content).with_message_id(Some(message_id)), at(0), at(3600))
}

/// The same, of this priority and due then.
pub(super) fn due_at(mut new: NewMail, priority: i8, due: i64) -> NewMail {
    new.meta.priority = priority;
    new.due = at(due);
    new
}

/// The same, with a once key and a fingerprint.
pub(super) fn keyed(mut new: NewMail, key: &str, print: u8) -> NewMail {
    new.once = Some((parsed(key, OnceKey::parse), [print; 32]));
    new
}

pub(super) fn id(number: u8) -> MailId {
    MailId::from_bytes([number; 16])
}

pub(super) fn node(name: &str) -> NodeId {
    parsed(name, NodeId::parse)
}

pub(super) fn address(text: &str) -> Address {
    parsed(text, Address::parse)
}

pub(super) fn parsed<T, E: fmt::Debug>(text: &str, parse: impl FnOnce(&str) -> Result<T, E>) -> T {
    parse(text).expect("a constant of the suite")
}

/// An event that tells its number.
pub(super) fn note(number: u8, mail: Option<MailId>) -> Event {
    let mut event = Event::new(at(i64::from(number)), EventKind::Unmatched { why: Text::lossy(number) });
    event.mail = mail;
    event
}

pub(super) fn ending(fate: Fate, secs: i64) -> Ending {
    let mut ending = Ending::new(fate, at(secs), at(secs).since(at(0)), 1);
    ending.cause = Some(Cause::local("the suite says so"));
    ending
}

pub(super) fn ended(fate: Fate, secs: i64) -> Settled {
    Settled::Ended(ending(fate, secs))
}

pub(super) fn deferred(next: i64) -> Settled {
    Settled::Retry { outcome: Outcome::deferred(Cause::http(503, "try later")), next: at(next) }
}

pub(super) fn in_doubt(next: i64) -> Settled {
    Settled::Retry { outcome: Outcome::in_doubt(Cause::local("no answer")), next: at(next) }
}

pub(super) async fn admit(spool: &dyn Spool, new: NewMail) -> Admission {
    let mut admitted = spool.admit(vec![new]).await.expect("admit");
    assert_eq!(admitted.len(), 1, "admit gives one answer for each mail");
    admitted.remove(0)
}

/// Begins for these places at `now`, with a lease of a minute.
pub(super) async fn begin(spool: &dyn Spool, number: u8, places: &[u32], now: i64) -> Begun {
    let wanted = vec![Begin::new(id(number), places.to_vec(), at(now), at(now + 60))];
    let mut begun = spool.begin(&node("a"), wanted).await.expect("begin");
    assert_eq!(begun.len(), 1, "begin gives one answer for each attempt");
    begun.remove(0)
}

/// Begins as above, and all must be granted.
pub(super) async fn granted(spool: &dyn Spool, number: u8, places: &[u32], now: i64) -> Granted {
    let begun = begin(spool, number, places, now).await;
    assert!(begun.refused.is_empty(), "mail {number} {places:?} is free and due at {now}: {:?}", begun.refused);
    let granted = begun.granted.expect("nobody is refused, so there is a lease");
    let given: Vec<u32> = granted.recipients.iter().map(|(place, _)| *place).collect();
    assert_eq!(given, places, "a lease names the places that were granted, in order");
    granted
}

pub(super) async fn settle(spool: &dyn Spool, number: u8, place: u32, attempt: Option<u32>, settled: Settled) {
    spool.settle(vec![Settlement::new(id(number), place, attempt, settled)]).await.expect("settle");
}

/// Mail and place of all that is due.
pub(super) async fn due(spool: &dyn Spool, until: i64) -> Vec<(MailId, u32)> {
    let due = all_due(spool, until).await;
    due.iter().map(|due| (due.mail, due.recipient)).collect()
}

pub(super) async fn all_due(spool: &dyn Spool, until: i64) -> Vec<Due> {
    spool.due(at(until), None, 1000).await.expect("due")
}

pub(super) async fn events(spool: &dyn Spool) -> Vec<Event> {
    spool.events(EventId::START, 1000).await.expect("events")
}

/// What [`note`]s stand in the log, in order.
pub(super) async fn notes(spool: &dyn Spool) -> Vec<String> {
    let why = |event: Event| match event.kind {
        EventKind::Unmatched { why } => Some(why.to_string()),
        _ => None,
    };
    events(spool).await.into_iter().filter_map(why).collect()
}

pub(super) async fn tracked(spool: &dyn Spool, number: u8) -> Tracked {
    let mut found = spool.find(&Query::mail(id(number))).await.expect("find");
    assert_eq!(found.len(), 1, "mail {number} is known");
    found.remove(0)
}

pub(super) async fn recipient(spool: &dyn Spool, number: u8, place: usize) -> TrackedRecipient {
    let mut tracked = tracked(spool, number).await;
    assert!(place < tracked.recipients.len(), "mail {number} has all its recipients");
    tracked.recipients.swap_remove(place)
}

/// Runs futures at once, for a suite without a runtime: all are polled in turn.
pub(super) async fn at_once<T>(futures: Vec<impl Future<Output = T>>) -> Vec<T> {
    let mut futures: Vec<_> = futures.into_iter().map(Box::pin).collect();
    let mut results: Vec<Option<T>> = futures.iter().map(|_| None).collect();
    let all = poll_fn(|context| {
        for (future, result) in futures.iter_mut().zip(&mut results) {
            if result.is_none()
                && let Poll::Ready(value) = future.as_mut().poll(context)
            {
                *result = Some(value);
            }
        }
        if results.iter().all(Option::is_some) { Poll::Ready(()) } else { Poll::Pending }
    });
    pin!(all).await;
    results.into_iter().flatten().collect()
}
