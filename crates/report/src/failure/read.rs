//! Failure reports out of mails.

use posthaste_message::{Header, Limits as MailLimits, Part, ReadMessage, field_block, read};

use super::{DeliveryResult, Failure, Mechanism};
use crate::aggregate::parse_address;
use crate::limits::{Budget, Limits};
use crate::problem::{ProblemKind, Problems};
use crate::text::clean;
use crate::words::Word;

/// What a mail is.
pub(crate) enum Found {
    Report(Box<Failure>, Problems),
    /// A feedback report of another type; the offset of its part.
    Other(usize),
    Nothing,
}

/// Looks for the machine-readable part of a failure report.
pub(crate) fn read_message(message: &ReadMessage<'_>, budget: &Budget<'_>) -> Found {
    let mut reader = Reader { limits: budget.limits, report: Failure::default(), problems: Problems::default(), at: 0 };
    let mut other = None;
    for part in message.parts() {
        let fields = match () {
            () if part.content_type().is("message", "feedback-report") => part.decoded().into_owned(),
            () if part.content_type().is("text", "plain") => match in_words(&part) {
                Some(fields) => fields,
                None => continue,
            },
            () => continue,
        };
        reader.at = part.body_at();
        if reader.fields(&fields) {
            reader.original(message, &part);
            return reader.end();
        }
        other = Some(part.at());
    }
    other.map_or(Found::Nothing, Found::Other)
}

/// QUIRK: some gateways report in words alone, as lines `Sender IP Address: ...`, `Received Date: ...`, and put the header
/// behind them. `tests/rfc6591.rs` holds the form.
fn in_words(part: &Part<'_, '_>) -> Option<Vec<u8>> {
    let text = part.body_text();
    let told = |name: &str| text.lines().find_map(|line| line.trim().strip_prefix(name)).map(str::trim);
    let (address, date) = (told("Sender IP Address:")?, told("Received Date:")?);
    let mut fields = format!("Auth-Failure: dmarc\r\nSource-IP: {address}\r\nArrival-Date: {date}\r\n");
    for (name, field) in [("Sender Domain:", "Reported-Domain"), ("DMARC Results:", "Delivery-Result")] {
        if let Some(value) = told(name) {
            fields.push_str(&format!("{field}: {value}\r\n"));
        }
    }
    let aligned = |name: &str, method| told(name).filter(|it| it.eq_ignore_ascii_case("no")).map(|_| method);
    let failed = [aligned("DKIM Alignment:", "dkim"), aligned("SPF Alignment:", "spf")];
    let failed: Vec<&str> = failed.into_iter().flatten().collect();
    if !failed.is_empty() {
        fields.push_str(&format!("Identity-Alignment: {}\r\n", failed.join(", ")));
    }
    Some(fields.into_bytes())
}

struct Reader<'l> {
    limits: &'l Limits,
    report: Failure,
    problems: Problems,
    at: usize,
}

