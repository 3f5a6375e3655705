//! DMARC (RFC 9989).

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use posthaste_auth::dmarc::{
    self, Alignment, Authenticated, Disposition, FailureOption, Identifiers, Outcome, Policy, Psd, Record, Tag,
    Testing, Verdict,
};
use posthaste_dns::{DnsErrorKind, MemoryZone, RecordKind};
use posthaste_types::{DnsName, Tick};
use proptest::prelude::*;

fn name(text: &str) -> DnsName {
    text.parse().unwrap()
}

fn zone(records: &[(&str, &str)]) -> MemoryZone {
    let zone = MemoryZone::new();
    for (domain, record) in records {
        zone.add(&format!("_dmarc.{domain}. IN TXT \"{record}\"")).unwrap();
    }
    zone
}

#[test]
fn section_4_7_records() {
    let record = Record::parse(
        b"v = DMARC1 ; p=quarantine; sp=none;np=REJECT; adkim=s; aspf=r; fo=1:d:s; psd=n; t=y; \
          rua=mailto:a@example.com!10m, mailto:b%2Cc@example.net,https://r.example/; ruf=mailto:f@example.com;",
    )
    .unwrap();
    assert_eq!((record.policy, record.subdomain), (Policy::Quarantine, Some(Policy::None)));
    assert_eq!(record.non_existent, Some(Policy::Reject));
    assert_eq!((record.dkim, record.spf), (Alignment::Strict, Alignment::Relaxed));
    assert_eq!(record.failure_options, [FailureOption::Any, FailureOption::Dkim, FailureOption::Spf]);
    assert_eq!((record.psd, record.testing), (Psd::No, Testing::On));
    let rua: Vec<String> = record.rua.iter().map(ToString::to_string).collect();
    assert_eq!(rua.len(), 2, "a local part with a comma must be quoted: {rua:?}");
    assert_eq!((rua[0].as_str(), rua[1].as_str()), ("mailto:a@example.com", "https://r.example/"));
    assert_eq!(record.defects().len(), 1);
    assert_eq!(
        record.to_string(),
        "v=DMARC1; p=quarantine; sp=none; np=reject; adkim=s; fo=1:d:s; psd=n; t=y; \
         rua=mailto:a@example.com,https://r.example/; ruf=mailto:f@example.com"
    );
}

#[test]
fn section_4_7_what_is_overlooked_and_what_is_not() {
    for (text, policy, defects) in [
        ("v=DMARC1", Policy::None, 1),
        ("v=DMARC1;p=reject", Policy::Reject, 0),
        ("v=DMARC1; rua=mailto:a@b.example; p=reject", Policy::Reject, 0),
        ("v=DMARC1; p=reject; pct=50; ri=86400; rf=afrf", Policy::Reject, 3),
        ("v=DMARC1; p=reject; aspf=x; fo=2; t=; unknown=1; nothing", Policy::Reject, 5),
        ("v=DMARC1; p=reject; p=none", Policy::Reject, 1),
        ("v=DMARC1; p=strict; rua=mailto:a@b.example", Policy::None, 1),
        ("v=DMARC1; p=reject; sp=x; rua=mailto:a@b.example", Policy::None, 1),
    ] {
        let record = Record::parse(text.as_bytes()).unwrap();
        assert_eq!((record.policy, record.defects().len()), (policy, defects), "{text}: {:?}", record.defects());
    }
    for (text, at) in [
        ("", 0),
        ("v=dmarc1; p=reject", 0),
        ("v=DMARC10; p=reject", 0),
        ("p=reject; v=DMARC1", 0),
        (" v=DMARC1; p=reject", 0),
        ("v=DMARC1; p=strict", 12),
        ("v=DMARC1; p=none; sp=all; rua=ftp", 21),
        ("v=DMARC1; p=r\u{e9}ject", 13),
    ] {
        assert_eq!(Record::parse(text.as_bytes()).unwrap_err().at(), at, "{text}");
    }
    assert!(Record::parse(format!("v=DMARC1{}", ";x=y".repeat(200_000)).as_bytes()).is_err());
    assert!(Record::parse(format!("v=DMARC1{}", ";x".repeat(1000)).as_bytes()).is_err());
}

