//! DMARC: the record that applies, and whether its reports arrive.

use std::sync::Arc;

use posthaste_auth::dmarc::{Alignment, Policy, Record, ReportUri, Testing, Walk, walk};
use posthaste_auth::records::{
    DmarcLint, Explain, Finding as LintFinding, Problem, TxtRecord, lint_dmarc, lint_dmarc_age,
};
use posthaste_dns::DnsError;
use posthaste_types::{Address, DnsName, Domain};

use super::texts;
use crate::audit::Standing;
use crate::code::Code;
use crate::exam::{Exam, Report};
use crate::finding::{Finding, Mend};
use crate::topic::Topic;

pub(super) async fn check(mut exam: Exam<'_>) -> Report {
    let domain = exam.room.sending.domain();
    let lint = lint_dmarc(&exam.dns, domain, exam.room.by).await;
    let is_missing = lint.findings.iter().any(|found| found.problem == Problem::Missing);
    // RFC 9989 §4.10: without a record of its own, that of the organisation applies.
    let upper = match if is_missing { inherited(&exam, domain).await } else { Ok(None) } {
        Ok(upper) => upper,
        Err(_) => {
            // Whether one applies is not known: `finish` tells which question had no answer.
            exam.learn("dmarc", Standing::Unknown);
            return exam.finish();
        }
    };
    match upper {
        Some((upper, record)) => {
            exam.fact(format_args!(
                "{domain} has no record of its own: that of {upper} applies, sp={}",
                record.for_subdomain()
            ));
            let lint = lint_dmarc(&exam.dns, &upper, exam.room.by).await;
            look(&mut exam, &upper, &lint).await;
        }
        None => look(&mut exam, domain, &lint).await,
    }
    exam.finish()
}

/// The record of the organisational domain, if there is one.
async fn inherited(exam: &Exam<'_>, domain: &Domain) -> Result<Option<(Domain, Arc<Record>)>, DnsError> {
    let walk: Walk = walk(&exam.dns, &DnsName::from(domain), exam.room.by).await?;
    let organization = walk.organizational_domain();
    let of_organization = walk.record(&organization).map(|record| (organization, record.clone()));
    let applies = of_organization.or_else(|| walk.found.last().cloned());
    Ok(applies.and_then(|(name, record)| Some((name.to_domain()?, record))))
}

async fn look(exam: &mut Exam<'_>, domain: &Domain, lint: &DmarcLint) {
    let failed = !exam.dns.failures().is_empty();
    exam.learn(
        "dmarc",
        match (&lint.record, failed) {
            (Some(_), _) => Standing::Met,
            (None, true) => Standing::Unknown,
            (None, false) => Standing::Broken,
        },
    );
    let texts = records(exam, domain).await;
    if let Some(record) = &lint.record {
        texts.iter().for_each(|text| exam.fact(text));
        record.in_words().iter().for_each(|words| exam.fact(format_args!("says: {words}")));
        let strict = [("DKIM", record.dkim), ("SPF", record.spf)];
        for (method, _) in strict.iter().filter(|(_, alignment)| *alignment == Alignment::Strict) {
            exam.fact(format_args!("{method} counts only for the very domain of From"));
        }
    }
    for found in aged(exam, domain, lint).iter().filter(|found| found.problem != Problem::Dns) {
        let finding = finding(domain, found, lint, &texts);
        exam.find(finding);
    }
}

/// What was found, with how long `p=none` lasts where that is known.
fn aged(exam: &Exam<'_>, domain: &Domain, lint: &DmarcLint) -> Vec<LintFinding> {
    let known = lint.record.as_ref().zip(exam.room.sending.policy_none_since_when());
    let name = DnsName::from(domain);
    let late = known.and_then(|(record, since)| lint_dmarc_age(&name, record, since, exam.room.at));
    let keeps = |found: &&LintFinding| late.is_none() || found.problem != Problem::PolicyNone;
    lint.findings.iter().filter(keeps).cloned().chain(late.clone()).collect()
}

