//! Answering questions for mail.

use posthaste_queue::{Query, Tracked, Waiting};
use rusqlite::{Connection, Row, ToSql, params_from_iter};

use super::Found;
use crate::rows::{Line, MAIL_COLUMNS, MailRow, Micros, RECIPIENT_COLUMNS, lookup_of};
use crate::trouble::Trouble;
use crate::writer::Damaged;

/// The mails that a query finds, newest first.
pub(crate) fn find(conn: &Connection, query: &Query) -> Result<Found<Tracked>, Trouble> {
    let Filter { sql, values } = Filter::of(query);
    let mut found = Found::default();
    let mut statement = conn.prepare_cached(&sql)?;
    let mut rows = statement.query(params_from_iter(values))?;
    while found.rows.len() < query.limit
        && let Some(row) = rows.next()?
    {
        match tracked(conn, row) {
            Ok(tracked) => found.rows.push(tracked),
            Err(Trouble::Sql(error)) => return Err(error.into()),
            Err(Trouble::Damaged(damage)) => {
                let at = posthaste_types::Timestamp::from_unix_micros(row.get(12).unwrap_or(0));
                found.damaged.push(Damaged { mail: row.get(0)?, at, why: damage.as_str().to_owned() });
            }
        }
    }
    Ok(found)
}

struct Filter {
    sql: String,
    values: Vec<Box<dyn ToSql>>,
}

impl Filter {
    fn of(query: &Query) -> Self {
        let Query { mail, message_id, once, to, domain, since, before, tag, waiting, .. } = query;
        let mut filter = Self { sql: format!("SELECT {MAIL_COLUMNS} FROM mail AS m WHERE TRUE"), values: Vec::new() };
        if let Some(mail) = mail {
            filter.and("m.id = ?", [mail.to_string()]);
        }
        if let Some(id) = message_id {
            filter.and("m.message_id = ?", [id.as_str().to_owned()]);
        }
        if let Some((tenant, key)) = once {
            let tenant = tenant.as_ref().map(|tenant| tenant.as_str().to_owned()).unwrap_or_default();
            filter.and("ifnull(m.tenant, '') = ? AND m.once_key = ?", [tenant, key.as_str().to_owned()]);
        }
        if let Some(address) = to {
            let (domain, local) = lookup_of(address);
            filter.and("m.id IN (SELECT mail FROM recipient WHERE domain = ? AND local = ?)", [domain, local]);
        }
        if let Some(domain) = domain {
            filter.and("m.id IN (SELECT mail FROM recipient WHERE domain = ?)", [domain.as_str().to_owned()]);
        }
        if let Some(since) = since {
            filter.and("m.accepted >= ?", [Micros(*since)]);
        }
        if let Some(before) = before {
            filter.and("m.accepted < ?", [Micros(*before)]);
        }
        if let Some((key, value)) = tag {
            let sql = "m.tags IS NOT NULL AND EXISTS (SELECT 1 FROM json_each(iif(json_valid(m.tags), m.tags, '[]')) \
                       AS t WHERE t.value ->> 0 = ? AND t.value ->> 1 = ?)";
            filter.and(sql, [key.clone(), value.clone()]);
        }
        if *waiting == Waiting::Only {
            filter.and::<String>("m.waiting > 0", []);
        }
        filter.sql.push_str(" ORDER BY m.accepted DESC, m.id DESC");
        filter
    }

    fn and<T: ToSql + 'static>(&mut self, sql: &str, values: impl IntoIterator<Item = T>) {
        self.sql.push_str(" AND ");
        self.sql.push_str(sql);
        self.values.extend(values.into_iter().map(|value| Box::new(value) as Box<dyn ToSql>));
    }
}

fn tracked(conn: &Connection, row: &Row<'_>) -> Result<Tracked, Trouble> {
    let (mail, _) = MailRow::read(row)?;
    let head = mail.head()?;
    let mut tracked = Tracked::new(head.id, head.from, head.accepted);
    tracked.message_id = head.message_id;
    tracked.meta = head.meta;
    tracked.due = head.due;
    tracked.expires = head.expires;
    let sql = format!("SELECT {RECIPIENT_COLUMNS} FROM recipient AS r WHERE r.mail = ?1 ORDER BY r.place");
    let mut statement = conn.prepare_cached(&sql)?;
    let mut rows = statement.query([&mail.id])?;
    while let Some(row) = rows.next()? {
        tracked.recipients.push(Line::read(row)?.tracked());
    }
    Ok(tracked)
}
