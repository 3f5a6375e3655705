//! What the tests have in common.

#![allow(dead_code, clippy::unwrap_used, reason = "each test takes what it needs, and may panic")]

use std::path::Path;
use std::time::Duration;

use posthaste_queue::{Admission, Begin, Begun, Granted, NewMail, Settled, Settlement, Spool};
use posthaste_sqlite::Sqlite;
use posthaste_types::{
    Address, Content, Ending, Envelope, Event, EventId, EventKind, Fate, Mail, MailId, NodeId, Timestamp,
};

pub(crate) const NODE: NodeId = NodeId::from_static("node");

pub(crate) const fn at(secs: i64) -> Timestamp {
    Timestamp::from_unix_secs(1_800_000_000 + secs)
}

pub(crate) fn id(number: u32) -> MailId {
    MailId::from_bytes((u128::from(number) << 64).to_be_bytes())
}

pub(crate) fn address(text: &str) -> Address {
    text.parse().unwrap()
}

/// Content of about `size` octets, different for each number.
pub(crate) fn content(number: u32, size: usize) -> Content {
    let mut octets = format!("Subject: number {number}\r\n\r\n").into_bytes();
    while octets.len() < size {
        octets.extend_from_slice(format!("line {} of number {number}, to fill the page\r\n", octets.len()).as_bytes());
    }
    Content::from_canonical(octets).unwrap()
}

pub(crate) fn mail_of(number: u32, to: &[&str], content: Content) -> NewMail {
    let envelope = Envelope::new(address("ada@example.com"), to.iter().map(|to| address(to))).unwrap();
    let message_id = format!("{number}@example.com").parse().unwrap();
    let mail = Mail::new(id(number), envelope, content).with_message_id(Some(message_id));
    let mut new = NewMail::new(mail, at(0), at(345_600));
    let recipients = u32::try_from(to.len()).unwrap();
    let mut event = Event::new(at(0), EventKind::Accepted { recipients, message_id: None, size: 0 });
    event.mail = Some(id(number));
    new.events = vec![event];
    new
}

pub(crate) fn mail(number: u32) -> NewMail {
    mail_of(number, &["bob@example.org"], content(number, 300))
}

pub(crate) async fn admit(spool: &Sqlite, new: NewMail) {
    let id = new.mail.id();
    assert_eq!(spool.admit(vec![new]).await.unwrap(), [Admission::Accepted(id)]);
}

pub(crate) async fn begin(spool: &Sqlite, number: u32, places: &[u32]) -> Begun {
    let wanted = Begin::new(id(number), places.to_vec(), at(1), at(61));
    spool.begin(&NODE, vec![wanted]).await.unwrap().remove(0)
}

pub(crate) async fn granted(spool: &Sqlite, number: u32, places: &[u32]) -> Granted {
    let begun = begin(spool, number, places).await;
    assert_eq!(begun.refused, []);
    begun.granted.unwrap()
}

pub(crate) async fn deliver(spool: &Sqlite, number: u32, place: u32) {
    granted(spool, number, &[place]).await;
    let ending = Ending::new(Fate::Delivered, at(2), Duration::from_secs(2), 1);
    let done = Settlement::new(id(number), place, Some(1), Settled::Ended(ending));
    spool.settle(vec![done]).await.unwrap();
}

pub(crate) async fn due(spool: &Sqlite) -> Vec<(MailId, u32)> {
    spool.due(at(1), None, 10_000).await.unwrap().iter().map(|due| (due.mail, due.recipient)).collect()
}

pub(crate) async fn events(spool: &Sqlite) -> Vec<Event> {
    spool.events(EventId::START, 10_000).await.unwrap()
}

/// A number out of the file, read by another connection.
pub(crate) fn number(path: &Path, sql: &str) -> i64 {
    let conn = rusqlite::Connection::open(path).unwrap();
    conn.query_row(sql, [], |row| row.get(0)).unwrap()
}
