//! Which form a mail has, and its reading.

mod arf;
mod forwarded;
mod jmrp;
mod original;

use posthaste_message::{Part, ReadMessage};
use posthaste_types::{Address, Domain, Evidence, EvidenceSource};

use crate::limits::{Limits, ReadError};
use crate::report::{Form, Kind, Original, Recipient, Report};
use crate::xarf::{self, Xarf};

/// Reads a mail with the default [`Limits`]; `None` if it is no feedback.
///
/// # Errors
/// [`ReadError`] if a limit is passed, or the mail carries a XARF document that violates its schema.
pub fn read(mail: &[u8]) -> Result<Option<Report>, ReadError> {
    read_with(mail, &Limits::default())
}

/// Reads a mail; `None` if it is no feedback.
///
/// # Errors
/// As [`read`].
pub fn read_with(mail: &[u8], limits: &Limits) -> Result<Option<Report>, ReadError> {
    let message = posthaste_message::read(mail, &limits.mail)?;
    let mut found = match xarf_of(&message, limits)? {
        Some(report) => Some(report),
        None => arf::report(&message, limits).or_else(|| without_fields(&message, limits)),
    };
    if let Some(report) = &mut found {
        report.reporter = message.from().iter().find_map(|it| it.to_address());
    }
    Ok(found)
}

/// A complaint without a feedback report: the message that it is about is enclosed.
fn without_fields(message: &ReadMessage<'_>, limits: &Limits) -> Option<Report> {
    let original = original::embedded(message, None, limits)?;
    let mut report = jmrp::report(message, &original).or_else(|| forwarded::report(message, &original, limits))?;
    report.original = Some(original);
    Some(report)
}

/// A XARF document among the parts: of a type of its own, or JSON that says that it is one.
fn xarf_of(message: &ReadMessage<'_>, limits: &Limits) -> Result<Option<Report>, ReadError> {
    for part in message.own_parts().filter(may_be_xarf) {
        let octets = part.decoded();
        if !xarf::looks_like(&octets) {
            continue;
        }
        let xarf = xarf::parse_with(&octets, limits.xarf)?;
        let fields = arf::report(message, limits);
        return Ok(Some(of_xarf(xarf, fields, message, limits)));
    }
    Ok(None)
}

fn may_be_xarf(part: &Part<'_, '_>) -> bool {
    let media = part.content_type();
    let by_name = || part.filename().is_some_and(|name| name.to_ascii_lowercase().ends_with(".json"));
    media.is("application", "json") || media.subtype().contains("xarf") || by_name()
}

/// The report of a XARF document; the fields of a feedback report beside it say the rest.
fn of_xarf(xarf: Xarf, fields: Option<Report>, message: &ReadMessage<'_>, limits: &Limits) -> Report {
    let mut report = fields.unwrap_or_else(|| Report::new(Form::Xarf, Kind::Other));
    report.form = Form::Xarf;
    report.kind = xarf.kind();
    report.evidence = vec![Evidence::new(EvidenceSource::ReportField, format_args!("{xarf}"))];
    report.source_ip = xarf.source_ip.or(report.source_ip);
    report.source_port = xarf.source_port.or(report.source_port);
    report.arrived = Some(xarf.date);
    if let Some(from) = &xarf.mail_from {
        report.mail_from = Some(from.clone().into());
    }
    if let Some(to) = &xarf.rcpt_to {
        report.recipients = vec![recipient(to.as_str())];
    }
    if report.original.is_none() {
        report.original = xarf
            .samples
            .iter()
            .filter(|sample| sample.is_message())
            .filter_map(|sample| original::parse(sample.octets(), limits))
            .next()
            .or_else(|| original::embedded(message, None, limits));
    }
    report.defects.retain(|defect| *defect != crate::report::Defect::NoOriginal);
    report.xarf = Some(Box::new(xarf));
    report
}

/// Where nothing else names who complains, the only address in To of the original does.
fn only_recipient(original: &Original) -> Option<Recipient> {
    match original.to.as_slice() {
        [only] => Some(recipient(only.as_str())),
        _ => None,
    }
}

/// An address, or what stands in its place (RFC 6590).
fn recipient(text: &str) -> Recipient {
    let bare = bare(text);
    match Address::parse(bare) {
        Ok(address) if !is_redacted(address.local_part()) => Recipient::Address(address),
        _ => Recipient::Redacted(posthaste_types::Text::lossy(bare)),
    }
}

/// Whether a local part stands for one that is not told: a word that says so, or a digest (RFC 6590 §3).
fn is_redacted(local: &str) -> bool {
    const WORDS: [&str; 7] = ["anonymized", "hashed", "hidden", "redacted", "removed", "undisclosed", "x"];
    let lower = local.to_ascii_lowercase();
    let is_word = || WORDS.contains(&lower.trim_matches(|c: char| !c.is_ascii_alphanumeric()));
    let is_hex = || {
        lower.len() >= SHORTEST_DIGEST && lower.len().is_multiple_of(2) && lower.bytes().all(|b| b.is_ascii_hexdigit())
    };
    let is_base64 = || local.len() >= SHORTEST_DIGEST && local.ends_with('=');
    let is_masked = || !local.is_empty() && local.chars().all(|c| matches!(c, '*' | 'x' | 'X' | '.' | '-' | '_'));
    is_word() || is_hex() || is_base64() || is_masked()
}

/// An address or a path without its angle brackets, its type and its comment.
fn bare(text: &str) -> &str {
    let text = text.trim();
    let text = text.strip_prefix("rfc822;").unwrap_or(text).trim();
    match (text.find('<'), text.rfind('>')) {
        (Some(open), Some(close)) if open < close => text.get(open + 1..close).unwrap_or(text).trim(),
        _ => text,
    }
}

/// Whether a domain is one of Outlook.com's, which reports by JMRP.
fn is_of_outlook(domain: &Domain) -> bool {
    const NAMES: [&str; 4] = ["hotmail.com", "outlook.com", "microsoft.com", "live.com"];
    NAMES.iter().any(|name| domain.as_str() == *name || domain.as_str().ends_with(&format!(".{name}")))
}

/// A digest of 96 bits or more, in hexadecimal digits.
const SHORTEST_DIGEST: usize = 24;
