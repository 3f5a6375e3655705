//! Records to publish: built, linted, printed.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use posthaste_auth::records::{
    BimiRecord, DkimKeyKind, DkimKeyRecord, Explain, FlattenError, TxtRecord, flatten_spf, lint_bimi, lint_dkim_key,
    lint_dmarc, lint_dmarc_age, lint_spf,
};
use posthaste_auth::spf::{MacroString, Mechanism, Qualifier, Record};
use posthaste_auth::{dmarc, mta_sts, tls_rpt};
use posthaste_dns::{DnsErrorKind, MemoryZone};
use posthaste_types::{DnsName, Domain, Tick, Timestamp};

fn domain(text: &str) -> Domain {
    text.parse().unwrap()
}

fn name(text: &str) -> DnsName {
    text.parse().unwrap()
}

fn zone(text: &str) -> MemoryZone {
    text.parse().unwrap()
}

async fn spf_findings(records: &str) -> Vec<String> {
    let lint = lint_spf(&zone(records), &domain("example.com"), Tick::default()).await;
    lint.findings.iter().map(ToString::to_string).collect()
}

#[test]
fn records_are_published_as_lines_of_a_zone_file() {
    let own = domain("example.com");
    let spf = Record::new()
        .with(Qualifier::Pass, Mechanism::Include { domain: MacroString::domain_spec("_spf.example.net").unwrap() })
        .with(Qualifier::SoftFail, Mechanism::All);
    let mut policy = dmarc::Record::new(dmarc::Policy::Reject);
    policy.rua.push(dmarc::ReportUri::Mailto("dmarc@example.com".parse().unwrap()));
    let places = [
        tls_rpt::Rua::Mailto("a!b@example.com".parse().unwrap()),
        tls_rpt::Rua::Https("https://r.example/?a,b".parse().unwrap()),
    ];
    let tls = tls_rpt::Record::new(places).unwrap();
    let bimi = BimiRecord::new("https://example.com/logo.svg", Some("https://example.com/vmc.pem")).unwrap();
    let key = DkimKeyRecord::new(DkimKeyKind::Ed25519, vec![7; 32]);
    let lines = [
        TxtRecord::spf(&own, &spf).to_string(),
        TxtRecord::dmarc(&own, &policy).unwrap().to_string(),
        TxtRecord::mta_sts(&own, &mta_sts::Record::new("20260901").unwrap()).unwrap().to_string(),
        TxtRecord::tls_rpt(&own, &tls).unwrap().to_string(),
        TxtRecord::bimi("default", &own, &bimi).unwrap().to_string(),
        TxtRecord::dkim("s1", &own, &key).unwrap().to_string(),
    ];
    let expected = [
        "example.com. IN TXT \"v=spf1 include:_spf.example.net ~all\"",
        "_dmarc.example.com. IN TXT \"v=DMARC1; p=reject; rua=mailto:dmarc@example.com\"",
        "_mta-sts.example.com. IN TXT \"v=STSv1; id=20260901;\"",
        "_smtp._tls.example.com. IN TXT \"v=TLSRPTv1; rua=mailto:a%21b@example.com,https://r.example/?a%2Cb\"",
        "default._bimi.example.com. IN TXT \"v=BIMI1; l=https://example.com/logo.svg; a=https://example.com/vmc.pem\"",
        "s1._domainkey.example.com. IN TXT \"v=DKIM1; k=ed25519; p=BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=\"",
    ];
    assert_eq!(lines, expected);
    // What is printed reads back as a zone.
    assert!(lines.join("\n").parse::<MemoryZone>().is_ok());
    let odd = TxtRecord::new(name("x.example"), format!("\"\\;\r\n{}", "y".repeat(300)));
    assert_eq!(odd.to_string().lines().count(), 1);
    assert_eq!(odd.strings().count(), 2);
    for words in [spf.in_words(), policy.in_words(), tls.in_words(), bimi.in_words(), key.in_words()] {
        assert!(!words.is_empty() && words.iter().all(|line| !line.contains("v=")), "{words:?}");
    }
}

