//! The name that the sending hosts say.

use std::net::IpAddr;

use posthaste_auth::records::{Severity, TxtRecord};
use posthaste_auth::spf::{self, Query, Verdict};
use posthaste_dns::{RecordKind, ResolveExt};
use posthaste_types::{DnsName, Domain};

use super::{spf_mend, texts};
use crate::code::Code;
use crate::exam::{Exam, Report};
use crate::finding::Mend;

pub(super) async fn check(mut exam: Exam<'_>, name: &str) -> Report {
    // RFC 5321 §4.1.1.1: a fully qualified name.
    let domain = Domain::parse(name.trim_end_matches('.')).ok().filter(|domain| domain.as_str().contains('.'));
    let Some(domain) = domain else {
        let what = "The EHLO name is no fully qualified domain name (RFC 5321 §4.1.1.1). Many receivers refuse others.";
        let finding = exam.finding(Severity::Error, Code::EhloInvalid, what).seen(format_args!("EHLO {name}"));
        let proposal =
            format!("Set the name of the sending host to one with an address, as mail.{}.", exam.room.sending.domain());
        exam.find(finding.mend(Mend::step(proposal)));
        return exam.finish();
    };
    resolves(&mut exam, &domain).await;
    for ip in exam.room.sending.looked_at_ips() {
        names(&mut exam, &domain, *ip).await;
    }
    // Of the domain of MAIL FROM, SPF is looked at already.
    if domain != *exam.room.sending.mail_from_domain() {
        may(&mut exam, &domain).await;
    }
    exam.finish()
}

async fn resolves(exam: &mut Exam<'_>, domain: &Domain) {
    let name = DnsName::from(domain);
    let Ok(found) = exam.dns.addresses(&name, exam.room.by).await else { return };
    let ips = exam.room.sending.looked_at_ips();
    if found.values.is_empty() {
        let what = format!("The EHLO name {domain} has no address. Many receivers refuse such hosts.");
        let finding =
            exam.finding(Severity::Error, Code::EhloUnresolved, what).seen(texts::none(&name, "A, AAAA", &found));
        exam.find(finding.mends(ips.iter().map(|ip| address(domain, *ip))));
        return;
    }
    let list: Vec<String> = found.values.iter().map(ToString::to_string).collect();
    exam.fact(format_args!("{domain} {}", list.join(" ")));
    let missing: Vec<IpAddr> = ips.iter().copied().filter(|ip| !found.values.contains(ip)).collect();
    if missing.is_empty() || found.incomplete.is_some() {
        return;
    }
    let what = format!("The EHLO name {domain} does not lead to every address that sends with it.");
    let finding = exam.finding(Severity::Warning, Code::EhloElsewhere, what);
    let seen = missing.iter().map(|ip| format!("{ip} is not among the addresses of {domain}: {}", list.join(" ")));
    exam.find(finding.seen_all(seen).mends(missing.iter().map(|ip| address(domain, *ip))));
}

/// Whether the address is called so.
async fn names(exam: &mut Exam<'_>, domain: &Domain, ip: IpAddr) {
    let Ok(found) = exam.dns.ptr(ip, exam.room.by).await else { return };
    if found.values.is_empty() || found.values.iter().any(|name| name.as_str() == domain.as_str()) {
        return;
    }
    let reverse = DnsName::reverse(ip);
    let what = format!("{ip} greets as {domain} and is called otherwise. Equal names are trusted more.");
    let seen = found.values.iter().map(|name| format!("{reverse} PTR {name}"));
    let finding = exam.finding(Severity::Note, Code::EhloOtherName, what).seen_all(seen);
    exam.find(finding.mend(Mend::Replace(format!("{reverse}. IN PTR {domain}."))));
}

/// RFC 7208 §2.3: what SPF says of the name itself.
async fn may(exam: &mut Exam<'_>, domain: &Domain) {
    let mut refused = Vec::new();
    for ip in exam.room.sending.looked_at_ips() {
        let query = Query::helo(*ip, domain.as_str());
        let outcome = spf::check(&exam.dns, exam.room.clock, &query, &super::spf::settings(exam)).await;
        match outcome.verdict {
            Verdict::Pass => exam.fact(format_args!("SPF of {domain} lets {ip} pass")),
            Verdict::Fail | Verdict::SoftFail | Verdict::PermError => refused.push((*ip, outcome)),
            // RFC 7208 §10.1.3: a host name needs no record; it would only help where MAIL FROM is empty.
            _ => {}
        }
    }
    if refused.is_empty() {
        return;
    }
    let ips: Vec<IpAddr> = refused.iter().map(|(ip, _)| *ip).collect();
    let list: Vec<String> = ips.iter().map(ToString::to_string).collect();
    let what = format!("SPF of the EHLO name {domain} does not let {} pass.", list.join(", "));
    let seen = refused.iter().map(|(ip, outcome)| format!("{ip}: {outcome}"));
    let finding = exam.finding(Severity::Warning, Code::EhloSpf, what).seen_all(seen);
    let is_read = refused.iter().all(|(_, outcome)| outcome.verdict != Verdict::PermError);
    // The name may send mail itself: what its record says already stays.
    let found = texts::ask(exam, &DnsName::from(domain)).await;
    let record = found.ok().filter(|_| is_read).and_then(|found| spf_mend::with_ips(&found.values, &ips));
    let mend = match record {
        Some(record) => Mend::replace(&TxtRecord::spf(domain, &record)),
        None => Mend::step(format_args!("Correct the SPF record of {domain}, or have the host greet by another name.")),
    };
    exam.find(finding.mend(mend));
}

fn address(domain: &Domain, ip: IpAddr) -> Mend {
    let kind = if ip.is_ipv4() { RecordKind::A } else { RecordKind::Aaaa };
    Mend::Publish(format!("{domain}. IN {kind} {ip}"))
}
