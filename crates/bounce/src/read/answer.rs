//! What has no part for programs: bounces in words, automatic answers, challenges.

use std::ops::Range;

use posthaste_types::{Address, BounceClass, Evidence, EvidenceSource, Text};

use super::Reader;
use super::address::addresses;
use super::decode::decode_words;
use super::diagnostic::Diagnostic;
use super::feedback::report_of;
use super::fields::{Field, Fields, split_header, unfold};
use super::limits::ReadError;
use super::mime::parameter;
use super::notification::settle;
use super::original::original_of;
use super::text::{Human, Named, human, only_recipient, recipients, recipients_of_own, segment, transcript_at};
use crate::classify::Decision;
use crate::report::{Format, Reading, RecipientReport, ReportKind, ReportedAddress};
use crate::rules::{HeaderSignals, SignalKind, Spoken, Why};
use crate::said::{Said, severity_of};
use crate::verdict::{Confidence, Severity, Words};

/// Where recipients are looked for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Names {
    OfTheOriginal,
    OfTheText,
}

/// What the header of the message says of its nature.
#[derive(Debug, Default)]
pub(super) struct Header<'a> {
    signals: HeaderSignals<'a>,
    is_report: bool,
    failed: Vec<Address>,
    from: Vec<Address>,
}

impl Reader<'_> {
    pub(super) fn unstructured(&self) -> Result<Reading, ReadError> {
        let header = self.header();
        let suspicion = header.suspicion();
        if suspicion >= POSSIBLE {
            if let Some(reading) = self.status_in_text()? {
                return Ok(reading);
            }
            let reading = self.bounce_in_words(&header, suspicion, Names::OfTheText)?;
            if !reading.recipients.is_empty() {
                return Ok(reading);
            }
            if let Some(reading) = self.forwarded()? {
                return Ok(reading);
            }
            let reading = self.bounce_in_words(&header, suspicion, Names::OfTheOriginal)?;
            if !reading.recipients.is_empty() {
                return Ok(reading);
            }
        }
        if suspicion >= WITHOUT_NAMES {
            return Ok(self.nameless(&header));
        }
        let reading = self.automatic(&header);
        if !reading.recipients.is_empty() || suspicion >= POSSIBLE {
            return Ok(reading);
        }
        Ok(self.forwarded()?.unwrap_or(reading))
    }

    fn header(&self) -> Header<'_> {
        let mut header = Header::default();
        for field in self.parts.message.fields.iter() {
            self.rules.signals.hear(field.name, || decode_words(&unfold(field.value)), &mut header.signals);
            header.take(field);
        }
        header
    }

    fn bounce_in_words(&self, header: &Header<'_>, suspicion: usize, names: Names) -> Result<Reading, ReadError> {
        let mut reading = super::empty(Format::Unknown);
        for part in self.parts.leaves.iter().filter(|part| part.is_text()).take(MAX_TEXTS) {
            let human = human(part, self.rules, self.limits.text);
            let spoken = self.rules.signals.spoken(begin(&human.text));
            let suspicion = suspicion + 2 * usize::from(spoken.has(SignalKind::BounceText));
            if suspicion < LIKELY {
                continue;
            }
            let named = self.named(header, &human, names)?;
            if named.is_empty() {
                continue;
            }
            reading = Reading { original: self.original()?, ..super::empty(Format::Text) };
            if reading.original.header.is_empty() && !human.original.is_empty() {
                let (original, ..) = split_header(human.original.as_bytes());
                reading.original = original_of(Fields(original));
            }
            let kind = self.kind_in_words(header, spoken);
            let mut found = Vec::new();
            for one in &named {
                let recipient = self.in_words(one, &named, &human, kind);
                if suspicion >= CERTAIN || recipient.verdict.class != BounceClass::Unknown {
                    self.push(&mut found, recipient, part.at)?;
                }
            }
            reading.recipients = found;
            if !reading.recipients.is_empty() {
                break;
            }
        }
        Ok(reading)
    }

    /// The recipients of a text; or the only one of the enclosed original, where the text names nobody.
    fn named(&self, header: &Header<'_>, human: &Human<'_>, names: Names) -> Result<Vec<Named>, ReadError> {
        if names == Names::OfTheText {
            let named = recipients(&human.text, &header.failed, &self.own(), self.limits.recipients);
            if !named.is_empty() {
                return Ok(named);
            }
            let local = header.from.first().and_then(|from| local_name(&human.text, from));
            let local = local.map(|address| vec![Named { address, at: 0 }]);
            return Ok(local.unwrap_or_else(|| recipients_of_own(&human.text)));
        }
        let original = self.original()?;
        let (copy, ..) = split_header(human.original.as_bytes());
        let only = only_recipient(Fields(&original.header)).or_else(|| only_recipient(Fields(copy)));
        Ok(only.map(|address| Named { address, at: 0 }).into_iter().collect())
    }

    /// A bounce of which nobody can say whom it is about.
    fn nameless(&self, header: &Header<'_>) -> Reading {
        let text = self.parts.leaves.iter().find(|part| part.is_text()).map(|part| part.text(MAX_WORDS));
        let diagnostic = Diagnostic::parse(text.as_deref().unwrap_or_default());
        let kind = self.kind_in_words(header, Spoken::default());
        let words = Text::lossy(diagnostic.words.as_str());
        let evidence = Evidence::new(EvidenceSource::Reply, &words);
        let verdict = self.rules.judge(&said(&diagnostic, kind), Words::Found(vec![evidence]));
        let recipient = RecipientReport {
            status: diagnostic.status,
            reply: diagnostic.reply(),
            diagnostic: Some(words),
            ..report_of(kind, settle(verdict, kind))
        };
        Reading { recipients: vec![recipient], ..super::empty(Format::Text) }
    }

    fn in_words(&self, named: &Named, all: &[Named], human: &Human<'_>, kind: ReportKind) -> RecipientReport {
        let transcript = transcript_at(&human.text).filter(|_| all.len() == 1);
        let mut place = transcript.unwrap_or(named.at).min(human.text.len());
        let own = begin(segment(&human.text, all, place));
        let mut diagnostic = Diagnostic::parse(own);
        let mut said = said(&diagnostic, kind);
        let mut decision = self.rules.conclude(&said);
        let whole = begin(&human.text);
        let all_words;
        if decision.map(|decision| decision.confidence) < Some(Confidence::CLEAR) && own.len() < whole.len() {
            // The reason may stand before the address.
            all_words = Diagnostic::parse(whole);
            let instead = self::said(&all_words, kind);
            let other = self.rules.conclude(&instead);
            let sure = |decision: Option<Decision<'_>>| decision.map(|decision| decision.confidence);
            if sure(other) > sure(decision) || (decision.is_none() && all_words.code.is_some()) {
                (decision, said, place) = (other, instead, 0);
                diagnostic = all_words.clone();
            }
        }
        let enclosed = if decision.is_none() { self.enclosed_words(&named.address) } else { None };
        if let Some(enclosed) = &enclosed {
            let instead = self::said(enclosed, kind);
            (decision, said) = (self.rules.conclude(&instead), instead);
            // Its line is one of the copy.
            diagnostic = Diagnostic { line: None, ..enclosed.clone() };
        }
        let words = Text::lossy(said.text);
        let evidence = Evidence::new(EvidenceSource::Reply, &words);
        let mut verdict = settle(self.rules.verdict(&said, decision, Words::Found(vec![evidence])), kind);
        verdict.confidence = verdict.confidence.in_words();
        RecipientReport {
            address: ReportedAddress::new(named.address.as_str()),
            status: diagnostic.status,
            reply: diagnostic.reply(),
            said_at: self.line_at(human, place, diagnostic.line.clone()),
            diagnostic: Some(words),
            ..report_of(kind, verdict)
        }
    }

    /// What an enclosed copy says, if it is a bounce of the recipient itself. QUIRK: InterScan says only in the copy why.
    fn enclosed_words(&self, recipient: &Address) -> Option<Diagnostic> {
        let part = self.parts.leaves.iter().find(|part| part.media == "message/rfc822")?;
        let text = part.text(MAX_WORDS);
        let tells = text.contains(recipient.as_str()) && self.rules.signals.spoken(&text).has(SignalKind::BounceText);
        let diagnostic = Diagnostic::parse(&text);
        (tells && diagnostic.code.is_some_and(|code| code >= 400)).then_some(diagnostic)
    }

    /// Where the line stands in the message: that of the reply, else that of the recipient.
    fn line_at(&self, human: &Human<'_>, place: usize, line: Option<Range<usize>>) -> Option<Range<usize>> {
        let text = human.text.get(place..)?;
        let line = line.unwrap_or(0..text.find('\n').unwrap_or(text.len()));
        self.range_of(text.get(line)?.trim_end().as_bytes())
    }

    /// A notice that goes on trying says so.
    fn kind_in_words(&self, header: &Header<'_>, spoken: Spoken) -> ReportKind {
        let has = |kind| spoken.has(kind) || header.signals.has(kind);
        match (has(SignalKind::Delayed), has(SignalKind::Failed)) {
            (true, false) => ReportKind::Delay,
            _ => ReportKind::Bounce,
        }
    }

    /// An automatic answer, a challenge, a wish to leave, or nothing.
    fn automatic(&self, header: &Header<'_>) -> Reading {
        let signals = &header.signals;
        let leaves = signals.count(SignalKind::Unsubscribe);
        let challenge = signals.count(SignalKind::Challenge);
        let strong = signals.count(SignalKind::AutoReply);
        let weak = signals.count(SignalKind::AutoReplyWeak);
        let subject = || self.parts.message.fields.text("Subject").unwrap_or_default();
        let wishes = leaves.0 > 0 && subject().trim().eq_ignore_ascii_case("unsubscribe");
        let (kind, class, field) = match (challenge, strong, weak) {
            _ if wishes => (ReportKind::Complaint, BounceClass::Unsubscribe, leaves.1),
            ((1.., field), ..) => (ReportKind::Challenge, BounceClass::ChallengeResponse, field),
            (_, (1.., field), _) | (_, _, (2.., field)) => (ReportKind::AutoReply, BounceClass::AutoReply, field),
            _ => return super::empty(Format::Unknown),
        };
        let field = field.unwrap_or_default();
        let fields = self.parts.message.fields;
        let text = format!("{field}: {}", fields.text(field).unwrap_or_default());
        let words = Words::Found(vec![Evidence::new(EvidenceSource::Header, text)]);
        let why = Why { words, rule: None, confidence: Confidence::CERTAIN };
        let severity = if wishes { Severity::Permanent } else { Severity::Success };
        let verdict = self.rules.classes.verdict(class, severity, None, why);
        let from = header.from.first();
        let address = from.map_or_else(ReportedAddress::unknown, |from| ReportedAddress::new(from.as_str()));
        let said_at = fields.raw(field).and_then(|value| self.range_of(value.trim_ascii()));
        let recipient = RecipientReport { address, said_at, ..report_of(kind, verdict) };
        Reading { recipients: vec![recipient], ..super::empty(Format::Text) }
    }
}

