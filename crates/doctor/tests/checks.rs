//! One fault at a time in a sound domain: what it is called, and that nothing else is said.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::sync::Arc;

use posthaste_auth::records::Severity;
use posthaste_auth::records::Severity::{Error, Note, Unknown, Warning};
use posthaste_dns::{MemoryZone, RecordKind};
use posthaste_doctor::probe::{Look, MemoryProbe, ProbeError, StartTls};
use posthaste_doctor::{Code, Doctor, SendingDomain, Standing};
use posthaste_fetch::{FetchErrorKind, MemoryFetch, Response, Url};
use posthaste_testkit::VirtualClock;
use posthaste_types::{DnsName, Timestamp};
use support::{RSA_1024, RSA_2048, audit, found, sound_sending, sound_web, sound_zone, with, zone};

const ED25519: &str = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";

/// Each change makes these findings, and no others; each of them has evidence or needs none, and a mend.
async fn table(rows: &[(&str, &[(Severity, Code)])]) {
    for (changes, expected) in rows {
        let audit = with(changes).await;
        let mut expected = expected.to_vec();
        expected.sort();
        assert_eq!(found(&audit), expected, "{changes}\n{audit}");
        for finding in audit.findings() {
            assert!(!finding.mend.is_empty(), "{} has no mend", finding.code);
        }
    }
}

#[tokio::test]
async fn spf() {
    let own = "example.com TXT \"v=spf1";
    let gone = |terms: &str| format!("{own} {terms}\"");
    let twice = format!("{own} mx -all\"\nexample.com TXT \"v=spf1 ip4:203.0.113.1 -all\"");
    let rows: Vec<(String, Vec<(Severity, Code)>)> = vec![
        ("example.com TXT".into(), vec![(Error, Code::SpfMissing)]),
        (twice, vec![(Error, Code::SpfSeveral)]),
        (gone("mx ip4:1.2.3 -all"), vec![(Error, Code::SpfSyntax)]),
        (gone("ip4:203.0.113.1 ~all"), vec![(Error, Code::SpfNotPass)]),
        (gone("mx +all"), vec![(Error, Code::SpfPassAll)]),
        (gone("mx ?all"), vec![(Warning, Code::SpfNeutralAll)]),
        (gone("mx"), vec![(Warning, Code::SpfNoAll)]),
        (gone("mx -all ip4:203.0.113.1"), vec![(Warning, Code::SpfUnreachable)]),
        (gone("mx ptr -all"), vec![(Warning, Code::SpfPtr)]),
        (gone("mx ip4:192.0.0.0/2 -all"), vec![(Error, Code::SpfWideNetwork)]),
        (gone("mx ipv4=203.0.113.1 -all"), vec![(Note, Code::SpfUnknownModifier)]),
        (gone("include:gone.example mx -all"), vec![(Error, Code::SpfDangling)]),
        (gone("mx include:example.com -all"), vec![(Error, Code::SpfLoop)]),
        (gone("mx a:x1.example a:x2.example a:x3.example -all"), vec![(Error, Code::SpfVoidLookups)]),
    ];
    for (changes, expected) in &rows {
        table(&[(changes, expected)]).await;
    }
}

#[tokio::test]
async fn reports_that_others_send_elsewhere() {
    let record =
        "_dmarc.example.com TXT \"v=DMARC1; p=reject; rua=mailto:d@reports.example\"\nreports.example A 203.0.113.9";
    for (consent, expected) in [
        ("v=DMARC1; rua=mailto:x@reports.example", (Note, Code::DmarcRedirected)),
        ("v=DMARC1; rua=mailto:x@other.example", (Warning, Code::DmarcForeignRedirect)),
    ] {
        let changes = format!("{record}\nexample.com._report._dmarc.reports.example TXT \"{consent}\"");
        table(&[(&changes, &[expected])]).await;
    }
}

