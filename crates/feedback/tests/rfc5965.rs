//! The Abuse Reporting Format, and what providers make of it.

use posthaste_feedback::{Action, Authenticity, Defect, Form, Kind, Limits, Recipient, Report, Trace, read, read_with};
use posthaste_types::{BounceClass, DnsName};

const ORIGINAL: &str = "Return-Path: <b-7f3a@bounces.news.example>\r\nReceived: from a by b; Tue, 24 Nov 2026 09:00:00 +0000\r\n\
    From: News <news@news.example>\r\nTo: bob@isp.example\r\nSubject: =?utf-8?Q?Gr=C3=BC=C3=9Fe?=\r\n\
    Message-ID: <1@news.example>\r\nFeedback-ID: spring:42:news\r\nCFBL-Feedback-ID: 111:222\r\n :333\r\n\
    List-Unsubscribe: <https://news.example/u/abc>\r\nX-Token: t1\r\n\r\nhello\r\n";

fn arf(fields: &str, original: &str) -> Vec<u8> {
    format!(
        "From: feedback@fbl.isp.example\r\nTo: fbl@news.example\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/report; report-type=feedback-report; boundary=x\r\n\r\n--x\r\n\r\nSpam.\r\n\
         --x\r\nContent-Type: message/feedback-report\r\n\r\n{fields}\r\n\
         --x\r\nContent-Type: message/rfc822\r\n\r\n{original}\r\n--x--\r\n"
    )
    .into_bytes()
}

fn report(fields: &str) -> Report {
    read(&arf(fields, ORIGINAL)).expect("within the limits").expect("a report")
}

#[test]
fn every_field_is_typed() {
    let report = report(
        "Feedback-Type: abuse\r\nUser-Agent: Loop/1.0\r\nVersion: 1\r\nOriginal-Envelope-Id: e1\r\n\
         Original-Mail-From: <b-7f3a@bounces.news.example>\r\nOriginal-Rcpt-To: <bob@isp.example>\r\n\
         Arrival-Date: Tue, 24 Nov 2026 09:00:01 +0000\r\nReporting-MTA: dns; mx.isp.example\r\n\
         Source-IP: 192.0.2.7\r\nSource-Port: 4711\r\nIncidents: 3\r\nReported-Domain: news.example\r\n\
         Reported-URI: http://news.example/\r\nReported-URI: mailto:news@news.example\r\n\
         Authentication-Results: mx.isp.example; spf=pass\r\n",
    );
    assert_eq!((report.form, report.kind, report.incidents), (Form::Arf, Kind::Abuse, 3));
    assert_eq!(report.reporter.as_ref().map(|it| it.as_str()), Some("feedback@fbl.isp.example"));
    assert_eq!(report.user_agent.as_ref().map(|it| it.as_str()), Some("Loop/1.0"));
    assert_eq!(report.envelope_id.as_ref().map(|it| it.as_str()), Some("e1"));
    assert_eq!(report.arrived.map(|it| it.to_string()).as_deref(), Some("2026-11-24T09:00:01Z"));
    assert_eq!(report.reporting_mta.as_ref().map(|it| it.as_str()), Some("mx.isp.example"));
    assert_eq!(
        (report.source_ip.map(|it| it.to_string()).as_deref(), report.source_port),
        (Some("192.0.2.7"), Some(4711))
    );
    assert_eq!((report.domains.len(), report.uris.len(), report.authentication_results.len()), (1, 2, 1));
    assert_eq!(report.defects, []);
    let original = report.original.as_ref().unwrap();
    assert_eq!(original.subject.as_ref().map(|it| it.as_str()), Some("Grüße"));
    assert_eq!(original.cfbl_feedback_id.as_ref().map(|it| it.as_str()), Some("111:222:333"));
    assert_eq!(original.field("x-token"), Some("t1"));
    let traces: Vec<String> =
        report.traces().map(|trace| format!("{trace:?}").split('(').next().unwrap().to_owned()).collect();
    let expected =
        ["ReturnPath", "ReturnPath", "ListUnsubscribe", "CfblFeedbackId", "MessageId", "Recipient", "FeedbackId"];
    assert_eq!(traces, expected);
}

/// Each line: the type, its kind, and what a signed report asks for.
#[test]
fn the_type_says_what_is_asked() {
    let signers: [DnsName; 1] = ["isp.example".parse().unwrap()];
    for (word, kind, action, class) in [
        ("abuse", Kind::Abuse, Action::Complaint, Some(BounceClass::Complaint)),
        ("ABUSE (spam button)", Kind::Abuse, Action::Complaint, Some(BounceClass::Complaint)),
        ("opt-out", Kind::OptOut, Action::Unsubscribe, Some(BounceClass::Unsubscribe)),
        ("opt-out-list", Kind::OptOut, Action::Unsubscribe, Some(BounceClass::Unsubscribe)),
        ("fraud", Kind::Fraud, Action::Review, None),
        ("virus", Kind::Virus, Action::Review, None),
        ("other", Kind::Other, Action::Review, None),
        ("not-spam", Kind::NotSpam, Action::Nothing, None),
        ("auth-failure", Kind::AuthFailure, Action::Nothing, None),
    ] {
        let report = report(&format!("Feedback-Type: {word}\r\nUser-Agent: a\r\nVersion: 1\r\n"));
        let verdict = report.verdict(&Authenticity::Dkim(&signers));
        assert_eq!((report.kind, verdict.action, verdict.class), (kind, action, class), "{word}");
    }
}

