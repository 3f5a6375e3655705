//! Delivery status notifications: RFC 3464 in the form of RFC 6522.

use posthaste_bounce::{Action, Defect, Format, ListEffect, Reading, ReportKind, ReportedAction, Severity, read};

/// A report whose machine-readable part is `status`.
fn report(status: &str) -> String {
    format!(
        "Return-Path: <>\r\nDelivered-To: bounce+abc@news.example.com\r\nFrom: MAILER-DAEMON@mx.example.org\r\n\
         To: bounce+abc@news.example.com\r\nSubject: Returned mail\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/report; report-type=delivery-status;\r\n\tboundary=\"a/b=c\"\r\n\r\n\
         This is a MIME message.\r\n\r\n--a/b=c\r\nContent-Type: text/plain; charset=us-ascii\r\n\r\n\
         Your message could not be delivered to everybody.\r\n\r\n\
         --a/b=c\r\nContent-Type: message/delivery-status\r\n\r\n{status}\r\n\
         --a/b=c\r\nContent-Type: message/rfc822\r\n\r\n\
         Return-Path: <bounce+xyz@news.example.com>\r\nMessage-ID: <one@news.example.com>\r\n\
         Feedback-ID: a:b:c:news\r\nSubject: folded\r\n subject\r\nTo: bob@example.org\r\n\r\nHello\r\n--a/b=c--\r\n"
    )
}

fn reading(status: &str) -> Reading {
    read(report(status).as_bytes()).expect("within the limits")
}

const TWO: &str = "Reporting-MTA: dns; mx.example.org\r\nOriginal-Envelope-Id: QQ314159\r\n\
    Arrival-Date: Tue, 24 Nov 2026 09:41:44 +0000\r\n\r\n\
    Original-Recipient: rfc822;bob@example.org\r\nFinal-Recipient: rfc822;robert@inside.example.org\r\n\
    Action: failed\r\nStatus: 5.1.1\r\nRemote-MTA: dns; inside.example.org\r\n\
    Diagnostic-Code: smtp; 550 5.1.1 no such user\r\n\r\n\
    Final-Recipient: rfc822; ada@example.org\r\nAction: delayed\r\nStatus: 4.4.1\r\n\
    Diagnostic-Code: smtp; 421 connection\r\n timed out\r\nWill-Retry-Until: Thu, 26 Nov 2026 09:41:44 +0000\r\n";

#[test]
fn section_2_the_fields_of_message_and_recipients() {
    let reading = reading(TWO);
    assert_eq!((reading.format(), reading.kind()), (Format::DeliveryStatus, ReportKind::Bounce));
    assert_eq!(reading.reporting_mta(), Some("mx.example.org"));
    assert_eq!(reading.envelope_id().map(ToString::to_string).as_deref(), Some("QQ314159"));
    assert_eq!(reading.defects(), []);

    let [bob, ada] = reading.recipients() else { panic!("two recipients") };
    assert_eq!(bob.address.as_str(), "robert@inside.example.org");
    assert_eq!(bob.original.as_ref().and_then(|original| original.address()).unwrap().as_str(), "bob@example.org");
    assert_eq!((bob.kind, bob.reported_action), (ReportKind::Bounce, Some(ReportedAction::Failed)));
    assert_eq!(bob.status.unwrap().to_string(), "5.1.1");
    assert_eq!(bob.reply.as_ref().unwrap().to_string(), "550 5.1.1 no such user");
    assert_eq!(bob.diagnostic.as_ref().unwrap().as_str(), "550 5.1.1 no such user");
    assert_eq!(bob.remote_mta.as_ref().unwrap().as_str(), "inside.example.org");
    assert_eq!((bob.class().as_str(), bob.action()), ("bad_mailbox", Action::SuppressAddress));
    assert!(bob.evidence().iter().any(|e| e.to_string() == "report: Diagnostic-Code: smtp; 550 5.1.1 no such user"));

    assert_eq!((ada.kind, ada.class().as_str()), (ReportKind::Delay, "timeout"));
    assert_eq!((ada.action(), ada.verdict.list_effect), (Action::None, ListEffect::None));
}