impl Header<'_> {
    fn take(&mut self, field: Field<'_>) {
        if field.is("From") && self.from.is_empty() {
            self.from = addresses(&unfold(field.value));
        } else if field.is("X-Failed-Recipients") {
            self.failed.extend(addresses(&unfold(field.value)).into_iter().take(MAX_NAMED));
        } else if field.is("Content-Type") {
            let report = parameter(&unfold(field.value), "report-type");
            self.is_report = report.is_some_and(|kind| kind.eq_ignore_ascii_case("delivery-status"));
        }
    }

    /// How much the header looks like a bounce's. Without a mark of a mail system it does not at all.
    fn suspicion(&self) -> usize {
        let has = |kind| usize::from(self.signals.has(kind));
        let (from, subject) = (has(SignalKind::BounceFrom), has(SignalKind::BounceSubject));
        let (null, generated, answer) =
            (has(SignalKind::NullPath), has(SignalKind::Generated), has(SignalKind::Answer));
        let (report, failed) = (usize::from(self.is_report), usize::from(!self.failed.is_empty()));
        // Somebody's answer, or that of his program, quotes the bounce that it is about.
        let is_answer = answer + has(SignalKind::AutoReply) * (1 - from) > 0;
        if from + null + generated + report + failed == 0 || (is_answer && report + failed == 0) {
            return 0;
        }
        2 * (from + subject + report) + null + generated + 4 * failed
    }
}

