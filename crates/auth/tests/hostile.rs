//! Hostile records and names: bounded work, a typed result, a stack of 256 KiB.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::sync::Arc;
use std::time::Duration;

use posthaste_auth::results::{AuthservId, MethodResult, Results, strip};
use posthaste_auth::spf::{Check, Limit, Outcome, Query, Reason, RecordCache, Settings, Step, Verdict, received_spf};
use posthaste_auth::{dmarc, iprev};
use posthaste_dns::{DnsErrorKind, MemoryZone, Mx, RecordData, RecordKind};
use posthaste_types::{DnsName, ParseErrorKind, Text, Tick, Timestamp};

fn on_a_small_stack<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    std::thread::Builder::new().stack_size(256 * 1024).spawn(work).unwrap().join().unwrap()
}

fn name(text: &str) -> DnsName {
    text.parse().unwrap()
}

fn txt(zone: &MemoryZone, owner: &str, octets: impl Into<Vec<u8>>) {
    zone.insert(name(owner), Duration::from_secs(300), RecordData::Txt(octets.into()));
}

/// A zone where example.com has this record.
fn zone(record: impl Into<Vec<u8>>) -> MemoryZone {
    let zone = MemoryZone::new();
    txt(&zone, "example.com", record);
    zone
}

/// What SPF says of ada@example.com, and how many questions that took.
fn spf(zone: &MemoryZone, settings: Settings) -> (Outcome, u64) {
    let query = Query::mail_from("192.0.2.1".parse().unwrap(), "mail.example.com", "ada@example.com");
    spf_of(zone, query, settings)
}

fn spf_of(zone: &MemoryZone, query: Query, settings: Settings) -> (Outcome, u64) {
    let zone = zone.clone();
    on_a_small_stack(move || {
        let before = zone.questions();
        let mut check = Check::new(query, settings, Tick::default(), Timestamp::from_unix_secs(0));
        loop {
            match check.step(Tick::default()) {
                Step::Ask { name, kind } => check.answer(zone.lookup(&name, kind)),
                Step::Done(outcome) => return (outcome, zone.questions() - before),
            }
        }
    })
}

/// Limits of somebody who does not want any.
fn unlimited() -> Settings {
    let mut settings = Settings::default();
    settings.limits.lookups = u32::MAX;
    settings.limits.void_lookups = u32::MAX;
    settings.limits.mx_names = usize::MAX;
    settings.limits.ptr_names = usize::MAX;
    settings
}

fn dmarc(zone: MemoryZone, author: &str, signers: &[&str]) -> (dmarc::Outcome, u64) {
    let mut message = dmarc::Identifiers::new(author.parse().unwrap());
    for signer in signers {
        message = message.dkim(name(signer), dmarc::Authenticated::Pass);
    }
    on_a_small_stack(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let outcome = runtime.block_on(dmarc::check(&zone, &message, Tick::default()));
        (outcome, zone.questions())
    })
}

/// The port may answer a loop in any way that it likes; none of them goes on for ever.
#[test]
fn loops_of_aliases() {
    for (record, verdict) in [
        ("v=spf1 a:loop.example -all", Verdict::TempError),
        ("v=spf1 mx:loop.example -all", Verdict::TempError),
        ("v=spf1 exists:loop.example -all", Verdict::TempError),
        ("v=spf1 include:loop.example -all", Verdict::TempError),
        ("v=spf1 redirect=loop.example", Verdict::TempError),
        ("v=spf1 ptr -all", Verdict::Fail),
        ("v=spf1 -all exp=loop.example", Verdict::Fail),
    ] {
        let zone = zone(record);
        zone.add("loop.example. IN CNAME other.example.\nother.example. IN CNAME loop.example.").unwrap();
        zone.add("1.2.0.192.in-addr.arpa. IN PTR loop.example.").unwrap();
        let (outcome, questions) = spf(&zone, unlimited());
        assert_eq!(outcome.verdict, verdict, "{record}: {outcome}");
        assert!(questions <= 3, "{record}: {questions}");
    }
    let zone: MemoryZone = "_dmarc.example.com. IN CNAME _dmarc.example.com.".parse().unwrap();
    let (outcome, questions) = dmarc(zone, "example.com", &[]);
    assert_eq!(outcome.verdict, dmarc::Verdict::TempError);
    assert_eq!(outcome.error.map(|error| error.kind()), Some(DnsErrorKind::ServFail));
    assert_eq!(questions, 1);
}

#[test]
fn three_hundred_includes() {
    let includes: String = (0..300).map(|i| format!(" include:i{i}.example")).collect();
    let zone = zone(format!("v=spf1{includes} -all"));
    for i in 0..300 {
        txt(&zone, &format!("i{i}.example"), "v=spf1 ip4:198.51.100.1 -all");
    }
    let (outcome, questions) = spf(&zone, Settings::default());
    assert!(matches!(outcome.reason, Reason::Limit(Limit::Lookups)), "{outcome}");
    assert_eq!((outcome.verdict, questions), (Verdict::PermError, 11));
    // Whoever allows them gets them, each once, and a trace of bounded length.
    let (outcome, questions) = spf(&zone, unlimited());
    assert_eq!((outcome.verdict, questions), (Verdict::Fail, 301));
    assert_eq!((outcome.trace.len(), outcome.steps_left_out > 0), (Outcome::MAX_STEPS, true));
}

