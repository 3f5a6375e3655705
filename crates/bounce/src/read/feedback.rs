//! Complaints (RFC 5965), as far as a verdict needs them.

use posthaste_types::{BounceClass, Evidence, EvidenceSource, ReversePath, Text};

use super::Reader;
use super::address::addresses;
use super::fields::Fields;
use super::limits::{ReadError, ReadErrorKind};
use super::mime::Part;
use crate::report::{Format, Original, Reading, RecipientReport, ReportKind, ReportedAddress};
use crate::rules::Why;
use crate::verdict::{Confidence, Severity, Verdict, Words};

impl Reader<'_> {
    /// Reads a feedback report. Without Original-Rcpt-To the only address of the original's To is taken;
    /// without that the recipient is unknown, and only a return path can tell.
    pub(super) fn feedback(&self, part: &Part<'_>) -> Result<Reading, ReadError> {
        let text = part.decoded(self.limits.fields + 1);
        if text.len() > self.limits.fields {
            return Err(ReadError::new(ReadErrorKind::Fields, self.limits.fields, part.at));
        }
        let fields = Fields(text.trim_ascii_start());
        let mut reading = Reading { original: self.original()?, ..super::empty(Format::FeedbackReport) };
        let mail_from = fields.find("Original-Mail-From").and_then(|path| ReversePath::parse(&path).ok());
        reading.original.return_path = reading.original.return_path.take().or(mail_from);
        reading.envelope_id = fields.find("Original-Envelope-Id").and_then(|id| id.parse().ok());
        reading.reporting_mta = fields.find("Reporting-MTA").map(|mta| Text::lossy(super::status::untyped(&mta)));
        let kind = fields.find("Feedback-Type").unwrap_or_default();
        let (report, class) = sense(&kind);
        let evidence = Evidence::new(EvidenceSource::ReportField, format!("Feedback-Type: {kind}"));
        let why = Why { words: Words::Found(vec![evidence]), rule: None, confidence: Confidence::CERTAIN };
        let verdict = self.rules.classes.verdict(class, Severity::Permanent, None, why);
        let mut recipients = Vec::new();
        for address in complainants(fields, &reading.original) {
            let recipient = RecipientReport { address, ..report_of(report, verdict.clone()) };
            self.push(&mut recipients, recipient, part.at)?;
        }
        reading.recipients = recipients;
        Ok(reading)
    }
}

/// What a type of feedback means (RFC 5965 §7.3, RFC 6591, RFC 6430).
fn sense(kind: &str) -> (ReportKind, BounceClass) {
    match kind.trim().to_ascii_lowercase().as_str() {
        // A provider says that its own verdict was wrong, or how authentication went: nobody complained.
        "not-spam" | "auth-failure" | "dmarc" => (ReportKind::Other, BounceClass::Delivered),
        "opt-out" | "opt-out-list" | "unsubscribe" => (ReportKind::Complaint, BounceClass::Unsubscribe),
        _ => (ReportKind::Complaint, BounceClass::Complaint),
    }
}

fn complainants(fields: Fields<'_>, original: &Original) -> Vec<ReportedAddress> {
    let mut named: Vec<ReportedAddress> = Vec::new();
    for value in fields.all("Original-Rcpt-To") {
        let address = ReportedAddress::new(&super::status::address(&value));
        if !named.contains(&address) {
            named.push(address);
        }
    }
    if named.is_empty() {
        let to = addresses(&original.field("To").unwrap_or_default());
        named.push(match to.as_slice() {
            [only] => ReportedAddress::new(only.as_str()),
            _ => ReportedAddress::unknown(),
        });
    }
    named
}

/// A recipient of which only the verdict is known.
pub(super) fn report_of(kind: ReportKind, verdict: Verdict) -> RecipientReport {
    RecipientReport {
        kind,
        address: ReportedAddress::unknown(),
        original: None,
        reported_action: None,
        status: None,
        reply: None,
        diagnostic: None,
        remote_mta: None,
        last_attempt_date: None,
        will_retry_until: None,
        said_at: None,
        provider: None,
        verdict,
    }
}