/// A diagnostic as what was said.
fn said(diagnostic: &Diagnostic, kind: ReportKind) -> Said<'_> {
    let code = diagnostic.code.filter(|code| *code >= 400);
    let class = diagnostic.status.map(|status| status.class());
    let severity = match (kind, code, class) {
        (ReportKind::Delay, ..) => Severity::Transient,
        (_, Some(code), _) => severity_of(code),
        (_, None, Some(4)) => Severity::Transient,
        _ => Severity::Permanent,
    };
    Said {
        code,
        status: diagnostic.status,
        stage: diagnostic.stage,
        text: &diagnostic.words,
        severity,
        ..Said::default()
    }
}

/// The beginning of a text, so much as is classified.
fn begin(text: &str) -> &str {
    text.get(..text.floor_char_boundary(MAX_WORDS)).unwrap_or_default()
}

/// QUIRK: AOL names its own users without a domain, each on a line of its own behind a line that ends in a colon.
fn local_name(text: &str, from: &Address) -> Option<Address> {
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    lines.find(|line| line.ends_with(':'))?;
    let is_name = |name: &&str| {
        name.len() <= 64 && name.starts_with(char::is_alphanumeric) && !name.contains([' ', '\t', ':', '@'])
    };
    let name = lines.next().filter(is_name)?;
    Address::parse(&format!("{name}@{}", from.domain().as_str())).ok()
}

/// What the header must say before the text is looked at.
const POSSIBLE: usize = 1;
/// What header and text must say before the text is asked for recipients.
const LIKELY: usize = 3;
/// What it must say where the text itself is not understood.
const CERTAIN: usize = 4;
/// What the header must say where the message names nobody.
const WITHOUT_NAMES: usize = 5;
/// How much of a text is classified, in octets.
const MAX_WORDS: usize = 4_000;
/// The most texts of one message that are looked at.
const MAX_TEXTS: usize = 5;
/// The most recipients of the header that are looked at.
const MAX_NAMED: usize = 1_000;
