//! Writing down what attempts came to.

use posthaste_queue::{RecipientState, Settled, Settlement};
use posthaste_types::{MailId, Timestamp};
use rusqlite::{Connection, OptionalExtension, params};

use super::bodies::remove_content;
use super::{Damaged, Work, put, quarantine};
use crate::rows::{EntryRow, EventRow, Micros, json};
use crate::trouble::Trouble;

/// A settlement, its rows made.
pub(crate) struct Settling {
    mail: MailId,
    id: String,
    /// When it was settled, as far as is told.
    at: Timestamp,
    place: u32,
    attempt: Option<u32>,
    settled: Settled,
    step: Step,
    events: Vec<EventRow>,
    entries: Vec<EntryRow>,
}

/// What [`Settled`] says, as columns.
enum Step {
    End { fate: &'static str, at: Timestamp, json: String, cause: Option<String> },
    Wait { next: Timestamp, result: &'static str, outcome: Option<String>, cause: Option<String> },
}

impl Step {
    fn of(settled: &Settled) -> Result<Self, rusqlite::Error> {
        match settled {
            Settled::Ended(ending) => {
                let cause = ending.cause.as_ref().map(json).transpose()?;
                Ok(Self::End { fate: ending.fate.as_str(), at: ending.at, json: json(ending)?, cause })
            }
            Settled::Retry { outcome, next } => {
                Ok(Self::Wait { next: *next, result: "retry", outcome: Some(json(outcome)?), cause: None })
            }
            Settled::Unmade { cause, next } => {
                Ok(Self::Wait { next: *next, result: "unmade", outcome: None, cause: Some(json(cause)?) })
            }
            other => Err(rusqlite::Error::ToSqlConversionFailure(format!("not known here: {other:?}").into())),
        }
    }
}

/// Where a recipient stands that has not ended.
struct Now {
    attempts: u32,
    steps: u32,
    generation: u32,
    last: Option<String>,
    next: Option<i64>,
    leased: bool,
}

impl Settling {
    pub(crate) fn of(done: &Settlement) -> Result<Self, rusqlite::Error> {
        let step = Step::of(&done.settled)?;
        let entries: Result<Vec<_>, _> = done.suppress.iter().map(EntryRow::of).collect();
        Ok(Self {
            mail: done.mail,
            id: done.mail.to_string(),
            at: match (&step, done.events.first()) {
                (Step::End { at, .. }, _) => *at,
                (Step::Wait { next, .. }, event) => event.map_or(*next, |event| event.at),
            },
            place: done.recipient,
            attempt: done.attempt,
            settled: done.settled.clone(),
            step,
            events: EventRow::all(&done.events)?,
            entries: entries?.into_iter().flatten().collect(),
        })
    }

    pub(crate) fn apply(&self, work: &mut Work<'_>) -> Result<(), rusqlite::Error> {
        let now = match self.now(work.conn).map_err(Trouble::from) {
            Ok(Some(now)) if self.counts(&now) => now,
            Ok(_) => return Ok(()),
            Err(Trouble::Sql(error)) => return Err(error),
            Err(Trouble::Damaged(damage)) => return quarantine(work, &Damaged::new(self.mail, self.at, &damage)),
        };
        let conn = work.conn;
        match &self.step {
            Step::End { fate, at, json, cause } => {
                conn.prepare_cached(
                    "UPDATE recipient SET next = NULL, lease_node = NULL, lease_until = NULL, fate = ?3, ended = ?4, \
                     ending = ?5 WHERE mail = ?1 AND place = ?2",
                )?
                .execute(params![self.id, self.place, fate, Micros(*at), json])?;
                self.close_attempt(conn, "ended", cause.as_deref())?;
                self.end_mail(work, *at)?;
            }
            Step::Wait { next, result, outcome, cause } => {
                match self.wait(conn, now, *next) {
                    Err(Trouble::Damaged(damage)) => {
                        return quarantine(work, &Damaged::new(self.mail, self.at, &damage));
                    }
                    Err(Trouble::Sql(error)) => return Err(error),
                    Ok(()) => {}
                }
                self.close_attempt(conn, result, outcome.as_deref().or(cause.as_deref()))?;
            }
        }
        work.record(&self.events)?;
        self.entries.iter().try_for_each(|entry| put(work, entry).map(drop))
    }

    fn now(&self, conn: &Connection) -> Result<Option<Now>, rusqlite::Error> {
        let sql = "SELECT attempts, steps, generation, last, next, lease_node IS NOT NULL FROM recipient \
                   WHERE mail = ?1 AND place = ?2 AND fate IS NULL";
        let read = |row: &rusqlite::Row<'_>| {
            Ok(Now {
                attempts: row.get(0)?,
                steps: row.get(1)?,
                generation: row.get(2)?,
                last: row.get(3)?,
                next: row.get(4)?,
                leased: row.get(5)?,
            })
        };
        conn.prepare_cached(sql)?.query_row(params![self.id, self.place], read).optional()
    }

    /// With an attempt, only for that one while it is under way; without, only while none is, and a wait
    /// only if it changes something.
    fn counts(&self, now: &Now) -> bool {
        match (self.attempt, &self.step) {
            (Some(number), _) => now.leased && now.attempts == number,
            (None, Step::End { .. }) => !now.leased,
            (None, Step::Wait { next, .. }) => !now.leased && now.next != Some(next.as_unix_micros()),
        }
    }

    fn wait(&self, conn: &Connection, now: Now, next: Timestamp) -> Result<(), Trouble> {
        let Now { attempts, steps, generation, last, .. } = now;
        // The rules of a state are the queue's.
        let mut state = RecipientState::default();
        (state.attempts, state.steps, state.generation) = (attempts, steps, generation);
        state.last = last.as_deref().map(serde_json::from_str).transpose()?;
        let state = state.after(&self.settled);
        conn.prepare_cached(
            "UPDATE recipient SET attempts = ?3, steps = ?4, generation = ?5, last = ?6, next = ?7, lease_node = NULL, \
             lease_until = NULL WHERE mail = ?1 AND place = ?2",
        )?
        .execute(params![
            self.id,
            self.place,
            state.attempts,
            state.steps,
            state.generation,
            state.last.as_ref().map(json).transpose()?,
            Micros(next)
        ])?;
        Ok(())
    }

    fn close_attempt(&self, conn: &Connection, result: &str, outcome: Option<&str>) -> Result<(), rusqlite::Error> {
        let Some(number) = self.attempt else { return Ok(()) };
        conn.prepare_cached(
            "UPDATE attempt SET result = ?4, outcome = ?5 WHERE mail = ?1 AND place = ?2 AND number = ?3",
        )?
        .execute(params![self.id, self.place, number, result, outcome])?;
        Ok(())
    }

    /// One recipient less waits; with the last one the content goes.
    fn end_mail(&self, work: &mut Work<'_>, at: Timestamp) -> Result<(), rusqlite::Error> {
        let sql = "UPDATE mail SET waiting = waiting - 1, ended = CASE WHEN waiting <= 1 THEN ?2 END \
                   WHERE id = ?1 RETURNING waiting, content";
        let left: Option<(i64, Option<i64>)> = work
            .conn
            .prepare_cached(sql)?
            .query_row(params![self.id, Micros(at)], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        if let Some((..=0, Some(content))) = left {
            remove_content(work, content)?;
            work.conn.prepare_cached("UPDATE mail SET content = NULL WHERE id = ?1")?.execute([&self.id])?;
        }
        Ok(())
    }
}