/// Records that include themselves, and one another twice: the number of lookups is what is counted.
#[test]
fn trees_of_includes() {
    let zone = zone("v=spf1 include:a.example include:b.example -all");
    txt(&zone, "a.example", "v=spf1 include:b.example include:b.example ?all");
    txt(&zone, "b.example", "v=spf1 include:a.example include:a.example ?all");
    let (outcome, questions) = spf(&zone, Settings::default());
    assert!(matches!(outcome.reason, Reason::Limit(Limit::Lookups)), "{outcome}");
    assert_eq!(questions, 11);
    let (outcome, _) = spf(&zone, unlimited());
    assert!(matches!(outcome.reason, Reason::Limit(Limit::Depth)), "{outcome}");
}

/// Long values put into many macros make no long text.
#[test]
fn macro_bombs() {
    let local = "x".repeat(Query::MAX - 20);
    let sender = format!("{local}@example.com");
    let ip = "2001:db8::1".parse().unwrap();
    for letter in ["%{s}", "%{l}", "%{h}", "%{ir}", "%{S}", "%{L99999999999999999999r.-+,/_=}"] {
        let bomb = letter.repeat(60_000 / letter.len());
        let zone = zone(format!("v=spf1 exists:{bomb}.example.com -all exp=why.example"));
        txt(&zone, "why.example", bomb);
        let query = Query::mail_from(ip, &"h".repeat(5000), &sender);
        let (outcome, _) = spf_of(&zone, query.clone(), Settings::default());
        assert!(matches!(outcome.verdict, Verdict::Fail | Verdict::PermError), "{letter}: {outcome}");
        assert!(outcome.explanation.is_none_or(|text| text.as_str().len() <= Text::MAX), "{letter}");
        assert!(query.sender().len() <= 2 * Query::MAX);
    }
}

/// Line ends in a record reach no field and no explanation.
#[test]
fn line_ends_in_records() {
    let evil = "x\r\nBcc: everybody@example.com\r\n\r\n\0body\u{7f}";
    for record in
        [format!("v=spf1 -all {evil}"), "v=spf1\r\n -all".to_owned(), format!("v=spf1 a:{evil} -all"), evil.to_owned()]
    {
        let (outcome, _) = spf(&zone(record.clone()), Settings::default());
        assert!(matches!(outcome.verdict, Verdict::PermError | Verdict::None), "{record:?}: {outcome}");
        assert_one_line(&outcome.to_string());
        outcome.trace.iter().for_each(|step| assert_one_line(&step.to_string()));
    }
    let zone = zone("v=spf1 -all exp=why.example");
    txt(&zone, "why.example", format!("%{{h}} {evil}"));
    let query = Query::mail_from("192.0.2.1".parse().unwrap(), evil, &format!("{evil}@example.com"));
    let (outcome, _) = spf_of(&zone, query.clone(), Settings::default());
    outcome.explanation.iter().for_each(|text| assert_one_line(text.as_str()));
    let field = received_spf(&query, &outcome, &name("mx.example.org")).unwrap();
    assert_one_field(field.as_str());
    let results = Results::new("mx.example.org".parse().unwrap()).with(MethodResult::spf(&query, &outcome));
    assert_one_field(results.to_field().unwrap().as_str());

    let zone = MemoryZone::new();
    txt(&zone, "_dmarc.example.com", format!("v=DMARC1; p=reject; rua=mailto:{evil}"));
    let (outcome, _) = dmarc(zone, "example.com", &[]);
    assert_one_line(&outcome.to_string());
    let results = Results::new("mx.example.org".parse().unwrap()).with(MethodResult::dmarc(&outcome));
    assert_one_field(results.to_field().unwrap().as_str());
}

fn assert_one_line(text: &str) {
    assert!(!text.contains(|c: char| c.is_control()), "{text:?}");
}

fn assert_one_field(field: &str) {
    let lines: Vec<&str> = field.strip_suffix("\r\n").unwrap().split("\r\n").collect();
    assert!(lines[1..].iter().all(|line| line.starts_with(' ') && !line.trim().is_empty()), "{field:?}");
    lines.iter().for_each(|line| assert_one_line(line));
}

