//! SPF records that mend.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use posthaste_auth::records::{Problem, SpfLint, TxtRecord, flatten_spf, lint_spf};
use posthaste_auth::spf::{Mechanism, Qualifier, Record};
use posthaste_dns::{Answer, DnsError, RecordData, RecordKind, Resolve};
use posthaste_types::{DnsName, Domain, Tick};

use super::texts;
use crate::exam::Exam;
use crate::finding::Mend;

/// The domain's own record, and what is to be mended by another in its place.
pub(super) struct Rewrite<'a> {
    pub(super) domain: &'a Domain,
    pub(super) lint: &'a SpfLint,
    /// Addresses that do not pass, and should.
    ips: &'a [IpAddr],
    /// The one record that mends all that can be mended so; none if that is nothing.
    pub(super) mends: Vec<Mend>,
}

impl<'a> Rewrite<'a> {
    pub(super) async fn new(exam: &Exam<'_>, domain: &'a Domain, lint: &'a SpfLint, ips: &'a [IpAddr]) -> Self {
        let mut rewrite = Self { domain, lint, ips, mends: Vec::new() };
        if let Some(record) = rewrite.record(exam.room.sending.looked_at_ips()) {
            rewrite.mends = proposed(exam, domain, &record).await;
        }
        rewrite
    }

    /// Whether the own record itself leads to this domain.
    pub(super) fn names(&self, domain: &str) -> bool {
        self.lint.record.as_ref().is_some_and(|record| without(record, domain) != *record)
    }

    /// All that can be mended so at once, for a record that mends one thing alone would undo the mend of another.
    fn record(&self, sending: &[IpAddr]) -> Option<Record> {
        let own = self.lint.record.as_ref()?;
        let mut new = own.clone();
        for found in &self.lint.findings {
            let is_own = found.about.as_str() == self.domain.as_str();
            new = match &found.problem {
                Problem::Dangling | Problem::Several | Problem::Loop => without(&new, found.about.as_str()),
                Problem::PassAll | Problem::NeutralAll | Problem::NoAll | Problem::Unreachable if is_own => {
                    with_all(&new)
                }
                Problem::Ptr if is_own => {
                    copy(Record::new(), &new, |mechanism| !matches!(mechanism, Mechanism::Ptr { .. }))
                }
                // A copy has what is known alone.
                Problem::UnknownModifier if is_own => copy(Record::new(), &new, |_| true),
                _ => new,
            };
        }
        // Of `+all` alone nothing would be left that passes.
        let bare = new.redirect().is_none() && new.directives().iter().all(|term| term.mechanism == Mechanism::All);
        let front = match (bare, sending) {
            (true, []) if new != *own => mail_hosts(),
            (true, ips) => with_networks(ips),
            (false, _) => with_networks(self.ips),
        };
        if !front.directives().is_empty() {
            new = copy(front, &new, |_| true);
        }
        (new != *own).then_some(new)
    }
}

fn with_networks(ips: &[IpAddr]) -> Record {
    ips.iter().fold(Record::new(), |record, ip| record.with(Qualifier::Pass, network(*ip)))
}

/// Where nothing is known, that whoever takes the mail sends it too.
fn mail_hosts() -> Record {
    Record::parse(b"v=spf1 mx").unwrap_or_default()
}

/// The first record of a domain.
pub(super) fn first(domain: &Domain, ips: &[IpAddr]) -> Vec<Mend> {
    let record = match ips {
        [] => mail_hosts(),
        ips => with_networks(ips),
    }
    .with(Qualifier::SoftFail, Mechanism::All);
    let add = Mend::step("Add every other service that sends for you before you publish it.");
    [Mend::publish(&TxtRecord::spf(domain, &record)), add].into_iter().chain(long(&record)).collect()
}

/// The record of a name, with more addresses in front; `None` if it has not one that can be read.
pub(super) fn with_ips(texts: &[Vec<u8>], ips: &[IpAddr]) -> Option<Record> {
    let mut ours = texts.iter().filter(|text| Record::is_one(text));
    let (text, None) = (ours.next()?, ours.next()) else { return None };
    Some(copy(with_networks(ips), &Record::parse(text).ok()?, |_| true))
}

/// All records of the domain in one.
pub(super) async fn merged(exam: &Exam<'_>, domain: &Domain) -> Vec<Mend> {
    let name = DnsName::from(domain);
    let Ok(found) = texts::ask(exam, &name).await else { return Vec::new() };
    let of_spf: Vec<&Vec<u8>> = found.values.iter().filter(|text| Record::is_one(text)).collect();
    let records: Vec<Record> = of_spf.iter().filter_map(|text| Record::parse(text).ok()).collect();
    if records.len() < of_spf.len() || records.iter().any(|record| record.redirect().is_some()) {
        return vec![Mend::step("Write all that may send into one record, and take the others away.")];
    }
    let mut one = Record::new();
    for directive in records.iter().flat_map(Record::directives) {
        if directive.mechanism != Mechanism::All && !one.directives().contains(directive) {
            one = one.with(directive.qualifier, directive.mechanism.clone());
        }
    }
    proposed(exam, domain, &one.with(Qualifier::SoftFail, Mechanism::All)).await
}

