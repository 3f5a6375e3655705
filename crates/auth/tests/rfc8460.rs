//! TLS-RPT (RFC 8460).

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use posthaste_auth::tls_rpt::{self, Failure, PolicyType, Record, ResultType, TlsPolicyUsed, TlsResult};
use posthaste_types::{Text, Timestamp};
use proptest::prelude::*;

#[test]
fn section_3_records() {
    let table: [(&str, &[&str]); 5] = [
        ("v=TLSRPTv1;rua=mailto:reports@example.com", &["mailto:reports@example.com"]),
        ("v=TLSRPTv1; rua=https://reporting.example.com/v1/tlsrpt;", &["https://reporting.example.com/v1/tlsrpt"]),
        ("v=TLSRPTv1; rua=mailto:a@b.example , https://c.example", &["mailto:a@b.example", "https://c.example"]),
        ("v=TLSRPTv1; x=y; rua=ftp://a.example,MAILTO:a%2Bb@c.example", &["mailto:a+b@c.example"]),
        ("v=TLSRPTv1; rua=https://a.example/?x=%2C", &["https://a.example/?x=%2C"]),
    ];
    for (text, expected) in table {
        let record = Record::parse(text.as_bytes()).unwrap();
        let rua: Vec<String> = record.rua().iter().map(ToString::to_string).collect();
        assert_eq!(rua, expected, "{text}");
    }
}

#[test]
fn section_3_bad_records() {
    let table = [
        ("v=TLSRPTv2; rua=mailto:a@b.example", 0),
        ("v=TLSRPTv1;", 11),
        ("v=TLSRPTv1; rua=", 16),
        ("v=TLSRPTv1; rua=mailto", 16),
        ("v=TLSRPTv1; rua=mailto:nobody", 23),
        ("v=TLSRPTv1; rua=mailto:a@b.example,", 35),
        ("v=TLSRPTv1; rua=mailto:a%0@b.example", 23),
        ("v=TLSRPTv1; rua=ftp://a.example", 16),
        ("v=TLSRPTv1; rua=https:///x", 22),
    ];
    for (text, at) in table {
        let error = Record::parse(text.as_bytes()).unwrap_err();
        assert!(error.at() >= at && error.at() <= text.len(), "{text:?}: {error}");
    }
    let many = format!("v=TLSRPTv1; rua={}", vec!["mailto:a@b.example"; Record::MAX_RUA + 1].join(","));
    assert!(Record::parse(many.as_bytes()).is_err());
    assert!(Record::parse(&vec![b'v'; Record::MAX + 1]).is_err());
}

#[test]
fn section_3_exactly_one_record() {
    let text = b"v=TLSRPTv1; rua=mailto:a@b.example".as_slice();
    assert!(Record::select([b"other".as_slice(), text]).is_some());
    assert!(Record::select([text, text]).is_none());
    assert!(Record::select([]).is_none());
    assert_eq!(tls_rpt::record_name(&"b.example".parse().unwrap()).unwrap().as_str(), "_smtp._tls.b.example");
}

#[test]
fn section_4_3_results_in_words() {
    let mut policy = TlsPolicyUsed::new(PolicyType::Sts);
    policy.mx_hosts = vec!["*.example.com".into()];
    let mut result = TlsResult::new(Timestamp::from_unix_secs(0), vec!["example.com".parse().unwrap()], policy);
    assert_eq!(result.to_string(), "TLS policy sts: not encrypted");
    result.host = Some("mx.example.com".parse().unwrap());
    result.encryption = Some(Text::lossy("TLSv1_3"));
    result.failure = Some(Failure::new(ResultType::CertificateExpired, "over"));
    assert_eq!(result.to_string(), "TLS policy sts, mx.example.com: TLSv1_3, certificate-expired (over)");
}

proptest! {
    #[test]
    fn any_octets(octets in prop::collection::vec(any::<u8>(), 0..200), tail in "[a-z:=; ,%@\\./]{0,60}") {
        for octets in [octets.clone(), [b"v=TLSRPTv1; rua=mailto:", tail.as_bytes()].concat()] {
            if let Err(error) = Record::parse(&octets) {
                prop_assert!(error.at() <= octets.len());
            }
        }
    }
}

mod tally {
    use std::net::IpAddr;

    use posthaste_auth::tls_rpt::{DomainTally, Tally, TallyLimits};
    use posthaste_types::Domain;

    use super::*;

