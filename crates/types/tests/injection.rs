//! Whatever makes a value, it holds no line end, no NUL and no control that its grammar forbids; and what is printed
//! is read back as the same value.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::fmt::{Debug, Display};
use std::str::FromStr;

use posthaste_types::{
    Address, BounceClass, CampaignName, Content, DnsName, Domain, EnhancedStatus, EnvelopeId, HeaderField, HeaderName,
    HeaderValue, ListName, MailId, Mailbox, MessageId, NodeId, OnceKey, OriginalRecipient, ProviderId, Reply,
    ReversePath, StreamName, Tags, TenantName, Text,
};
use proptest::collection::vec;
use proptest::prelude::*;

/// Every control, and the Unicode line and paragraph separators.
fn is_forbidden(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')
}

fn is_forbidden_in_text(c: char) -> bool {
    is_forbidden(c) && c != '\t'
}

/// Texts that look like what the types read, with something foreign put in at any place.
fn hostile() -> impl Strategy<Value = String> {
    let seed = proptest::sample::select(vec![
        "",
        "a",
        "bob@example.org",
        "\"b o b\"@example.org",
        "Ada <ada@example.com>",
        "\"A, B\" <ada@example.com>",
        "<>",
        "<ada@example.com>",
        "bücher.example",
        "xn--bcher-kva.example",
        "_dmarc.example.com",
        "<1@example.com>",
        "rfc822;a@b",
        "X-Header",
        "X-Header: value",
        "X-Header: value\r\n folded\r\n",
        "550 5.1.1 no",
        "5.1.1",
        "weekly",
        "receipt/4711",
        "01jd0000000000000000000000",
        "key",
        "jörg@例え.example",
    ]);
    let foreign = prop_oneof![
        4 => Just(String::new()),
        4 => proptest::sample::select(vec![
            "\r", "\n", "\r\n", "\r\nBcc: eve@example.com", "\n\n", "\0", "\u{1}", "\t", "\u{b}", "\u{1b}", "\u{7f}", "\u{80}",
            "\u{85}", "\u{9f}", "\u{2028}", "\u{2029}", "\r\n ", "\r\n\t", "\r\n \r\n", "%0d%0a", "\\\r", "\"\n\"", " ",
            "\u{ad}", "\u{200b}", "\u{fe0f}", "．", "。", "@", "<", ">", ",",
        ]).prop_map(str::to_owned),
        2 => vec(any::<char>(), 0..4).prop_map(String::from_iter),
    ];
    (seed, foreign, any::<prop::sample::Index>()).prop_map(|(seed, foreign, place)| {
        let places: Vec<usize> = seed.char_indices().map(|(at, _)| at).chain([seed.len()]).collect();
        let (head, tail) = seed.split_at(*place.get(&places));
        format!("{head}{foreign}{tail}")
    })
}

/// All ways in from a text, and the way back out.
fn check<T>(text: &str, forbidden: fn(char) -> bool)
where
    T: FromStr + Display + Debug + PartialEq + for<'a> TryFrom<&'a str> + TryFrom<String> + Both,
    T::Err: Debug,
{
    let ways = [
        T::from_str(text).ok(),
        T::try_from(text).ok(),
        <T as TryFrom<String>>::try_from(text.to_owned()).ok(),
        T::through_serde(text),
    ];
    for value in &ways {
        assert_eq!(value, &ways[0], "every way in agrees: {text:?}");
    }
    let [Some(value), ..] = ways else { return };
    let shown = value.to_string();
    assert!(!shown.contains(forbidden), "{shown:?} from {text:?}");
    assert!(!format!("{value:?}").contains(forbidden), "Debug of {text:?}");
    assert_eq!(T::from_str(&shown).unwrap(), value, "{shown:?} is read back");
    value.serde_round_trip();
}

/// serde where the feature is on; the same as parsing where it is not.
trait Both: Sized {
    fn through_serde(text: &str) -> Option<Self>;
    fn serde_round_trip(&self);
}

#[cfg(feature = "serde")]
impl<T> Both for T
where
    T: serde::Serialize + serde::de::DeserializeOwned + PartialEq + Debug,
{
    fn through_serde(text: &str) -> Option<Self> {
        serde_json::from_value(serde_json::Value::String(text.to_owned())).ok()
    }

    fn serde_round_trip(&self) {
        let stored = serde_json::to_string(self).unwrap();
        assert_eq!(&serde_json::from_str::<T>(&stored).unwrap(), self);
    }
}

#[cfg(not(feature = "serde"))]
impl<T: FromStr> Both for T {
    fn through_serde(text: &str) -> Option<Self> {
        text.parse().ok()
    }

    fn serde_round_trip(&self) {}
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn no_value_holds_what_its_grammar_forbids(text in hostile()) {
        check::<Domain>(&text, is_forbidden);
        check::<DnsName>(&text, is_forbidden);
        check::<Address>(&text, is_forbidden);
        check::<Mailbox>(&text, is_forbidden);
        check::<ReversePath>(&text, is_forbidden);
        check::<MessageId>(&text, is_forbidden);
        check::<MailId>(&text, is_forbidden);
        check::<EnvelopeId>(&text, is_forbidden);
        check::<OriginalRecipient>(&text, is_forbidden);
        check::<HeaderName>(&text, is_forbidden);
        check::<HeaderValue>(&text, is_forbidden_in_text);
        check::<Text>(&text, is_forbidden);
        check::<EnhancedStatus>(&text, is_forbidden);
        check::<StreamName>(&text, is_forbidden);
        check::<ListName>(&text, is_forbidden);
        check::<TenantName>(&text, is_forbidden);
        check::<CampaignName>(&text, is_forbidden);
        check::<ProviderId>(&text, is_forbidden);
        check::<NodeId>(&text, is_forbidden);
        check::<OnceKey>(&text, is_forbidden);
        // Its line ends are folds: checked below.
        check::<HeaderField>(&text, |c| is_forbidden_in_text(c) && !matches!(c, '\r' | '\n'));
        let _ = text.parse::<BounceClass>();
    }

