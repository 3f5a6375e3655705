//! Bytes that nobody meant: no panic, limits kept, bounded work.

use posthaste_bounce::{Limits, ReadError, ReadErrorKind, Reading, read, read_with};
use proptest::prelude::*;

fn limits(change: impl FnOnce(&mut Limits)) -> Limits {
    let mut limits = Limits::default();
    change(&mut limits);
    limits
}

fn kind(result: Result<Reading, ReadError>) -> Option<ReadErrorKind> {
    result.err().map(|error| error.kind())
}

fn report(status: &str) -> String {
    format!(
        "From: mailer-daemon@a.example\nContent-Type: multipart/report; boundary=x\n\n--x\nContent-Type: message/delivery-status\n\n\
         {status}\n--x--\n"
    )
}

#[test]
fn every_limit_is_an_error_with_its_name_and_place() {
    let recipients = report(&"Final-Recipient: rfc822; bob@example.org\nAction: failed\n\n".repeat(20));
    let nested: String =
        (0..20).map(|i| format!("Content-Type: multipart/mixed; boundary=b{i}x\n\n--b{i}x\n")).collect();
    let parts = format!("Content-Type: multipart/mixed; boundary=x\n\n{}", "--x\n\nbody\n".repeat(300));
    let header = format!("{}\n\nbody", "X-Field: value\n".repeat(20_000));
    for (raw, limits, wanted) in [
        (&recipients, limits(|l| l.recipients = 19), Some(ReadErrorKind::Recipients)),
        (&recipients, limits(|l| l.recipients = 20), None),
        (&recipients, limits(|l| l.fields = 100), Some(ReadErrorKind::Fields)),
        (&recipients, limits(|l| l.size = 100), Some(ReadErrorKind::Size)),
        (&nested, Limits::default(), Some(ReadErrorKind::Depth)),
        (&parts, Limits::default(), Some(ReadErrorKind::Parts)),
        (&header, Limits::default(), Some(ReadErrorKind::Header)),
    ] {
        assert_eq!(kind(read_with(raw.as_bytes(), &limits)), wanted);
    }
    let error = read_with(recipients.as_bytes(), &limits(|l| l.recipients = 1)).unwrap_err();
    assert_eq!((error.limit(), error.to_string().as_str()), (1, "more than 1 recipients (at octet 78)"));
}

/// Reading stops at the limit: whoever is named behind it must not go missing in silence.
#[test]
fn recipients_without_a_name_count_too() {
    let raw = report("Action: failed\n\nAction: failed\nFinal-Recipient: rfc822; bob@example.org\n");
    assert_eq!(read(raw.as_bytes()).unwrap().recipients().len(), 1);
    for (most, wanted) in [(0, Some(ReadErrorKind::Recipients)), (1, Some(ReadErrorKind::Recipients)), (2, None)] {
        assert_eq!(kind(read_with(raw.as_bytes(), &limits(|l| l.recipients = most))), wanted, "{most}");
    }
}

/// Each of these would cost minutes if any step were quadratic in its size.
#[test]
fn work_grows_with_size_alone() {
    let megabyte = 1 << 20;
    let from = "From: mailer-daemon@a.example\nSubject: failure notice\n";
    for (what, raw) in [
        ("one line of addresses", format!("{from}\n{}", "a@b.example ".repeat(megabyte / 12))),
        ("one line of at signs", format!("{from}\n{}", "@".repeat(megabyte))),
        ("lines of addresses", format!("{from}\n{}", "a@b.example\n".repeat(megabyte / 12))),
        ("codes", format!("{from}\n{}", "550 ".repeat(megabyte / 4))),
        ("encoded words", format!("Subject: {}\n\n", "=?x?q?".repeat(40_000))),
        ("delimiters", format!("Content-Type: multipart/mixed; boundary=x\n\n{}", "--xy\n".repeat(megabyte / 5))),
        (
            "fields of one recipient",
            report(&format!("Final-Recipient: a@b.example\n{}", "X:y\nStatus: 5.0.0\n".repeat(megabyte / 18))),
        ),
        (
            "words with gaps",
            report(&format!(
                "Final-Recipient: a@b.example\nDiagnostic-Code: smtp; 550 {}",
                "user account mailbox ".repeat(megabyte / 21)
            )),
        ),
        ("tags", format!("{from}Content-Type: text/html\n\n{}", "<p".repeat(megabyte / 2))),
    ] {
        assert_eq!(kind(read(raw.as_bytes())), None, "{what}");
    }
}

proptest! {
    #[test]
    fn no_bytes_panic(raw in proptest::collection::vec(any::<u8>(), 0..400)) {
        prop_assert!(read(&raw).is_ok());
    }

    #[test]
    fn no_report_panics(
        pieces in proptest::collection::vec(prop::sample::select(PIECES), 0..30), junk in "[\\x00-\\xff]{0,20}",
    ) {
        let raw = pieces.concat() + &junk;
        if let Ok(reading) = read(raw.as_bytes()) {
            for recipient in reading.recipients() {
                prop_assert!(!recipient.to_string().contains(['\r', '\n', '\0']));
            }
        }
    }

    #[test]
    fn a_report_cut_anywhere_is_read(cut in any::<prop::sample::Index>()) {
        let whole = PIECES.concat();
        prop_assert!(read(&whole.as_bytes()[..cut.index(whole.len())]).is_ok());
    }
}

const PIECES: &[&str] = &[
    "Return-Path: <>\r\nFrom: Mailer-Daemon <>\nSubject: =?utf-8?b?VW5kZWxpdmVyYWJsZQ==?=\n",
    "Content-Type: multipart/report; report-type=delivery-status; boundary=\"x\"\n",
    "X-Failed-Recipients: bob@example.org\n",
    "\n",
    "--x\n",
    "Content-Type: message/delivery-status\n\n",
    "Content-Transfer-Encoding: base64\n",
    "Final-Recipient: rfc822; <bob@example.org>\nAction: failed\n",
    "Status: 5.1.1 (bad)\nDiagnostic-Code: smtp; 550-5.1.1 no\n 550 5.1.1 user\n",
    "Remote-MTA: dns; gmail-smtp-in.l.google.com\n",
    "<ada@example.org>: host mx said: 421 4.7.0 [TSS04] later\n",
    "Content-Type: message/feedback-report\n\nFeedback-Type: abuse\n",
    "Content-Type: message/rfc822\n\nMessage-ID: <a@b>\nReturn-Path: <a@b.example>\n\n",
    "--- Below this line is a copy of the message.\n",
    "--x--\n",
];
