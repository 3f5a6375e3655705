//! What is due.

use posthaste_queue::{Due, DueCursor};
use posthaste_types::{Domain, MailId, Timestamp};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::Found;
use crate::rows::{Line, Micros, RECIPIENT_COLUMNS};
use crate::trouble::{Damage, Trouble};
use crate::writer::Damaged;

/// The recipients that are free and due, in order.
///
/// Each priority is a range of the index of its own: what is not due yet is never stepped over. Those
/// whose lease ran out are few, and put among the others.
pub(crate) fn due(
    conn: &Connection,
    until: Timestamp,
    after: Option<DueCursor>,
    limit: usize,
) -> Result<Found<Due>, Trouble> {
    let mut found = abandoned(conn, until, after)?;
    let mut free = 0;
    let mut priority = first_priority(conn, after.map(|cursor| cursor.priority))?;
    while let Some(this) = priority.filter(|_| free < limit) {
        let from = after.filter(|cursor| i64::from(cursor.priority) == this);
        let (at, mail, place) = match &from {
            Some(cursor) => (cursor.at.as_unix_micros(), cursor.mail.to_string(), i64::from(cursor.recipient)),
            None => (i64::MIN, String::new(), -1),
        };
        let sql = due_sql();
        let mut statement = conn.prepare_cached(&sql)?;
        let mut rows = statement.query(params![this, Micros(until), at, mail, place])?;
        while free < limit
            && let Some(row) = rows.next()?
        {
            free += usize::from(add(row, until, &mut found)?);
        }
        priority = priority_below(conn, this)?;
    }
    found.rows.sort_by_key(key);
    found.rows.truncate(limit);
    Ok(found)
}

/// When the earliest recipient behind `after` is due: one that is free, or whose lease runs out then.
pub(crate) fn next_due(conn: &Connection, after: Timestamp) -> Result<Option<Timestamp>, Trouble> {
    let mut earliest: Option<i64> =
        conn.prepare_cached(NEXT_ABANDONED)?.query_row([Micros(after)], |row| row.get(0))?;
    let mut priority = first_priority(conn, None)?;
    while let Some(this) = priority {
        let next: Option<i64> =
            conn.prepare_cached(NEXT)?.query_row(params![this, Micros(after)], |row| row.get(0)).optional()?;
        earliest = earliest.into_iter().chain(next).min();
        priority = priority_below(conn, this)?;
    }
    Ok(earliest.map(Timestamp::from_unix_micros))
}

/// How many recipients have not ended.
pub(crate) fn backlog(conn: &Connection) -> Result<u64, Trouble> {
    // Two sums, so that each is counted along an index that holds nothing else.
    let sql = "SELECT (SELECT count(*) FROM recipient WHERE fate IS NULL AND lease_node IS NULL) \
               + (SELECT count(*) FROM recipient WHERE lease_node IS NOT NULL AND fate IS NULL)";
    let count: i64 = conn.prepare_cached(sql)?.query_row([], |row| row.get(0))?;
    Ok(u64::try_from(count).unwrap_or(0))
}

/// Those whose lease ran out by `until`.
fn abandoned(conn: &Connection, until: Timestamp, after: Option<DueCursor>) -> Result<Found<Due>, Trouble> {
    let sql = abandoned_sql();
    let mut found = Found::default();
    let mut statement = conn.prepare_cached(&sql)?;
    let mut rows = statement.query([Micros(until)])?;
    while let Some(row) = rows.next()? {
        add(row, until, &mut found)?;
    }
    if let Some(cursor) = after {
        let behind = (std::cmp::Reverse(cursor.priority), cursor.at, cursor.mail, cursor.recipient);
        found.rows.retain(|due| key(due) > behind);
    }
    Ok(found)
}

/// Adds a row, or the damage that it shows; whether it counts.
fn add(row: &Row<'_>, now: Timestamp, found: &mut Found<Due>) -> Result<bool, Trouble> {
    match read(row, now) {
        Ok(due) => {
            found.rows.push(due);
            Ok(true)
        }
        Err(Trouble::Sql(error)) => Err(error.into()),
        Err(Trouble::Damaged(damage)) => {
            found.damaged.push(Damaged { mail: row.get(0)?, at: now, why: damage.as_str().to_owned() });
            Ok(false)
        }
    }
}

