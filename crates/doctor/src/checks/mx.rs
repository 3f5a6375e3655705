//! Mail hosts: where bounces and answers go.

use posthaste_auth::records::Severity;
use posthaste_dns::{Found, Mx, Presence, RecordKind, Resolve, ResolveExt};
use posthaste_types::{DnsName, Domain};

use super::{hosts, texts};
use crate::audit::Standing;
use crate::code::Code;
use crate::exam::{Exam, Report};
use crate::finding::Mend;

pub(super) async fn check(mut exam: Exam<'_>, domain: &Domain) -> Report {
    let standing = takes_mail(&mut exam, domain).await;
    exam.learn("sender-domain", standing);
    exam.finish()
}

async fn takes_mail(exam: &mut Exam<'_>, domain: &Domain) -> Standing {
    let Ok((names, found)) = hosts::ask(exam, domain).await else { return Standing::Unknown };
    if found.presence == Presence::NxDomain {
        return missing_domain(exam, domain, &found);
    }
    if found.values.iter().any(Mx::is_null) {
        return null_mx(exam, domain, &found);
    }
    if names.is_empty() {
        return implicit(exam, domain, &found).await;
    }
    let mut standings = Vec::new();
    for name in &names {
        standings.push(host(exam, name).await);
    }
    // One host that can be reached is enough for mail to arrive.
    let standing = standings.into_iter().reduce(Standing::or).unwrap_or(Standing::Unknown);
    if standing == Standing::Met {
        exam.soften(Code::MxNoAddress);
    }
    standing
}

fn missing_domain(exam: &mut Exam<'_>, domain: &Domain, found: &Found<Mx>) -> Standing {
    let name = DnsName::from(domain);
    let what = format!("{domain} does not exist. Receivers refuse mail from domains that do not exist.");
    let finding = exam.finding(Severity::Error, Code::DomainMissing, what).seen(texts::none(&name, "MX", found));
    let mend = Mend::step(format_args!(
        "Register {domain}, or publish an MX record for it. See whether the name is spelt rightly."
    ));
    exam.find(finding.mend(mend));
    Standing::Broken
}

fn null_mx(exam: &mut Exam<'_>, domain: &Domain, found: &Found<Mx>) -> Standing {
    let seen = found.values.iter().map(|mx| line(domain, mx));
    let finding = if found.values.len() > 1 {
        let what = format!("{domain} has a null MX beside other mail hosts, which RFC 7505 forbids.");
        exam.finding(Severity::Error, Code::MxNullAmongOthers, what)
    } else {
        let what = format!(
            "{domain} says that it takes no mail (null MX), and sends. Bounces cannot come back, and receivers refuse such \
             senders (RFC 7505)."
        );
        exam.finding(Severity::Error, Code::NullMx, what)
    };
    let mends = [
        Mend::Remove(format!("{domain}. IN MX 0 .")),
        Mend::step(format_args!(
            "See that an MX record of {domain} names the host that takes its bounces and answers."
        )),
    ];
    exam.find(finding.seen_all(seen).mends(mends));
    Standing::Broken
}

async fn implicit(exam: &mut Exam<'_>, domain: &Domain, found: &Found<Mx>) -> Standing {
    let name = DnsName::from(domain);
    let Ok(addresses) = exam.dns.addresses(&name, exam.room.by).await else { return Standing::Unknown };
    let seen = texts::none(&name, "MX", found);
    let publish = Mend::Publish(format!("{domain}. IN MX 10 mail.{domain}."));
    let step = Mend::step(format_args!("Write the name of the host that takes your mail for mail.{domain}."));
    if addresses.values.is_empty() {
        let what = format!("{domain} has neither mail hosts nor an address: bounces and answers cannot come back.");
        let finding = exam.finding(Severity::Error, Code::MxMissing, what);
        exam.find(finding.seen(seen).seen(format_args!("{name} A, AAAA: no such record")).mend(publish).mend(step));
        return Standing::Broken;
    }
    let what = format!("{domain} names no mail host, so bounces and answers go to its own address.");
    let finding = exam.finding(Severity::Warning, Code::MxImplicit, what).seen(seen);
    let evidence = addresses.values.iter().map(|ip| format!("{name}: {ip}"));
    exam.find(finding.seen_all(evidence).mend(publish).mend(step));
    Standing::Met
}

/// Whether mail can arrive at this host.
async fn host(exam: &mut Exam<'_>, name: &DnsName) -> Standing {
    let Ok(found) = exam.dns.addresses(name, exam.room.by).await else { return Standing::Unknown };
    let list: Vec<String> = found.values.iter().map(ToString::to_string).collect();
    let addresses = if list.is_empty() { "has no address".to_owned() } else { list.join(" ") };
    exam.fact(format_args!("{name} {addresses}"));
    if !found.chain.is_empty() {
        alias(exam, name, &found.chain).await;
    }
    if found.values.is_empty() {
        let what = format!("The mail host {name} has no address, so no mail arrives there.");
        let finding = exam.finding(Severity::Error, Code::MxNoAddress, what).seen(texts::none(name, "A, AAAA", &found));
        let mend = Mend::step(format_args!("Publish an A record for {name}, or take it out of the MX records."));
        exam.find(finding.mend(mend));
        return Standing::Broken;
    }
    let inward = found.values.iter().filter_map(|ip| Some(format!("{name}: {ip} ({})", hosts::inward(*ip)?)));
    let inward: Vec<String> = inward.collect();
    if inward.is_empty() {
        return Standing::Met;
    }
    let all = inward.len() == found.values.len();
    let what = format!("The mail host {name} has an address that is not of the public Internet.");
    let finding = exam.finding(Severity::Warning, Code::MxInward, what).seen_all(inward);
    exam.find(finding.mend(Mend::step(format_args!("Publish the public address of {name}."))));
    if all { Standing::Broken } else { Standing::Met }
}

async fn alias(exam: &mut Exam<'_>, name: &DnsName, chain: &[DnsName]) {
    // The A record may stand at an alias and the AAAA record not; the CNAME itself decides.
    let Ok(answer) = exam.dns.resolve(name, RecordKind::Cname, exam.room.by).await else { return };
    if answer.presence() != Presence::Found {
        return;
    }
    let what = format!("The mail host {name} is an alias, which RFC 2181 §10.3 forbids; some senders do not deliver.");
    let to = chain.last().map(ToString::to_string).unwrap_or_default();
    let seen: Vec<String> = chain.iter().map(|target| format!("{name} CNAME {target}")).collect();
    let finding = exam.finding(Severity::Warning, Code::MxAlias, what).seen_all(seen);
    exam.find(finding.mend(Mend::step(format_args!("Name {to} in the MX record, in the place of {name}."))));
}

fn line(domain: &Domain, mx: &Mx) -> String {
    format!("{domain}. IN MX {} {}", mx.preference, mx.exchange)
}
