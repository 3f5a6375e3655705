//! Bad input: each is told with its field and its limit, and costs nothing that was accepted before.

#![cfg(all(feature = "dkim", feature = "engine", feature = "mx", feature = "sqlite"))]
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use posthaste::dkim::DkimErrorKind;
use posthaste::dns::{DnsErrorKind, MemoryZone};
use posthaste::message::{ComposeError, ComposeLimits, Limit, MessageBuilder, ProblemKind, RawError};
use posthaste::mx::{InwardAddresses, MxConfig};
use posthaste::queue::SpoolErrorKind;
use posthaste::sqlite::Settings as SpoolSettings;
use posthaste::{
    Address, Attachment, Cause, ContentErrorKind, Dkim, DnsFault, Envelope, Fate, Mailer, Message, Mx, OutcomeKind,
    Raw, SendErrorKind, Sqlite, Standing,
};
use posthaste_testkit::{TestReceiver, VirtualClock};

fn letter() -> MessageBuilder {
    Message::builder().from("ada@example.com").to("bob@example.org").subject("Your order").text("It is on its way.")
}

fn envelope() -> Envelope {
    let [from, to] = ["ada@example.com", "bob@example.org"].map(|text| text.parse::<Address>().unwrap());
    Envelope::new(from, [to]).unwrap()
}

/// Asserts that one field is named, and what is wrong with it.
fn assert_named(error: &ComposeError, field: &str, kind: &ProblemKind) {
    let found: Vec<_> = error.problems().iter().map(|problem| (problem.field(), problem.kind())).collect();
    assert_eq!(found, [(field, kind)], "{error}");
    assert!(!error.is_transient() && error.to_string().contains(field), "{error}");
}

#[test]
fn line_ends_nul_and_controls_are_told_with_their_field() {
    type Say = fn(MessageBuilder, &str) -> MessageBuilder;
    let places: [(&str, Say); 18] = [
        ("to[1]", |m, bad| m.to(format!("eve{bad}@example.org"))),
        ("to[1]", |m, bad| m.to(format!("Eve {bad} <eve@example.org>"))),
        ("cc[0]", |m, bad| m.cc(format!("eve@exam{bad}ple.org"))),
        ("bcc[0]", |m, bad| m.bcc(format!("\"e{bad}ve\"@example.org"))),
        ("reply_to[0]", |m, bad| m.reply_to(format!("eve@example.org{bad}x"))),
        ("sender", |m, bad| m.sender(format!("eve{bad}@example.org"))),
        ("header[0].name", |m, bad| m.header(&format!("X-A{bad}"), "x")),
        ("header[0].value", |m, bad| m.header("X-A", &format!("x{bad}Bcc: eve@example.org"))),
        ("message_id", |m, bad| m.message_id(format!("a{bad}@example.com"))),
        ("in_reply_to", |m, bad| m.in_reply_to(format!("a@example{bad}.com"))),
        ("references[0]", |m, bad| m.references(format!("a{bad}b@example.com"))),
        ("list_id", |m, bad| m.list_id(&format!("Weekly{bad} <weekly.example.com>"))),
        ("list_unsubscribe[0]", |m, bad| m.list_unsubscribe(&format!("https://example.com/{bad}"))),
        ("one_click", |m, bad| m.one_click(&format!("https://example.com/{bad}"))),
        ("feedback_id", |m, bad| m.feedback_id(&format!("a:b{bad}:c:sender"))),
        ("attachment[0].filename", |m, bad| m.attach(Attachment::new(format!("a{bad}.txt"), "text/plain", "x"))),
        ("attachment[0].content_type", |m, bad| m.attach(Attachment::new("a.txt", format!("text/plain{bad}"), "x"))),
        ("inline[0].content_id", |m, bad| {
            m.inline(format!("logo{bad}@example.com"), Attachment::new("a.png", "image/png", "x"))
        }),
    ];
    for (field, say) in places {
        for (bad, first) in [("\r\nX: y", '\r'), ("\ny", '\n'), ("\ry", '\r'), ("\0", '\0'), ("\x7f", '\x7f')] {
            let error = say(letter(), bad).build().unwrap_err();
            assert_named(&error, field, &ProblemKind::Forbidden(first));
        }
    }
    // Text has line ends of its own; a NUL is none.
    assert_named(&letter().html("<p>\0</p>").build().unwrap_err(), "html", &ProblemKind::Forbidden('\0'));
}

