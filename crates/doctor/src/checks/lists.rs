//! DNS block lists, each behind its own test.

use futures_util::stream::{self, StreamExt};
use posthaste_auth::records::Severity;
use posthaste_reputation::{
    Access, DnsList, Finding as ListFinding, Health, Listing, Meaning, Subject, Verdict, Weight,
};
use posthaste_types::Text;

use crate::audit::Standing;
use crate::code::Code;
use crate::exam::{Exam, Report};
use crate::finding::{Finding, Mend};
use crate::topic::Topic;

pub(super) async fn check(mut exam: Exam<'_>) -> Report {
    let subjects = subjects(&exam);
    let asked: Vec<Asked> = {
        let exam = &exam;
        let questions: Vec<_> = exam.room.lists.iter().map(|list| ask(exam, list, &subjects)).collect();
        stream::iter(questions)
            .buffered(exam.room.settings.lists.max(1))
            .filter_map(async |asked| asked)
            .collect()
            .await
    };
    let mut silent = Vec::new();
    let mut unregistered = Vec::new();
    let mut clean = Vec::new();
    for Asked { list, outcome } in asked {
        let key = format!("list:{}", list.id());
        match outcome {
            Err(why) => {
                let why = format!("{}: {why}", list.id());
                if list.access() == Access::Free {
                    silent.push(why)
                } else {
                    unregistered.push(why)
                }
                exam.learn(key, Standing::Unknown);
            }
            Ok(findings) => match weigh(&mut exam, &list, findings) {
                (Standing::Met, _) => {
                    clean.push(list.id().to_owned());
                    exam.learn(key, Standing::Met);
                }
                (standing, why) => {
                    silent.extend(why);
                    exam.learn(key, standing);
                }
            },
        }
    }
    if !clean.is_empty() {
        exam.fact(format_args!("not listed: {}", clean.join(" ")));
    }
    mute(&mut exam, silent, "Ask through a resolver of your own: most lists refuse public ones.");
    mute(&mut exam, unregistered, "Register your resolver with these lists, which serve no others, or leave them out.");
    exam.finish()
}

/// What lists are asked about: the addresses and the domains.
fn subjects(exam: &Exam<'_>) -> Vec<Subject> {
    let sending = exam.room.sending;
    let mut subjects: Vec<Subject> = sending.looked_at_ips().iter().copied().map(Subject::Ip).collect();
    subjects.push(Subject::Domain(sending.domain().clone()));
    if sending.mail_from_domain() != sending.domain() {
        subjects.push(Subject::Domain(sending.mail_from_domain().clone()));
    }
    subjects
}

struct Asked {
    list: DnsList,
    /// Or why the list is not believed.
    outcome: Result<Vec<ListFinding>, String>,
}

/// `None` for a list that cannot be asked about any of them.
async fn ask(exam: &Exam<'_>, list: &DnsList, subjects: &[Subject]) -> Option<Asked> {
    let fit: Vec<&Subject> = subjects.iter().filter(|subject| list.question(subject).is_ok()).collect();
    if fit.is_empty() {
        return None;
    }
    // What fails here is told of the list, not of the domain: past the witness.
    let (dns, by) = (&exam.room.dns, exam.room.by);
    let outcome = match list.self_test(&**dns, by).await {
        Health::Sound | Health::Untested => {
            let mut findings = Vec::new();
            for subject in fit {
                findings.push(list.look_up(&**dns, subject, by).await);
            }
            Ok(findings)
        }
        Health::NotAsked(_) => return None,
        health => Err(health.to_string()),
    };
    Some(Asked { list: list.clone(), outcome })
}

/// Tells what one list says; how it stands, and what is not known.
fn weigh(exam: &mut Exam<'_>, list: &DnsList, findings: Vec<ListFinding>) -> (Standing, Vec<String>) {
    let mut standing = Standing::Met;
    let mut unknown = Vec::new();
    for found in findings {
        match &found.listing {
            Listing::Clean => {}
            listing if listing.counts_against() => {
                standing = standing.and(Standing::Broken);
                exam.find(listed(list, &found));
            }
            Listing::Listed(_) => exam.fact(&found),
            _ => {
                standing = standing.and(Standing::Unknown);
                unknown.push(found.to_string());
            }
        }
    }
    (standing, unknown)
}

fn listed(list: &DnsList, found: &ListFinding) -> Finding {
    let severity = match list.weight() {
        Weight::High => Severity::Error,
        Weight::Medium => Severity::Warning,
        _ => Severity::Note,
    };
    let zone = list.zone().map(ToString::to_string).unwrap_or_default();
    let weight = match severity {
        Severity::Error => "Large receivers refuse mail for it.",
        Severity::Warning => "Some receivers refuse mail for it.",
        _ => "Next to nobody refuses mail for it alone.",
    };
    let what = format!("{} stands on the block list {} ({}). {weight}", found.subject, list.id(), list.what());
    let question = found.question.iter().map(|name| format!("{name} A: {}", found.listing));
    let reason = found.reason.iter().map(|reason| format!("the list says: {reason}"));
    Finding::new(severity, Topic::BlockLists, Code::Listed, &found.subject, what)
        .seen_all(question.chain(reason))
        .mends(mends(&zone, found))
        .of_list(list.id())
}

fn mends(zone: &str, found: &ListFinding) -> Vec<Mend> {
    let by_policy = found.listing.verdicts().all(|verdict| verdict == Verdict::Policy);
    let meanings: &[Meaning] = match &found.listing {
        Listing::Listed(meanings) => meanings,
        _ => &[],
    };
    let why: Vec<&str> = meanings.iter().map(|meaning| &*meaning.text).filter(|text| !text.is_empty()).collect();
    let page = found.reason.as_ref().map(Text::as_str).filter(|reason| reason.contains("http"));
    let ask = match page {
        Some(page) => format!("Then ask for removal, as the list says: {page}"),
        None => format!("Then ask for removal on the page of the list ({zone})."),
    };
    if by_policy {
        return vec![
            Mend::step("This network is not meant to send mail itself: send through a relay or another address."),
            Mend::step(format_args!("If it is meant to, {}", ask.trim_start_matches("Then "))),
        ];
    }
    let cause = match why.as_slice() {
        [] => "Find out what was sent, and stop it.".to_owned(),
        why => format!("Find out what was sent, and stop it ({}).", why.join(", ")),
    };
    vec![Mend::step(cause), Mend::step(ask)]
}

fn mute(exam: &mut Exam<'_>, silent: Vec<String>, step: &str) {
    let lists = match silent.len() {
        0 => return,
        1 => "A block list says".to_owned(),
        count => format!("{count} block lists say"),
    };
    let what = format!("{lists} nothing that can be believed, so whether you stand there is not known.");
    let finding = exam.finding(Severity::Unknown, Code::NotKnown, what).seen_all(silent);
    exam.find(finding.mend(Mend::step(step)));
}
