//! TLS reports: RFC 8460.

use posthaste_auth::tls_rpt::{Failure, PolicyType, ResultType, TlsPolicyUsed, TlsResult};
use posthaste_report::{ComposeErrorKind, ProblemKind, Report, ReportMail, TlsReport, TlsResultType, TlsTally, read};
use posthaste_types::{Domain, Timestamp};

/// The example of appendix B, shortened.
const JSON: &str = r#"{
  "organization-name": "Company-X",
  "date-range": {"start-datetime": "2016-04-01T00:00:00Z", "end-datetime": "2016-04-01T23:59:59Z"},
  "contact-info": "sts-reporting@company-x.example",
  "report-id": "5065427c-23d3-47ca-b6e0-946ea0e8c4be",
  "policies": [{
    "policy": {
      "policy-type": "sts",
      "policy-string": ["version: STSv1", "mode: testing", "mx: *.mail.company-y.example", "max_age: 86400"],
      "policy-domain": "company-y.example",
      "mx-host": ["*.mail.company-y.example"]
    },
    "summary": {"total-successful-session-count": 5326, "total-failure-session-count": 303},
    "failure-details": [{
      "result-type": "certificate-expired",
      "sending-mta-ip": "2001:db8:abcd:0012::1",
      "receiving-mx-hostname": "mx1.mail.company-y.example",
      "failed-session-count": 100
    }, {
      "result-type": "starttls-not-supported",
      "sending-mta-ip": "2001:db8:abcd:0013::1",
      "receiving-mx-hostname": "mx2.mail.company-y.example",
      "receiving-ip": "203.0.113.56",
      "failed-session-count": 200,
      "additional-information": "https://reports.company-x.example/report_info ? id = 5065427 c - 23 d3# StarttlsNotSupported"
    }]
  }]
}"#;