#[test]
fn what_is_too_much_is_told_with_its_limit() {
    let limits = ComposeLimits::default();
    let too_long = |limit| ProblemKind::TooLong { limit };
    let value = limits.header_value;
    let huge = "x".repeat(10 << 20);
    assert_named(&letter().header("X-Huge", &huge).build().unwrap_err(), "header[0].value", &too_long(value));
    let subject = Message::builder().from("ada@example.com").to("bob@example.org").subject(&huge);
    assert_named(&subject.build().unwrap_err(), "subject", &too_long(value));
    let many = (0..200).fold(letter(), |message, _| message.header("X-Large", &huge[..60_000]));
    assert_named(&many.build().unwrap_err(), "header", &too_long(limits.header));

    // A gigabyte of zeros, none of which is looked at.
    let file = Attachment::new("disk.img", "application/octet-stream", vec![0; 1 << 30]);
    let error = letter().attach(file).build().unwrap_err();
    assert!(error.problems().iter().any(|problem| problem.limit() == Some(limits.message)), "{error}");
    assert!(error.to_string().contains("26214400"), "{error}");

    let nobody = Message::builder().from("ada@example.com").text("x").build().unwrap_err();
    assert_named(&nobody, "recipients", &ProblemKind::Empty);
    let crowd = (0..50_000).fold(letter(), |message, number| message.bcc(format!("r{number}@example.org")));
    assert_named(&crowd.build().unwrap_err(), "recipients", &ProblemKind::TooMany { limit: 50_000 });
}

#[test]
fn octets_that_cannot_be_sent_are_told_with_their_place() {
    let raw = |octets: &[u8]| Raw::new(envelope(), octets).unwrap_err();
    let content = |error| match error {
        RawError::Content(error) => (error.kind(), error.at()),
        other => panic!("{other}"),
    };
    assert_eq!(content(raw(b"From: a@example.com\r\n\r\n\0\r\n")), (ContentErrorKind::Nul, 23));
    let long = format!("From: a@example.com\r\n\r\n{}\r\n", "x".repeat(999));
    assert_eq!(content(raw(long.as_bytes())).0, ContentErrorKind::LineTooLong);
    let header = format!("From: a@example.com\r\n{}\r\n", "X-Large: x\r\n".repeat(1 << 20));
    let RawError::Limit(error) = raw(header.as_bytes()) else { panic!("no limit") };
    assert!(matches!(error.limit(), Limit::Header(_) | Limit::Fields(_)), "{error}");
    assert!(Envelope::new("ada@example.com".parse::<Address>().unwrap(), Vec::<Address>::new()).is_err());
}

#[test]
fn a_key_that_cannot_be_read_is_told_with_its_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    std::fs::write(path("noise.pem"), [0xff; 64]).unwrap();
    std::fs::write(path("public.pem"), "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA\n-----END PUBLIC KEY-----\n")
        .unwrap();
    let refused = |path: &Path| Dkim::from_pem_file("example.com", "s1", path).unwrap_err();
    for (name, fits) in [
        ("missing.pem", (|kind| matches!(kind, DkimErrorKind::File)) as fn(&DkimErrorKind) -> bool),
        (".", |kind| matches!(kind, DkimErrorKind::File)),
        ("noise.pem", |kind| matches!(kind, DkimErrorKind::NoKey | DkimErrorKind::Malformed { .. })),
        ("public.pem", |kind| matches!(kind, DkimErrorKind::PublicKey)),
    ] {
        let error = refused(&path(name));
        assert!(fits(error.kind()), "{name}: {error}");
        assert!(error.to_string().contains(path(name).to_str().unwrap()), "{name}: {error}");
    }
}