fn read(row: &Row<'_>, now: Timestamp) -> Result<Due, Trouble> {
    let line = Line::read(row)?;
    let expires: Option<i64> = row.get(19)?;
    let expires = Timestamp::from_unix_micros(expires.ok_or_else(|| Damage::new("a recipient without a mail"))?);
    let at = line.next.ok_or_else(|| Damage::new("a recipient that has no time"))?;
    let domain: Domain = line.recipient.address.domain().clone();
    let state = line.state_at(now);
    let mut due = Due::new(MailId::parse(&line.mail)?, line.place, domain, at, expires);
    due.priority = line.priority;
    due.state = state;
    Ok(due)
}

fn key(due: &Due) -> (std::cmp::Reverse<i8>, Timestamp, MailId, u32) {
    (std::cmp::Reverse(due.priority), due.at, due.mail, due.recipient)
}

fn first_priority(conn: &Connection, at_most: Option<i8>) -> Result<Option<i64>, rusqlite::Error> {
    priority_below(conn, at_most.map_or(i64::MAX, |priority| i64::from(priority) + 1))
}

fn priority_below(conn: &Connection, priority: i64) -> Result<Option<i64>, rusqlite::Error> {
    conn.prepare_cached(PRIORITY)?.query_row([priority], |row| row.get(0)).optional()
}

fn due_sql() -> String {
    format!(
        "SELECT {RECIPIENT_COLUMNS}, m.expires FROM recipient AS r LEFT JOIN mail AS m ON m.id = r.mail \
         WHERE r.fate IS NULL AND r.lease_node IS NULL AND r.priority = ?1 AND r.next <= ?2 \
         AND (r.next, r.mail, r.place) > (?3, ?4, ?5) ORDER BY r.next, r.mail, r.place"
    )
}

fn abandoned_sql() -> String {
    format!(
        "SELECT {RECIPIENT_COLUMNS}, m.expires FROM recipient AS r LEFT JOIN mail AS m ON m.id = r.mail \
         WHERE r.lease_node IS NOT NULL AND r.lease_until <= ?1 AND r.next <= ?1 AND r.fate IS NULL"
    )
}

const NEXT: &str = "SELECT next FROM recipient WHERE fate IS NULL AND lease_node IS NULL AND priority = ?1 \
    AND next > ?2 ORDER BY next LIMIT 1";
const NEXT_ABANDONED: &str = "SELECT min(max(lease_until, next)) FROM recipient \
    WHERE lease_node IS NOT NULL AND fate IS NULL AND max(lease_until, next) > ?1";
const PRIORITY: &str = "SELECT priority FROM recipient WHERE fate IS NULL AND lease_node IS NULL AND priority < ?1 \
    ORDER BY priority DESC LIMIT 1";

#[cfg(test)]
mod tests {
    use super::*;

    /// What is leased, ended or not due yet is never stepped over, and nothing is sorted.
    #[test]
    fn what_is_due_is_read_along_its_index() {
        let conn = Connection::open_in_memory().unwrap();
        conn.execute_batch(crate::schema::MIGRATIONS[0]).unwrap();
        let table = [
            (due_sql(), "SEARCH r USING INDEX recipient_due (priority=? AND (next,mail,place)>(?,?,?) AND next<?)"),
            (abandoned_sql(), "SEARCH r USING INDEX recipient_leased (lease_until<?)"),
            (NEXT.to_owned(), "SEARCH recipient USING INDEX recipient_due (priority=? AND next>?)"),
            (NEXT_ABANDONED.to_owned(), "SEARCH recipient USING INDEX recipient_leased"),
            (PRIORITY.to_owned(), "SEARCH recipient USING INDEX recipient_due (priority<?)"),
        ];
        for (sql, expected) in table {
            let mut statement = conn.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
            let mut rows = statement.raw_query();
            let mut steps = Vec::new();
            while let Some(row) = rows.next().unwrap() {
                steps.push(row.get::<_, String>(3).unwrap());
            }
            assert_eq!(steps[0], expected, "{sql}");
            let rest = ["SEARCH m USING PRIMARY KEY (id=?) LEFT-JOIN"];
            assert!(steps[1..].iter().all(|step| rest.contains(&step.as_str())), "{sql}: {steps:?}");
        }
    }
}
