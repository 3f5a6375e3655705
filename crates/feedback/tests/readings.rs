//! What providers tell of one's own mail, and the address for complaints.

use posthaste_feedback::cfbl::{Alignment, CfblAddress, Shortfall, Signature, alignment};
use posthaste_feedback::postmaster::{self, MetricValue, PostmasterErrorKind, Reputation};
use posthaste_feedback::snds::{self, Filter};

#[test]
fn postmaster_tools_v1() {
    let json = br#"{"trafficStats": [{"name": "domains/example.com/trafficStats/20260204", "userReportedSpamRatio": 0.002,
        "userReportedSpamRatioLowerBound": 0.001, "userReportedSpamRatioUpperBound": 0.004, "domainReputation": "MEDIUM",
        "ipReputations": [{"reputation": "BAD", "ipCount": "12", "sampleIps": ["192.0.2.1"]}, {"reputation": "NEW"},
            {"reputation": "HIGH"}], "spammyFeedbackLoops": [{"id": "a", "spamRatio": 0.5}], "spfSuccessRatio": 1,
        "dkimSuccessRatio": 0.99, "dmarcSuccessRatio": 0.98, "outboundEncryptionRatio": 1, "inboundEncryptionRatio": 0.5,
        "deliveryErrors": [{"errorClass": "TEMPORARY_ERROR", "errorType": "RATE_LIMIT_EXCEEDED", "errorRatio": 0.01}],
        "somethingNew": {"a": 1}}, {"name": "domains/example.com/trafficStats/20260205"}]}"#;
    let days = postmaster::traffic_stats_list(json).unwrap();
    let [day, empty] = days.as_slice() else { panic!("two days") };
    assert_eq!((day.date.as_str(), day.domain_reputation), ("2026-02-04", Some(Reputation::Medium)));
    assert_eq!(day.spam_ratio_bounds, (Some(0.001), Some(0.004)));
    let bad = &day.ip_reputations[0];
    assert_eq!((bad.reputation, bad.addresses, bad.samples[0].as_str()), (Reputation::Bad, Some(12), "192.0.2.1"));
    assert_eq!((day.ip_reputations.len(), day.ip_reputations[1].addresses), (2, None));
    assert_eq!(day.delivery_errors[0].reason.as_str(), "RATE_LIMIT_EXCEEDED");
    assert_eq!((empty.spam_ratio, empty.domain_reputation), (None, None));
    assert_eq!(postmaster::traffic_stats_list(b"{}").unwrap(), []);
}

#[test]
fn postmaster_tools_v2() {
    let json = br#"{"domainStats": [
        {"name": "spam", "metric": {"standardMetric": "SPAM_RATE"}, "date": {"year": 2026, "month": 2, "day": 4},
            "value": {"doubleValue": 0.003}},
        {"name": "count", "metric": "TLS_ENCRYPTION_MESSAGE_COUNT", "date": "2026-02-05", "value": {"intValue": "77"}},
        {"name": "ids", "value": {"stringList": {"values": ["a", "b"]}}}, {"name": "none"}]}"#;
    let metrics = postmaster::metrics(json).unwrap();
    assert_eq!(metrics[0].metric.as_str(), "SPAM_RATE");
    assert_eq!(metrics[0].date.as_ref().map(|it| it.as_str()), Some("2026-02-04"));
    assert_eq!((&metrics[0].value, &metrics[1].value), (&MetricValue::Number(0.003), &MetricValue::Number(77.0)));
    assert!(matches!(&metrics[2].value, MetricValue::Texts(texts) if texts.len() == 2));
    assert_eq!(metrics[3].value, MetricValue::Missing);

    let json = br#"{"name": "domains/mail.example.com/complianceStatus", "complianceData": {"domainId": "example.com",
        "rowData": [{"requirement": "SPF", "status": {"status": "COMPLIANT"}},
            {"requirement": "DMARC_POLICY", "status": {"status": "NEEDS_WORK"}}],
        "oneClickUnsubscribeVerdict": {"status": {"status": "NEEDS_WORK"}, "reason": "NO_UNSUB_GENERAL"}},
        "subdomainComplianceData": {"domainId": "mail.example.com", "rowData": [{"requirement": "SPF", "status": "COMPLIANT"}]}}"#;
    let compliance = postmaster::compliance(json).unwrap();
    let rows: Vec<String> = compliance
        .requirements
        .iter()
        .map(|it| format!("{} {} {} {}", it.domain, it.requirement, it.status, it.reason.clone().unwrap_or_default()))
        .collect();
    assert_eq!(
        rows,
        [
            "example.com SPF COMPLIANT ",
            "example.com DMARC_POLICY NEEDS_WORK ",
            "example.com ONE_CLICK_UNSUBSCRIBE NEEDS_WORK NO_UNSUB_GENERAL",
            "mail.example.com SPF COMPLIANT ",
        ]
    );
}

