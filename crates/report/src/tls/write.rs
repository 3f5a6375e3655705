//! TLS reports as JSON.

use std::fmt::Write;

use posthaste_types::Timestamp;

use super::{TlsFailure, TlsPolicyReport, TlsReport};
use crate::aggregate::checked;
use crate::json::quoted;
use crate::problem::{ComposeError, ComposeErrorKind};

impl TlsReport {
    /// The report as JSON (RFC 8460 §4.4), without white space.
    ///
    /// # Errors
    /// [`ComposeError`] where the standard requires a value that is not there.
    pub fn to_json(&self) -> Result<String, ComposeError> {
        let Self { organization_name, contact_info, report_id, start, end, policies } = self;
        let mut json = Json(String::from("{"));
        json.required("organization-name", organization_name)?;
        json.0.push_str("\"date-range\":{");
        json.required("start-datetime", &time(*start, "start-datetime")?)?;
        json.required("end-datetime", &time(*end, "end-datetime")?)?;
        json.close('}');
        json.required("contact-info", contact_info)?;
        json.required("report-id", report_id)?;
        if policies.is_empty() {
            return Err(ComposeError::new(ComposeErrorKind::Missing, "policies"));
        }
        json.0.push_str("\"policies\":[");
        for (index, policy) in policies.iter().enumerate() {
            json.policy(policy).map_err(|error| error.within(index))?;
        }
        json.close(']');
        json.end('}');
        Ok(json.0)
    }
}

fn time(time: Option<Timestamp>, what: &'static str) -> Result<String, ComposeError> {
    let time = time.ok_or(ComposeError::new(ComposeErrorKind::Missing, what))?;
    Ok(time.to_whole_seconds().to_string())
}

/// Each member writes the comma behind itself; what closes takes the last one away.
struct Json(String);

impl Json {
    fn end(&mut self, close: char) {
        if self.0.ends_with(',') {
            self.0.pop();
        }
        self.0.push(close);
    }

    fn close(&mut self, close: char) {
        self.end(close);
        self.0.push(',');
    }

    fn required(&mut self, name: &'static str, value: &str) -> Result<(), ComposeError> {
        if value.is_empty() {
            return Err(ComposeError::new(ComposeErrorKind::Missing, name));
        }
        checked(name, value)?;
        let _ = write!(self.0, "\"{name}\":{},", quoted(value));
        Ok(())
    }

    fn optional(&mut self, name: &'static str, value: Option<&str>) -> Result<(), ComposeError> {
        value.map_or(Ok(()), |value| self.required(name, value))
    }

    fn number(&mut self, name: &'static str, value: u64) {
        let _ = write!(self.0, "\"{name}\":{value},");
    }

    fn list(&mut self, name: &'static str, values: &[String]) -> Result<(), ComposeError> {
        if values.is_empty() {
            return Ok(());
        }
        let _ = write!(self.0, "\"{name}\":[");
        for value in values {
            checked(name, value)?;
            let _ = write!(self.0, "{},", quoted(value));
        }
        self.close(']');
        Ok(())
    }

    fn policy(&mut self, policy: &TlsPolicyReport) -> Result<(), ComposeError> {
        let TlsPolicyReport { policy_type, policy_strings, policy_domain, mx_hosts, successful, failed, failures } =
            policy;
        self.0.push_str("{\"policy\":{");
        self.required("policy-type", policy_type.map_or("", |it| it.as_str()))?;
        self.list("policy-string", policy_strings)?;
        self.required("policy-domain", policy_domain)?;
        self.list("mx-host", mx_hosts)?;
        self.close('}');
        self.0.push_str("\"summary\":{");
        self.number("total-successful-session-count", *successful);
        self.number("total-failure-session-count", *failed);
        self.close('}');
        if !failures.is_empty() {
            self.0.push_str("\"failure-details\":[");
            failures.iter().try_for_each(|failure| self.failure(failure))?;
            self.close(']');
        }
        self.close('}');
        Ok(())
    }

    fn failure(&mut self, failure: &TlsFailure) -> Result<(), ComposeError> {
        let TlsFailure {
            result_type,
            sending_mta_ip,
            receiving_mx_hostname,
            receiving_mx_helo,
            receiving_ip,
            failed_sessions,
            additional_information,
            failure_reason_code,
        } = failure;
        self.0.push('{');
        self.required("result-type", result_type.as_ref().map_or("", |it| it.as_str()))?;
        self.optional("sending-mta-ip", sending_mta_ip.map(|it| it.to_string()).as_deref())?;
        self.optional("receiving-mx-hostname", receiving_mx_hostname.as_deref())?;
        self.optional("receiving-mx-helo", receiving_mx_helo.as_deref())?;
        self.optional("receiving-ip", receiving_ip.map(|it| it.to_string()).as_deref())?;
        self.number("failed-session-count", *failed_sessions);
        self.optional("additional-information", additional_information.as_deref())?;
        self.optional("failure-reason-code", failure_reason_code.as_deref())?;
        self.close('}');
        Ok(())
    }
}
