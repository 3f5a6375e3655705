//! Complaints (RFC 5965), automatic answers (RFC 3834), bounces in words, and ordinary mail.

use posthaste_bounce::{Action, Format, ReportKind, read};

fn feedback(kind: &str, fields: &str) -> String {
    format!(
        "From: fbl@example.org\nTo: fbl@news.example.com\nSubject: FW: offer\nMIME-Version: 1.0\n\
         Content-Type: multipart/report; report-type=feedback-report; boundary=x\n\n--x\nContent-Type: text/plain\n\n\
         This is an abuse report.\n--x\nContent-Type: message/feedback-report\n\nFeedback-Type: {kind}\n\
         User-Agent: SomeFBL/1.0\nVersion: 1\n{fields}\n--x\nContent-Type: message/rfc822\n\n\
         Return-Path: <bounce+abc@news.example.com>\nMessage-ID: <one@news.example.com>\nTo: Bob <bob@example.org>\n\
         Subject: offer\n\nHello\n--x--\n"
    )
}

#[test]
fn rfc5965_a_complaint_suppresses() {
    let raw =
        feedback("abuse", "Original-Mail-From: <bounce+abc@news.example.com>\nOriginal-Rcpt-To: <bob@example.org>\n");
    let reading = read(raw.as_bytes()).unwrap();
    assert_eq!((reading.format(), reading.kind()), (Format::FeedbackReport, ReportKind::Complaint));
    let [bob] = reading.recipients() else { panic!("one recipient") };
    assert_eq!((bob.address.as_str(), bob.action()), ("bob@example.org", Action::SuppressAddress));
    assert!(bob.verdict.suppresses());
    assert_eq!(reading.return_paths().last().unwrap().as_str(), "bounce+abc@news.example.com");
    assert_eq!(reading.original().message_id().unwrap().as_str(), "one@news.example.com");
}

#[test]
fn rfc5965_types_and_redaction() {
    for (kind, wanted, class) in [
        ("fraud", ReportKind::Complaint, "complaint"),
        ("opt-out", ReportKind::Complaint, "unsubscribe"),
        ("not-spam", ReportKind::Other, "delivered"),
        ("auth-failure", ReportKind::Other, "delivered"),
    ] {
        let reading = read(feedback(kind, "").as_bytes()).unwrap();
        let [bob] = reading.recipients() else { panic!("one recipient") };
        assert_eq!((bob.kind, bob.class().as_str()), (wanted, class), "{kind}");
        assert_eq!(bob.address.as_str(), "bob@example.org", "the only address of the original's To");
    }
    let redacted = feedback("abuse", "Original-Rcpt-To: redacted\n");
    let reading = read(redacted.as_bytes()).unwrap();
    assert!(reading.recipients()[0].address.address().is_none(), "RFC 6590");
    let without = feedback("abuse", "").replace("To: Bob <bob@example.org>\n", "");
    assert_eq!(read(without.as_bytes()).unwrap().recipients()[0].address.to_string(), "unknown recipient");
}

#[test]
fn rfc3834_automatic_answers_are_no_bounces() {
    for header in [
        "Auto-Submitted: auto-replied\n",
        "Auto-Submitted: auto-generated (vacation)\n",
        "X-Autoreply: yes\n",
        "Precedence: bulk\nX-Auto-Response-Suppress: All\n",
        "Subject: =?utf-8?q?Abwesenheit=3A_Urlaub?=\nReturn-Path: <>\n",
    ] {
        let raw = format!(
            "From: Bob <bob@example.org>\nTo: ada@news.example.com\n{header}\nI am away. Mail carol@example.org.\n"
        );
        let reading = read(raw.as_bytes()).unwrap();
        let [bob] = reading.recipients() else { panic!("{header}") };
        assert_eq!((bob.kind, bob.address.as_str()), (ReportKind::AutoReply, "bob@example.org"), "{header}");
        assert_eq!(bob.action(), Action::None);
    }
}

