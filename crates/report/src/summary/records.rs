//! What to fix in the domain's records and hosts.

use std::time::Duration;

use super::advice::{Finding, FindingKind, MOST_EVIDENCE, Severity, finding, plural};
use super::domain::DomainSummary;
use super::sender::SenderName;
use crate::aggregate::{Policy, Testing};

pub(super) fn of_policy(domain: &DomainSummary) -> Option<Finding> {
    let policy = domain.policy.as_ref()?;
    let counts = &domain.counts;
    let days = domain.period.map_or(Duration::ZERO, |(begin, end)| end.since(begin)).as_secs() / 86_400;
    // What nobody vouches for is no reason against a policy: it is what the policy is for.
    let senders = domain.senders();
    let vouched = senders.iter().filter(|sender| !matches!(sender.name, SenderName::Network(_) | SenderName::Unknown));
    let failing = vouched.fold(0_u64, |sum, sender| sum.saturating_add(sender.counts.failing()));
    let ready = failing.saturating_mul(50) <= counts.passing && counts.passing >= ENOUGH_MESSAGES;
    let mut found;
    match policy.p {
        Some(Policy::None) if ready && days >= ENOUGH_DAYS => {
            found = finding(domain, FindingKind::PolicyCanBeEnforced, Severity::Note, counts.messages);
            found.what = format!(
                "The policy is p=none, and of the mail that anybody vouches for nearly all passes ({} messages, {days} days).",
                counts.passing
            );
            found.fix = format!(
                "Publish p=quarantine in the TXT record of _dmarc.{}, and p=reject some weeks later.",
                domain.name
            );
        }
        Some(Policy::Quarantine | Policy::Reject)
            if policy.testing == Some(Testing::Yes) || policy.pct.is_some_and(|share| share < 100) =>
        {
            found = finding(domain, FindingKind::PolicyIsPartial, Severity::Note, counts.messages);
            found.what = "The policy does not hold in full (t=y, or pct below 100).".to_owned();
            found.fix =
                format!("When the reports are quiet, take t and pct out of the TXT record of _dmarc.{}.", domain.name);
        }
        _ => return None,
    }
    Some(found)
}

pub(super) fn of_errors(domain: &DomainSummary) -> Option<Finding> {
    if domain.errors.is_empty() {
        return None;
    }
    let mut found = finding(domain, FindingKind::RecordErrors, Severity::Warning, domain.errors.total());
    found.what = "Receivers met errors when they read the DMARC record.".to_owned();
    found.fix = format!("Correct the TXT record of _dmarc.{}.", domain.name);
    found.evidence =
        domain.errors.top().iter().take(MOST_EVIDENCE).map(|(error, count)| format!("{error} ({count})")).collect();
    Some(found)
}

pub(super) fn of_tls(domain: &DomainSummary, findings: &mut Vec<Finding>) {
    let tls = &domain.tls;
    let mut kinds: Vec<(&str, u64, Vec<String>)> = Vec::new();
    for ((kind, host), count) in tls.failures.top() {
        let host = if host.is_empty() { "no host named" } else { host.as_str() };
        let evidence = format!("{host} ({count})");
        match kinds.iter_mut().find(|(known, ..)| known == kind) {
            Some((_, sum, hosts)) => {
                *sum = sum.saturating_add(count);
                hosts.push(evidence);
            }
            None => kinds.push((kind, count, vec![evidence])),
        }
    }
    for (kind, count, mut evidence) in kinds {
        // A tenth of all sessions is no accident.
        let grave = count.saturating_mul(10) >= tls.successful.saturating_add(tls.failed);
        let severity = if grave { Severity::Problem } else { Severity::Warning };
        let mut found = finding(domain, FindingKind::TlsFailures, severity, count);
        found.what =
            format!("{count} TLS {} to the domain's mail hosts failed: {kind}.", plural(count, "session", "sessions"));
        found.fix = tls_advice(kind, &domain.name);
        evidence.truncate(MOST_EVIDENCE);
        found.evidence = evidence;
        findings.push(found);
    }
    let without =
        tls.policies.top().iter().find(|(kind, _)| **kind == "no-policy-found").map_or(0, |(_, count)| *count);
    if without > 0 {
        let mut found = finding(domain, FindingKind::TlsWithoutPolicy, Severity::Note, without);
        found.what = format!("{without} TLS {} were under no policy.", plural(without, "session", "sessions"));
        found.fix =
            "Publish an MTA-STS policy, or TLSA records in a signed zone, so that senders insist on TLS.".to_owned();
        findings.push(found);
    }
}

/// By the result types of RFC 8460 §4.3.
fn tls_advice(kind: &str, domain: &str) -> String {
    match kind {
        "starttls-not-supported" => "Turn STARTTLS on at this host, and see whether a firewall strips it.".to_owned(),
        "certificate-host-mismatch" => "Give the host a certificate for its MX name.".to_owned(),
        "certificate-expired" => "Renew the certificate, and its renewal.".to_owned(),
        "certificate-not-trusted" => {
            "Serve a certificate of a public authority, with its intermediate certificates.".to_owned()
        }
        "tlsa-invalid" => {
            "Compare the TLSA records with the certificate; change the record first, then the key.".to_owned()
        }
        "dnssec-invalid" => "Mend the DNSSEC signatures of the zone.".to_owned(),
        "dane-required" => "Publish TLSA records, or see why they are gone.".to_owned(),
        "sts-policy-fetch-error" => format!(
            "Serve https://mta-sts.{domain}/.well-known/mta-sts.txt, or take the record of _mta-sts.{domain} away."
        ),
        "sts-policy-invalid" => format!("Correct the policy at https://mta-sts.{domain}/.well-known/mta-sts.txt."),
        "sts-webpki-invalid" => format!("Give mta-sts.{domain} a valid certificate."),
        _ => "See the hosts' logs of that time: TLS versions, ciphers and connections that break off.".to_owned(),
    }
}

/// A policy is not judged by less.
const ENOUGH_MESSAGES: u64 = 100;
const ENOUGH_DAYS: u64 = 14;
