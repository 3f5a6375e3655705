//! The mails in which reports travel.

use data_encoding::BASE64;
use posthaste_types::{Address, Domain, MessageId, Timestamp};

use crate::aggregate::Aggregate;
use crate::failure::Failure;
use crate::open::deflate;
use crate::problem::{ComposeError, ComposeErrorKind};
use crate::tls::TlsReport;

/// The envelope of paper around a report: who sends it to whom, and when.
///
/// The octets that come out are canonical (CRLF, 7-bit, short lines) and the same for the same values. Sign them: a
/// report must pass DMARC itself (RFC 9990, RFC 9991), and a TLS report must be signed (RFC 8460 §3).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReportMail {
    /// The domain that reports: `Submitter` of the subject, `receiver` of the file's name.
    pub submitter: Domain,
    /// From.
    pub from: Address,
    /// To: an address of the domain's `rua` or `ruf`.
    pub to: Address,
    /// Date.
    pub date: Timestamp,
    /// Message-ID.
    pub message_id: MessageId,
}

impl ReportMail {
    /// A mail from one address to another.
    pub fn new(submitter: Domain, from: Address, to: Address, date: Timestamp, message_id: MessageId) -> Self {
        Self { submitter, from, to, date, message_id }
    }

    /// The mail with an aggregate report as `xml.gz` (RFC 7489 §7.2.1.1, RFC 9990 "Email").
    ///
    /// # Errors
    /// [`ComposeError`] as [`Aggregate::to_xml`], and where a domain or the report's id cannot stand in the subject.
    pub fn aggregate(&self, report: &Aggregate) -> Result<Vec<u8>, ComposeError> {
        let name = report.file_name(&self.submitter)?;
        let subject = self.subject(&report.policy.domain, &report.metadata.report_id)?;
        let words = format!(
            "This is a DMARC aggregate report from {} on mail that names {} in From.\r\n",
            self.submitter, report.policy.domain
        );
        let xml = deflate(report.to_xml()?.as_bytes());
        let parts = [plain(&words), attachment("application/gzip", &name, &xml)];
        self.mail(&subject, "multipart/mixed", &[], &parts)
    }

    /// The mail with a TLS report as `json.gz` (RFC 8460 §5.3).
    ///
    /// # Errors
    /// [`ComposeError`] as [`TlsReport::to_json`], and where a domain or the report's id cannot stand in the subject.
    pub fn tls(&self, report: &TlsReport) -> Result<Vec<u8>, ComposeError> {
        let name = report.file_name(&self.submitter)?;
        let domain = report.domain()?;
        let subject = self.subject(domain.as_str(), &report.report_id)?;
        let words = format!("This is an aggregate TLS report from {} on mail to {domain}.\r\n", self.submitter);
        let json = deflate(report.to_json()?.as_bytes());
        let fields = [("TLS-Report-Domain", domain.as_str()), ("TLS-Report-Submitter", self.submitter.as_str())];
        let parts = [plain(&words), attachment("application/tlsrpt+gzip", &name, &json)];
        self.mail(&subject, "multipart/report; report-type=\"tlsrpt\"", &fields, &parts)
    }

    /// The mail with a failure report, and the header of the message if there is one (RFC 6591 §3, RFC 9991).
    ///
    /// # Errors
    /// [`ComposeError`] as [`Failure::to_fields`].
    pub fn failure(&self, report: &Failure) -> Result<Vec<u8>, ComposeError> {
        let domain = report.reported_domains.first().map_or("", String::as_str);
        let domain: Domain = parsed(domain, "Reported-Domain")?;
        let words = format!(
            "This is an authentication failure report from {} on a message that names {domain}.\r\n",
            self.submitter
        );
        let mut parts = vec![plain(&words), part("message/feedback-report", &report.to_fields()?)];
        if !report.original_header.is_empty() {
            parts.push(original(&report.original_header));
        }
        let kind = "multipart/report; report-type=feedback-report";
        self.mail(&format!("Authentication failure report for {domain}"), kind, &[], &parts)
    }

    fn subject(&self, domain: &str, id: &str) -> Result<String, ComposeError> {
        let domain: Domain = parsed(domain, "domain")?;
        let id = id.strip_prefix('<').and_then(|id| id.strip_suffix('>')).unwrap_or(id);
        if id.is_empty()
            || id.len() > 200
            || !id.bytes().all(|octet| octet.is_ascii_graphic() && !b"<>".contains(&octet))
        {
            return Err(ComposeError::new(ComposeErrorKind::Forbidden, "report_id"));
        }
        Ok(format!("Report Domain: {domain}\r\n Submitter: {}\r\n Report-ID: <{id}>", self.submitter))
    }