    const NOON: i64 = 1_767_268_800; // 2026-01-01T12:00:00Z

    fn result(domain: &str, day: i64, kind: Option<ResultType>) -> TlsResult {
        let domain: Domain = domain.parse().unwrap();
        let at = Timestamp::from_unix_secs(NOON + day * 86_400);
        let mut result = TlsResult::new(at, vec![domain], TlsPolicyUsed::new(PolicyType::Sts));
        result.failure = kind.map(|kind| Failure::new(kind, "a reason"));
        result
    }

    fn sessions(all: &[DomainTally]) -> u64 {
        all.iter().flat_map(|domain| &domain.policies).map(|policy| policy.successful + policy.failed).sum()
    }

    /// By day (UTC), domain, policy, and kind of failure with its hosts.
    #[test]
    fn section_4_4_counts() {
        let mut tally = Tally::new(TallyLimits::default());
        let mut two = result("example.com", 0, None);
        two.domains.push("example.net".parse().unwrap());
        tally.add(&two);
        let expired = || result("example.com", 0, Some(ResultType::CertificateExpired));
        tally.add(&expired());
        tally.add(&expired());
        let mut elsewhere = expired();
        elsewhere.receiving_ip = Some("192.0.2.25".parse().unwrap());
        tally.add(&elsewhere);
        let mut dane = result("example.com", 0, None);
        dane.policy = TlsPolicyUsed::new(PolicyType::Tlsa);
        tally.add(&dane);
        tally.add(&result("example.com", 1, None));
        let mut nobody = result("example.com", 0, None);
        nobody.domains.clear();
        tally.add(&nobody);

        assert!(tally.take_before("2026-01-01T23:59:59Z".parse().unwrap()).is_empty(), "the day is not over");
        let day = tally.take_before("2026-01-02T00:00:00Z".parse().unwrap());
        let names: Vec<&str> = day.iter().map(|of| of.domain.as_str()).collect();
        assert_eq!(names, ["example.com", "example.net"]);
        assert_eq!(
            (day[0].start.to_string(), day[0].end.to_string()),
            ("2026-01-01T00:00:00Z".into(), "2026-01-01T23:59:59Z".into())
        );
        let [sts, tlsa] = &day[0].policies[..] else { panic!("{day:?}") };
        assert_eq!((sts.successful, sts.failed, tlsa.successful, tlsa.failed), (1, 3, 1, 0));
        let details: Vec<_> = sts.failures.iter().map(|failure| (failure.receiving_ip, failure.count)).collect();
        assert_eq!(details, [(None, 2), (elsewhere.receiving_ip, 1)]);
        assert_eq!(sts.failures[0].reason.as_ref().unwrap().as_str(), "a reason");
        assert!(tally.take_before("2026-01-02T00:00:00Z".parse().unwrap()).is_empty(), "once");
        assert_eq!((sessions(&tally.take_before("2026-01-03T00:00:00Z".parse().unwrap())), tally.omitted()), (1, 0));
    }

    proptest! {
        /// Whatever comes, memory is bounded, and what is not counted is said.
        #[test]
        fn bounded(results in prop::collection::vec((0..6_i64, 0..6_u8, 0..4_u8, 0..9_u8), 0..200)) {
            let mut limits = TallyLimits::default();
            (limits.days, limits.domains, limits.policies, limits.failures) = (2, 3, 2, 2);
            let mut tally = Tally::new(limits);
            for (day, domain, policy, host) in &results {
                let kind = (*host > 2).then_some(ResultType::ValidationFailure);
                let mut one = result(&format!("d{domain}.example"), *day, kind);
                one.policy.strings = vec![policy.to_string()];
                one.receiving_ip = Some(IpAddr::from([192, 0, 2, *host]));
                tally.add(&one);
            }
            let omitted = tally.omitted();
            let all = tally.take_before("2030-01-01T00:00:00Z".parse().unwrap());
            prop_assert!(all.len() <= 2 * 3);
            for policy in all.iter().flat_map(|domain| &domain.policies) {
                prop_assert!(policy.failures.len() <= 2 + 1);
                prop_assert_eq!(policy.failures.iter().map(|failure| failure.count).sum::<u64>(), policy.failed);
            }
            prop_assert!(all.iter().all(|domain| domain.policies.len() <= 2));
            prop_assert_eq!(sessions(&all) + omitted, u64::try_from(results.len()).unwrap());
        }
    }
}
