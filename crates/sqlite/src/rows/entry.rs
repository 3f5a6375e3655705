//! Entries of the suppression list.

use posthaste_suppression::{Actor, Effect, Entry, Reason, Scope, What};
use posthaste_types::{
    Address, BounceClass, Domain, Evidence, EvidenceSource, ListName, StreamName, TenantName, Timestamp,
};
use rusqlite::Row;

use super::json;
use crate::trouble::{Damage, Trouble};

/// The columns that [`EntryRow::read`] reads, in its order.
pub(crate) const ENTRY_COLUMNS: &str =
    "id, what, value, scope, scope_name, effect, reason, class, evidence, by, since, until";

/// A row of `suppression`.
#[derive(Debug)]
pub(crate) struct EntryRow {
    pub(crate) what: &'static str,
    pub(crate) value: String,
    pub(crate) scope: &'static str,
    pub(crate) scope_name: String,
    pub(crate) effect: &'static str,
    pub(crate) reason: &'static str,
    pub(crate) class: &'static str,
    pub(crate) evidence: String,
    pub(crate) by: String,
    pub(crate) since: Timestamp,
    pub(crate) until: Option<Timestamp>,
}

impl EntryRow {
    /// `None` for an entry of a kind that this release does not know.
    pub(crate) fn of(entry: &Entry) -> Result<Option<Self>, rusqlite::Error> {
        let (Some((what, value)), Some((scope, scope_name))) = (what_columns(&entry.what), scope_columns(&entry.scope))
        else {
            return Ok(None);
        };
        Ok(Some(Self {
            what,
            value,
            scope,
            scope_name,
            effect: if entry.effect == Effect::Allow { "allow" } else { "forbid" },
            reason: entry.reason.as_str(),
            class: if let Reason::Bounce(class) = &entry.reason { class.as_str() } else { "" },
            evidence: json(&entry.evidence)?,
            by: json(&entry.by)?,
            since: entry.since,
            until: entry.until,
        }))
    }

    /// Reads [`ENTRY_COLUMNS`]. A damaged row still forbids, everywhere and for good, whatever it touches:
    /// better one mail too few.
    pub(crate) fn read(row: &Row<'_>) -> Result<(i64, Option<Entry>), rusqlite::Error> {
        let id: i64 = row.get(0)?;
        match entry(row) {
            Ok(entry) => Ok((id, Some(entry))),
            Err(Trouble::Sql(error)) => Err(error),
            Err(Trouble::Damaged(damage)) => Ok((id, stand_in(row, id, &damage))),
        }
    }
}

/// What an entry touches, as the columns (what, value).
pub(crate) type Key = (&'static str, String);

pub(crate) fn what_columns(what: &What) -> Option<Key> {
    match what {
        What::Address(address) => Some(("address", address.as_address().as_str().to_owned())),
        What::Domain(domain) => Some(("domain", domain.as_str().to_owned())),
        What::Hash(hash) => Some(("hash", hex(hash))),
        _ => None,
    }
}

pub(crate) fn scope_columns(scope: &Scope) -> Option<(&'static str, String)> {
    match scope {
        Scope::Everything => Some(("everything", String::new())),
        Scope::List(name) => Some(("list", name.as_str().to_owned())),
        Scope::Stream(name) => Some(("stream", name.as_str().to_owned())),
        Scope::Tenant(name) => Some(("tenant", name.as_str().to_owned())),
        _ => None,
    }
}

fn entry(row: &Row<'_>) -> Result<Entry, Trouble> {
    let text = |column: usize| row.get::<_, String>(column);
    let scope_name = text(4)?;
    let scope = match text(3)?.as_str() {
        "everything" => Scope::Everything,
        "list" => Scope::List(ListName::parse(&scope_name)?),
        "stream" => Scope::Stream(StreamName::parse(&scope_name)?),
        "tenant" => Scope::Tenant(TenantName::parse(&scope_name)?),
        other => return Err(Damage::new(format_args!("scope: {other:?}")).into()),
    };
    let reason = match text(6)?.as_str() {
        "bounce" => Reason::Bounce(text(7)?.parse::<BounceClass>()?),
        "complaint" => Reason::Complaint,
        "imported" => Reason::Imported,
        "manual" => Reason::Manual,
        "unsubscribe" => Reason::Unsubscribe,
        other => return Err(Damage::new(format_args!("reason: {other:?}")).into()),
    };
    let by: Actor = serde_json::from_str(&text(9)?)?;
    let since = Timestamp::from_unix_micros(row.get(10)?);
    let mut entry = Entry::new(what(row)?, scope, reason, by, since);
    entry.effect = match text(5)?.as_str() {
        "forbid" => Effect::Forbid,
        "allow" => Effect::Allow,
        other => return Err(Damage::new(format_args!("effect: {other:?}")).into()),
    };
    entry.evidence = serde_json::from_str(&text(8)?)?;
    entry.until = row.get::<_, Option<i64>>(11)?.map(Timestamp::from_unix_micros);
    Ok(entry)
}

fn what(row: &Row<'_>) -> Result<What, Trouble> {
    let (what, value): (String, String) = (row.get(1)?, row.get(2)?);
    match what.as_str() {
        "address" => Ok(What::address(&Address::parse(&value)?)),
        "domain" => Ok(What::Domain(Domain::parse(&value)?)),
        "hash" => Ok(What::Hash(unhex(&value).ok_or_else(|| Damage::new("hash: not 64 hexadecimal digits"))?)),
        other => Err(Damage::new(format_args!("what: {other:?}")).into()),
    }
}

fn stand_in(row: &Row<'_>, id: i64, damage: &Damage) -> Option<Entry> {
    let what = what(row).ok()?;
    let since = Timestamp::from_unix_micros(row.get(10).unwrap_or(0));
    let mut entry = Entry::new(what, Scope::Everything, Reason::Manual, Actor::System, since);
    let text = format!("entry {id} of the suppression list is damaged: {}", damage.as_str());
    entry.evidence = vec![Evidence::new(EvidenceSource::Entry, text)];
    Some(entry)
}

fn hex(hash: &[u8; 32]) -> String {
    let digit = |nibble: u8| char::from_digit(u32::from(nibble), 16).unwrap_or('0');
    hash.iter().flat_map(|octet| [digit(octet >> 4), digit(octet & 15)]).collect()
}

fn unhex(text: &str) -> Option<[u8; 32]> {
    let mut hash = [0; 32];
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    for (octet, pair) in hash.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        *octet = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(hash)
}