#[test]
fn what_is_no_answer_is_refused() {
    assert_eq!(postmaster::metrics(b"{").unwrap_err().kind(), PostmasterErrorKind::Syntax(1, 1));
    assert_eq!(postmaster::metrics(b"[]").unwrap_err().kind(), PostmasterErrorKind::Shape);
    assert_eq!(postmaster::traffic_stats(b"{\"name\": \"x\"}").unwrap_err().kind(), PostmasterErrorKind::Shape);
    assert_eq!(postmaster::traffic_stats(b"{\"name\": 1}").unwrap_err().kind(), PostmasterErrorKind::Shape);
    assert_eq!(postmaster::compliance(b"{}").unwrap_err().kind(), PostmasterErrorKind::Shape);
}

#[test]
fn snds_with_and_without_a_head_line() {
    let rows = "192.0.2.1,12/31/2025 7:00 PM,1/1/2026 12:05 AM,\"1,894\",10,9,RED,> 1%,,,3,mx1,a@b.example,\n\
                2001:db8::1,,,,,,GREY,0.3%,,,,,,odd\nnonsense,1\n";
    let data = snds::read(rows.as_bytes());
    let [first, second] = data.rows.as_slice() else { panic!("two rows") };
    assert_eq!(first.from.map(|it| it.to_string()).as_deref(), Some("2025-12-31T19:00:00Z"));
    assert_eq!(first.until.map(|it| it.to_string()).as_deref(), Some("2026-01-01T00:05:00Z"));
    assert_eq!((first.rcpt_commands, first.filter, first.trap_hits), (Some(1894), Some(Filter::Red), Some(3)));
    assert_eq!(first.complaint_rate.map(|it| (it.at_least, it.below)), Some((0.01, 1.0)));
    assert_eq!(second.complaint_rate.map(|it| (it.at_least, it.below)), Some((0.003, 0.003)));
    let problems: Vec<String> = data.problems.iter().map(ToString::to_string).collect();
    assert_eq!(
        problems,
        ["line 2: the value of Filter result cannot be used", "line 3: the value of IP Address cannot be used"]
    );

    let head = "Filter Result,Data centre,ip_address,message recipients\nGREEN,north,192.0.2.9,5\n";
    let data = snds::read(head.as_bytes());
    assert_eq!(
        (data.rows[0].ip.to_string().as_str(), data.rows[0].recipients, data.rows[0].filter),
        ("192.0.2.9", Some(5), Some(Filter::Green))
    );
    assert!(data.problems.is_empty() && data.rows[0].from.is_none());
    assert!(snds::read(b"\xFF\xFE\0\0").rows.is_empty());
}

/// RFC 9477 §3.1: each line is From, the address, the signatures with what they cover, and what follows.
#[test]
fn rfc9477_alignment() {
    let covering = |domain: &str| Signature::new(domain.parse().unwrap(), ["from", "cfbl-address"]);
    let bare = |domain: &str| Signature::new(domain.parse().unwrap(), ["from"]);
    for (from, address, signatures, expected) in [
        ("example.com", "fbl@example.com", vec![covering("example.com")], Ok(Alignment::Strict)),
        ("example.com", "fbl@mail.example.com", vec![covering("example.com")], Ok(Alignment::Relaxed)),
        ("news.example.com", "fbl@news.example.com", vec![covering("example.com")], Ok(Alignment::Strict)),
        (
            "example.com",
            "fbl@esp.example",
            vec![bare("example.com"), covering("esp.example")],
            Ok(Alignment::ThirdParty),
        ),
        ("example.com", "fbl@esp.example", vec![covering("example.com")], Err(Shortfall::AddressNotSigned)),
        ("example.com", "fbl@esp.example", vec![covering("esp.example")], Err(Shortfall::FromNotSigned)),
        ("example.com", "fbl@example.com", vec![bare("example.com")], Err(Shortfall::NotCovered)),
        ("example.com", "fbl@example.com", vec![covering("com")], Err(Shortfall::FromNotSigned)),
        ("example.com", "fbl@example.com", vec![], Err(Shortfall::FromNotSigned)),
    ] {
        let field = CfblAddress::new(address.parse().unwrap());
        assert_eq!(alignment(&from.parse().unwrap(), &field, &signatures), expected, "{from} {address}");
    }
}

#[test]
fn rfc9477_the_field() {
    for text in ["fbl@example.com", "fbl@example.com; report=arf", "fbl@example.com; report=xarf"] {
        assert_eq!(text.parse::<CfblAddress>().unwrap().to_string(), text);
    }
    assert_eq!(
        " fbl@example.com;report=xarf".parse::<CfblAddress>().unwrap().to_string(),
        "fbl@example.com; report=xarf"
    );
    for text in ["", "fbl", "fbl@example.com; report=ARF", "fbl@example.com; x"] {
        assert!(text.parse::<CfblAddress>().is_err(), "{text}");
    }
}
