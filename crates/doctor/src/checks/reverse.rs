//! The name of a sending address.

use std::net::IpAddr;

use posthaste_auth::iprev::{self, Forward, Verdict};
use posthaste_auth::records::Severity;
use posthaste_types::{DnsName, Domain};

use crate::audit::Standing;
use crate::code::Code;
use crate::exam::{Exam, Report};
use crate::finding::Mend;

pub(super) async fn check(mut exam: Exam<'_>, ip: IpAddr) -> Report {
    if let Some(class) = super::hosts::inward(ip) {
        let what = format!("{ip} is not an address of the public Internet ({class}), so receivers never see it.");
        let finding = exam.finding(Severity::Error, Code::AddressInward, what);
        exam.find(finding.mend(Mend::step("Give the public address that your mail leaves from.")));
    }
    let outcome = iprev::check(&exam.dns, ip, exam.room.by).await;
    let standing = match outcome.verdict {
        Verdict::Pass => Standing::Met,
        Verdict::TempError => Standing::Unknown,
        Verdict::Fail | Verdict::PermError => Standing::Broken,
    };
    exam.learn("ptr", standing);
    match (outcome.verdict, outcome.name()) {
        (Verdict::Pass, Some(name)) => {
            exam.fact(format_args!("{ip} is {name}, and {name} is {ip}"));
            named(&mut exam, ip, name);
        }
        (Verdict::Fail | Verdict::PermError, _) => unnamed(&mut exam, &outcome),
        _ => exam.learn("own-ptr", Standing::Unknown),
    }
    exam.finish()
}

fn unnamed(exam: &mut Exam<'_>, outcome: &iprev::Outcome) {
    exam.learn("own-ptr", Standing::Broken);
    let ip = outcome.ip;
    let reverse = DnsName::reverse(ip);
    let finding = if outcome.names.is_empty() {
        let what = format!("{ip} has no name (PTR record). Most receivers refuse mail from such addresses.");
        exam.finding(Severity::Error, Code::PtrMissing, what).seen(format_args!("{reverse} PTR: no such record"))
    } else {
        let what = format!("The name of {ip} does not lead back to it, so receivers do not believe it.");
        let seen = outcome.names.iter().map(|(name, forward)| {
            let leads = match forward {
                Forward::Back => "leads back",
                Forward::Elsewhere => "leads to other addresses",
                Forward::Nowhere => "has no address",
                Forward::Unknown => "is not known",
            };
            format!("{reverse} PTR {name}, which {leads}")
        });
        exam.finding(Severity::Error, Code::PtrMismatch, what).seen_all(seen)
    };
    let name = wanted(exam, outcome);
    let pointer = if outcome.names.is_empty() { Mend::Publish } else { Mend::Replace };
    let kind = if ip.is_ipv4() { "A" } else { "AAAA" };
    let mends = [
        Mend::Publish(format!("{name}. IN {kind} {ip}")),
        Mend::step("Have whoever gave you the address (your hoster or network) set its reverse DNS:"),
        pointer(format!("{reverse}. IN PTR {name}.")),
    ];
    exam.find(finding.mends(mends));
}

/// The name that the address should have: that of EHLO, the one that it has, or a proposal.
fn wanted(exam: &Exam<'_>, outcome: &iprev::Outcome) -> String {
    let sending = exam.room.sending;
    let ehlo = sending.ehlo_name().and_then(|name| Domain::parse(name).ok());
    let own = outcome.names.iter().map(|(name, _)| name).find(|name| is_own(exam, name));
    let proposal = || format!("mail.{}", sending.domain());
    ehlo.map(|name| name.to_string()).or_else(|| own.map(ToString::to_string)).unwrap_or_else(proposal)
}

fn named(exam: &mut Exam<'_>, ip: IpAddr, name: &DnsName) {
    let own = is_own(exam, name);
    exam.learn("own-ptr", if own { Standing::Met } else { Standing::Broken });
    let reverse = DnsName::reverse(ip);
    let proposal = format!("mail.{}", exam.room.sending.domain());
    let ask = || {
        [
            Mend::step(
                "Have whoever gave you the address set its reverse DNS to a name of yours that leads back to it:",
            ),
            Mend::Replace(format!("{reverse}. IN PTR {proposal}.")),
        ]
    };
    if is_generic(ip, name) {
        let what = format!("{name} looks like the name of an end user's connection. Many receivers refuse such hosts.");
        let finding = exam.finding(Severity::Warning, Code::PtrGeneric, what);
        exam.find(finding.seen(format_args!("{reverse} PTR {name}")).mends(ask()));
    } else if !own {
        let what = format!("{name} lies in a domain other than yours. That is usual where a service sends for you.");
        let finding = exam.finding(Severity::Note, Code::PtrForeign, what);
        exam.find(finding.seen(format_args!("{reverse} PTR {name}")).mends(ask()));
    }
}

/// Whether a name lies in the domain, or both in one. Two labels are taken as the domain that somebody registered.
fn is_own(exam: &Exam<'_>, name: &DnsName) -> bool {
    let sending = exam.room.sending;
    [sending.domain(), sending.mail_from_domain()].into_iter().any(|domain| {
        let domain = DnsName::from(domain);
        let registered = |of: &DnsName| {
            let labels: Vec<&str> = of.as_str().split('.').collect();
            labels.get(labels.len().saturating_sub(2)..).map(|last| last.join("."))
        };
        name.is_within(&domain) || domain.is_within(name) || registered(name) == registered(&domain)
    })
}

/// Whether the octets of the address stand in its name, or a word that networks use for end users.
fn is_generic(ip: IpAddr, name: &DnsName) -> bool {
    let first = name.as_str();
    let words = first.split(['.', '-', '_']);
    let is_word = |word: &str| WORDS.contains(&word.trim_end_matches(|c: char| c.is_ascii_digit()));
    let IpAddr::V4(v4) = ip else { return words.into_iter().any(is_word) };
    let [a, b, c, d] = v4.octets().map(|octet| octet.to_string());
    let forms = ["-", ".", "_"].map(|by| [[&*a, &b, &c, &d].join(by), [&*d, &c, &b, &a].join(by)]);
    words.into_iter().any(is_word) || forms.as_flattened().iter().any(|form| first.contains(form.as_str()))
}

const WORDS: &[&str] = &["adsl", "cable", "dhcp", "dialup", "dsl", "dyn", "dynamic", "pool", "ppp", "pppoe"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_end_users_are_known_by_their_address_or_a_word() {
        let ip: IpAddr = "192.0.2.25".parse().unwrap();
        for (name, generic) in [
            ("mail.example.com", false),
            ("mta25.example.com", false),
            ("poole.example.com", false),
            ("192-0-2-25.isp.example", true),
            ("25.2.0.192.isp.example", true),
            ("host.dyn.isp.example", true),
            ("dhcp7.isp.example", true),
        ] {
            assert_eq!(is_generic(ip, &name.parse().unwrap()), generic, "{name}");
        }
    }
}
