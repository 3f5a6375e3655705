//! SPF records that mend.

use std::net::IpAddr;

use posthaste_auth::records::{SpfLint, TxtRecord, flatten_spf};
use posthaste_auth::spf::{Mechanism, Qualifier, Record};
use posthaste_types::{DnsName, Domain};

use super::texts;
use crate::exam::Exam;
use crate::finding::Mend;

/// The first record of a domain.
pub(super) fn first(domain: &Domain, ips: &[IpAddr]) -> Vec<Mend> {
    let all = |record: Record| record.with(Qualifier::SoftFail, Mechanism::All);
    let record = match ips {
        [] => Record::parse(b"v=spf1 mx ~all").unwrap_or_default(),
        ips => all(ips.iter().fold(Record::new(), |record, ip| record.with(Qualifier::Pass, network(*ip)))),
    };
    vec![
        Mend::publish(&TxtRecord::spf(domain, &record)),
        Mend::step("Add every other service that sends for you before you publish it."),
    ]
}

/// The record with more addresses, in front.
pub(super) fn with_ips(domain: &Domain, record: &Record, ips: &[IpAddr]) -> Vec<Mend> {
    let new = ips.iter().fold(Record::new(), |new, ip| new.with(Qualifier::Pass, network(*ip)));
    let longer = copy(new, record, |_| true);
    vec![replace(domain, &longer), Mend::step("Or, if this address should not send for you, find out why it does.")]
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
    vec![replace(domain, &one.with(Qualifier::SoftFail, Mechanism::All))]
}

/// The record with fewer lookups, if it can be had.
pub(super) async fn fewer(exam: &Exam<'_>, domain: &Domain, lint: &SpfLint) -> Vec<Mend> {
    let mut mends = vec![Mend::step(
        "Take out the includes of services that no longer send for you, or give one a subdomain of its own as MAIL FROM.",
    )];
    if let Ok(flat) = flatten_spf(&exam.dns, domain, exam.room.by).await
        && flat.lookups <= SpfLint::MAX_LOOKUPS as usize
        && flat.record.to_string().len() <= SpfLint::SAFE_OCTETS
        && lint.record.as_ref().is_some_and(|record| *record != flat.record)
    {
        mends.push(Mend::step("Or write the networks of others into the record. The price:"));
        mends.extend(flat.warnings().iter().map(|warning| Mend::step(sentence(warning))));
        mends.push(replace(domain, &flat.record));
    }
    mends
}

/// The domain's own record, changed; `None` if it cannot be read.
pub(super) fn own_record(lint: &SpfLint, change: impl FnOnce(&Record) -> Record) -> Option<Record> {
    lint.record.as_ref().map(change)
}

/// Ends in `~all`, and has nothing behind it.
pub(super) fn with_all(record: &Record) -> Record {
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
pub(super) fn without(record: &Record, domain: &str) -> Record {
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

pub(super) fn without_ptr(record: &Record) -> Record {
    copy(Record::new(), record, |mechanism| !matches!(mechanism, Mechanism::Ptr { .. }))
}

pub(super) fn replace(domain: &Domain, record: &Record) -> Mend {
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