#[tokio::test]
async fn a_policy_of_none_grows_old() {
    // The clock begins on 2026-01-01.
    for (since, expected) in [("2025-12-01", Code::DmarcPolicyNone), ("2025-01-01", Code::DmarcPolicyNoneLong)] {
        let sending = sound_sending().policy_none_since(format!("{since}T00:00:00Z").parse().unwrap());
        let none = zone("_dmarc.example.com TXT \"v=DMARC1; p=none; rua=mailto:dmarc@example.com\"");
        assert_eq!(found(&audit(none, sound_web(), &sending).await), [(Warning, expected)], "{since}");
        assert_eq!(found(&audit(sound_zone(), sound_web(), &sending).await), [], "it enforces by now");
    }
}

#[tokio::test]
async fn a_record_that_lets_everybody_pass_passes() {
    let sending = SendingDomain::new("example.com".parse().unwrap()).selector("s1");
    let audit = audit(zone("example.com TXT \"v=spf1 mx +all\""), sound_web(), &sending).await;
    assert_eq!(found(&audit), [(Error, Code::SpfPassAll)]);
    let spf = audit.providers[0].rules.iter().find(|rule| rule.demand.as_str() == "spf").unwrap();
    assert_eq!(spf.standing, Standing::Met);
}

#[tokio::test]
async fn dkim() {
    let key = |record: &str| format!("s1._domainkey.example.com TXT \"{record}\"");
    let rows: Vec<(String, Vec<(Severity, Code)>)> = vec![
        ("s1._domainkey.example.com TXT".into(), vec![(Error, Code::DkimMissing)]),
        (key(&format!("v=DKIM1; p={RSA_1024}")), vec![(Warning, Code::DkimWeakKey)]),
        (key(&format!("v=DKIM1; k=ed25519; p={ED25519}")), vec![(Warning, Code::DkimEd25519Only)]),
        (key("v=DKIM1; p="), vec![(Error, Code::DkimRevoked)]),
        (key("v=DKIM1; p=%%%"), vec![(Error, Code::DkimSyntax)]),
        (key(&format!("v=DKIM1; h=sha1; p={RSA_2048}")), vec![(Error, Code::DkimAlgorithm)]),
        (key(&format!("v=DKIM1; t=y; p={RSA_2048}")), vec![(Warning, Code::DkimTesting)]),
        (format!("{}\n{}", key("v=DKIM1; p=AAAA"), key("v=DKIM1; p=BBBB")), vec![(Error, Code::DkimSeveral)]),
    ];
    for (changes, expected) in &rows {
        table(&[(changes, expected)]).await;
    }
}

#[tokio::test]
async fn keys_are_found_under_usual_names() {
    let sending = SendingDomain::new("example.com".parse().unwrap());
    let guessed = audit(sound_zone(), sound_web(), &sending).await;
    assert_eq!(found(&guessed), []);
    assert!(guessed.to_string().contains("s1 (guessed): a key of the kind rsa, 2048 bits"), "{guessed}");

    let none = zone("s1._domainkey.example.com TXT");
    assert_eq!(found(&audit(none, sound_web(), &sending).await), [(Error, Code::DkimMissing)]);

    let strange = zone(&format!("s1._domainkey.example.com TXT\nqx7._domainkey.example.com TXT \"p={RSA_2048}\""));
    let not_found = audit(strange, sound_web(), &sending).await;
    assert_eq!(found(&not_found), [(Unknown, Code::DkimNotFound)]);
    let dkim = not_found.providers[0].rules.iter().find(|rule| rule.demand.as_str() == "dkim").unwrap();
    assert_eq!(dkim.standing, Standing::Unknown);

    let wild = zone(&format!("s1._domainkey.example.com TXT\n*._domainkey.example.com TXT \"p={RSA_2048}\""));
    assert_eq!(
        found(&audit(wild, sound_web(), &sending).await),
        [(Unknown, Code::DkimNotFound)],
        "a wildcard is no key"
    );
}

