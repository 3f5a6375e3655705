//! MTA-STS (RFC 8461).

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::time::Duration;

use posthaste_auth::mta_sts::{self, Mode, MxPattern, Policy, Record};
use posthaste_types::DnsName;
use proptest::prelude::*;

#[test]
fn section_3_1_records() {
    let id32 = "a".repeat(32);
    let table = [
        ("v=STSv1; id=20160831085700Z;", "20160831085700Z"),
        ("v=STSv1;id=1", "1"),
        ("v=STSv1 ; \tid=1 ; ", "1"),
        ("v=STSv1; other=x:y; id=2;", "2"),
        ("v=STSv1; id=first; id=second", "first"),
        (&format!("v=STSv1; id={id32}"), &id32),
    ];
    for (text, id) in table {
        assert_eq!(Record::parse(text.as_bytes()).unwrap().id(), id, "{text}");
    }
}

#[test]
fn section_3_1_bad_records() {
    let long = format!("v=STSv1; id={}", "a".repeat(33));
    let table = [
        ("", 0),
        ("v=STSv2; id=1", 0),
        ("V=STSv1; id=1", 0),
        (" v=STSv1; id=1", 0),
        ("v=STSv1", 7),
        ("v=STSv1 id=1", 7),
        ("v=STSv1;", 8),
        ("v=STSv1; id=", 12),
        ("v=STSv1; id=a-b", 13),
        ("v=STSv1; id", 9),
        ("v=STSv1;; id=1", 8),
        ("v=STSv1; ID=1", 13),
        (&long, 44),
        ("v=STSv1; id=\u{e9}", 12),
    ];
    for (text, at) in table {
        assert_eq!(Record::parse(text.as_bytes()).unwrap_err().at(), at, "{text:?}");
    }
    let huge = [b"v=STSv1; id=1; x=".as_slice(), &[b'y'; Record::MAX]].concat();
    assert_eq!(Record::parse(&huge).unwrap_err().at(), Record::MAX);
}

/// "If the number of resulting records is not one, or if the resulting record is syntactically invalid, ..."
#[test]
fn section_3_1_exactly_one_record() {
    let select = |texts: &[&str]| Record::select(texts.iter().map(|text| text.as_bytes())).map(|r| r.id().to_owned());
    assert_eq!(select(&["google-site=1", "v=STSv1; id=7", "v=STSv10; id=8"]).as_deref(), Some("7"));
    assert_eq!(select(&[]), None);
    assert_eq!(select(&["v=STSv1; id=7", "v=STSv1; id=7"]), None);
    assert_eq!(select(&["v=STSv1; id="]), None);
}

#[test]
fn section_3_2_policies() {
    let text = "version: STSv1\r\nmode: enforce\r\nmx: mail.example.com\r\nmx: *.example.net\r\n\
        mx:\tbackupmx.example.com \r\nmax_age: 604800\r\n";
    for text in [text.to_owned(), text.replace("\r\n", "\n"), text.trim_end().to_owned(), format!("{text}\r\n\n")] {
        let policy = Policy::parse(text.as_bytes()).unwrap();
        assert_eq!(policy.mode(), Mode::Enforce);
        assert_eq!(policy.max_age(), Duration::from_secs(604_800));
        let mx: Vec<String> = policy.mx().iter().map(ToString::to_string).collect();
        assert_eq!(mx, ["mail.example.com", "*.example.net", "backupmx.example.com"]);
        assert_eq!(Policy::parse(policy.lines().join("\n").as_bytes()).unwrap(), policy);
    }
    // Any order, keys of the future, and the first of two.
    let text = "max_age: 0\nx-new: \u{e9}t\u{e9}\nmode: testing\nmode: enforce\nmx: a.example\nversion: STSv1";
    assert_eq!(Policy::parse(text.as_bytes()).unwrap().mode(), Mode::Testing);
    let none = Policy::parse(b"version: STSv1\nmode: none\nmax_age: 31557600\n").unwrap();
    assert_eq!((none.mode(), none.max_age()), (Mode::None, Policy::MAX_AGE));
}