async fn records(exam: &Exam<'_>, domain: &Domain) -> Vec<String> {
    let Ok(name) = DnsName::from(domain).below("_dmarc") else { return Vec::new() };
    let Ok(found) = texts::ask(exam, &name).await else { return Vec::new() };
    let is_one = |text: &&Vec<u8>| Record::is_one(text);
    let seen: Vec<String> = found.values.iter().filter(is_one).map(|text| texts::seen(&name, text)).collect();
    if seen.is_empty() { vec![texts::none(&name, "TXT \"v=DMARC1...\"", &found)] } else { seen }
}

fn finding(domain: &Domain, found: &LintFinding, lint: &DmarcLint, seen: &[String]) -> Finding {
    let (code, what) = words(domain, &found.problem);
    Finding::new(found.severity, Topic::Dmarc, code, format_args!("_dmarc.{domain}"), what).seen_all(seen).mends(mends(
        domain,
        &found.problem,
        lint,
    ))
}

fn words(domain: &Domain, problem: &Problem) -> (Code, String) {
    match problem {
        Problem::Missing => (
            Code::DmarcMissing,
            format!(
                "{domain} has no DMARC record: anybody can send in its name, and large receivers refuse its bulk mail."
            ),
        ),
        Problem::Several => {
            (Code::DmarcSeveral, format!("{domain} has more than one DMARC record, so receivers use none of them."))
        }
        Problem::Syntax(error) => (Code::DmarcSyntax, format!("The DMARC record cannot be read: {error}.")),
        Problem::Defect(error) => (Code::DmarcDefect, format!("A part of the DMARC record is not used: {error}.")),
        Problem::PolicyNone => (
            Code::DmarcPolicyNone,
            "`p=none` asks for reports alone: forged mail is delivered as any other.".to_owned(),
        ),
        Problem::PolicyNoneFor { days } => (
            Code::DmarcPolicyNoneLong,
            format!(
                "`p=none` for {days} days: forged mail is still delivered as any other, and by now it is known who sends."
            ),
        ),
        Problem::WeakerSubdomain => (
            Code::DmarcWeakSubdomains,
            "Subdomains are less protected than the domain, and forgers use them.".to_owned(),
        ),
        Problem::Testing => (Code::DmarcTesting, "`t=y` makes the policy one level lower than it reads.".to_owned()),
        Problem::NoReports => {
            (Code::DmarcNoReports, "Without `rua` no reports tell you who sends in your name.".to_owned())
        }
        Problem::NoMail(address) => {
            (Code::DmarcNoMail, format!("Reports go to {address}, and {} takes no mail.", address.domain()))
        }
        Problem::NoConsent(address) => (
            Code::DmarcNoConsent,
            format!("Reports go to {address}, and {} does not consent to them, so none are sent.", address.domain()),
        ),
        Problem::Redirected { from, to } => {
            (Code::DmarcRedirected, format!("Reports for {from} go to {to}, for {} wants it so.", from.domain()))
        }
        Problem::ForeignRedirect { from, to } => (
            Code::DmarcForeignRedirect,
            format!(
                "{} would have reports for {from} sent to {to}, of another domain. Receivers do not do that.",
                from.domain()
            ),
        ),
        other => (Code::DmarcOther, format!("The DMARC record: {other}.")),
    }
}