#[test]
fn records_are_refused_with_the_place() {
    for (text, at) in [
        ("v=DKIM1; k=rsa", 14),
        ("v=DKIM1; p=***", 11),
        ("p=; v=DKIM1", 6),
        ("v=DKIM2; p=", 2),
        ("v=DKIM1; p=; p=", 15),
    ] {
        assert_eq!(DkimKeyRecord::parse(text.as_bytes()).unwrap_err().at(), at, "{text}");
    }
    for (text, at) in
        [("v=BIMI2; l=", 0), ("v=BIMI1; l=http://example.com/a.svg", 11), ("v=BIMI1; l=; a=file:///x", 15)]
    {
        assert_eq!(BimiRecord::parse(text.as_bytes()).unwrap_err().at(), at, "{text}");
    }
    assert_eq!(BimiRecord::parse(b"v=BIMI1; l=; a=;").unwrap(), BimiRecord::default());
    assert!(mta_sts::Record::new("").is_err() && mta_sts::Record::new("a b").is_err());
    assert!(mta_sts::Record::new(&"1".repeat(33)).is_err() && mta_sts::Record::new("1; id=2").is_err());
    assert!(tls_rpt::Record::new([]).is_err());
    assert!(DkimKeyRecord::parse(&vec![b';'; 1 << 20]).is_err());
}

/// The key of RFC 6376 appendix C (1024 bits), and the Ed25519 one of RFC 8463 appendix A.
#[test]
fn dkim_keys() {
    let rsa = "v=DKIM1; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDwIRP/UC3SBsEmGqZ9ZJW3/DkMoGeLnQg1fWn7/zYtIxN2SnFCjxOCKG9v3b4j\
               YfcTNh5ijSsq631uBItLa7od+v/RtdC2UzJ1lWT947qR+Rcac2gbto/NMqJ0fzfVjH4OuKhitdY9tf6mcwGjaNBcWToIMmPSPDdQPNUYckcQ2QIDAQAB";
    let record = DkimKeyRecord::parse(rsa.as_bytes()).unwrap();
    assert_eq!((record.kind.clone(), record.bits()), (DkimKeyKind::Rsa, Some(1024)));
    assert_eq!(DkimKeyRecord::parse(record.to_string().as_bytes()).unwrap(), record);
    let shown = |text: &str| -> Vec<String> {
        lint_dkim_key(&name("s._domainkey.a.example"), text.as_bytes()).iter().map(ToString::to_string).collect()
    };
    assert_eq!(
        shown(rsa),
        ["warning: s._domainkey.a.example: a key of 1024 bits; 2048 are advised, below 1024 it is not used"]
    );
    assert_eq!(shown("k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=").len(), 0);
    assert_eq!(shown("v=DKIM1; p=").len(), 1);
    assert_eq!(shown("v=DKIM1; h=sha1; t=y; k=dsa; p=AAAA").len(), 2);
    assert!(shown("v=DKIM1; p=MIGf").iter().any(|line| line.starts_with("error")), "a key that is cut");
}

#[tokio::test]
async fn spf_lint_names_each_fault() {
    let table: [(&str, &[&str]); 14] = [
        (
            "example.com. IN TXT \"v=spf1 ip4:0.0.0.0/0 -all\"",
            &["error: example.com: a network is so wide that strangers send from it"],
        ),
        (
            "example.com. IN TXT \"v=spf1 ip6:2000::/3 ?all\"",
            &[
                "warning: example.com: `?all` says nothing of other senders",
                "error: example.com: a network is so wide that strangers send from it",
            ],
        ),
        ("example.com. IN TXT \"v=spf1 -ip4:0.0.0.0/1 ip4:10.0.0.0/8 -all\"", &[]),
        (
            "example.com. IN TXT \"v=spf1 inlcude=a.example -all\"",
            &["note: example.com: a modifier is unknown and passed over: is it a misspelt mechanism?"],
        ),
        ("example.com. IN TXT \"v=spf1 ip4:192.0.2.1 -all\"", &[]),
        ("example.com. IN TXT \"other\"", &["error: example.com: there is no record"]),
        (
            "example.com. IN TXT \"v=spf1 -all\"\nexample.com. IN TXT \"v=spf1 ~all\"",
            &["error: example.com: there is more than one record, so receivers use none"],
        ),
        ("example.com. IN TXT \"v=spf1 +all\"", &["error: example.com: `+all` lets everybody send as this domain"]),
        (
            "example.com. IN TXT \"v=spf1 ptr\"",
            &[
                "warning: example.com: without `all` nothing is said of other senders",
                "warning: example.com: `ptr` is slow and unreliable, and not to be used",
            ],
        ),
        (
            "example.com. IN TXT \"v=spf1 -all a:b.example redirect=c.example\"",
            &["warning: example.com: nobody reads what stands behind `all`, nor a `redirect` beside it"],
        ),
        (
            "example.com. IN TXT \"v=spf1 include:a.example -all\"\na.example. IN TXT \"v=spf1 include:example.com -all\"",
            &["error: example.com: the record leads back to itself"],
        ),
        (
            "example.com. IN TXT \"v=spf1 include:a.example -all\"",
            &["error: a.example: there is no record, and another record needs it"],
        ),
        (
            "example.com. IN TXT \"v=spf1 a:x.example a:y.example mx:z.example -all\"",
            &["error: example.com: 3 DNS lookups find nothing, of which receivers bear 2"],
        ),
        (
            "example.com. IN TXT \"v=spf1 ip4:192.0.2.256 -all\"",
            &["error: example.com: the record cannot be read: SPF record: no address of this family at byte 11"],
        ),
    ];
    for (records, expected) in table {
        assert_eq!(spf_findings(records).await, expected, "{records}");
    }
}

