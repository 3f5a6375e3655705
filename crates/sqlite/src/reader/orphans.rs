//! What a crash left in doubt.

use posthaste_queue::Orphan;
use posthaste_types::{MailId, NodeId, Timestamp};
use rusqlite::{Connection, Row};

use super::Found;
use crate::rows::{Head, Line, MAIL_COLUMNS, MailRow, RECIPIENT_COLUMNS};
use crate::trouble::Trouble;
use crate::writer::Damaged;

/// What `node` began and never settled.
pub(crate) fn orphans(conn: &Connection, node: &NodeId) -> Result<Found<Orphan>, Trouble> {
    let sql = format!(
        "SELECT {RECIPIENT_COLUMNS} FROM recipient AS r INDEXED BY recipient_leased \
         WHERE r.lease_node = ?1 AND r.fate IS NULL ORDER BY r.mail, r.place"
    );
    let mut found = Found::default();
    let mut statement = conn.prepare_cached(&sql)?;
    let mut rows = statement.query([node.as_str()])?;
    let mut last: Option<(String, Head)> = None;
    while let Some(row) = rows.next()? {
        match orphan(conn, row, &mut last) {
            Ok(orphan) => found.rows.push(orphan),
            Err(Trouble::Sql(error)) => return Err(error.into()),
            Err(Trouble::Damaged(damage)) => {
                let at: i64 = row.get(15).unwrap_or(0); // the end of the lease: no better time is known
                let (mail, at) = (row.get(0)?, Timestamp::from_unix_micros(at));
                found.damaged.push(Damaged { mail, at, why: damage.as_str().to_owned() });
            }
        }
    }
    Ok(found)
}

/// The withdrawn mails of which somebody has not ended.
pub(crate) fn withdrawn(conn: &Connection) -> Result<Vec<MailId>, Trouble> {
    let sql = "SELECT w.mail FROM withdrawn AS w JOIN mail AS m ON m.id = w.mail WHERE m.waiting > 0";
    let mut statement = conn.prepare_cached(sql)?;
    let rows = statement.query_map([], |row| row.get::<_, String>(0))?;
    let ids: Vec<String> = rows.collect::<Result<_, _>>()?;
    // An id that cannot be read is that of no mail.
    Ok(ids.iter().filter_map(|id| MailId::parse(id).ok()).collect())
}

/// One mail has many recipients in a row: its head is read once.
fn orphan(conn: &Connection, row: &Row<'_>, last: &mut Option<(String, Head)>) -> Result<Orphan, Trouble> {
    let line = Line::read(row)?;
    let head = match last {
        Some((mail, head)) if *mail == line.mail => head.clone(),
        _ => {
            let sql = format!("SELECT {MAIL_COLUMNS} FROM mail AS m WHERE m.id = ?1");
            let (mail, _) = conn.prepare_cached(&sql)?.query_row([&line.mail], |row| Ok(MailRow::read(row)))??;
            let head = mail.head()?;
            *last = Some((line.mail.clone(), head.clone()));
            head
        }
    };
    let id = MailId::parse(&line.mail)?;
    let Head { meta, accepted, expires, .. } = head;
    Ok(Orphan::new(id, line.place, line.recipient.address, line.state, meta, accepted, expires))
}
