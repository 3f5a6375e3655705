//! SPF (RFC 7208) beyond its suite: positions, limits, hostile input, the header field.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use posthaste_auth::spf::{
    self, Check, Limit, Outcome, Query, Reason, Record, RecordCache, Settings, Step, Tracing, Verdict,
};
use posthaste_dns::{Answer, DnsError, DnsErrorKind, MemoryZone, RecordData, RecordKind, Resolve};
use posthaste_types::{DnsName, Tick, Timestamp};
use proptest::prelude::*;
use support::StillClock;

fn name(text: &str) -> DnsName {
    text.parse().unwrap()
}

fn run(zone: &MemoryZone, query: Query, settings: &Settings) -> Outcome {
    let mut check = Check::new(query, settings.clone(), Tick::default(), Timestamp::from_unix_secs(0));
    loop {
        match check.step(Tick::default()) {
            Step::Ask { name, kind } => check.answer(zone.lookup(&name, kind)),
            Step::Done(outcome) => return outcome,
        }
    }
}

fn ada(ip: &str) -> Query {
    Query::mail_from(ip.parse().unwrap(), "mail.example.com", "ada@example.com")
}

fn of_record(record: &str, ip: &str) -> Outcome {
    let zone = MemoryZone::new();
    zone.insert(name("example.com"), Duration::from_secs(300), RecordData::Txt(record.as_bytes().to_vec()));
    run(&zone, ada(ip), &Settings::default())
}

#[test]
fn section_4_6_errors_have_their_place() {
    for (record, at) in [
        ("v=spf2 -all", 0),
        ("v=spf1 -all moo", 12),
        ("v=spf1 ip4:192.0.2.0/33", 21),
        ("v=spf1 ip4:192.0.2", 11),
        ("v=spf1 a:192.0.2.1", 17),
        ("v=spf1 a:example", 9),
        ("v=spf1 include:%{x}.example.com", 17),
        ("v=spf1 exp=%{c}.example.com", 13),
        ("v=spf1 redirect=a.example redirect=b.example", 26),
        ("v=spf1 a\r\nb", 8),
        ("v=spf1 =all", 7),
        ("v=spf1 all:x", 10),
    ] {
        let error = Record::parse(record.as_bytes()).unwrap_err();
        assert_eq!(error.at(), at, "{record:?}: {error}");
    }
    assert!(Record::parse(&vec![b'v'; 1024 * 1024]).is_err());
}

#[test]
fn section_4_6_records_read_as_they_are_written() {
    for record in [
        "v=spf1",
        "v=spf1 a -all",
        "v=spf1 a:foo:bar/baz.example.com/24//64 mx//96 ptr:%{d2} ?exists:%{ir}.%{l1r+-}._spf.%{d}",
        "v=spf1 ip4:192.0.2.0/24 ip6:2001:db8::/32 ~all redirect=_spf.example.net exp=why.example.com op=helo",
    ] {
        let read = Record::parse(record.as_bytes()).unwrap();
        assert_eq!(read.to_string(), record);
    }
}

#[test]
fn section_2_3_helo_and_section_2_4_null_path() {
    let zone: MemoryZone = "mail.example.com. IN TXT \"v=spf1 exists:%{l}.%{o} -all\"\n\
         postmaster.mail.example.com. IN A 127.0.0.2"
        .parse()
        .unwrap();
    let ip = "192.0.2.1".parse().unwrap();
    for query in [
        Query::helo(ip, "mail.example.com"),
        Query::mail_from(ip, "mail.example.com", "<>"),
        Query::mail_from(ip, "MAIL.example.com.", ""),
    ] {
        assert_eq!(run(&zone, query, &Settings::default()).verdict, Verdict::Pass);
    }
    for helo in ["", ".", "host", "[192.0.2.1]", "a..b", "\r\n", &"x".repeat(100_000)] {
        let outcome = run(&zone, Query::helo(ip, helo), &Settings::default());
        assert!(matches!((outcome.verdict, outcome.reason), (Verdict::None, Reason::NotADomain)), "{helo:?}");
    }
}

