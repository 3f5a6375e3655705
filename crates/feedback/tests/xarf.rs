//! XARF: the samples of its authors, and what hostile documents cost.

mod support;

use posthaste_feedback::Kind;
use posthaste_feedback::xarf::{self, XarfErrorKind};
use serde_json::{Value, json};

use support::files;

#[test]
fn valid_reports_are_read_and_invalid_ones_refused_with_a_reason() {
    let Some(positive) = files("feedback/xarf/positive", "json") else { return };
    for (name, octets) in &positive {
        let report = xarf::parse(octets);
        assert!(report.is_ok(), "{name}: {}", report.unwrap_err());
    }
    let negative = files("feedback/xarf/negative", "json").unwrap();
    for (name, octets) in &negative {
        let Err(error) = xarf::parse(octets) else { panic!("{name}: it was read") };
        assert!(!error.at().is_empty() && !error.is_limit(), "{name}: {error}");
    }
    println!("{} valid, {} invalid", positive.len(), negative.len());
    assert!(positive.len() >= 10 && negative.len() >= 10);
}

fn spam() -> Value {
    json!({"Version": "3", "Disclosure": true,
        "ReporterInfo": {"ReporterOrg": "Trap Works", "ReporterOrgDomain": "trap.example", "ReporterOrgEmail": "r@trap.example"},
        "Report": {"ReportClass": "Activity", "ReportType": "Spam", "ReportSubType": "Trap", "Date": "2026-02-05T14:17:10Z",
            "SourceIp": "192.0.2.55", "SourcePort": 2525, "SmtpMailFromAddress": "news@example.com",
            "SmtpRcptToAddress": "trap@trap.example",
            "Samples": [{"ContentType": "message/rfc822", "Base64Encoded": true, "Payload": "U3ViamVjdDogaGkKCmhp"}]}})
}

fn bulk() -> Value {
    let who = json!({"org": "Trap Works", "contact": "r@trap.example", "domain": "trap.example"});
    json!({"xarf_version": "4.2.0", "report_id": "458017ee-b2ab-4944-a7c1-07add95f11fe", "timestamp": "2026-02-05T14:17:10Z",
        "reporter": who, "sender": who, "source_identifier": "192.0.2.55", "source_port": 25, "category": "messaging",
        "type": "bulk_messaging", "protocol": "smtp", "smtp_from": "news@example.com", "recipient_count": 5000,
        "tags": ["bulk:commercial"], "confidence": 0.9,
        "evidence": [{"content_type": "message/rfc822", "payload": "U3ViamVjdDogaGkKCmhp", "hash": "md5:00ff"}]})
}

#[test]
fn what_they_say_is_typed() {
    let report = xarf::parse(spam().to_string().as_bytes()).unwrap();
    assert_eq!((report.version, report.kind()), (xarf::Version::V3, Kind::Abuse));
    assert_eq!(report.source_ip.map(|it| it.to_string()).as_deref(), Some("192.0.2.55"));
    assert_eq!(report.rcpt_to.as_ref().map(|it| it.as_str()), Some("trap@trap.example"));
    assert_eq!(report.samples[0].octets(), b"Subject: hi\n\nhi");
    assert_eq!(report.to_string(), "XARF Activity/Spam/Trap");

    let report = xarf::parse(bulk().to_string().as_bytes()).unwrap();
    assert_eq!((report.version, report.kind()), (xarf::Version::V4, Kind::Abuse));
    assert!(report.samples[0].is_message());
    assert_eq!(report.mail_from.as_ref().map(|it| it.as_str()), Some("news@example.com"));
}

/// Each line: where, what is put there, and what is said of it.
#[test]
fn a_fault_is_told_with_its_place() {
    let table: [(&str, Value, &str); 10] = [
        ("/Report/SourceIp", json!("192.0.2"), "XARF: Report.SourceIp is not an IP address"),
        ("/Report/SourcePort", json!(65_536), "XARF: Report.SourcePort is not a port"),
        ("/Report/Date", json!("yesterday"), "XARF: Report.Date is not a date of RFC 3339"),
        ("/Report/ReportType", json!("Spem"), "XARF: Report.ReportType is no type of report"),
        ("/Report/Samples/0/Payload", json!(7), "XARF: Report.Samples[0].Payload is not a text"),
        ("/Report/Samples", json!([]), "XARF: Report.Samples is not a list of that length"),
        ("/Report/SmtpMailFromAddress", json!("news"), "XARF: Report.SmtpMailFromAddress is not an email address"),
        (
            "/ReporterInfo/ReporterOrg",
            json!("a"),
            "XARF: ReporterInfo.ReporterOrg is not a text of that length: it is too short",
        ),
        ("/ReporterInfo/Extra", json!(1), "XARF: ReporterInfo.Extra may not be there"),
        ("/Version", json!("5"), "XARF: Version is no version 3 or 4"),
    ];
    for (path, value, said) in table {
        let mut document = spam();
        let (parent, name) = path.rsplit_once('/').unwrap();
        match document.pointer_mut(parent).unwrap() {
            Value::Object(object) => object.insert(name.to_owned(), value).map_or((), drop),
            Value::Array(list) => list[name.parse::<usize>().unwrap()] = value,
            _ => panic!("{path}"),
        }
        let error = xarf::parse(document.to_string().as_bytes()).unwrap_err();
        assert_eq!(error.to_string(), said);
    }
    for name in ["smtp_from", "source_port", "recipient_count", "sender", "report_id"] {
        let mut document = bulk();
        document.as_object_mut().unwrap().remove(name);
        let error = xarf::parse(document.to_string().as_bytes()).unwrap_err();
        assert_eq!((error.kind(), error.at()), (&XarfErrorKind::Missing, name));
    }
}

#[test]
fn hostile_documents_end_in_a_typed_error() {
    let deep = "[".repeat(1_000_000);
    let wide = format!("{{\"Version\": \"3\", \"Report\": {{{}\"a\": 1}}}}", "\"a\": 1,".repeat(100_000));
    for document in
        [deep.as_bytes(), wide.as_bytes(), b"", b"\xFF", b"{\"Version\": 3}", b"[]", b"{\"xarf_version\": []}"]
    {
        assert!(xarf::parse(document).is_err());
    }
    let error = xarf::parse_with(&[b' '; 100], 99).unwrap_err();
    assert!(error.is_limit());
    assert_eq!(error.to_string(), "XARF: longer than 99 octets");
}
