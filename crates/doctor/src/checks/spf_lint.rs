//! What the lint of SPF finds, with its mend.

use posthaste_auth::records::{Finding as LintFinding, Problem, SpfLint};
use posthaste_auth::spf::{Action, Answered, Query, Record, check};
use posthaste_dns::RecordKind;
use posthaste_types::{DnsName, Domain};

use super::spf_mend::{self, Rewrite};
use super::texts;
use crate::code::Code;
use crate::exam::Exam;
use crate::finding::{Finding, Mend};

pub(super) async fn find(exam: &mut Exam<'_>, rewrite: &Rewrite<'_>) {
    let Rewrite { domain, lint, .. } = rewrite;
    for found in &lint.findings {
        // What had no answer is told at the end; that a text is written in two strings needs no mend.
        if matches!(found.problem, Problem::Dns | Problem::Split { .. }) {
            continue;
        }
        let (code, what) = words(domain, found);
        let finding = Finding::new(found.severity, crate::Topic::Spf, code, &found.about, what);
        let seen = seen(exam, domain, lint, found).await;
        let mends = mends(exam, rewrite, found).await;
        exam.find(finding.seen_all(seen).mends(mends));
    }
}

fn words(domain: &Domain, found: &LintFinding) -> (Code, String) {
    let about = &found.about;
    let own = about.as_str() == domain.as_str();
    match &found.problem {
        Problem::Missing => (Code::SpfMissing, format!("{domain} has no SPF record, so no address may send for it.")),
        Problem::Several => {
            (Code::SpfSeveral, format!("{about} has more than one SPF record, so receivers use none of them."))
        }
        Problem::Syntax(error) => (Code::SpfSyntax, format!("The SPF record of {about} cannot be read: {error}.")),
        Problem::Lookups { count, limit } => (
            Code::SpfLookups,
            format!("The SPF record needs {count} DNS lookups. Receivers make {limit} and then fail the check."),
        ),
        Problem::VoidLookups { count, limit } => (
            Code::SpfVoidLookups,
            format!("{count} lookups of the SPF record find nothing. Receivers bear {limit} and then fail the check."),
        ),
        Problem::Dangling => {
            (Code::SpfDangling, format!("The SPF record includes {about}, which has none, so the check fails."))
        }
        Problem::Loop => {
            (Code::SpfLoop, format!("The SPF record of {about} leads back to itself, so the check fails."))
        }
        Problem::PassAll if own => (Code::SpfPassAll, format!("`+all` lets everybody send as {domain}.")),
        Problem::PassAll => {
            (Code::SpfPassAll, format!("The record of {about}, which is included, lets everybody send as {domain}."))
        }
        Problem::NoAll => {
            (Code::SpfNoAll, "The SPF record does not end in `all`, so it says nothing of strangers.".into())
        }
        Problem::NeutralAll => {
            (Code::SpfNeutralAll, "`?all` says nothing of strangers: it is as if it were not there.".into())
        }
        Problem::Unreachable => {
            (Code::SpfUnreachable, format!("Of the SPF record of {about} a part stands where nobody reads."))
        }
        Problem::Ptr => (
            Code::SpfPtr,
            format!("The SPF record of {about} uses `ptr`, which is slow and not to be used (RFC 7208 §5.5)."),
        ),
        Problem::MxNames => (
            Code::SpfMxNames,
            format!("An `mx` of the SPF record of {about} has more than ten hosts, so the check fails."),
        ),
        Problem::Long { octets } => (
            Code::SpfLong,
            format!("The SPF record of {about} has {octets} octets; over 450 an answer may not fit a datagram."),
        ),
        Problem::WideNetwork => (
            Code::SpfWideNetwork,
            format!("The SPF record of {about} names a network so wide that strangers send as {domain} from it."),
        ),
        Problem::UnknownModifier => (
            Code::SpfUnknownModifier,
            format!("The SPF record of {about} has a modifier that nobody knows, and which receivers pass over."),
        ),
        other => (Code::SpfOther, format!("{about}: {other}.")),
    }
}

async fn seen(exam: &Exam<'_>, domain: &Domain, lint: &SpfLint, found: &LintFinding) -> Vec<String> {
    let Ok(about) = DnsName::parse(found.about.as_str()) else { return Vec::new() };
    match &found.problem {
        Problem::Lookups { .. } => {
            lint.tree.iter().map(|(depth, name, text)| format!("{}{name}: {text}", "> ".repeat(*depth))).collect()
        }
        Problem::VoidLookups { .. } => void(exam, domain).await,
        _ => {
            let Ok(found) = texts::ask(exam, &about).await else { return Vec::new() };
            let records: Vec<String> =
                found.values.iter().filter(|text| Record::is_one(text)).map(|text| texts::seen(&about, text)).collect();
            if records.is_empty() { vec![texts::none(&about, "TXT \"v=spf1 ...\"", &found)] } else { records }
        }
    }
}