#[tokio::test]
async fn section_4_10_tree_walk_of_eight_questions() {
    let dns = MemoryZone::new();
    let long = name("a.b.c.d.e.f.g.h.i.j.mail.example.com");
    let org = dmarc::organizational_domain(&dns, &long, Tick::default()).await.unwrap();
    assert_eq!(org, long);
    let asked = [
        "a.b.c.d.e.f.g.h.i.j.mail.example.com",
        "g.h.i.j.mail.example.com",
        "h.i.j.mail.example.com",
        "i.j.mail.example.com",
        "j.mail.example.com",
        "mail.example.com",
        "example.com",
        "com",
    ];
    for domain in asked {
        assert_eq!(dns.asked(&name(&format!("_dmarc.{domain}")), RecordKind::Txt), 1, "{domain}");
    }
    assert_eq!(dns.questions(), 8);
}

type Records<'a> = &'a [(&'a str, &'a str)];

#[tokio::test]
async fn section_4_10_2_organizational_domains() {
    let table: [(&str, Records<'_>, &str); 9] = [
        (
            "a.mail.example.com",
            &[("mail.example.com", "v=DMARC1; p=none"), ("example.com", "v=DMARC1; p=reject")],
            "example.com",
        ),
        ("a.mail.example.com", &[("mail.example.com", "v=DMARC1; psd=n; p=none")], "mail.example.com"),
        ("a.mail.example.com", &[("com", "v=DMARC1; psd=y; p=none")], "example.com"),
        (
            "giant.bank.example",
            &[("giant.bank.example", "v=DMARC1; p=none"), ("bank.example", "v=DMARC1; psd=y; p=reject")],
            "giant.bank.example",
        ),
        ("mail.mega.bank.example", &[("bank.example", "v=DMARC1; psd=y; p=reject")], "mega.bank.example"),
        (
            "signing.example.com",
            &[("signing.example.com", "v=DMARC1; p=none"), ("example.com", "v=DMARC1; p=none")],
            "example.com",
        ),
        ("bank.example", &[("bank.example", "v=DMARC1; psd=y; p=reject")], "bank.example"),
        (
            "a.example.com",
            &[("a.example.com", "v=DMARC1; p=none"), ("a.example.com", "v=DMARC1; p=reject")],
            "a.example.com",
        ),
        (
            "a.example.com",
            &[("example.com", "v=DMARC1; p=none"), ("example.com", "v=DMARC1; p=reject")],
            "a.example.com",
        ),
    ];
    for (start, records, organization) in table {
        let found = dmarc::organizational_domain(&zone(records), &name(start), Tick::default()).await.unwrap();
        assert_eq!(found, name(organization), "{start} {records:?}");
    }
}

async fn judge(dns: &MemoryZone, author: &str, spf: Option<&str>, dkim: Option<&str>) -> Outcome {
    let mut message = Identifiers::new(author.parse().unwrap());
    if let Some(domain) = spf {
        message = message.spf(name(domain), Authenticated::Pass);
    }
    if let Some(domain) = dkim {
        message = message.dkim(name(domain), Authenticated::Pass);
    }
    dmarc::check(dns, &message, Tick::default()).await
}

#[tokio::test]
async fn section_4_4_alignment() {
    let table = [
        ("v=DMARC1; p=reject", "example.com", None, Some("example.com"), Verdict::Pass),
        ("v=DMARC1; p=reject", "news.example.com", Some("b.example.com"), None, Verdict::Pass),
        ("v=DMARC1; p=reject; aspf=s", "example.com", Some("b.example.com"), None, Verdict::Fail),
        ("v=DMARC1; p=reject; adkim=s", "example.com", None, Some("b.example.com"), Verdict::Fail),
        ("v=DMARC1; p=reject; adkim=s", "example.com", Some("b.example.com"), None, Verdict::Pass),
        ("v=DMARC1; p=reject", "example.com", Some("example.net"), Some("badexample.com"), Verdict::Fail),
        ("v=DMARC1; p=reject", "example.com", None, Some("com"), Verdict::Fail),
        ("v=DMARC1; p=reject", "example.com", None, None, Verdict::Fail),
    ];
    for (record, author, spf, dkim, verdict) in table {
        let outcome = judge(&zone(&[("example.com", record)]), author, spf, dkim).await;
        assert_eq!(outcome.verdict, verdict, "{record} {author}: {outcome}");
        let disposition = if verdict == Verdict::Fail { Disposition::Reject } else { Disposition::None };
        assert_eq!(outcome.disposition, disposition);
    }
    let none = judge(&MemoryZone::new(), "example.com", None, Some("example.com")).await;
    assert_eq!((none.verdict, none.disposition), (Verdict::None, Disposition::None));
}

#[tokio::test]
async fn section_4_10_1_policy_discovery() {
    let record = "v=DMARC1; p=none; sp=quarantine; np=reject";
    let dns = zone(&[("example.com", record), ("own.example.com", "v=DMARC1; p=none")]);
    dns.add("exists.example.com. IN TXT \"x\"").unwrap();
    for (author, tag, disposition) in [
        ("example.com", Tag::P, Disposition::None),
        ("own.example.com", Tag::P, Disposition::None),
        ("exists.example.com", Tag::Sp, Disposition::Quarantine),
        ("ghost.example.com", Tag::Np, Disposition::Reject),
    ] {
        let outcome = judge(&dns, author, None, None).await;
        assert_eq!((outcome.applied.unwrap().tag, outcome.disposition), (tag, disposition), "{author}");
    }
    // A public suffix speaks for those below that say nothing.
    let suffix = zone(&[("bank.example", "v=DMARC1; p=reject; psd=y")]);
    let outcome = judge(&suffix, "mega.bank.example", None, None).await;
    assert_eq!(outcome.disposition, Disposition::Reject);
    assert_eq!(outcome.organizational_domain, Some(name("mega.bank.example")));
}

#[tokio::test]
async fn section_4_7_testing_is_one_level_lower() {
    for (policy, disposition) in
        [("reject", Disposition::Quarantine), ("quarantine", Disposition::None), ("none", Disposition::None)]
    {
        let dns = zone(&[("example.com", &format!("v=DMARC1; p={policy}; t=y"))]);
        assert_eq!(judge(&dns, "example.com", None, None).await.disposition, disposition);
    }
}

#[tokio::test]
async fn a_dns_that_fails_asks_for_nothing() {
    let dns = zone(&[("example.com", "v=DMARC1; p=reject")]);
    dns.fail(&name("_dmarc.b.example.com"), DnsErrorKind::ServFail);
    let outcome = judge(&dns, "example.com", None, Some("b.example.com")).await;
    assert_eq!((outcome.verdict, outcome.disposition), (Verdict::TempError, Disposition::None));
    assert_eq!(judge(&dns, "example.com", Some("example.com"), Some("b.example.com")).await.verdict, Verdict::Pass);
    dns.fail(&name("_dmarc.example.com"), DnsErrorKind::Timeout);
    let outcome = judge(&dns, "example.com", None, Some("example.com")).await;
    assert_eq!(outcome.to_string(), "temperror: _dmarc.example.com TXT: no answer in time");
    let message = Identifiers::new("example.org".parse().unwrap()).spf(name("example.org"), Authenticated::TempError);
    let dns = zone(&[("example.org", "v=DMARC1; p=reject")]);
    assert_eq!(dmarc::check(&dns, &message, Tick::default()).await.verdict, Verdict::TempError);
}

/// Who forges signs as himself, under the same top-level domain, and lets his own name servers fail.
#[tokio::test]
async fn the_dns_of_a_stranger_does_not_make_a_failure_temporary() {
    let dns = zone(&[("example.com", "v=DMARC1; p=reject")]);
    dns.fail(&name("_dmarc.evil.com"), DnsErrorKind::ServFail);
    for author in ["example.com", "news.example.com"] {
        let outcome = judge(&dns, author, Some("evil.com"), Some("a.evil.com")).await;
        assert_eq!((outcome.verdict, outcome.disposition), (Verdict::Fail, Disposition::Reject), "{author}");
    }
    assert_eq!(dns.asked(&name("_dmarc.evil.com"), RecordKind::Txt), 0);
}

proptest! {
    #[test]
    fn reading_never_panics_and_writing_reads_back(text in "[ -~]{0,120}") {
        for text in [text.clone(), format!("v=DMARC1;{text}"), format!("v=DMARC1; p=reject; rua={text}")] {
            if let Ok(record) = Record::parse(text.as_bytes()) {
                let again = Record::parse(record.to_string().as_bytes()).unwrap();
                prop_assert_eq!(again.to_string(), record.to_string());
            }
        }
    }
}
