//! MTA-STS: the record, the policy, and whether it names the mail hosts.

use std::time::Duration;

use posthaste_auth::mta_sts::{self, Mode, POLICY_PATH, Policy, Record};
use posthaste_auth::records::{Severity, TxtRecord};
use posthaste_dns::ResolveExt;
use posthaste_fetch::{FetchErrorKind, Request, Response, Url};
use posthaste_types::{DnsName, Domain};

use super::{hosts, texts};
use crate::code::Code;
use crate::exam::{Exam, Report};
use crate::finding::Mend;

pub(super) async fn check(mut exam: Exam<'_>) -> Report {
    let domain = exam.room.sending.domain();
    let (Ok(name), Ok(host)) = (mta_sts::record_name(domain), mta_sts::policy_host(domain)) else {
        return exam.finish(); // so long a domain cannot have one
    };
    if record(&mut exam, domain, &name).await {
        policy(&mut exam, domain, &host).await;
    }
    exam.finish()
}

/// Whether there is a record that senders use.
async fn record(exam: &mut Exam<'_>, domain: &Domain, name: &DnsName) -> bool {
    let Ok(found) = texts::ask(exam, name).await else { return false };
    let ours: Vec<&Vec<u8>> = found.values.iter().filter(|text| text.starts_with(b"v=STSv1")).collect();
    let seen: Vec<String> = ours.iter().map(|text| texts::seen(name, text)).collect();
    let mend = |exam: &Exam<'_>| {
        let id: String = exam.room.at.to_string().chars().filter(char::is_ascii_digit).take(14).collect();
        let record = Record::new(&id).ok().and_then(|record| TxtRecord::mta_sts(domain, &record).ok());
        record.map(|record| if ours.is_empty() { Mend::publish(&record) } else { Mend::replace(&record) })
    };
    let what = match ours.as_slice() {
        [] => {
            let what = format!("{domain} has no MTA-STS: whoever is on the way can read and change mail to it.");
            let finding =
                exam.finding(Severity::Note, Code::MtaStsMissing, what).seen(texts::none(name, "TXT", &found));
            let mends = serve(exam, domain).await.into_iter().chain(mend(exam));
            exam.find(finding.mends(mends));
            return false;
        }
        [text] => match Record::parse(text) {
            Ok(record) if text.starts_with(b"v=STSv1;") => {
                exam.fact(format_args!("the record has id={}", record.id()));
                return true;
            }
            Ok(_) => "The MTA-STS record cannot be used: no `;` follows its version.".to_owned(),
            Err(error) => format!("The MTA-STS record cannot be used: {error}."),
        },
        _ => "There is more than one MTA-STS record, so senders use none.".to_owned(),
    };
    let finding = exam.finding(Severity::Error, Code::MtaStsRecord, what).seen_all(seen).mends(mend(exam));
    exam.find(finding);
    false
}

async fn policy(exam: &mut Exam<'_>, domain: &Domain, host: &DnsName) {
    let Ok(addresses) = exam.dns.addresses(host, exam.room.by).await else { return };
    if addresses.values.is_empty() {
        let what = format!("{host}, the host of the policy, has no address: senders find no policy.");
        let finding =
            exam.finding(Severity::Error, Code::MtaStsHost, what).seen(texts::none(host, "A, AAAA", &addresses));
        let mends = [
            Mend::Publish(format!("{host}. IN A <address of the web server that serves the policy>")),
            Mend::step(format_args!("Serve the policy at https://{host}{POLICY_PATH}.")),
        ];
        exam.find(finding.mends(mends));
        return;
    }
    let Some(response) = fetched(exam, host).await else { return };
    let Some(policy) = read(exam, domain, host, &response).await else { return };
    exam.fact(policy.lines().join(", "));
    lenient(exam, &policy);
    named(exam, domain, &policy).await;
}

async fn fetched(exam: &mut Exam<'_>, host: &DnsName) -> Option<Response> {
    let url = Url::https(host, POLICY_PATH).ok()?;
    let Some(fetch) = exam.room.fetch else {
        let what = "The policy was not looked at: nothing here fetches by HTTPS.";
        let finding = exam.finding(Severity::Unknown, Code::NotKnown, what);
        exam.find(finding.mend(Mend::step(format_args!("See yourself whether https://{host}{POLICY_PATH} is there."))));
        return None;
    };
    match fetch.fetch(&Request::get(url).with_max_body(Policy::MAX), exam.room.by).await {
        Ok(response) => Some(response),
        Err(error) => {
            let seen = format!("https://{host}{POLICY_PATH}: {error}");
            let finding = match error.kind() {
                FetchErrorKind::Tls => {
                    let what = format!("The certificate of {host} is not valid, so senders do not take the policy.");
                    let finding = exam.finding(Severity::Error, Code::MtaStsPolicy, what);
                    finding.mend(Mend::step(format_args!(
                        "Give {host} a certificate of its name from a public authority."
                    )))
                }
                FetchErrorKind::TooLarge => {
                    let finding =
                        exam.finding(Severity::Error, Code::MtaStsPolicy, "The policy is longer than 64 KiB.");
                    finding.mend(Mend::step("Serve the policy alone, in plain text."))
                }
                _ => {
                    let what = "The policy could not be fetched from here, so it is not known.";
                    let finding = exam.finding(Severity::Unknown, Code::NotKnown, what);
                    finding.mend(Mend::step(format_args!(
                        "See from elsewhere whether https://{host}{POLICY_PATH} answers."
                    )))
                }
            };
            exam.find(finding.seen(seen));
            None
        }
    }
}

