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
