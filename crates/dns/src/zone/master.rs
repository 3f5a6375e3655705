//! Reads records in the form of a master file (RFC 1035 §5), one a line.

use std::str::FromStr;
use std::time::Duration;

use posthaste_types::DnsName;

use super::error::{ZoneError, ZoneErrorKind};
use crate::record::{Ds, Mx, RecordData, RecordKind, Soa, Tlsa};

pub(super) struct Record {
    pub(super) name: DnsName,
    pub(super) ttl: Duration,
    pub(super) data: RecordData,
}

pub(super) fn parse(text: &str) -> Result<Vec<Record>, ZoneError> {
    let mut records = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let record = tokens(line).and_then(record).map_err(|kind| ZoneError::new(index.saturating_add(1), kind))?;
        records.extend(record);
    }
    Ok(records)
}

fn record(tokens: Vec<Vec<u8>>) -> Result<Option<Record>, ZoneErrorKind> {
    let mut fields = Fields(tokens.into_iter().peekable());
    if fields.0.peek().is_none() {
        return Ok(None);
    }
    let name = fields.name("name")?;
    let mut ttl = DEFAULT_TTL;
    // RFC 1035 §5.1: TTL and class may be missing, and stand in either order.
    while let Some(next) = fields.0.peek() {
        if next.eq_ignore_ascii_case(b"IN") {
            fields.0.next();
        } else if next.iter().all(u8::is_ascii_digit) {
            ttl = Duration::from_secs(fields.number::<u32>("TTL")?.into());
        } else {
            break;
        }
    }
    let kind = fields.text("kind of record")?.to_ascii_uppercase();
    let kind = RecordKind::ALL.iter().copied().find(|known| known.as_str() == kind).ok_or(ZoneErrorKind::Kind)?;
    let data = data(kind, &mut fields)?;
    if fields.0.next().is_some() {
        return Err(ZoneErrorKind::Trailing);
    }
    Ok(Some(Record { name, ttl, data }))
}

fn data(kind: RecordKind, fields: &mut Fields) -> Result<RecordData, ZoneErrorKind> {
    Ok(match kind {
        RecordKind::A => RecordData::A(fields.address()?),
        RecordKind::Aaaa => RecordData::Aaaa(fields.address()?),
        RecordKind::Cname => RecordData::Cname(fields.name("target")?),
        RecordKind::Ds => {
            let (key_tag, algorithm) = (fields.number("key tag")?, fields.number("algorithm")?);
            RecordData::Ds(Ds::new(key_tag, algorithm, fields.number("digest type")?, fields.hex("digest")?))
        }
        RecordKind::Mx => RecordData::Mx(Mx::new(fields.number("preference")?, fields.name("exchange")?)),
        RecordKind::Ns => RecordData::Ns(fields.name("name server")?),
        RecordKind::Ptr => RecordData::Ptr(fields.name("target")?),
        RecordKind::Soa => RecordData::Soa(Soa {
            primary: fields.name("primary name server")?,
            mailbox: fields.name("mailbox")?,
            serial: fields.number("serial")?,
            refresh: fields.number("refresh")?,
            retry: fields.number("retry")?,
            expire: fields.number("expire")?,
            minimum: fields.number("minimum")?,
        }),
        RecordKind::Tlsa => {
            let (usage, selector) = (fields.number("usage")?, fields.number("selector")?);
            RecordData::Tlsa(Tlsa::new(usage, selector, fields.number("matching type")?, fields.hex("data")?))
        }
        RecordKind::Txt => RecordData::Txt(fields.strings()?),
    })
}

struct Fields(std::iter::Peekable<std::vec::IntoIter<Vec<u8>>>);

impl Fields {
    fn text(&mut self, what: &'static str) -> Result<String, ZoneErrorKind> {
        let token = self.0.next().ok_or(ZoneErrorKind::Missing(what))?;
        Ok(String::from_utf8_lossy(&token).into_owned())
    }

    fn name(&mut self, what: &'static str) -> Result<DnsName, ZoneErrorKind> {
        self.text(what)?.parse().map_err(|error| ZoneErrorKind::Name(what, error))
    }

    fn number<N: FromStr>(&mut self, what: &'static str) -> Result<N, ZoneErrorKind> {
        self.text(what)?.parse().map_err(|_| ZoneErrorKind::Number(what))
    }

    fn address<A: FromStr>(&mut self) -> Result<A, ZoneErrorKind> {
        self.text("address")?.parse().map_err(|_| ZoneErrorKind::Address)
    }

    /// All the rest of the line: blanks may stand within (RFC 4034 §5.3, RFC 6698 §2.2).
    fn hex(&mut self, what: &'static str) -> Result<Vec<u8>, ZoneErrorKind> {
        let digits: Vec<u8> = self.rest().flatten().collect();
        if digits.is_empty() {
            return Err(ZoneErrorKind::Missing(what));
        }
        let (pairs, rest) = digits.as_chunks::<2>();
        let digit = |digit: u8| char::from(digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        let octets: Option<Vec<u8>> = pairs.iter().map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?)).collect();
        octets.filter(|_| rest.is_empty()).ok_or(ZoneErrorKind::Hex(what))
    }

    fn strings(&mut self) -> Result<Vec<u8>, ZoneErrorKind> {
        if self.0.peek().is_none() {
            return Err(ZoneErrorKind::Missing("text"));
        }
        Ok(self.rest().flatten().collect())
    }

    fn rest(&mut self) -> impl Iterator<Item = Vec<u8>> + '_ {
        self.0.by_ref()
    }
}

/// Takes a line apart: blanks separate, quotes hold together, `\` escapes (RFC 1035 §5.1), `;` ends.
fn tokens(line: &str) -> Result<Vec<Vec<u8>>, ZoneErrorKind> {
    let mut tokens = Vec::new();
    let mut token: Option<Vec<u8>> = None;
    let mut quoted = false;
    let mut octets = line.bytes().peekable();
    while let Some(octet) = octets.next() {
        match octet {
            b'"' => {
                token.get_or_insert_default();
                quoted = !quoted;
            }
            b'\\' => token.get_or_insert_default().push(escaped(&mut octets)?),
            b';' if !quoted => break,
            b' ' | b'\t' if !quoted => tokens.extend(token.take()),
            octet => token.get_or_insert_default().push(octet),
        }
    }
    if quoted {
        return Err(ZoneErrorKind::Quote);
    }
    tokens.extend(token);
    Ok(tokens)
}

/// `\DDD` is an octet by its decimal number, `\X` is X.
fn escaped(octets: &mut std::iter::Peekable<std::str::Bytes<'_>>) -> Result<u8, ZoneErrorKind> {
    let first = octets.next().ok_or(ZoneErrorKind::Quote)?;
    if !first.is_ascii_digit() {
        return Ok(first);
    }
    let mut value = u32::from(first - b'0');
    for _ in 0..2 {
        let digit = octets.next_if(u8::is_ascii_digit).ok_or(ZoneErrorKind::Quote)?;
        value = value * 10 + u32::from(digit - b'0');
    }
    u8::try_from(value).map_err(|_| ZoneErrorKind::Quote)
}

const DEFAULT_TTL: Duration = Duration::from_secs(300);