/// RFC 8461 §3.2, §3.3.
async fn read(exam: &mut Exam<'_>, domain: &Domain, host: &DnsName, response: &Response) -> Option<Policy> {
    let url = format!("https://{host}{POLICY_PATH}");
    let fault = match (response.status(), Policy::parse(response.body())) {
        (200, Ok(policy)) if response.media_type().is_none_or(|kind| kind.eq_ignore_ascii_case("text/plain")) => {
            return Some(policy);
        }
        (200, Ok(_)) => format!("its type is {}, not text/plain", response.media_type().unwrap_or_default()),
        (200, Err(error)) => error.to_string(),
        (status @ 300..=399, _) => format!("status {status}: redirects are not followed (RFC 8461 §3.3)"),
        (status, _) => format!("status {status}"),
    };
    let what = "The policy of MTA-STS cannot be used, so senders are without one.";
    let finding = exam.finding(Severity::Error, Code::MtaStsPolicy, what).seen(format_args!("{url}: {fault}"));
    let mends = serve(exam, domain).await;
    exam.find(finding.mends(mends));
    None
}

fn lenient(exam: &mut Exam<'_>, policy: &Policy) {
    let finding = match policy.mode() {
        Mode::Testing => {
            let what = "The policy is in testing: mail is delivered where TLS fails.";
            let step =
                "Read the TLS reports for some weeks. Then serve `mode: enforce`, and change `id` in the record.";
            Some(exam.finding(Severity::Note, Code::MtaStsMode, what).mend(Mend::step(step)))
        }
        Mode::None => {
            let what = "The policy says `mode: none`: it protects nothing.";
            let step = "Serve `mode: testing`, then `mode: enforce`, and change `id` in the record each time.";
            Some(exam.finding(Severity::Note, Code::MtaStsMode, what).mend(Mend::step(step)))
        }
        _ => None,
    };
    finding.into_iter().for_each(|finding| exam.find(finding));
    if policy.max_age() < DAY && policy.mode() != Mode::None {
        let what = "`max_age` is shorter than a day, so senders forget the policy before it protects.";
        let finding = exam.finding(Severity::Warning, Code::MtaStsMaxAge, what);
        let seen = format!("max_age: {}", policy.max_age().as_secs());
        exam.find(finding.seen(seen).mend(Mend::step("Serve `max_age: 604800` or more (RFC 8461 §3.2 wants weeks).")));
    }
}

async fn named(exam: &mut Exam<'_>, domain: &Domain, policy: &Policy) {
    let Ok((names, _)) = hosts::ask(exam, domain).await else { return };
    let missing: Vec<DnsName> = names.into_iter().filter(|name| !policy.names(name)).collect();
    if missing.is_empty() || policy.mode() == Mode::None {
        return;
    }
    let (severity, happens) = match policy.mode() {
        Mode::Enforce => (Severity::Error, "so senders do not deliver there"),
        _ => (Severity::Warning, "so senders will not deliver there once it is enforced"),
    };
    let list: Vec<&str> = missing.iter().map(DnsName::as_str).collect();
    let what = format!("The policy does not name {}, {happens}.", list.join(", "));
    let finding = exam.finding(severity, Code::MtaStsMx, what).seen_all(policy.lines());
    let lines: Vec<String> = list.iter().map(|name| format!("mx: {name}")).collect();
    let step = format!("Add to the policy, and change `id` in the record: {}", lines.join("; "));
    exam.find(finding.mend(Mend::step(step)));
}

/// How a policy is served.
async fn serve(exam: &Exam<'_>, domain: &Domain) -> Vec<Mend> {
    let names = hosts::ask(exam, domain).await.map(|(names, _)| names).unwrap_or_default();
    let mx: Vec<String> = names.iter().map(|name| format!("mx: {name}")).collect();
    let mx = if mx.is_empty() { "mx: <mail host>".to_owned() } else { mx.join("; ") };
    vec![
        Mend::step(format_args!("Serve at https://mta-sts.{domain}{POLICY_PATH}, as text/plain, a line each:")),
        Mend::step(format_args!("version: STSv1; mode: testing; {mx}; max_age: 604800")),
    ]
}

const DAY: Duration = Duration::from_secs(86_400);
