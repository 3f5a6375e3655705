//! Composing: what stands in the octets, and what is refused.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use std::borrow::Cow;

use posthaste_message::{
    Attachment, AutoSubmitted, ComposeError, ComposeLimits, Limits, Message, MessageBuilder, ProblemKind, Stamp,
    check_strict, read,
};
use posthaste_types::{Address, BodyKind, Mailbox, MessageId, Timestamp};
use support::stamp;

fn plain() -> MessageBuilder {
    Message::builder().from("Ada <ada@news.example.com>").to("bob@example.org").subject("Your order").text("Hello.")
}

fn eml(message: &Message) -> String {
    String::from_utf8(message.to_eml(&stamp()).unwrap()).unwrap()
}

/// The field `name`, unfolded.
fn field(message: &Message, name: &str) -> Option<String> {
    let octets = message.to_eml(&stamp()).unwrap();
    let read = read(&octets, &Limits::default()).unwrap();
    read.header(name).map(|header| header.unfolded())
}

fn fields_of(error: &ComposeError) -> Vec<&str> {
    error.problems().iter().map(|problem| problem.field()).collect()
}

#[test]
fn a_plain_message_is_as_short_as_it_can_be() {
    let expected = "Date: Thu, 18 Nov 2026 11:06:40 +0000\r\n";
    let text = eml(&plain().build().unwrap());
    let date = text.lines().next().unwrap();
    assert!(date.starts_with("Date: ") && date.len() == expected.len() - 2, "{date}");
    let rest = text.split_once("\r\n").unwrap().1;
    assert_eq!(
        rest,
        "Message-ID: <4711@news.example.com>\r\nFrom: Ada <ada@news.example.com>\r\nTo: bob@example.org\r\n\
         Subject: Your order\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=us-ascii\r\n\
         Content-Transfer-Encoding: 7bit\r\n\r\nHello.\r\n"
    );
}

#[test]
fn setters_take_texts_and_values() {
    let address: Address = "bob@example.org".parse().unwrap();
    let mailbox: Mailbox = "Bob <bob@example.org>".parse().unwrap();
    let (text, id) = (mailbox.to_string(), MessageId::parse("2@example.com").unwrap());
    let message = Message::builder()
        .from("ada@example.com".to_owned())
        .to(&text)
        .to(Cow::Borrowed("bob@example.org"))
        .to(&address)
        .to(address)
        .to(&mailbox)
        .to(mailbox)
        .message_id(MessageId::parse("<1@example.com>").unwrap())
        .in_reply_to(&id)
        .references("<3@example.com>")
        .references("4@example.com".to_owned())
        .build()
        .unwrap();
    assert_eq!(message.to().len(), 6);
    assert_eq!(message.envelope(message.from().address().clone()).unwrap().to().len(), 1, "none twice");
    assert_eq!(field(&message, "References").as_deref(), Some("<3@example.com> <4@example.com>"));
    assert_eq!(field(&message, "In-Reply-To").as_deref(), Some("<2@example.com>"));
    assert_eq!(message.message_id().map(MessageId::as_str), Some("1@example.com"));
}

#[test]
fn equal_inputs_give_equal_octets() {
    let rich =
        || plain().html("<p>Hello</p>").attach(Attachment::new("a.bin", "application/octet-stream", vec![1, 2, 3]));
    let (one, two) = (rich().build().unwrap(), rich().build().unwrap());
    assert_eq!(eml(&one), eml(&two));
    assert_eq!(one.fingerprint(), two.fingerprint());
    // The fingerprint is of what the caller gave: a stamp does not change it, anything else does.
    let others = [
        rich().bcc("eve@example.org"),
        rich().cc("eve@example.org"),
        rich().header("X-A", "1"),
        rich().date(Timestamp::from_unix_secs(1)),
        rich().attach(Attachment::new("b.bin", "application/octet-stream", vec![1])),
        rich().auto_submitted(AutoSubmitted::Generated),
    ];
    for other in others {
        assert_ne!(other.build().unwrap().fingerprint(), one.fingerprint());
    }
    // Stable across processes and releases: a stored one is compared with a new one.
    let hex: String = plain().build().unwrap().fingerprint().iter().map(|b| format!("{b:02x}")).collect();
    assert_eq!(hex, include_str!("golden/fingerprint.txt").trim());
}