#[tokio::test]
async fn keys_grow_old() {
    // The clock begins on 2026-01-01.
    let day = |text: &str| format!("{text}T00:00:00Z").parse::<Timestamp>().unwrap();
    for (made, expected) in
        [(day("2025-06-01"), vec![]), (day("2024-12-31"), vec![(Warning, Code::DkimOld)]), (day("2030-01-01"), vec![])]
    {
        let sending = SendingDomain::new("example.com".parse().unwrap()).selector_made("s1", Some(made));
        assert_eq!(found(&audit(sound_zone(), sound_web(), &sending).await), expected, "{made}");
    }
    let named = zone(&format!("20230601._domainkey.example.com TXT \"p={RSA_2048}\""));
    let sending = SendingDomain::new("example.com".parse().unwrap()).selector("20230601");
    assert_eq!(found(&audit(named, sound_web(), &sending).await), [(Note, Code::DkimOld)]);
}

#[tokio::test]
async fn dmarc() {
    let record = |rest: &str| format!("_dmarc.example.com TXT \"v=DMARC1; {rest}\"");
    let rua = "rua=mailto:dmarc@example.com";
    let rows: Vec<(String, Vec<(Severity, Code)>)> = vec![
        ("_dmarc.example.com TXT".into(), vec![(Error, Code::DmarcMissing)]),
        (format!("{}\n{}", record("p=none"), record("p=reject")), vec![(Error, Code::DmarcSeveral)]),
        (record("p=burn"), vec![(Error, Code::DmarcSyntax)]),
        (record(&format!("p=none; {rua}")), vec![(Warning, Code::DmarcPolicyNone)]),
        (record(&format!("p=reject; sp=none; {rua}")), vec![(Warning, Code::DmarcWeakSubdomains)]),
        (record(&format!("p=reject; pct=50; {rua}")), vec![(Warning, Code::DmarcDefect)]),
        (record(&format!("p=reject; t=y; {rua}")), vec![(Note, Code::DmarcTesting)]),
        (record("p=reject"), vec![(Warning, Code::DmarcNoReports)]),
        (
            record("p=reject; rua=mailto:d@nowhere.example"),
            vec![(Error, Code::DmarcNoMail), (Error, Code::DmarcNoConsent)],
        ),
    ];
    for (changes, expected) in &rows {
        table(&[(changes, expected)]).await;
    }
}

#[tokio::test]
async fn a_subdomain_has_the_policy_of_its_organisation() {
    let dns = zone(&format!(
        "news.example.com MX 10 mail.example.com.\nnews.example.com TXT \"v=spf1 mx -all\"\ns1._domainkey.news.example.com TXT \"p={RSA_2048}\""
    ));
    let sending =
        SendingDomain::new("news.example.com".parse().unwrap()).selector("s1").ip("198.51.100.25".parse().unwrap());
    let audit = audit(dns, MemoryFetch::new(), &sending).await;
    assert_eq!(found(&audit), [(Note, Code::MtaStsMissing), (Note, Code::TlsRptMissing)], "{audit}");
    assert!(audit.to_string().contains("that of example.com applies, sp=reject"), "{audit}");
    assert_eq!(audit.exit_code(), 0);
}

#[tokio::test]
async fn mail_hosts() {
    table(&[
        ("mail2.example.com A", &[(Warning, Code::MxNoAddress)]),
        ("mail2.example.com A 10.0.0.1", &[(Warning, Code::MxInward)]),
        (
            "mail2.example.com A\nmail2.example.com CNAME other.example.com.\nother.example.com A 203.0.113.25",
            &[(Warning, Code::MxAlias)],
        ),
        ("example.com MX 0 .\nexample.com MX 10 mail.example.com.", &[(Error, Code::MxNullAmongOthers)]),
    ])
    .await;
    for (changes, code) in [("example.com MX", Code::MxMissing), ("example.com MX 0 .", Code::NullMx)] {
        let audit = with(changes).await;
        assert!(found(&audit).contains(&(Error, code)), "{changes}\n{audit}");
    }
    let implicit = with("example.com MX\nexample.com A 198.51.100.25").await;
    assert!(found(&implicit).contains(&(Warning, Code::MxImplicit)), "{implicit}");
    let nobody = audit(sound_zone(), MemoryFetch::new(), &SendingDomain::new("nobody.example".parse().unwrap())).await;
    assert!(found(&nobody).contains(&(Error, Code::DomainMissing)), "{nobody}");
}