/// Which lookups find nothing: a check of an address that nobody has comes to all of them, or to the limit.
async fn void(exam: &Exam<'_>, domain: &Domain) -> Vec<String> {
    let query = Query::mail_from([192, 0, 2, 0].into(), domain.as_str(), &format!("postmaster@{domain}"));
    let mut settings = super::spf::settings(exam);
    settings.limits.void_lookups = u32::MAX;
    let outcome = check(&exam.dns, exam.room.clock, &query, &settings).await;
    let nothing = outcome.trace.iter().filter_map(|step| match &step.action {
        Action::Asked { name, kind, answer: answer @ (Answered::NoData | Answered::NxDomain) }
            if *kind != RecordKind::Txt =>
        {
            Some(format!("{name} {kind}: {answer} (record of {})", step.domain))
        }
        _ => None,
    });
    nothing.collect()
}

async fn mends(exam: &Exam<'_>, rewrite: &Rewrite<'_>, found: &LintFinding) -> Vec<Mend> {
    let domain = rewrite.domain;
    let own = found.about.as_str() == domain.as_str();
    let about = &found.about;
    let or = |mends: Vec<Mend>, step: String| if mends.is_empty() { vec![Mend::step(step)] } else { mends };
    match &found.problem {
        Problem::Missing => spf_mend::first(domain, exam.room.sending.looked_at_ips()),
        Problem::Several if own => spf_mend::merged(exam, domain).await,
        Problem::Lookups { .. } => spf_mend::fewer(exam, rewrite).await,
        Problem::VoidLookups { .. } => {
            vec![Mend::step("Take the terms that find nothing out of the record, or give their names an address.")]
        }
        Problem::Dangling | Problem::Several | Problem::Loop => {
            let step = format!("Have {about} taken out of the record that includes it; it is none of your own.");
            or(if rewrite.names(about.as_str()) { rewrite.mends.clone() } else { Vec::new() }, step)
        }
        Problem::PassAll if own => {
            let mut mends = rewrite.mends.clone();
            mends.push(Mend::step("See first that the record names all that sends for you: nobody else passes then."));
            mends
        }
        Problem::NeutralAll | Problem::NoAll | Problem::Unreachable | Problem::Ptr | Problem::UnknownModifier
            if own =>
        {
            or(rewrite.mends.clone(), "Correct the record.".to_owned())
        }
        Problem::PassAll => {
            vec![Mend::step(format_args!("Take include:{about} out, or have its owner change `+all`."))]
        }
        Problem::Syntax(error) if own => {
            vec![Mend::step(format_args!("Correct the record at byte {}: {error}.", error.at()))]
        }
        Problem::WideNetwork if own => {
            vec![Mend::step("Write the networks of the hosts that send for you in the place of the wide one.")]
        }
        _ if own => vec![Mend::step("Shorten the record: take out what no longer sends for you.")],
        _ => vec![Mend::step(format_args!("Tell the owner of {about}, or take it out of your record."))],
    }
}

#[cfg(test)]
mod tests {
    use posthaste_auth::records::Severity;

    use super::*;

    #[test]
    fn every_problem_of_spf_has_a_code_of_its_own() {
        let domain: Domain = "example.com".parse().unwrap();
        let lint = |text: &str| {
            let dns: posthaste_dns::MemoryZone = text.parse().unwrap();
            futures_util::future::FutureExt::now_or_never(async move {
                posthaste_auth::records::lint_spf(
                    &dns,
                    &"example.com".parse().unwrap(),
                    posthaste_types::Tick::default(),
                )
                .await
            })
            .unwrap()
        };
        for (zone, code) in [
            ("", Code::SpfMissing),
            ("example.com TXT \"v=spf1 -all\"\nexample.com TXT \"v=spf1 mx -all\"", Code::SpfSeveral),
            ("example.com TXT \"v=spf1 ip4:1.2.3 -all\"", Code::SpfSyntax),
            ("example.com TXT \"v=spf1 include:gone.example -all\"", Code::SpfDangling),
            ("example.com TXT \"v=spf1 include:example.com -all\"", Code::SpfLoop),
            ("example.com TXT \"v=spf1 +all\"", Code::SpfPassAll),
            ("example.com TXT \"v=spf1 ip4:192.0.2.1\"", Code::SpfNoAll),
            ("example.com TXT \"v=spf1 ?all\"", Code::SpfNeutralAll),
            ("example.com TXT \"v=spf1 -all ip4:192.0.2.1\"", Code::SpfUnreachable),
            ("example.com TXT \"v=spf1 ptr -all\"", Code::SpfPtr),
            ("example.com TXT \"v=spf1 ip4:192.0.0.0/2 -all\"", Code::SpfWideNetwork),
            ("example.com TXT \"v=spf1 ipv4=192.0.2.1 -all\"", Code::SpfUnknownModifier),
            ("example.com TXT \"v=spf1 a:x.example a:y.example a:z.example -all\"", Code::SpfVoidLookups),
        ] {
            let lint = lint(zone);
            let codes: Vec<Code> = lint.findings.iter().map(|found| words(&domain, found).0).collect();
            assert!(codes.contains(&code), "{zone}: {codes:?}");
            assert!(lint.findings.iter().all(|found| found.severity != Severity::Unknown));
        }
    }
}
