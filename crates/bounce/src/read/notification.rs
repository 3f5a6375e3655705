//! Delivery status notifications (RFC 3464, RFC 6533).

use memchr::memmem;
use posthaste_types::{BounceClass, EnhancedStatus, EnvelopeId, Evidence, EvidenceSource, ProviderId, Text};

use super::Reader;
use super::diagnostic::{Diagnostic, status_in};
use super::limits::{ReadError, ReadErrorKind};
use super::mime::Part;
use super::status::{Group, Status, action, address, get, untyped};
use super::text::human;
use crate::report::{Defect, Format, Reading, RecipientReport, ReportKind, ReportedAction, ReportedAddress};
use crate::said::{Said, severity_of};
use crate::verdict::{Action, ListEffect, Severity, Verdict};

impl Reader<'_> {
    /// Reads a delivery status; `None` if it names no recipient.
    pub(super) fn notification(&self, part: &Part<'_>) -> Result<Option<Reading>, ReadError> {
        let text = part.decoded(self.limits.fields + 1);
        if text.len() > self.limits.fields {
            return Err(ReadError::new(ReadErrorKind::Fields, self.limits.fields, part.at));
        }
        self.status(&text, part.at)
    }

    /// Reads the fields of a delivery status that stand within a text: the message has lost its structure.
    pub(super) fn status_in_text(&self) -> Result<Option<Reading>, ReadError> {
        let Some(part) = self.parts.leaves.first() else { return Ok(None) };
        let text = part.decoded(self.limits.text);
        let is_field = |at: &usize| *at == 0 || text.get(at - 1) == Some(&b'\n');
        let find = |name: &str| memmem::find_iter(&text, name.as_bytes()).find(is_field);
        let Some(recipient) = find("Final-Recipient:") else { return Ok(None) };
        let begin = ["Reporting-MTA:", "Original-Recipient:"].into_iter().filter_map(find).fold(recipient, usize::min);
        let rest = text.get(begin..).unwrap_or_default();
        let end = memmem::find(rest, b"\n--").unwrap_or(rest.len());
        self.status(rest.get(..end).unwrap_or_default(), part.at)
    }

    fn status(&self, text: &[u8], at: usize) -> Result<Option<Reading>, ReadError> {
        let status = Status::parse(text, self.limits.recipients);
        if status.recipients.len() > self.limits.recipients {
            // It was read no further: whoever is named behind would be lost.
            return Err(ReadError::new(ReadErrorKind::Recipients, self.limits.recipients, at));
        }
        let mut reading = Reading { original: self.original()?, ..super::empty(Format::DeliveryStatus) };
        reading.defects.clone_from(&status.defects);
        reading.envelope_id = get(&status.message, "original-envelope-id").and_then(|id| EnvelopeId::parse(id).ok());
        reading.reporting_mta = get(&status.message, "reporting-mta").map(|mta| Text::lossy(untyped(mta)));
        if reading.reporting_mta.is_none() {
            add(&mut reading.defects, Defect::ReportingMta);
        }
        let mut recipients = Vec::new();
        for group in &status.recipients {
            let Some(recipient) = self.recipient(group, &status.message, &mut reading.defects) else { continue };
            self.push(&mut recipients, recipient, at)?;
        }
        reading.recipients = recipients;
        Ok((!reading.recipients.is_empty()).then_some(reading))
    }

    /// One recipient; `None` if the group names none.
    fn recipient(&self, group: &Group, message: &Group, defects: &mut Vec<Defect>) -> Option<RecipientReport> {
        let original = get(group, "original-recipient").map(address).filter(|text| !text.is_empty());
        let named = get(group, "final-recipient").map(address).filter(|text| !text.is_empty());
        let named = named.or_else(|| get(group, "x-actual-recipient").map(address));
        let named = ReportedAddress::new(named.as_deref().or(original.as_deref())?);
        let field = get(group, "action").and_then(action);
        let status = get(group, "status").and_then(status_in);
        let lacks = [
            (named.address().is_none(), Defect::Address),
            (field.is_none(), Defect::Action),
            (status.is_none(), Defect::Status),
        ];
        lacks.iter().filter(|(lacks, _)| *lacks).for_each(|(_, defect)| add(defects, *defect));
        let reported = field.unwrap_or(ReportedAction::Failed);
        let diagnostic_text = get(group, "diagnostic-code").map(untyped).filter(|text| !text.is_empty());
        let diagnostic = diagnostic_text.map(Diagnostic::parse).unwrap_or_default();
        let remote_mta = get(group, "remote-mta").map(untyped);
        let mut servers = remote_mta.into_iter().chain(get(message, "reporting-mta").map(untyped));
        let provider = servers.find_map(|host| self.rules.providers.of_host(host));
        let comment = get(group, "status").and_then(comment).filter(|_| diagnostic_text.is_none());
        let words = comment.map(Diagnostic::parse).unwrap_or_else(|| diagnostic.clone());
        let told = Told {
            reported,
            status,
            diagnostic: &words,
            provider: provider.as_ref(),
            is_said: diagnostic_text.is_some(),
        };
        let verdict = self.verdict(&told, evidence(group));
        Some(RecipientReport {
            kind: kind(reported),
            address: named,
            original: original.as_deref().map(ReportedAddress::new),
            reported_action: field,
            status: status.or(diagnostic.status),
            reply: diagnostic.reply(),
            diagnostic: diagnostic_text.map(Text::lossy),
            remote_mta: remote_mta.map(Text::lossy),
            provider,
            verdict,
        })
    }

    fn verdict(&self, told: &Told<'_>, evidence: Vec<Evidence>) -> Verdict {
        let mut said = Said {
            code: told.diagnostic.code.filter(|code| *code >= 400),
            status: told.diagnostic.status,
            field: told.status,
            stage: told.diagnostic.stage,
            text: &told.diagnostic.words,
            provider: told.provider,
            severity: told.severity(),
        };
        let verdict = self.rules.judge(&said, evidence.clone());
        let vague = matches!(verdict.class, BounceClass::Unknown | BounceClass::Protocol);
        if told.is_said || !vague {
            return settle(verdict, kind(told.reported));
        }
        // The report has no diagnostic, and its codes say little: what it says to people has to do.
        let human = self.human.get_or_init(|| Diagnostic::parse(&self.words_for_people()));
        said = Said { code: human.code, status: human.status, stage: human.stage, text: &human.words, ..said };
        settle(self.rules.judge(&said, evidence), kind(told.reported))
    }

    fn words_for_people(&self) -> String {
        let text = human(self.parts, self.rules, self.limits).text;
        text.chars().take(MAX_WORDS).collect()
    }
}