    #[test]
    fn no_constructor_goes_around_the_check(text in hostile()) {
        let domain: Domain = "example.org".parse().unwrap();
        if let Ok(address) = Address::new(&text, domain) {
            prop_assert!(!address.as_str().contains(is_forbidden));
            prop_assert_eq!(&address.to_string().parse::<Address>().unwrap(), &address);
            prop_assert!(!address.normalized().contains(is_forbidden));
        }
        if let Ok(mailbox) = Mailbox::new(&text, "a@example.org".parse().unwrap()) {
            prop_assert!(!mailbox.to_string().contains(is_forbidden));
            prop_assert_eq!(mailbox.to_string().parse::<Mailbox>().unwrap(), mailbox);
        }
        if let Ok(name) = DnsName::root().below(&text) {
            prop_assert!(!name.as_str().contains(is_forbidden));
        }
        prop_assert!(!Text::lossy(&text).as_str().contains(is_forbidden));
        let mut tags = Tags::new();
        if tags.insert(&text, &text).is_ok() {
            prop_assert!(tags.iter().all(|(key, value)| !key.contains(is_forbidden) && !value.contains(is_forbidden)));
        }
    }

    /// RFC 5322 §2.2.3: every inner line end is followed by white space and more, so it is one field.
    #[test]
    fn a_header_field_is_one_field(text in hostile()) {
        if let Ok(field) = HeaderField::parse(&text) {
            let line = field.as_str().strip_suffix("\r\n").unwrap();
            for (i, part) in line.split("\r\n").enumerate() {
                prop_assert!(i == 0 || (part.starts_with([' ', '\t']) && !part.trim().is_empty()), "{part:?}");
                prop_assert!(!part.contains(is_forbidden_in_text) && part.len() <= 998);
            }
            prop_assert!(HeaderName::parse(field.name()).is_ok());
            let body = Content::from_canonical(b"Subject: x\r\n\r\n".to_vec()).unwrap();
            let octets = body.with_headers(&[field]).to_vec();
            prop_assert!(Content::from_canonical(octets).is_ok());
        }
    }

    #[test]
    fn no_line_of_a_reply_holds_a_control(wire in vec(any::<u8>(), 0..60), code in 0_u16..700, text in hostile()) {
        let ways = [
            Reply::parse(&wire).ok(),
            Reply::parse(text.as_bytes()).ok(),
            Reply::parse(format!("{code} {text}").as_bytes()).ok(),
            Reply::parse(&[b"250-", wire.as_slice(), b"\r\n250 ok\r\n"].concat()).ok(),
            Reply::new(code, &text).ok(),
            Reply::from_lines(code, [text.as_str(), text.as_str()]).ok(),
        ];
        for reply in ways.into_iter().flatten() {
            for line in reply.lines() {
                prop_assert!(!line.contains(is_forbidden_in_text), "{line:?}");
            }
            prop_assert!(!reply.to_string().contains(is_forbidden_in_text));
            prop_assert!(!reply.text().contains(is_forbidden_in_text));
            prop_assert_eq!(Reply::parse(reply.to_wire().as_bytes()).unwrap().code(), reply.code());
            reply.serde_round_trip_lossy();
        }
    }
}

/// A reply loses white space at the end of its lines when stored: it is read as from a server.
trait Stored {
    fn serde_round_trip_lossy(&self);
}

impl Stored for Reply {
    #[cfg(feature = "serde")]
    fn serde_round_trip_lossy(&self) {
        let stored = serde_json::to_string(self).unwrap();
        let read: Reply = serde_json::from_str(&stored).unwrap();
        let trimmed = |reply: &Reply| -> Vec<String> { reply.lines().map(|line| line.trim_end().to_owned()).collect() };
        assert_eq!((read.code(), trimmed(&read)), (self.code(), trimmed(self)));
    }

    #[cfg(not(feature = "serde"))]
    fn serde_round_trip_lossy(&self) {}
}

#[test]
fn names_known_at_compile_time_are_checked_then() {
    const CODES: StreamName = StreamName::from_static("codes");
    assert_eq!(CODES.as_str(), "codes");
    for bad in ["", "a b", "a\n", "ä", "a/b"] {
        assert!(std::panic::catch_unwind(|| StreamName::from_static(bad)).is_err(), "{bad:?}");
    }
    assert!(OnceKey::parse("receipt/4711").is_ok());
    assert!(OnceKey::parse("issue-42/jürgen@bücher.example").is_ok());
    for control in ["a\u{85}b", "a\u{9f}b", "a\u{2028}b", "a\u{2029}", "a b"] {
        assert!(OnceKey::parse(control).is_err(), "{control:?}");
    }
    assert!(OnceKey::parse(&"x".repeat(257)).is_err());
}
