//! The strict check, rule by rule.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use posthaste_message::{Rule, check_strict};

/// A message that keeps every rule, some of its lines replaced.
fn message(replace: &[(&str, &str)]) -> Vec<u8> {
    let mut text = String::from(
        "Received: from a by b; Fri, 21 Nov 1997 09:55:06 -0600\r\nFrom: Ada <ada@example.com>\r\nTo: bob@example.org\r\n\
         Date: Fri, 21 Nov 1997 09:55:06 -0600\r\nMessage-ID: <1@example.com>\r\nSubject: Hello\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/mixed; boundary=\"b\"\r\nContent-Transfer-Encoding: 7bit\r\n\r\n--b\r\n\
         Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n=C3=A4\r\n--b--\r\n",
    );
    for (from, to) in replace {
        assert!(text.contains(from), "{from}");
        text = text.replacen(from, to, 1);
    }
    text.into_bytes()
}

fn rules(octets: &[u8]) -> Vec<Rule> {
    match check_strict(octets) {
        Ok(()) => Vec::new(),
        Err(error) => {
            assert!(error.violations().iter().all(|v| v.at() <= octets.len() && v.rule().section().len() > 3));
            let mut rules: Vec<Rule> = error.violations().iter().map(|violation| violation.rule()).collect();
            rules.dedup();
            rules
        }
    }
}

#[test]
fn sound_mail_passes() {
    let cases: &[&[(&str, &str)]] = &[
        &[],
        &[("To: bob@example.org", "To: Friends: bob@example.org, \"C. D.\" <c@example.org>;, e@example.org (E)")],
        &[("To: bob@example.org", "To: undisclosed-recipients:;")],
        &[("To: bob@example.org", "To: \"b o b\"@example.org,\r\n\t=?utf-8?Q?Ren=C3=A9?= <bob@[192.0.2.1]>")],
        &[("To: bob@example.org", "To: <jörg@例え.example>")],
        &[("To: bob@example.org\r\n", "")],
        &[("From: Ada <ada@example.com>", "From: a@example.com, b@example.com\r\nSender: a@example.com")],
        &[("Subject: Hello", "Subject:")],
        &[("Subject: Hello", "Subject: Grüße\r\n aus Köln")],
        &[("Date: Fri, 21 Nov 1997 09:55:06 -0600", "Date: 21 Nov 1997 09:55 -0600 (CST)")],
        &[("Message-ID: <1@example.com>", "Message-ID: <1.2@[192.0.2.1]>\r\nReferences: <a@b>\r\n <c@d>")],
        &[("Message-ID: <1@example.com>\r\n", "")],
        &[("MIME-Version: 1.0", "MIME-Version: 1.0 (by hand)")],
        &[("boundary=\"b\"", "(c) boundary=b (d); x=\"y \\\" z\"")],
        &[("quoted-printable", "8BIT"), ("Encoding: 7bit", "Encoding: 8bit"), ("=C3=A4", "ä")],
        &[("=C3=A4", "From here\r\n.\r\n..")],
    ];
    for case in cases {
        let octets = message(case);
        assert_eq!(check_strict(&octets), Ok(()), "{case:?}");
    }
    assert_eq!(rules(b"From: a@b\r\nDate: 1 Jan 2024 00:00:00 +0000\r\n\r\nno MIME at all\r\n"), []);
}