fn tls(json: &str) -> (TlsReport, Vec<(ProblemKind, &'static str)>) {
    let reading = read(json.as_bytes()).expect("within the limits");
    let Some(Report::Tls(report)) = reading.reports().next() else { panic!("no TLS report: {reading:?}") };
    let problems = reading.documents[0].problems.iter().map(|problem| (problem.kind, problem.what)).collect();
    (report.as_ref().clone(), problems)
}

#[test]
fn the_example_of_the_standard() {
    let (report, problems) = tls(JSON);
    assert_eq!(problems, []);
    let [policy] = &report.policies[..] else { panic!("{report:?}") };
    assert_eq!((policy.policy_type, policy.policy_domain.as_str()), (Some(PolicyType::Sts), "company-y.example"));
    assert_eq!((policy.policy_strings.len(), policy.mx_hosts.len()), (4, 1));
    assert_eq!((policy.successful, policy.failed, policy.failures.len()), (5326, 303, 2));
    assert_eq!(policy.failures[1].result_type, Some(TlsResultType::Known(ResultType::StartTlsNotSupported)));
    assert_eq!(policy.failures[1].failed_sessions, 200);
    assert_eq!(report.start.expect("a time").to_string(), "2016-04-01T00:00:00Z");
}

#[test]
fn what_others_write() {
    let variants = [
        JSON.replace("[\"*.mail.company-y.example\"]", "\"*.mail.company-y.example\""),
        JSON.replace("\"failed-session-count\": 100", "\"failed-session-count\": \"100\""),
        JSON.replace("5326", "5326.0"),
        JSON.replace("organization-name", "Organization-Name"),
        format!("\u{FEFF}\r\n{JSON}\r\n"),
        JSON.replace(
            "\"report-id\"",
            "\"extra\": {\"policies\": [{\"policy\": {\"policy-type\": \"x\"}}], \"b\": [1, {}]}, \"report-id\"",
        ),
        JSON.replace("Company-X", "Company\\u002dX")
            .replace("\"203.0.113.56\"", "\"203.0.113.56\", \"receiving-mx-helo\": null"),
    ];
    for variant in variants {
        assert_eq!(tls(&variant), tls(JSON), "{variant}");
    }
    let (report, problems) = tls(&JSON.replace("certificate-expired", "moon-phase"));
    assert_eq!(problems, [(ProblemKind::Value, "result-type")]);
    assert_eq!(report.policies[0].failures[0].result_type, Some(TlsResultType::Other("moon-phase".to_owned())));
    let (report, _) = tls(&JSON.replace("Company-X", "A\\ud83d\\ude00\\ud83d\\n\\u001b[1mB"));
    assert_eq!(report.organization_name, "A\u{1F600}\u{FFFD} [1mB");
}

#[test]
fn what_is_cut_is_read_as_far_as_it_goes() {
    let at = JSON.find("starttls-not-supported").expect("a word");
    let (report, problems) = tls(&JSON[..at]);
    assert_eq!(report.policies[0].failures[0].failed_sessions, 100);
    assert!(problems.contains(&(ProblemKind::Truncated, "json")), "{problems:?}");
    let (report, problems) = tls(&JSON.replace("\"additional-information\"", "additional information"));
    assert_eq!(report.policies[0].failures.len(), 2);
    assert!(problems.contains(&(ProblemKind::Syntax, "json")), "{problems:?}");
    let (_, problems) = tls("{\"report-id\": \"x\"}");
    let missing = ["organization-name", "start-datetime", "end-datetime", "policies"];
    assert_eq!(problems, missing.map(|what| (ProblemKind::Missing, what)));
}

fn session(failure: Option<Failure>, domain: &str) -> TlsResult {
    let mut policy = TlsPolicyUsed::new(PolicyType::Sts);
    policy.strings = vec!["version: STSv1".to_owned()];
    let at = Timestamp::from_unix_secs(1_795_000_000);
    let mut result = TlsResult::new(at, vec![domain.parse().expect("a domain")], policy);
    result.host = Some("mx1.example.com".parse().expect("a name"));
    result.failure = failure;
    result
}

#[test]
fn sessions_become_reports() {
    let mut tally = TlsTally::new();
    let period = (Timestamp::from_unix_secs(1_794_960_000), Timestamp::from_unix_secs(1_795_046_399));
    for index in 0..1000 {
        let failure = (index % 10 == 0).then(|| Failure::new(ResultType::CertificateExpired, "expired"));
        tally.count(&session(failure, "example.com"));
    }
    tally.count(&session(None, "example.org"));
    let domain: Domain = "example.com".parse().expect("a domain");
    let report = tally.take(&domain, "We", "tls@we.example", period).expect("sessions");
    assert_eq!((report.policies[0].successful, report.policies[0].failed), (900, 100));
    assert_eq!(report.policies[0].failures.len(), 1);
    assert_eq!(report.policies[0].failures[0].failed_sessions, 100);
    assert!(tally.take(&domain, "We", "tls@we.example", period).is_none() && tally.domains().count() == 1);

    let mail = ReportMail::new(
        "we.example".parse().expect("a domain"),
        "tls@we.example".parse().expect("an address"),
        "tlsrpt@example.com".parse().expect("an address"),
        period.1,
        "1@we.example".parse().expect("a Message-ID"),
    );
    let octets = mail.tls(&report).expect("complete");
    let text = String::from_utf8_lossy(&octets);
    for part in [
        "Subject: Report Domain: example.com\r\n Submitter: we.example\r\n Report-ID: <",
        "TLS-Report-Domain: example.com\r\n",
        "TLS-Report-Submitter: we.example\r\n",
        "Content-Type: multipart/report; report-type=\"tlsrpt\"",
        "Content-Type: application/tlsrpt+gzip;",
        "we.example!example.com!1794960000!1795046399!",
    ] {
        assert!(text.contains(part), "{part}");
    }
    let reading = read(&octets).expect("within the limits");
    assert_eq!(reading.reports().next(), Some(&Report::Tls(Box::new(report))));
}

#[test]
fn a_tally_is_bounded() {
    let mut tally = TlsTally::new();
    for index in 0..200 {
        let failure = Failure::new(ResultType::ValidationFailure, format!("reason {index}"));
        tally.count(&session(Some(failure), "example.com"));
        let mut other = session(None, "example.com");
        other.policy.strings = vec![format!("id: {index}")];
        tally.count(&other);
    }
    let domain: Domain = "example.com".parse().expect("a domain");
    let now = Timestamp::from_unix_secs(0);
    assert_eq!(tally.omitted(), 200 - (TlsTally::POLICIES as u64 - 1));
    let report = tally.take(&domain, "We", "c", (now, now)).expect("sessions");
    assert_eq!((report.policies.len(), report.policies[0].failures.len()), (TlsTally::POLICIES, TlsTally::FAILURES));
    assert_eq!(report.policies[0].failed, 200);
}

#[test]
fn writing_is_strict() {
    let (complete, _) = tls(JSON);
    let mut report = complete.clone();
    report.policies.clear();
    assert_eq!(report.to_json().expect_err("no policies").kind(), ComposeErrorKind::Missing);
    let mut report = complete.clone();
    report.policies[0].policy_type = None;
    assert_eq!(report.to_json().expect_err("no type").record(), Some(0));
    let mut report = complete;
    report.contact_info = "a\nb".to_owned();
    assert_eq!(report.to_json().expect_err("a line end").what(), "contact-info");
}