#[tokio::test]
async fn names_of_addresses() {
    let reverse = "25.100.51.198.in-addr.arpa PTR";
    let rows: Vec<(String, Vec<(Severity, Code)>)> = vec![
        (reverse.into(), vec![(Error, Code::PtrMissing)]),
        (format!("{reverse} mail2.example.com."), vec![(Error, Code::PtrMismatch), (Note, Code::EhloOtherName)]),
        (
            format!("{reverse} host.provider.example.\nhost.provider.example A 198.51.100.25"),
            vec![(Note, Code::PtrForeign), (Note, Code::EhloOtherName)],
        ),
        (
            format!("{reverse} 198-51-100-25.provider.example.\n198-51-100-25.provider.example A 198.51.100.25"),
            vec![(Warning, Code::PtrGeneric), (Note, Code::EhloOtherName)],
        ),
    ];
    for (changes, expected) in &rows {
        table(&[(changes, expected)]).await;
    }
}

#[tokio::test]
async fn ehlo_names() {
    let as_name = async |name: &str| found(&audit(sound_zone(), sound_web(), &sound_sending().ehlo(name)).await);
    for name in ["localhost", "[198.51.100.25]", "two words", "a..b", ""] {
        assert_eq!(as_name(name).await, [(Error, Code::EhloInvalid)], "{name:?}");
    }
    let other = (Note, Code::EhloOtherName);
    assert_eq!(as_name("nowhere.example.com").await, [other, other, (Error, Code::EhloUnresolved)]);
    assert_eq!(as_name("mail2.example.com").await, [other, other, (Warning, Code::EhloElsewhere)]);
    table(&[("mail.example.com TXT \"v=spf1 -all\"", &[(Warning, Code::EhloSpf)])]).await;
}

#[tokio::test]
async fn transport_security() {
    table(&[
        ("_mta-sts.example.com TXT", &[(Note, Code::MtaStsMissing)]),
        ("_mta-sts.example.com TXT \"v=STSv1; id=a_b;\"", &[(Error, Code::MtaStsRecord)]),
        ("mta-sts.example.com A", &[(Error, Code::MtaStsHost)]),
        ("example.com MX 10 mail.example.com.\nexample.com MX 20 mail2.example.com.\nexample.com MX 30 mail3.example.com.\nmail3.example.com A 203.0.113.26", &[(Error, Code::MtaStsMx)]),
        ("_smtp._tls.example.com TXT", &[(Note, Code::TlsRptMissing)]),
        ("_smtp._tls.example.com TXT \"v=TLSRPTv1; rua=tls@example.com\"", &[(Error, Code::TlsRptRecord)]),
        ("_25._tcp.mail.example.com TLSA 0 0 1 00", &[(Warning, Code::DaneUnusable)]),
    ])
    .await;
}

