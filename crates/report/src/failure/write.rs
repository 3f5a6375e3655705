//! Failure reports as fields.

use std::fmt::Write;

use super::{AuthFailure, Failure};
use crate::aggregate::checked;
use crate::problem::{ComposeError, ComposeErrorKind};

impl Failure {
    /// The fields of the part `message/feedback-report`, with CRLF.
    ///
    /// # Errors
    /// [`ComposeError`] where RFC 6591 §3.1 or RFC 9991 §4 requires a field that is not there, or one cannot stand in a field.
    pub fn to_fields(&self) -> Result<String, ComposeError> {
        let mut fields = Fields(String::from("Feedback-Type: auth-failure\r\n"));
        fields.required("User-Agent", Some(&self.user_agent))?;
        fields.required("Version", self.version.map(|it| it.to_string()).as_deref())?;
        fields.required("Auth-Failure", self.auth_failure.map(|it| it.as_str()))?;
        fields.list("Authentication-Results", &self.authentication_results)?;
        fields.list("Reported-Domain", &self.reported_domains)?;
        if let Some(mechanisms) = &self.identity_alignment {
            let words: Vec<&str> = mechanisms.iter().map(|it| it.as_str()).collect();
            let words = if words.is_empty() { "none".to_owned() } else { words.join(", ") };
            fields.optional("Identity-Alignment", Some(&words))?;
        } else if self.auth_failure == Some(AuthFailure::Dmarc) {
            return Err(ComposeError::new(ComposeErrorKind::Missing, "Identity-Alignment"));
        }
        fields.optional("Delivery-Result", self.delivery_result.map(|it| it.as_str()))?;
        fields.optional("Source-IP", self.source_ip.map(|it| it.to_string()).as_deref())?;
        fields.optional("Source-Port", self.source_port.map(|it| it.to_string()).as_deref())?;
        fields.optional("Arrival-Date", self.arrival_date.map(|it| it.to_rfc5322()).as_deref())?;
        fields.optional("Incidents", (self.incidents > 1).then(|| self.incidents.to_string()).as_deref())?;
        self.message_fields(&mut fields)?;
        Ok(fields.0)
    }

    fn message_fields(&self, fields: &mut Fields) -> Result<(), ComposeError> {
        fields.optional("Original-Envelope-Id", self.original_envelope_id.as_deref())?;
        fields
            .optional("Original-Mail-From", self.original_mail_from.as_ref().map(|it| format!("<{it}>")).as_deref())?;
        for recipient in &self.original_rcpt_to {
            fields.optional("Original-Rcpt-To", Some(&format!("<{recipient}>")))?;
        }
        for uri in &self.reported_uris {
            fields.optional("Reported-URI", Some(uri))?;
        }
        fields.optional("Reporting-MTA", self.reporting_mta.as_deref())?;
        fields.optional("DKIM-Domain", self.dkim_domain.as_deref())?;
        fields.optional("DKIM-Identity", self.dkim_identity.as_deref())?;
        fields.optional("DKIM-Selector", self.dkim_selector.as_deref())?;
        fields.optional("DKIM-Selector-DNS", self.dkim_selector_dns.as_deref())?;
        fields.base64("DKIM-Canonicalized-Header", self.dkim_canonicalized_header.as_deref())?;
        fields.base64("DKIM-Canonicalized-Body", self.dkim_canonicalized_body.as_deref())?;
        fields.optional("SPF-DNS", self.spf_dns.as_deref())
    }
}

struct Fields(String);

impl Fields {
    fn required(&mut self, name: &'static str, value: Option<&str>) -> Result<(), ComposeError> {
        match value.filter(|value| !value.is_empty()) {
            Some(value) => self.optional(name, Some(value)),
            None => Err(ComposeError::new(ComposeErrorKind::Missing, name)),
        }
    }

    fn list(&mut self, name: &'static str, values: &[String]) -> Result<(), ComposeError> {
        if values.is_empty() {
            return Err(ComposeError::new(ComposeErrorKind::Missing, name));
        }
        values.iter().try_for_each(|value| self.required(name, Some(value)))
    }

    fn optional(&mut self, name: &'static str, value: Option<&str>) -> Result<(), ComposeError> {
        let Some(value) = value else { return Ok(()) };
        checked(name, value)?;
        if !value.is_ascii() {
            return Err(ComposeError::new(ComposeErrorKind::Forbidden, name));
        }
        let mut line = format!("{name}:");
        for word in value.split(' ') {
            if line.len() + word.len() >= LINE && line.contains(' ') {
                self.0.push_str(&line);
                self.0.push_str("\r\n");
                line.clear();
            }
            if line.len() + word.len() + 1 > LONGEST_LINE {
                return Err(ComposeError::new(ComposeErrorKind::TooLong, name));
            }
            let _ = write!(line, " {word}");
        }
        self.0.push_str(&line);
        self.0.push_str("\r\n");
        Ok(())
    }

    fn base64(&mut self, name: &'static str, value: Option<&str>) -> Result<(), ComposeError> {
        let Some(value) = value else { return Ok(()) };
        if !value.bytes().all(|octet| octet.is_ascii_alphanumeric() || b"+/=".contains(&octet)) {
            return Err(ComposeError::new(ComposeErrorKind::Forbidden, name));
        }
        let _ = write!(self.0, "{name}:");
        for line in value.as_bytes().chunks(LINE - 2) {
            self.0.push_str("\r\n ");
            self.0.extend(line.iter().copied().map(char::from));
        }
        self.0.push_str("\r\n");
        Ok(())
    }
}

/// RFC 5322 §2.1.1.
const LINE: usize = 78;
const LONGEST_LINE: usize = 998;
