//! Reading: structure, tolerance and limits.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use posthaste_message::{DefectKind, Limit, Limits, ReadMessage, TransferEncoding, read};
use posthaste_types::Timestamp;
use proptest::prelude::*;

fn parse(text: &str) -> ReadMessage<'_> {
    read(text.as_bytes(), &Limits::default()).unwrap()
}

fn kinds(message: &ReadMessage<'_>) -> Vec<DefectKind> {
    message.defects().iter().map(|defect| defect.kind).collect()
}

/// A delivery report, as RFC 3464 and 3462 describe it.
const REPORT: &str = "From: MAILER-DAEMON@example.org\r\nTo: ada@example.com\r\nSubject: Undelivered\r\nMIME-Version: 1.0\r\n\
Content-Type: multipart/report; report-type=delivery-status;\r\n boundary=\"outer\"\r\n\r\npreamble\r\n--outer\r\n\r\nSorry.\r\n\
--outer\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example.org\r\n\r\nFinal-Recipient: rfc822; bob@example.org\r\n\
Action: failed\r\nStatus: 5.1.1\r\n\r\n--outer\r\nContent-Type: message/rfc822\r\n\r\nFrom: ada@example.com\r\nMessage-ID: <1@example.com>\r\n\
Content-Type: multipart/alternative; boundary=inner\r\n\r\n--inner\r\n\r\nplain\r\n--inner\r\nContent-Type: text/html\r\n\r\n<p>\r\n--inner--\r\n\r\n\
--outer\r\nContent-Type: text/rfc822-headers\r\n\r\nSubject: only headers\r\n\r\n--outer--\r\nepilogue\r\n";

#[test]
fn rfc3464_a_report_is_read_with_its_parts_and_places() {
    let message = parse(REPORT);
    assert_eq!(message.defects(), []);
    let all: Vec<String> = message
        .parts()
        .map(|p| format!("{} {}/{}", p.depth(), p.content_type().kind(), p.content_type().subtype()))
        .collect();
    let expected = [
        "0 multipart/report",
        "1 text/plain",
        "1 message/delivery-status",
        "1 message/rfc822",
        "2 multipart/alternative",
        "3 text/plain",
        "3 text/html",
        "1 text/rfc822-headers",
    ];
    assert_eq!(all, expected);
    assert_eq!(message.root().content_type().parameter("report-type"), Some("delivery-status"));
    assert_eq!(message.text().as_deref(), Some("Sorry."));
    assert_eq!(message.html(), None, "what is quoted is not shown");
    let parts: Vec<_> = message.root().children().collect();
    let status = std::str::from_utf8(parts[1].raw_body()).unwrap();
    assert!(status.starts_with("Reporting-MTA: dns;") && status.ends_with("Status: 5.1.1\r\n"), "{status:?}");
    let embedded = parts[2].embedded().unwrap();
    assert_eq!(embedded.message_id().unwrap().as_str(), "1@example.com");
    assert!(embedded.raw().starts_with(b"From: ada@") && embedded.raw().ends_with(b"--inner--\r\n"));
    assert!(embedded.raw_header().ends_with(b"boundary=inner\r\n\r\n"));
    assert_eq!(embedded.raw(), parts[2].raw_body());
    assert_eq!(&REPORT.as_bytes()[embedded.at()..][..5], b"From:");
    assert_eq!(&REPORT.as_bytes()[embedded.body_at()..][..7], b"--inner");
    assert_eq!(embedded.descendants().count(), 3);
    assert_eq!(embedded.parent().unwrap().at(), parts[2].at());
    // The headers alone are read as a message whose body is missing.
    let headers = read(parts[3].raw_body(), &Limits::default()).unwrap();
    assert_eq!(headers.subject().as_deref(), Some("only headers"));
    let attachments: Vec<_> = message.attachments().map(|p| p.content_type().subtype().to_owned()).collect();
    assert_eq!(attachments, ["delivery-status", "rfc822"]);
}

#[test]
fn the_same_with_bare_line_feeds() {
    let text = REPORT.replace("\r\n", "\n");
    let message = parse(&text);
    assert_eq!(kinds(&message), [DefectKind::BareLf]);
    assert_eq!(message.parts().count(), 8);
    assert_eq!(message.text().as_deref(), Some("Sorry."));
}