#[tokio::test]
async fn spf_lint_counts_over_the_tree() {
    let mut records = String::from("example.com. IN TXT \"v=spf1 include:a.example include:b.example -all\"\n");
    records.push_str("a.example. IN TXT \"v=spf1 include:c.example a a a a ~all\"\na.example. IN A 192.0.2.1\n");
    records.push_str("b.example. IN TXT \"v=spf1 exists:%{i}.b.example a:a.example a:a.example ?all\"\n");
    records.push_str(&format!("c.example. IN TXT \"v=spf1 {} -all\"\n", "ip4:192.0.2.0/24 ".repeat(30)));
    let dns = zone(&records);
    let lint = lint_spf(&dns, &domain("example.com"), Tick::default()).await;
    assert_eq!((lint.lookups, lint.void_lookups, lint.tree.len()), (10, 0, 4));
    let tree = lint.tree_lines();
    assert!(tree[0].starts_with("example.com: 2 lookups, 10 in all: v=spf1 include:a.example"), "{tree:?}");
    assert!(
        tree[1].starts_with("  a.example: 5 lookups, 5 in all: ")
            && tree[2].starts_with("    c.example: 0 lookups, 0 in")
    );
    assert!(tree[3].starts_with("  b.example: 3 lookups, 3 in all: "));
    let shown: Vec<String> = lint.findings.iter().map(ToString::to_string).collect();
    assert_eq!(shown, ["warning: c.example: 522 octets are too long for one answer over UDP (450)"]);
    dns.fail(&name("b.example"), DnsErrorKind::ServFail);
    let lint = lint_spf(&dns, &domain("example.com"), Tick::default()).await;
    assert!(lint.findings.iter().any(|finding| finding.to_string() == "unknown: b.example: the DNS did not answer"));
    // Hostile: 300 records in a row.
    let chain: String = (0..300)
        .map(|i| {
            format!("s{i}.example. IN TXT \"v=spf1 include:s{}.example include:s{}.example -all\"\n", i + 1, i + 2)
        })
        .collect();
    let dns = zone(&format!("example.com. IN TXT \"v=spf1 include:s0.example -all\"\n{chain}"));
    let lint = lint_spf(&dns, &domain("example.com"), Tick::default()).await;
    assert!(lint.tree.len() <= 100 && dns.questions() < 500);
    assert!(lint.findings.iter().any(|finding| finding.to_string().contains("DNS lookups")));
}

#[tokio::test]
async fn dmarc_lint_names_each_fault() {
    let dns = zone(
        "_dmarc.example.com. IN TXT \"v=DMARC1; p=none; pct=50; rua=mailto:a@example.com,mailto:b@else.example,mailto:c@ok.example\"\n\
         example.com. IN MX 10 mx.example.com.\nmx.example.com. IN A 192.0.2.2\nok.example. IN A 192.0.2.1\n\
         example.com._report._dmarc.ok.example. IN TXT \"v=DMARC1\"",
    );
    let shown: Vec<String> = lint_dmarc(&dns, &domain("example.com"), Tick::default())
        .await
        .findings
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(
        shown,
        [
            "warning: example.com: a part of the record is not used: DMARC record: a tag that RFC 9989 took away at byte 22",
            "warning: example.com: `p=none` does not stop mail that fails",
            "error: example.com: else.example takes no mail, so no reports come",
            "error: example.com: else.example does not say that it wants these reports, so none come",
        ]
    );
    let dns = zone("_dmarc.example.com. IN TXT \"v=DMARC1; p=reject; sp=none; t=y\"");
    assert_eq!(lint_dmarc(&dns, &domain("example.com"), Tick::default()).await.findings.len(), 3);
    assert_eq!(lint_dmarc(&dns, &domain("example.org"), Tick::default()).await.findings.len(), 1);
}