/// RFC 9477 §5.1: without a signature of the domain in From, nothing is acted on.
#[test]
fn nothing_acts_for_an_unknown_reporter() {
    let report = report("Feedback-Type: abuse\r\nUser-Agent: a\r\nVersion: 1\r\n");
    let name = |text: &str| -> DnsName { text.parse().unwrap() };
    for (signers, action) in [
        (vec![], Action::Nothing),
        (vec![name("example")], Action::Nothing),
        (vec![name("other.example")], Action::Nothing),
        (vec![name("x.fbl.isp.example")], Action::Nothing),
        (vec![name("notfbl.isp.example")], Action::Nothing),
        (vec![name("other.example"), name("fbl.isp.example")], Action::Complaint),
        (vec![name("isp.example")], Action::Complaint),
    ] {
        assert_eq!(report.verdict(&Authenticity::Dkim(&signers)).action, action, "{signers:?}");
    }
    assert_eq!(report.verdict(&Authenticity::Unknown).action, Action::Nothing);
    assert_eq!(report.verdict(&Authenticity::Otherwise).action, Action::Complaint);
}

/// RFC 6590: what stands in the place of an address is no address.
#[test]
fn redacted_recipients_are_told_from_addresses() {
    for (value, address) in [
        ("bob@isp.example", Some("bob@isp.example")),
        ("<bob@isp.example>", Some("bob@isp.example")),
        ("rfc822; bob@isp.example", Some("bob@isp.example")),
        ("deadbeef@isp.example", Some("deadbeef@isp.example")),
        ("redacted@isp.example", None),
        ("[redacted]@isp.example", None),
        ("redacted@", None),
        ("redacted", None),
        ("cb4a01a48251d4765f489076aa81e2a4@isp.example", None),
        ("dGVzdGluZyByZWRhY3Rpb24gaGVyZQ==@isp.example", None),
        ("xxxxxx@isp.example", None),
    ] {
        let report =
            report(&format!("Feedback-Type: abuse\r\nUser-Agent: a\r\nVersion: 1\r\nOriginal-Rcpt-To: {value}\r\n"));
        assert_eq!(report.recipients[0].address().map(|it| it.as_str()), address, "{value}");
    }
}

#[test]
fn what_is_wrong_is_got_over_and_told() {
    let report = report(
        "\r\nFeedback-Type: abuse\r\n\r\nUser-Agent: a\r\nUser-Agent: b\r\nSource-IP: x.x.x.x\r\nIncidents: many\r\n\
         Received-Date: never\r\nSource-Port: 99999\r\n",
    );
    assert_eq!(report.user_agent.as_ref().map(|it| it.as_str()), Some("a"));
    let expected = [
        Defect::Repeated("User-Agent"),
        Defect::Value("Source-IP"),
        Defect::Value("Incidents"),
        Defect::Value("Received-Date"),
        Defect::Value("Source-Port"),
        Defect::Missing("Version"),
    ];
    assert_eq!(report.defects, expected);
    // The only address in To of the original complains.
    assert_eq!(report.recipients, [Recipient::Address("bob@isp.example".parse().unwrap())]);
}

#[test]
fn many_fields_are_cut_at_the_limit() {
    let fields: String = (0..500).map(|n| format!("Original-Rcpt-To: r{n}@isp.example\r\n")).collect();
    let mail = arf(&format!("Feedback-Type: abuse\r\nUser-Agent: a\r\nVersion: 1\r\n{fields}"), ORIGINAL);
    let mut limits = Limits::default();
    limits.fields = 100;
    let report = read_with(&mail, &limits).unwrap().unwrap();
    assert_eq!(report.recipients.len(), 100);
    assert_eq!(report.defects, [Defect::TooMany("Original-Rcpt-To")]);
}

#[test]
fn an_original_that_is_not_there_is_a_defect() {
    let report = read(&arf("Feedback-Type: abuse\r\nUser-Agent: a\r\nVersion: 1\r\n", "REDACTED")).unwrap().unwrap();
    assert!(report.original.is_none());
    assert_eq!(report.defects, [Defect::NoOriginal]);
}

#[test]
fn microsoft_names_the_recipient_in_a_field_of_the_original() {
    let mail = format!(
        "From: staff@hotmail.com\r\nSubject: complaint about message from 192.0.2.7\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Type: message/rfc822\r\n\r\n\
         X-HmXmrOriginalRecipient: bob@outlook.com\r\n{ORIGINAL}\r\n--x--\r\n"
    );
    let report = read(mail.as_bytes()).unwrap().unwrap();
    assert_eq!((report.form, report.kind), (Form::Jmrp, Kind::Abuse));
    assert_eq!(report.recipients[0].address().map(|it| it.as_str()), Some("bob@outlook.com"));
    assert_eq!(report.source_ip.map(|it| it.to_string()).as_deref(), Some("192.0.2.7"));
    let signer = ["hotmail.com".parse().unwrap()];
    assert_eq!(report.verdict(&Authenticity::Dkim(&signer)).action, Action::Complaint);
}

