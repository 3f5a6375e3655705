//! Recipients: who, and where they stand.

use posthaste_queue::{RecipientState, TrackedRecipient};
use posthaste_types::{Address, Ending, Fate, Notify, OriginalRecipient, Recipient, Timestamp, Wanted};
use rusqlite::{Connection, Row, params};

use super::{Crc, Micros, json};
use crate::trouble::{Damage, Trouble};

/// The columns that [`Line::read`] reads, in its order.
pub(crate) const RECIPIENT_COLUMNS: &str = "r.mail, r.place, r.address, r.domain, r.local, r.notify, r.original, \
    r.crc, r.priority, r.attempts, r.steps, r.generation, r.last, r.next, r.lease_node, r.lease_until, r.fate, \
    r.ended, r.ending";

/// A row of `recipient`: the columns that never change.
#[derive(Debug)]
pub(crate) struct RecipientRow {
    pub(crate) mail: String,
    pub(crate) place: u32,
    pub(crate) address: String,
    domain: String,
    local: String,
    notify: Option<String>,
    original: Option<String>,
}

impl RecipientRow {
    pub(crate) fn of(mail: &str, place: u32, recipient: &Recipient) -> Self {
        let (domain, local) = lookup_of(&recipient.address);
        let notify = recipient.notify.to_string();
        Self {
            mail: mail.to_owned(),
            place,
            address: recipient.address.as_str().to_owned(),
            domain,
            local,
            notify: (!notify.is_empty()).then_some(notify),
            original: recipient.original.as_ref().map(|original| original.as_str().to_owned()),
        }
    }

    /// Writes it down: waiting for `next`, or ended.
    pub(crate) fn insert(
        &self,
        conn: &Connection,
        priority: i8,
        next: Timestamp,
        ending: Option<&Ending>,
    ) -> Result<(), rusqlite::Error> {
        let (fate, ended) = (ending.map(|e| e.fate.as_str()), ending.map(|e| Micros(e.at)));
        let next = ending.is_none().then_some(Micros(next));
        conn.prepare_cached(
            "INSERT INTO recipient (mail, place, address, domain, local, notify, original, crc, priority, attempts, \
             steps, generation, next, fate, ended, ending) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, 0, 0, 0, ?10, ?11, ?12, ?13)",
        )?
        .execute(params![
            self.mail,
            self.place,
            self.address,
            self.domain,
            self.local,
            self.notify,
            self.original,
            self.crc(),
            priority,
            next,
            fate,
            ended,
            ending.map(json).transpose()?
        ])?;
        Ok(())
    }

    fn crc(&self) -> u32 {
        let Self { mail, place, address, domain, local, notify, original } = self;
        let crc = Crc::default().text(mail).number(i64::from(*place)).text(address).text(domain).text(local);
        crc.maybe(notify.as_deref()).maybe(original.as_deref()).sum()
    }

    fn recipient(&self) -> Result<Recipient, Trouble> {
        let mut recipient = Recipient::new(Address::parse(&self.address)?);
        recipient.notify = self.notify.as_deref().map(parse_notify).transpose()?.unwrap_or_default();
        recipient.original = self.original.as_deref().map(OriginalRecipient::parse).transpose()?;
        Ok(recipient)
    }
}

/// A whole row of `recipient`, read and checked.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    pub(crate) mail: String,
    pub(crate) place: u32,
    pub(crate) recipient: Recipient,
    pub(crate) priority: i8,
    pub(crate) state: RecipientState,
    pub(crate) next: Option<Timestamp>,
    pub(crate) lease: Option<(String, Timestamp)>,
    pub(crate) ending: Option<Ending>,
}