#[tokio::test]
async fn policies_of_mta_sts() {
    let url = Url::parse("https://mta-sts.example.com/.well-known/mta-sts.txt").unwrap();
    let text = |mode: &str, age: u32| format!("version: STSv1\nmode: {mode}\nmx: *.example.com\nmax_age: {age}\n");
    let page = |status: u16, kind: &str, body: String| {
        Response::new(status).with_header("Content-Type", kind.as_bytes()).with_body(body.into_bytes())
    };
    for (response, expected) in [
        (page(200, "text/plain; charset=utf-8", text("enforce", 604_800)), vec![]),
        (page(200, "text/plain", text("testing", 604_800)), vec![(Note, Code::MtaStsMode)]),
        (page(200, "text/plain", text("none", 60)), vec![(Note, Code::MtaStsMode)]),
        (page(200, "text/plain", text("enforce", 60)), vec![(Warning, Code::MtaStsMaxAge)]),
        (page(200, "text/html", text("enforce", 604_800)), vec![(Error, Code::MtaStsPolicy)]),
        (page(404, "text/plain", text("enforce", 604_800)), vec![(Error, Code::MtaStsPolicy)]),
        (page(301, "text/plain", String::new()), vec![(Error, Code::MtaStsPolicy)]),
        (page(200, "text/plain", "mode: enforce\n".into()), vec![(Error, Code::MtaStsPolicy)]),
    ] {
        let web = MemoryFetch::new();
        let status = response.status();
        web.answer(&url, response);
        let audit = audit(sound_zone(), web, &sound_sending()).await;
        assert_eq!(found(&audit), expected, "{status}\n{audit}");
    }
    use FetchErrorKind::{Closed, Forbidden, Protocol, Timeout, Tls, TooLarge, Unreachable};
    for (fault, expected) in [
        (Tls, (Error, Code::MtaStsPolicy)),
        (TooLarge, (Error, Code::MtaStsPolicy)),
        (Closed, (Unknown, Code::NotKnown)),
        (Forbidden, (Unknown, Code::NotKnown)),
        (Protocol, (Unknown, Code::NotKnown)),
        (Timeout, (Unknown, Code::NotKnown)),
        (Unreachable, (Unknown, Code::NotKnown)),
    ] {
        let web = MemoryFetch::new();
        web.fail(&url, fault);
        assert_eq!(found(&audit(sound_zone(), web, &sound_sending()).await), [expected], "{fault}");
    }
}

#[tokio::test]
async fn an_unsigned_zone_makes_tlsa_records_worthless() {
    let signed = sound_zone();
    let unsigned = MemoryZone::new();
    let names = ["example.com", "mail.example.com", "mail2.example.com", "_25._tcp.mail.example.com"];
    for name in names.map(|name| name.parse::<DnsName>().unwrap()) {
        for kind in RecordKind::ALL {
            for data in signed.lookup(&name, *kind).unwrap().records() {
                unsigned.insert(name.clone(), std::time::Duration::from_secs(300), data.clone());
            }
        }
    }
    let audit = audit(unsigned, MemoryFetch::new(), &SendingDomain::new("example.com".parse().unwrap())).await;
    let found = found(&audit);
    assert!(found.contains(&(Warning, Code::DaneInsecure)) && found.contains(&(Note, Code::DnssecUnsigned)), "{audit}");
}

#[tokio::test]
async fn bimi() {
    let logo = "https://example.com/logo.svg";
    let page = |body: &str| Response::new(200).with_body(body.as_bytes().to_vec());
    let sound = "<svg version=\"1.2\" baseProfile=\"tiny-ps\"><title>E</title></svg>";
    let record = format!("default._bimi.example.com TXT \"v=BIMI1; l={logo}; a=https://example.com/vmc.pem\"");
    let bare = format!("default._bimi.example.com TXT \"v=BIMI1; l={logo}; a=\"");
    let weak = format!("{record}\n_dmarc.example.com TXT \"v=DMARC1; p=none; rua=mailto:dmarc@example.com\"");
    for (changes, svg, expected) in [
        (record.clone(), sound, vec![]),
        (bare, sound, vec![(Note, Code::BimiCertificate)]),
        (record.clone(), "<svg><title>E</title></svg>", vec![(Warning, Code::BimiLogo)]),
        (record.clone(), "<html>", vec![(Warning, Code::BimiLogo)]),
        (weak, sound, vec![(Warning, Code::BimiPolicy), (Warning, Code::DmarcPolicyNone)]),
        (
            "default._bimi.example.com TXT \"v=BIMI1; l=http://example.com/logo.svg\"".into(),
            sound,
            vec![(Error, Code::BimiRecord)],
        ),
        ("default._bimi.example.com TXT \"v=BIMI1; l=; a=\"".into(), sound, vec![(Note, Code::BimiDeclined)]),
    ] {
        let web = sound_web();
        web.answer(&Url::parse(logo).unwrap(), page(svg));
        let audit = audit(zone(&changes), web, &sound_sending()).await;
        assert_eq!(found(&audit), expected, "{changes}\n{audit}");
    }
}

