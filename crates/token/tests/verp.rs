//! Return paths: one for each recipient of each mail, the same on every attempt, never forged.

use std::time::Duration;

use posthaste_token::{KeyId, KeyRing, MasterSecret, PathError, Purpose, ReturnPaths, TokenError};
use posthaste_types::{Address, Domain, MailId, Timestamp};
use proptest::prelude::*;

const DAY: i64 = 86_400;
const DOMAIN: &str = "news.example.com";

fn ring() -> KeyRing {
    KeyRing::new(KeyId::new(1), MasterSecret::from_bytes([1; 32]))
}

fn paths() -> ReturnPaths {
    ReturnPaths::new(ring(), Domain::parse(DOMAIN).expect("a domain"), "bounce").expect("a short prefix")
}

fn at(secs: i64) -> Timestamp {
    Timestamp::from_unix_secs(secs)
}

fn mail() -> MailId {
    MailId::from_bytes([0x5a; 16])
}

#[test]
fn a_path_is_the_same_within_the_day_of_acceptance_and_after_a_rotation() {
    let day = 20_000 * DAY;
    let path = paths().address(mail(), 3, at(day));
    assert_eq!(paths().address(mail(), 3, at(day + DAY - 1)), path);
    assert_ne!(paths().address(mail(), 4, at(day)), path);
    assert_eq!(path.as_str(), "bounce+afnfuws2ljnfuws2ljnfuws2ljnaaaaaanhcbfy7ggt2dlzzxkew6@news.example.com");

    let mut ring = ring();
    ring.rotate(KeyId::new(2), MasterSecret::from_bytes([2; 32]), at(day + DAY)).unwrap();
    let rotated = ReturnPaths::new(ring, Domain::parse(DOMAIN).unwrap(), "bounce").unwrap();
    assert_eq!(rotated.address(mail(), 3, at(day)), path);
    assert!(rotated.read(&path, at(day + 2 * DAY)).unwrap().is_some());
}

#[test]
fn other_addresses_are_not_ours() {
    let genuine = paths().address(mail(), 0, at(0));
    let elsewhere = Address::new(genuine.local_part(), Domain::parse("example.org").unwrap()).unwrap();
    for text in ["ada@news.example.com", "bounce@news.example.com", "bounces+a@news.example.com", "bé@news.example.com"]
    {
        assert_eq!(paths().read(&Address::parse(text).unwrap(), at(0)), Ok(None), "{text}");
    }
    assert_eq!(paths().read(&elsewhere, at(0)), Ok(None));
}

#[test]
fn what_looks_like_a_path_and_is_none_is_an_error() {
    let ours = |token: &str| Address::parse(&format!("bounce+{token}@{DOMAIN}")).unwrap();
    assert_eq!(paths().read(&ours("abc"), at(0)), Err(TokenError::Malformed));
    assert_eq!(paths().read(&ours("spaß"), at(0)), Err(TokenError::Malformed));
    let sealed = ring().seal(Purpose::Bounce, &[0; 12], at(0)).unwrap();
    assert_eq!(sealed.as_str().len(), 53, "of a return path's length");
    assert_eq!(paths().read(&ours(sealed.as_str()), at(0)), Err(TokenError::Forged), "a token is no path");
    let unknown = paths().address(mail(), 0, at(0)).to_string().replace("bounce+a", "bounce+b");
    assert!(matches!(paths().read(&unknown.parse().unwrap(), at(0)), Err(TokenError::UnknownKey(_))));
}

#[test]
fn a_path_expires_after_whole_days() {
    let paths = paths().with_max_age(Duration::from_secs(10 * 86_400));
    let path = paths.address(mail(), 0, at(5 * DAY + 100));
    assert!(paths.read(&path, at(16 * DAY)).unwrap().is_some());
    assert!(matches!(paths.read(&path, at(16 * DAY + 1)), Err(TokenError::Expired { .. })));
}

#[test]
fn prefixes_and_domains_that_make_no_address_are_refused() {
    let domain = || Domain::parse(DOMAIN).unwrap();
    for prefix in ["", "a b", "Bounce", "é", "bounce+", "elevenchars", "a\r\nb"] {
        assert!(matches!(ReturnPaths::new(ring(), domain(), prefix), Err(PathError::Prefix { .. })), "{prefix}");
    }
    let label = "a".repeat(63);
    let long = Domain::parse(&format!("{label}.{label}.{label}.example")).unwrap();
    assert!(matches!(ReturnPaths::new(ring(), long, "bounce"), Err(PathError::Address(_))));
    let widest = ReturnPaths::new(ring(), domain(), "tencharact").unwrap();
    assert_eq!(widest.address(mail(), u32::MAX, at(0)).local_part().len(), 64);
}

proptest! {
    #[test]
    fn what_is_made_is_read(id in any::<[u8; 16]>(), recipient in any::<u32>(), day in 0_i64..65_535, late in 0_i64..30 * DAY) {
        let made = at(day * DAY + 7);
        let path = paths().address(MailId::from_bytes(id), recipient, made);
        for text in [path.to_string(), path.to_string().to_uppercase()] {
            let read = paths().read(&text.parse().unwrap(), at(day * DAY + late)).unwrap().unwrap();
            prop_assert_eq!(read.mail, MailId::from_bytes(id));
            prop_assert_eq!(read.recipient, recipient);
            prop_assert_eq!(read.issued, at(day * DAY));
        }
    }

    #[test]
    fn a_changed_bit_is_refused(place in 0_usize..53, to in "[a-z2-7]") {
        let path = paths().address(mail(), 1, at(0)).to_string();
        let place = "bounce+".len() + place;
        prop_assume!(path[place..=place] != to);
        let changed = format!("{}{to}{}", &path[..place], &path[place + 1..]);
        prop_assert!(paths().read(&changed.parse().unwrap(), at(0)).is_err());
    }

    #[test]
    fn no_local_part_panics(local in "[a-z+0-9é]{1,20}") {
        let address = Address::parse(&format!("bounce{local}@{DOMAIN}")).unwrap();
        prop_assert!(!matches!(paths().read(&address, at(0)), Ok(Some(_))));
    }
}