#[test]
fn rfc8616_international_names() {
    let zone: MemoryZone = "xn--bcher-kva.example. IN TXT \"v=spf1 exists:%{l}.ok.example ip4:192.0.2.1 -all\"\n\
         *.ok.example. IN A 127.0.0.2"
        .parse()
        .unwrap();
    let verdict = |ip: &str, from: &str| {
        run(&zone, Query::mail_from(ip.parse().unwrap(), "h.example", from), &Settings::default()).verdict
    };
    assert_eq!(verdict("192.0.2.1", "jörg@bücher.example"), Verdict::Pass);
    assert_eq!(verdict("192.0.2.2", "joerg@bücher.example"), Verdict::Pass, "the macro is filled");
    assert_eq!(verdict("192.0.2.2", "jörg@bücher.example"), Verdict::Fail, "a local part beyond ASCII matches nothing");
}

#[test]
fn section_4_6_4_limits() {
    let terms = |term: &str, count: usize| format!("v=spf1 {} +all", vec![term; count].join(" "));
    for (record, limit) in [
        (terms("include:e.example.com", 300), None), // the first has no record
        (terms("a:nothing.example", 300), Some(Limit::VoidLookups)),
        (terms("ptr", 11), Some(Limit::Lookups)),
        ("v=spf1 redirect=example.com".to_owned(), Some(Limit::Lookups)),
        ("v=spf1 include:example.com".to_owned(), Some(Limit::Lookups)),
    ] {
        let outcome = of_record(&record, "192.0.2.1");
        assert_eq!(outcome.verdict, Verdict::PermError, "{outcome}");
        match (limit, &outcome.reason) {
            (None, Reason::Dangling { .. }) => {}
            (Some(expected), Reason::Limit(limit)) => assert_eq!(*limit, expected),
            (_, reason) => panic!("{reason}"),
        }
    }
}

/// 300 records, each of which includes the next; a stack of 256 KiB is enough.
#[test]
fn hostile_include_chain() {
    std::thread::Builder::new().stack_size(256 * 1024).spawn(include_chain).unwrap().join().unwrap();
}

fn include_chain() {
    let zone = MemoryZone::new();
    zone.add("example.com. IN TXT \"v=spf1 include:s0.example.com -all\"").unwrap();
    for i in 0..300 {
        zone.add(&format!("s{i}.example.com. IN TXT \"v=spf1 include:s{}.example.com -all\"", i + 1)).unwrap();
    }
    let outcome = run(&zone, ada("192.0.2.1"), &Settings::default());
    assert!(matches!(outcome.reason, Reason::Limit(Limit::Lookups)), "{outcome}");
    assert!(zone.questions() < 20);
    let mut settings = Settings::default();
    settings.limits.lookups = u32::MAX;
    assert!(matches!(run(&zone, ada("192.0.2.1"), &settings).reason, Reason::Limit(Limit::Depth)));
}

#[test]
fn hostile_names_and_texts_end_in_a_result() {
    let long_local = "x".repeat(1_000_000);
    let bomb = format!("v=spf1 {} -all", "exists:%{s}%{s}%{s}%{s}%{s}%{s}%{s}%{s}.example.com ".repeat(500));
    let many = format!("v=spf1 exists:{}.example.com -all", "%{s}".repeat(16_000));
    for record in [bomb, many] {
        let zone = MemoryZone::new();
        zone.insert(name("example.com"), Duration::ZERO, RecordData::Txt(record.into_bytes()));
        zone.add("*.example.com. IN A 127.0.0.2").unwrap();
        let from = format!("{long_local}@example.com");
        let outcome = run(&zone, Query::mail_from("192.0.2.1".parse().unwrap(), "h", &from), &Settings::default());
        assert_ne!(outcome.verdict, Verdict::None);
    }
    let loops: MemoryZone = "example.com. IN TXT \"v=spf1 a:loop.example.com -all\"\n\
         loop.example.com. IN CNAME pool.example.com.\npool.example.com. IN CNAME loop.example.com."
        .parse()
        .unwrap();
    assert_eq!(run(&loops, ada("192.0.2.1"), &Settings::default()).verdict, Verdict::TempError);
    for record in ["v=spf1 -all\r\nX-Forged: yes", "v=spf1\t-all", "v=spf1 exp=a.example\0 -all"] {
        let outcome = of_record(record, "192.0.2.1");
        assert!(matches!(outcome.verdict, Verdict::PermError | Verdict::None));
        assert!(outcome.trace.iter().all(|step| !step.to_string().contains(['\r', '\n', '\0'])));
    }
    assert_eq!(of_record(&format!("v=spf1 {}", "a".repeat(1024 * 1024)), "192.0.2.1").verdict, Verdict::PermError);
    let steps = of_record(&format!("v=spf1 {} -all", "ip4:198.51.100.1 ".repeat(3000)), "192.0.2.1");
    assert_eq!((steps.verdict, steps.trace.len()), (Verdict::Fail, Outcome::MAX_STEPS));
    assert!(steps.steps_left_out > 2000);
}