impl Line {
    /// Reads [`RECIPIENT_COLUMNS`].
    pub(crate) fn read(row: &Row<'_>) -> Result<Self, Trouble> {
        let fixed = RecipientRow {
            mail: row.get(0)?,
            place: row.get(1)?,
            address: row.get(2)?,
            domain: row.get(3)?,
            local: row.get(4)?,
            notify: row.get(5)?,
            original: row.get(6)?,
        };
        let stored: i64 = row.get(7)?;
        if stored != i64::from(fixed.crc()) {
            return Err(Damage::new(format_args!("recipient {}: the checksum does not fit", fixed.place)).into());
        }
        let mut state = RecipientState::default();
        state.attempts = row.get(9)?;
        state.steps = row.get(10)?;
        state.generation = row.get(11)?;
        state.last =
            row.get_ref(12)?.as_str_or_null().map_err(rusqlite::Error::from)?.map(serde_json::from_str).transpose()?;
        let at = |column| row.get::<_, Option<i64>>(column).map(|at| at.map(Timestamp::from_unix_micros));
        let lease = match (row.get::<_, Option<String>>(14)?, at(15)?) {
            (Some(node), Some(until)) => Some((node, until)),
            (None, None) => None,
            _ => return Err(Damage::new("half a lease").into()),
        };
        let line = Self {
            recipient: fixed.recipient()?,
            mail: fixed.mail,
            place: fixed.place,
            priority: row.get(8)?,
            state,
            next: at(13)?,
            lease,
            ending: ending(row)?,
        };
        if line.next.is_some() == line.ending.is_some() {
            return Err(Damage::new("a recipient neither waits nor has ended").into());
        }
        Ok(line)
    }

    /// Where it stands, seen at `now`: a lease that ran out left it in doubt.
    pub(crate) fn state_at(&self, now: Timestamp) -> RecipientState {
        match &self.lease {
            Some((_, until)) if *until <= now => self.state.clone().abandoned(),
            _ => self.state.clone(),
        }
    }

    pub(crate) fn tracked(self) -> TrackedRecipient {
        let mut tracked = TrackedRecipient::new(self.recipient.address, Timestamp::default());
        tracked.state = self.state;
        tracked.next = self.next;
        tracked.in_flight = self.lease.is_some();
        tracked.ending = self.ending;
        tracked
    }
}

/// Domain and local part, in lower case: how an address is looked up.
pub(crate) fn lookup_of(address: &Address) -> (String, String) {
    let normal = address.normalized();
    let domain = address.domain().as_str();
    let local = normal.len().checked_sub(domain.len() + 1).and_then(|at| normal.get(..at));
    (domain.to_owned(), local.unwrap_or(&normal).to_owned())
}

fn ending(row: &Row<'_>) -> Result<Option<Ending>, Trouble> {
    let (fate, json): (Option<String>, Option<String>) = (row.get(16)?, row.get(18)?);
    match (fate, json) {
        (None, None) => Ok(None),
        (Some(fate), Some(json)) => {
            let ending: Ending = serde_json::from_str(&json)?;
            if ending.fate.as_str() != fate {
                return Err(Damage::new(format_args!("fate {fate:?} beside the ending {:?}", ending.fate)).into());
            }
            Ok(Some(ending))
        }
        _ => Err(Damage::new("half an ending").into()),
    }
}

/// Reads what [`Notify`]'s `Display` wrote (RFC 3461 §4.1).
fn parse_notify(text: &str) -> Result<Notify, Trouble> {
    if text == "NEVER" {
        return Ok(Notify::Never);
    }
    let (mut success, mut failure, mut delay) = (Wanted::No, Wanted::No, Wanted::No);
    for word in text.split(',') {
        match word {
            "SUCCESS" => success = Wanted::Yes,
            "FAILURE" => failure = Wanted::Yes,
            "DELAY" => delay = Wanted::Yes,
            other => return Err(Damage::new(format_args!("notify: {other:?}")).into()),
        }
    }
    Ok(Notify::On { success, failure, delay })
}

/// An ending that this crate makes: of a mail that is quarantined.
pub(crate) fn quarantined(accepted: Timestamp, at: Timestamp, attempts: u32, why: &str) -> Ending {
    let mut ending = Ending::new(Fate::Quarantined, at, at.since(accepted), attempts);
    ending.cause = Some(posthaste_types::Cause::local(format_args!("damaged record: {why}")));
    ending
}
