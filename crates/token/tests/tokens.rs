//! Tokens: round trip, forgery, purpose, rotation, age.

use std::time::Duration;

use posthaste_token::{KeyId, KeyRing, MasterSecret, Purpose, RingError, SharedKeys, SharedSecret, Token, TokenError};
use posthaste_types::Timestamp;
use proptest::prelude::*;

const ALL: [Purpose; 8] = [
    Purpose::Batv,
    Purpose::Bounce,
    Purpose::Click,
    Purpose::Complaint,
    Purpose::Consent,
    Purpose::Open,
    Purpose::Srs,
    Purpose::Unsubscribe,
];
const WEEK: Duration = Duration::from_secs(7 * 86_400);

fn ring() -> KeyRing {
    KeyRing::new(KeyId::new(1), MasterSecret::from_bytes([1; 32]))
}

fn at(secs: i64) -> Timestamp {
    Timestamp::from_unix_secs(secs)
}

#[test]
fn a_token_of_one_purpose_never_opens_as_another() {
    for sealed in ALL {
        let token = ring().seal(sealed, b"digest", at(1000)).unwrap();
        for opened in ALL {
            let result = ring().open(opened, token.as_str(), at(1000), WEEK);
            assert_eq!(result.is_ok(), sealed == opened, "{sealed:?} as {opened:?}");
        }
    }
}

#[test]
fn the_format_is_fixed_for_links_that_live_for_years() {
    let token = ring().seal(Purpose::Unsubscribe, b"digest", at(1_795_513_304)).unwrap();
    assert_eq!(token.as_str(), "afvqkw6ymruwozltotmmlisj4e3maindnmlsr6p3qtga");
}

#[test]
fn age_counts_to_the_second() {
    let token = ring().seal(Purpose::Click, b"", at(1000)).unwrap();
    let open = |now| ring().open(Purpose::Click, token.as_str(), at(now), Duration::from_secs(60));
    assert!(open(1060).is_ok());
    assert!(matches!(open(1061), Err(TokenError::Expired { issued, .. }) if issued == at(1000)));
    assert!(open(0).is_ok(), "a clock that runs behind does not refuse");
}

#[test]
fn rotation_keeps_older_tokens_until_the_key_is_retired() {
    let mut ring = ring();
    let old = ring.seal(Purpose::Consent, b"a", at(1000)).unwrap();
    ring.rotate(KeyId::new(2), MasterSecret::from_bytes([2; 32]), at(2000)).unwrap();
    let new = ring.seal(Purpose::Consent, b"a", at(2000)).unwrap();
    let open = |ring: &KeyRing, token: &Token| ring.open(Purpose::Consent, token.as_str(), at(2000), WEEK);

    assert_eq!(open(&ring, &old).unwrap().key(), KeyId::new(1));
    assert_eq!(open(&ring, &new).unwrap().key(), KeyId::new(2));
    assert_eq!(ring.seal(Purpose::Consent, b"a", at(1000)).unwrap(), old, "what is dated before the rotation");

    assert_eq!(ring.retire(KeyId::new(2)), Err(RingError::Current(KeyId::new(2))));
    ring.retire(KeyId::new(1)).unwrap();
    assert_eq!(open(&ring, &old), Err(TokenError::UnknownKey(KeyId::new(1))));
    assert_eq!(ring.retire(KeyId::new(1)), Err(RingError::Unknown(KeyId::new(1))));
}

#[test]
fn a_ring_refuses_keys_that_would_confuse_it() {
    let mut ring = ring();
    let secret = || MasterSecret::from_bytes([3; 32]);
    assert_eq!(ring.rotate(KeyId::new(1), secret(), at(5)), Err(RingError::Duplicate(KeyId::new(1))));
    ring.rotate(KeyId::new(2), secret(), at(100)).unwrap();
    assert!(matches!(ring.rotate(KeyId::new(3), secret(), at(99)), Err(RingError::OutOfOrder { .. })));
    assert_eq!(ring.ids().collect::<Vec<_>>(), [KeyId::new(1), KeyId::new(2)]);
}

#[test]
fn shared_keys_have_ids_of_one_digit() {
    let secret = || SharedSecret::new(b"opensesame").unwrap();
    let ten = KeyId::new(10);
    assert_eq!(SharedKeys::new(ten, secret()).unwrap_err(), RingError::NotADigit(ten));
    let mut keys = SharedKeys::new(KeyId::new(9), secret()).unwrap();
    assert_eq!(keys.rotate(ten, secret(), at(5)), Err(RingError::NotADigit(ten)));
    assert_eq!(keys.rotate(KeyId::new(9), secret(), at(5)), Err(RingError::Duplicate(KeyId::new(9))));
    assert_eq!(keys.retire(KeyId::new(9)), Err(RingError::Current(KeyId::new(9))));
    let ring = KeyRing::new(ten, MasterSecret::from_bytes([1; 32]));
    assert_eq!(SharedKeys::derive(&ring, Purpose::Srs).unwrap_err(), RingError::NotADigit(ten));
    assert!(SharedSecret::new(b"").is_err());
}