#[test]
fn section_6_2_explanations_are_bounded_and_plain() {
    let zone: MemoryZone = "example.com. IN TXT \"v=spf1 -all exp=why.example.com\"".parse().unwrap();
    let text = "%{h} ".repeat(5000);
    zone.insert(name("why.example.com"), Duration::ZERO, RecordData::Txt(text.into_bytes()));
    let helo = "evil\r\n250 ok\u{202e}";
    let outcome =
        run(&zone, Query::mail_from("192.0.2.1".parse().unwrap(), helo, "a@example.com"), &Settings::default());
    let explanation = outcome.explanation.unwrap();
    assert!(explanation.as_str().len() <= 1000);
    assert!(explanation.as_str().bytes().all(|octet| (b' '..=b'~').contains(&octet)));
}

/// Answers after a while, by its clock.
#[derive(Debug)]
struct Slow(MemoryZone, StillClock, Duration);

#[async_trait]
impl Resolve for Slow {
    async fn resolve(&self, name: &DnsName, kind: RecordKind, by: Tick) -> Result<Answer, DnsError> {
        assert_eq!(by, Tick::from_start(Duration::from_secs(20)));
        self.1.advance(self.2);
        self.0.lookup(name, kind)
    }
}

#[tokio::test]
async fn section_4_6_4_twenty_seconds() {
    let zone: MemoryZone = "example.com. IN TXT \"v=spf1 a:a.example.com ptr -all\"\na.example.com. IN A 192.0.2.9\n\
         1.2.0.192.in-addr.arpa. IN PTR b.example.com."
        .parse()
        .unwrap();
    for (pace, verdict) in [(4, Verdict::Fail), (7, Verdict::TempError)] {
        let clock = StillClock::default();
        let slow = Slow(zone.clone(), clock.clone(), Duration::from_secs(pace));
        let outcome = spf::check(&slow, &clock, &ada("192.0.2.1"), &Settings::default()).await;
        assert_eq!(outcome.verdict, verdict, "{outcome}");
    }
}

#[test]
fn a_dns_that_fails_is_a_temporary_error() {
    for fault in [DnsErrorKind::ServFail, DnsErrorKind::Bogus, DnsErrorKind::Refused] {
        let zone: MemoryZone = "example.com. IN TXT \"v=spf1 a -all\"".parse().unwrap();
        zone.fail_kind(&name("example.com"), RecordKind::A, fault);
        assert_eq!(run(&zone, ada("192.0.2.1"), &Settings::default()).verdict, Verdict::TempError);
    }
}

#[test]
fn the_trace_is_evidence_and_can_be_left_out() {
    let zone: MemoryZone = "example.com. IN TXT \"v=spf1 include:_spf.example.net ?all\"\n\
         _spf.example.net. IN TXT \"v=spf1 ip4:198.51.100.0/24 a:out.example.net ~all\"\nout.example.net. IN A 192.0.2.1"
        .parse()
        .unwrap();
    let outcome = run(&zone, ada("192.0.2.1"), &Settings::default());
    let lines: Vec<String> = outcome.trace.iter().map(ToString::to_string).collect();
    assert_eq!(
        lines,
        [
            "example.com: example.com TXT? 1 record",
            "example.com: record `v=spf1 include:_spf.example.net ?all`",
            "  _spf.example.net: _spf.example.net TXT? 1 record",
            "  _spf.example.net: record `v=spf1 ip4:198.51.100.0/24 a:out.example.net ~all`",
            "  _spf.example.net: `ip4:198.51.100.0/24` does not match",
            "  _spf.example.net: out.example.net A? 1 record",
            "  _spf.example.net: `a:out.example.net` matches",
            "  _spf.example.net: ends with pass",
            "example.com: `include:_spf.example.net` matches",
            "example.com: ends with pass",
        ]
    );
    assert_eq!((outcome.lookups, outcome.void_lookups), (2, 0));
    let mut settings = Settings::default();
    settings.tracing = Tracing::Off;
    settings.cache = Some(Arc::new(RecordCache::default()));
    for _ in 0..2 {
        let quiet = run(&zone, ada("192.0.2.1"), &settings);
        assert_eq!((quiet.verdict, quiet.trace.len()), (Verdict::Pass, 0));
    }
}

