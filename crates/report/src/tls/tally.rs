//! From the results of sessions to reports, in bounded memory.

use std::collections::BTreeMap;

use posthaste_auth::tls_rpt::TlsResult;
use posthaste_types::{Domain, Timestamp};

use super::{TlsFailure, TlsPolicyReport, TlsReport};

/// Counts sessions by domain, policy and failure, until a report is taken (RFC 8460 §4).
///
/// Memory is bounded by [`DOMAINS`](Self::DOMAINS), [`POLICIES`](Self::POLICIES) and [`FAILURES`](Self::FAILURES). Sessions
/// beyond are counted in [`omitted`](Self::omitted), or without their details.
#[derive(Clone, Debug, Default)]
pub struct TlsTally {
    domains: BTreeMap<Domain, Vec<TlsPolicyReport>>,
    omitted: u64,
}

impl TlsTally {
    /// The most domains.
    pub const DOMAINS: usize = 10_000;
    /// The most policies of one domain: they change within a day, but seldom.
    pub const POLICIES: usize = 8;
    /// The most kinds of failure of one policy.
    pub const FAILURES: usize = 64;

    /// No sessions yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Counts a session for each domain that it was about.
    pub fn count(&mut self, result: &TlsResult) {
        for domain in &result.domains {
            if self.domains.len() >= Self::DOMAINS && !self.domains.contains_key(domain) {
                self.omitted = self.omitted.saturating_add(1);
                continue;
            }
            let policies = self.domains.entry(domain.clone()).or_default();
            let Some(policy) = policy_of(policies, domain, result) else {
                self.omitted = self.omitted.saturating_add(1);
                continue;
            };
            match &result.failure {
                None => policy.successful = policy.successful.saturating_add(1),
                Some(_) => count_failure(policy, result),
            }
        }
    }

    /// Sessions that found no place.
    pub fn omitted(&self) -> u64 {
        self.omitted
    }

    /// The domains with sessions.
    pub fn domains(&self) -> impl Iterator<Item = &Domain> {
        self.domains.keys()
    }

    /// Takes the report on a domain out, and forgets its sessions; `None` if there were none.
    pub fn take(
        &mut self,
        domain: &Domain,
        organization_name: &str,
        contact_info: &str,
        period: (Timestamp, Timestamp),
    ) -> Option<TlsReport> {
        let policies = self.domains.remove(domain)?;
        // Unique for the sender's domain, the receiver's and the period, and the same if it is made again.
        let report_id = format!("{}_{domain}", period.0.to_whole_seconds());
        let mut report = TlsReport::new(organization_name, contact_info, report_id, period);
        report.policies = policies;
        Some(report)
    }
}

fn policy_of<'p>(
    policies: &'p mut Vec<TlsPolicyReport>,
    domain: &Domain,
    result: &TlsResult,
) -> Option<&'p mut TlsPolicyReport> {
    let used = &result.policy;
    let same = |policy: &TlsPolicyReport| {
        policy.policy_type == Some(used.kind)
            && policy.policy_strings == used.strings
            && policy.mx_hosts == used.mx_hosts
    };
    let index = match policies.iter().position(same) {
        Some(index) => index,
        None if policies.len() >= TlsTally::POLICIES => return None,
        None => {
            let mut policy = TlsPolicyReport::new(used.kind, domain.as_str());
            policy.policy_strings.clone_from(&used.strings);
            policy.mx_hosts.clone_from(&used.mx_hosts);
            policies.push(policy);
            policies.len().saturating_sub(1)
        }
    };
    policies.get_mut(index)
}

fn count_failure(policy: &mut TlsPolicyReport, result: &TlsResult) {
    policy.failed = policy.failed.saturating_add(1);
    let Some(failure) = &result.failure else { return };
    let mut detail = TlsFailure::new(failure.kind, 0);
    detail.sending_mta_ip = result.sending_ip;
    detail.receiving_ip = result.receiving_ip;
    detail.receiving_mx_hostname = result.host.as_ref().map(|host| host.as_str().to_owned());
    detail.failure_reason_code = Some(failure.reason.to_string()).filter(|reason| !reason.is_empty());
    let same = |other: &&mut TlsFailure| {
        detail.failed_sessions = other.failed_sessions;
        **other == detail
    };
    if let Some(known) = policy.failures.iter_mut().find(same) {
        known.failed_sessions = known.failed_sessions.saturating_add(1);
    } else if policy.failures.len() < TlsTally::FAILURES {
        detail.failed_sessions = 1;
        policy.failures.push(detail);
    }
}
