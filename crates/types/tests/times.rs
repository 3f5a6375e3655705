//! Timestamps: RFC 3339, RFC 5322 §3.3.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::time::Duration;

use posthaste_types::{MailId, MessageId, Random, Tick, Timestamp};
use proptest::prelude::*;

#[test]
fn rfc3339_and_rfc5322() {
    for (secs, rfc3339, rfc5322) in [
        (0, "1970-01-01T00:00:00Z", "Thu, 01 Jan 1970 00:00:00 +0000"),
        (-1, "1969-12-31T23:59:59Z", "Wed, 31 Dec 1969 23:59:59 +0000"),
        (951_782_400, "2000-02-29T00:00:00Z", "Tue, 29 Feb 2000 00:00:00 +0000"),
        (951_868_800, "2000-03-01T00:00:00Z", "Wed, 01 Mar 2000 00:00:00 +0000"),
        (1_709_251_199, "2024-02-29T23:59:59Z", "Thu, 29 Feb 2024 23:59:59 +0000"),
        (4_107_542_400, "2100-03-01T00:00:00Z", "Mon, 01 Mar 2100 00:00:00 +0000"),
        (4_107_456_000, "2100-02-28T00:00:00Z", "Sun, 28 Feb 2100 00:00:00 +0000"),
        (1_796_000_000, "2026-11-30T00:53:20Z", "Mon, 30 Nov 2026 00:53:20 +0000"),
        (253_402_300_799, "9999-12-31T23:59:59Z", "Fri, 31 Dec 9999 23:59:59 +0000"),
        (-62_167_219_200, "0000-01-01T00:00:00Z", "Sat, 01 Jan 0000 00:00:00 +0000"),
    ] {
        let at = Timestamp::from_unix_secs(secs);
        assert_eq!(at.to_string(), rfc3339);
        assert_eq!(at.to_rfc5322(), rfc5322);
        assert_eq!(rfc3339.parse::<Timestamp>().unwrap(), at);
    }
    for (text, micros) in [
        ("1970-01-01T00:00:00.5Z", 500_000),
        ("1970-01-01t00:00:00.000001z", 1),
        ("1970-01-01 00:00:00.123456789Z", 123_456),
        ("1970-01-01T01:00:00+01:00", 0),
        ("1969-12-31T23:30:00-00:30", 0),
        ("1972-06-30T23:59:60Z", 78_796_800_000_000),
    ] {
        assert_eq!(text.parse::<Timestamp>().unwrap().as_unix_micros(), micros, "{text}");
    }
    for not in [
        "",
        "1970-01-01",
        "1970-01-01T00:00:00",
        "1970-13-01T00:00:00Z",
        "1970-00-01T00:00:00Z",
        "1970-01-32T00:00:00Z",
        "2023-02-29T00:00:00Z",
        "2100-02-29T00:00:00Z",
        "2024-04-31T00:00:00Z",
        "1970-01-01T24:00:00Z",
        "1970-01-01T00:60:00Z",
        "1970-01-01T00:00:61Z",
        "1970-01-01T00:00:00.Z",
        "1970-01-01T00:00:00.1234567890Z",
        "1970-01-01T00:00:00+0100",
        "1970-01-01T00:00:00+1:00",
        "1970-01-01T00:00:00ZZ",
        "197a-01-01T00:00:00Z",
        "1970-01-01T00:00:00+24:00",
        "1970-01-01T00:00:00+00:60",
        "1970-01-01T00:00:00+-1:00",
        "1970-01-01T00:00:00++1:00",
        "+970-01-01T00:00:00Z",
        "1970-01-01T00:00:00Z\n",
        "日本語日本語日",
    ] {
        assert!(not.parse::<Timestamp>().is_err(), "{not:?}");
    }
}

#[test]
fn time_saturates() {
    let end = Timestamp::from_unix_micros(i64::MAX);
    assert_eq!(end.to_string(), "9999-12-31T23:59:59.999999Z");
    assert_eq!(end.saturating_add(Duration::MAX), end);
    assert_eq!(Timestamp::from_unix_secs(i64::MIN).saturating_sub(Duration::MAX).to_string(), "0000-01-01T00:00:00Z");
    assert_eq!(Timestamp::from_unix_secs(1).since(Timestamp::from_unix_secs(2)), Duration::ZERO);
    let tick = Tick::from_start(Duration::MAX);
    assert_eq!(tick.saturating_add(Duration::from_secs(1)), tick);
    assert_eq!(tick + Duration::from_secs(1), tick);
    assert_eq!(Tick::default() + Duration::from_secs(1), Tick::from_start(Duration::from_secs(1)));
    assert_eq!(Tick::default().since(tick), Duration::ZERO);
}

#[derive(Debug)]
struct Fixed(u8);

impl Random for Fixed {
    fn fill(&self, buffer: &mut [u8]) {
        buffer.fill(self.0);
    }
}

#[test]
fn mail_ids_sort_by_time() {
    let id = |secs, random| MailId::new(Timestamp::from_unix_secs(secs), &Fixed(random));
    assert!(id(1, 0xff) < id(2, 0));
    assert!(id(1, 1).to_string() < id(1, 2).to_string());
    assert_eq!(MailId::from_bytes(id(7, 7).to_bytes()), id(7, 7));
    assert_eq!(id(7, 7).to_string().to_uppercase().parse::<MailId>().unwrap(), id(7, 7));
    assert_eq!(id(-5, 0).to_string(), "0".repeat(26), "before 1970 is 1970");
    for not in ["8zzzzzzzzzzzzzzzzzzzzzzzzz", "01", "0123456789abcdefghijklmnop", &"ä".repeat(13)] {
        assert!(MailId::parse(not).is_err(), "{not}");
    }
}

#[test]
fn message_ids_sort_by_time() {
    let domain = "a.example".parse().unwrap();
    let id = |secs, random| MessageId::new(Timestamp::from_unix_secs(secs), &Fixed(random), &domain);
    assert!(id(1, 0xff) < id(2, 0));
    assert_eq!(id(1, 0xab).as_str(), format!("0000000003e8{}@a.example", "ab".repeat(14)));
    assert_eq!(id(-5, 0).as_str(), format!("{}@a.example", "0".repeat(40)), "before 1970 is 1970");
    assert_eq!(id(1, 0xff).to_string().parse::<MessageId>().unwrap(), id(1, 0xff));
}

proptest! {
    #[test]
    fn what_is_printed_is_read_back(micros in any::<i64>()) {
        let at = Timestamp::from_unix_micros(micros);
        prop_assert_eq!(at.to_string().parse::<Timestamp>().unwrap(), at);
        prop_assert_eq!(at.to_rfc5322().len(), 31);
    }

    #[test]
    fn what_is_no_timestamp_is_refused_and_never_panics(text in "\\PC{0,40}", near in "[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]{0,10})?[Zz+-][0-9:]{0,6}") {
        let _ = text.parse::<Timestamp>();
        if let Ok(at) = near.parse::<Timestamp>() {
            prop_assert_eq!(at.to_string().parse::<Timestamp>().unwrap(), at);
        }
    }

    #[test]
    fn mail_ids_are_read_back(bytes in any::<[u8; 16]>()) {
        let id = MailId::from_bytes(bytes);
        prop_assert_eq!(id.to_string().parse::<MailId>().unwrap(), id);
        prop_assert_eq!(id.to_bytes(), bytes);
    }
}
