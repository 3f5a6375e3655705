//! A sound domain and one with ten faults: in memory, and over DNS on loopback.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::sync::Arc;

use posthaste_auth::records::Severity;
use posthaste_dns::Resolve;
use posthaste_dns_hickory::{Hickory, Validation};
use posthaste_doctor::{Audit, Code, Doctor, Finding, Standing};
use posthaste_fetch::MemoryFetch;
use posthaste_testkit::DnsServer;
use support::{FAULTS, audit, faulty_sending, faulty_web, faulty_zone, found, sound_sending, sound_web, sound_zone};

#[tokio::test]
async fn a_sound_domain_is_told_nothing_false() {
    let audit = audit(sound_zone(), sound_web(), &sound_sending()).await;
    assert_eq!(found(&audit), [], "{audit}");
    assert_eq!((audit.worst(), audit.exit_code()), (None, 0));
    for verdict in &audit.providers {
        for rule in &verdict.rules {
            assert!(
                matches!(rule.standing, Standing::Met | Standing::NotSeen),
                "{} {}: {}",
                verdict.name,
                rule.demand,
                rule.standing
            );
        }
    }
    let page = audit.to_string();
    for seen in [
        "Nothing to mend.",
        "2 of 10 DNS lookups, 0 of 2 find nothing",
        "> _spf.example.net: v=spf1 ip4:203.0.113.0/24",
        "198.51.100.25 passes: `mx` in the record of example.com matches",
        "s1: a key of the kind rsa, 2048 bits",
        "the zone is signed, and its signatures hold",
        "Gmail (you are a bulk sender)",
    ] {
        assert!(page.contains(seen), "{seen} is missing in\n{page}");
    }
}

/// Each fault is there, with evidence, a mend and who cares; and nothing else is.
fn shows_the_ten_faults(audit: &Audit) {
    println!("{audit}");
    let mut expected: Vec<_> = FAULTS.iter().map(|(severity, code, _)| (*severity, *code)).collect();
    expected.sort();
    assert_eq!(found(audit), expected);
    for (_, code, about) in FAULTS {
        let finding = of(audit, code);
        assert_eq!(finding.about.as_str(), about, "{code}");
        assert!(!finding.evidence.is_empty(), "{code} has no evidence");
        assert!(!finding.mend.is_empty(), "{code} has no mend");
    }
    assert_eq!(audit.exit_code(), 1);
}

fn of(audit: &Audit, code: Code) -> Finding {
    let all = audit.findings();
    let finding = all.iter().find(|finding| finding.code == code);
    (**finding.unwrap_or_else(|| panic!("no {code} in\n{audit}"))).clone()
}

