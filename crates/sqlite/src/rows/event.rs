//! Events.

use posthaste_types::{Event, EventId, EventKind, MailId, Text, Timestamp};
use rusqlite::{Connection, Row, params};

use super::{Micros, json};

/// An event to be written.
pub(crate) struct EventRow {
    at: Timestamp,
    mail: Option<String>,
    json: String,
}

impl EventRow {
    pub(crate) fn of(event: &Event) -> Result<Self, rusqlite::Error> {
        let mail = event.mail.map(|id| id.to_string());
        Ok(Self { at: event.at, mail, json: json(event)? })
    }

    pub(crate) fn all(events: &[Event]) -> Result<Vec<Self>, rusqlite::Error> {
        events.iter().map(Self::of).collect()
    }

    pub(crate) fn insert(&self, conn: &Connection, id: i64) -> Result<(), rusqlite::Error> {
        let sql = "INSERT INTO event (id, at, mail, json) VALUES (?1, ?2, ?3, ?4)";
        conn.prepare_cached(sql)?.execute(params![id, Micros(self.at), self.mail, self.json]).map(drop)
    }

    /// Reads `id, at, mail, json`. A damaged one keeps its place: it is told as [`EventKind::Quarantined`].
    pub(crate) fn read(row: &Row<'_>) -> Result<Event, rusqlite::Error> {
        let id = EventId::new(u64::try_from(row.get::<_, i64>(0)?).unwrap_or(0));
        let parsed = row.get_ref(3)?.as_str().ok().map(serde_json::from_str::<Event>);
        let mut event = match parsed {
            Some(Ok(event)) => event,
            other => {
                let why = other.and_then(Result::err).map_or_else(|| "no text".to_owned(), |error| error.to_string());
                let at = Timestamp::from_unix_micros(row.get::<_, i64>(1).unwrap_or(0));
                let why = Text::lossy(format_args!("event {id} cannot be read: {why}"));
                let mut event = Event::new(at, EventKind::Quarantined { why });
                event.mail = row.get_ref(2)?.as_str().ok().and_then(|text| MailId::parse(text).ok());
                event
            }
        };
        event.id = id;
        Ok(event)
    }
}
