//! Bounce address tag validation (draft-levine-smtp-batv).

use std::time::Duration;

use posthaste_token::{
    Batv, KeyId, KeyRing, MasterSecret, Purpose, RewriteError, SharedKeys, SharedSecret, TokenError,
};
use posthaste_types::{Address, ReversePath, Timestamp};
use proptest::prelude::*;

const DAY: i64 = 86_400;
/// The day of the vectors, 2026-11-24 less or more; a tag of it expires on day 20788.
const TODAY: i64 = 20_781;

fn day(day: i64) -> Timestamp {
    Timestamp::from_unix_secs(day * DAY + 3600)
}

fn address(text: &str) -> Address {
    text.parse().expect("an address")
}

fn shared(id: u8, secret: &str) -> SharedKeys {
    SharedKeys::new(KeyId::new(id), SharedSecret::new(secret.as_bytes()).expect("a secret")).expect("one digit")
}

fn batv() -> Batv {
    Batv::new(shared(0, "secret"))
}

/// Made by Exim's `prvs`.
#[test]
fn exim_vectors() {
    for (id, secret, sender, tagged) in [
        (0, "secret", "user@example.com", "prvs=07882cfa8f=user@example.com"),
        (3, "s3cr3t", "bounce+42@mail.example.org", "prvs=3788fad924=bounce+42@mail.example.org"),
    ] {
        let batv = Batv::new(shared(id, secret));
        assert_eq!(batv.tag(&address(sender), day(TODAY)).unwrap().as_str(), tagged);
        assert_eq!(batv.check(&address(tagged), day(TODAY)).unwrap(), Some(address(sender)));
    }
}

#[test]
fn a_tag_is_the_same_within_the_day() {
    let tag = |secs| batv().tag(&address("user@example.com"), Timestamp::from_unix_secs(secs)).unwrap();
    assert_eq!(tag(TODAY * DAY), tag(TODAY * DAY + DAY - 1));
    assert_ne!(tag(TODAY * DAY), tag(TODAY * DAY + DAY));
}

#[test]
fn a_tag_counts_for_its_days_and_one_of_clocks() {
    let tagged = batv().tag(&address("user@example.com"), day(TODAY)).unwrap();
    for (on, counts) in [(-2, false), (-1, true), (0, true), (7, true), (8, false), (400, false), (990, false)] {
        let checked = batv().check(&tagged, day(TODAY + on));
        assert_eq!(checked.is_ok(), counts, "{on}: {checked:?}");
    }
    let late = batv().check(&tagged, day(TODAY + 8)).unwrap_err();
    assert!(matches!(late, TokenError::Expired { issued, .. } if issued == Timestamp::from_unix_secs(TODAY * DAY)));
}

#[test]
fn the_day_of_expiry_passes_the_thousand() {
    let batv = batv().with_lifetime(Duration::from_secs(30 * 86_400));
    let tagged = batv.tag(&address("user@example.com"), day(20_990)).unwrap();
    assert!(tagged.as_str().starts_with("prvs=0020"), "{tagged}");
    for (on, counts) in [(20_990, true), (21_020, true), (21_021, false)] {
        assert_eq!(batv.check(&tagged, day(on)).is_ok(), counts, "{on}");
    }
}

#[test]
fn in_the_case_of_others() {
    // Exim's HMAC of `0788Bounce@example.com` and ours of `0788bounce@example.com`.
    let (theirs, ours) = ("prvs=0788a59ca3=Bounce@example.com", "prvs=07881ab874=Bounce@example.com");
    for tagged in [theirs, ours] {
        assert_eq!(batv().check(&address(tagged), day(TODAY)).unwrap(), Some(address("Bounce@example.com")));
    }
    assert_eq!(batv().tag(&address("Bounce@example.com"), day(TODAY)).unwrap().as_str(), ours);
}

#[test]
fn what_has_no_tag_is_none_and_what_looks_like_one_is_an_error() {
    for none in [
        "user@example.com",
        "prvs@example.com",
        "prvs=@example.com",
        "prvs=07882cfa8f@example.com",
        "prvs=user=07882cfa8f@example.com",
        "btv1==07882cfa8f==user@example.com",
    ] {
        assert_eq!(batv().check(&address(none), day(TODAY)), Ok(None), "{none}");
    }
    for (text, expected) in [
        ("prvs=07882cfa8e=user@example.com", TokenError::Forged),
        ("prvs=07892cfa8f=user@example.com", TokenError::Forged),
        ("prvs=07882cfa8f=usep@example.com", TokenError::Forged),
        ("prvs=07882cfa8f=user@example.org", TokenError::Forged),
        ("prvs=17882cfa8f=user@example.com", TokenError::UnknownKey(KeyId::new(1))),
        ("prvs=0x882cfa8f=user@example.com", TokenError::Malformed),
        ("prvs=07ä82cfa8=user@example.com", TokenError::Malformed),
    ] {
        assert_eq!(batv().check(&address(text), day(TODAY)), Err(expected), "{text}");
    }
}

