//! Many reports in one picture: who sends as a domain, from where, what passes, what to fix.

mod advice;
mod domain;
mod records;
mod sender;
mod tally;

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};

use posthaste_types::Timestamp;

use crate::aggregate::Aggregate;
use crate::failure::Failure;
use crate::reading::Report;
use crate::tls::TlsReport;

pub use advice::{Finding, FindingKind, Severity};
pub use domain::{DomainSummary, FailureCounts, TlsSummary};
pub use sender::{Counts, Sender, SenderName, Standing};
pub use tally::Tally;

/// What a summary keeps. Beyond, the small ones are added up without their names.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SummaryLimits {
    /// Domains. Reports on others are counted only. Default 1,000.
    pub domains: usize,
    /// Senders, of all domains together: some KiB each, at worst 25. Default 5,000.
    pub senders: usize,
    /// Addresses, signatures and SPF checks of one sender, each; reporters and errors of one domain. Default 16.
    pub details: usize,
    /// Reports whose identity is remembered, so that the same one does not count twice. Default 100,000.
    pub remembered: usize,
}

impl Default for SummaryLimits {
    fn default() -> Self {
        Self { domains: 1000, senders: 5000, details: 16, remembered: 100_000 }
    }
}

/// What became of a report that was given to a summary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Counted {
    /// It is one that counts already: the same reporter, id and domain (RFC 9990, "Handling of Duplicates").
    Duplicate,
    /// It counts.
    New,
    /// It names no domain, or one too many.
    Omitted,
}

/// The sum of many reports, in bounded memory: see [`SummaryLimits`].
///
/// ```
/// # use posthaste_report::{Summary, read};
/// # let files: Vec<Vec<u8>> = Vec::new();
/// let mut summary = Summary::new();
/// for file in files {
///     for report in read(&file)?.reports() {
///         summary.add(report);
///     }
/// }
/// for finding in summary.findings() {
///     println!("{finding}");
/// }
/// # Ok::<(), posthaste_report::ReadError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Summary {
    limits: SummaryLimits,
    domains: BTreeMap<String, DomainSummary>,
    remembered: HashSet<u64>,
    order: VecDeque<u64>,
    senders: usize,
    reports: u64,
    duplicates: u64,
    omitted: u64,
}

impl Summary {
    /// Nothing yet, with [`SummaryLimits::default`].
    pub fn new() -> Self {
        Self::default()
    }

    /// Nothing yet, within these limits.
    pub fn with_limits(limits: SummaryLimits) -> Self {
        Self { limits, ..Self::default() }
    }

    /// Adds a report.
    pub fn add(&mut self, report: &Report) -> Counted {
        let counted = match report {
            Report::Aggregate(report) => self.add_aggregate(report),
            Report::Failure(report) => self.add_failure(report),
            Report::Tls(report) => self.add_tls(report),
        };
        let count = match counted {
            Counted::New => &mut self.reports,
            Counted::Duplicate => &mut self.duplicates,
            Counted::Omitted => &mut self.omitted,
        };
        *count = count.saturating_add(1);
        counted
    }

    /// The domains that were reported on, in the order of their names.
    pub fn domains(&self) -> impl ExactSizeIterator<Item = &DomainSummary> {
        self.domains.values()
    }

    /// How many reports count.
    pub fn reports(&self) -> u64 {
        self.reports
    }

    /// How many reports came a second time.
    pub fn duplicates(&self) -> u64 {
        self.duplicates
    }

    /// How many reports name no domain, or one beyond [`SummaryLimits::domains`].
    pub fn omitted(&self) -> u64 {
        self.omitted
    }

    /// What there is to fix, the gravest first.
    pub fn findings(&self) -> Vec<Finding> {
        let mut findings: Vec<Finding> = self.domains.values().flat_map(advice::findings).collect();
        findings.sort_by(|one, other| other.severity.cmp(&one.severity).then(other.messages.cmp(&one.messages)));
        findings
    }

