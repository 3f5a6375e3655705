//! The notices of Amazon SES that Amazon SNS sends as mail: one JSON object, bounded by the limit of a text.

use posthaste_types::{BounceClass, EnhancedStatus, Evidence, EvidenceSource, Text};
use serde_json::Value;

use super::Reader;
use super::diagnostic::Diagnostic;
use super::feedback::report_of;
use super::limits::ReadError;
use super::notification::settle;
use super::status::{action, untyped};
use crate::report::{Format, Reading, RecipientReport, ReportKind, ReportedAddress};
use crate::rules::Why;
use crate::said::{Said, severity_of};
use crate::verdict::{Confidence, Severity, Words};

impl Reader<'_> {
    /// Reads a notice; `None` if the text is none.
    pub(super) fn ses_notice(&self) -> Result<Option<Reading>, ReadError> {
        let Some(part) = self.parts.leaves.first().filter(|part| part.is_text()) else { return Ok(None) };
        let text = part.text(self.limits.text);
        let text = text.trim_start();
        if !text.starts_with('{') || !text.contains("\"notificationType\"") && !text.contains("\"eventType\"") {
            return Ok(None);
        }
        // QUIRK: Sendmail cuts lines that are too long, with an exclamation mark.
        let text = text.replace("!\r\n ", "").replace("!\n ", "");
        // QUIRK: SNS puts how to leave behind the object.
        let Some(Ok(notice)) = serde_json::Deserializer::from_str(&text).into_iter::<Value>().next() else {
            return Ok(None);
        };
        let kind = notice["notificationType"].as_str().or(notice["eventType"].as_str()).unwrap_or_default();
        let (list, kind) = match kind {
            "Bounce" => (&notice["bounce"]["bouncedRecipients"], ReportKind::Bounce),
            "Complaint" => (&notice["complaint"]["complainedRecipients"], ReportKind::Complaint),
            "Delivery" => (&notice["delivery"]["recipients"], ReportKind::Delivered),
            _ => return Ok(None),
        };
        let mut reading = Reading { original: self.original()?, ..super::empty(Format::Text) };
        reading.reporting_mta = notice["bounce"]["reportingMTA"].as_str().map(|name| Text::lossy(untyped(name)));
        let mut recipients = Vec::new();
        for one in list.as_array().into_iter().flatten() {
            self.push(&mut recipients, self.of_notice(&notice, one, kind), part.at)?;
        }
        reading.recipients = recipients;
        Ok(Some(reading).filter(|reading| !reading.recipients.is_empty()))
    }

    fn of_notice(&self, notice: &Value, one: &Value, kind: ReportKind) -> RecipientReport {
        let address = ReportedAddress::new(one["emailAddress"].as_str().or(one.as_str()).unwrap_or_default());
        let said = one["diagnosticCode"].as_str().map(untyped).unwrap_or_default();
        let diagnostic = Diagnostic::parse(said);
        let status = one["status"].as_str().and_then(|status| EnhancedStatus::parse(status).ok());
        let evidence = match (kind, said) {
            (ReportKind::Bounce, "") => notice["bounce"]["bounceSubType"].as_str().unwrap_or_default(),
            (ReportKind::Bounce, said) => said,
            _ => kind.as_str(),
        };
        let words = Words::Found(vec![Evidence::new(EvidenceSource::ReportField, evidence)]);
        let lasts = notice["bounce"]["bounceType"] == "Permanent";
        let why = |words| Why { words, rule: None, confidence: Confidence::CERTAIN };
        let verdict = match kind {
            ReportKind::Bounce => {
                let otherwise = if lasts { Severity::Permanent } else { Severity::Transient };
                let code = diagnostic.code.filter(|code| *code >= 400);
                let severity = code.map_or(otherwise, severity_of);
                let said = Said {
                    code,
                    status: diagnostic.status,
                    field: status,
                    text: &diagnostic.words,
                    severity,
                    ..Said::default()
                };
                settle(self.rules.judge(&said, words), kind)
            }
            ReportKind::Complaint => {
                self.rules.classes.verdict(BounceClass::Complaint, Severity::Permanent, None, why(words))
            }
            _ => self.rules.classes.verdict(BounceClass::Delivered, Severity::Success, None, why(words)),
        };
        RecipientReport {
            address,
            reported_action: one["action"].as_str().and_then(action),
            status: status.or(diagnostic.status),
            reply: diagnostic.reply(),
            diagnostic: Some(Text::lossy(said)).filter(|text| !text.is_empty()),
            ..report_of(kind, verdict)
        }
    }
}
