//! DANE: the TLSA records of the mail hosts.

use posthaste_auth::dane::{self, Association};
use posthaste_auth::records::Severity;
use posthaste_dns::{Dnssec, Presence, RecordData, RecordKind, Resolve, ResolveExt, Tlsa};
use posthaste_types::DnsName;

use super::hosts;
use crate::code::Code;
use crate::exam::{Exam, Report};
use crate::finding::{Finding, Mend};
use crate::topic::Topic;

pub(super) async fn check(mut exam: Exam<'_>) -> Report {
    let Ok((names, found)) = hosts::ask(&exam, exam.room.sending.domain()).await else { return exam.finish() };
    let mut without = Vec::new();
    for host in &names {
        if !look(&mut exam, host, found.dnssec).await {
            without.push(host.as_str());
        }
    }
    if !without.is_empty() {
        exam.fact(format_args!("no TLSA record of {}", without.join(", ")));
    }
    exam.finish()
}

/// Whether the host has records.
async fn look(exam: &mut Exam<'_>, host: &DnsName, of_mx: Dnssec) -> bool {
    let Ok(name) = dane::record_name(25, host) else { return false };
    let Ok(answer) = exam.dns.resolve(&name, RecordKind::Tlsa, exam.room.by).await else { return true };
    if answer.presence() != Presence::Found {
        return false;
    }
    let records: Vec<&Tlsa> = answer
        .records()
        .iter()
        .filter_map(|data| match data {
            RecordData::Tlsa(record) => Some(record),
            _ => None,
        })
        .collect();
    let seen: Vec<String> = records.iter().map(|record| line(&name, record)).collect();
    // RFC 7672 §2.1, §2.2: MX, addresses and TLSA must all be secure.
    let Ok(addresses) = exam.dns.addresses(host, exam.room.by).await else { return true };
    let status = of_mx.and(addresses.dnssec).and(answer.dnssec());
    let finding = |severity, code, what: String| Finding::new(severity, Topic::Dane, code, &name, what).seen_all(&seen);
    match status {
        Dnssec::Insecure => {
            let what = format!(
                "{host} has TLSA records that nobody believes, for not all of MX, address and TLSA are signed."
            );
            let step = "Have all zones on the way signed (DNSSEC), or take the TLSA records away.";
            exam.find(finding(Severity::Warning, Code::DaneInsecure, what).mend(Mend::step(step)));
        }
        Dnssec::Indeterminate => {
            let what = format!(
                "Whether the TLSA records of {host} can be believed is not known: this resolver checks no signatures."
            );
            let step = "Ask through a resolver that validates.";
            exam.find(finding(Severity::Note, Code::DnssecNotChecked, what).mend(Mend::step(step)));
        }
        Dnssec::Secure => exam.fact(format_args!("{host} has signed TLSA records")),
    }
    usable(exam, host, &name, &records, &seen);
    true
}

fn usable(exam: &mut Exam<'_>, host: &DnsName, name: &DnsName, records: &[&Tlsa], seen: &[String]) {
    if records.iter().any(|record| Association::of(record).is_ok()) {
        seen.iter().for_each(|line| exam.fact(line));
        return;
    }
    let what =
        format!("No TLSA record of {host} can be used for mail (RFC 7672 §3.1): senders encrypt and do not verify.");
    let finding = Finding::new(Severity::Warning, Topic::Dane, Code::DaneUnusable, name, what).seen_all(seen);
    let mends = [
        Mend::Replace(format!("{name}. IN TLSA 3 1 1 <SHA-256 of the public key of the certificate>")),
        Mend::step(
            "The digest: openssl x509 -in cert.pem -pubkey -noout | openssl pkey -pubin -outform DER | sha256sum",
        ),
    ];
    exam.find(finding.mends(mends));
}

fn line(name: &DnsName, record: &Tlsa) -> String {
    let Tlsa { usage, selector, matching, .. } = record;
    let data: String = record.data.iter().map(|octet| format!("{octet:02x}")).collect();
    format!("{name}. IN TLSA {usage} {selector} {matching} {data}")
}
