//! Setting damaged mail apart.

use posthaste_queue::MailMeta;
use posthaste_types::{Address, Event, EventKind, MailId, StreamName, Tags, Text, Timestamp};
use rusqlite::{Connection, Row, params};

use super::Work;
use super::begin::read_content;
use super::bodies::remove_content;
use crate::rows::{EventRow, Micros, json, quarantined};
use crate::trouble::Damage;

/// A mail found damaged.
#[derive(Clone, Debug)]
pub(crate) struct Damaged {
    /// As it stands in the table: it may be no id any more.
    pub(crate) mail: String,
    pub(crate) at: Timestamp,
    pub(crate) why: String,
}

impl Damaged {
    pub(crate) fn new(mail: MailId, at: Timestamp, damage: &Damage) -> Self {
        Self { mail: mail.to_string(), at, why: damage.as_str().to_owned() }
    }
}

/// Ends the mail's recipients that wait, keeps what is left of its content apart, and tells. Once: a mail
/// that is set apart already is left alone.
pub(crate) fn quarantine(work: &mut Work<'_>, damaged: &Damaged) -> Result<(), rusqlite::Error> {
    let conn = work.conn;
    let content = content_of(conn, &damaged.mail);
    let octets = content.and_then(|id| read_content(conn, id).ok()).map(|stored| match stored.body {
        Some((body, _)) => [stored.octets, body].concat(),
        None => stored.octets,
    });
    let new = conn
        .prepare_cached("INSERT OR IGNORE INTO quarantine (mail, at, why, octets) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![damaged.mail, Micros(damaged.at), damaged.why, octets])?;
    if new == 0 {
        return Ok(());
    }
    let subject = Subject::of(conn, damaged);
    let mut events = vec![subject.event(EventKind::Quarantined { why: Text::lossy(&damaged.why) }, None)];
    for (place, attempts, address) in waiting(conn, &damaged.mail)? {
        let ending = quarantined(subject.accepted, damaged.at, attempts, &damaged.why);
        conn.prepare_cached(
            "UPDATE recipient SET next = NULL, lease_node = NULL, lease_until = NULL, fate = ?3, ended = ?4, \
             ending = ?5 WHERE mail = ?1 AND place = ?2",
        )?
        .execute(params![damaged.mail, place, ending.fate.as_str(), Micros(ending.at), json(&ending)?])?;
        conn.prepare_cached("UPDATE attempt SET result = 'unmade' WHERE mail = ?1 AND place = ?2 AND result IS NULL")?
            .execute(params![damaged.mail, place])?;
        events.push(subject.event(EventKind::Ended { ending }, address));
    }
    work.record(&EventRow::all(&events)?)?;
    // What cannot be read stays where it is.
    if let Some(id) = content.filter(|_| octets.is_some()) {
        remove_content(work, id)?;
    }
    conn.prepare_cached("UPDATE mail SET waiting = 0, content = NULL, ended = ?2 WHERE id = ?1")?
        .execute(params![damaged.mail, Micros(damaged.at)])?;
    Ok(())
}

/// What the events say of the mail, as far as it can be read.
struct Subject {
    mail: Option<MailId>,
    at: Timestamp,
    accepted: Timestamp,
    meta: MailMeta,
}

impl Subject {
    fn of(conn: &Connection, damaged: &Damaged) -> Self {
        let mail = MailId::parse(&damaged.mail).ok();
        let mut subject = Self { mail, at: damaged.at, accepted: damaged.at, meta: MailMeta::default() };
        let sql = "SELECT accepted, stream, list, campaign, tenant, tags FROM mail WHERE id = ?1";
        drop(conn.query_row(sql, [&damaged.mail], |row| {
            subject.accepted = row.get(0).map_or(damaged.at, Timestamp::from_unix_micros);
            subject.meta.stream = text(row, 1).and_then(|t| StreamName::parse(&t).ok()).unwrap_or_default();
            subject.meta.list = text(row, 2).and_then(|t| t.parse().ok());
            subject.meta.campaign = text(row, 3).and_then(|t| t.parse().ok());
            subject.meta.tenant = text(row, 4).and_then(|t| t.parse().ok());
            subject.meta.tags = text(row, 5).and_then(|t| serde_json::from_str::<Tags>(&t).ok()).unwrap_or_default();
            Ok(())
        }));
        subject
    }

    fn event(&self, kind: EventKind, recipient: Option<Address>) -> Event {
        let mut event = Event::new(self.at, kind);
        event.mail = self.mail;
        event.recipient = recipient;
        event.stream.clone_from(&self.meta.stream);
        event.list.clone_from(&self.meta.list);
        event.campaign.clone_from(&self.meta.campaign);
        event.tenant.clone_from(&self.meta.tenant);
        event.tags.clone_from(&self.meta.tags);
        event
    }
}

fn content_of(conn: &Connection, mail: &str) -> Option<i64> {
    conn.query_row("SELECT content FROM mail WHERE id = ?1", [mail], |row| row.get(0)).ok().flatten()
}

type Waiting = (i64, u32, Option<Address>);

fn waiting(conn: &Connection, mail: &str) -> Result<Vec<Waiting>, rusqlite::Error> {
    let mut statement = conn.prepare_cached(
        "SELECT place, attempts, address FROM recipient WHERE mail = ?1 AND fate IS NULL ORDER BY place",
    )?;
    let rows = statement.query_map([mail], |row| {
        let address = text(row, 2).and_then(|text| Address::parse(&text).ok());
        Ok((row.get(0)?, row.get(1).unwrap_or(0), address))
    })?;
    rows.collect()
}

fn text(row: &Row<'_>, column: usize) -> Option<String> {
    row.get::<_, Option<String>>(column).ok().flatten()
}
