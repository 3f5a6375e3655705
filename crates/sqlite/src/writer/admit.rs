//! Taking mail in.

use std::collections::HashMap;

use posthaste_queue::{Admission, NewMail};
use posthaste_types::{Ending, MailId, Timestamp};
use rusqlite::{Connection, OptionalExtension, params};

use super::Work;
use crate::rows::{EventRow, MailRow, Micros, Octets, RecipientRow};

/// A mail to take in, its rows made.
pub(crate) struct Admitting {
    id: MailId,
    mail: MailRow,
    recipients: Vec<(RecipientRow, Option<Ending>)>,
    due: Timestamp,
    octets: Octets,
    events: Vec<EventRow>,
}

impl Admitting {
    pub(crate) fn of(new: &NewMail) -> Result<Self, rusqlite::Error> {
        let mail = MailRow::of(new)?;
        let mut ended: HashMap<u32, &Ending> = new.ended.iter().map(|(place, ending)| (*place, ending)).collect();
        let rows = (0u32..)
            .zip(new.mail.envelope().to())
            .map(|(place, recipient)| (RecipientRow::of(&mail.id, place, recipient), ended.remove(&place).cloned()));
        let recipients = rows.collect();
        let events = EventRow::all(&new.events)?;
        Ok(Self { id: new.mail.id(), mail, recipients, due: new.due, octets: Octets::of(new.mail.content()), events })
    }

    pub(crate) fn apply(&self, work: &mut Work<'_>) -> Result<Admission, rusqlite::Error> {
        if let Some(known) = self.known(work.conn)? {
            return Ok(known);
        }
        let waiting = self.recipients.iter().filter(|(_, ending)| ending.is_none()).count();
        let waiting = i64::try_from(waiting).unwrap_or(i64::MAX);
        let content = if waiting == 0 { None } else { Some(self.insert_content(work)?) };
        self.insert_mail(work.conn, content, waiting)?;
        for (recipient, ending) in &self.recipients {
            recipient.insert(work.conn, self.mail.priority, self.due, ending.as_ref())?;
        }
        work.record(&self.events)?;
        Ok(Admission::Accepted(self.id))
    }

    fn known(&self, conn: &Connection) -> Result<Option<Admission>, rusqlite::Error> {
        if let (Some(key), Some(print)) = (&self.mail.once_key, &self.mail.fingerprint) {
            let sql = "SELECT id, fingerprint FROM mail \
                       WHERE ifnull(tenant, '') = ifnull(?1, '') AND once_key = ?2";
            let found: Option<(String, Option<Vec<u8>>)> = conn
                .prepare_cached(sql)?
                .query_row(params![self.mail.tenant, key], |row| Ok((row.get(0)?, row.get(1)?)))
                .optional()?;
            if let Some((id, known)) = found {
                // An id that does not parse is damaged; that the key is known stays true.
                let id = MailId::parse(&id).unwrap_or(self.id);
                let same = known.as_ref() == Some(print);
                return Ok(Some(if same { Admission::Replay(id) } else { Admission::KeyReused(id) }));
            }
        }
        let same_id = conn.prepare_cached("SELECT 1 FROM mail WHERE id = ?1")?.exists([&self.mail.id])?;
        Ok(same_id.then_some(Admission::Replay(self.id)))
    }

    fn insert_content(&self, work: &mut Work<'_>) -> Result<i64, rusqlite::Error> {
        let id = work.ids.content();
        let shared = match &self.octets.split {
            Some(split) => work.bodies.shared(work.conn, split)?.map(|body| (split, body)),
            None => None,
        };
        let (content, crc, body) = match shared {
            Some((split, body)) => (&split.head, split.head_crc, Some(body)),
            None => (&self.octets.whole, self.octets.crc, None),
        };
        work.conn
            .prepare_cached("INSERT INTO content (id, octets, crc, body) VALUES (?1, ?2, ?3, ?4)")?
            .execute(params![id, &*content.to_bytes(), crc, body])?;
        Ok(id)
    }

    fn insert_mail(&self, conn: &Connection, content: Option<i64>, waiting: i64) -> Result<(), rusqlite::Error> {
        let last = self.recipients.iter().filter_map(|(_, ending)| ending.as_ref()).map(|ending| ending.at).max();
        let ended = last.filter(|_| waiting == 0).map(Micros);
        self.mail.insert(conn, content, waiting, ended)
    }
}