/// 1 MB of text, and thousands of texts.
#[test]
fn large_answers() {
    let cache = Arc::new(RecordCache::default());
    let mut settings = Settings::default();
    settings.cache = Some(cache.clone());
    for filler in [" a", " ip4:192.0.2.1", " x=%{d}", "                    ", " %{", " \u{e9}"] {
        let text = format!("v=spf1{}", filler.repeat(1_000_000 / filler.len()));
        let (outcome, questions) = spf(&zone(text), settings.clone());
        assert_eq!((outcome.verdict, questions), (Verdict::PermError, 1), "{filler}");
        let Reason::Syntax { error, .. } = &outcome.reason else { panic!("{outcome}") };
        assert!(matches!(error.kind(), ParseErrorKind::TooLong { .. }), "{error}");
    }
    let zone = zone("v=spf1 -all exp=why.example");
    txt(&zone, "why.example", "y".repeat(1_000_000));
    (0..2_000).for_each(|i| txt(&zone, "example.com", format!("other {i}")));
    let (outcome, _) = spf(&zone, settings.clone());
    assert_eq!((outcome.verdict, outcome.explanation), (Verdict::Fail, None));
    (0..2_000).for_each(|i| txt(&zone, "example.com", format!("v=spf1 ip4:192.0.2.1 x={i}")));
    let (outcome, _) = spf(&zone, Settings::default());
    assert!(matches!(outcome.reason, Reason::TwoRecords { .. }), "{outcome}");
    assert!(format!("{cache:?}").contains("records: 1 }"), "{cache:?}");

    let zone = MemoryZone::new();
    txt(&zone, "_dmarc.example.com", format!("v=DMARC1; p=reject;{}", "x=y;".repeat(250_000)));
    let (outcome, _) = dmarc(zone, "example.com", &[]);
    assert_eq!(outcome.verdict, dmarc::Verdict::None);
}

/// More mail hosts and names than a message could carry.
#[test]
fn thousands_of_hosts() {
    let zone = zone("v=spf1 mx ptr -all");
    let ttl = Duration::from_secs(300);
    for i in 0..3_000 {
        let host = name(&format!("h{i}.example"));
        zone.insert(name("example.com"), ttl, RecordData::Mx(Mx::new(10, host.clone())));
        zone.insert(DnsName::reverse("192.0.2.1".parse().unwrap()), ttl, RecordData::Ptr(host));
    }
    let (outcome, questions) = spf(&zone, Settings::default());
    assert!(matches!(outcome.reason, Reason::Limit(Limit::MxNames)), "{outcome}");
    assert_eq!(questions, 2);
    zone.remove(&name("example.com"), RecordKind::Mx);
    let (outcome, questions) = spf(&zone, Settings::default());
    assert_eq!((outcome.verdict, questions), (Verdict::Fail, 13));
    let asked = zone.questions();
    let iprev = on_a_small_stack({
        let zone = zone.clone();
        move || {
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            runtime.block_on(iprev::check(&zone, "192.0.2.1".parse().unwrap(), Tick::default()))
        }
    });
    assert_eq!((iprev.verdict, zone.questions() - asked), (iprev::Verdict::PermError, 11));
}

/// Each signer costs a walk; how many are walked is bounded, and so is a walk.
#[test]
fn walks_of_many_signers() {
    let zone = MemoryZone::new();
    txt(&zone, "_dmarc.example.com", "v=DMARC1; p=reject");
    let deep = "x.".repeat(100);
    let signers: Vec<String> = (0..1000).map(|i| format!("{deep}s{i}.com")).collect();
    let signers: Vec<&str> = signers.iter().map(String::as_str).collect();
    let (outcome, questions) = dmarc(zone, "example.com", &signers);
    assert_eq!(outcome.verdict, dmarc::Verdict::Fail);
    assert_eq!(outcome.identifiers.len(), dmarc::Identifiers::MAX);
    let most = (dmarc::Identifiers::MAX + 1) * dmarc::Walk::MAX_QUERIES + 1;
    assert!(questions <= most as u64, "{questions}");
}

#[test]
fn authentication_results_of_a_megabyte() {
    let own: AuthservId = "mx.example.org".parse().unwrap();
    for value in [
        "(".repeat(1_000_000),
        format!("mx.example.org; {}", "spf=pass; ".repeat(100_000)),
        format!("mx.example.org; spf=pass{}", " a.b=c".repeat(100_000)),
        format!("mx.example.org; spf=pass reason=\"{}\"", "\\".repeat(999_999)),
        format!("{}mx.example.org; spf=pass", "\r\n ".repeat(300_000)),
    ] {
        on_a_small_stack({
            let (value, own) = (value.clone(), own.clone());
            move || {
                assert!(matches!(Results::parse(&value).unwrap_err().kind(), ParseErrorKind::TooLong { .. }));
                let message = format!("Authentication-Results: {value}\r\nSubject: hi\r\n\r\nhi\r\n");
                let (rest, _) = strip(message.as_bytes(), &own);
                assert!(rest.ends_with(b"Subject: hi\r\n\r\nhi\r\n"));
                let field = &value[..value.len().min(Results::MAX)];
                let _ = Results::parse(field); // at the limit it is read or refused
            }
        });
    }
}
