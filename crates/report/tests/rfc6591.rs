//! Failure reports: RFC 6591, RFC 9991, and a form in words.

use posthaste_report::{
    AuthFailure, ComposeErrorKind, DeliveryResult, Failure, Mechanism, ProblemKind, Reading, Report, read,
};
use posthaste_types::Timestamp;

fn reading(mail: &str) -> Reading {
    read(mail.replace('\n', "\r\n").as_bytes()).expect("within the limits")
}

fn failure(reading: &Reading) -> &Failure {
    let Some(Report::Failure(report)) = reading.reports().next() else { panic!("no failure report: {reading:?}") };
    report
}

const MAIL: &str = "\
From: DMARC Filter <dmarc@gen.example>
To: dmarcfail@consumer.example
Subject: FW: This is the original subject
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary=\"=_x\"

--=_x
Content-Type: text/plain; charset=utf-8

This is an authentication failure report.

--=_x
Content-Type: message/feedback-report

Feedback-Type: auth-failure
Version: 1
User-Agent: DMARC-Filter/1.2.3
Auth-Failure: dmarc
Authentication-Results: gen.example;
  dmarc=fail header.from=consumer.example
Identity-Alignment: dkim
DKIM-Domain: consumer.example
DKIM-Identity: @consumer.example
DKIM-Selector: epsilon
DKIM-Canonicalized-Header: RnJvbTogYUBi
  LmNkZWY=
Original-Envelope-Id: 65E1A3F0A0
Original-Mail-From: <author=gen.example@forwarder.example>
Original-Rcpt-To: <one@gen.example>
Original-Rcpt-To: <two@gen.example>
Source-IP: 192.0.2.2
Source-Port: 12345
Arrival-Date: Tue, 19 Jul 2022 00:57:48 -0500
Incidents: 12
Delivery-Result: policy
Reported-Domain: consumer.example

--=_x
Content-Type: message/rfc822; charset=utf-8

Received: from mail.forwarder.example
Message-ID: <2431@consumer.example>
Subject: This is the original subject
From: Message Author <author@consumer.example>
Date: Tue, 19 Jul 2022 07:57:33 +0200

[ body ]
--=_x--
";

#[test]
fn every_field() {
    let reading = reading(MAIL);
    assert!(reading.is_sound(), "{reading:?}");
    let report = failure(&reading);
    assert_eq!((report.user_agent.as_str(), report.version), ("DMARC-Filter/1.2.3", Some(1)));
    assert_eq!(report.auth_failure, Some(AuthFailure::Dmarc));
    assert_eq!(report.identity_alignment.as_deref(), Some(&[Mechanism::Dkim][..]));
    assert_eq!(report.authentication_results, ["gen.example; dmarc=fail header.from=consumer.example"]);
    assert_eq!(report.dkim_canonicalized_header.as_deref(), Some("RnJvbTogYUBiLmNkZWY="));
    assert_eq!(report.original_mail_from.as_deref(), Some("author=gen.example@forwarder.example"));
    assert_eq!(report.original_rcpt_to, ["one@gen.example", "two@gen.example"]);
    assert_eq!((report.source_ip, report.source_port), (Some("192.0.2.2".parse().expect("an address")), Some(12345)));
    assert_eq!(report.arrival_date, Some(Timestamp::from_unix_secs(1_658_210_268)));
    assert_eq!((report.incidents, report.delivery_result), (12, Some(DeliveryResult::Policy)));
    assert_eq!(report.original_subject.as_deref(), Some("This is the original subject"));
    assert_eq!(report.original_from.as_deref(), Some("Message Author <author@consumer.example>"));
    assert!(report.original_header.starts_with(b"Received: ") && !report.original_header.ends_with(b"]\r\n"));
}

#[test]
fn what_is_wrong_is_told_and_the_rest_is_read() {
    let cases = [
        ("Source-IP: 192.0.2.2", "Source-IP: somewhere", ProblemKind::Value, "source-ip"),
        ("Auth-Failure: dmarc\n", "", ProblemKind::Missing, "auth-failure"),
        ("Auth-Failure: dmarc", "Auth-Failure: mood", ProblemKind::Value, "auth-failure"),
        ("Identity-Alignment: dkim", "Identity-Alignment: dkim, luck", ProblemKind::Value, "identity-alignment"),
        ("Arrival-Date: Tue, 19 Jul 2022 00:57:48 -0500", "Arrival-Date: now", ProblemKind::Value, "arrival-date"),
        ("Feedback-Type: auth-failure\n", "", ProblemKind::Missing, "feedback-type"),
        ("message/rfc822; charset=utf-8", "text/html", ProblemKind::Missing, "message/rfc822"),
    ];
    for (from, to, kind, what) in cases {
        assert!(MAIL.contains(from), "{from}");
        let reading = reading(&MAIL.replace(from, to));
        let problems = &reading.documents[0].problems;
        assert!(problems.iter().any(|it| (it.kind, it.what) == (kind, what)), "{to}: {problems:?}");
        assert_eq!(failure(&reading).dkim_selector.as_deref(), Some("epsilon"), "{to}");
    }
}