#[test]
fn a_truncated_report_keeps_what_is_there() {
    for cut in 0..REPORT.len() {
        let message = parse(&REPORT[..cut]);
        for part in message.parts() {
            assert!(part.at() + part.raw().len() <= cut);
        }
    }
    let end = REPORT.find("--inner--").unwrap();
    let message = parse(&REPORT[..end]);
    assert_eq!(kinds(&message), [DefectKind::NotClosed, DefectKind::NotClosed]);
    assert_eq!(message.parts().count(), 7);
}

#[test]
fn fields_are_given_raw_and_decoded() {
    let text = "Received: from a\r\n\tby b\r\nSUBJECT : =?iso-8859-1?Q?Gr=FC=DFe?= \r\n =?utf-8?B?IGF1cyBLw7Zsbg==?=\r\n\
                Date: Fri, 21 Nov 1997 09:55:06 -0600\r\nReferences: <1@a>\r\n <2@b> junk <bad>\r\n\
                To: \"b o b\"@example.org, Group: Jos=?utf-8?Q?=C3=A9?= <j@example.org>,\r\n =?utf-8?Q?Ren=C3=A9?= <r@example.org>;\r\n\r\n";
    let message = parse(text);
    let received = message.header("received").unwrap();
    assert_eq!(received.raw(), b"Received: from a\r\n\tby b\r\n");
    assert_eq!(received.value(), b" from a\r\n\tby b");
    assert_eq!(received.unfolded(), "from a\tby b");
    assert_eq!(message.subject().as_deref(), Some("Grüße aus Köln"));
    assert_eq!(message.header("Subject").unwrap().name(), "SUBJECT");
    assert_eq!(message.date(), Some(Timestamp::from_unix_secs(880_127_706)));
    let ids: Vec<String> = message.references().iter().map(|id| id.as_str().to_owned()).collect();
    assert_eq!(ids, ["1@a", "2@b"]);
    let to: Vec<_> = message.to().into_iter().map(|a| a.address).collect();
    assert_eq!(to, ["\"b o b\"@example.org", "j@example.org", "r@example.org"]);
    assert_eq!(message.to()[2].name.as_deref(), Some("René"));
    assert_eq!(message.to()[0].to_address().unwrap().as_str(), "\"b o b\"@example.org");
}

#[test]
fn rfc5322_addresses_are_read_as_they_stand() {
    let table: &[(&str, &[(&str, &str)])] = &[
        ("ada@example.com", &[("", "ada@example.com")]),
        ("<ada@example.com>", &[("", "ada@example.com")]),
        ("Ada <ada@example.com>", &[("Ada", "ada@example.com")]),
        ("\"Lovelace, Ada\" <ada@example.com>", &[("Lovelace, Ada", "ada@example.com")]),
        ("\"a \\\"b\\\" c\" <ada@example.com>", &[("a \"b\" c", "ada@example.com")]),
        ("ada@example.com (Ada (the first))", &[("Ada the first", "ada@example.com")]),
        ("Ada (comment) Lovelace <ada@example.com>", &[("Ada  Lovelace", "ada@example.com")]),
        ("a@x.org, b@x.org,, c@x.org", &[("", "a@x.org"), ("", "b@x.org"), ("", "c@x.org")]),
        ("undisclosed-recipients:;", &[]),
        ("Friends: a@x.org, B <b@x.org>;, c@x.org", &[("", "a@x.org"), ("B", "b@x.org"), ("", "c@x.org")]),
        ("<@a.org,@b.org:c@d.org>", &[("", "c@d.org")]),
        ("<\"a, b\"@x.org>", &[("", "\"a, b\"@x.org")]),
        ("< ada @ example.com >", &[("", "ada@example.com")]),
        ("MAILER-DAEMON (Mail Delivery Subsystem)", &[("Mail Delivery Subsystem", "MAILER-DAEMON")]),
        ("<>", &[("", "")]),
        ("\"=?utf-8?Q?Ren=C3=A9?=\" <r@x.org>", &[("René", "r@x.org")]),
        ("Ada <ada@example.com", &[("Ada", "ada@example.com")]),
        ("\"Ada <ada@example.com>, b@x.org", &[("Ada", "ada@example.com"), ("", "b@x.org")]),
        ("bob@[192.0.2.1]", &[("", "bob@[192.0.2.1]")]),
        ("", &[]),
    ];
    for (text, expected) in table {
        let octets = format!("To: {text}\r\n\r\n");
        let read: Vec<_> = parse(&octets).to().into_iter().map(|a| (a.name.unwrap_or_default(), a.address)).collect();
        let expected: Vec<_> =
            expected.iter().map(|(name, address)| ((*name).to_owned(), (*address).to_owned())).collect();
        assert_eq!(read, expected, "{text}");
    }
}