#[tokio::test]
async fn a_dns_that_fails_bounces_nobody_and_bad_input_costs_nothing() {
    let receiver = TestReceiver::start().await;
    let (folder, clock) = (tempfile::tempdir().unwrap(), VirtualClock::new());
    let zone: MemoryZone = "example.org MX 10 mx.example.org\nmx.example.org A 127.0.0.1".parse().unwrap();
    let failing = "example.org".parse().unwrap();
    zone.fail(&failing, DnsErrorKind::ServFail);
    let path = folder.path().join("mail.db");
    let mut small = SpoolSettings::default();
    small.max_pages = 150;
    let start = async || {
        let mut config = MxConfig::new("mail.example.com".parse().unwrap());
        (config.port, config.inward) = (receiver.local_addr().port(), InwardAddresses::Allow);
        let clock = Arc::new(clock.clone());
        let builder = Mailer::builder().spool(Sqlite::open_with(&path, small.clone()).unwrap());
        let mx = Mx::new(Arc::new(zone.clone()), clock.clone(), config);
        builder.transport(mx).clock(clock).start().await.unwrap()
    };

    let mailer = start().await;
    let prepared = mailer.prepare(letter().build().unwrap()).await.unwrap();
    let octets = prepared.mail().content().to_vec();
    let receipt = mailer.send_prepared(prepared).await.unwrap();
    let standings = receipt.first_answers(Duration::MAX).await.unwrap();
    let Standing::Waiting(waiting) = &standings.iter().next().unwrap().standing else { panic!("{standings}") };
    let last = waiting.last.as_ref().unwrap();
    assert_eq!(last.kind(), OutcomeKind::Deferred, "{standings}");
    let Cause::Dns { fault, name, .. } = last.cause() else { panic!("{standings}") };
    assert_eq!((*fault, name), (DnsFault::Temporary, &failing), "{standings}");

    refuse_at_the_mailer(&mailer).await;
    for place in [folder.path(), &folder.path().join("nowhere/mail.db"), &path] {
        let error = Sqlite::open(place).unwrap_err();
        let kinds = [SpoolErrorKind::NotASpool, SpoolErrorKind::Io, SpoolErrorKind::InUse];
        assert!(kinds.contains(&error.kind()), "{error}");
        assert!(error.to_string().contains(place.file_name().unwrap().to_str().unwrap()), "{error}");
    }
    assert_eq!(mailer.stop().await.waiting, 1);

    let mailer = start().await;
    zone.heal(&failing);
    clock.advance(Duration::from_secs(10 * 60)).await;
    let receipt = mailer.receipt(receipt.id()).await.unwrap().unwrap();
    let settled = receipt.settled().await.unwrap();
    assert_eq!(settled.iter().next().unwrap().standing.fate(), Some(Fate::Delivered), "{settled}");
    mailer.stop().await;
    let arrived = receiver.received();
    assert_eq!(arrived.len(), 1);
    assert_eq!(arrived[0].octets, octets);
    receiver.stop().await;
}

/// What can be composed, and yet not accepted.
async fn refuse_at_the_mailer(mailer: &Mailer) {
    let mut limits = ComposeLimits::default();
    (limits.recipients, limits.message) = (100_000, 100 << 20);
    let crowd = (0..50_000)
        .fold(letter().limits(limits.clone()), |message, number| message.bcc(format!("r{number}@example.org")));
    let error = mailer.send(crowd.build().unwrap()).await.unwrap_err();
    assert_eq!(error.kind(), &SendErrorKind::TooManyRecipients { limit: 50_000 });
    assert_eq!(error.to_string(), "not accepted: recipients: 50001, the limit is 50000");

    let large = Attachment::new("disk.img", "application/octet-stream", vec![0; 20 << 20]);
    let error = mailer.send(letter().limits(limits).attach(large).build().unwrap()).await.unwrap_err();
    assert_eq!(error.kind(), &SendErrorKind::TooLarge { limit: 25 << 20 });
    assert!(error.to_string().starts_with("not accepted: content: "), "{error}");

    // The file may not grow so far: as on a disk that is full.
    let file = Attachment::new("disk.img", "application/octet-stream", vec![0; 2 << 20]);
    let error = mailer.send(letter().attach(file).build().unwrap()).await.unwrap_err();
    assert_eq!((error.kind(), error.is_transient()), (&SendErrorKind::Storage, true), "{error}");
    assert!(error.to_string().contains("mail.db"), "{error}");

    let error = mailer.send(letter().build().unwrap()).once("a\r\nb").await.unwrap_err();
    assert_eq!(error.kind(), &SendErrorKind::Invalid, "{error}");
    let error = mailer.send(letter().build().unwrap()).stream("nobody declared it").await.unwrap_err();
    assert!(matches!(error.kind(), SendErrorKind::Invalid | SendErrorKind::UnknownStream), "{error}");
}
