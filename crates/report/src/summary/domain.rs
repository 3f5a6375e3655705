//! What all reports say of one domain.

use std::collections::BTreeMap;
use std::net::IpAddr;

use posthaste_auth::tls_rpt::PolicyType;
use posthaste_types::Timestamp;

use super::sender::{Counts, Sender, SenderName};
use super::{Tally, middle, normal, short, widen};
use crate::aggregate::{Aggregate, PolicyPublished};
use crate::failure::{AuthFailure, Failure};
use crate::tls::{TlsPolicyReport, TlsReport};

/// What all reports say of one domain.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct DomainSummary {
    /// The domain, in lower case.
    pub name: String,
    /// The time that the aggregate reports cover.
    pub period: Option<(Timestamp, Timestamp)>,
    /// The policy as the latest report found it.
    pub policy: Option<PolicyPublished>,
    /// Who reported, by messages.
    pub reporters: Tally<String>,
    /// What reporters met when they read the domain's DMARC record, by reports.
    pub errors: Tally<String>,
    /// All messages that name the domain, or one below it, in From.
    pub counts: Counts,
    /// Messages of which the reports, being damaged, do not say whether they pass. They count nowhere else.
    pub unjudged: u64,
    /// The messages of senders that were too small to be kept by name.
    pub rest: Counts,
    /// What TLS reports say.
    pub tls: TlsSummary,
    /// What failure reports say.
    pub failures: FailureCounts,
    pub(super) senders: BTreeMap<SenderName, Sender>,
    policy_at: Option<Timestamp>,
    details: usize,
}

/// What TLS reports say of the mail to one domain.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TlsSummary {
    /// The time that they cover.
    pub period: Option<(Timestamp, Timestamp)>,
    /// Sessions that succeeded.
    pub successful: u64,
    /// Sessions that failed.
    pub failed: u64,
    /// The sessions by kind of policy: `tlsa`, `sts`, `no-policy-found`.
    pub policies: Tally<&'static str>,
    /// The failed sessions by `result-type` and mail host.
    pub failures: Tally<(String, String)>,
}

/// What failure reports say of one domain.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct FailureCounts {
    /// The messages.
    pub incidents: u64,
    /// By what failed.
    pub kinds: Tally<AuthFailure>,
    /// By the client that sent them.
    pub addresses: Tally<IpAddr>,
}

impl DomainSummary {
    pub(super) fn new(name: &str, details: usize) -> Self {
        Self {
            name: name.to_owned(),
            period: None,
            policy: None,
            reporters: Tally::new(details),
            errors: Tally::new(details),
            counts: Counts::default(),
            unjudged: 0,
            rest: Counts::default(),
            tls: TlsSummary {
                period: None,
                successful: 0,
                failed: 0,
                policies: Tally::new(details),
                failures: Tally::new(details),
            },
            failures: FailureCounts { incidents: 0, kinds: Tally::new(details), addresses: Tally::new(details) },
            senders: BTreeMap::new(),
            policy_at: None,
            details,
        }
    }

    /// Who sends, most messages first.
    pub fn senders(&self) -> Vec<&Sender> {
        let mut senders: Vec<&Sender> = self.senders.values().collect();
        senders.sort_by(|one, other| {
            other.counts.messages.cmp(&one.counts.messages).then_with(|| one.name.cmp(&other.name))
        });
        senders
    }

    /// Adds a report, and keeps at most so many senders.
    pub(super) fn add_aggregate(&mut self, report: &Aggregate, most: usize) {
        let metadata = &report.metadata;
        widen(&mut self.period, metadata.begin, metadata.end);
        self.reporters.add(short(&metadata.org_name), report.messages());
        for error in &metadata.errors {
            self.errors.add(short(error), 1);
        }
        if self.policy.is_none() || self.policy_at <= metadata.end {
            self.policy = Some(report.policy.clone());
            self.policy_at = metadata.end;
        }
        for record in &report.records {
            if record.dkim.is_none() && record.spf.is_none() {
                self.unjudged = self.unjudged.saturating_add(record.count);
                continue;
            }
            self.counts.add(record);
            let name = SenderName::of(record, &self.name);
            let details = self.details;
            let sender = self.senders.entry(name).or_insert_with_key(|name| Sender::new(name.clone(), details));
            sender.add(record, &self.name);
            if self.senders.len() > most {
                self.prune(middle(self.senders.values()));
            }
        }
    }

    pub(super) fn add_failure(&mut self, report: &Failure) {
        self.failures.incidents = self.failures.incidents.saturating_add(report.incidents);
        if let Some(kind) = report.auth_failure {
            self.failures.kinds.add(kind, report.incidents);
        }
        if let Some(address) = report.source_ip {
            self.failures.addresses.add(address, report.incidents);
        }
    }

    pub(super) fn add_tls(&mut self, report: &TlsReport, policy: &TlsPolicyReport) {
        let tls = &mut self.tls;
        widen(&mut tls.period, report.start, report.end);
        tls.successful = tls.successful.saturating_add(policy.successful);
        tls.failed = tls.failed.saturating_add(policy.failed);
        let kind = policy.policy_type.map_or("unknown", PolicyType::as_str);
        tls.policies.add(kind, policy.successful.saturating_add(policy.failed));
        for failure in &policy.failures {
            let kind = failure.result_type.as_ref().map_or("unknown", |kind| kind.as_str());
            let host = normal(failure.receiving_mx_hostname.as_deref().unwrap_or_default());
            tls.failures.add((short(kind), short(&host)), failure.failed_sessions);
        }
    }

    /// Adds senders with no more messages than this to the rest.
    pub(super) fn prune(&mut self, most: u64) {
        let rest = &mut self.rest;
        self.senders.retain(|_, sender| {
            let stays = sender.counts.messages > most;
            if !stays {
                rest.merge(&sender.counts);
            }
            stays
        });
    }
}