#[test]
fn bodies_are_decoded_when_asked() {
    type Row = (&'static str, &'static [u8], TransferEncoding, &'static [u8], &'static str);
    let table: [Row; 6] = [
        (
            "text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable",
            b"=FC",
            TransferEncoding::QuotedPrintable,
            b"\xfc",
            "ü",
        ),
        (
            "text/plain; charset=utf-8\r\nContent-Transfer-Encoding: BASE64",
            b"w7w=",
            TransferEncoding::Base64,
            "ü".as_bytes(),
            "ü",
        ),
        (
            "text/plain; charset=koi8-r\r\nContent-Transfer-Encoding: 8bit",
            b"\xd0",
            TransferEncoding::Identity,
            b"\xd0",
            "п",
        ),
        ("text/plain\r\nContent-Transfer-Encoding: x-unknown", b"a=FC", TransferEncoding::Unknown, b"a=FC", "a=FC"),
        ("text/plain; charset=nonsense", b"\xff", TransferEncoding::Identity, b"\xff", "\u{fffd}"),
        ("text/plain; charset=\"iso-2022-jp\"", b"\x1b$B%O\x1b(B", TransferEncoding::Identity, b"\x1b$B%O\x1b(B", "ハ"),
    ];
    for (kind, body, encoding, decoded, text) in table {
        let octets = [format!("Content-Type: {kind}\r\n\r\n").as_bytes(), body].concat();
        let message = read(&octets, &Limits::default()).unwrap();
        let part = message.root();
        assert_eq!(part.transfer_encoding(), encoding, "{kind}");
        assert_eq!(part.decoded(), decoded, "{kind}");
        assert_eq!(message.text().as_deref(), Some(text), "{kind}");
    }
}

#[test]
fn rfc2231_and_older_file_names() {
    for (field, name) in [
        ("attachment; filename=a.pdf", "a.pdf"),
        ("attachment; filename=\"a b.pdf\"", "a b.pdf"),
        ("attachment; filename*=utf-8''%C3%A4.pdf", "ä.pdf"),
        ("attachment; filename*0*=utf-8''%C3%A4; filename*1=\"b.pdf\"", "äb.pdf"),
        ("attachment; filename=\"=?utf-8?Q?=C3=A4.pdf?=\"", "ä.pdf"),
    ] {
        let text = format!("Content-Type: application/pdf\r\nContent-Disposition: {field}\r\n\r\nx");
        assert_eq!(parse(&text).root().filename().as_deref(), Some(name), "{field}");
    }
    let text = "Content-Type: application/pdf; name=old.pdf\r\n\r\nx";
    assert_eq!(parse(text).root().filename().as_deref(), Some("old.pdf"));
}

#[test]
fn what_violates_the_standards_is_noted_and_got_over() {
    let table: [(&str, &[DefectKind]); 8] = [
        ("From ada Thu Jan  1 00:00:00 1970\r\nSubject: x\r\n\r\nbody", &[DefectKind::StoreLine]),
        ("Subject: x\r\nno field\r\nTo: y\r\n\r\nbody", &[DefectKind::NotAField]),
        (" leading\r\nSubject: x\r\n\r\nbody", &[DefectKind::NotAField]),
        ("Subject: x", &[DefectKind::NoEmptyLine]),
        ("just a body", &[DefectKind::NoEmptyLine]),
        ("Content-Type: multipart/mixed\r\n\r\nbody", &[DefectKind::NoBoundary]),
        ("Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nx", &[DefectKind::NotClosed]),
        ("Content-Type: text/html\r\nContent-Type: text/plain\r\n\r\nx", &[DefectKind::Repeated]),
    ];
    for (text, expected) in table {
        assert_eq!(kinds(&parse(text)), expected, "{text:?}");
    }
    assert_eq!(parse("just a body").text().as_deref(), Some("just a body"));
    assert_eq!(parse("Subject: x\r\nno field\r\nTo: y\r\n\r\nbody").to()[0].address, "y");
    assert_eq!(parse("").text().as_deref(), Some(""));
    // A part without an empty line, as some systems write it, keeps its text.
    let text = "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nHello there\r\n--b--\r\n";
    assert_eq!(parse(text).text().as_deref(), Some("Hello there"));
}