/// A kept record needs no question until its TTL is over, and is evaluated like any other.
#[test]
fn records_are_kept_as_long_as_their_ttl_allows() {
    let zone = MemoryZone::new();
    zone.add("example.com. 60 IN TXT \"v=spf1 include:_spf.example.net -all\"").unwrap();
    zone.add("_spf.example.net. 0 IN TXT \"v=spf1 ip4:192.0.2.1 -all\"").unwrap();
    let mut settings = Settings::default();
    settings.cache = Some(Arc::new(RecordCache::default()));
    let check = |ip: &str, now: u64| {
        let now = Tick::from_start(Duration::from_secs(now));
        let mut check = Check::new(ada(ip), settings.clone(), now, Timestamp::from_unix_secs(0));
        loop {
            match check.step(now) {
                Step::Ask { name, kind } => check.answer(zone.lookup(&name, kind)),
                Step::Done(outcome) => return outcome,
            }
        }
    };
    let asked = |owner: &str| zone.asked(&name(owner), RecordKind::Txt);
    let first = check("192.0.2.1", 0);
    assert_eq!((first.verdict, asked("example.com"), asked("_spf.example.net")), (Verdict::Pass, 1, 1));
    let kept = check("192.0.2.1", 59);
    assert_eq!((kept.verdict, asked("example.com"), asked("_spf.example.net")), (Verdict::Pass, 1, 2));
    assert_eq!((kept.reason.to_string(), kept.lookups), (first.reason.to_string(), first.lookups));
    assert_eq!(kept.trace.len(), first.trace.len() - 1, "the question that was not asked");
    zone.remove(&name("example.com"), RecordKind::Txt);
    zone.add("example.com. 60 IN TXT \"v=spf1 ~all\"").unwrap();
    assert_eq!(check("198.51.100.9", 59).verdict, Verdict::Fail);
    assert_eq!(check("198.51.100.9", 60).verdict, Verdict::SoftFail);
}

#[test]
fn section_9_1_received_spf() {
    let outcome = of_record("v=spf1 ip4:192.0.2.0/24 -all", "192.0.2.1");
    let field = spf::received_spf(&ada("192.0.2.1"), &outcome, &name("mx.example.org")).unwrap();
    assert_eq!(
        field.as_str(),
        "Received-SPF: pass (mx.example.org: pass: `ip4:192.0.2.0/24` in the record of example.com matches)\r\n \
         client-ip=192.0.2.1;\r\n envelope-from=\"ada@example.com\";\r\n helo=mail.example.com;\r\n \
         receiver=mx.example.org;\r\n identity=mailfrom;\r\n mechanism=\"ip4:192.0.2.0/24\"\r\n"
    );
}

proptest! {
    /// Whatever the client says, the field is one field, and its values cannot leave their quotes.
    #[test]
    fn received_spf_is_one_field(helo in ".{0,60}", from in ".{0,60}", record in "v=spf1 .{0,40}") {
        let ip = "2001:db8::1".parse().unwrap();
        let zone = MemoryZone::new();
        zone.insert(name("example.com"), Duration::ZERO, RecordData::Txt(record.into_bytes()));
        for query in [Query::mail_from(ip, &helo, &from), Query::mail_from(ip, &helo, &format!("{from}@example.com"))] {
            let outcome = run(&zone, query.clone(), &Settings::default());
            let field = spf::received_spf(&query, &outcome, &name("mx.example.org")).unwrap();
            prop_assert!(field.as_str().bytes().all(|octet| matches!(octet, b' '..=b'~' | b'\r' | b'\n')));
            let quotes = field.as_str().replace("\\\\", "").replace("\\\"", "").matches('"').count();
            prop_assert_eq!(quotes % 2, 0);
        }
    }

    /// A record that reads is written as one that reads the same.
    #[test]
    fn records_round_trip(terms in proptest::collection::vec(
        "[-~?+]?(all|a|mx|ptr|a:%\\{d\\}/2[0-4]|mx:b.example//64|ip4:192.0.2.[0-9]/24|ip6:2001:db8::[1-9]|include:c.example|exists:%\\{ir\\}.d.example|x=%\\{c\\}y)",
        0..12,
    )) {
        let text = format!("v=spf1 {}", terms.join(" "));
        if let Ok(record) = Record::parse(text.as_bytes()) {
            prop_assert_eq!(Record::parse(record.to_string().as_bytes()), Ok(record));
        }
    }

    #[test]
    fn reading_never_panics(text in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = Record::parse(&text);
        let _ = Record::parse(&[b"v=spf1 ".as_slice(), &text].concat());
    }
}
