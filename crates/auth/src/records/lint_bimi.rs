//! What is wrong with a published BIMI record.

use posthaste_types::DnsName;

use super::bimi::BimiRecord;
use super::finding::{Finding, Problem, Severity};
use crate::dmarc::{Policy, Record, Testing};

/// What is wrong with a BIMI record, and with the DMARC record that counts for its domain; `None` for the latter is that
/// there is none. Nothing is asked, and neither logo nor certificate is fetched.
pub fn lint_bimi(name: &DnsName, text: &[u8], dmarc: Option<&Record>) -> Vec<Finding> {
    let finding = |severity, problem| Finding::new(severity, name, problem);
    let record = match BimiRecord::parse(text) {
        Ok(record) => record,
        Err(error) => return vec![finding(Severity::Error, Problem::Syntax(error))],
    };
    if record.location.is_none() {
        return vec![finding(Severity::Note, Problem::Declined)];
    }
    let mut findings = Vec::new();
    // Subdomains count too: mail of one that is not protected would show the logo.
    let is_enforced = dmarc.is_some_and(|dmarc| {
        dmarc.policy > Policy::None && dmarc.for_subdomain() > Policy::None && dmarc.testing == Testing::Off
    });
    if !is_enforced {
        findings.push(finding(Severity::Error, Problem::NotEnforced));
    }
    if record.authority.is_none() {
        findings.push(finding(Severity::Warning, Problem::NoCertificate));
    }
    findings
}
