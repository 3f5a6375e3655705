//! A return path and a complaint token read back as what they were made of; one that reads as genuine is one that was made.

#![no_main]

use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use posthaste_token::{ComplaintTokens, KeyId, KeyRing, MasterSecret, ReturnPaths};
use posthaste_types::{Address, MailId, Timestamp};

/// Of what the path is made, and how it is changed then: a place, and what stands there instead.
type Input<'a> = ([u8; 16], u32, u16, u8, u8, &'a str);

fuzz_target!(|input: Input<'_>| {
    let (mail, recipient, day, at, cut, put) = input;
    let paths = paths();
    let accepted = Timestamp::from_unix_secs(i64::from(day) * DAY + DAY / 2);
    let mail = MailId::from_bytes(mail);
    let genuine = paths.address(mail, recipient, accepted);
    let read = paths.read(&genuine, accepted).expect("genuine").expect("ours");
    assert_eq!((read.mail, read.recipient), (mail, recipient));
    assert!(read.issued <= accepted && accepted.since(read.issued) < Duration::from_secs(86_400));

    let change = |mut text: String| {
        let from = usize::from(at).min(text.len());
        text.replace_range(from..(from + usize::from(cut)).min(text.len()), put);
        text
    };
    let complaints = ComplaintTokens::new(ring());
    let value = complaints.value(mail, recipient, accepted);
    assert_eq!(complaints.read(&value.to_uppercase(), accepted).expect("genuine"), read);
    for text in [change(value).as_str(), put, genuine.local_part().trim_start_matches("bounce+")] {
        if let Ok(read) = complaints.read(text, accepted) {
            let made = complaints.value(read.mail, read.recipient, read.issued);
            let bare: String = text.chars().filter(|c| !" \t\r\n<>".contains(*c)).collect();
            assert!(made.eq_ignore_ascii_case(&bare), "{text} was not made");
        }
    }
    let changed = change(genuine.to_string());
    for text in [changed.as_str(), put] {
        let Ok(address) = Address::parse(text) else { continue };
        if let Ok(Some(read)) = paths.read(&address, accepted) {
            let made = paths.address(read.mail, read.recipient, read.issued).to_string();
            assert!(made.eq_ignore_ascii_case(address.as_str()), "{address} was not made");
        }
    }
});

/// One key until the rotation, at the beginning of a day, and another one since.
fn ring() -> KeyRing {
    let mut ring = KeyRing::new(KeyId::new(1), MasterSecret::from_bytes([1; 32]));
    let rotated = Timestamp::from_unix_secs(20_000 * DAY);
    ring.rotate(KeyId::new(2), MasterSecret::from_bytes([2; 32]), rotated).expect("in order");
    ring
}

fn paths() -> ReturnPaths {
    ReturnPaths::new(ring(), "news.example.com".parse().expect("a domain"), "bounce").expect("short")
}

const DAY: i64 = 86_400;
