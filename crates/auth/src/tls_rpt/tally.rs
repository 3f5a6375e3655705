//! Sessions counted for the reports of a day.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;

use posthaste_types::{DnsName, Domain, Text, Timestamp};

use super::result::{Failure, ResultType, TlsPolicyUsed, TlsResult};

/// Counts [`TlsResult`]s by recipient's domain and day (UTC), in bounded memory: what the reports of RFC 8460 §4 say.
///
/// ```
/// use posthaste_auth::tls_rpt::{PolicyType, Tally, TallyLimits, TlsPolicyUsed, TlsResult};
/// use posthaste_types::Timestamp;
///
/// let mut tally = Tally::new(TallyLimits::default());
/// let at: Timestamp = "2026-11-24T09:00:00Z".parse()?;
/// tally.add(&TlsResult::new(at, vec!["example.com".parse()?], TlsPolicyUsed::new(PolicyType::NoPolicyFound)));
///
/// // The day is over: a report for each domain that asks for one.
/// let day = tally.take_before("2026-11-25T00:00:00Z".parse()?);
/// assert_eq!((day[0].domain.as_str(), day[0].policies[0].successful), ("example.com", 1));
/// # Ok::<(), posthaste_types::ParseError>(())
/// ```
///
/// A domain beyond the limits is left out, and counted in [`omitted`](Self::omitted); of a domain that is counted, no
/// session is left out: what has no place of its own is counted without its details.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    limits: TallyLimits,
    days: BTreeMap<i64, HashMap<Domain, Vec<PolicyTally>>>,
    omitted: u64,
}

/// How much a [`Tally`] keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TallyLimits {
    /// The most days at once. Default: 3; reports are due within a day of theirs (§4.1).
    pub days: usize,
    /// The most domains of a day. Default: 10,000.
    pub domains: usize,
    /// The most policies of a domain in a day. Default: 10; the last one counts for those beyond.
    pub policies: usize,
    /// The most kinds of failures, by result, hosts and addresses, of a policy. Default: 50; beyond, they are counted by
    /// result alone.
    pub failures: usize,
}

impl Default for TallyLimits {
    fn default() -> Self {
        Self { days: 3, domains: 10_000, policies: 10, failures: 50 }
    }
}

/// The counts of a domain in a day: one report (§4.4).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DomainTally {
    /// `policy-domain`: whose report it is.
    pub domain: Domain,
    /// `start-datetime`: the first moment of the day.
    pub start: Timestamp,
    /// `end-datetime`: its last second.
    pub end: Timestamp,
    /// By policy, in the order of their first sessions.
    pub policies: Vec<PolicyTally>,
}

/// The sessions under one policy (`policies`).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PolicyTally {
    /// The policy.
    pub policy: TlsPolicyUsed,
    /// `total-successful-session-count`.
    pub successful: u64,
    /// `total-failure-session-count`.
    pub failed: u64,
    /// `failure-details`, in the order of the first of each; their counts make up `failed`.
    pub failures: Vec<FailureTally>,
}

/// The sessions that failed in the same way (`failure-details`).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FailureTally {
    /// `result-type`.
    pub kind: ResultType,
    /// `sending-mta-ip`.
    pub sending_ip: Option<IpAddr>,
    /// `receiving-mx-hostname`.
    pub host: Option<DnsName>,
    /// `receiving-ip`.
    pub receiving_ip: Option<IpAddr>,
    /// `failed-session-count`.
    pub count: u64,
    /// `failure-reason-code`: that of the first; none where different failures are counted together.
    pub reason: Option<Text>,
}

impl Tally {
    /// An empty one.
    pub fn new(limits: TallyLimits) -> Self {
        Self { limits, ..Self::default() }
    }

