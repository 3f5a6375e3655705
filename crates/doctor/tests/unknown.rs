//! What has no answer is unknown: never fine, and never a fault of the domain. And it ends in time.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::sync::Arc;
use std::time::Duration;

use posthaste_auth::records::Severity;
use posthaste_dns::{DnsErrorKind, RecordKind};
use posthaste_doctor::{Audit, Code, Doctor, SendingDomain, Settings, Standing, Topic};
use posthaste_fetch::MemoryFetch;
use posthaste_testkit::VirtualClock;
use support::{Failing, Hanging, Recording, Slow, audit, found, sound_sending, sound_web, sound_zone};

/// Nothing is fine, nothing is wrong.
fn knows_nothing(audit: &Audit) {
    for check in &audit.checks {
        assert_eq!(check.worst(), Some(Severity::Unknown), "{} of {}\n{audit}", check.topic, check.about);
        assert!(check.findings.iter().all(|finding| finding.code == Code::NotKnown), "{audit}");
        assert!(check.findings.iter().all(|finding| !finding.mend.is_empty()), "{audit}");
    }
    for rule in audit.providers.iter().flat_map(|verdict| &verdict.rules) {
        assert!(matches!(rule.standing, Standing::Unknown | Standing::NotSeen), "{}: {}", rule.demand, rule.standing);
    }
    assert_eq!(audit.exit_code(), 3);
}

#[tokio::test]
async fn a_dns_that_fails_makes_everything_unknown() {
    use DnsErrorKind::{Malformed, Network, Refused, ServFail, Timeout};
    for kind in [Malformed, Network, Refused, ServFail, Timeout] {
        let audit = audit(Failing(kind), sound_web(), &sound_sending()).await;
        knows_nothing(&audit);
        assert!(audit.to_string().contains(&kind.to_string()), "{kind} is told");
    }
}

#[tokio::test]
async fn broken_signatures_are_a_fault_and_hide_the_rest() {
    let audit = audit(Failing(DnsErrorKind::Bogus), sound_web(), &sound_sending()).await;
    for check in &audit.checks {
        let expected = if check.topic == Topic::Dnssec { Severity::Error } else { Severity::Unknown };
        assert_eq!(check.worst(), Some(expected), "{} of {}\n{audit}", check.topic, check.about);
    }
    assert!(audit.findings()[0].code == Code::DnssecBogus);
}

#[tokio::test]
async fn no_single_question_can_fail_unnoticed() {
    let recording = Recording::new(sound_zone());
    assert_eq!(found(&audit(recording.clone(), sound_web(), &sound_sending()).await), []);
    let asked = recording.asked.lock().unwrap().clone();
    assert!(asked.len() > 100, "{}", asked.len());
    let zones = ["example.com", "example.net"].map(|zone| zone.parse().unwrap());
    for question in asked {
        let (name, kind) = &question;
        // The reason that a list gives is for people: nothing rests on it.
        if *kind == RecordKind::Txt && !zones.iter().any(|zone| name.is_within(zone)) {
            continue;
        }
        let failing = Recording { fails: Some(question.clone()), ..Recording::new(sound_zone()) };
        let audit = audit(failing, sound_web(), &sound_sending()).await;
        assert_eq!(
            audit.worst(),
            Some(Severity::Unknown),
            "{question:?} is fine without an answer, or a fault\n{audit}"
        );
        // That there is no key of one selector is no word about the others.
        assert!(found(&audit).iter().all(|(_, code)| *code == Code::NotKnown), "{question:?}\n{audit}");
    }
}

#[tokio::test]
async fn a_list_that_fails_its_test_says_nothing() {
    for (records, says) in [
        ("*.zen.spamhaus.org. IN A 127.0.0.2", "what must not be listed is"),
        ("*.zen.spamhaus.org. IN A 192.0.2.80", "the zone answers 192.0.2.80"),
        ("*.zen.spamhaus.org. IN A 127.255.255.254", "no answer from here"),
    ] {
        let zone = sound_zone();
        zone.remove(&"2.0.0.127.zen.spamhaus.org".parse().unwrap(), RecordKind::A);
        zone.add(records).unwrap();
        let audit = audit(zone, sound_web(), &sound_sending()).await;
        assert_eq!(found(&audit), [(Severity::Unknown, Code::NotKnown)], "{records}\n{audit}");
        let finding = audit.findings()[0].clone();
        assert!(finding.evidence[0].as_str().starts_with("spamhaus_zen: "), "{finding:?}");
        assert!(finding.evidence[0].as_str().contains(says), "{finding:?}");
    }
}

#[tokio::test]
async fn without_what_fetches_the_policy_is_unknown() {
    let doctor = Doctor::new(Arc::new(sound_zone()), Arc::new(VirtualClock::new()));
    assert_eq!(found(&doctor.audit(&sound_sending()).await), [(Severity::Unknown, Code::NotKnown)]);
    let audit = audit(sound_zone(), MemoryFetch::new(), &sound_sending()).await;
    assert_eq!(found(&audit), [(Severity::Unknown, Code::NotKnown)], "a server that is not reached\n{audit}");
}

