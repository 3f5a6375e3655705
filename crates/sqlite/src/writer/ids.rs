//! The next ids of rows that are numbered.

use rusqlite::{Connection, params};

use crate::rows::EventRow;

/// Counts ids up, so that none is given twice, though its row was removed or undone.
#[derive(Debug)]
pub(super) struct Ids {
    content: i64,
    event: i64,
}

impl Ids {
    pub(super) fn new(conn: &Connection) -> Result<Self, rusqlite::Error> {
        let last = |sql: &str| conn.query_row(sql, [], |row| row.get::<_, i64>(0));
        Ok(Self {
            content: last("SELECT ifnull(max(id), 0) FROM content")?,
            event: last(
                "SELECT max(ifnull((SELECT max(id) FROM event), 0), \
                 ifnull((SELECT value FROM counter WHERE name = 'event'), 0))",
            )?,
        })
    }

    pub(super) fn content(&mut self) -> i64 {
        self.content = self.content.saturating_add(1);
        self.content
    }

    pub(super) fn event(&mut self) -> i64 {
        self.event = self.event.saturating_add(1);
        self.event
    }

    /// Keeps the event counter, for when the newest events are removed.
    pub(super) fn keep(&self, conn: &Connection) -> Result<(), rusqlite::Error> {
        let sql = "INSERT OR REPLACE INTO counter (name, value) VALUES ('event', ?1)";
        conn.prepare_cached(sql)?.execute(params![self.event]).map(drop)
    }
}

impl super::Work<'_> {
    /// Writes events, in order.
    pub(crate) fn record(&mut self, events: &[EventRow]) -> Result<(), rusqlite::Error> {
        events.iter().try_for_each(|event| event.insert(self.conn, self.ids.event()))
    }
}
