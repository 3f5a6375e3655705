//! Whether the zone is signed, and its signatures hold.

use posthaste_auth::records::Severity;
use posthaste_dns::{DnsErrorKind, Dnssec, Presence, RecordKind, Resolve};
use posthaste_types::DnsName;

use crate::code::Code;
use crate::exam::{Exam, Report};
use crate::finding::Mend;

pub(super) async fn check(mut exam: Exam<'_>) -> Report {
    let domain = exam.room.sending.domain();
    let name = DnsName::from(domain);
    let mut status = None;
    let mut bogus = Vec::new();
    for kind in [RecordKind::Soa, RecordKind::Mx, RecordKind::Txt] {
        match exam.dns.resolve(&name, kind, exam.room.by).await {
            Ok(answer) => status = Some(status.map_or(answer.dnssec(), |other: Dnssec| other.and(answer.dnssec()))),
            Err(error) if error.kind() == DnsErrorKind::Bogus => bogus.push(format!("{name} {kind}: {error}")),
            Err(_) => {}
        }
    }
    if !bogus.is_empty() {
        let what = format!(
            "The signatures of {domain} do not hold (DNSSEC): to receivers that check them, none of its records exist."
        );
        let finding = exam.finding(Severity::Error, Code::DnssecBogus, what).seen_all(bogus);
        let mends = [
            Mend::step("Sign the zone anew, and see that the DS record at the registrar is that of the key in use."),
            Mend::step("If that takes long, take the DS record away: an unsigned zone is better than a broken one."),
        ];
        exam.find(finding.mends(mends));
        return exam.finish_but(|error| error.kind() == DnsErrorKind::Bogus);
    }
    match status {
        Some(Dnssec::Secure) => exam.fact("the zone is signed, and its signatures hold"),
        Some(Dnssec::Insecure) => unsigned(&mut exam, &name),
        Some(Dnssec::Indeterminate) => not_checked(&mut exam, &name).await,
        None => {}
    }
    exam.finish()
}

fn unsigned(exam: &mut Exam<'_>, name: &DnsName) {
    let what =
        format!("{name} is not signed (DNSSEC): its records can be forged on the way, and DANE is not possible.");
    let finding = exam.finding(Severity::Note, Code::DnssecUnsigned, what).seen(format_args!("{name}: insecure"));
    exam.find(
        finding.mend(Mend::step("Have your DNS provider sign the zone, and give its DS record to the registrar.")),
    );
}

/// A DS record says at least whether somebody means it to be signed.
async fn not_checked(exam: &mut Exam<'_>, name: &DnsName) {
    let ds = exam.dns.resolve(name, RecordKind::Ds, exam.room.by).await;
    let seen = match ds.as_ref().map(posthaste_dns::Answer::presence) {
        Ok(Presence::Found) => format!("{name} DS: there is one, so the zone is meant to be signed"),
        Ok(_) => format!("{name} DS: no such record"),
        Err(_) => return,
    };
    let what = "Whether the signatures of the zone hold (DNSSEC) was not checked: this resolver does not.";
    let finding = exam.finding(Severity::Note, Code::DnssecNotChecked, what).seen(seen);
    exam.find(finding.mend(Mend::step("Ask through a resolver that validates.")));
}