fn forwarded(subject: &str, text: &str, extra: &str) -> Option<Report> {
    let mail = format!(
        "From: Bob <bob@isp.example>\r\nTo: abuse@news.example\r\nSubject: {subject}\r\n{extra}MIME-Version: 1.0\r\n\
         Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n\
         --x\r\nContent-Type: message/rfc822\r\n\r\n{ORIGINAL}\r\n--x--\r\n"
    );
    read(mail.as_bytes()).expect("within the limits")
}

#[test]
fn a_person_complains_in_words() {
    for (subject, text, kind) in [
        ("Fwd: News", "Please remove me from this list!", Some(Kind::OptOut)),
        ("Spam", "see below", Some(Kind::Abuse)),
        ("FW: Grüße", "I never subscribed to this.", Some(Kind::Abuse)),
        ("Phishing attempt", "", Some(Kind::Fraud)),
        ("WG: Werbung", "Das ist unerwünschte Werbung.", Some(Kind::Abuse)),
        ("転送", "これは迷惑メールです。", Some(Kind::Abuse)),
        ("Fwd: News", "Have you seen this offer?", None),
        ("Fwd: News", "> please remove me from this list\r\nWhat does he mean?", None),
        ("Our new spamfilter", "It works well.", None),
        ("Question", "My answer went to the spam folder.", None),
    ] {
        let report = forwarded(subject, text, "");
        assert_eq!(report.as_ref().map(|it| it.kind), kind, "{subject}: {text}");
        assert!(report.is_none_or(|it| it.form == Form::Forwarded && matches!(it.traces().next(), Some(Trace::ReturnPath(_)))));
    }
}

#[test]
fn machines_and_conversations_do_not_complain() {
    for extra in [
        "Auto-Submitted: auto-replied\r\n",
        "Return-Path: <>\r\n",
        "List-Id: <a.example>\r\n",
        "In-Reply-To: <1@a>\r\n",
    ] {
        assert!(forwarded("Spam", "this is spam", extra).is_none(), "{extra}");
    }
}

#[test]
fn xarf_in_a_mail_brings_the_message() {
    let xarf = r#"{"Version": "3", "Disclosure": true, "ReporterInfo": {"ReporterOrg": "Trap Works",
        "ReporterOrgDomain": "isp.example", "ReporterOrgEmail": "r@isp.example"}, "Report": {"ReportClass": "Activity",
        "ReportType": "Spam", "Date": "2026-02-05T14:17:10Z", "SourceIp": "192.0.2.55",
        "SmtpRcptToAddress": "trap@isp.example", "Samples": [{"ContentType": "message/rfc822",
        "Payload": "Return-Path: <b-1@bounces.news.example>\nMessage-ID: <2@news.example>\n\nhi"}]}}"#;
    let mail = |json: &str| {
        format!(
            "From: r@isp.example\r\nSubject: XARF\r\nMIME-Version: 1.0\r\nContent-Type: multipart/report;\r\n \
             report-type=feedback-report; boundary=x\r\n\r\n--x\r\n\r\nReport.\r\n\
             --x\r\nContent-Type: message/feedback-report\r\n\r\nFeedback-Type: xarf\r\nUser-Agent: X/1\r\nVersion: 1\r\n\r\n\
             --x\r\nContent-Type: application/json; name=xarf.json\r\n\r\n{json}\r\n--x--\r\n"
        )
    };
    let report = read(mail(xarf).as_bytes()).unwrap().unwrap();
    assert_eq!((report.form, report.kind), (Form::Xarf, Kind::Abuse));
    assert_eq!(report.user_agent.as_ref().map(|it| it.as_str()), Some("X/1"));
    assert_eq!(
        report.original.as_ref().and_then(|it| it.message_id.as_ref()).map(|it| it.as_str()),
        Some("2@news.example")
    );
    assert_eq!(report.defects, []);
    let error = read(mail(&xarf.replace("192.0.2.55", "here")).as_bytes()).unwrap_err();
    assert_eq!(error.to_string(), "XARF: Report.SourceIp is not an IP address");
}

#[test]
fn ordinary_mail_is_no_feedback() {
    assert!(read(b"From: a@b.example\r\nSubject: this is spam\r\n\r\nstop spamming me\r\n").unwrap().is_none());
    assert!(read(b"").unwrap().is_none());
}

proptest::proptest! {
    #[test]
    fn whatever_comes_does_not_panic(octets in proptest::collection::vec(proptest::num::u8::ANY, 0..400)) {
        let fields = String::from_utf8_lossy(&octets);
        if let Some(report) = read(&arf(&fields, &fields)).unwrap() {
            report.verdict(&Authenticity::Otherwise);
            report.traces().count();
        }
    }
}
