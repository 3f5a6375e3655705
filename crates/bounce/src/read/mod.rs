//! From a message that came back to a reading.

mod address;
mod answer;
mod charset;
mod decode;
mod diagnostic;
mod feedback;
mod fields;
mod limits;
mod mime;
mod notification;
mod original;
mod ses;
mod status;
mod text;

use std::ops::Range;
use std::sync::OnceLock;

use posthaste_types::Address;

use crate::report::{Format, Original, Reading, RecipientReport, ReportKind};
use crate::rules::Rules;
pub(crate) use diagnostic::Diagnostic;
pub(crate) use fields::{Fields, unfold};
pub use limits::{Limits, ReadError, ReadErrorKind};
use mime::Parts;

/// Reads a message that came back, by the built-in rules and the default limits.
///
/// A message that reports nothing is a reading too, without recipients.
///
/// # Errors
/// [`ReadError`] only if a limit is passed.
pub fn read(raw: &[u8]) -> Result<Reading, ReadError> {
    read_with(raw, &Limits::default())
}

/// Reads a message that came back, by the built-in rules, within limits.
///
/// # Errors
/// [`ReadError`] only if a limit is passed.
pub fn read_with(raw: &[u8], limits: &Limits) -> Result<Reading, ReadError> {
    Rules::builtin().read(raw, limits)
}

impl Rules {
    /// Reads a message that came back, by these rules.
    ///
    /// # Errors
    /// [`ReadError`] only if a limit is passed.
    pub fn read(&self, raw: &[u8], limits: &Limits) -> Result<Reading, ReadError> {
        self.read_within(raw, raw, limits, 0)
    }

    /// Reads a message that may stand within another one.
    fn read_within(&self, whole: &[u8], raw: &[u8], limits: &Limits, level: usize) -> Result<Reading, ReadError> {
        let parts = mime::parts(raw, limits)?;
        let reader = Reader { rules: self, limits, whole, parts: &parts, level };
        let mut reading = match reader.structured()? {
            Some(reading) => reading,
            None => match reader.ses_notice()? {
                Some(reading) => reading,
                None => reader.unstructured()?,
            },
        };
        // Those of the outermost message stand before those of messages within.
        reading.headers.insert(0, parts.message.fields.0.into());
        Ok(reading)
    }
}

/// One message while it is read.
struct Reader<'a> {
    rules: &'a Rules,
    limits: &'a Limits,
    /// The outermost message.
    whole: &'a [u8],
    parts: &'a Parts<'a>,
    /// In how many others this message stands.
    level: usize,
}

impl Reader<'_> {
    /// A report in parts that a program reads.
    fn structured(&self) -> Result<Option<Reading>, ReadError> {
        for part in &self.parts.leaves {
            let reading = match part.media.as_str() {
                "message/delivery-status" | "message/global-delivery-status" => self.notification(part)?,
                "message/feedback-report" => Some(self.feedback(part)?),
                "message/disposition-notification" | "message/global-disposition-notification" => {
                    Some(self.disposition(part)?)
                }
                _ => None,
            };
            if reading.is_some() {
                return Ok(reading);
            }
        }
        Ok(None)
    }

    /// The values of the fields that name those who cannot be recipients, in lower case: those to whom the report
    /// came, and who sent it.
    fn own(&self) -> String {
        let mut values = String::new();
        for field in self.parts.message.fields.iter() {
            if field.is("From") || ADDRESSED.iter().any(|name| field.is(name)) {
                values.push_str(&unfold(field.value).to_lowercase());
                values.push('\n');
            }
        }
        values
    }

    /// A report that somebody passed on as it came: a message within the message.
    fn forwarded(&self) -> Result<Option<Reading>, ReadError> {
        if self.level >= MAX_LEVEL {
            return Ok(None);
        }
        let mut inner = self.parts.leaves.iter().filter(|part| part.media == "message/rfc822");
        let (Some(part), None) = (inner.next(), inner.next()) else { return Ok(None) };
        let raw = part.decoded(self.limits.size);
        let mut reading = self.rules.read_within(self.whole, raw.trim_ascii_start(), self.limits, self.level + 1)?;
        reading.is_forwarded = true;
        let tells = reading.recipients.iter().any(|one| one.kind != ReportKind::AutoReply);
        Ok(Some(reading).filter(|_| tells))
    }

    /// Where octets of the message stand in it; `None` for octets that were decoded.
    fn range_of(&self, octets: &[u8]) -> Option<Range<usize>> {
        let begin = octets.as_ptr().addr().checked_sub(self.whole.as_ptr().addr())?;
        let end = begin.checked_add(octets.len())?;
        (end <= self.whole.len() && !octets.is_empty()).then_some(begin..end)
    }

    /// Adds a recipient, unless there are too many.
    fn push(
        &self,
        recipients: &mut Vec<RecipientReport>,
        recipient: RecipientReport,
        at: usize,
    ) -> Result<(), ReadError> {
        if recipients.len() >= self.limits.recipients {
            return Err(ReadError::new(ReadErrorKind::Recipients, self.limits.recipients, at));
        }
        recipients.push(recipient);
        Ok(())
    }
}

fn empty(format: Format) -> Reading {
    Reading {
        format,
        recipients: Vec::new(),
        original: Original::default(),
        headers: Vec::new(),
        addressed_to: OnceLock::new(),
        arrival_date: None,
        is_forwarded: false,
        envelope_id: None,
        reporting_mta: None,
        defects: Vec::new(),
    }
}

/// The addresses to which a message came, the most certain first.
pub(crate) fn addressed_to(fields: Fields<'_>) -> Vec<Address> {
    let mut found: Vec<Address> = Vec::new();
    let mut ranked: Vec<(usize, fields::Field<'_>)> = Vec::new();
    for field in fields.iter() {
        let rank = ADDRESSED.iter().position(|name| field.is(name));
        ranked.extend(rank.filter(|_| ranked.len() < MAX_ADDRESSED).map(|rank| (rank, field)));
    }
    ranked.sort_by_key(|(rank, _)| *rank);
    for address in ranked.iter().flat_map(|(_, field)| address::addresses(&unfold(field.value))) {
        if found.len() < MAX_ADDRESSED && !found.contains(&address) {
            found.push(address);
        }
    }
    found
}

/// The fields that say to whom a message came, the most certain first.
const ADDRESSED: &[&str] = &["Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To", "To", "Cc"];
/// How deep a report may stand in messages that pass it on.
const MAX_LEVEL: usize = 2;
/// The most addresses of one report that are kept.
const MAX_ADDRESSED: usize = 50;
