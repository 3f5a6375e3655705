//! What is wrong with a published DMARC record.

use std::time::Duration;

use posthaste_dns::{DnsError, Presence, RecordData, RecordKind, Resolve, ResolveExt};
use posthaste_types::{Address, DnsName, Domain, Tick, Timestamp};

use super::finding::{Finding, Problem, Severity};
use crate::dmarc::{self, Policy, Record, Testing};

/// What [`lint_dmarc`] found.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct DmarcLint {
    /// What is wrong.
    pub findings: Vec<Finding>,
    /// The record, if there is one that can be read.
    pub record: Option<Record>,
}

impl DmarcLint {
    /// How long `p=none` is of use: reports of half a year name whoever sends.
    pub const LEARNING: Duration = Duration::from_secs(180 * 86_400);
}

/// Whether a record has said `p=none` for too long. When it was first seen so the DNS does not tell: whoever looks at
/// domains again and again remembers it.
pub fn lint_dmarc_age(name: &DnsName, record: &Record, first_seen: Timestamp, now: Timestamp) -> Option<Finding> {
    let age = now.since(first_seen);
    let is_late = record.policy == Policy::None && age > DmarcLint::LEARNING;
    let days = age.as_secs() / 86_400;
    is_late.then(|| Finding::new(Severity::Warning, name, Problem::PolicyNoneFor { days }))
}

/// Looks at the record of a domain, and whether its reports can arrive.
///
/// Questions end by `by` of the resolver's clock. Cancel safe: dropping the future only ends the look.
pub async fn lint_dmarc(resolver: &dyn Resolve, domain: &Domain, by: Tick) -> DmarcLint {
    let mut lint = Lint { resolver, by, domain: domain.into(), findings: Vec::new() };
    let record = lint.record().await;
    if let Some(record) = &record {
        lint.look(record);
        let mut seen: Vec<&Address> = Vec::new();
        for address in record.rua.iter().chain(&record.ruf).filter_map(dmarc::ReportUri::address) {
            if !seen.contains(&address) {
                seen.push(address);
                lint.destination(address).await;
            }
        }
    }
    DmarcLint { findings: lint.findings, record }
}

struct Lint<'a> {
    resolver: &'a dyn Resolve,
    by: Tick,
    domain: DnsName,
    findings: Vec<Finding>,
}

impl Lint<'_> {
    fn find(&mut self, severity: Severity, problem: Problem) {
        self.findings.push(Finding::new(severity, &self.domain, problem));
    }

    async fn texts(&self, name: &DnsName) -> Result<Vec<Vec<u8>>, DnsError> {
        let answer = self.resolver.resolve(name, RecordKind::Txt, self.by).await?;
        let text = |data: &RecordData| match data {
            RecordData::Txt(text) if Record::is_one(text) => Some(text.clone()),
            _ => None,
        };
        Ok(answer.records().iter().filter_map(text).collect())
    }

    async fn record(&mut self) -> Option<Record> {
        let texts = match self.domain.below("_dmarc") {
            Ok(name) => self.texts(&name).await,
            Err(_) => Ok(Vec::new()),
        };
        match texts.as_deref() {
            Err(_) => self.find(Severity::Unknown, Problem::Dns),
            Ok([]) => self.find(Severity::Error, Problem::Missing),
            Ok([text]) => match Record::parse(text) {
                Ok(record) => return Some(record),
                Err(error) => self.find(Severity::Error, Problem::Syntax(error)),
            },
            Ok(_) => self.find(Severity::Error, Problem::Several),
        }
        None
    }

    fn look(&mut self, record: &Record) {
        for defect in record.defects() {
            self.find(Severity::Warning, Problem::Defect(defect.clone()));
        }
        if record.policy == Policy::None {
            self.find(Severity::Warning, Problem::PolicyNone);
        }
        if record.for_subdomain() < record.policy || record.for_non_existent() < record.policy {
            self.find(Severity::Warning, Problem::WeakerSubdomain);
        }
        if record.testing == Testing::On {
            self.find(Severity::Note, Problem::Testing);
        }
        if record.rua.is_empty() {
            self.find(Severity::Warning, Problem::NoReports);
        }
    }

    async fn destination(&mut self, address: &Address) {
        let destination = DnsName::from(address.domain());
        match self.takes_mail(&destination).await {
            Ok(true) => {}
            Ok(false) => self.find(Severity::Error, Problem::NoMail(address.clone())),
            Err(_) => self.find(Severity::Unknown, Problem::Dns),
        }
        match self.consents(&destination).await {
            Ok(Consent::Given(overrides)) => overrides.iter().for_each(|to| self.overridden(address, to)),
            Ok(Consent::NotNeeded) => {}
            Ok(Consent::Missing) => self.find(Severity::Error, Problem::NoConsent(address.clone())),
            Err(_) => self.find(Severity::Unknown, Problem::Dns),
        }
    }

    /// RFC 9990 §4, RFC 7489 §7.1: the `rua` of the record that consents stands in the place of ours, within its domain.
    fn overridden(&mut self, from: &Address, to: &Address) {
        if from.domain() != to.domain() {
            let problem = Problem::ForeignRedirect { from: from.clone(), to: to.clone() };
            self.find(Severity::Warning, problem);
        } else if from != to {
            self.find(Severity::Note, Problem::Redirected { from: from.clone(), to: to.clone() });
        }
    }

    /// RFC 5321 §5.1, RFC 7505: a mail host that has an address.
    async fn takes_mail(&self, domain: &DnsName) -> Result<bool, DnsError> {
        let answer = self.resolver.resolve(domain, RecordKind::Mx, self.by).await?;
        if answer.presence() == Presence::Found {
            let mut unknown = None;
            for data in answer.records().iter().take(MAX_HOSTS) {
                let RecordData::Mx(mx) = data else { continue };
                if mx.is_null() {
                    continue;
                }
                match self.resolver.addresses(&mx.exchange, self.by).await {
                    Ok(found) if found.values.is_empty() => {}
                    Ok(_) => return Ok(true),
                    Err(error) => unknown = Some(error),
                }
            }
            return unknown.map_or(Ok(false), Err);
        }
        for kind in [RecordKind::A, RecordKind::Aaaa] {
            if self.resolver.resolve(domain, kind, self.by).await?.presence() == Presence::Found {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// RFC 9990 §4: only asked of another organisation.
    async fn consents(&self, destination: &DnsName) -> Result<Consent, DnsError> {
        let ours = dmarc::organizational_domain(self.resolver, &self.domain, self.by).await?;
        let theirs = dmarc::organizational_domain(self.resolver, destination, self.by).await?;
        if ours == theirs {
            return Ok(Consent::NotNeeded);
        }
        let Ok(name) = destination.below(&format!("{}._report._dmarc", self.domain)) else {
            return Ok(Consent::Missing);
        };
        let texts = self.texts(&name).await?;
        if texts.is_empty() {
            return Ok(Consent::Missing);
        }
        // A text without a policy and without `rua` is none of ours, and consents all the same.
        let overrides = texts.iter().filter_map(|text| Record::parse(text).ok()).flat_map(|record| record.rua);
        Ok(Consent::Given(overrides.filter_map(|uri| uri.address().cloned()).collect()))
    }
}

/// What the domain of a report address says to reports about ours.
enum Consent {
    /// It wants them, at these addresses if there are any.
    Given(Vec<Address>),
    Missing,
    /// It is of our own organisation.
    NotNeeded,
}

/// How many mail hosts of a report address are looked at.
const MAX_HOSTS: usize = 10;