/// The record with fewer lookups, if it can be had.
pub(super) async fn fewer(exam: &Exam<'_>, rewrite: &Rewrite<'_>) -> Vec<Mend> {
    let mut mends = vec![Mend::step(
        "Take out the includes of services that no longer send for you, or give one a subdomain of its own as MAIL FROM.",
    )];
    let (domain, by) = (rewrite.domain, exam.room.by);
    let own = rewrite.record(exam.room.sending.looked_at_ips());
    let Some(own) = own.or_else(|| rewrite.lint.record.clone()) else { return mends };
    let dns = Published::new(exam, domain, &own);
    let Ok(flat) = flatten_spf(&dns, domain, by).await else { return mends };
    // What is kept may lead to more lookups than its own: the whole tree is counted.
    let after = lint_spf(&Published::new(exam, domain, &flat.record), domain, by).await;
    if after.lookups <= SpfLint::MAX_LOOKUPS && long(&flat.record).is_none() && own != flat.record {
        mends.push(Mend::step("Or write the networks of others into the record. The price:"));
        mends.extend(flat.warnings().iter().map(|warning| Mend::step(sentence(warning))));
        mends.push(replace(domain, &flat.record));
    }
    mends
}

/// A record to be published in the place of another, and what is wrong with it still.
async fn proposed(exam: &Exam<'_>, domain: &Domain, record: &Record) -> Vec<Mend> {
    let after = lint_spf(&Published::new(exam, domain, record), domain, exam.room.by).await;
    let many = (after.lookups > SpfLint::MAX_LOOKUPS).then(|| {
        Mend::step(format_args!(
            "It needs {} DNS lookups, of which receivers make {}: take out what no longer sends for you before you \
             publish it.",
            after.lookups,
            SpfLint::MAX_LOOKUPS
        ))
    });
    [replace(domain, record)].into_iter().chain(many).chain(long(record)).collect()
}

fn long(record: &Record) -> Option<Mend> {
    let octets = record.to_string().len();
    (octets > SpfLint::SAFE_OCTETS).then(|| {
        Mend::step(format_args!(
            "It has {octets} octets, and over {} an answer may not fit a datagram: write networks for single \
             addresses, or move a part below a name of its own and include that.",
            SpfLint::SAFE_OCTETS
        ))
    })
}

/// The DNS as it will be when this record is published.
#[derive(Debug)]
struct Published<'a> {
    dns: &'a dyn Resolve,
    name: DnsName,
    text: Vec<u8>,
}

impl<'a> Published<'a> {
    fn new(exam: &'a Exam<'_>, domain: &Domain, record: &Record) -> Self {
        Self { dns: &exam.dns, name: domain.into(), text: record.to_string().into_bytes() }
    }
}

#[async_trait]
impl Resolve for Published<'_> {
    async fn resolve(&self, name: &DnsName, kind: RecordKind, by: Tick) -> Result<Answer, DnsError> {
        if *name == self.name && kind == RecordKind::Txt {
            return Ok(Answer::found([RecordData::Txt(self.text.clone())], Duration::MAX));
        }
        self.dns.resolve(name, kind, by).await
    }

    fn at(&self, server: SocketAddr) -> Result<Arc<dyn Resolve>, DnsError> {
        self.dns.at(server)
    }
}

/// Ends in `~all`, and has nothing behind it.
fn with_all(record: &Record) -> Record {
    let all = record.directives().iter().find(|directive| directive.mechanism == Mechanism::All);
    let qualifier = match all.map(|all| all.qualifier) {
        Some(strict @ (Qualifier::Fail | Qualifier::SoftFail)) => strict,
        _ => Qualifier::SoftFail,
    };
    let mut new = Record::new();
    for directive in record.directives().iter().filter(|directive| directive.mechanism != Mechanism::All) {
        new = new.with(directive.qualifier, directive.mechanism.clone());
    }
    // `all` makes a `redirect` void (RFC 7208 §6.1), so none is kept.
    let new = new.with(qualifier, Mechanism::All);
    record.explanation().map_or(new.clone(), |at| new.with_explanation(at.clone()))
}

/// Without the terms that name this domain.
fn without(record: &Record, domain: &str) -> Record {
    let is_other = |mechanism: &Mechanism| match mechanism {
        Mechanism::Include { domain: named } => !named.as_str().trim_end_matches('.').eq_ignore_ascii_case(domain),
        _ => true,
    };
    let mut new = copy(Record::new(), record, is_other);
    if record.redirect().is_some_and(|to| to.as_str().trim_end_matches('.').eq_ignore_ascii_case(domain)) {
        new = with_all(&copy(Record::new(), record, is_other));
    }
    new
}

fn replace(domain: &Domain, record: &Record) -> Mend {
    Mend::replace(&TxtRecord::spf(domain, record))
}

fn copy(new: Record, record: &Record, keep: impl Fn(&Mechanism) -> bool) -> Record {
    let kept = record.directives().iter().filter(|directive| keep(&directive.mechanism));
    let mut new = kept.fold(new, |new, directive| new.with(directive.qualifier, directive.mechanism.clone()));
    if let Some(to) = record.redirect() {
        new = new.with_redirect(to.clone());
    }
    if let Some(at) = record.explanation() {
        new = new.with_explanation(at.clone());
    }
    new
}

/// With a capital and a full stop.
fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    let first: String = chars.next().into_iter().flat_map(char::to_uppercase).collect();
    format!("{first}{}.", chars.as_str())
}

fn network(ip: IpAddr) -> Mechanism {
    match ip {
        IpAddr::V4(network) => Mechanism::Ip4 { network, prefix: 32 },
        IpAddr::V6(network) => Mechanism::Ip6 { network, prefix: 128 },
    }
}