#[test]
fn an_id_used_again_with_another_secret_forges_nothing() {
    let token = ring().seal(Purpose::Open, b"x", at(0)).unwrap();
    let other = KeyRing::new(KeyId::new(1), MasterSecret::from_bytes([2; 32]));
    assert_eq!(other.open(Purpose::Open, token.as_str(), at(0), WEEK), Err(TokenError::Forged));
}

#[test]
fn payloads_have_a_limit() {
    let fits = vec![7; Token::MAX_PAYLOAD];
    let token = ring().seal(Purpose::Open, &fits, at(0)).unwrap();
    assert!(token.as_str().len() <= Token::MAX_LEN);
    assert_eq!(ring().open(Purpose::Open, token.as_str(), at(0), WEEK).unwrap().payload(), fits);
    let over = vec![7; Token::MAX_PAYLOAD + 1];
    assert!(matches!(ring().seal(Purpose::Open, &over, at(0)), Err(TokenError::TooLong { limit: 512, .. })));
    let long = "a".repeat(Token::MAX_LEN + 1);
    assert!(matches!(ring().open(Purpose::Open, &long, at(0), WEEK), Err(TokenError::TooLong { .. })));
}

#[test]
fn secrets_do_not_print() {
    let secret = MasterSecret::from_bytes([0xab; 32]);
    assert_eq!(format!("{secret:?}"), "MasterSecret(***)");
    let shown = format!("{:?} {:?}", ring(), ring().seal(Purpose::Open, b"x", at(0)).unwrap());
    assert_eq!(shown, "[(KeyId(1), Timestamp(0))] Token(***)");
    let shared = SharedSecret::new(b"opensesame").unwrap();
    let shown = format!("{shared:?} {:?}", SharedKeys::new(KeyId::new(1), shared.clone()).unwrap());
    assert_eq!(shown, "SharedSecret(***) SharedKeys { keys: [(KeyId(1), Timestamp(0))] }");
}

#[test]
fn secrets_go_to_hex_and_back() {
    let secret = MasterSecret::from_bytes([0xab; 32]);
    assert_eq!(secret.expose_hex(), "ab".repeat(32));
    let read = MasterSecret::from_hex(&secret.expose_hex().to_uppercase()).unwrap();
    assert_eq!(read.expose_bytes(), secret.expose_bytes());
    for bad in ["", "ab", &"ab".repeat(31), &"ab".repeat(33), &"zz".repeat(32)] {
        assert!(MasterSecret::from_hex(bad).is_err(), "{bad}");
    }
}

proptest! {
    #[test]
    fn what_is_sealed_opens_whatever_hops_do_to_its_case(
        payload in proptest::collection::vec(any::<u8>(), 0..200), secs in 0_i64..4_000_000_000, upper in any::<u64>(),
    ) {
        let token = ring().seal(Purpose::Bounce, &payload, at(secs)).unwrap();
        let mixed: String = token.as_str().chars().enumerate()
            .map(|(i, c)| if upper >> (i % 64) & 1 == 1 { c.to_ascii_uppercase() } else { c }).collect();
        let opened = ring().open(Purpose::Bounce, &mixed, at(secs), WEEK).unwrap();
        prop_assert_eq!(opened.payload(), payload);
        prop_assert_eq!(opened.issued(), at(secs));
    }

    #[test]
    fn a_changed_character_is_refused(
        payload in proptest::collection::vec(any::<u8>(), 0..40), at_char in any::<prop::sample::Index>(), to in "[a-z2-7]",
    ) {
        let token = ring().seal(Purpose::Click, &payload, at(9)).unwrap();
        let mut changed: Vec<char> = token.as_str().chars().collect();
        let place = at_char.index(changed.len());
        let to = to.chars().next().unwrap();
        prop_assume!(changed[place] != to);
        changed[place] = to;
        let changed: String = changed.into_iter().collect();
        prop_assert!(ring().open(Purpose::Click, &changed, at(9), WEEK).is_err());
    }

    #[test]
    fn no_text_panics(text in ".{0,80}") {
        prop_assert!(ring().open(Purpose::Click, &text, at(9), WEEK).is_err());
    }
}
