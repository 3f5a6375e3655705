//! Replies and enhanced status codes: RFC 5321 §4.2, RFC 2034, RFC 3463.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use posthaste_types::{EnhancedStatus, Reply};
use proptest::prelude::*;

#[test]
fn rfc5321_replies_are_read_as_servers_write_them() {
    for (wire, code, lines, shown) in [
        (&b"250 ok\r\n"[..], 250, &["ok"][..], "250 ok"),
        (b"250 ok", 250, &["ok"], "250 ok"),
        (b"250 ok\n", 250, &["ok"], "250 ok"),
        (b"250\r\n", 250, &[""], "250"),
        (b"250 \r\n", 250, &[""], "250"),
        (b"250-a\r\n250-\r\n250 c\r\n", 250, &["a", "", "c"], "250 a c"),
        (b"550-5.1.1 no such\r\n550 5.1.1 user\r\n", 550, &["5.1.1 no such", "5.1.1 user"], "550 5.1.1 no such user"),
        (b"421 4.7.0 later\tplease \r\n", 421, &["4.7.0 later\tplease"], "421 4.7.0 later\tplease"),
        (b"550 caf\xc3\xa9 \xff\r\n", 550, &["café \u{fffd}"], "550 café \u{fffd}"),
        (b"550 bell\x07 and nul\0\r\n", 550, &["bell\u{fffd} and nul\u{fffd}"], "550 bell\u{fffd} and nul\u{fffd}"),
        (b"550 a\rb\r\n", 550, &["a\u{fffd}b"], "550 a\u{fffd}b"),
    ] {
        let reply = Reply::parse(wire).unwrap();
        assert_eq!(reply.code(), code);
        assert_eq!(reply.lines().collect::<Vec<_>>(), lines, "{wire:?}");
        assert_eq!(reply.to_string(), shown);
    }
}

#[test]
fn what_is_no_reply_is_told_with_its_place() {
    let many = "250-x\r\n".repeat(200);
    let long = format!("250 {}\r\n", "x".repeat(5000));
    for (wire, at) in [
        (&b""[..], 0),
        (b"25", 0),
        (b"hello\r\n", 0),
        (b"150 x\r\n", 0),
        (b"600 x\r\n", 0),
        (b"25a x\r\n", 0),
        (b"250_x\r\n", 3),
        (b"250-a\r\n", 7),
        (b"250-a\r\n550 b\r\n", 7),
        (b"250 a\r\n250 b\r\n", 7),
        (b"250-a\r\nb\r\n", 7),
        (many.as_bytes(), 128 * 7),
        (long.as_bytes(), 0),
    ] {
        assert_eq!(
            Reply::parse(wire).unwrap_err().at(),
            at,
            "{:?}",
            String::from_utf8_lossy(&wire[..wire.len().min(30)])
        );
    }
    for code in [0, 199, 600, 999] {
        assert!(Reply::new(code, "x").is_err());
    }
    assert!(Reply::new(250, "a\r\nb").is_err());
    assert!(Reply::from_lines(250, []).is_err());
    assert!(Reply::from_lines(250, vec!["x"; 129]).is_err());
}

/// What is not UTF-8 becomes longer in UTF-8; the reply must still be one that a store can read again.
#[test]
fn a_long_line_of_8_bit_text_is_read_back() {
    let mut wire = b"550 5.1.1 ".to_vec();
    wire.resize(Reply::MAX_LINE, 0xe4);
    let reply = Reply::parse(&wire).unwrap();
    assert!(reply.to_string().starts_with("550 5.1.1 \u{fffd}\u{fffd}"));
    assert_eq!(Reply::parse(reply.to_wire().as_bytes()), Ok(reply));
}

#[test]
fn rfc2034_the_class_fits_the_reply() {
    for (wire, status) in [
        (&b"250 2.1.5 ok"[..], Some("2.1.5")),
        (b"550 5.7.26 no", Some("5.7.26")),
        (b"421 5.7.0 as Gmail pairs them", Some("5.7.0")),
        (b"250 5.1.1 nonsense", None),
        (b"550 2.0.0 nonsense", None),
        (b"550 5.1 short", None),
        (b"550 5.1.1", Some("5.1.1")),
        (b"550 no such user", None),
    ] {
        assert_eq!(Reply::parse(wire).unwrap().enhanced().map(|s| s.to_string()).as_deref(), status);
    }
    assert_eq!(Reply::parse(b"550 5.1.1").unwrap().text(), "");
    assert_eq!(Reply::parse(b"550 5.1.10 x").unwrap().text(), "x");
}

#[test]
fn rfc3463_codes() {
    let status = EnhancedStatus::parse("5.7.26").unwrap();
    assert_eq!((status.class(), status.subject(), status.detail()), (5, 7, 26));
    for not in [
        "", "5", "5.7", "5.7.26.1", "3.1.1", "5.1000.1", "5.1.1000", "5..1", "5.1.x", " 5.1.1", "5.1.1 ", "+5.1.1",
        "55.1.1",
    ] {
        assert!(EnhancedStatus::parse(not).is_err(), "{not:?}");
    }
    assert_eq!(EnhancedStatus::new(3, 0, 0), None);
    assert_eq!(EnhancedStatus::new(5, 1000, 0), None);
}

proptest! {
    #[test]
    fn a_reply_is_read_back(code in 200_u16..600, lines in proptest::collection::vec("[ -~ä漢\t]{0,80}", 1..5)) {
        let reply = Reply::from_lines(code, lines.iter().map(String::as_str)).unwrap();
        prop_assert_eq!(Reply::parse(reply.to_wire().as_bytes()).unwrap(), reply);
    }
}
