//! What has no part for programs: bounces in words, automatic answers, challenges.

use posthaste_types::{BounceClass, Evidence, EvidenceSource, Text};

use super::Reader;
use super::diagnostic::Diagnostic;
use super::feedback::report_of;
use super::fields::{Fields, split_header};
use super::limits::ReadError;
use super::mime::parameter;
use super::notification::settle;
use super::original::original_of;
use super::text::{Human, Named, addresses, human, recipients};
use crate::report::{Format, Reading, RecipientReport, ReportKind, ReportedAddress};
use crate::rules::SignalKind;
use crate::said::{Said, severity_of};
use crate::verdict::Severity;

impl Reader<'_> {
    pub(super) fn unstructured(&self) -> Result<Reading, ReadError> {
        let suspicion = self.suspicion();
        if suspicion >= POSSIBLE {
            if let Some(reading) = self.status_in_text()? {
                return Ok(reading);
            }
            let reading = self.bounce_in_words(suspicion)?;
            if !reading.recipients.is_empty() {
                return Ok(reading);
            }
        }
        self.automatic()
    }

    /// How much the header looks like a bounce's.
    fn suspicion(&self) -> usize {
        let fields = self.parts.message.fields;
        let signals = &self.rules.signals;
        let count = |kind| signals.count(kind, |name| fields.text(name)).0.min(1);
        let path = fields.find("Return-Path").unwrap_or_default().to_ascii_lowercase();
        let is_null = path == "<>" || path.contains("mailer-daemon");
        let content_type = fields.find("Content-Type").unwrap_or_default();
        let is_report = parameter(&content_type, "report-type").is_some_and(|kind| kind == "delivery-status");
        let failed = fields.find("X-Failed-Recipients").is_some();
        let certain = count(SignalKind::BounceFrom) + count(SignalKind::BounceSubject) + usize::from(is_report);
        2 * certain + usize::from(is_null) + 4 * usize::from(failed)
    }

    fn bounce_in_words(&self, suspicion: usize) -> Result<Reading, ReadError> {
        let human = human(self.parts, self.rules, self.limits);
        let begin: String = human.text.chars().take(MAX_WORDS).collect();
        let speaks = self.rules.signals.speaks(SignalKind::BounceText, &begin.to_lowercase());
        let suspicion = suspicion + 2 * usize::from(speaks);
        if suspicion < LIKELY {
            return Ok(super::empty(Format::Unknown));
        }
        let mut reading = Reading { original: self.original()?, ..super::empty(Format::Text) };
        if reading.original.fields.is_empty() && !human.original.is_empty() {
            let (header, ..) = split_header(&human.original);
            reading.original = original_of(Fields(header));
        }
        let mut found = Vec::new();
        for named in recipients(&human, self.parts.message.fields, &self.own(), self.limits.recipients) {
            let recipient = self.in_words(&named, &human);
            let is_certain = suspicion >= CERTAIN || recipient.verdict.class != BounceClass::Unknown;
            if is_certain {
                self.push(&mut found, recipient, self.parts.message.at)?;
            }
        }
        reading.recipients = found;
        Ok(reading)
    }

    fn in_words(&self, named: &Named, human: &Human) -> RecipientReport {
        let own: String = named.words.chars().take(MAX_WORDS).collect();
        let mut diagnostic = Diagnostic::parse(&own);
        if diagnostic.code.is_none() && diagnostic.status.is_none() && own.len() < human.text.len() {
            let all: String = human.text.chars().take(MAX_WORDS).collect();
            let whole = Diagnostic::parse(&all);
            if whole.code.is_some() {
                diagnostic = whole;
            }
        }
        let kind = self.kind_in_words(&human.text);
        let code = diagnostic.code.filter(|code| *code >= 400);
        let class = diagnostic.status.map(|status| status.class());
        let severity = match (kind, code, class) {
            (ReportKind::Delay, ..) => Severity::Transient,
            (_, Some(code), _) => severity_of(code),
            (_, None, Some(4)) => Severity::Transient,
            _ => Severity::Permanent,
        };
        let said = Said {
            code,
            status: diagnostic.status,
            stage: diagnostic.stage,
            text: &diagnostic.words,
            severity,
            ..Said::default()
        };
        let words = Text::lossy(diagnostic.words.as_str());
        let evidence = Evidence::new(EvidenceSource::Reply, &words);
        let verdict = settle(self.rules.judge(&said, vec![evidence]), kind);
        RecipientReport {
            address: ReportedAddress::new(named.address.as_str()),
            status: diagnostic.status,
            reply: diagnostic.reply(),
            diagnostic: Some(words),
            ..report_of(kind, verdict)
        }
    }

    /// A notice that goes on trying says so.
    fn kind_in_words(&self, text: &str) -> ReportKind {
        let subject = self.parts.message.fields.text("Subject").unwrap_or_default();
        let begin: String = text.chars().take(MAX_WORDS).collect();
        let said = format!("{subject} {begin}").to_lowercase();
        let delayed = self.rules.signals.speaks(SignalKind::Delayed, &said);
        let failed = self.rules.signals.speaks(SignalKind::Failed, &said);
        if delayed && !failed { ReportKind::Delay } else { ReportKind::Bounce }
    }

    /// An automatic answer, a challenge, or nothing.
    fn automatic(&self) -> Result<Reading, ReadError> {
        let fields = self.parts.message.fields;
        let signals = &self.rules.signals;
        let value = |name: &str| fields.text(name);
        let challenge = signals.count(SignalKind::Challenge, value);
        let strong = signals.count(SignalKind::AutoReply, value);
        let weak = signals.count(SignalKind::AutoReplyWeak, value);
        let (kind, class, field) = match (challenge, strong, weak) {
            ((1.., field), ..) => (ReportKind::Challenge, BounceClass::ChallengeResponse, field),
            (_, (1.., field), _) | (_, _, (2.., field)) => (ReportKind::AutoReply, BounceClass::AutoReply, field),
            _ => return Ok(super::empty(Format::Unknown)),
        };
        let field = field.unwrap_or_default();
        let text = format!("{field}: {}", fields.text(field).unwrap_or_default());
        let evidence = vec![Evidence::new(EvidenceSource::Header, text)];
        let verdict = self.rules.classes.verdict(class, Severity::Success, None, evidence);
        let from = fields.find("From").and_then(|value| addresses(&value).into_iter().next());
        let address = from.map_or_else(ReportedAddress::unknown, |from| ReportedAddress::new(from.as_str()));
        let recipient = RecipientReport { address, ..report_of(kind, verdict) };
        Ok(Reading { recipients: vec![recipient], ..super::empty(Format::Text) })
    }
}

/// What the header must say before the text is looked at.
const POSSIBLE: usize = 1;
/// What header and text must say before the text is asked for recipients.
const LIKELY: usize = 3;
/// What it must say where the text itself is not understood.
const CERTAIN: usize = 4;
/// The most characters of a text that are classified.
const MAX_WORDS: usize = 4_000;