    /// Counts a result for each of its domains; one that names none is not counted.
    pub fn add(&mut self, result: &TlsResult) {
        let day = result.at.as_unix_secs().div_euclid(DAY);
        if !self.days.contains_key(&day) && self.days.len() >= self.limits.days.max(1) {
            // The oldest makes room, unless this one is older still.
            match self.days.first_key_value() {
                Some((oldest, _)) if *oldest < day => {
                    let lost = self.days.pop_first().map_or(0, sessions);
                    self.omitted = self.omitted.saturating_add(lost);
                }
                _ => {
                    let omitted = u64::try_from(result.domains.len()).unwrap_or(u64::MAX);
                    self.omitted = self.omitted.saturating_add(omitted);
                    return;
                }
            }
        }
        let domains = self.days.entry(day).or_default();
        for domain in &result.domains {
            if !domains.contains_key(domain) && domains.len() >= self.limits.domains {
                self.omitted = self.omitted.saturating_add(1);
                continue;
            }
            let policies = domains.entry(domain.clone()).or_default();
            let known = policies.iter().position(|known| known.policy == result.policy);
            let place = known.unwrap_or_else(|| {
                if policies.len() < self.limits.policies.max(1) {
                    policies.push(PolicyTally::new(result.policy.clone()));
                }
                policies.len().saturating_sub(1)
            });
            if let Some(policy) = policies.get_mut(place) {
                policy.add(result, self.limits.failures);
            }
        }
    }

    /// Takes out the days that ended by `now`, oldest first, their domains in the order of the alphabet.
    pub fn take_before(&mut self, now: Timestamp) -> Vec<DomainTally> {
        let later = self.days.split_off(&now.as_unix_secs().div_euclid(DAY));
        let ended = std::mem::replace(&mut self.days, later);
        ended.into_iter().flat_map(|(day, domains)| of_day(day, domains)).collect()
    }

    /// How many sessions were left out so far, by domain, because of the limits.
    pub fn omitted(&self) -> u64 {
        self.omitted
    }
}

impl PolicyTally {
    fn new(policy: TlsPolicyUsed) -> Self {
        Self { policy, successful: 0, failed: 0, failures: Vec::new() }
    }

    fn add(&mut self, result: &TlsResult, limit: usize) {
        let Some(Failure { kind, reason }) = &result.failure else {
            self.successful = self.successful.saturating_add(1);
            return;
        };
        self.failed = self.failed.saturating_add(1);
        let new = FailureTally {
            kind: *kind,
            sending_ip: result.sending_ip,
            host: result.host.clone(),
            receiving_ip: result.receiving_ip,
            count: 1,
            reason: Some(reason.clone()),
        };
        if let Some(known) = self.failures.iter_mut().find(|known| known.is_like(&new)) {
            known.count = known.count.saturating_add(1);
        } else if self.failures.len() < limit {
            self.failures.push(new);
        } else {
            self.add_without_details(*kind);
        }
    }

    /// As many of these as there are kinds of results, at the most.
    fn add_without_details(&mut self, kind: ResultType) {
        let bare = FailureTally { kind, sending_ip: None, host: None, receiving_ip: None, count: 1, reason: None };
        match self.failures.iter_mut().find(|known| known.is_like(&bare)) {
            Some(known) => {
                known.count = known.count.saturating_add(1);
                known.reason = None;
            }
            None => self.failures.push(bare),
        }
    }
}

impl FailureTally {
    fn is_like(&self, other: &Self) -> bool {
        let key = |of: &Self| (of.kind, of.sending_ip, of.receiving_ip);
        key(self) == key(other) && self.host == other.host
    }
}

fn of_day(day: i64, domains: HashMap<Domain, Vec<PolicyTally>>) -> Vec<DomainTally> {
    let start = day.saturating_mul(DAY);
    let (start, end) = (Timestamp::from_unix_secs(start), Timestamp::from_unix_secs(start.saturating_add(DAY - 1)));
    let mut all: Vec<DomainTally> =
        domains.into_iter().map(|(domain, policies)| DomainTally { domain, start, end, policies }).collect();
    all.sort_unstable_by(|a, b| a.domain.as_str().cmp(b.domain.as_str()));
    all
}

fn sessions((_, domains): (i64, HashMap<Domain, Vec<PolicyTally>>)) -> u64 {
    let of_policy = |policy: &PolicyTally| policy.successful.saturating_add(policy.failed);
    domains.values().flatten().map(of_policy).fold(0, u64::saturating_add)
}

/// §4.1: reports cover a day, in UTC.
const DAY: i64 = 86_400;