#[test]
fn given_date_and_message_id_win_over_the_stamp() {
    let message = plain().date(Timestamp::from_unix_secs(0)).message_id("own@example.com").build().unwrap();
    let text = eml(&message);
    assert!(text.starts_with("Date: Thu, 01 Jan 1970 00:00:00 +0000\r\nMessage-ID: <own@example.com>\r\n"), "{text}");
}

#[test]
fn rfc5322_bcc_is_never_written() {
    let message = plain().bcc("Secret <secret@example.net>").build().unwrap();
    assert!(!eml(&message).to_lowercase().contains("secret"));
    assert!(message.recipients().any(|to| to.as_str() == "secret@example.net"));
    assert!(message.preview().headers.iter().any(|(name, _)| name == "Bcc"));
    assert!(!format!("{message:?} {:?}", message.preview()).contains("example"));
}

#[test]
fn rfc8058_one_click_comes_first_and_with_its_post_field() {
    let message = plain()
        .list_unsubscribe("mailto:leave@news.example.com?subject=leave")
        .one_click("https://news.example.com/u/4711")
        .build()
        .unwrap();
    let expected = "<https://news.example.com/u/4711>, <mailto:leave@news.example.com?subject=leave>";
    assert_eq!(field(&message, "List-Unsubscribe").as_deref(), Some(expected));
    assert_eq!(field(&message, "List-Unsubscribe-Post").as_deref(), Some("List-Unsubscribe=One-Click"));
    for not in
        ["http://news.example.com/u", "mailto:a@example.com", "https://", "https://a b", "https://a/\r\nX: y", ""]
    {
        let error = plain().one_click(not).build().unwrap_err();
        assert_eq!(fields_of(&error), ["one_click"], "{not}");
    }
    for not in ["ftp://example.com/", "example.com", "mailto:nobody", "https://a/>,<https://b/", "https://ä.example/"]
    {
        let error = plain().list_unsubscribe(not).build().unwrap_err();
        assert_eq!(fields_of(&error), ["list_unsubscribe[0]"], "{not}");
    }
}

#[test]
fn rfc2919_list_id() {
    for (given, written) in [
        ("weekly.news.example.com", "<weekly.news.example.com>"),
        ("<weekly.news.example.com>", "<weekly.news.example.com>"),
        ("Weekly news <weekly.news.example.com>", "Weekly news <weekly.news.example.com>"),
        ("\"Weekly, news\" <weekly.news.example.com>", "\"Weekly, news\" <weekly.news.example.com>"),
        ("Wöchentlich <weekly.news.example.com>", "=?utf-8?Q?W=C3=B6chentlich?= <weekly.news.example.com>"),
    ] {
        let message = plain().list_id(given).build().unwrap();
        assert_eq!(field(&message, "List-Id").as_deref(), Some(written));
    }
    for not in ["", "weekly", "we ekly.example.com", "a..b", "News <weekly>", "wöchentlich.example.com"] {
        assert_eq!(fields_of(&plain().list_id(not).build().unwrap_err()), ["list_id"], "{not}");
    }
}

#[test]
fn feedback_id_and_auto_submitted() {
    let message = plain().feedback_id("issue42:customer7:weekly:news").auto_submitted(AutoSubmitted::Generated);
    let message = message.build().unwrap();
    assert_eq!(field(&message, "Feedback-ID").as_deref(), Some("issue42:customer7:weekly:news"));
    assert_eq!(field(&message, "Auto-Submitted").as_deref(), Some("auto-generated"));
    for not in ["a:b:c:", "", "a:b:c:d:e", "a b", "ä:b"] {
        assert_eq!(fields_of(&plain().feedback_id(not).build().unwrap_err()), ["feedback_id"], "{not}");
    }
}

#[test]
fn rfc2047_forbids_encoded_words_in_structured_fields() {
    let message = plain().header("X-Note", "grün").header("List-Help", "<https://example.com/help>").build().unwrap();
    assert_eq!(field(&message, "X-Note").as_deref(), Some("=?utf-8?Q?gr=C3=BCn?="));
    for name in ["List-Help", "Feedback-ID", "Precedence", "X-Priority", "Auto-Submitted", "CFBL-Address"] {
        let error = plain().header(name, "grün").build().unwrap_err();
        assert_eq!(fields_of(&error), ["header[0].value"]);
        assert_eq!(error.problems()[0].kind(), &ProblemKind::Forbidden('ü'));
        assert_eq!(error.problems()[0].at(), 2);
    }
}

