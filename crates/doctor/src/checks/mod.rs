//! The checks.

mod bimi;
mod dane;
mod dkim;
mod dkim_key;
mod dmarc;
mod dnssec;
mod ehlo;
mod hosts;
mod lists;
mod mta_sts;
mod mx;
mod reverse;
mod smtp;
mod spf;
mod spf_lint;
mod spf_mend;
mod texts;
mod tls_rpt;

use std::future::Future;
use std::pin::Pin;

use posthaste_auth::records::Severity;
use posthaste_types::Text;

use crate::code::Code;
use crate::exam::{Exam, Report, Room};
use crate::finding::Mend;
use crate::sending::SendingDomain;
use crate::topic::Topic;

/// A check that is to be done.
pub(crate) struct Planned<'a> {
    pub(crate) topic: Topic,
    pub(crate) about: Text,
    /// The demands that it tells of.
    pub(crate) keys: &'static [&'static str],
    pub(crate) work: Work<'a>,
}

type Work<'a> = Pin<Box<dyn Future<Output = Report> + Send + 'a>>;

/// All checks of one audit.
pub(crate) fn planned<'a>(room: &'a Room<'a>) -> Vec<Planned<'a>> {
    let sending = room.sending;
    let domain = sending.domain();
    let mail_from = sending.mail_from_domain();
    let mut all = vec![
        plan(room, Topic::Mx, domain, &["sender-domain"], |exam| mx::check(exam, domain)),
        plan(room, Topic::Spf, mail_from, &["spf", "spf-aligned"], |exam| spf::check(exam, mail_from)),
        plan(room, Topic::Dkim, domain, &["dkim"], dkim::check),
        plan(room, Topic::Dmarc, domain, &["dmarc"], dmarc::check),
        plan(room, Topic::BlockLists, domain, &["lists"], lists::check),
        plan(room, Topic::MtaSts, domain, &[], mta_sts::check),
        plan(room, Topic::TlsRpt, domain, &[], tls_rpt::check),
        plan(room, Topic::Dane, domain, &[], dane::check),
        plan(room, Topic::Dnssec, domain, &[], dnssec::check),
        plan(room, Topic::Bimi, domain, &[], bimi::check),
    ];
    if mail_from != domain {
        all.push(plan(room, Topic::Mx, mail_from, &["sender-domain"], |exam| mx::check(exam, mail_from)));
    }
    for ip in sending.looked_at_ips() {
        all.push(plan(room, Topic::ReverseDns, ip, &["ptr", "own-ptr"], |exam| reverse::check(exam, *ip)));
    }
    if let Some(name) = sending.ehlo_name() {
        all.push(plan(room, Topic::Ehlo, name, &[], |exam| ehlo::check(exam, name)));
    }
    if let Some(probe) = room.probe {
        all.push(plan(room, Topic::Smtp, domain, &[], |exam| smtp::check(exam, probe)));
    }
    if sending.left_out() > 0 {
        all.push(plan(room, Topic::ReverseDns, domain, &["ptr", "own-ptr", "spf", "dkim"], left_out));
    }
    all
}

fn plan<'a, F>(
    room: &'a Room<'a>,
    topic: Topic,
    about: impl std::fmt::Display,
    keys: &'static [&'static str],
    work: impl FnOnce(Exam<'a>) -> F,
) -> Planned<'a>
where
    F: Future<Output = Report> + Send + 'a,
{
    let exam = Exam::new(room, topic, &about);
    Planned { topic, about: Text::lossy(about), keys, work: Box::pin(work(exam)) }
}

async fn left_out(mut exam: Exam<'_>) -> Report {
    let what = format!("{} addresses or selectors were not looked at.", exam.room.sending.left_out());
    let most = format!("Ask about at most {} addresses at once.", SendingDomain::MAX_IPS);
    let finding = exam.finding(Severity::Unknown, Code::NotKnown, what).mend(Mend::step(most));
    exam.find(finding);
    for key in ["ptr", "own-ptr", "spf", "dkim"] {
        exam.learn(key, crate::audit::Standing::Unknown);
    }
    exam.finish()
}