#[tokio::test]
async fn ten_planted_faults_are_named_with_evidence_and_mend() {
    let audit = audit(faulty_zone(), faulty_web(), &faulty_sending()).await;
    shows_the_ten_faults(&audit);

    for (code, evidence, mend) in [
        (
            Code::SpfLookups,
            "> s11.example.net: v=spf1 ip4:203.0.113.11 -all",
            "ip4:203.0.113.11 ip4:198.51.100.66 -all\"",
        ),
        (
            Code::DkimShortKey,
            "short._domainkey.faulty.example. IN TXT \"v=DKIM1; k=rsa; p=MHww",
            "short-next._domainkey.faulty.example. IN TXT",
        ),
        (
            Code::DkimRevoked,
            "gone._domainkey.faulty.example. IN TXT \"v=DKIM1; k=rsa; p=\"",
            "Sign with another selector",
        ),
        (
            Code::DmarcNoConsent,
            "rua=mailto:reports@elsewhere.example",
            "faulty.example._report._dmarc.elsewhere.example. IN TXT \"v=DMARC1;\"",
        ),
        (
            Code::PtrMissing,
            "66.100.51.198.in-addr.arpa PTR: no such record",
            "66.100.51.198.in-addr.arpa. IN PTR host66.faulty.example.",
        ),
        (
            Code::EhloUnresolved,
            "host66.faulty.example A, AAAA: no such name",
            "host66.faulty.example. IN A 198.51.100.66",
        ),
        (Code::MxNoAddress, "old.faulty.example A, AAAA: no such name", "Publish an A record for old.faulty.example"),
        (Code::Listed, "127.0.0.4", "https://www.example.org/query/198.51.100.66"),
        (Code::MtaStsMx, "mx: mail.faulty.example", "mx: old.faulty.example"),
        (
            Code::DmarcPolicyNone,
            "v=DMARC1; p=none",
            "_dmarc.faulty.example. IN TXT \"v=DMARC1; p=quarantine; rua=mailto:reports@elsewhere.example\"",
        ),
    ] {
        let finding = of(&audit, code);
        let seen: Vec<&str> = finding.evidence.iter().map(|line| line.as_str()).collect();
        assert!(seen.iter().any(|line| line.contains(evidence)), "{code}: {evidence} not in {seen:#?}");
        let mends: Vec<String> = finding.mend.iter().map(ToString::to_string).collect();
        assert!(mends.iter().any(|line| line.contains(mend)), "{code}: {mend} not in {mends:#?}");
    }
    for (code, provider, reply) in [
        (Code::SpfLookups, "Gmail", "550 5.7.27"),
        (Code::SpfLookups, "Outlook.com", "550 5.7.515"),
        (Code::DkimShortKey, "Gmail", "550 5.7.30"),
        (Code::DkimRevoked, "iCloud Mail", "554 5.7.1 [HME1]"),
        (Code::PtrMissing, "Gmail", "550 5.7.25"),
        (Code::Listed, "Yahoo", "553 5.7.1 [BL23]"),
    ] {
        let cares = of(&audit, code).cares;
        let replies =
            cares.iter().filter(|concern| concern.name.as_str() == provider).flat_map(|concern| &concern.replies);
        assert!(
            replies.clone().any(|known| known.to_string() == reply),
            "{code}: {provider} {reply} not in {cares:#?}"
        );
    }
}

#[tokio::test]
async fn the_same_over_dns_on_loopback() {
    for (zone, web, sending, is_sound) in
        [(sound_zone(), sound_web(), sound_sending(), true), (faulty_zone(), faulty_web(), faulty_sending(), false)]
    {
        let server = DnsServer::start(zone).await.unwrap();
        let clock: Arc<posthaste_testkit::VirtualClock> = Arc::default();
        let dns = Hickory::builder([server.address()], clock.clone()).validation(Validation::Server).build().unwrap();
        let dns: Arc<dyn Resolve> = Arc::new(dns);
        let audit = Doctor::new(dns, clock).fetch(Arc::new(web)).audit(&sending).await;
        if is_sound { assert_eq!(found(&audit), [], "{audit}") } else { shows_the_ten_faults(&audit) }
    }
}

#[tokio::test]
async fn the_worst_stands_first_on_the_page() {
    let audit = audit(faulty_zone(), MemoryFetch::new(), &faulty_sending()).await;
    let severities: Vec<Severity> = audit.findings().iter().map(|finding| finding.severity).collect();
    assert!(severities.is_sorted_by(|a, b| a >= b), "{severities:?}");
    assert!(severities.contains(&Severity::Unknown), "the policy could not be fetched");
    let page = audit.to_string();
    let at = |text: &str| page.find(text).unwrap_or_else(|| panic!("{text} is missing in\n{page}"));
    assert!(at("ERROR SPF") < at("UNKNOWN MTA-STS") && at("UNKNOWN MTA-STS") < at("WARNING DMARC"));
    assert!(at("WARNING DMARC") < at("WHAT WAS LOOKED AT") && at("WHAT WAS LOOKED AT") < at("WHAT PROVIDERS DEMAND"));
}