#[test]
fn fields_with_a_setter_or_of_systems_are_refused_as_extra_fields() {
    for name in [
        "From",
        "to",
        "BCC",
        "Subject",
        "Date",
        "Message-ID",
        "MIME-Version",
        "Content-Type",
        "Content-Foo",
        "Received",
        "Return-Path",
        "DKIM-Signature",
        "ARC-Seal",
        "Resent-To",
        "Authentication-Results",
    ] {
        let error = plain().header(name, "x").build().unwrap_err();
        assert!(matches!(error.problems()[0].kind(), ProblemKind::Reserved(_)), "{name}");
    }
}

#[test]
fn what_may_stand_once_is_refused_twice() {
    let error = plain()
        .from("eve@example.com")
        .subject("again")
        .text("again")
        .message_id("1@a")
        .message_id("2@a")
        .build()
        .unwrap_err();
    assert_eq!(fields_of(&error), ["from", "subject", "text", "message_id"]);
    assert!(error.problems().iter().all(|problem| problem.kind() == &ProblemKind::Repeated));
    let error =
        plain().list_unsubscribe("mailto:a@b.example").header("List-Unsubscribe", "<mailto:a@b.example>").build();
    assert_eq!(fields_of(&error.unwrap_err()), ["List-Unsubscribe"]);
}

#[test]
fn everything_that_is_wrong_is_told_at_once() {
    let error = Message::builder()
        .from("ada@")
        .to("a@example.org, b@example.org")
        .cc("nobody")
        .subject("one\r\nBcc: eve@example.com")
        .header("Bad Name", "value")
        .header("X-Ok", "a\0b")
        .text("NUL \0")
        .attach(Attachment::new("a\nb.pdf", "application", b""))
        .inline("no-at-sign", Attachment::new("a.png", "image/png", b""))
        .build()
        .unwrap_err();
    assert_eq!(
        fields_of(&error),
        [
            "from",
            "to[0]",
            "cc[0]",
            "subject",
            "header[0].name",
            "header[1].value",
            "text",
            "attachment[0].filename",
            "attachment[0].content_type",
            "inline[0].content_id"
        ]
    );
    let subject = &error.problems()[3];
    assert_eq!((subject.kind(), subject.at()), (&ProblemKind::Forbidden('\r'), 3));
    assert!(error.to_string().contains("subject: character '\\r' (U+000D) is not allowed at byte 3"), "{error}");
    assert!(!error.to_string().contains("eve@"), "what was given is not repeated: {error}");
}

#[test]
fn what_was_refused_counts_in_the_places_of_what_follows() {
    let error = plain().to("bob@example.org").to("nobody").to("eve@example.org").to("carl@").build().unwrap_err();
    let told: Vec<_> = error.problems().iter().map(|problem| (problem.field(), problem.at())).collect();
    // `plain` has a recipient of its own.
    assert_eq!(told, [("to[2]", 6), ("to[4]", 5)]);
    assert!(error.to_string().ends_with("to[4]: something is missing at byte 5"), "{error}");
}