impl Reader<'_> {
    /// Takes the fields; false if they are of a feedback report of another type.
    fn fields(&mut self, octets: &[u8]) -> bool {
        let block = field_block(octets);
        let mut limits = MailLimits::default();
        limits.header = block.len().saturating_add(1);
        let Ok(read) = read(&block, &limits) else {
            self.note(ProblemKind::TooLong, "feedback-report");
            return true;
        };
        let kind = read.header("Feedback-Type").map(|field| field.unfolded().trim().to_ascii_lowercase());
        match kind.as_deref() {
            Some("auth-failure") => {}
            Some(_) => return false,
            None => self.note(ProblemKind::Missing, "feedback-type"),
        }
        for field in read.headers() {
            self.field(&field);
        }
        true
    }

    fn field(&mut self, field: &Header<'_>) {
        let value = field.unfolded();
        let name = field.name().to_ascii_lowercase();
        match name.as_str() {
            "user-agent" => self.report.user_agent = self.line(&value, "user-agent"),
            "version" => self.report.version = value.trim().split('.').next().and_then(|it| it.parse().ok()),
            "auth-failure" => self.report.auth_failure = self.word(&value, "auth-failure"),
            "delivery-result" => self.report.delivery_result = self.delivery(&value),
            "identity-alignment" => self.report.identity_alignment = self.alignment(&value),
            "authentication-results" => self.several(&value, "authentication-results"),
            "reported-domain" => self.several(&value, "reported-domain"),
            "reported-uri" => self.several(&value, "reported-uri"),
            "original-rcpt-to" => self.several(&value, "original-rcpt-to"),
            "source-ip" => {
                self.report.source_ip = parse_address(&value);
                if self.report.source_ip.is_none() && !value.trim().is_empty() {
                    self.note(ProblemKind::Value, "source-ip");
                }
            }
            "source-port" => self.report.source_port = value.trim().parse().ok(),
            "incidents" => self.report.incidents = value.trim().parse().unwrap_or(0),
            "arrival-date" | "received-date" => {
                self.report.arrival_date = field.date();
                if self.report.arrival_date.is_none() && !value.trim().is_empty() {
                    self.note(ProblemKind::Value, "arrival-date");
                }
            }
            _ => self.single(&name, &value),
        }
    }

    fn single(&mut self, name: &str, value: &str) {
        let line = clean(value, self.limits.text).0;
        let report = &mut self.report;
        let place = match name {
            "original-envelope-id" => &mut report.original_envelope_id,
            "original-mail-from" => {
                report.original_mail_from = Some(bare(&line).to_owned());
                return;
            }
            "reporting-mta" => &mut report.reporting_mta,
            "dkim-domain" => &mut report.dkim_domain,
            "dkim-identity" => &mut report.dkim_identity,
            "dkim-selector" => &mut report.dkim_selector,
            "dkim-selector-dns" => &mut report.dkim_selector_dns,
            "spf-dns" => &mut report.spf_dns,
            "dkim-canonicalized-header" | "dkim-canonicalized-body" => {
                let base64: String = value.chars().filter(|c| !c.is_whitespace()).take(self.limits.original).collect();
                let base64 = Some(base64).filter(|it| it.is_ascii() && !it.is_empty());
                match name {
                    "dkim-canonicalized-header" => report.dkim_canonicalized_header = base64,
                    _ => report.dkim_canonicalized_body = base64,
                }
                return;
            }
            _ => return,
        };
        *place = Some(line).filter(|line| !line.is_empty());
    }

    fn several(&mut self, value: &str, what: &'static str) {
        let line = self.line(value, what);
        let report = &mut self.report;
        let (list, line) = match what {
            "authentication-results" => (&mut report.authentication_results, line.as_str()),
            "reported-domain" => (&mut report.reported_domains, line.as_str()),
            "reported-uri" => (&mut report.reported_uris, line.as_str()),
            _ => (&mut report.original_rcpt_to, bare(&line)),
        };
        if line.is_empty() {
            return;
        }
        if list.len() < MOST_OF_ONE_FIELD {
            list.push(line.to_owned());
        } else {
            self.problems.note_once(ProblemKind::Items, what, self.at);
        }
    }

    fn alignment(&mut self, value: &str) -> Option<Vec<Mechanism>> {
        let mut mechanisms = Vec::new();
        for word in value.split(',').map(str::trim).filter(|word| !word.eq_ignore_ascii_case("none")) {
            match Mechanism::of_word(&word.to_ascii_lowercase()) {
                Some(mechanism) if !mechanisms.contains(&mechanism) => mechanisms.push(mechanism),
                Some(_) => {}
                None => self.note(ProblemKind::Value, "identity-alignment"),
            }
        }
        Some(mechanisms)
    }

    /// QUIRK: some say more behind the word.
    fn delivery(&mut self, value: &str) -> Option<DeliveryResult> {
        let first = value.trim().split([' ', ';', '(']).next().unwrap_or_default();
        self.word(first, "delivery-result")
    }

    fn word<T: Word>(&mut self, value: &str, what: &'static str) -> Option<T> {
        let word = T::of_word(&clean(value, self.limits.text).0.to_ascii_lowercase());
        if word.is_none() {
            self.note(ProblemKind::Value, what);
        }
        word
    }

    fn line(&mut self, value: &str, what: &'static str) -> String {
        let (line, problem) = clean(value, self.limits.text);
        if let Some(kind) = problem {
            self.note(kind, what);
        }
        line
    }

    fn note(&mut self, kind: ProblemKind, what: &'static str) {
        self.problems.note(self.limits.problems, kind, what, self.at);
    }

    /// The message that the report is about: the embedded one, or its header alone, behind the fields.
    fn original(&mut self, message: &ReadMessage<'_>, fields: &Part<'_, '_>) {
        for part in message.parts().skip_while(|part| part.at() <= fields.at()) {
            let media = part.content_type();
            let octets = match part.embedded() {
                Some(original) => original.raw().to_vec(),
                None if media.subtype().contains("rfc822") => part.decoded().into_owned(),
                None => continue,
            };
            return self.take_original(&octets);
        }
        if fields.content_type().is("text", "plain") {
            // Behind the words, and the line that announces it.
            let text = fields.body_text();
            if let Some((_, behind)) = text.split_once("detected.") {
                self.take_original(behind.trim_start().as_bytes());
            }
            return;
        }
        self.note(ProblemKind::Missing, "message/rfc822");
    }

    fn take_original(&mut self, octets: &[u8]) {
        let octets = octets.trim_ascii_start();
        let Ok(read) = read(octets, &MailLimits::default()) else {
            return self.note(ProblemKind::TooLong, "message/rfc822");
        };
        let header = read.root().raw_header();
        if header.len() > self.limits.original {
            self.note(ProblemKind::TooLong, "message/rfc822");
        }
        let text = |name: &str| read.header(name).map(|field| clean(&field.text(), self.limits.text).0);
        self.report.original_from = text("From").filter(|line| !line.is_empty());
        self.report.original_subject = text("Subject").filter(|line| !line.is_empty());
        self.report.original_message_id = read.message_id();
        self.report.original_date = read.date();
        self.report.original_header = header.get(..self.limits.original).unwrap_or(header).to_vec();
    }

    fn end(mut self) -> Found {
        let report = &mut self.report;
        report.incidents = report.incidents.max(1);
        let missing = [
            (report.auth_failure.is_none(), "auth-failure"),
            (report.authentication_results.is_empty(), "authentication-results"),
            (report.reported_domains.is_empty(), "reported-domain"),
            (report.source_ip.is_none(), "source-ip"),
        ];
        for (missing, what) in missing {
            if missing {
                self.note(ProblemKind::Missing, what);
            }
        }
        Found::Report(Box::new(self.report), self.problems)
    }
}

/// An address without its angle brackets.
fn bare(address: &str) -> &str {
    address.strip_prefix('<').and_then(|rest| rest.strip_suffix('>')).unwrap_or(address).trim()
}

/// How many fields of one name are kept.
const MOST_OF_ONE_FIELD: usize = 100;
