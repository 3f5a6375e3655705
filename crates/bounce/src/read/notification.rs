//! Delivery status notifications (RFC 3464, RFC 6533).

use memchr::memmem;
use posthaste_types::{Address, BounceClass, EnhancedStatus, EnvelopeId, Evidence, EvidenceSource, ProviderId, Text};

use super::Reader;
use super::diagnostic::{Diagnostic, status_in};
use super::feedback::report_of;
use super::fields::Fields;
use super::limits::{ReadError, ReadErrorKind};
use super::mime::Part;
use super::status::{Group, Status, action, address, get, raw, untyped};
use super::text::{human, recipients, segment};
use crate::report::{Defect, Format, Reading, RecipientReport, ReportKind, ReportedAction, ReportedAddress};
use crate::said::{Said, severity_of};
use crate::verdict::{Action, Confidence, ListEffect, Severity, Verdict, Words};

impl Reader<'_> {
    /// Reads a delivery status; `None` if it names no recipient.
    pub(super) fn notification(&self, part: &Part<'_>) -> Result<Option<Reading>, ReadError> {
        let text = part.decoded(self.limits.fields + 1);
        if text.len() > self.limits.fields {
            return Err(ReadError::new(ReadErrorKind::Fields, self.limits.fields, part.at));
        }
        self.status(&text, part.at)
    }

    /// A notice of what the recipient's program did (RFC 8098): no report on delivery, unless it says that the
    /// program refused the message. QUIRK: Sieve's `reject` (RFC 5429 §2.1) and Dovecot say so in a message that
    /// was deleted automatically, with the reason in the text.
    pub(super) fn disposition(&self, part: &Part<'_>) -> Result<Reading, ReadError> {
        let text = part.decoded(self.limits.fields);
        let fields = Fields(text.trim_ascii_start());
        let format = Format::DispositionNotification;
        let mut reading = Reading { original: self.original()?, ..super::empty(format) };
        let disposition = fields.find("Disposition").unwrap_or_default().to_ascii_lowercase();
        let refused = disposition.starts_with("automatic-action") && disposition.contains("deleted");
        let generated = self.parts.message.fields.find("Auto-Submitted").unwrap_or_default();
        let (Some(named), true, true) = (fields.find("Final-Recipient"), refused, generated.contains("rejected"))
        else {
            return Ok(reading);
        };
        let address = ReportedAddress::new(&address(&named));
        let human = self.words_for_people(address.address()).unwrap_or_default();
        let said = Said { code: human.code, status: human.status, text: &human.words, ..Said::default() };
        let words = Words::Found(vec![Evidence::new(EvidenceSource::Reply, &human.words)]);
        let verdict = settle(self.rules.judge(&said, words), ReportKind::Bounce);
        let diagnostic = Some(Text::lossy(&human.words));
        let recipient = RecipientReport { address, diagnostic, ..report_of(ReportKind::Bounce, verdict) };
        self.push(&mut reading.recipients, recipient, part.at)?;
        Ok(reading)
    }

    /// Reads the fields of a delivery status that stand within a text: the message has lost its structure.
    pub(super) fn status_in_text(&self) -> Result<Option<Reading>, ReadError> {
        for part in self.parts.leaves.iter().filter(|part| part.is_text()) {
            if let Some(reading) = self.status_in(part)? {
                return Ok(Some(reading));
            }
        }
        Ok(None)
    }

    fn status_in(&self, part: &Part<'_>) -> Result<Option<Reading>, ReadError> {
        let text = part.decoded(self.limits.text);
        let is_field = |at: &usize| *at == 0 || text.get(at - 1) == Some(&b'\n');
        let find = |name: &str| memmem::find_iter(&text, name.as_bytes()).find(is_field);
        let named = ["Final-Recipient:", "Final-recipient:", "final-recipient:"].into_iter().find_map(find);
        let Some(recipient) = named else { return Ok(None) };
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
        reading.envelope_id = get(&status.message, "original-envelope-id").and_then(|id| EnvelopeId::parse(&id).ok());
        reading.reporting_mta = get(&status.message, "reporting-mta").map(|mta| Text::lossy(untyped(&mta)));
        reading.arrival_date = get(&status.message, "arrival-date").map(Text::lossy);
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
    fn recipient(&self, group: &Group<'_>, message: &Group<'_>, defects: &mut Vec<Defect>) -> Option<RecipientReport> {
        let original = get(group, "original-recipient").map(|value| address(&value)).filter(|text| !text.is_empty());
        let named = get(group, "final-recipient").map(|value| address(&value)).filter(|text| !text.is_empty());
        let named = named.or_else(|| get(group, "x-actual-recipient").map(|value| address(&value)));
        let named = ReportedAddress::new(named.as_deref().or(original.as_deref())?);
        let field = get(group, "action").and_then(|value| action(&value));
        let status_text = get(group, "status");
        let status = status_text.as_deref().and_then(status_in);
        let lacks = [
            (named.address().is_none(), Defect::Address),
            (field.is_none(), Defect::Action),
            (status.is_none(), Defect::Status),
        ];
        lacks.iter().filter(|(lacks, _)| *lacks).for_each(|(_, defect)| add(defects, *defect));
        let reported = field.unwrap_or(ReportedAction::Failed);
        let diagnostic_field = get(group, "diagnostic-code");
        let diagnostic_text = diagnostic_field.as_deref().map(untyped).filter(|text| !text.is_empty());
        let diagnostic = diagnostic_text.map(Diagnostic::parse).unwrap_or_default();
        let (remote_mta, reporting_mta) = (get(group, "remote-mta"), get(message, "reporting-mta"));
        let mut servers = [&remote_mta, &reporting_mta].into_iter().flatten().map(|name| untyped(name));
        let provider = servers.find_map(|host| self.rules.providers.of_host(host));
        let comment = status_text.as_deref().and_then(comment).filter(|_| diagnostic_text.is_none());
        let words = comment.map(Diagnostic::parse);
        let told = Told {
            reported,
            status,
            diagnostic: words.as_ref().unwrap_or(&diagnostic),
            provider: provider.as_ref(),
            address: named.address(),
        };
        let verdict = self.verdict(&told, group);
        let mut kind = kind(reported);
        if kind == ReportKind::Bounce && verdict.class == BounceClass::ChallengeResponse {
            kind = ReportKind::Challenge;
        }
        let decided = raw(group, "diagnostic-code").or_else(|| raw(group, "status")).map(<[u8]>::trim_ascii);
        Some(RecipientReport {
            kind,
            address: named,
            original: original.as_deref().map(ReportedAddress::new),
            reported_action: field,
            status: status.or(diagnostic.status),
            reply: diagnostic.reply(),
            diagnostic: diagnostic_text.map(Text::lossy),
            remote_mta: remote_mta.as_deref().map(|name| Text::lossy(untyped(name))),
            last_attempt_date: get(group, "last-attempt-date").map(Text::lossy),
            will_retry_until: get(group, "will-retry-until").map(Text::lossy),
            said_at: decided.and_then(|octets| self.range_of(octets)),
            provider,
            verdict,
        })
    }

    fn verdict(&self, told: &Told<'_>, group: &Group<'_>) -> Verdict {
        let said = Said {
            code: told.diagnostic.code.filter(|code| *code >= 400),
            status: told.diagnostic.status,
            field: told.status,
            stage: told.diagnostic.stage,
            text: &told.diagnostic.words,
            provider: told.provider,
            severity: told.severity(),
        };
        let settled = |said: &Said<'_>, decision| {
            let verdict = self.rules.verdict(said, decision, Words::Found(evidence(group)));
            settle(verdict, kind(told.reported))
        };
        let decision = self.rules.conclude(&said);
        let sure = decision.map(|decision| decision.confidence);
        let is_clear = decision.is_some_and(|decision| decision.class != BounceClass::Protocol);
        if said.severity == Severity::Success || (is_clear && sure > Some(Confidence::VAGUE)) {
            return settled(&said, decision);
        }
        // The report has no diagnostic, or its codes say little: what it says to people may say more.
        let Some(human) = self.words_for_people(told.address) else { return settled(&said, decision) };
        if said.stage.is_none() && human.stage.is_some() && said.code == human.code {
            // QUIRK: Exim tells only people which command the reply answered.
            let staged = Said { stage: human.stage, ..said };
            let decision = self.rules.conclude(&staged);
            return settled(&staged, decision);
        }
        let instead = Said { code: human.code, status: human.status, stage: human.stage, text: &human.words, ..said };
        let other = self.rules.conclude(&instead);
        let sure_of_other = other.map(|decision| decision.confidence);
        if sure_of_other > Some(Confidence::STATUS) || sure_of_other > sure {
            settled(&instead, other)
        } else {
            settled(&said, decision)
        }
    }

    /// What the first text says behind the recipient's line, or all of it.
    fn words_for_people(&self, recipient: Option<&Address>) -> Option<Diagnostic> {
        let part = self.parts.leaves.iter().find(|part| part.is_text())?;
        let human = human(part, self.rules, self.limits.text);
        let named = recipients(&human.text, &[], "", self.limits.recipients);
        let name = recipient.map(Address::normalized);
        let own = named.iter().find(|named| Some(named.address.normalized()) == name);
        let words = own.map_or(&*human.text, |own| segment(&human.text, &named, own.at));
        let words = words.get(..words.floor_char_boundary(MAX_WORDS)).unwrap_or_default();
        Some(Diagnostic::parse(words))
    }
}

/// What a group tells.
struct Told<'a> {
    reported: ReportedAction,
    status: Option<EnhancedStatus>,
    diagnostic: &'a Diagnostic,
    provider: Option<&'a ProviderId>,
    address: Option<&'a Address>,
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

fn evidence(group: &Group<'_>) -> Vec<Evidence> {
    let value = |name: &str| Some(format!("{name}: {}", get(group, name)?));
    let said = value("Diagnostic-Code").map(|said| vec![said]);
    let fields = said.unwrap_or_else(|| ["Status", "Action"].into_iter().filter_map(value).collect());
    fields.into_iter().map(|text| Evidence::new(EvidenceSource::ReportField, text)).collect()
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

/// How much of a text for people is classified, in octets.
const MAX_WORDS: usize = 4_000;