    fn mail(
        &self,
        subject: &str,
        kind: &str,
        fields: &[(&str, &str)],
        parts: &[String],
    ) -> Result<Vec<u8>, ComposeError> {
        let Self { submitter: _, from, to, date, message_id } = self;
        if from.needs_smtputf8() || to.needs_smtputf8() {
            return Err(ComposeError::new(ComposeErrorKind::Forbidden, "address"));
        }
        let boundary = boundary(parts);
        let mut mail = format!(
            "From: {from}\r\nTo: {to}\r\nDate: {}\r\nMessage-ID: {message_id}\r\nSubject: {subject}\r\n",
            date.to_rfc5322()
        );
        for (name, value) in fields {
            mail.push_str(&format!("{name}: {value}\r\n"));
        }
        mail.push_str(&format!(
            "Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\nContent-Type: {kind};\r\n boundary=\"{boundary}\"\r\n\r\n"
        ));
        for part in parts {
            mail.push_str(&format!("--{boundary}\r\n{part}\r\n"));
        }
        mail.push_str(&format!("--{boundary}--\r\n"));
        Ok(mail.into_bytes())
    }
}

impl Aggregate {
    /// The name of the report's file: `receiver!domain!begin!end!id.xml.gz` (RFC 9990, "Email"). The same report has the
    /// same name.
    ///
    /// # Errors
    /// [`ComposeError`] if the policy's domain is none, or the period is missing.
    pub fn file_name(&self, submitter: &Domain) -> Result<String, ComposeError> {
        let domain: Domain = parsed(&self.policy.domain, "domain")?;
        let period = (self.metadata.begin, self.metadata.end);
        file_name(submitter, &domain, period, &self.metadata.report_id, "xml.gz")
    }
}

impl TlsReport {
    /// The name of the report's file: `submitter!domain!begin!end!id.json.gz` (RFC 8460 §5.1). The same report has the
    /// same name.
    ///
    /// # Errors
    /// [`ComposeError`] if the policy's domain is none, or the period is missing.
    pub fn file_name(&self, submitter: &Domain) -> Result<String, ComposeError> {
        file_name(submitter, &self.domain()?, (self.start, self.end), &self.report_id, "json.gz")
    }

    fn domain(&self) -> Result<Domain, ComposeError> {
        parsed(self.policies.first().map_or("", |policy| &policy.policy_domain), "policy-domain")
    }
}

fn file_name(
    submitter: &Domain,
    domain: &Domain,
    (begin, end): (Option<Timestamp>, Option<Timestamp>),
    id: &str,
    extension: &str,
) -> Result<String, ComposeError> {
    let missing = |what| ComposeError::new(ComposeErrorKind::Missing, what);
    let begin = begin.ok_or(missing("begin"))?.as_unix_secs();
    let end = end.ok_or(missing("end"))?.as_unix_secs();
    let id: String = id.chars().filter(char::is_ascii_alphanumeric).take(64).collect();
    let id = if id.is_empty() { id } else { format!("!{id}") };
    Ok(format!("{submitter}!{domain}!{begin}!{end}{id}.{extension}"))
}

fn parsed(domain: &str, what: &'static str) -> Result<Domain, ComposeError> {
    let kind = if domain.is_empty() { ComposeErrorKind::Missing } else { ComposeErrorKind::Forbidden };
    domain.parse().map_err(|_| ComposeError::new(kind, what))
}

fn plain(words: &str) -> String {
    part("text/plain; charset=us-ascii", words)
}

fn part(kind: &str, body: &str) -> String {
    format!("Content-Type: {kind}\r\nContent-Transfer-Encoding: 7bit\r\n\r\n{body}")
}

fn attachment(kind: &str, name: &str, octets: &[u8]) -> String {
    format!(
        "Content-Type: {kind};\r\n name=\"{name}\"\r\nContent-Disposition: attachment;\r\n filename=\"{name}\"\r\n\
         Content-Transfer-Encoding: base64\r\n\r\n{}",
        base64(octets)
    )
}

/// The header of the original message. In base64 unless it is text that passes everywhere.
fn original(header: &[u8]) -> String {
    let lines = header.split(|octet| *octet == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    let fine = lines
        .clone()
        .all(|line| line.len() <= 998 && line.iter().all(|octet| *octet == b'\t' || matches!(octet, b' '..=b'~')));
    if !fine {
        let body = base64(header);
        return format!("Content-Type: text/rfc822-headers\r\nContent-Transfer-Encoding: base64\r\n\r\n{body}");
    }
    let lines: Vec<_> = lines.map(String::from_utf8_lossy).collect();
    part("text/rfc822-headers", &format!("{}\r\n", lines.join("\r\n").trim_end()))
}

fn base64(octets: &[u8]) -> String {
    let mut out = String::with_capacity(octets.len().saturating_mul(3) / 2);
    for line in octets.chunks(57) {
        BASE64.encode_append(line, &mut out);
        out.push_str("\r\n");
    }
    out
}

/// A boundary that no part holds.
fn boundary(parts: &[String]) -> String {
    let mut number = 0_u32;
    loop {
        let boundary = format!("=_report_{number}");
        if !parts.iter().any(|part| part.contains(&boundary)) {
            return boundary;
        }
        number = number.saturating_add(1);
    }
}