#[tokio::test]
async fn spf_is_flattened_and_the_price_is_told() {
    let dns = zone(
        "example.com. 3600 IN TXT \"v=spf1 mx include:a.example ~include:b.example ?exists:%{i}.x.example include:c.example -all\"\n\
         example.com. 3600 IN MX 10 mx.example.com.\nmx.example.com. 60 IN A 192.0.2.1\nmx.example.com. 60 IN AAAA 2001:db8::1\n\
         a.example. 300 IN TXT \"v=spf1 ip4:198.51.100.0/24 a:mx.example.com redirect=b.example\"\n\
         b.example. 300 IN TXT \"v=spf1 ip4:203.0.113.0/24 ~all\"\n\
         c.example. 300 IN TXT \"v=spf1 -ip4:203.0.113.9 ip4:203.0.113.0/28 -all\"",
    );
    let flat = flatten_spf(&dns, &domain("example.com"), Tick::default()).await.unwrap();
    assert_eq!(
        flat.record.to_string(),
        "v=spf1 ip4:192.0.2.1 ip6:2001:db8::1 ip4:198.51.100.0/24 ip4:203.0.113.0/24 ?exists:%{i}.x.example \
         include:c.example -all"
    );
    assert_eq!((flat.lookups, flat.ttl.as_secs()), (2, 60));
    assert!(flat.warnings()[0].contains("at least every 60 seconds"), "{:?}", flat.warnings());
    assert_eq!(flat.warnings().len(), 3);
    dns.fail_times(&name("b.example"), DnsErrorKind::Timeout, 1);
    let error = flatten_spf(&dns, &domain("example.com"), Tick::default()).await.unwrap_err();
    assert!(error.is_transient());
    dns.add("l.example. IN TXT \"v=spf1 include:l.example -all\"").unwrap();
    let error = flatten_spf(&dns, &domain("l.example"), Tick::default()).await.unwrap_err();
    assert!(matches!(error, FlattenError::Record { .. }), "{error}");
}

/// Records that lead on and on do not use up a stack of 256 KiB.
#[test]
fn hostile_chains_need_little_stack() {
    let chain: String =
        (0..300).map(|i| format!("s{i}.example. IN TXT \"v=spf1 include:s{}.example -all\"\n", i + 1)).collect();
    let dns = zone(&chain);
    let work = move || {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let start = domain("s0.example");
        let lint = runtime.block_on(lint_spf(&dns, &start, Tick::default()));
        assert!(lint.lookups > 10);
        assert!(runtime.block_on(flatten_spf(&dns, &start, Tick::default())).is_err());
    };
    std::thread::Builder::new().stack_size(256 * 1024).spawn(work).unwrap().join().unwrap();
}

fn shown(findings: &[posthaste_auth::records::Finding]) -> Vec<String> {
    findings.iter().map(ToString::to_string).collect()
}

/// RFC 9990 §4 (RFC 7489 §7.1): the record that consents may name another address of its own domain.
#[tokio::test]
async fn consent_records_may_redirect_reports() {
    let table: [(&str, &[&str]); 6] = [
        ("v=DMARC1", &[]),
        ("v=DMARC1; rua=mailto:a@else.example", &[]),
        (
            "v=DMARC1; rua=mailto:b@else.example",
            &["note: example.com: reports for a@else.example go to b@else.example, as its domain wants"],
        ),
        (
            "v=DMARC1; rua=mailto:b@third.example",
            &["warning: example.com: else.example would have reports go to b@third.example, of another domain, where \
               receivers send none"],
        ),
        (
            "v=DMARC1; rua=mailto:b@else.example,mailto:b@sub.else.example",
            &[
                "note: example.com: reports for a@else.example go to b@else.example, as its domain wants",
                "warning: example.com: else.example would have reports go to b@sub.else.example, of another domain, \
                 where receivers send none",
            ],
        ),
        ("v=spf1 -all", &["error: example.com: else.example does not say that it wants these reports, so none come"]),
    ];
    for (consent, expected) in table {
        let dns = zone(&format!(
            "_dmarc.example.com. IN TXT \"v=DMARC1; p=reject; rua=mailto:a@else.example\"\nelse.example. IN A 192.0.2.1\n\
             example.com._report._dmarc.else.example. IN TXT \"{consent}\""
        ));
        assert_eq!(
            shown(&lint_dmarc(&dns, &domain("example.com"), Tick::default()).await.findings),
            expected,
            "{consent}"
        );
    }
}