#[test]
fn no_setter_lets_a_line_end_or_a_control_through() {
    type Setter = fn(MessageBuilder, &str) -> MessageBuilder;
    let setters: [(&str, Setter); 21] = [
        ("from", |b, x| b.from(format!("A{x} <a@example.com>"))),
        ("sender", |b, x| b.sender(format!("a@exam{x}ple.com"))),
        ("to", |b, x| b.to(format!("a{x}@example.com"))),
        ("cc", |b, x| b.cc(format!("\"a{x}\"@example.com"))),
        ("bcc", |b, x| b.bcc(format!("<a@example.com{x}>"))),
        ("reply_to", |b, x| b.reply_to(format!("{x}a@example.com"))),
        ("subject", |b, x| b.subject(&format!("a{x}b"))),
        ("header name", |b, x| b.header(&format!("X-A{x}"), "v")),
        ("header value", |b, x| b.header("X-A", &format!("a{x}b"))),
        ("structured value", |b, x| b.header("List-Help", &format!("a{x}b"))),
        ("message_id", |b, x| b.message_id(format!("a{x}@b"))),
        ("in_reply_to", |b, x| b.in_reply_to(format!("a@b{x}>"))),
        ("references", |b, x| b.references(format!("<a{x}@b>"))),
        ("list_id", |b, x| b.list_id(&format!("a{x}.b"))),
        ("list_unsubscribe", |b, x| b.list_unsubscribe(&format!("https://a/{x}"))),
        ("one_click", |b, x| b.one_click(&format!("https://a/{x}"))),
        ("feedback_id", |b, x| b.feedback_id(&format!("a{x}:b"))),
        ("file name", |b, x| b.attach(Attachment::new(format!("a{x}.pdf"), "application/pdf", b"x"))),
        ("content type", |b, x| b.attach(Attachment::new("a.pdf", format!("application/{x}pdf"), b"x"))),
        ("parameter", |b, x| b.attach(Attachment::new("a.txt", format!("text/plain; charset=\"a{x}\""), b"x"))),
        ("content id", |b, x| b.html("x").inline(format!("a{x}@b"), Attachment::new("a.png", "image/png", b"x"))),
    ];
    let controls =
        ["\r", "\n", "\r\n", "\r\nBcc: eve@example.com", "\0", "\u{1}", "\u{1b}", "\u{7f}", "\u{85}", "\u{2028}"];
    for (name, setter) in setters {
        for control in controls {
            let base = Message::builder().text("x");
            let base = if name == "from" { base } else { base.from("ada@example.com") };
            let built = setter(base.to("bob@example.org"), control).build();
            assert!(built.is_err(), "{name} took {control:?}");
        }
    }
    let bodies: [Setter; 2] = [|b, x| b.text(x), |b, x| b.html(x)];
    for setter in bodies {
        let base = Message::builder().from("ada@example.com").to("bob@example.org");
        let error = setter(base, "ab\0c").build().unwrap_err();
        assert_eq!((error.problems()[0].kind(), error.problems()[0].at()), (&ProblemKind::Forbidden('\0'), 2));
    }
}

#[test]
fn no_recipient_and_no_author_are_problems() {
    assert_eq!(fields_of(&Message::builder().text("x").build().unwrap_err()), ["from", "recipients"]);
    assert!(Message::builder().from("a@example.com").bcc("b@example.com").build().is_ok());
}

#[test]
fn limits_are_errors_that_name_the_field_and_the_limit() {
    let mut many = plain();
    for i in 0..50_000 {
        many = many.bcc(format!("u{i}@example.org"));
    }
    let error = many.build().unwrap_err();
    assert_eq!((error.problems()[0].field(), error.problems()[0].limit()), ("recipients", Some(50_000)));

    let gigabyte = Attachment::new("backup.tar", "application/x-tar", vec![0; 1 << 30]);
    let error = plain().attach(gigabyte).build().unwrap_err();
    assert_eq!(fields_of(&error), ["attachment[0]", "message"]);
    assert_eq!(error.problems()[0].limit(), Some(25 * 1024 * 1024));
    assert_eq!(error.problems()[0].to_string(), "attachment[0]: longer than 26214400 octets");

    let huge = "x".repeat(10 * 1024 * 1024);
    let error = plain().header("X-Huge", &huge).build().unwrap_err();
    assert_eq!((error.problems()[0].field(), error.problems()[0].limit()), ("header[0].value", Some(64 * 1024)));
    let error = Message::builder().from("a@example.com").to("b@example.com").subject(&huge).build().unwrap_err();
    assert_eq!((error.problems()[0].field(), error.problems()[0].limit()), ("subject", Some(64 * 1024)));

    let mut many = plain();
    for i in 0..5000 {
        many = many.to(format!("user{i}@example.org"));
    }
    let error = many.build().unwrap_err();
    assert_eq!((error.problems()[0].field(), error.problems()[0].limit()), ("header", Some(96 * 1024)));

    let mut limits = ComposeLimits::default();
    limits.message = 1000;
    let error = plain().limits(limits.clone()).html("x".repeat(1001)).build().unwrap_err();
    assert_eq!(fields_of(&error), ["message"]);
    let nearly = plain().limits(limits.clone()).html("x".repeat(200)).build().unwrap();
    let long = Stamp::new(Timestamp::default(), MessageId::parse(&format!("{}@a", "x".repeat(900))).unwrap());
    assert_eq!(fields_of(&nearly.render(&long).unwrap_err()), ["message"]);
    limits.header_fields = 1;
    limits.attachments = 0;
    let error = plain()
        .limits(limits)
        .header("X-A", "1")
        .header("X-B", "2")
        .attach(Attachment::new("a", "text/plain", b"x"))
        .build()
        .unwrap_err();
    assert_eq!(fields_of(&error), ["header", "attachments"]);
}