    fn add_aggregate(&mut self, report: &Aggregate) -> Counted {
        let named = report.records.first().map_or("", |record| &record.header_from);
        let name = if report.policy.domain.is_empty() { named } else { &report.policy.domain };
        let name = normal(name);
        if self.is_known(&(0, &name, normal(&report.metadata.org_name), &report.metadata.report_id)) {
            return Counted::Duplicate;
        }
        let most = self.limits.senders;
        let Some(domain) = self.domain(&name) else { return Counted::Omitted };
        let before = domain.senders.len();
        domain.add_aggregate(report, most);
        let after = domain.senders.len();
        self.senders = self.senders.saturating_sub(before).saturating_add(after);
        self.prune();
        Counted::New
    }

    fn add_failure(&mut self, report: &Failure) -> Counted {
        let name = normal(report.reported_domains.first().map_or("", String::as_str));
        // Without a Message-ID two reports can be two messages.
        let id = (&report.original_message_id, report.arrival_date, report.source_ip);
        if report.original_message_id.is_some() && self.is_known(&(1, &name, id, &report.original_rcpt_to)) {
            return Counted::Duplicate;
        }
        let Some(domain) = self.domain(&name) else { return Counted::Omitted };
        domain.add_failure(report);
        Counted::New
    }

    fn add_tls(&mut self, report: &TlsReport) -> Counted {
        let first = report.policies.first().map_or("", |policy| &policy.policy_domain);
        if self.is_known(&(2, normal(first), normal(&report.organization_name), &report.report_id)) {
            return Counted::Duplicate;
        }
        let mut counted = Counted::Omitted;
        for policy in &report.policies {
            if let Some(domain) = self.domain(&normal(&policy.policy_domain)) {
                domain.add_tls(report, policy);
                counted = Counted::New;
            }
        }
        counted
    }

    fn domain(&mut self, name: &str) -> Option<&mut DomainSummary> {
        if name.is_empty() || self.domains.len() >= self.limits.domains && !self.domains.contains_key(name) {
            return None;
        }
        let details = self.limits.details;
        Some(self.domains.entry(name.to_owned()).or_insert_with(|| DomainSummary::new(name, details)))
    }

    /// Whether a report with this identity counts already; if not, it does from now on.
    fn is_known(&mut self, identity: &impl Hash) -> bool {
        let mut hasher = DefaultHasher::new();
        identity.hash(&mut hasher);
        let hash = hasher.finish();
        if !self.remembered.insert(hash) {
            return true;
        }
        self.order.push_back(hash);
        if self.order.len() > self.limits.remembered
            && let Some(oldest) = self.order.pop_front()
        {
            self.remembered.remove(&oldest);
        }
        false
    }

    /// Where there are too many senders, the smaller half becomes a sum.
    fn prune(&mut self) {
        if self.senders <= self.limits.senders {
            return;
        }
        let middle = middle(self.domains.values().flat_map(|domain| domain.senders.values()));
        for domain in self.domains.values_mut() {
            domain.prune(middle);
        }
        self.senders = self.domains.values().map(|domain| domain.senders.len()).sum();
    }
}

/// The median of the senders' messages.
fn middle<'s>(senders: impl Iterator<Item = &'s Sender>) -> u64 {
    let mut sizes: Vec<u64> = senders.map(|sender| sender.counts.messages).collect();
    sizes.sort_unstable();
    sizes.get(sizes.len() / 2).copied().unwrap_or(0)
}

/// As much of a text as a summary keeps: what a domain name may have.
fn short(text: &str) -> String {
    text.get(..text.floor_char_boundary(255)).unwrap_or_default().to_owned()
}

/// A name as it is compared.
fn normal(name: &str) -> String {
    name.trim().trim_end_matches('.').to_lowercase()
}

/// The wider of two periods.
fn widen(period: &mut Option<(Timestamp, Timestamp)>, begin: Option<Timestamp>, end: Option<Timestamp>) {
    let (Some(begin), Some(end)) = (begin.or(end), end.or(begin)) else { return };
    *period = Some(period.map_or((begin, end), |(first, last)| (first.min(begin), last.max(end))));
}
