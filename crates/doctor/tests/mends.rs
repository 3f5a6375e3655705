//! What mends: the records that are proposed are sound, and none undoes another.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use posthaste_auth::records::Severity::Error;
use posthaste_doctor::{Audit, Code, SendingDomain};
use support::{audit, found, sound_sending, sound_web, with, zone};

/// The texts of the records that mend findings of this code.
fn mended(audit: &Audit, code: Code) -> Vec<String> {
    let findings = audit.findings();
    let mends = findings.iter().filter(|finding| finding.code == code).flat_map(|finding| &finding.mend);
    mends.filter_map(|mend| mend.record()).map(str::to_owned).collect()
}

/// All that is to be done about findings of this code.
fn steps(audit: &Audit, code: Code) -> String {
    let findings = audit.findings();
    let mends = findings.iter().filter(|finding| finding.code == code).flat_map(|finding| &finding.mend);
    mends.map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn no_record_of_spf_undoes_the_mend_of_another() {
    let audit = with("example.com TXT \"v=spf1 ptr include:gone.example ip4:203.0.113.1\"").await;
    let one = "example.com. IN TXT \"v=spf1 ip4:198.51.100.25 ip6:2001:db8::25 ip4:203.0.113.1 ~all\"";
    for code in [Code::SpfPtr, Code::SpfNoAll] {
        assert_eq!(mended(&audit, code).len(), 1, "{code}\n{audit}");
        assert_eq!(mended(&audit, code), mended(&audit, Code::SpfDangling), "{code}");
    }
    // What breaks off is mended first; the addresses are told then.
    let published = mended(&audit, Code::SpfPtr)[0].replace(" IN ", " ");
    let after = with(&published).await;
    assert!(after.findings().iter().all(|finding| finding.code == Code::SpfNotPass), "{after}");
    assert!(mended(&after, Code::SpfNotPass).iter().all(|record| record == one), "{after}");
}

#[tokio::test]
async fn a_record_that_others_include_is_not_taken_out_of_ones_own() {
    let nested =
        "example.com TXT \"v=spf1 mx include:a.example -all\"\na.example TXT \"v=spf1 include:gone.example -all\"";
    let audit = with(nested).await;
    assert_eq!(mended(&audit, Code::SpfDangling), Vec::<String>::new(), "{audit}");
    assert!(steps(&audit, Code::SpfDangling).contains("Have gone.example taken out"), "{audit}");
}

#[tokio::test]
async fn a_proposal_that_needs_too_many_lookups_says_so() {
    let terms = |from: u8, to: u8| (from..=to).map(|n| format!("include:s{n}.example")).collect::<Vec<_>>().join(" ");
    let services: String = (1..=12).map(|n| format!("s{n}.example TXT \"v=spf1 ip4:203.0.113.{n} -all\"\n")).collect();
    let two = format!(
        "{services}example.com TXT \"v=spf1 mx {} -all\"\nexample.com TXT \"v=spf1 {} -all\"",
        terms(1, 6),
        terms(7, 12)
    );
    let audit = with(&two).await;
    let said = steps(&audit, Code::SpfSeveral);
    assert!(said.contains("It needs 13 DNS lookups, of which receivers make 10"), "{said}");
}

#[tokio::test]
async fn a_flat_record_counts_what_its_includes_lead_to() {
    // A list with a macro stays an include, and leads to eleven others.
    let others: String = (1..=11).map(|n| format!("include:s{n}.example ")).collect();
    let services: String = (1..=11).map(|n| format!("s{n}.example TXT \"v=spf1 ip4:203.0.113.{n} -all\"\n")).collect();
    let changes = format!(
        "{services}example.com TXT \"v=spf1 mx include:big.example -all\"\nbig.example TXT \"v=spf1 {others}exists:%{{i}}.x.example -all\""
    );
    let audit = with(&changes).await;
    assert!(found(&audit).contains(&(Error, Code::SpfLookups)), "{audit}");
    assert_eq!(mended(&audit, Code::SpfLookups), Vec::<String>::new(), "{audit}");
}

#[tokio::test]
async fn a_long_proposal_says_so() {
    let sending = (0..40).fold(SendingDomain::new("example.com".parse().unwrap()), |sending, n| {
        sending.ip(std::net::Ipv4Addr::new(203, 0, 113, n).into())
    });
    let audit = audit(zone("example.com TXT"), sound_web(), &sending).await;
    let said = steps(&audit, Code::SpfMissing);
    assert!(said.contains("an answer may not fit a datagram"), "{said}");
    let text = mended(&audit, Code::SpfMissing).remove(0);
    assert!(text.split('"').all(|string| string.len() <= 255), "{text}");
}

#[tokio::test]
async fn the_record_of_an_ehlo_name_keeps_what_it_says() {
    let audit = with("mail.example.com TXT \"v=spf1 include:_spf.example.net -all\"").await;
    let record = "mail.example.com. IN TXT \"v=spf1 ip4:198.51.100.25 ip6:2001:db8::25 include:_spf.example.net -all\"";
    assert_eq!(mended(&audit, Code::EhloSpf), [record]);
    // Where hosts greet as the domain itself, its record is mended as that of MAIL FROM alone.
    let dns = zone("example.com TXT \"v=spf1 include:_spf.example.net -all\"");
    let audit = support::audit(dns, sound_web(), &sound_sending().ehlo("example.com")).await;
    let record = "example.com. IN TXT \"v=spf1 ip4:198.51.100.25 ip6:2001:db8::25 include:_spf.example.net -all\"";
    assert_eq!(mended(&audit, Code::SpfNotPass), [record]);
    assert_eq!(mended(&audit, Code::EhloSpf), Vec::<String>::new());
}

#[tokio::test]
async fn no_record_of_dmarc_undoes_the_mend_of_another() {
    let audit = with("_dmarc.example.com TXT \"v=DMARC1; p=quarantine; sp=none; t=y\"").await;
    for (code, rest) in
        [(Code::DmarcWeakSubdomains, "; t=y"), (Code::DmarcNoReports, "; t=y"), (Code::DmarcTesting, "")]
    {
        let [record] = mended(&audit, code).try_into().unwrap();
        assert!(record.contains("p=quarantine") && record.contains("rua=mailto:dmarc@example.com"), "{code}: {record}");
        assert!(!record.contains("sp=") && record.contains("t=y") != rest.is_empty(), "{code}: {record}");
    }
    assert!(steps(&audit, Code::DmarcNoReports).contains("See that dmarc@example.com takes mail"), "{audit}");
}

#[tokio::test]
async fn a_stronger_policy_leaves_no_subdomain_behind() {
    let rua = "rua=mailto:dmarc@example.com";
    for (now, then) in [("p=none; sp=none; np=none", "p=quarantine"), ("p=none; sp=reject", "p=quarantine; sp=reject")]
    {
        let audit = with(&format!("_dmarc.example.com TXT \"v=DMARC1; {now}; {rua}\"")).await;
        let [record] = mended(&audit, Code::DmarcPolicyNone).try_into().unwrap();
        assert_eq!(record, format!("_dmarc.example.com. IN TXT \"v=DMARC1; {then}; {rua}\""));
        assert_eq!(found(&with(&record.replace(" IN ", " ")).await), [], "{record}");
    }
}

#[tokio::test]
async fn no_proposal_leaves_nobody_who_passes() {
    let sending = SendingDomain::new("example.com".parse().unwrap()).selector("s1");
    let audit = audit(zone("example.com TXT \"v=spf1 +all\""), sound_web(), &sending).await;
    assert_eq!(mended(&audit, Code::SpfPassAll), ["example.com. IN TXT \"v=spf1 mx ~all\""]);
}

#[tokio::test]
async fn records_that_mend_spf() {
    for (terms, mended) in [
        ("ip4:203.0.113.1 ~all", "v=spf1 ip4:198.51.100.25 ip6:2001:db8::25 ip4:203.0.113.1 ~all"),
        ("mx +all", "v=spf1 mx ~all"),
        ("mx", "v=spf1 mx ~all"),
        ("mx -all ip4:203.0.113.1", "v=spf1 mx ip4:203.0.113.1 -all"),
        ("mx ptr -all", "v=spf1 mx -all"),
        ("mx ipv4=203.0.113.1 -all", "v=spf1 mx -all"),
        ("+all", "v=spf1 ip4:198.51.100.25 ip6:2001:db8::25 ~all"),
        ("include:gone.example mx -all", "v=spf1 mx -all"),
        ("mx -all\"\nexample.com TXT \"v=spf1 ip4:203.0.113.1 -all", "v=spf1 mx ip4:203.0.113.1 ~all"),
    ] {
        let changes = format!("example.com TXT \"v=spf1 {terms}\"");
        let audit = with(&changes).await;
        let mends: Vec<String> =
            audit.findings()[0].mend.iter().filter_map(|mend| mend.record()).map(str::to_owned).collect();
        assert_eq!(mends, [format!("example.com. IN TXT \"{mended}\"")], "{terms}");
        // What is published then is sound.
        let after = with(&mends[0].replace(" IN ", " ")).await;
        assert_eq!(found(&after), [], "{mended}");
    }
}
