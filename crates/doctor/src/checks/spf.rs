//! SPF: the record with its tree, and whether each address passes.

use std::net::IpAddr;

use posthaste_auth::dmarc::organizational_domain;
use posthaste_auth::records::{Explain, Severity, SpfLint, lint_spf};
use posthaste_auth::spf::{self, Outcome, Query, Verdict};
use posthaste_types::{DnsName, Domain};

use super::spf_lint;
use super::spf_mend::Rewrite;
use crate::audit::Standing;
use crate::code::Code;
use crate::exam::{Exam, Report};
use crate::finding::Mend;

pub(super) async fn check(mut exam: Exam<'_>, domain: &Domain) -> Report {
    let lint = lint_spf(&exam.dns, domain, exam.room.by).await;
    tell(&mut exam, &lint);
    let (standing, refused) = addresses(&mut exam, domain).await;
    let wanting = wanting(&refused);
    let rewrite = Rewrite::new(&exam, domain, &lint, &wanting).await;
    spf_lint::find(&mut exam, &rewrite).await;
    let failed = !exam.dns.failures().is_empty();
    // Where the record itself is broken, that is told already, and is what is to be mended first.
    let broken = refused.iter().all(|(_, outcome)| matches!(outcome.verdict, Verdict::PermError | Verdict::None));
    let told = broken && exam.has_errors();
    if !refused.is_empty() && !told {
        refuse(&mut exam, &rewrite, &refused);
    }
    let standing = match standing {
        Some(standing) => standing,
        // Without addresses the record alone is looked at. One that lets everybody pass does harm, and passes.
        None if exam.has_errors_but(&[Code::SpfPassAll, Code::SpfWideNetwork]) => Standing::Broken,
        None if failed => Standing::Unknown,
        None => Standing::Met,
    };
    exam.learn("spf", standing);
    aligned(&mut exam, domain).await;
    exam.finish()
}

fn tell(exam: &mut Exam<'_>, lint: &SpfLint) {
    if lint.tree.is_empty() {
        return;
    }
    exam.fact(format_args!(
        "{} of {} DNS lookups, {} of {} find nothing",
        lint.lookups,
        SpfLint::MAX_LOOKUPS,
        lint.void_lookups,
        SpfLint::MAX_VOID_LOOKUPS
    ));
    for (depth, name, text) in &lint.tree {
        exam.fact(format_args!("{}{name}: {text}", "> ".repeat(*depth)));
    }
    let last = lint.record.iter().filter_map(|record| record.in_words().pop());
    last.for_each(|words| exam.fact(format_args!("ends in: {words}")));
}

type Refused = Vec<(IpAddr, Outcome)>;

/// How it stands with all addresses, `None` if there are none; and which of them do not pass.
async fn addresses(exam: &mut Exam<'_>, domain: &Domain) -> (Option<Standing>, Refused) {
    let mut refused: Refused = Vec::new();
    let mut worst = None;
    for ip in exam.room.sending.looked_at_ips() {
        let query = query(exam, domain, *ip);
        let outcome = spf::check(&exam.dns, exam.room.clock, &query, &settings(exam)).await;
        let standing = match outcome.verdict {
            Verdict::Pass => Standing::Met,
            Verdict::TempError => Standing::Unknown,
            _ => Standing::Broken,
        };
        worst = Some(worst.map_or(standing, |worst: Standing| worst.and(standing)));
        match standing {
            Standing::Met => exam.fact(format_args!("{ip} passes: {}", outcome.reason)),
            Standing::Unknown => unknown(exam, *ip, &outcome),
            _ => refused.push((*ip, outcome)),
        }
    }
    (worst, refused)
}

/// The addresses that want to stand in the record. One that breaks off does not get better by another network.
fn wanting(refused: &Refused) -> Vec<IpAddr> {
    let broken = refused.iter().all(|(_, outcome)| outcome.verdict == Verdict::PermError);
    if broken { Vec::new() } else { refused.iter().map(|(ip, _)| *ip).collect() }
}

fn query(exam: &Exam<'_>, domain: &Domain, ip: IpAddr) -> Query {
    let ehlo = exam.room.sending.ehlo_name().unwrap_or(domain.as_str());
    Query::mail_from(ip, ehlo, &format!("postmaster@{domain}"))
}

/// The limits of RFC 7208, within what is left of the audit's time.
pub(super) fn settings(exam: &Exam<'_>) -> spf::Settings {
    let mut settings = spf::Settings::default();
    let left = exam.room.by.since(exam.room.clock.tick());
    settings.limits.time = settings.limits.time.min(left);
    settings
}

fn refuse(exam: &mut Exam<'_>, rewrite: &Rewrite<'_>, refused: &Refused) {
    let Rewrite { domain, lint, .. } = rewrite;
    let list: Vec<String> = refused.iter().map(|(ip, _)| ip.to_string()).collect();
    let what = format!("SPF does not let {} send as {domain}.", list.join(", "));
    let own = lint.tree.first().map(|(_, name, text)| super::texts::seen(name, text.as_bytes()));
    let seen = refused.iter().map(|(ip, outcome)| format!("{ip}: {outcome}"));
    let finding = exam.finding(Severity::Error, Code::SpfNotPass, what).seen_all(seen).seen_all(own);
    let mut mends = rewrite.mends.clone();
    mends.push(match mends.is_empty() {
        true => Mend::step("Mend what else is found of the record, then look again."),
        false => Mend::step("Or, if this address should not send for you, find out why it does."),
    });
    exam.find(finding.mends(mends));
}

fn unknown(exam: &mut Exam<'_>, ip: IpAddr, outcome: &Outcome) {
    let what = format!("Whether SPF lets {ip} pass is not known.");
    let finding = exam.finding(Severity::Unknown, Code::NotKnown, what).seen(format_args!("{ip}: {outcome}"));
    exam.find(finding.mend(Mend::step("Run this again when the DNS answers.")));
}

/// SPF counts for DMARC only if the domain of MAIL FROM is of the same organisation as that of From.
async fn aligned(exam: &mut Exam<'_>, mail_from: &Domain) {
    let from = exam.room.sending.domain();
    let of = async |domain: &Domain| organizational_domain(&exam.dns, &DnsName::from(domain), exam.room.by).await;
    let (ours, theirs) = if mail_from == from { (None, None) } else { (of(from).await.ok(), of(mail_from).await.ok()) };
    let standing = match (mail_from == from, ours, theirs) {
        (true, _, _) => Standing::Met,
        (false, Some(ours), Some(theirs)) if ours == theirs => Standing::Met,
        (false, Some(_), Some(_)) => Standing::Broken,
        _ => Standing::Unknown,
    };
    exam.learn("spf-aligned", standing);
    if standing == Standing::Broken {
        let what = format!("SPF passes for {mail_from}, which is not of {from}: for DMARC, DKIM alone counts.");
        let finding = exam.finding(Severity::Note, Code::SpfNotAligned, what);
        let seen = format!("MAIL FROM {mail_from}, From {from}");
        let step = format!("Use a MAIL FROM below {from}, or see that every message has a DKIM signature of {from}.");
        exam.find(finding.seen(seen).mend(Mend::step(step)));
    }
}