#[test]
fn what_others_write() {
    // Empty lines between the fields, a name behind the address, upper case, a comment behind the word.
    let mail = MAIL
        .replace("Version: 1\n", "\n\nVersion: 1.0\n\n")
        .replace("Source-IP: 192.0.2.2", "Source-IP: 192.0.2.2 (mail.example)")
        .replace("Auth-Failure: dmarc", "Auth-Failure: DMARC")
        .replace("Delivery-Result: policy", "Delivery-Result: reject (by policy)");
    let reading = reading(&mail);
    assert!(reading.is_sound(), "{reading:?}");
    let report = failure(&reading);
    assert_eq!((report.version, report.auth_failure), (Some(1), Some(AuthFailure::Dmarc)));
    assert_eq!(report.delivery_result, Some(DeliveryResult::Reject));
    // The header alone, and in base64.
    let mail =
        MAIL.replace("message/rfc822; charset=utf-8\n", "text/rfc822-headers\nContent-Transfer-Encoding: base64\n");
    let begin = mail.find("\nReceived: from").expect("the original") + 1;
    let mail = format!("{}U3ViamVjdDogaGlkZGVuDQo=\n--=_x--\n", &mail[..begin]);
    assert_eq!(failure(&self::reading(&mail)).original_subject.as_deref(), Some("hidden"));
}

#[test]
fn a_complaint_is_left_to_others() {
    let reading = reading(&MAIL.replace("Feedback-Type: auth-failure", "Feedback-Type: abuse"));
    assert!(reading.documents.is_empty() && reading.problems.has(ProblemKind::OtherFeedback), "{reading:?}");
    let reading = self::reading("From: a@example.com\nSubject: hello\n\nNo report at all.\n");
    assert!(reading.documents[0].problems.has(ProblemKind::NotAReport));
}

#[test]
fn a_report_in_words() {
    let mail = "From: filter@gateway.example\nSubject: DMARC failure\n\n\
        A message claiming to be from you has failed the published DMARC\npolicy for your domain.\n\n\
        \x20 Sender Domain: example.com\n  Sender IP Address: 192.0.2.9\n  Received Date: Tue, 24 Nov 2026 09:41:44 +0000\n\
        \x20 SPF Alignment: no\n  DKIM Alignment: no\n  DMARC Results: Reject\n\n\
        ------ This is a copy of the headers that were received before the error\n       was detected.\n\n\
        From: \"You\" <you@example.com>\nSubject: Invoice\nMessage-ID: <9@example.com>\n";
    let reading = reading(mail);
    let report = failure(&reading);
    assert_eq!(report.source_ip, Some("192.0.2.9".parse().expect("an address")));
    assert_eq!(report.arrival_date, Some(Timestamp::from_unix_secs(1_795_513_304)));
    assert_eq!(report.reported_domains, ["example.com"]);
    assert_eq!(report.identity_alignment.as_deref(), Some(&[Mechanism::Dkim, Mechanism::Spf][..]));
    assert_eq!(report.delivery_result, Some(DeliveryResult::Reject));
    assert_eq!(report.original_subject.as_deref(), Some("Invoice"));
}

/// A change that makes a report one that may not be written, and the field that is told.
type Refusal = (fn(&mut Failure), ComposeErrorKind, &'static str);

#[test]
fn writing_is_strict() {
    let mut complete = Failure::new("Gen/1.0", AuthFailure::Dmarc, "example.com");
    complete.authentication_results = vec!["gen.example; dmarc=fail".to_owned()];
    complete.identity_alignment = Some(Vec::new());
    assert!(complete.to_fields().expect("complete").contains("Identity-Alignment: none\r\n"));
    let cases: &[Refusal] = &[
        (|it| it.user_agent.clear(), ComposeErrorKind::Missing, "User-Agent"),
        (|it| it.authentication_results.clear(), ComposeErrorKind::Missing, "Authentication-Results"),
        (|it| it.reported_domains.clear(), ComposeErrorKind::Missing, "Reported-Domain"),
        (|it| it.identity_alignment = None, ComposeErrorKind::Missing, "Identity-Alignment"),
        (|it| it.spf_dns = Some("a\r\nBcc: b".to_owned()), ComposeErrorKind::Forbidden, "SPF-DNS"),
        (|it| it.spf_dns = Some("a".repeat(2000)), ComposeErrorKind::TooLong, "SPF-DNS"),
        (
            |it| it.dkim_canonicalized_body = Some("a b".to_owned()),
            ComposeErrorKind::Forbidden,
            "DKIM-Canonicalized-Body",
        ),
    ];
    for (change, kind, what) in cases {
        let mut report = complete.clone();
        change(&mut report);
        let error = report.to_fields().expect_err(what);
        assert_eq!((error.kind(), error.what()), (*kind, *what), "{error}");
    }
}
