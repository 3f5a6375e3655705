//! Return paths of Postfix and ezmlm, which prove nothing.

use posthaste_token::{PlainVerp, RewriteError};
use posthaste_types::Address;
use proptest::prelude::*;

fn address(text: &str) -> Address {
    text.parse().expect("an address")
}

/// The example of Postfix's VERP_README, and the same with the delimiters of ezmlm.
#[test]
fn postfix_vector() {
    let (owner, recipient) = (address("list@example.com"), address("user@example.org"));
    for (form, path) in [
        (PlainVerp::POSTFIX, "list+user=example.org@example.com"),
        (PlainVerp::EZMLM, "list-user=example.org@example.com"),
    ] {
        assert_eq!(form.compose(&owner, &recipient).unwrap().as_str(), path);
        assert_eq!(form.read(&owner, &address(path)), Some(recipient.clone()));
    }
}

#[test]
fn what_is_no_path_of_the_owner_names_nobody() {
    let owner = address("list@example.com");
    for text in [
        "list@example.com",
        "list+user@example.com",
        "list+user=-@example.com",
        "lists+a=b.org@example.com",
        "list+user=example.org@example.net",
        "list-user=example.org@example.com",
        "lést+a=b.org@example.com",
    ] {
        assert_eq!(PlainVerp::POSTFIX.read(&owner, &address(text)), None, "{text}");
    }
}

#[test]
fn what_does_not_fit_64_octets_is_told() {
    let recipient = address(&format!("{}@example.org", "a".repeat(47)));
    assert!(PlainVerp::POSTFIX.compose(&address("list@example.com"), &recipient).is_ok());
    let over = PlainVerp::POSTFIX.compose(&address("lists@example.com"), &recipient);
    assert!(matches!(over, Err(RewriteError::LocalPartTooLong { length: 65, .. })), "{over:?}");
}

proptest! {
    #[test]
    fn what_is_made_is_read(list in "[a-z+=-]{1,8}", user in "(\"[a-z =@]{1,9}\"|[a-zA-Z0-9=+-]{1,12})") {
        let (owner, recipient) = (address(&format!("{list}@example.com")), address(&format!("{user}@example.org")));
        let path = PlainVerp::POSTFIX.compose(&owner, &recipient).unwrap();
        prop_assert_eq!(PlainVerp::POSTFIX.read(&owner, &path), Some(recipient.clone()));
        let folded = address(&path.as_str().to_uppercase());
        let found = PlainVerp::POSTFIX.read(&owner, &folded).unwrap();
        prop_assert_eq!(found.normalized(), recipient.normalized());
    }
}
