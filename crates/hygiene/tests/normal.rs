//! The form for comparing, beside the form for sending.

use posthaste_hygiene::{Category, check, mailboxes, normal_form};
use proptest::prelude::*;

#[test]
fn providers_rules() {
    for (address, form) in [
        ("Ada.L+x@GoogleMail.com", "adal@gmail.com"),
        ("ada.l@acme.de", "ada.l@acme.de"),
        ("Ada+x@acme.de", "ada+x@acme.de"),
        ("ada+x@me.com", "ada@icloud.com"),
        ("ada+x@hotmail.com", "ada@hotmail.com"),
        ("ada-x@yahoo.com", "ada-x@yahoo.com"),
        ("shop@ada.fastmail.com", "ada@fastmail.com"),
        ("+x@gmail.com", "+x@gmail.com"),
        ("\"ada\"@acme.de", "ada@acme.de"),
        ("\"a\\da l\"@acme.de", "\"ada l\"@acme.de"),
        ("Ada@Bücher.example", "ada@xn--bcher-kva.example"),
        ("(x)ada(y)@acme.de", "ada@acme.de"),
        ("e\u{301}@acme.de", "é@acme.de"),
    ] {
        assert_eq!(normal_form(address).as_ref().map(|form| form.as_str()), Some(form), "{address}");
    }
    for none in ["ada", "a..b@acme.de", "\"\\\r\"@acme.de", "ada@[x]"] {
        assert_eq!(normal_form(none), None, "{none:?}");
    }
}

fn address() -> impl Strategy<Value = String> {
    let local = prop_oneof!["[a-zA-Z0-9.+_-]{1,20}", "\"[ -~]{0,12}\"", "[a-zéßİΣάя.+]{1,8}", "\\PC{1,8}",];
    let domain = prop_oneof![
        Just("gmail.com".to_owned()),
        Just("x.fastmail.com".to_owned()),
        Just("hotmail.com".to_owned()),
        "[a-zA-Z0-9-]{1,10}\\.[a-z]{2,4}",
        "[a-zäß]{1,6}\\.example",
        Just("[192.0.2.1]".to_owned()),
    ];
    (local, domain).prop_map(|(local, domain)| format!("{local}@{domain}"))
}

proptest! {
    #[test]
    fn normal_form_is_idempotent(address in address()) {
        if let Some(form) = normal_form(&address) {
            prop_assert_eq!(normal_form(form.as_str()), Some(form));
        }
    }

    #[test]
    fn sending_form_is_what_was_given(address in address()) {
        let read = check(&address);
        if read.category() < Category::Cfws {
            prop_assert_eq!(read.address(), Some(&*address));
        }
        if let Some(sent) = read.address() {
            let again = check(sent);
            prop_assert_eq!(again.address(), Some(sent));
            prop_assert_eq!(normal_form(sent), normal_form(&address));
        }
    }

    #[test]
    fn comments_around_are_no_part(address in "[a-z]{1,9}@[a-z]{1,9}\\.example", comment in "[a-z ]{0,9}") {
        let around = format!("({comment}) {address} ({comment})");
        let read = check(&around);
        prop_assert_eq!(read.address(), Some(&*address));
        prop_assert_eq!(read.category(), Category::Cfws);
    }

    #[test]
    fn addresses_that_can_be_mailed_round_trip(address in address()) {
        if let Ok(sent) = check(&address).to_address() {
            let again = check(sent.as_str()).to_address();
            prop_assert_eq!(again.ok(), Some(sent));
        }
    }

    #[test]
    fn any_text_is_read(text in "\\PC{0,60}|[\\x00-\\x7f]{0,60}") {
        let read = check(&text);
        prop_assert!(read.local().len() + read.domain().len() <= text.len());
        let _ = normal_form(&text);
        for one in mailboxes(&text) {
            prop_assert_eq!(text.get(one.at..one.at + one.text.len()), Some(one.text));
        }
    }

    #[test]
    fn quoted_names_come_back(name in "[a-zA-Z,;:<>@.() ]{1,20}", address in "[a-z]{1,9}@[a-z]{1,9}\\.example") {
        let list = format!("\"{name}\" <{address}>");
        let read: Vec<_> = mailboxes(&list).collect();
        prop_assert_eq!(read.len(), 1);
        prop_assert_eq!(read[0].syntax.address(), Some(&*address));
        let words = name.split_whitespace().collect::<Vec<_>>().join(" ");
        prop_assert_eq!(read[0].name.as_deref().unwrap_or_default(), words);
    }
}