#[test]
fn rfc6522_the_third_part_is_the_original() {
    let reading = reading(TWO);
    let original = reading.original();
    assert_eq!(original.message_id().unwrap().as_str(), "one@news.example.com");
    assert_eq!(original.field("feedback-id").as_deref(), Some("a:b:c:news"));
    assert_eq!(original.field("Subject").as_deref(), Some("folded subject"));
    let paths: Vec<&str> = reading.return_paths().map(|path| path.as_str()).collect();
    assert_eq!(paths, ["bounce+abc@news.example.com", "bounce+xyz@news.example.com"]);

    let header_alone = report(TWO).replace("message/rfc822", "text/rfc822-headers");
    assert_eq!(read(header_alone.as_bytes()).unwrap().original().message_id(), original.message_id());
}

#[test]
fn section_2_3_3_only_failed_is_a_bounce() {
    for (action, kind, class) in [
        ("failed", ReportKind::Bounce, "quota"),
        ("delayed", ReportKind::Delay, "quota"),
        ("delivered", ReportKind::Delivered, "delivered"),
        ("relayed", ReportKind::Relayed, "delivered"),
        ("expanded", ReportKind::Expanded, "delivered"),
    ] {
        let reading = reading(&format!(
            "Reporting-MTA: dns; a\r\n\r\nFinal-Recipient: rfc822; bob@example.org\r\nAction: {action}\r\nStatus: 4.2.2\r\n"
        ));
        let [bob] = reading.recipients() else { panic!("one recipient") };
        assert_eq!((bob.kind, bob.class().as_str()), (kind, class), "{action}");
        assert!(!bob.verdict.suppresses(), "{action}");
    }
}

#[test]
fn section_2_3_4_a_status_without_information_leaves_it_to_the_diagnostic() {
    let status = |status: &str, diagnostic: &str| {
        let text = format!(
            "Reporting-MTA: dns; a\r\n\r\nFinal-Recipient: rfc822; bob@example.org\r\nAction: failed\r\nStatus: {status}\r\n{diagnostic}"
        );
        reading(&text).recipients()[0].class().as_str().to_owned()
    };
    assert_eq!(status("5.0.0", "Diagnostic-Code: smtp; 550 user unknown\r\n"), "bad_mailbox");
    assert_eq!(status("5.1.1", "Diagnostic-Code: smtp; 554 5.7.1 listed at zen.spamhaus.org\r\n"), "blocklisted");
    assert_eq!(status("5.1.1", "Diagnostic-Code: smtp; 550 words that are new\r\n"), "bad_mailbox");
    assert_eq!(status("5.1.1", ""), "bad_mailbox");
    assert_eq!(status("4.0.0 (host name lookup failure)", ""), "dns_temp");
    assert_eq!(
        status("5.0.0", "Diagnostic-Code: x-postfix; host mx.example.org[192.0.2.1] refused to talk to me: 554 no\r\n"),
        "reputation"
    );
}

#[test]
fn a_failure_that_was_temporary_counts_and_never_suppresses() {
    let reading = reading(
        "Reporting-MTA: dns; a\r\n\r\nFinal-Recipient: rfc822; bob@example.org\r\nAction: failed\r\nStatus: 4.2.2\r\n\
         Diagnostic-Code: smtp; 452 4.2.2 mailbox full\r\n",
    );
    let verdict = &reading.recipients()[0].verdict;
    assert_eq!(
        (verdict.severity, verdict.action, verdict.list_effect),
        (Severity::Transient, Action::CountSoft, ListEffect::Soft)
    );
}

#[test]
fn a_report_takes_no_domain_off() {
    let reading = reading(
        "Reporting-MTA: dns; a\r\n\r\nFinal-Recipient: rfc822; bob@example.org\r\nAction: failed\r\nStatus: 5.1.2\r\n",
    );
    let bob = &reading.recipients()[0];
    assert_eq!((bob.class().as_str(), bob.action()), ("bad_domain", Action::SuppressAddress));
}