#[tokio::test]
async fn reports_need_a_mail_host_that_has_an_address() {
    let no_mail = "error: example.com: example.com takes no mail, so no reports come";
    let unknown = "unknown: example.com: the DNS did not answer";
    for (hosts, fails, expected) in [
        ("example.com. IN MX 10 mx.example.com.\nmx.example.com. IN AAAA 2001:db8::1", None, None),
        ("example.com. IN MX 0 .", None, Some(no_mail)),
        ("example.com. IN MX 10 mx.example.com.", None, Some(no_mail)),
        ("example.com. IN MX 10 a.example.\nexample.com. IN MX 20 b.example.\nb.example. IN A 192.0.2.1", None, None),
        ("example.com. IN MX 10 mx.example.com.", Some("mx.example.com"), Some(unknown)),
        ("example.com. IN A 192.0.2.1", None, None),
    ] {
        let dns =
            zone(&format!("_dmarc.example.com. IN TXT \"v=DMARC1; p=reject; rua=mailto:a@example.com\"\n{hosts}"));
        if let Some(host) = fails {
            dns.fail(&name(host), DnsErrorKind::ServFail);
        }
        let found = shown(&lint_dmarc(&dns, &domain("example.com"), Tick::default()).await.findings);
        assert_eq!(found, expected.into_iter().collect::<Vec<_>>(), "{hosts}");
    }
}

#[test]
fn a_policy_of_none_grows_old() {
    let first: Timestamp = "2024-01-01T00:00:00Z".parse().unwrap();
    let record = |text: &str| dmarc::Record::parse(text.as_bytes()).unwrap();
    let (own, none) = (name("example.com"), record("v=DMARC1; p=none; rua=mailto:a@example.com"));
    let at = |text: &str| text.parse::<Timestamp>().unwrap();
    for early in ["2023-06-01T00:00:00Z", "2024-01-01T00:00:00Z", "2024-06-29T00:00:00Z"] {
        assert_eq!(lint_dmarc_age(&own, &none, first, at(early)), None, "{early}");
    }
    let late = lint_dmarc_age(&own, &none, first, at("2026-11-24T00:00:00Z")).unwrap();
    assert_eq!(
        late.to_string(),
        "warning: example.com: `p=none` for 1058 days: by now it is known who sends, so ask for more"
    );
    assert_eq!(lint_dmarc_age(&own, &record("v=DMARC1; p=quarantine"), first, at("2026-11-24T00:00:00Z")), None);
}

#[test]
fn bimi_needs_an_enforced_policy() {
    let at = name("default._bimi.example.com");
    let whole = "v=BIMI1; l=https://example.com/a.svg; a=https://example.com/a.pem";
    for (text, policy, expected) in [
        (whole, Some("v=DMARC1; p=reject"), vec![]),
        (whole, Some("v=DMARC1; p=quarantine; sp=reject"), vec![]),
        (whole, Some("v=DMARC1; p=reject; sp=none"), vec!["error", "quarantine or reject"]),
        (whole, Some("v=DMARC1; p=quarantine; t=y"), vec!["error", "quarantine or reject"]),
        (whole, Some("v=DMARC1; p=none"), vec!["error", "quarantine or reject"]),
        (whole, None, vec!["error", "quarantine or reject"]),
        ("v=BIMI1; l=https://example.com/a.svg", Some("v=DMARC1; p=reject"), vec!["warning", "no logo"]),
        ("v=BIMI1; l=; a=;", None, vec!["note", "declines"]),
        ("v=BIMI1; l=http://example.com/a.svg", None, vec!["error", "no https URI at byte 11"]),
    ] {
        let policy = policy.map(|text| dmarc::Record::parse(text.as_bytes()).unwrap());
        let found = shown(&lint_bimi(&at, text.as_bytes(), policy.as_ref())).join("; ");
        assert_eq!(found.is_empty(), expected.is_empty(), "{text} {found}");
        assert!(expected.iter().all(|word| found.contains(word)), "{text} {found}");
    }
}
