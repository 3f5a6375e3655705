//! BIMI: the record, its logo, and what it needs of DMARC.

use posthaste_auth::dmarc::walk;
use posthaste_auth::records::{BimiRecord, Explain, Problem, Severity, TxtRecord, lint_bimi};
use posthaste_fetch::{Request, Url};
use posthaste_types::DnsName;

use super::texts;
use crate::code::Code;
use crate::exam::{Exam, Report};
use crate::finding::Mend;

pub(super) async fn check(mut exam: Exam<'_>) -> Report {
    let domain = exam.room.sending.domain();
    let Ok(name) = DnsName::from(domain).below("default._bimi") else { return exam.finish() };
    let Ok(found) = texts::ask(&exam, &name).await else { return exam.finish() };
    let ours: Vec<&Vec<u8>> = found.values.iter().filter(|text| text.starts_with(b"v=BIMI1")).collect();
    let seen: Vec<String> = ours.iter().map(|text| texts::seen(&name, text)).collect();
    let text = match ours.as_slice() {
        [] => {
            exam.fact("not set up, which nobody demands");
            return exam.finish();
        }
        [text] => text,
        _ => {
            let finding =
                exam.finding(Severity::Error, Code::BimiRecord, "There is more than one BIMI record, so none is used.");
            exam.find(finding.seen_all(seen).mend(Mend::step("Keep one of the records.")));
            return exam.finish();
        }
    };
    match BimiRecord::parse(text) {
        Ok(record) => {
            record.in_words().iter().for_each(|words| exam.fact(words));
            look(&mut exam, &name, &record, text).await;
        }
        Err(error) => {
            let finding =
                exam.finding(Severity::Error, Code::BimiRecord, format!("The BIMI record cannot be read: {error}."));
            let mend = Mend::Replace(format!("{name}. IN TXT \"v=BIMI1; l=https://{domain}/logo.svg; a=\""));
            exam.find(finding.seen_all(seen).mend(mend));
        }
    }
    exam.finish()
}

async fn look(exam: &mut Exam<'_>, name: &DnsName, record: &BimiRecord, text: &[u8]) {
    let domain = exam.room.sending.domain();
    let Ok(walk) = walk(&exam.dns, &DnsName::from(domain), exam.room.by).await else { return };
    let organization = walk.organizational_domain();
    let dmarc = walk.record(&DnsName::from(domain)).or_else(|| walk.record(&organization));
    for found in lint_bimi(name, text, dmarc.map(|record| &**record)) {
        let Some((severity, code, what, mends)) = words(name, record, &found.problem) else { continue };
        let finding = exam.finding(severity, code, what).seen(texts::seen(name, text));
        exam.find(finding.mends(mends));
    }
    if let Some(location) = &record.location {
        logo(exam, location.as_str()).await;
    }
}

/// Nobody demands a logo, so nothing here is an error.
fn words(name: &DnsName, record: &BimiRecord, problem: &Problem) -> Option<(Severity, Code, &'static str, Vec<Mend>)> {
    Some(match problem {
        Problem::NotEnforced => (
            Severity::Warning,
            Code::BimiPolicy,
            "No logo is shown, for the DMARC policy, or that for subdomains, is not quarantine or reject, or is a test.",
            vec![Mend::step("Go on to p=quarantine or p=reject, without t=y; see what is found of DMARC.")],
        ),
        Problem::NoCertificate => {
            let location = record.location.as_ref()?;
            let with = TxtRecord::new(name.clone(), format_args!("v=BIMI1; l={location}; a=<URL of the certificate>"));
            (
                Severity::Note,
                Code::BimiCertificate,
                "The BIMI record names no certificate. Without one Gmail and Apple show no logo.",
                vec![Mend::step("Get a certificate of the mark (VMC or CMC), and name it:"), Mend::replace(&with)],
            )
        }
        Problem::Declined => (
            Severity::Note,
            Code::BimiDeclined,
            "The BIMI record declines to show a logo.",
            vec![Mend::step("If a logo is to be shown, write its URL into `l=`; else leave it so.")],
        ),
        _ => return None,
    })
}

async fn logo(exam: &mut Exam<'_>, location: &str) {
    let (Some(fetch), Ok(url)) = (exam.room.fetch, Url::parse(location)) else { return };
    let fault = match fetch.fetch(&Request::get(url).with_max_body(MAX_LOGO), exam.room.by).await {
        Ok(response) if response.status() != 200 => format!("status {}", response.status()),
        Ok(response) => match String::from_utf8_lossy(response.body()) {
            svg if !svg.contains("<svg") => "it is no SVG".to_owned(),
            svg if !svg.contains("tiny-ps") => "its baseProfile is not tiny-ps".to_owned(),
            svg if svg.contains("<script") => "it holds a script".to_owned(),
            _ => return,
        },
        Err(error) => {
            let finding = exam.finding(Severity::Unknown, Code::NotKnown, "The logo could not be fetched from here.");
            let step = Mend::step(format_args!("See from elsewhere whether {location} answers."));
            exam.find(finding.seen(format_args!("{location}: {error}")).mend(step));
            return;
        }
    };
    let finding = exam.finding(Severity::Warning, Code::BimiLogo, "The logo cannot be used, so none is shown.");
    let step = "Serve the logo as SVG Tiny PS of at most 32 KiB, without redirects.";
    exam.find(finding.seen(format_args!("{location}: {fault}")).mend(Mend::step(step)));
}

/// The longest logo, in octets: twice what is allowed.
const MAX_LOGO: usize = 64 * 1024;