#[test]
fn rfc6532_local_parts_stand_raw_in_the_header() {
    let message =
        Message::builder().from("Jörg <jörg@bücher.example>").to("用户@例え.example").text("x").build().unwrap();
    assert!(message.needs_smtputf8());
    let content = message.render(&stamp()).unwrap();
    assert_eq!(content.body_kind(), BodyKind::EightBit);
    let text = String::from_utf8(content.to_vec()).unwrap();
    assert!(text.contains("From: =?utf-8?Q?J=C3=B6rg?= <jörg@xn--bcher-kva.example>\r\n"), "{text}");
    assert_eq!(check_strict(text.as_bytes()), Ok(()));
    assert!(!plain().build().unwrap().needs_smtputf8());
}

#[test]
fn rfc2046_parts_nest_as_they_must() {
    let png = || Attachment::new("logo.png", "image/png", b"\x89PNG");
    let pdf = || Attachment::new("terms.pdf", "application/pdf", b"%PDF");
    let base = || Message::builder().from("a@example.com").to("b@example.com");
    let html = |b: MessageBuilder| b.html("<img src=\"cid:logo@example.com\">");
    let cases: [(MessageBuilder, &[&str]); 9] = [
        (base(), &["text/plain"]),
        (base().text("t"), &["text/plain"]),
        (html(base()), &["text/html"]),
        (html(base().text("t")), &["multipart/alternative", "text/plain", "text/html"]),
        (html(base()).inline("logo@example.com", png()), &["multipart/related", "text/html", "image/png"]),
        (base().attach(pdf()), &["multipart/mixed", "application/pdf"]),
        (base().text("t").attach(pdf()), &["multipart/mixed", "text/plain", "application/pdf"]),
        (
            html(base().text("t")).attach(pdf()),
            &["multipart/mixed", "multipart/alternative", "text/plain", "text/html", "application/pdf"],
        ),
        (
            html(base().text("t")).inline("logo@example.com", png()).attach(pdf()).attach(pdf()),
            &[
                "multipart/mixed",
                "multipart/alternative",
                "text/plain",
                "multipart/related",
                "text/html",
                "image/png",
                "application/pdf",
                "application/pdf",
            ],
        ),
    ];
    for (builder, expected) in cases {
        let octets = builder.build().unwrap().to_eml(&stamp()).unwrap();
        assert_eq!(check_strict(&octets), Ok(()), "{}", String::from_utf8_lossy(&octets));
        let read = read(&octets, &Limits::default()).unwrap();
        let kinds: Vec<String> =
            read.parts().map(|p| format!("{}/{}", p.content_type().kind(), p.content_type().subtype())).collect();
        assert_eq!(kinds, expected);
    }
    let error = base().text("t").inline("logo@example.com", png()).build().unwrap_err();
    assert_eq!(fields_of(&error), ["inline"]);
}

#[test]
fn rfc2046_an_attached_message_is_not_encoded() {
    let inner = plain().build().unwrap().to_eml(&stamp()).unwrap();
    let outer = plain().attach(Attachment::new("inner.eml", "message/rfc822", inner.clone())).build().unwrap();
    let octets = outer.to_eml(&stamp()).unwrap();
    assert_eq!(check_strict(&octets), Ok(()));
    let read = read(&octets, &Limits::default()).unwrap();
    let embedded = read.parts().find_map(|part| part.embedded()).unwrap();
    assert_eq!(embedded.raw(), inner);
    for not in [&b"a\0b"[..], &[b'x'; 2000]] {
        let error = plain().attach(Attachment::new("inner.eml", "message/rfc822", not)).build().unwrap_err();
        assert_eq!(error.problems().len(), 1);
    }
    let eight_bit = Attachment::new("inner.eml", "message/rfc822", EIGHT_BIT);
    let message = plain().attach(eight_bit).build().unwrap();
    let content = message.render(&stamp()).unwrap();
    assert_eq!(content.body_kind(), BodyKind::EightBit);
    assert_eq!(check_strict(&content.to_vec()), Ok(()));
    assert!(plain().attach(Attachment::new("x", "multipart/mixed; boundary=x", b"x")).build().is_err());
}