#[test]
fn rfc2046_delimiters_are_whole_lines() {
    let text = "Content-Type: multipart/mixed; boundary=\"b c\"\r\n\r\n--b c \t\r\n\r\n--b cd\r\n --b c\r\nx--b c\r\n--b c-- \r\n--b c\r\nafter";
    let message = parse(text);
    assert_eq!(message.parts().count(), 2);
    assert_eq!(message.text().as_deref(), Some("--b cd\r\n --b c\r\nx--b c"));
}

/// The line end before a delimiter belongs to the delimiter, also where a header ends there.
#[test]
fn a_header_that_a_delimiter_ends_stays_within_its_part() {
    let text = "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nX-A: 1\r\n--b--\r\n";
    let message = parse(text);
    assert_eq!(kinds(&message), [DefectKind::NoEmptyLine]);
    let part = message.root().children().next().unwrap();
    assert_eq!((part.raw_header(), part.raw_body()), (&b"X-A: 1"[..], &b""[..]));
    assert_eq!(part.header("X-A").unwrap().raw(), b"X-A: 1");
    assert_eq!(part.at() + part.raw().len(), text.find("\r\n--b--").unwrap());
}

/// So too where the line end is that of the empty line behind an embedded header.
#[test]
fn an_embedded_header_that_a_delimiter_ends_stays_within_its_part() {
    let holder = "--b\r\nContent-Type: message/rfc822\r\n\r\n";
    let text =
        format!("Content-Type: multipart/mixed; boundary=b\r\n\r\n{holder}Subject: x\r\n\r\n--b\r\n\r\ny\r\n--b--\r\n");
    let message = parse(&text);
    let part = message.root().children().next().unwrap();
    let embedded = part.embedded().unwrap();
    assert_eq!((part.raw_body(), embedded.raw()), (&b"Subject: x\r\n"[..], &b"Subject: x\r\n"[..]));
    assert_eq!((embedded.subject().as_deref(), embedded.raw_body()), (Some("x"), &b""[..]));
}

#[test]
fn rfc2046_parts_of_a_digest_are_messages() {
    let text = "Content-Type: multipart/digest; boundary=b\r\n\r\n--b\r\n\r\nSubject: one\r\n\r\n1\r\n--b\r\n\r\nSubject: two\r\n\r\n2\r\n--b--\r\n";
    let message = parse(text);
    let subjects: Vec<_> = message.parts().filter_map(|part| part.embedded()).filter_map(|m| m.subject()).collect();
    assert_eq!(subjects, ["one", "two"]);
}

/// The limit, and where reading stopped: it goes no further.
fn refusal(octets: &[u8]) -> (Limit, usize) {
    let error = read(octets, &Limits::default()).unwrap_err();
    (error.limit(), error.at())
}

#[test]
fn hostile_messages_are_refused_where_they_pass_a_limit() {
    let nested = "Content-Type: message/rfc822\r\n\r\n".repeat(50_000);
    assert_eq!(refusal(nested.as_bytes()), (Limit::Depth(32), 33 * 32));
    let mut multiparts = String::new();
    for i in 0..50_000 {
        multiparts.push_str(&format!("Content-Type: multipart/mixed; boundary=b{i:05}\r\n\r\n--b{i:05}\r\n"));
    }
    assert_eq!(refusal(multiparts.as_bytes()), (Limit::Depth(32), 33 * (50 + 10)));
    let part = "--b\r\n\r\nx\r\n";
    let parts = format!("Content-Type: multipart/mixed; boundary=b\r\n\r\n{}", part.repeat(100_000));
    assert_eq!(refusal(parts.as_bytes()), (Limit::Parts(1000), 45 + 999 * part.len() + 5));
    let mebibyte = 1024 * 1024;
    let header = format!("Subject: {}\r\n\r\n", "x".repeat(10 * mebibyte));
    assert_eq!(refusal(header.as_bytes()), (Limit::Header(mebibyte), mebibyte));
    let folded = format!("Subject: x\r\n{}\r\n", " y\r\n".repeat(mebibyte));
    assert_eq!(refusal(folded.as_bytes()), (Limit::Header(mebibyte), mebibyte));
    assert_eq!(refusal("A: b\r\n".repeat(100_000).as_bytes()), (Limit::Fields(1000), 6000));
    assert_eq!(refusal(&vec![b'\n'; 65 * mebibyte]), (Limit::Size(64 * mebibyte), 64 * mebibyte));
    let error = read(nested.as_bytes(), &Limits::default()).unwrap_err();
    assert_eq!(error.to_string(), "message: parts more than 32 deep at byte 1056");
}