#[test]
fn each_rule_refuses() {
    let long = format!("Subject: {}", "x".repeat(999));
    let boundary = format!("boundary=\"{}\"", "b".repeat(71));
    let cases: &[(Rule, &[(&str, &str)])] = &[
        (Rule::LineEnd, &[("Hello\r\n", "Hello\n")]),
        (Rule::LineEnd, &[("=C3=A4", "a\rb")]),
        (Rule::LineTooLong, &[("Subject: Hello", &long)]),
        (Rule::Nul, &[("=C3=A4", "\0")]),
        (Rule::FieldSyntax, &[("Subject:", "Subject :")]),
        (Rule::FieldSyntax, &[("Subject: Hello", "Subject: Hello\r\nno field")]),
        (Rule::FieldSyntax, &[("Received:", "From x Fri Nov 21 1997\r\nReceived:")]),
        (
            Rule::NoEmptyLine,
            &[(
                "--b\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n",
                "--b\r\n",
            )],
        ),
        (Rule::BlankFold, &[("Hello", "Hello\r\n \r\n there")]),
        (Rule::BlankFold, &[("Hello", "Hello\r\n ")]),
        (Rule::Control, &[("Hello", "Hel\u{7}lo")]),
        (Rule::Missing, &[("Date: Fri, 21 Nov 1997 09:55:06 -0600\r\n", "")]),
        (Rule::Missing, &[("From: Ada <ada@example.com>\r\n", "")]),
        (Rule::Repeated, &[("Subject: Hello", "Subject: Hello\r\nsubject: again")]),
        (Rule::Repeated, &[("From: Ada", "From: a@example.com\r\nFrom: Ada")]),
        (Rule::Repeated, &[("To: bob", "To: a@example.com\r\nTo: bob")]),
        (Rule::Address, &[("To: bob@example.org", "To: bob")]),
        (Rule::Address, &[("To: bob@example.org", "To: a@example.org,, b@example.org")]),
        (Rule::Address, &[("To: bob@example.org", "To: a@example.org b@example.org")]),
        (Rule::Address, &[("To: bob@example.org", "To: John Q. Public <j@example.org>")]),
        (Rule::Address, &[("To: bob@example.org", "To: <@a.example:b@c.example>")]),
        (Rule::Address, &[("To: bob@example.org", "To: a..b@example.org")]),
        (Rule::Address, &[("To: bob@example.org", "To: \"open <b@example.org>")]),
        (Rule::Address, &[("To: bob@example.org", "To: b@example.org (open")]),
        (Rule::Address, &[("To: bob@example.org", "To:")]),
        (Rule::Address, &[("To: bob@example.org", "To: b@example.org\r\nSender: a@example.com, b@example.com")]),
        (Rule::NoSender, &[("From: Ada <ada@example.com>", "From: a@example.com, b@example.com")]),
        (Rule::Date, &[("Date: Fri,", "Date: Thu,")]),
        (Rule::Date, &[("09:55:06 -0600\r\nMessage", "09:55:06 GMT\r\nMessage")]),
        (Rule::MessageId, &[("<1@example.com>", "1@example.com")]),
        (Rule::MessageId, &[("<1@example.com>", "<1@example.com> <2@example.com>")]),
        (Rule::MessageId, &[("<1@example.com>", "<1@@example.com>")]),
        (Rule::MessageId, &[("Subject: Hello", "Subject: Hello\r\nIn-Reply-To: your mail of Friday")]),
        (Rule::Bcc, &[("To: bob", "Bcc: eve@example.net\r\nTo: bob")]),
        (Rule::ReturnPath, &[("Received:", "Return-Path: <a@example.com>\r\nReceived:")]),
        (Rule::ContentLength, &[("Subject:", "Content-Length: 17\r\nSubject:")]),
        (Rule::MimeVersion, &[("MIME-Version: 1.0\r\n", "")]),
        (Rule::MimeVersion, &[("MIME-Version: 1.0", "MIME-Version: 1.1")]),
        (Rule::MimeFieldTwice, &[("MIME-Version: 1.0", "MIME-Version: 1.0\r\nMIME-Version: 1.0")]),
        (Rule::MimeFieldTwice, &[("Content-Type: text/plain", "Content-Type: text/html\r\nContent-Type: text/plain")]),
        (Rule::ContentType, &[("Content-Type: text/plain; charset=utf-8", "Content-Type: text")]),
        (Rule::ContentType, &[("Content-Type: text/plain; charset=utf-8", "Content-Type: text/plain;")]),
        (
            Rule::ContentType,
            &[("Content-Type: text/plain; charset=utf-8", "Content-Type: text/plain; charset=\"utf-8")],
        ),
        (Rule::Boundary, &[("boundary=\"b\"", &boundary)]),
        (Rule::Boundary, &[("boundary=\"b\"", "boundary=\"b&c\"")]),
        (Rule::Boundary, &[("boundary=\"b\"", "x=y")]),
        (Rule::NotClosed, &[("--b--", "")]),
        (Rule::TransferEncoding, &[("quoted-printable", "binary")]),
        (Rule::TransferEncoding, &[("quoted-printable", "8-bit")]),
        (Rule::EncodedMultipart, &[("Encoding: 7bit", "Encoding: base64")]),
        (Rule::EightBit, &[("=C3=A4", "ä")]),
        (Rule::EightBit, &[("=C3=A4", "ä"), ("quoted-printable", "8bit")]),
    ];
    for (rule, case) in cases {
        let found = rules(&message(case));
        assert!(found.contains(rule), "{rule:?} in {found:?} for {case:?}");
    }
    let latin1 = [&b"From: a@b\r\nDate: 1 Jan 2024 00:00:00 +0000\r\nSubject: \xe4\r\n\r\n"[..]].concat();
    assert_eq!(rules(&latin1), [Rule::NotUtf8]);
    assert_eq!(rules("A: b\r\n".repeat(2000).as_bytes()).last(), Some(&Rule::Limit));
    assert!(rules(b"").contains(&Rule::Missing));
}

#[test]
fn an_error_names_rule_field_and_place() {
    let error = check_strict(&message(&[("Subject: Hello", "Subject: Hello\r\nsubject: again")])).unwrap_err();
    assert_eq!(error.violations().len(), 1);
    assert_eq!(error.violations()[0].field(), "subject");
    assert_eq!(error.to_string(), "more than once in subject (RFC 5322 §3.6) at byte 190");
}