#[test]
fn section_3_2_bad_policies() {
    let table = [
        ("", 0, "no `version`"),
        ("version: STSv2\n", 9, "another version"),
        ("<html>\n", 0, "a line without `:`"),
        ("version: STSv1\nmode: strict\n", 21, "unknown `mode`"),
        ("version: STSv1\nmode: none\n", 26, "no `max_age`"),
        ("version: STSv1\nmode: enforce\nmax_age: 1", 39, "no `mx`"),
        ("version: STSv1\nmx: a.example\nmax_age: 1\n", 40, "no `mode`"),
        ("max_age: -1\n", 9, "no number"),
        ("max_age: 1 day\n", 9, "no number"),
        ("max_age: 31557601\n", 9, "more than"),
        ("max_age: 99999999999\n", 9, "no number"),
        ("mx: *.*.example\n", 6, "domain"),
        ("mx: mx*.example\n", 6, "domain"),
        ("mx: .example\n", 4, "domain"),
        ("mx:\n", 3, "empty"),
    ];
    for (text, at, why) in table {
        let error = Policy::parse(text.as_bytes()).unwrap_err();
        assert_eq!(error.at(), at, "{text:?}: {error}");
        assert!(error.to_string().contains(why), "{text:?}: {error}");
    }
    assert!(Policy::parse(b"version: STSv1\nmx: \xff.example\n").is_err());
}

#[test]
fn section_3_3_sizes() {
    let policy = "version: STSv1\nmode: none\nmax_age: 1\n";
    let padded = |len: usize| format!("{policy}x:{}", "y".repeat(len - policy.len() - 2));
    assert!(Policy::parse(padded(Policy::MAX).as_bytes()).is_ok());
    assert_eq!(Policy::parse(padded(Policy::MAX + 1).as_bytes()).unwrap_err().at(), Policy::MAX);
    assert!(Policy::parse("mx: a.example\n".repeat(Policy::MAX_MX + 1).as_bytes()).is_err());
}

#[test]
fn section_4_1_patterns() {
    let table = [
        ("mail.example.com", "mail.example.com", true),
        ("mail.example.com", "MAIL.example.com.", true),
        ("mail.example.com", "a.mail.example.com", false),
        ("*.example.com", "mail.example.com", true),
        ("*.example.com", "example.com", false),
        ("*.example.com", "a.b.example.com", false),
        ("*.Example.COM", "mx.example.com", true),
        ("*.example.com", "mx.notexample.com", false),
    ];
    for (pattern, host, expected) in table {
        let host: DnsName = host.parse().unwrap();
        assert_eq!(MxPattern::parse(pattern).unwrap().matches(&host), expected, "{pattern} {host}");
    }
}

#[test]
fn names() {
    let domain = "example.com".parse().unwrap();
    assert_eq!(mta_sts::record_name(&domain).unwrap().as_str(), "_mta-sts.example.com");
    assert_eq!(mta_sts::policy_host(&domain).unwrap().as_str(), "mta-sts.example.com");
    let long = format!("{}.example", ["a".repeat(60).as_str(); 4].join("."));
    assert!(mta_sts::record_name(&long.parse().unwrap()).is_err());
}

proptest! {
    #[test]
    fn any_octets(octets in prop::collection::vec(any::<u8>(), 0..200), tail in "[a-z:=; \\*\\.\n\r0-9_]{0,60}") {
        for octets in [octets.clone(), [b"v=STSv1;", tail.as_bytes()].concat(), tail.into_bytes()] {
            if let Err(error) = Record::parse(&octets) {
                prop_assert!(error.at() <= octets.len());
            }
            match Policy::parse(&octets) {
                Ok(policy) => prop_assert_eq!(Policy::parse(policy.lines().join("\r\n").as_bytes()), Ok(policy)),
                Err(error) => prop_assert!(error.at() <= octets.len()),
            }
        }
    }
}