#[tokio::test]
async fn listings_weigh_by_their_list() {
    table(&[
        ("25.100.51.198.bl.spamcop.net A 127.0.0.2", &[(Error, Code::Listed)]),
        ("25.100.51.198.psbl.surriel.com A 127.0.0.2", &[(Warning, Code::Listed)]),
        ("25.100.51.198.dnsbl-3.uceprotect.net A 127.0.0.2", &[(Note, Code::Listed)]),
        ("example.com.dbl.spamhaus.org A 127.0.1.2", &[(Error, Code::Listed)]),
        ("25.100.51.198.list.dnswl.org A 127.0.5.2", &[]),
    ])
    .await;
    let listed = with("example.com.dbl.spamhaus.org A 127.0.1.2").await;
    let cares: Vec<&str> = listed.findings()[0].cares.iter().map(|concern| concern.name.as_str()).collect();
    assert_eq!(cares, ["iCloud Mail"], "who is known to ask this list");
}

#[tokio::test]
async fn mail_from_of_another_organisation_is_not_aligned() {
    let dns = zone(
        "bounces.example.org MX 10 mail.example.com.\nbounces.example.org TXT \"v=spf1 ip4:198.51.100.25 ip6:2001:db8::25 -all\"",
    );
    let audit = audit(dns, sound_web(), &sound_sending().mail_from("bounces.example.org".parse().unwrap())).await;
    assert_eq!(found(&audit), [(Note, Code::SpfNotAligned)], "{audit}");
    let alignment = audit.providers[0].rules.iter().find(|rule| rule.demand.as_str() == "alignment").unwrap();
    assert_eq!(alignment.standing, Standing::Met, "DKIM is");
    assert!(audit.findings()[0].cares.is_empty(), "so nobody cares");
}

#[tokio::test]
async fn hosts_are_looked_at_through_the_port() {
    let probe = MemoryProbe::new();
    probe.answer("198.51.100.25".parse().unwrap(), Ok(Look::new("mail.example.com", StartTls::Offered)));
    probe.answer("2001:db8::25".parse().unwrap(), Err(ProbeError::Timeout));
    probe.answer("203.0.113.25".parse().unwrap(), Ok(Look::new("mail2.example.com", StartTls::Missing)));
    let doctor = Doctor::new(Arc::new(sound_zone()), Arc::new(VirtualClock::new()));
    let audit = doctor.fetch(Arc::new(sound_web())).probe(Arc::new(probe)).audit(&sound_sending()).await;
    assert_eq!(found(&audit), [(Warning, Code::SmtpNoTls), (Unknown, Code::NotKnown)], "{audit}");
}

#[tokio::test]
async fn more_than_is_looked_at_is_told() {
    let all = (0..=SendingDomain::MAX_IPS).fold(SendingDomain::new("example.com".parse().unwrap()), |sending, n| {
        sending.ip(std::net::Ipv4Addr::from(0xc633_6400 + u32::try_from(n).unwrap()).into())
    });
    let audit = audit(sound_zone(), sound_web(), &all).await;
    assert!(audit.to_string().contains("1 addresses or selectors were not looked at."), "{audit}");
}
