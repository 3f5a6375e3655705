//! A look at the mail hosts by SMTP.

use posthaste_auth::records::Severity;
use posthaste_dns::ResolveExt;
use posthaste_types::DnsName;

use super::hosts;
use crate::code::Code;
use crate::exam::{Exam, Report};
use crate::finding::{Finding, Mend};
use crate::probe::{Look, Probe, ProbeError, StartTls};
use crate::topic::Topic;

pub(super) async fn check(mut exam: Exam<'_>, probe: &dyn Probe) -> Report {
    let Ok((names, _)) = hosts::ask(&exam, exam.room.sending.domain()).await else { return exam.finish() };
    for name in names.iter().take(MOST) {
        let Ok(found) = exam.dns.addresses(name, exam.room.by).await else { continue };
        for ip in found.values.iter().take(MOST_ADDRESSES) {
            let look = probe.look(name, *ip, exam.room.by).await;
            tell(&mut exam, name, &ip.to_string(), look);
        }
    }
    exam.finish()
}

fn tell(exam: &mut Exam<'_>, name: &DnsName, ip: &str, look: Result<Look, ProbeError>) {
    match look {
        Err(error) => {
            let what = format!("{name} could not be looked at from here.");
            let finding = Finding::new(Severity::Unknown, Topic::Smtp, Code::NotKnown, name, what);
            let step = "Many networks close port 25 outwards: look from a host that may send mail.";
            exam.find(finding.seen(format_args!("{ip}: {error}")).mend(Mend::step(step)));
        }
        Ok(look) => {
            exam.fact(format_args!("{name} ({ip}) greets as {}, STARTTLS: {}", look.greeting, look.starttls));
            if look.starttls == StartTls::Missing {
                let what = format!("{name} offers no STARTTLS: bounces and answers come in the clear.");
                let finding = Finding::new(Severity::Warning, Topic::Smtp, Code::SmtpNoTls, name, what);
                let seen = format!("{ip}: 220 {}, EHLO without STARTTLS", look.greeting);
                let step = format!("Give {name} a certificate, and have it offer STARTTLS (RFC 3207).");
                exam.find(finding.seen(seen).mend(Mend::step(step)));
            }
        }
    }
}

/// How many hosts are looked at.
const MOST: usize = 5;
/// How many addresses of each.
const MOST_ADDRESSES: usize = 2;
