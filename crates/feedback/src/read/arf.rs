//! The Abuse Reporting Format (RFC 5965).

use std::net::IpAddr;

use posthaste_message::{Header, Part, ReadMessage, field_block};
use posthaste_types::{Evidence, EvidenceSource, ReversePath, Text};

use super::original;
use crate::limits::Limits;
use crate::report::{Defect, Form, Kind, Report};

/// The report of the first `message/feedback-report`.
pub(super) fn report(message: &ReadMessage<'_>, limits: &Limits) -> Option<Report> {
    let part = message.own_parts().find(is_feedback_report)?;
    let block = field_block(&part.decoded());
    let mut mail = limits.mail.clone();
    mail.header = mail.header.max(block.len().saturating_add(1));
    let fields = posthaste_message::read(&block, &mail).ok()?;
    let mut reading = Reading { report: Report::new(Form::Arf, Kind::Other), limits, seen: Vec::new() };
    for field in fields.headers() {
        reading.field(&field);
    }
    reading.end();
    let mut report = reading.report;
    report.original = original::embedded(message, Some(part.at().saturating_add(1)), limits);
    if report.original.is_none() {
        report.defects.push(Defect::NoOriginal);
    }
    if report.recipients.is_empty() {
        report.recipients.extend(report.original.as_ref().and_then(super::only_recipient));
    }
    Some(report)
}

fn is_feedback_report(part: &Part<'_, '_>) -> bool {
    part.content_type().is("message", "feedback-report")
}

struct Reading<'l> {
    report: Report,
    limits: &'l Limits,
    seen: Vec<&'static str>,
}

impl Reading<'_> {
    fn field(&mut self, field: &Header<'_>) {
        let value = field.unfolded();
        let Some(name) = NAMES.iter().find(|name| field.is(name)).copied() else { return };
        if !MANY.contains(&name) {
            if self.seen.contains(&name) {
                return self.report.defects.push(Defect::Repeated(name));
            }
            self.seen.push(name);
        }
        match name {
            "Feedback-Type" => self.kind(&value),
            "User-Agent" => self.report.user_agent = line(&value),
            "Version" => self.report.version = line(&value),
            "Original-Envelope-Id" => self.report.envelope_id = line(&value),
            "Original-Mail-From" => self.mail_from(&value),
            "Arrival-Date" | "Received-Date" => self.arrived(name, field),
            "Reporting-MTA" => self.report.reporting_mta = line(value.split_once(';').map_or(&*value, |(_, mta)| mta)),
            "Source-IP" => self.source_ip(&value),
            "Source-Port" => self.source_port(&value),
            "Incidents" => self.incidents(&value),
            _ => self.many(name, &value),
        }
    }

    /// RFC 5965 §7.3 and the registry; a type that is not known is another.
    fn kind(&mut self, value: &str) {
        let word = value.split([';', '(', ' ']).next().unwrap_or_default().trim().to_ascii_lowercase();
        self.report.kind = match word.as_str() {
            "abuse" => Kind::Abuse,
            "auth-failure" | "dmarc" | "dkim" => Kind::AuthFailure,
            "fraud" => Kind::Fraud,
            "not-spam" => Kind::NotSpam,
            "opt-out" | "opt-out-list" | "unsubscribe" => Kind::OptOut,
            "virus" => Kind::Virus,
            _ => Kind::Other,
        };
        let words = format!("Feedback-Type: {value}");
        self.report.evidence.push(Evidence::new(EvidenceSource::ReportField, words));
    }

    fn mail_from(&mut self, value: &str) {
        self.report.mail_from = ReversePath::parse(super::bare(value)).ok();
        if self.report.mail_from.is_none() {
            self.report.defects.push(Defect::Value("Original-Mail-From"));
        }
    }

    fn arrived(&mut self, name: &'static str, field: &Header<'_>) {
        match (field.date(), self.report.arrived) {
            (Some(_), Some(_)) => self.report.defects.push(Defect::Repeated("Arrival-Date")),
            (Some(date), None) => self.report.arrived = Some(date),
            (None, _) => self.report.defects.push(Defect::Value(name)),
        }
    }

    fn source_ip(&mut self, value: &str) {
        // Some write the name behind the address.
        let first = value.split([' ', '(']).next().unwrap_or_default();
        let bare = first.trim_matches(|c| matches!(c, '[' | ']'));
        let bare = bare.strip_prefix("IPv6:").unwrap_or(bare);
        match bare.parse::<IpAddr>() {
            Ok(address) => self.report.source_ip = Some(address.to_canonical()),
            Err(_) => self.report.defects.push(Defect::Value("Source-IP")),
        }
    }

    fn source_port(&mut self, value: &str) {
        self.report.source_port = value.trim().parse().ok();
        if self.report.source_port.is_none() {
            self.report.defects.push(Defect::Value("Source-Port"));
        }
    }

    fn incidents(&mut self, value: &str) {
        match value.trim().parse() {
            Ok(incidents) if incidents > 0 => self.report.incidents = incidents,
            _ => self.report.defects.push(Defect::Value("Incidents")),
        }
    }

    fn many(&mut self, name: &'static str, value: &str) {
        let most = self.limits.fields;
        if value.trim().is_empty() {
            return;
        }
        let report = &mut self.report;
        let len = match name {
            "Original-Rcpt-To" | "Removal-Recipient" => {
                let recipient = super::recipient(value);
                if report.recipients.len() < most && !report.recipients.contains(&recipient) {
                    report.recipients.push(recipient);
                    return;
                }
                report.recipients.len()
            }
            "Authentication-Results" => push(&mut report.authentication_results, value, most),
            "Reported-Domain" => push(&mut report.domains, value, most),
            _ => push(&mut report.uris, value, most),
        };
        if len >= most && !report.defects.contains(&Defect::TooMany(name)) {
            report.defects.push(Defect::TooMany(name));
        }
    }

    /// RFC 5965 §3.1.
    fn end(&mut self) {
        for name in ["Feedback-Type", "User-Agent", "Version"] {
            if !self.seen.contains(&name) {
                self.report.defects.push(Defect::Missing(name));
            }
        }
    }
}

/// Adds a line; what comes back is below `most` if there was room.
fn push(list: &mut Vec<Text>, value: &str, most: usize) -> usize {
    if list.len() >= most {
        return most;
    }
    list.push(Text::lossy(value));
    0
}

fn line(value: &str) -> Option<Text> {
    Some(Text::lossy(value)).filter(|text| !text.is_empty())
}

const NAMES: [&str; 16] = [
    "Feedback-Type",
    "User-Agent",
    "Version",
    "Original-Envelope-Id",
    "Original-Mail-From",
    "Arrival-Date",
    "Received-Date",
    "Reporting-MTA",
    "Source-IP",
    "Source-Port",
    "Incidents",
    "Authentication-Results",
    "Original-Rcpt-To",
    "Removal-Recipient",
    "Reported-Domain",
    "Reported-URI",
];

/// Those that may stand several times (RFC 5965 §3.2 and §3.3).
const MANY: [&str; 5] =
    ["Authentication-Results", "Original-Rcpt-To", "Removal-Recipient", "Reported-Domain", "Reported-URI"];
