//! Bodies that several mails share: stored once.

use posthaste_types::Content;
use rusqlite::{Connection, params};

use crate::rows::Split;

/// The last segments that were seen lately, so that one body of a campaign is recognised.
///
/// Recognised is the same memory, not equal octets: that costs nothing. The first mail of a body keeps a
/// copy of its own; from the second on it is shared.
#[derive(Debug, Default)]
pub(super) struct Bodies {
    /// The newest last. Holding the content keeps its memory from being used again for another one.
    recent: Vec<(Content, Option<i64>)>,
}

impl Bodies {
    /// The row of the body of `split`, if it was seen before.
    pub(super) fn shared(&mut self, conn: &Connection, split: &Split) -> Result<Option<i64>, rusqlite::Error> {
        let Some(at) = self.recent.iter().position(|(known, _)| known.is_same_memory(&split.body)) else {
            self.remember(split.body.clone(), None);
            return Ok(None);
        };
        let (content, known) = self.recent.remove(at);
        let id = match known {
            Some(id) => id,
            None => {
                let mut insert = conn.prepare_cached("INSERT INTO body (octets, crc) VALUES (?1, ?2)")?;
                insert.insert(params![&*content.to_bytes(), split.body_crc])?
            }
        };
        self.remember(content, Some(id));
        Ok(Some(id))
    }

    /// A row of `body` is gone.
    pub(super) fn gone(&mut self, id: i64) {
        self.recent.retain(|(_, known)| *known != Some(id));
    }

    /// A transaction was undone: which rows there are is not known any more.
    pub(super) fn clear(&mut self) {
        self.recent.clear();
    }

    fn remember(&mut self, content: Content, id: Option<i64>) {
        self.recent.push((content, id));
        while self.recent.len() > MAX_RECENT
            || (self.recent.len() > 1
                && self.recent.iter().map(|(content, _)| content.len()).sum::<usize>() > MAX_OCTETS)
        {
            self.recent.remove(0);
        }
    }
}

/// Removes a content, and its shared body when no other mail has it.
pub(super) fn remove_content(work: &mut super::Work<'_>, id: i64) -> Result<(), rusqlite::Error> {
    let conn = work.conn;
    let body: Option<i64> = conn
        .prepare_cached("DELETE FROM content WHERE id = ?1 RETURNING body")?
        .query_row([id], |row| row.get(0))
        .or_else(absent)?;
    let Some(body) = body else { return Ok(()) };
    let unused = "DELETE FROM body WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM content WHERE body = ?1)";
    if conn.prepare_cached(unused)?.execute([body])? > 0 {
        work.bodies.gone(body);
    }
    Ok(())
}

fn absent(error: rusqlite::Error) -> Result<Option<i64>, rusqlite::Error> {
    if error == rusqlite::Error::QueryReturnedNoRows { Ok(None) } else { Err(error) }
}

/// Campaigns that run side by side.
const MAX_RECENT: usize = 16;
/// The memory of bodies that may be held although their mails are gone; one larger body is held alone.
const MAX_OCTETS: usize = 32 << 20;
