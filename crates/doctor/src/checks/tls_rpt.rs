//! TLS-RPT: where reports about TLS go.

use posthaste_auth::records::{Explain, Severity, TxtRecord};
use posthaste_auth::tls_rpt::{self, Record, Rua};
use posthaste_types::{Address, Domain};

use super::texts;
use crate::code::Code;
use crate::exam::{Exam, Report};
use crate::finding::Mend;

pub(super) async fn check(mut exam: Exam<'_>) -> Report {
    let domain = exam.room.sending.domain();
    let Ok(name) = tls_rpt::record_name(domain) else { return exam.finish() };
    let Ok(found) = texts::ask(&exam, &name).await else { return exam.finish() };
    let ours: Vec<&Vec<u8>> = found.values.iter().filter(|text| text.starts_with(b"v=TLSRPTv1")).collect();
    let record = Address::parse(&format!("tls-reports@{domain}"))
        .and_then(|address| Record::new([Rua::Mailto(address)]))
        .and_then(|record| TxtRecord::tls_rpt(domain, &record));
    let fault = match ours.as_slice() {
        [] => {
            let what = format!("{domain} has no TLS-RPT: nobody tells you when mail to you could not use TLS.");
            let finding =
                exam.finding(Severity::Note, Code::TlsRptMissing, what).seen(texts::none(&name, "TXT", &found));
            exam.find(finding.mends(record.ok().as_ref().map(Mend::publish)).mend(mailbox(domain)));
            return exam.finish();
        }
        [text] => match Record::parse(text) {
            Ok(read) if text.starts_with(b"v=TLSRPTv1;") => {
                read.in_words().iter().for_each(|words| exam.fact(words));
                return exam.finish();
            }
            Ok(_) => "The TLS-RPT record cannot be used: no `;` follows its version.".to_owned(),
            Err(error) => format!("The TLS-RPT record cannot be used: {error}."),
        },
        _ => "There is more than one TLS-RPT record, so nobody reports.".to_owned(),
    };
    let seen = ours.iter().map(|text| texts::seen(&name, text));
    let finding = exam.finding(Severity::Error, Code::TlsRptRecord, fault).seen_all(seen);
    exam.find(finding.mends(record.ok().as_ref().map(Mend::replace)).mend(mailbox(domain)));
    exam.finish()
}

fn mailbox(domain: &Domain) -> Mend {
    Mend::step(format_args!("See that tls-reports@{domain} takes mail, or write an address that does in its place."))
}