#[test]
fn what_is_missing_is_a_defect_and_no_obstacle() {
    let reading =
        reading("X-Other: 1\r\n\r\nFinal-Recipient: bob@example.org\r\nDiagnostic-Code: 550 user unknown\r\n");
    assert_eq!(reading.defects(), [Defect::ReportingMta, Defect::Action, Defect::Status]);
    let bob = &reading.recipients()[0];
    assert_eq!((bob.kind, bob.class().as_str()), (ReportKind::Bounce, "bad_mailbox"));

    let x400 = reading_of_address("x400; /S=bob/ADMD= /C=de/");
    assert_eq!(x400.defects(), [Defect::Address]);
    assert!(x400.recipients()[0].address.address().is_none());
}

fn reading_of_address(address: &str) -> Reading {
    reading(&format!("Reporting-MTA: dns; a\r\n\r\nFinal-Recipient: {address}\r\nAction: failed\r\nStatus: 5.1.1\r\n"))
}

#[test]
fn line_ends_encodings_and_places_do_not_matter() {
    let plain = report(TWO);
    let encoded = plain
        .replace(TWO, &base64(TWO))
        .replace("message/delivery-status", "message/delivery-status\r\nContent-Transfer-Encoding: base64");
    let nested = format!(
        "Subject: list wrapper\r\nContent-Type: multipart/mixed; boundary=outer\r\n\r\n--outer\r\n{}\r\n--outer--\r\n",
        plain.split_once("MIME-Version: 1.0\r\n").unwrap().1
    );
    let unstructured =
        plain.replace("Content-Type: multipart/report; report-type=delivery-status;\r\n\tboundary=\"a/b=c\"\r\n", "");
    for (what, raw) in [
        ("LF", plain.replace("\r\n", "\n")),
        ("base64", encoded),
        ("nested", nested),
        ("structure lost", unstructured),
        ("no end", plain.trim_end_matches("--a/b=c--\r\n").to_owned()),
    ] {
        let reading = read(raw.as_bytes()).unwrap();
        let addresses: Vec<&str> = reading.recipients().iter().map(|r| r.address.as_str()).collect();
        assert_eq!(addresses, ["robert@inside.example.org", "ada@example.org"], "{what}");
    }
}

#[test]
fn a_bounce_that_somebody_passes_on_is_read_and_says_so() {
    let forwarded = format!(
        "From: bob@example.org\r\nSubject: see what I got\r\nContent-Type: multipart/mixed; boundary=outer\r\n\r\n--outer\r\n\r\n\
         Look.\r\n--outer\r\nContent-Type: message/rfc822\r\n\r\n{}\r\n--outer--\r\n",
        report(TWO)
    );
    let reading = read(forwarded.as_bytes()).unwrap();
    assert_eq!((reading.recipients().len(), reading.format()), (2, Format::DeliveryStatus));
    assert!(reading.is_forwarded() && !read(report(TWO).as_bytes()).unwrap().is_forwarded());
    let said = reading.recipients()[0].said_at.clone().expect("a place in the outer message");
    assert!(forwarded[said].starts_with("smtp; 550"));
}

#[test]
fn rfc6533_addresses_beyond_ascii() {
    let international = report("Reporting-MTA: dns; a\r\n\r\nFinal-Recipient: utf-8; b\\x{F6}b@example.org\r\nAction: failed\r\nStatus: 5.1.1\r\n")
        .replace("message/delivery-status", "message/global-delivery-status")
        .replace("message/rfc822", "message/global");
    let reading = read(international.as_bytes()).unwrap();
    assert_eq!(reading.recipients()[0].address.address().unwrap().as_str(), "böb@example.org");
    assert!(reading.original().message_id().is_some());
    assert_eq!(reading_of_address("utf-8; bïb@example.org").recipients()[0].address.as_str(), "bïb@example.org");
}

fn base64(text: &str) -> String {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut encoded = String::new();
    for chunk in text.as_bytes().chunks(3) {
        let bits = chunk.iter().fold(0_u32, |bits, b| bits << 8 | u32::from(*b)) << (8 * (3 - chunk.len()));
        for place in 0..4 {
            let digit = ALPHABET[(bits >> (18 - 6 * place) & 63) as usize];
            encoded.push(if place > chunk.len() { '=' } else { char::from(digit) });
        }
    }
    encoded.as_bytes().chunks(76).map(|line| format!("{}\r\n", String::from_utf8_lossy(line))).collect()
}