#[test]
fn tags_of_others_can_be_left_out() {
    let untagged = |text: &str| Batv::untagged(&address(text));
    assert_eq!(untagged("PRVS=1234abcdef=User@example.com"), Some(address("User@example.com")));
    assert_eq!(untagged("prvs=1234abcdeg=user@example.com"), None);
    assert_eq!(untagged("user@example.com"), None);
}

#[test]
fn local_parts_of_48_octets_fit() {
    let sender = |length| address(&format!("{}@example.com", "a".repeat(length)));
    let tagged = batv().tag(&sender(64 - Batv::OVERHEAD), day(TODAY)).unwrap();
    assert_eq!((Batv::OVERHEAD, tagged.local_part().len()), (16, 64));
    let over = batv().tag(&sender(49), day(TODAY));
    assert!(matches!(over, Err(RewriteError::LocalPartTooLong { length: 65, limit: 64, .. })), "{over:?}");
    let long = format!("{0}.{0}.{0}.example", "a".repeat(60));
    let over = batv().tag(&address(&format!("{}@{long}", "a".repeat(48))), day(TODAY));
    assert!(matches!(over, Err(RewriteError::Address(_))), "{over:?}");
}

#[test]
fn quoted_local_parts_stay_quoted() {
    for text in [
        r#""a b"@example.com"#,
        r#""a\"b\\"@example.com"#,
        r#""a@b"@example.com"#,
        r#"".a"@example.com"#,
        r#"""@example.com"#,
    ] {
        let tagged = batv().tag(&address(text), day(TODAY)).unwrap();
        assert_eq!(batv().check(&tagged, day(TODAY)).unwrap(), Some(address(text)), "{tagged}");
    }
}

#[test]
fn keys_rotate() {
    let mut keys = shared(0, "secret");
    keys.rotate(KeyId::new(1), SharedSecret::new(b"newer").unwrap(), day(TODAY)).unwrap();
    let rotated = Batv::new(keys.clone());
    let sender = address("user@example.com");
    let old = batv().tag(&sender, day(TODAY - 1)).unwrap();
    assert_eq!(rotated.tag(&sender, day(TODAY - 1)).unwrap(), old, "a queued mail keeps its path");
    assert!(rotated.tag(&sender, day(TODAY)).unwrap().as_str().starts_with("prvs=1788"));
    assert_eq!(rotated.check(&old, day(TODAY)), Ok(Some(sender)));
    keys.retire(KeyId::new(0)).unwrap();
    assert_eq!(Batv::new(keys).check(&old, day(TODAY)), Err(TokenError::UnknownKey(KeyId::new(0))));
}

#[test]
fn a_key_of_another_purpose_does_not_open() {
    let ring = KeyRing::new(KeyId::new(1), MasterSecret::from_bytes([1; 32]));
    let of = |purpose| Batv::new(SharedKeys::derive(&ring, purpose).unwrap());
    let tagged = of(Purpose::Batv).tag(&address("user@example.com"), day(TODAY)).unwrap();
    assert!(of(Purpose::Batv).check(&tagged, day(TODAY)).is_ok());
    for other in [Purpose::Srs, Purpose::Bounce, Purpose::Complaint, Purpose::Click] {
        assert_eq!(of(other).check(&tagged, day(TODAY)), Err(TokenError::Forged), "{other:?}");
    }
}

proptest! {
    #[test]
    fn what_is_tagged_opens_folded_and_in_brackets(
        local in "[a-zA-Z0-9+=._-]{1,24}", on in 0_i64..60_000, late in 0_i64..7,
    ) {
        let Ok(sender) = Address::parse(&format!("{local}@Example.com")) else { return Ok(()) };
        let tagged = batv().tag(&sender, day(on)).unwrap().to_string();
        prop_assert_eq!(batv().check(&address(&tagged), day(on + late)).unwrap(), Some(sender.clone()));
        for text in [format!("<{}>", tagged.to_uppercase()), format!("<{}>", tagged.to_lowercase())] {
            let path = ReversePath::parse(&text).unwrap();
            let found = batv().check(path.address().unwrap(), day(on + late)).unwrap().unwrap();
            prop_assert_eq!(found.normalized(), sender.normalized());
        }
    }

    #[test]
    fn a_changed_character_opens_nothing_else(place in 0_usize..64, to in "[a-zA-Z0-9=+@.-]") {
        let sender = address("bounce+42@example.com");
        let mut changed = batv().tag(&sender, day(TODAY)).unwrap().to_string();
        let place = place % changed.len();
        changed.replace_range(place..=place, &to);
        let Ok(changed) = changed.parse::<Address>() else { return Ok(()) };
        if let Ok(Some(found)) = batv().check(&changed, day(TODAY)) {
            prop_assert_eq!(found.normalized(), sender.normalized(), "only its case may have changed");
        }
    }

    #[test]
    fn no_local_part_panics(local in "(prvs=)?.{0,30}") {
        if let Ok(found) = Address::parse(&format!("{local}@example.com")) {
            prop_assert!(!matches!(batv().check(&found, day(TODAY)), Ok(Some(_))));
        }
    }
}