/// Fields whose decoding could cost more than their length allows: each ends, at a megabyte.
#[test]
fn hostile_fields_are_decoded() {
    let fields = [
        "=?utf-8?Q?".repeat(100_000),
        "=?".repeat(400_000),
        "(".repeat(900_000),
        "\"".repeat(900_001),
        "<".repeat(900_000),
        "a@b,".repeat(200_000),
        "<a@b> ".repeat(150_000),
        (0..80_000).map(|i| format!("p{i}*1=x; ")).collect(),
        "\\\"".repeat(400_000),
        ":;".repeat(400_000),
    ];
    for value in fields {
        for name in ["Subject", "To", "Content-Type", "Content-Disposition", "Message-ID", "Date"] {
            let octets = format!("{name}: {value}\r\n\r\n");
            let message = read(octets.as_bytes(), &Limits::default()).unwrap();
            let header = message.headers().next().unwrap();
            let _ = (header.text(), header.addresses(), header.message_ids(), header.date(), header.media_type());
        }
    }
}

/// Lines that messages are made of, in any order.
fn noise() -> impl Strategy<Value = Vec<u8>> {
    let line = prop_oneof![
        proptest::sample::select(vec![
            "",
            "--a",
            "--a--",
            "--b",
            "--b--",
            "Content-Type: multipart/mixed; boundary=a",
            "Content-Type: multipart/digest; boundary=\"b\"",
            "Content-Type: message/rfc822",
            "Content-Type: text/html",
            "Content-Transfer-Encoding: base64",
            "Content-Transfer-Encoding: quoted-printable",
            " folded",
            "no field",
            "From x",
            "=C3=A4=",
            "Subject: =?utf-8?Q?=C3=A4?=",
            "Content-Disposition: attachment; filename*0*=utf-8''%C3%A4",
        ])
        .prop_map(|line| line.as_bytes().to_vec()),
        proptest::collection::vec(any::<u8>(), 0..40),
    ];
    let end = proptest::sample::select(vec!["\r\n", "\n", "\r", ""]);
    proptest::collection::vec((line, end), 0..60)
        .prop_map(|lines| lines.into_iter().flat_map(|(line, end)| [line, end.as_bytes().to_vec()].concat()).collect())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn whatever_the_octets_are_there_is_a_message_in_them(octets in noise()) {
        let mut limits = Limits::default();
        limits.depth = 4;
        let Ok(message) = read(&octets, &limits) else { return Ok(()) };
        let mut last = 0;
        for part in message.parts() {
            prop_assert!(part.at() >= last, "in the order of the message");
            last = part.at();
            prop_assert!(part.at() <= part.body_at() && part.body_at() + part.raw_body().len() <= octets.len());
            prop_assert_eq!(part.raw_header(), &octets[part.at()..part.at() + part.raw_header().len()]);
            prop_assert!(part.depth() <= 4);
            if let Some(parent) = part.parent() {
                let end = parent.body_at() + parent.raw_body().len();
                prop_assert!(part.at() >= parent.body_at() && part.body_at() + part.raw_body().len() <= end);
                prop_assert_eq!(part.depth(), parent.depth() + 1);
            }
            let _ = (part.decoded(), part.body_text(), part.filename(), part.embedded(), part.content_id());
            for header in part.headers() {
                prop_assert!(header.raw().starts_with(header.name().as_bytes()));
                for text in [header.text(), header.unfolded()] {
                    prop_assert!(!text.contains(['\r', '\n']), "one line: {text:?}");
                }
                let _ = (header.addresses(), header.message_ids(), header.date(), header.media_type());
            }
        }
        let _ = (message.text(), message.html(), message.attachments().count());
    }

    #[test]
    fn the_strict_check_never_panics_and_its_yes_is_canonical(octets in noise()) {
        if posthaste_message::check_strict(&octets).is_ok() {
            prop_assert!(posthaste_types::Content::from_canonical(octets).is_ok());
        }
    }
}
