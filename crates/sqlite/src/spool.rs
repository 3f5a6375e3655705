//! [`Spool`] on SQLite.

use async_trait::async_trait;
use posthaste_queue::{
    Admission, Begin, Begun, Due, DueCursor, Granted, NewMail, Orphan, Query, Refusal, Settlement, Spool, SpoolError,
    SpoolErrorKind, Tracked,
};
use posthaste_types::{Event, EventId, Mail, MailId, NodeId, Timestamp};
use rusqlite::OptionalExtension;

use crate::reader;
use crate::rows::EventRow;
use crate::sqlite::Sqlite;
use crate::trouble::{Damage, Fault, Trouble};
use crate::writer::{Admitting, BegunRows, Damaged, GrantedRows, Settling, begin, forget, quarantine};

#[async_trait]
impl Spool for Sqlite {
    async fn admit(&self, mails: Vec<NewMail>) -> Result<Vec<Admission>, SpoolError> {
        // Rows and checksums are made here, not on the one thread that writes.
        let rows: Result<Vec<_>, _> = mails.iter().map(Admitting::of).collect();
        let rows = rows.map_err(|error| self.fault_of(&error))?;
        Ok(self.write(move |work| rows.iter().map(|mail| mail.apply(work)).collect()).await?)
    }

    async fn due(&self, until: Timestamp, after: Option<DueCursor>, limit: usize) -> Result<Vec<Due>, SpoolError> {
        let found = self.read(move |conn| reader::due(conn, until, after, limit)).await?;
        Ok(self.sound(found).await?)
    }

    async fn next_due(&self, after: Timestamp) -> Result<Option<Timestamp>, SpoolError> {
        Ok(self.read(move |conn| reader::next_due(conn, after)).await?)
    }

    async fn begin(&self, node: &NodeId, wanted: Vec<Begin>) -> Result<Vec<Begun>, SpoolError> {
        let (node, lookup) = (node.clone(), self.lookup().clone());
        let (wanted, rows) = self
            .write(move |work| {
                let rows: Result<Vec<_>, _> = wanted.iter().map(|one| begin(work, &lookup, &node, one)).collect();
                Ok((wanted.clone(), rows?))
            })
            .await?;
        let mut damaged = Vec::new();
        let begun = wanted.iter().zip(rows).map(|(one, rows)| checked(one, rows, &mut damaged)).collect();
        if !damaged.is_empty() {
            self.write(move |work| damaged.iter().try_for_each(|damaged| quarantine(work, damaged))).await?;
        }
        Ok(begun)
    }

    async fn settle(&self, done: Vec<Settlement>) -> Result<(), SpoolError> {
        let rows: Result<Vec<_>, _> = done.iter().map(Settling::of).collect();
        let rows = rows.map_err(|error| self.fault_of(&error))?;
        Ok(self.write(move |work| rows.iter().try_for_each(|one| one.apply(work))).await?)
    }

    async fn orphans(&self, node: &NodeId) -> Result<Vec<Orphan>, SpoolError> {
        let node = node.clone();
        let found = self.read(move |conn| reader::orphans(conn, &node)).await?;
        Ok(self.sound(found).await?)
    }

    async fn withdraw(&self, mail: MailId) -> Result<(), SpoolError> {
        let sql = "INSERT OR IGNORE INTO withdrawn (mail) SELECT id FROM mail WHERE id = ?1";
        let id = mail.to_string();
        Ok(self.write(move |work| work.conn.prepare_cached(sql)?.execute([&id]).map(drop)).await?)
    }

    async fn withdrawn(&self) -> Result<Vec<MailId>, SpoolError> {
        Ok(self.read(reader::withdrawn).await?)
    }

    async fn record(&self, events: Vec<Event>) -> Result<(), SpoolError> {
        let rows = EventRow::all(&events).map_err(|error| self.fault_of(&error))?;
        Ok(self.write(move |work| work.record(&rows)).await?)
    }

    async fn events(&self, after: EventId, limit: usize) -> Result<Vec<Event>, SpoolError> {
        Ok(self.question(move |conn| reader::events(conn, after, limit)).await?)
    }

    async fn find(&self, query: &Query) -> Result<Vec<Tracked>, SpoolError> {
        let query = query.clone();
        let found = self.question(move |conn| reader::find(conn, &query)).await?;
        Ok(self.sound(found).await?)
    }

    async fn backlog(&self) -> Result<u64, SpoolError> {
        Ok(self.read(reader::backlog).await?)
    }

    async fn secret(&self, name: &str, candidate: [u8; 32]) -> Result<[u8; 32], SpoolError> {
        let name = name.to_owned();
        let kept = self.write(move |work| {
            let sql = "INSERT OR IGNORE INTO secret (name, value) VALUES (?1, ?2)";
            work.conn.execute(sql, rusqlite::params![name, candidate])?;
            let sql = "SELECT value FROM secret WHERE name = ?1";
            work.conn.query_row(sql, [&name], |row| row.get::<_, [u8; 32]>(0)).optional()
        });
        match kept.await? {
            Some(secret) => Ok(secret),
            None => Err(Fault::new(SpoolErrorKind::Io, &self.path().into(), "the secret was not kept").into()),
        }
    }

    async fn forget(&self, before: Timestamp, limit: usize) -> Result<usize, SpoolError> {
        Ok(self.write(move |work| forget(work, before, limit)).await?)
    }

    async fn close(&self) -> Result<(), SpoolError> {
        Ok(self.shut().await?)
    }
}

/// Checks the content, away from the thread that writes.
fn checked(wanted: &Begin, rows: BegunRows, damaged: &mut Vec<Damaged>) -> Begun {
    let BegunRows { granted, mut refused, damaged: found } = rows;
    damaged.extend(found);
    let Some(rows) = granted else { return Begun::new(None, refused) };
    let places: Vec<u32> = rows.recipients.iter().map(|(place, ..)| *place).collect();
    match grant(rows) {
        Ok(granted) => Begun::new(Some(granted), refused),
        Err(trouble) => {
            let damage = match trouble {
                Trouble::Damaged(damage) => damage,
                Trouble::Sql(error) => Damage::new(error),
            };
            damaged.push(Damaged::new(wanted.mail, wanted.at, &damage));
            refused.extend(places.into_iter().map(|place| (place, Refusal::Damaged)));
            Begun::new(None, refused)
        }
    }
}

fn grant(rows: GrantedRows) -> Result<Granted, Trouble> {
    let GrantedRows { head, content, recipients } = rows;
    let content = content.check()?;
    let (to, states): (Vec<_>, Vec<_>) =
        recipients.into_iter().map(|(place, recipient, state)| (recipient, (place, state))).unzip();
    let mail = Mail::new(head.id, head.envelope(to)?, content).with_message_id(head.message_id);
    Ok(Granted::new(mail, head.meta, head.accepted, head.expires, states))
}
