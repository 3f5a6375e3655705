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
    let own = outcome.names.iter().map(|(name, _)| name).find(|name| is_own(exam, name)).map(ToString::to_string);
    let name = greeted(exam).or(own).unwrap_or_else(|| proposal(exam));
    let pointer = if outcome.names.is_empty() { Mend::Publish } else { Mend::Replace };
    exam.find(finding.mends(called(ip, &name, pointer)));
}

/// An address and its name lead to each other then.
fn called(ip: IpAddr, name: &str, pointer: fn(String) -> Mend) -> [Mend; 3] {
    let (kind, reverse) = (if ip.is_ipv4() { "A" } else { "AAAA" }, DnsName::reverse(ip));
    [
        Mend::Publish(format!("{name}. IN {kind} {ip}")),
        Mend::step("Have whoever gave you the address (your hoster or network) set its reverse DNS:"),
        pointer(format!("{reverse}. IN PTR {name}.")),
    ]
}

/// The name of EHLO, if it is one: the address should be called so.
fn greeted(exam: &Exam<'_>) -> Option<String> {
    let name = Domain::parse(exam.room.sending.ehlo_name()?.trim_end_matches('.')).ok()?;
    name.as_str().contains('.').then(|| name.to_string())
}

fn proposal(exam: &Exam<'_>) -> String {
    format!("mail.{}", exam.room.sending.domain())
}

fn named(exam: &mut Exam<'_>, ip: IpAddr, name: &DnsName) {
    let own = is_own(exam, name);
    exam.learn("own-ptr", if own { Standing::Met } else { Standing::Broken });
    let reverse = DnsName::reverse(ip);
    let mends = called(ip, &greeted(exam).unwrap_or_else(|| proposal(exam)), Mend::Replace);
    if is_generic(ip, name) {
        let what = format!("{name} looks like the name of an end user's connection. Many receivers refuse such hosts.");
        let finding = exam.finding(Severity::Warning, Code::PtrGeneric, what);
        exam.find(finding.seen(format_args!("{reverse} PTR {name}")).mends(mends));
    } else if !own {
        let what = format!("{name} lies in a domain other than yours. That is usual where a service sends for you.");
        let finding = exam.finding(Severity::Note, Code::PtrForeign, what);
        exam.find(finding.seen(format_args!("{reverse} PTR {name}")).mends(mends));
    }
}

/// Whether a name lies in the domain, or both in one. See [`registered_labels`] for where domains begin.
fn is_own(exam: &Exam<'_>, name: &DnsName) -> bool {
    let sending = exam.room.sending;
    [sending.domain(), sending.mail_from_domain()].into_iter().any(|domain| {
        let domain = DnsName::from(domain);
        let registered = |of: &DnsName| {
            let labels: Vec<&str> = of.as_str().split('.').collect();
            labels.get(labels.len().saturating_sub(registered_labels(&labels))..).map(|last| last.join("."))
        };
        name.is_within(&domain) || domain.is_within(name) || registered(name) == registered(&domain)
    })
}

/// How many labels make a domain that somebody registered: two, and three below `co.uk` and its like.
fn registered_labels(labels: &[&str]) -> usize {
    match labels {
        [.., second, country] if country.len() == 2 && SECOND_LEVEL.contains(second) => 3,
        _ => 2,
    }
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

/// Names below countries that are not registered themselves.
const SECOND_LEVEL: &[&str] = &["ac", "co", "com", "edu", "go", "gob", "gov", "gv", "ne", "net", "nom", "or", "org"];

const WORDS: &[&str] = &["adsl", "cable", "dhcp", "dialup", "dsl", "dyn", "dynamic", "pool", "ppp", "pppoe"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn domains_below_a_country_are_registered_under_three_labels() {
        for (name, labels) in [("mail.example.com", 2), ("mail.example.co.uk", 3), ("mail.example.uk", 2), ("co.uk", 3)]
        {
            assert_eq!(registered_labels(&name.split('.').collect::<Vec<_>>()), labels, "{name}");
        }
    }

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
