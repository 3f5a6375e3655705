//! Taking leases.

use posthaste_queue::{Begin, RecipientState, Refusal};
use posthaste_suppression::{Verdict, decide};
use posthaste_types::{NodeId, Recipient, Timestamp};
use rusqlite::{Connection, OptionalExtension, params};

use super::{Damaged, Work};
use crate::lookup::Lookup;
use crate::reader::entries_for;
use crate::rows::{Head, Line, MAIL_COLUMNS, MailRow, Micros, RECIPIENT_COLUMNS, StoredContent, json};
use crate::trouble::{Damage, Trouble};

/// What a [`Begin`] gave, its content not checked yet.
pub(crate) struct BegunRows {
    pub(crate) granted: Option<GrantedRows>,
    pub(crate) refused: Vec<(u32, Refusal)>,
    pub(crate) damaged: Option<Damaged>,
}

pub(crate) struct GrantedRows {
    pub(crate) head: Head,
    pub(crate) content: StoredContent,
    pub(crate) recipients: Vec<(u32, Recipient, RecipientState)>,
}

/// Takes the leases of one attempt. A damaged mail is told, and left as it is.
pub(crate) fn begin(
    work: &mut Work<'_>,
    lookup: &Lookup,
    node: &NodeId,
    wanted: &Begin,
) -> Result<BegunRows, rusqlite::Error> {
    match look(work.conn, lookup, wanted) {
        Ok(looked) => take(work.conn, node, wanted, looked),
        Err(Trouble::Sql(error)) => Err(error),
        Err(Trouble::Damaged(damage)) => {
            let damaged = Damaged::new(wanted.mail, wanted.at, &damage);
            let refused = wanted.recipients.iter().map(|place| (*place, Refusal::Damaged)).collect();
            Ok(BegunRows { granted: None, refused, damaged: Some(damaged) })
        }
    }
}

struct Looked {
    mail: Option<(Head, StoredContent)>,
    free: Vec<Line>,
    refused: Vec<(u32, Refusal)>,
    /// Places whose lease ran out, and who may not be tried.
    abandoned: Vec<Line>,
}

/// Reads everything and writes nothing.
fn look(conn: &Connection, lookup: &Lookup, wanted: &Begin) -> Result<Looked, Trouble> {
    let mut looked = Looked { mail: None, free: Vec::new(), refused: Vec::new(), abandoned: Vec::new() };
    let id = wanted.mail.to_string();
    let sql = format!("SELECT {MAIL_COLUMNS} FROM mail AS m WHERE m.id = ?1");
    let mut statement = conn.prepare_cached(&sql)?;
    let mut rows = statement.query([&id])?;
    let Some((mail, content)) = rows.next()?.map(MailRow::read).transpose()? else {
        looked.refused = wanted.recipients.iter().map(|place| (*place, Refusal::Gone)).collect();
        return Ok(looked);
    };
    let head = mail.head()?;
    for place in &wanted.recipients {
        let line = line(conn, &id, *place)?;
        let named_twice = looked.free.iter().any(|free| free.place == *place);
        match judge(conn, lookup, &head, line.as_ref(), wanted.at)? {
            _ if named_twice => looked.refused.push((*place, Refusal::Taken)),
            Some(refusal) => {
                looked.abandoned.extend(line.filter(|line| ran_out(line, wanted.at)));
                looked.refused.push((*place, refusal));
            }
            None => looked.free.extend(line),
        }
    }
    if !looked.free.is_empty() {
        let content = content.ok_or_else(|| Damage::new("the content is missing"))?;
        looked.mail = Some((head, read_content(conn, content)?));
    }
    Ok(looked)
}

/// Why a recipient may not be tried; `None` if it may.
fn judge(
    conn: &Connection,
    lookup: &Lookup,
    head: &Head,
    line: Option<&Line>,
    at: Timestamp,
) -> Result<Option<Refusal>, Trouble> {
    let Some(line) = line.filter(|line| line.ending.is_none()) else { return Ok(Some(Refusal::Gone)) };
    if line.lease.as_ref().is_some_and(|(_, until)| *until > at) {
        return Ok(Some(Refusal::Taken));
    }
    if line.next.is_some_and(|next| next > at) {
        return Ok(Some(Refusal::NotDue));
    }
    let ask = head.meta.ask(&line.recipient.address, at);
    Ok(match decide(&ask, &entries_for(conn, &lookup.keys(&ask), at)?) {
        Verdict::Allowed => None,
        Verdict::Suppressed(entry) => Some(Refusal::Suppressed(entry)),
    })
}

fn take(conn: &Connection, node: &NodeId, wanted: &Begin, looked: Looked) -> Result<BegunRows, rusqlite::Error> {
    let Looked { mail, free, refused, abandoned } = looked;
    let mut recipients = Vec::with_capacity(free.len());
    // Its attempt is over, in doubt: else a settlement without attempt could never count.
    for line in &abandoned {
        let state = line.state_at(wanted.at);
        conn.prepare_cached(
            "UPDATE recipient SET last = ?3, lease_node = NULL, lease_until = NULL WHERE mail = ?1 AND place = ?2",
        )?
        .execute(params![line.mail, line.place, state.last.as_ref().map(json).transpose()?])?;
    }
    for line in free {
        let state = line.state_at(wanted.at).begun();
        conn.prepare_cached(
            "UPDATE recipient SET attempts = ?3, last = ?4, lease_node = ?5, lease_until = ?6 \
             WHERE mail = ?1 AND place = ?2",
        )?
        .execute(params![
            line.mail,
            line.place,
            state.attempts,
            state.last.as_ref().map(json).transpose()?,
            node.as_str(),
            Micros(wanted.lease_until)
        ])?;
        conn.prepare_cached(
            "INSERT OR REPLACE INTO attempt (mail, place, number, node, begun) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute(params![line.mail, line.place, state.attempts, node.as_str(), Micros(wanted.at)])?;
        recipients.push((line.place, line.recipient, state));
    }
    let granted = mail.map(|(head, content)| GrantedRows { head, content, recipients });
    Ok(BegunRows { granted, refused, damaged: None })
}

fn ran_out(line: &Line, at: Timestamp) -> bool {
    line.ending.is_none() && line.lease.as_ref().is_some_and(|(_, until)| *until <= at)
}

fn line(conn: &Connection, mail: &str, place: u32) -> Result<Option<Line>, Trouble> {
    let sql = format!("SELECT {RECIPIENT_COLUMNS} FROM recipient AS r WHERE r.mail = ?1 AND r.place = ?2");
    let mut statement = conn.prepare_cached(&sql)?;
    let mut rows = statement.query(params![mail, place])?;
    rows.next()?.map(Line::read).transpose()
}

/// Reads a content, and the shared body behind it.
pub(super) fn read_content(conn: &Connection, id: i64) -> Result<StoredContent, Trouble> {
    let sql = "SELECT c.octets, c.crc, c.body, b.octets, b.crc \
               FROM content AS c LEFT JOIN body AS b ON b.id = c.body WHERE c.id = ?1";
    let mut statement = conn.prepare_cached(sql)?;
    let found = statement.query_row([id], |row| {
        let shared: Option<i64> = row.get(2)?;
        let body = shared.map(|_| Ok::<_, rusqlite::Error>((row.get(3)?, row.get(4)?))).transpose()?;
        Ok(StoredContent { octets: row.get(0)?, crc: row.get(1)?, body })
    });
    found.optional()?.ok_or_else(|| Damage::new("the content is missing").into())
}
