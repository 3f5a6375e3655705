//! DMARC: the record that applies, and whether its reports arrive.

use posthaste_auth::dmarc::{Alignment, Policy, Record, ReportUri, Testing, Walk, walk};
use posthaste_auth::records::{DmarcLint, Explain, Finding as LintFinding, Problem, TxtRecord, lint_dmarc};
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
    let upper = if is_missing { inherited(&exam, domain).await } else { None };
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
async fn inherited(exam: &Exam<'_>, domain: &Domain) -> Option<(Domain, std::sync::Arc<Record>)> {
    let walk: Walk = walk(&exam.dns, &DnsName::from(domain), exam.room.by).await.ok()?;
    let organization = walk.organizational_domain();
    let (name, record) = match walk.record(&organization) {
        Some(record) => (organization, record.clone()),
        None => walk.found.last().cloned()?,
    };
    Some((name.to_domain()?, record))
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
    for found in lint.findings.iter().filter(|found| found.problem != Problem::Dns) {
        let finding = finding(domain, found, lint.record.as_ref(), &texts);
        exam.find(finding);
    }
}

async fn records(exam: &Exam<'_>, domain: &Domain) -> Vec<String> {
    let Ok(name) = DnsName::from(domain).below("_dmarc") else { return Vec::new() };
    let Ok(found) = texts::ask(exam, &name).await else { return Vec::new() };
    let is_one = |text: &&Vec<u8>| Record::is_one(text);
    let seen: Vec<String> = found.values.iter().filter(is_one).map(|text| texts::seen(&name, text)).collect();
    if seen.is_empty() { vec![texts::none(&name, "TXT \"v=DMARC1...\"", &found)] } else { seen }
}

fn finding(domain: &Domain, found: &LintFinding, record: Option<&Record>, seen: &[String]) -> Finding {
    let (code, what) = words(domain, &found.problem);
    Finding::new(found.severity, Topic::Dmarc, code, format_args!("_dmarc.{domain}"), what).seen_all(seen).mends(mends(
        domain,
        &found.problem,
        record,
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
        other => (Code::DmarcOther, format!("The DMARC record: {other}.")),
    }
}

fn mends(domain: &Domain, problem: &Problem, record: Option<&Record>) -> Vec<Mend> {
    let changed = |change: &dyn Fn(&mut Record)| {
        let mut record = record.cloned().unwrap_or_else(|| first(domain));
        change(&mut record);
        TxtRecord::dmarc(domain, &record).ok().map(|record| Mend::replace(&record))
    };
    let one = |mend: Option<Mend>| mend.into_iter().collect();
    match problem {
        Problem::Missing => {
            let mut mends: Vec<Mend> = TxtRecord::dmarc(domain, &first(domain))
                .ok()
                .map(|record| Mend::publish(&record))
                .into_iter()
                .collect();
            mends.push(Mend::step(
                "Read the reports for some weeks. When all your mail passes, go on to p=quarantine and p=reject.",
            ));
            mends
        }
        Problem::Several => vec![Mend::step("Keep one of the records, and take the others away.")],
        Problem::Syntax(_) => one(changed(&|_| ())),
        Problem::Defect(_) => {
            let mut mends = vec![Mend::step("Mend the part, or take it out. What receivers read now is:")];
            mends.extend(changed(&|_| ()));
            mends
        }
        Problem::PolicyNone => {
            let mut mends = vec![Mend::step("Read the reports first. When all your mail passes:")];
            mends.extend(changed(&|record| record.policy = Policy::Quarantine));
            mends
        }
        Problem::WeakerSubdomain => one(changed(&|record| (record.subdomain, record.non_existent) = (None, None))),
        Problem::Testing => one(changed(&|record| record.testing = Testing::Off)),
        Problem::NoReports => one(changed(&|record| record.rua = first(domain).rua)),
        Problem::NoMail(address) => {
            vec![Mend::step(format_args!("Put an address that takes mail in the place of {address}."))]
        }
        Problem::NoConsent(address) => vec![
            Mend::step(format_args!("Have the owner of {} publish:", address.domain())),
            Mend::Publish(format!("{domain}._report._dmarc.{}. IN TXT \"v=DMARC1\"", address.domain())),
            Mend::step(format_args!("Or send the reports to an address at {domain}.")),
        ],
        _ => vec![Mend::step("Correct the record.")],
    }
}

/// What a domain begins with.
fn first(domain: &Domain) -> Record {
    let mut record = Record::new(Policy::None);
    record.rua = Address::parse(&format!("dmarc@{domain}")).map(ReportUri::Mailto).into_iter().collect();
    record
}