#[test]
fn an_attachment_for_many_is_encoded_once_and_shared() {
    let file = Attachment::new("terms.pdf", "application/pdf", vec![7; 100_000]);
    let contents: Vec<_> = ["a", "b"]
        .map(|name| plain().header("X-To", name).text_for(name).attach(file.clone()).build().unwrap())
        .iter()
        .map(|message| message.render(&stamp()).unwrap())
        .collect();
    let shared: Vec<_> =
        contents.iter().map(|content| content.segments().find(|s| s.len() > 100_000).unwrap()).collect();
    assert!(shared[0].is_same_memory(&shared[1]));
    // A whole body is shared likewise, whatever the header.
    let first = plain().html("<p>News</p>").build().unwrap();
    let second = Message::builder().from("ada@example.com").to("eve@example.org").body(first.body());
    let second = second.one_click("https://example.com/u/eve").build().unwrap();
    let (one, two) = (first.render(&stamp()).unwrap(), second.render(&stamp()).unwrap());
    assert!(one.segments().last().unwrap().is_same_memory(&two.segments().last().unwrap()));
    let error = plain().body(first.body()).build().unwrap_err();
    assert_eq!(fields_of(&error), ["body"]);
}

/// UTF-8 in header and body, and it says so.
const EIGHT_BIT: &str = "Subject: ä\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\
                         Content-Transfer-Encoding: 8bit\r\n\r\nä\r\n";

trait TextFor {
    fn text_for(self, name: &str) -> Self;
}

impl TextFor for MessageBuilder {
    /// Another text for each, beside the same file.
    fn text_for(self, name: &str) -> Self {
        self.html(format!("<p>Dear {name}</p>"))
    }
}

#[test]
fn rfc2045_bodies_take_the_cheapest_encoding_that_is_safe() {
    let encoding = |text: &str| {
        let message = Message::builder().from("a@example.com").to("b@example.com").text(text).build().unwrap();
        field(&message, "Content-Transfer-Encoding").unwrap()
    };
    let cases = [
        ("plain\n", "7bit"),
        ("grün\n", "quoted-printable"),
        ("trailing \n", "quoted-printable"),
        ("From here\n", "quoted-printable"),
        ("日本語の本文\n", "base64"),
        ("a control \u{1b}[0m\n", "base64"),
        ("a boundary --=_1\n", "quoted-printable"),
    ];
    for (text, expected) in cases {
        assert_eq!(encoding(text), expected, "{text:?}");
    }
    assert_eq!(encoding(&"x".repeat(78)), "7bit");
    assert_eq!(encoding(&"x".repeat(79)), "quoted-printable");
    let from =
        Message::builder().from("a@example.com").to("b@example.com").text("From here\nFrom there").build().unwrap();
    assert!(eml(&from).ends_with("\r\n\r\n=46rom here\r\n=46rom there\r\n"));
}

#[test]
fn example_output() {
    let message = Message::builder()
        .from("Ada Lovelace <ada@news.example.com>")
        .to("Bob <bob@example.org>")
        .cc("\"Müller, Jörg\" <joerg@example.net>")
        .reply_to("help@news.example.com")
        .subject("Ihre Bestellung: Bücher und Äpfel für 42 €, und noch einiges mehr, das nicht in eine Zeile passt")
        .text("Grüße aus Köln.\nAda\n")
        .html("<p>Grüße aus <b>Köln</b>.</p><img src=\"cid:logo@news.example.com\">\n")
        .inline("logo@news.example.com", Attachment::new("logo.png", "image/png", b"\x89PNG\r\n\x1a\n"))
        .attach(Attachment::new(
            "Rechnung Nr. 4711 für Müller & Söhne, fällig im März.pdf",
            "application/pdf",
            b"%PDF-1.7\n",
        ))
        .attach(Attachment::new("data.csv", "text/csv; charset=utf-8", "a,b\n1,2\n"))
        .list_id("Weekly news <weekly.news.example.com>")
        .list_unsubscribe("mailto:leave@news.example.com")
        .one_click("https://news.example.com/u/4711")
        .feedback_id("issue42:weekly:news")
        .auto_submitted(AutoSubmitted::Generated)
        .header("X-Campaign", "issue-42")
        .build()
        .unwrap();
    let octets = message.to_eml(&stamp()).unwrap();
    assert_eq!(check_strict(&octets), Ok(()));
    // The golden file has LF alone, so that tools leave it alone.
    let text = String::from_utf8(octets).unwrap().replace("\r\n", "\n");
    assert_eq!(text, include_str!("golden/example.eml"), "{text}");
}