#[tokio::test]
async fn an_audit_ends_in_time_whatever_the_resolver_does() {
    let clock = VirtualClock::new();
    let doctor = Doctor::new(Arc::new(Hanging), Arc::new(clock.clone())).fetch(Arc::new(sound_web()));
    let task = tokio::spawn(async move { doctor.audit(&sound_sending()).await });
    clock.advance(Settings::default().time).await;
    assert!(!task.is_finished(), "it waits as long as it may");
    clock.advance(Settings::GRACE).await;
    assert!(task.is_finished());
    let audit = task.await.unwrap();
    knows_nothing(&audit);
    assert_eq!(standing(&audit, "unlisted"), Standing::Unknown);
    assert!(audit.took <= Settings::default().time + Settings::GRACE, "{:?}", audit.took);
}

#[tokio::test]
async fn checks_run_at_the_same_time() {
    let clock = VirtualClock::new();
    let takes = Duration::from_millis(100);
    let recording = Recording::new(sound_zone());
    let questions = audit(recording.clone(), sound_web(), &sound_sending()).await;
    drop(questions);
    let questions = u32::try_from(recording.asked.lock().unwrap().len()).unwrap();
    let slow = Slow { zone: sound_zone(), clock: clock.clone(), takes };
    let doctor = Doctor::new(Arc::new(slow), Arc::new(clock.clone())).fetch(Arc::new(sound_web()));
    let task = tokio::spawn(async move { doctor.audit(&sound_sending()).await });
    while !task.is_finished() && clock.advance_to_next().await {}
    let audit = task.await.unwrap();
    assert_eq!(found(&audit), [], "{audit}");
    assert!(audit.took * 5 < takes * questions, "{:?} for {questions} questions", audit.took);
}

#[tokio::test]
async fn a_slow_dns_gives_what_came_in_time() {
    let clock = VirtualClock::new();
    let slow = Slow { zone: sound_zone(), clock: clock.clone(), takes: Duration::from_secs(20) };
    let doctor = Doctor::new(Arc::new(slow), Arc::new(clock.clone())).fetch(Arc::new(sound_web()));
    let task = tokio::spawn(async move { doctor.audit(&sound_sending()).await });
    while !task.is_finished() && clock.advance_to_next().await {}
    let audit = task.await.unwrap();
    assert_eq!(audit.worst(), Some(Severity::Unknown), "{audit}");
    assert!(found(&audit).iter().all(|(severity, _)| *severity == Severity::Unknown), "{audit}");
    let tls = audit.checks.iter().find(|check| check.topic == Topic::TlsRpt).unwrap();
    assert_eq!(tls.worst(), None, "one question, which was answered in time");
}

/// How it stands with a demand at the first provider that has it.
fn standing(audit: &Audit, demand: &str) -> Standing {
    let mut rules = audit.providers.iter().flat_map(|provider| &provider.rules);
    rules.find(|rule| rule.demand.as_str() == demand).unwrap().standing
}

#[tokio::test]
async fn a_policy_above_that_is_not_known_is_no_missing_one() {
    let sending =
        SendingDomain::new("news.example.com".parse().unwrap()).volume(posthaste_provider::Volume::per_day(50_000));
    let fails = Some(("_dmarc.example.com".parse().unwrap(), RecordKind::Txt));
    let audit = audit(Recording { fails, ..Recording::new(sound_zone()) }, MemoryFetch::new(), &sending).await;
    let dmarc = audit.checks.iter().find(|check| check.topic == Topic::Dmarc).unwrap();
    assert_eq!(dmarc.findings.iter().map(|finding| finding.code).collect::<Vec<_>>(), [Code::NotKnown], "{audit}");
    assert_eq!(standing(&audit, "dmarc"), Standing::Unknown);
}

#[tokio::test]
async fn one_selector_of_two_that_is_not_known_is_not_fine() {
    let sending = sound_sending().selector("s2");
    let fails = Some(("s2._domainkey.example.com".parse().unwrap(), RecordKind::Txt));
    let audit = audit(Recording { fails, ..Recording::new(sound_zone()) }, sound_web(), &sending).await;
    assert_eq!(found(&audit), [(Severity::Unknown, Code::NotKnown)], "{audit}");
    assert_eq!(standing(&audit, "dkim"), Standing::Unknown);
}

#[tokio::test]
async fn a_record_of_a_thousand_terms_is_left_early() {
    let zone = sound_zone();
    let name = "example.com".parse().unwrap();
    zone.remove(&name, RecordKind::Txt);
    let terms: String = (0..1000).map(|n| format!("a:x{n}.example mx:y{n}.example ")).collect();
    let text = format!("v=spf1 {terms}-all").into_bytes();
    zone.insert(name, Duration::from_secs(300), posthaste_dns::RecordData::Txt(text));
    let recording = Recording::new(zone);
    let audit = audit(recording.clone(), sound_web(), &sound_sending()).await;
    assert!(found(&audit).iter().any(|(severity, _)| *severity == Severity::Error), "{audit}");
    let asked = recording.asked.lock().unwrap().len();
    assert!(asked < 1000, "{asked} questions");
}
