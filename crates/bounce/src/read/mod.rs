//! From a message that came back to a reading.

mod answer;
mod decode;
mod diagnostic;
mod feedback;
mod fields;
mod limits;
mod mime;
mod notification;
mod original;
mod status;
mod text;

use std::cell::OnceCell;
use std::collections::HashSet;

use posthaste_types::Address;

use crate::report::{Format, Original, Reading, RecipientReport};
use crate::rules::Rules;
use diagnostic::Diagnostic;
use fields::Fields;
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
        let parts = mime::parts(raw, limits)?;
        let reader = Reader { rules: self, limits, parts: &parts, human: OnceCell::new() };
        let mut reading = match reader.structured()? {
            Some(reading) => reading,
            None => reader.unstructured()?,
        };
        reading.addressed_to = addressed_to(parts.message.fields);
        Ok(reading)
    }
}

/// One message while it is read.
struct Reader<'a> {
    rules: &'a Rules,
    limits: &'a Limits,
    parts: &'a Parts<'a>,
    /// What the text for people says, read when it is needed.
    human: OnceCell<Diagnostic>,
}

impl Reader<'_> {
    /// A report in parts that a program reads.
    fn structured(&self) -> Result<Option<Reading>, ReadError> {
        for part in &self.parts.leaves {
            let reading = match part.media.as_str() {
                "message/delivery-status" | "message/global-delivery-status" => self.notification(part)?,
                "message/feedback-report" => Some(self.feedback(part)?),
                "message/disposition-notification" | "message/global-disposition-notification" => {
                    let format = Format::DispositionNotification;
                    Some(Reading { original: self.original()?, ..empty(format) })
                }
                _ => None,
            };
            if reading.is_some() {
                return Ok(reading);
            }
        }
        Ok(None)
    }

    /// The addresses that cannot be recipients: those to which the report came, and who sent it.
    fn own(&self) -> HashSet<String> {
        let fields = self.parts.message.fields;
        let from = fields.all("From").flat_map(|value| text::addresses(&value));
        addressed_to(fields).into_iter().chain(from).map(|address| address.normalized()).collect()
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
        addressed_to: Vec::new(),
        envelope_id: None,
        reporting_mta: None,
        defects: Vec::new(),
    }
}

/// The addresses to which a message came, the most certain first.
fn addressed_to(fields: Fields<'_>) -> Vec<Address> {
    let mut found: Vec<Address> = Vec::new();
    for name in ["Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To", "To", "Cc"] {
        for address in fields.all(name).flat_map(|value| text::addresses(&value)) {
            if !found.contains(&address) && found.len() < MAX_ADDRESSED {
                found.push(address);
            }
        }
    }
    found
}

/// The most addresses of one report that are kept.
const MAX_ADDRESSED: usize = 50;
