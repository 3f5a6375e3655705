//! The field that survives redaction (RFC 6590): written, read, never forged.

use std::time::Duration;

use posthaste_token::{ComplaintTokens, KeyId, KeyRing, MasterSecret, Purpose, ReturnPaths, TokenError};
use posthaste_types::{Address, MailId, Timestamp};
use proptest::prelude::*;

const DAY: i64 = 86_400;

fn ring() -> KeyRing {
    KeyRing::new(KeyId::new(1), MasterSecret::from_bytes([1; 32]))
}

fn tokens() -> ComplaintTokens {
    ComplaintTokens::new(ring())
}

fn at(secs: i64) -> Timestamp {
    Timestamp::from_unix_secs(secs)
}

fn mail() -> MailId {
    MailId::from_bytes([0x5a; 16])
}

#[test]
fn the_field_is_fixed_and_fits_a_line() {
    let field = tokens().field(mail(), 3, at(20_000 * DAY));
    let text = field.as_str();
    assert_eq!(text, "Posthaste-Token: afnfuws2ljnfuws2ljnfuws2ljnaaaaaanhcazaxbgqlro724aydu\r\n");
    assert!(text.len() <= 78 + 2, "RFC 5322 §2.1.1");
    let value = text.split_once(": ").unwrap().1;
    let named = tokens().read(value, at(20_001 * DAY)).unwrap();
    assert_eq!((named.mail, named.recipient, named.issued), (mail(), 3, at(20_000 * DAY)));
}

/// RFC 6590 §2: whatever is the local part or the address of the recipient becomes a hash.
#[test]
fn rfc6590_redaction_leaves_it() {
    let field = tokens().field(mail(), 0, at(0));
    let message = format!("To: ada.lovelace@example.org\r\n{}Subject: hello ada.lovelace\r\n", field.as_str());
    let redacted =
        message.replace("ada.lovelace@example.org", "redacted@example.org").replace("ada.lovelace", "jYvWbrgm");
    let line = redacted.lines().find_map(|line| line.strip_prefix("Posthaste-Token:")).unwrap();
    assert_eq!(tokens().read(line, at(0)).unwrap().mail, mail());
}

#[test]
fn a_return_path_is_no_complaint_token_and_no_other_token_either() {
    let paths = ReturnPaths::new(ring(), "news.example.com".parse().unwrap(), "bounce").unwrap();
    let path = paths.address(mail(), 0, at(0));
    let token = path.local_part().strip_prefix("bounce+").unwrap();
    assert_eq!(tokens().read(token, at(0)), Err(TokenError::Forged));
    let value = tokens().value(mail(), 0, at(0));
    let path: Address = format!("bounce+{value}@news.example.com").parse().unwrap();
    assert_eq!(paths.read(&path, at(0)), Err(TokenError::Forged));
    for purpose in [Purpose::Complaint, Purpose::Bounce, Purpose::Batv] {
        // A token of the same length, sealed for the same purpose: the form keeps them apart.
        let sealed = ring().seal(purpose, &[0; 12], at(0)).unwrap();
        assert_eq!(tokens().read(sealed.as_str(), at(0)), Err(TokenError::Forged));
        assert!(ring().open(purpose, &value, at(0), Duration::MAX).is_err());
    }
}

#[test]
fn a_token_expires_after_whole_days() {
    let value = tokens().value(mail(), 0, at(5 * DAY + 100));
    let tokens = tokens().with_max_age(Duration::from_secs(10 * 86_400));
    assert!(tokens.read(&value, at(16 * DAY)).is_ok());
    assert!(matches!(tokens.read(&value, at(16 * DAY + 1)), Err(TokenError::Expired { .. })));
}

#[test]
fn keys_rotate() {
    let value = tokens().value(mail(), 0, at(DAY));
    let mut ring = ring();
    ring.rotate(KeyId::new(2), MasterSecret::from_bytes([2; 32]), at(2 * DAY)).unwrap();
    let rotated = ComplaintTokens::new(ring.clone());
    assert_eq!(rotated.value(mail(), 0, at(DAY)), value);
    assert_ne!(rotated.value(mail(), 0, at(2 * DAY)), tokens().value(mail(), 0, at(2 * DAY)));
    assert!(rotated.read(&value, at(3 * DAY)).is_ok());
    ring.retire(KeyId::new(1)).unwrap();
    assert_eq!(ComplaintTokens::new(ring).read(&value, at(3 * DAY)), Err(TokenError::UnknownKey(KeyId::new(1))));
}

#[test]
fn values_have_a_limit() {
    let long = " ".repeat(ComplaintTokens::MAX_VALUE + 1);
    assert!(matches!(tokens().read(&long, at(0)), Err(TokenError::TooLong { limit: 256, .. })));
    for none in ["", "<>", "redacted", "<", "é"] {
        assert_eq!(tokens().read(none, at(0)), Err(TokenError::Malformed), "{none}");
    }
}

proptest! {
    #[test]
    fn what_is_written_is_read_folded_and_in_brackets(
        id in any::<[u8; 16]>(), recipient in any::<u32>(), day in 0_i64..65_535, fold in 0_usize..53,
    ) {
        let made = at(day * DAY + 7);
        let value = tokens().value(MailId::from_bytes(id), recipient, made);
        let folded = format!("{}\r\n\t{}", &value[..fold], &value[fold..]);
        for text in [value.to_uppercase(), format!(" <{value}>\r\n"), folded] {
            let read = tokens().read(&text, made).unwrap();
            prop_assert_eq!((read.mail, read.recipient), (MailId::from_bytes(id), recipient));
        }
    }

    #[test]
    fn a_changed_character_is_refused(place in 0_usize..53, to in "[a-z2-7]") {
        let mut value = tokens().value(mail(), 1, at(0));
        prop_assume!(value[place..=place] != to);
        value.replace_range(place..=place, &to);
        prop_assert!(tokens().read(&value, at(0)).is_err());
    }

    #[test]
    fn no_value_panics(value in ".{0,80}") {
        prop_assert!(tokens().read(&value, at(0)).is_err());
    }
}