/// What a group tells.
struct Told<'a> {
    reported: ReportedAction,
    status: Option<EnhancedStatus>,
    diagnostic: &'a Diagnostic,
    provider: Option<&'a ProviderId>,
    /// Whether there is a diagnostic.
    is_said: bool,
}

impl Told<'_> {
    /// The Action field decides whether it failed at all; then the first digit of the reply, then that of
    /// the status.
    fn severity(&self) -> Severity {
        match self.reported {
            ReportedAction::Delivered | ReportedAction::Relayed | ReportedAction::Expanded => Severity::Success,
            ReportedAction::Delayed => Severity::Transient,
            ReportedAction::Failed => {
                let code = self.diagnostic.code.filter(|code| *code >= 400).map(severity_of);
                let class = self.diagnostic.status.or(self.status).map(EnhancedStatus::class);
                let status = class.map(|class| if class == 4 { Severity::Transient } else { Severity::Permanent });
                code.or(status).unwrap_or(Severity::Permanent)
            }
        }
    }
}

/// What an answer comes to when nobody tries again, or when another server goes on trying.
pub(super) fn settle(mut verdict: Verdict, kind: ReportKind) -> Verdict {
    let retries = matches!(verdict.action, Action::Retry | Action::RetrySlower);
    match kind {
        ReportKind::Bounce if retries && verdict.list_effect == ListEffect::Soft => verdict.action = Action::CountSoft,
        // A report proves one recipient: whoever can make one must not take a domain off.
        ReportKind::Bounce if verdict.action == Action::SuppressDomain => verdict.action = Action::SuppressAddress,
        ReportKind::Bounce if verdict.action == Action::Retry => verdict.action = Action::LogInvestigate,
        ReportKind::Delay => {
            // RFC 3464 §2.3.3: a delay is no failure; it never counts.
            verdict.list_effect = ListEffect::None;
            if retries || verdict.action == Action::CountSoft {
                verdict.action = Action::None;
            }
        }
        _ => {}
    }
    verdict
}

fn kind(reported: ReportedAction) -> ReportKind {
    match reported {
        ReportedAction::Failed => ReportKind::Bounce,
        ReportedAction::Delayed => ReportKind::Delay,
        ReportedAction::Delivered => ReportKind::Delivered,
        ReportedAction::Relayed => ReportKind::Relayed,
        ReportedAction::Expanded => ReportKind::Expanded,
    }
}

fn evidence(group: &Group) -> Vec<Evidence> {
    let fields = [("diagnostic-code", "Diagnostic-Code"), ("status", "Status"), ("action", "Action")];
    let value = |(name, shown): &(&str, &str)| Some(format!("{shown}: {}", get(group, name)?));
    fields.iter().filter_map(value).map(|text| Evidence::new(EvidenceSource::ReportField, text)).collect()
}

/// The comment of a Status field: `4.0.0 (host name lookup failure)`.
fn comment(status: &str) -> Option<&str> {
    let (_, comment) = status.split_once('(')?;
    Some(comment.trim_end_matches(')'))
}

fn add(defects: &mut Vec<Defect>, defect: Defect) {
    if !defects.contains(&defect) {
        defects.push(defect);
    }
}

/// The most characters of a text for people that are classified.
const MAX_WORDS: usize = 4_000;