#[test]
fn ordinary_mail_reports_nothing() {
    for raw in [
        "",
        "\n",
        "no header at all",
        "From: bob@example.org\nSubject: Re: your mail\nAuto-Submitted: no\n\nThanks, 550 5.1.1 user unknown was my fault.\n",
        "From: bob@example.org\nSubject: Re: undeliverable mail\n\n> <carol@example.org>: 550 5.1.1 user unknown\n\nWhat is this?\n",
        "From: bob@example.org\nPrecedence: bulk\nSubject: news\n\nhello carol@example.org\n",
    ] {
        let reading = read(raw.as_bytes()).unwrap();
        assert_eq!((reading.recipients().len(), reading.kind()), (0, ReportKind::Other), "{raw}");
        assert_eq!(reading.to_string(), "no report");
    }
}

#[test]
fn bounces_in_words() {
    let exim = "Return-Path: <>\nX-Failed-Recipients: bob@example.org\nAuto-Submitted: auto-replied\n\
        From: Mail Delivery System <Mailer-Daemon@mx.example.net>\nTo: bounce+abc@news.example.com\n\
        Subject: Mail delivery failed: returning message to sender\n\n\
        This message was created automatically by mail delivery software.\n\n\
        A message that you sent could not be delivered. The following address(es) failed:\n\n  bob@example.org\n    \
        SMTP error from remote mail server after RCPT TO:<bob@example.org>:\n    host mx.example.org [192.0.2.1]: \
        550 5.1.1 unknown user\n\n------ This is a copy of the message, including all the headers. ------\n\n\
        Return-path: <bounce+abc@news.example.com>\nMessage-Id: <one@news.example.com>\nTo: bob@example.org\n\nHello\n";
    let qmail = "Return-Path: <>\nFrom: MAILER-DAEMON@mx.example.net\nTo: bounce+abc@news.example.com\nSubject: failure notice\n\n\
        Hi. This is the qmail-send program at mx.example.net.\nI'm afraid I wasn't able to deliver your message to the \
        following addresses.\n\n<bob@example.org>:\n192.0.2.1 does not like recipient.\nRemote host said: 550 5.1.1 unknown user\n\n\
        --- Below this line is a copy of the message.\n\nReturn-Path: <bounce+abc@news.example.com>\n\
        Message-ID: <one@news.example.com>\nTo: bob@example.org\n\nHello carol@example.org\n";
    for (what, raw) in [("exim", exim), ("qmail", qmail), ("CRLF", &qmail.replace('\n', "\r\n"))] {
        let reading = read(raw.as_bytes()).unwrap();
        let [bob] = reading.recipients() else { panic!("{what}: {reading}") };
        assert_eq!(
            (bob.kind, bob.address.as_str(), bob.class().as_str()),
            (ReportKind::Bounce, "bob@example.org", "bad_mailbox")
        );
        assert_eq!(bob.reply.as_ref().unwrap().to_string(), "550 5.1.1 unknown user", "{what}");
        assert_eq!(reading.original().message_id().unwrap().as_str(), "one@news.example.com", "{what}");
        assert_eq!(reading.return_paths().count(), 2, "{what}");
    }
}

#[test]
fn several_recipients_in_words_have_words_of_their_own() {
    let raw = "Return-Path: <>\nFrom: MAILER-DAEMON@mx.example.net\nTo: bounce@news.example.com\nSubject: failure notice\n\n\
        I wasn't able to deliver your message to the following addresses.\n\n<bob@example.org>:\n\
        Remote host said: 550 5.1.1 unknown user\n\n<ada@example.org>:\nRemote host said: 452 4.2.2 mailbox full\n";
    let reading = read(raw.as_bytes()).unwrap();
    let told: Vec<(&str, &str)> =
        reading.recipients().iter().map(|r| (r.address.as_str(), r.class().as_str())).collect();
    assert_eq!(told, [("bob@example.org", "bad_mailbox"), ("ada@example.org", "quota")]);
}

#[test]
fn a_warning_in_words_is_a_delay() {
    let raw = "Return-Path: <>\nFrom: Mail Delivery System <Mailer-Daemon@mx.example.net>\nTo: bounce@news.example.com\n\
        Subject: Warning: message delayed 24 hours\n\nThe message has not yet been delivered to:\n\n  bob@example.org\n    \
        Delay reason: connection timed out\n\nNo action is required on your part.\n";
    let reading = read(raw.as_bytes()).unwrap();
    let [bob] = reading.recipients() else { panic!("{reading}") };
    assert_eq!((bob.kind, bob.address.as_str()), (ReportKind::Delay, "bob@example.org"));
    assert!(!bob.verdict.suppresses());
}