fn mends(domain: &Domain, problem: &Problem, lint: &DmarcLint) -> Vec<Mend> {
    let changed = |change: &dyn Fn(&mut Record)| replaced(domain, lint, change);
    let after = |step: &str, record: Option<Mend>| [Mend::step(step)].into_iter().chain(record).collect();
    match problem {
        Problem::Missing => {
            let record = TxtRecord::dmarc(domain, &first(domain)).ok().map(|record| Mend::publish(&record));
            let then =
                "Read the reports for some weeks. When all your mail passes, go on to p=quarantine and p=reject.";
            record.into_iter().chain([mailbox(domain), Mend::step(then)]).collect()
        }
        Problem::Several => vec![Mend::step("Keep one of the records, and take the others away.")],
        Problem::Syntax(error) => {
            let correct = Mend::step(format_args!("Correct the record at byte {}: {error}.", error.at()));
            let anew = Mend::step("Or begin anew, with reports alone:");
            [correct, anew].into_iter().chain(changed(&|_| ())).chain([mailbox(domain)]).collect()
        }
        Problem::Defect(_) => after("Mend the part, or take it out. What receivers read now is:", changed(&|_| ())),
        Problem::PolicyNone => after("Read the reports first. When all your mail passes:", changed(&enforced)),
        Problem::PolicyNoneFor { .. } => {
            after("Mend what the reports show to fail, then ask for more:", changed(&enforced))
        }
        Problem::WeakerSubdomain => changed(&|_| ()).into_iter().collect(),
        Problem::Testing => changed(&|record| record.testing = Testing::Off).into_iter().collect(),
        Problem::NoReports => changed(&|_| ()).into_iter().chain([mailbox(domain)]).collect(),
        Problem::NoMail(address) => {
            vec![Mend::step(format_args!("Put an address that takes mail in the place of {address}."))]
        }
        Problem::NoConsent(address) => consent(domain, address),
        Problem::Redirected { to, .. } => {
            vec![Mend::step(format_args!("If that is right, nothing. To see it in your record, write {to} there."))]
        }
        Problem::ForeignRedirect { from, to } => vec![
            Mend::step(format_args!("Have the owner of {} take `rua` out of the record that consents.", from.domain())),
            Mend::step(format_args!(
                "Or write {to} into your record, and have {} consent to it (RFC 9990 §4).",
                to.domain()
            )),
        ],
        _ => vec![Mend::step("Correct the record.")],
    }
}

/// The record, changed. What can be mended without harm is mended in each, so that none undoes another.
fn replaced(domain: &Domain, lint: &DmarcLint, change: &dyn Fn(&mut Record)) -> Option<Mend> {
    let mut record = lint.record.clone().unwrap_or_else(|| first(domain));
    if record.rua.is_empty() {
        record.rua = first(domain).rua;
    }
    if lint.findings.iter().any(|found| found.problem == Problem::WeakerSubdomain) {
        (record.subdomain, record.non_existent) = (None, None);
    }
    change(&mut record);
    TxtRecord::dmarc(domain, &record).ok().map(|record| Mend::replace(&record))
}

/// The next policy; that of subdomains does not stay behind it.
fn enforced(record: &mut Record) {
    record.policy = Policy::Quarantine;
    record.subdomain = record.subdomain.filter(|policy| *policy >= Policy::Quarantine);
    record.non_existent = record.non_existent.filter(|policy| *policy >= Policy::Quarantine);
}

/// RFC 9990 §4.
fn consent(domain: &Domain, address: &Address) -> Vec<Mend> {
    let or = Mend::step(format_args!("Or send the reports to an address at {domain}."));
    let name = DnsName::from(address.domain()).below(&format!("{domain}._report._dmarc"));
    let Ok(name) = name else { return vec![or] };
    vec![
        Mend::step(format_args!("Have the owner of {} publish:", address.domain())),
        Mend::publish(&TxtRecord::new(name, "v=DMARC1;")),
        or,
    ]
}

fn mailbox(domain: &Domain) -> Mend {
    Mend::step(format_args!("See that dmarc@{domain} takes mail, or write an address that does in its place."))
}

/// What a domain begins with.
fn first(domain: &Domain) -> Record {
    let mut record = Record::new(Policy::None);
    record.rua = Address::parse(&format!("dmarc@{domain}")).map(ReportUri::Mailto).into_iter().collect();
    record
}