/// What is kept over a restart is read back as it was; what is broken is refused with its place.
#[test]
fn kept_policies() {
    use posthaste_auth::mta_sts::KeptPolicy;
    let line =
        "example.com 1 2026-11-24T09:00:00Z version: STSv1; mode: testing; mx: a.example; mx: *.b.example; max_age: 60";
    let kept: KeptPolicy = line.parse().unwrap();
    assert_eq!((kept.to_string().as_str(), kept.policy.mx().len()), (line, 2));
    for broken in [
        "",
        "example.com 1 2026-11-24T09:00:00Z",
        "example.com 1 2026-11-24T09:00:00Z ",
        "example..com 1 2026-11-24T09:00:00Z version: STSv1; mode: none; max_age: 60",
        "example.com 1;2 2026-11-24T09:00:00Z version: STSv1; mode: none; max_age: 60",
        "example.com 1 yesterday version: STSv1; mode: none; max_age: 60",
        "example.com 1 2026-11-24T09:00:00Z version: STSv1; mode: enforce; max_age: 60",
    ] {
        assert!(broken.parse::<KeptPolicy>().is_err(), "{broken}");
    }
}

proptest! {
    /// What is kept is one line, and reads back as the same; no text makes the reader panic.
    #[test]
    fn kept_policies_read_back(
        id in "[a-zA-Z0-9]{1,32}",
        mode in prop::sample::select(vec!["enforce", "testing", "none"]),
        mx in prop::collection::vec("(\\*\\.)?[a-z0-9]{1,10}\\.example", 1..5),
        max_age in 0..31_557_600_u32,
        at in 0..4_000_000_000_i64,
        noise in ".{0,120}",
    ) {
        use posthaste_auth::mta_sts::KeptPolicy;
        use posthaste_types::Timestamp;
        let lines: String = mx.iter().map(|mx| format!("mx: {mx}\n")).collect();
        let policy = Policy::parse(format!("version: STSv1\nmode: {mode}\n{lines}max_age: {max_age}\n").as_bytes()).unwrap();
        let record = Record::parse(format!("v=STSv1; id={id}").as_bytes()).unwrap();
        let kept = KeptPolicy::new("example.com".parse().unwrap(), record, policy, Timestamp::from_unix_secs(at));
        let line = kept.to_string();
        prop_assert!(!line.contains('\n'));
        prop_assert_eq!(line.parse::<KeptPolicy>().unwrap(), kept);
        let _ = noise.parse::<KeptPolicy>();
        let _ = format!("example.com {noise}").parse::<KeptPolicy>();
        let _ = format!("example.com 1 2026-01-01T00:00:00Z {noise}").parse::<KeptPolicy>();
    }
}

/// §3.2: what is served reads back; §3.1: the id changes with it.
#[test]
fn a_policy_to_serve() {
    let hosts = |names: &[&str]| names.iter().map(|name| MxPattern::parse(name).unwrap()).collect::<Vec<_>>();
    let day = Duration::from_secs(86_400);
    let policy = Policy::new(Mode::Testing, hosts(&["mx.example.com", "*.example.net"]), day).unwrap();
    let body = policy.to_string();
    assert_eq!(
        body,
        "version: STSv1\r\nmode: testing\r\nmx: mx.example.com\r\nmx: *.example.net\r\nmax_age: 86400\r\n"
    );
    assert_eq!(Policy::parse(body.as_bytes()).unwrap(), policy);
    let id = |policy: &Policy| Record::for_policy(policy).id().to_owned();
    assert_eq!(Record::parse(Record::for_policy(&policy).to_string().as_bytes()).unwrap().id(), id(&policy));
    let other = Policy::new(Mode::Enforce, policy.mx().to_vec(), day).unwrap();
    assert!(id(&other) != id(&policy) && id(&policy).len() == 32);

    assert!(Policy::new(Mode::Enforce, Vec::new(), day).is_err());
    assert!(Policy::new(Mode::None, Vec::new(), day).is_ok());
    assert!(Policy::new(Mode::None, Vec::new(), Policy::MAX_AGE + Duration::from_secs(1)).is_err());
    assert!(Policy::new(Mode::Enforce, vec![MxPattern::parse("mx.example.com").unwrap(); 1001], day).is_err());
    // Below a second nothing is written, and so nothing kept.
    let odd = Policy::new(Mode::None, Vec::new(), Duration::from_millis(1500)).unwrap();
    assert_eq!(Policy::parse(odd.to_string().as_bytes()).unwrap(), odd);
}
