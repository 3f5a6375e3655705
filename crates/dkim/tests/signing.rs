//! What a signature covers, and what it looks like.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::time::Duration;

use posthaste_dkim::{Canonicalization, Dkim, DkimErrorKind, Listing, SignedHeaders};
use posthaste_types::{Content, HeaderName, Timestamp};

use support::{AT, MESSAGE, both, content, ed25519, passes, rsa, signed};

/// What is signed once more than it stands there, unless told otherwise.
const OVERSIGNED: [&str; 14] = [
    "From",
    "To",
    "Cc",
    "Subject",
    "Date",
    "Message-ID",
    "Reply-To",
    "MIME-Version",
    "Content-Type",
    "Content-Transfer-Encoding",
    "In-Reply-To",
    "References",
    "List-Unsubscribe",
    "List-Unsubscribe-Post",
];

fn tag(field: &str, name: &str) -> Option<String> {
    let unfolded = field.split_once(':')?.1.replace("\r\n", "");
    let mut tags = unfolded.split(';').filter_map(|tag| tag.trim().split_once('='));
    tags.find(|(found, _)| *found == name).map(|(_, value)| value.replace(' ', ""))
}

fn fields(signer: &Dkim, text: &str) -> Vec<String> {
    signer.sign_content(&content(text), AT).unwrap().iter().map(|field| field.as_str().to_owned()).collect()
}

#[test]
fn each_key_makes_a_field_and_all_share_the_body_hash() {
    let fields = fields(&both(), MESSAGE);
    let [rsa, ed] = fields.as_slice() else { panic!("{fields:?}") };
    for (field, algorithm, selector) in [(rsa, "rsa-sha256", "rsa"), (ed, "ed25519-sha256", "ed")] {
        for (name, value) in [
            ("v", "1"),
            ("a", algorithm),
            ("c", "relaxed/relaxed"),
            ("d", "news.example.com"),
            ("s", selector),
            ("t", "1790000000"),
        ] {
            assert_eq!(tag(field, name).as_deref(), Some(value), "{name} of {field}");
        }
        assert_eq!(tag(field, "x"), None);
        assert_eq!(tag(field, "l"), None);
    }
    assert_eq!(tag(rsa, "bh"), tag(ed, "bh"));
    assert_eq!(tag(rsa, "h"), tag(ed, "h"));
}

#[test]
fn fields_are_folded_under_78_columns() {
    let long = format!("{}.example", ["a-long-label-of-a-domain-name-that-needs-room"; 4].join("."));
    let signer = Dkim::new(long.parse().unwrap()).key("s".parse().unwrap(), rsa());
    for field in fields(&both(), MESSAGE) {
        assert!(field.ends_with("\r\n"));
        for line in field.lines() {
            assert!(line.len() <= 78, "{} columns: {line}", line.len());
        }
    }
    let field = &fields(&signer, &format!("From: a@{long}\r\n\r\nhi\r\n"))[0];
    assert_eq!(
        field.lines().filter(|line| line.len() > 78).count(),
        1,
        "only the domain's line may be longer: {field}"
    );
}

#[test]
fn oversigning_is_the_default() {
    let h = tag(&fields(&both(), MESSAGE)[0], "h").unwrap();
    let names: Vec<&str> = h.split(':').collect();
    let count = |name: &str| names.iter().filter(|found| found.eq_ignore_ascii_case(name)).count();
    OVERSIGNED.iter().for_each(|name| assert_eq!(count(name), 2, "{name} in {h}"));
    let once = ["Sender", "List-Id", "List-Help", "Feedback-ID", "CFBL-Address", "CFBL-Feedback-ID"];
    once.iter().for_each(|name| assert_eq!(count(name), 1, "{name} in {h}"));
    assert_eq!(names.len(), 2 * OVERSIGNED.len() + once.len(), "{h}");
}

#[test]
fn absent_fields_are_oversigned_once_and_optional_ones_not_at_all() {
    let h = tag(&fields(&both(), "From: a@news.example.com\r\n\r\nhi\r\n")[0], "h").unwrap();
    assert_eq!(
        h,
        "From:From:To:Cc:Subject:Date:Message-ID:Reply-To:MIME-Version:Content-Type:\
         Content-Transfer-Encoding:In-Reply-To:References"
    );
}

#[test]
fn what_relays_change_is_never_signed() {
    let text = "Received: by a\r\nReturn-Path: <a@b.example>\r\nBcc: x@y.example\r\nAuthentication-Results: mx; none\r\n\
                DKIM-Signature: v=1\r\nFrom: a@news.example.com\r\n\r\nhi\r\n";
    let h = tag(&fields(&both(), text)[0], "h").unwrap().to_ascii_lowercase();
    for name in ["received", "return-path", "bcc", "authentication-results", "dkim-signature"] {
        assert!(!h.split(':').any(|found| found == name), "{name} in {h}");
        let error = SignedHeaders::default().with(HeaderName::parse(name).unwrap(), Listing::WhenPresent).unwrap_err();
        assert!(matches!(error.kind(), DkimErrorKind::Header { .. }), "{name}");
    }
}

#[test]
fn the_list_of_fields_can_be_changed_but_from_stays() {
    let name = |name| HeaderName::parse(name).unwrap();
    let headers = SignedHeaders::default()
        .with(name("X-Order"), Listing::OversignWhenPresent)
        .and_then(|headers| headers.with(name("subject"), Listing::WhenPresent))
        .and_then(|headers| headers.without(&name("cc")))
        .unwrap();
    let signer = both().headers(headers.clone());
    let h =
        tag(&fields(&signer, "X-Order: 1\r\nFrom: a@news.example.com\r\nSubject: x\r\n\r\nhi\r\n")[0], "h").unwrap();
    assert!(h.starts_with("From:From:To:Subject:Date:"), "{h}");
    assert!(h.ends_with(":X-Order:X-Order"), "{h}");
    assert!(headers.without(&name("from")).is_err());
}

/// Equal inputs, equal octets: also for RSA, whose PKCS #1 v1.5 padding has nothing random.
#[test]
fn time_is_the_argument_and_nothing_else_varies() {
    let later = Timestamp::from_unix_secs(1_800_000_000);
    let (a, b) = (both(), both());
    assert_eq!(fields(&a, MESSAGE), fields(&b, MESSAGE));
    let field = a.sign_content(&content(MESSAGE), later).unwrap()[0].as_str().to_owned();
    assert_eq!(tag(&field, "t").as_deref(), Some("1800000000"));
    let before = a.sign_content(&content(MESSAGE), Timestamp::from_unix_secs(-5)).unwrap()[0].as_str().to_owned();
    assert_eq!(tag(&before, "t").as_deref(), Some("0"));
}

#[test]
fn an_expiry_is_added_when_asked_for() {
    let signer = both().expire_after(Duration::from_secs(14 * 86_400));
    assert_eq!(tag(&fields(&signer, MESSAGE)[1], "x").as_deref(), Some("1791209600"));
}

#[test]
fn a_selector_has_one_key() {
    let signer = both().key("rsa".parse().unwrap(), ed25519());
    let fields = fields(&signer, MESSAGE);
    assert_eq!(fields.len(), 2);
    assert_eq!(tag(&fields[0], "a").as_deref(), Some("ed25519-sha256"));
}

/// A semicolon in a field's name would end `h=`, and begin a tag that nobody meant.
#[tokio::test]
async fn a_name_with_a_semicolon_is_not_signed() {
    let text = "List-x;d=evil.example: 1\r\nFrom: a@news.example.com\r\nList-Id: <x>\r\n\r\nhi\r\n";
    let field = &fields(&both(), text)[0];
    assert!(field.contains("List-Id") && !field.contains("evil"), "{field}");
    assert!(passes(&both(), &signed(&both(), &content(text))).await);
    let name = HeaderName::parse("X;d=evil.example").unwrap();
    let error = SignedHeaders::default().with(name, Listing::WhenPresent).unwrap_err();
    assert!(matches!(error.kind(), DkimErrorKind::Header { .. }));
}

#[tokio::test]
async fn whatever_is_signed_verifies_in_every_canonicalization() {
    use Canonicalization::{Relaxed, Simple};
    for (header, body) in [(Relaxed, Relaxed), (Relaxed, Simple), (Simple, Relaxed), (Simple, Simple)] {
        let signer = both().canonicalization(header, body);
        for text in [
            MESSAGE,
            "From: a@news.example.com\r\n",
            "From: a@news.example.com\r\n\r\n",
            "From: a@news.example.com\r\n\r\n \r\n",
        ] {
            assert!(passes(&signer, &signed(&signer, &content(text))).await, "{header}/{body}: {text}");
        }
    }
}

fn changed(content: &Content, change: impl FnOnce(&str) -> String) -> Content {
    self::content(&change(&String::from_utf8(content.to_vec()).unwrap()))
}

#[tokio::test]
async fn changing_a_signed_field_breaks_every_signature() {
    let signer = both();
    let mail = signed(&signer, &content(MESSAGE));
    assert!(passes(&signer, &mail).await);
    for line in MESSAGE.lines().take_while(|line| !line.is_empty()) {
        let (name, value) = line.split_once(": ").unwrap();
        let edited =
            changed(&mail, |text| text.replace(&format!("\r\n{line}\r\n"), &format!("\r\n{name}: x{value}\r\n")));
        assert_ne!(edited, mail);
        assert_eq!(passes(&signer, &edited).await, name == "X-Mailer", "changed {name}");
        let removed = changed(&mail, |text| text.replace(&format!("\r\n{line}\r\n"), "\r\n"));
        assert_eq!(passes(&signer, &removed).await, name == "X-Mailer", "removed {name}");
    }
    let edited = changed(&mail, |text| text.replace("on its way", "on its  way!"));
    assert!(!passes(&signer, &edited).await);
    let appended = changed(&mail, |text| format!("{text}more\r\n"));
    assert!(!passes(&signer, &appended).await);
}

#[tokio::test]
async fn adding_an_oversigned_field_breaks_every_signature() {
    let signer = both();
    let bare = "From: a@news.example.com\r\nList-Unsubscribe: <https://a.example/>\r\n\
                List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n\r\nhi\r\n";
    for text in [MESSAGE, bare] {
        let mail = signed(&signer, &content(text));
        for name in OVERSIGNED {
            let on_top = changed(&mail, |text| format!("{name}: added\r\n{text}"));
            assert!(!passes(&signer, &on_top).await, "{name} on top");
            let below = changed(&mail, |text| text.replacen("\r\n\r\n", &format!("\r\n{name}: added\r\n\r\n"), 1));
            assert!(!passes(&signer, &below).await, "{name} below");
        }
        for name in ["Received", "X-Spam-Status", "Return-Path", "Authentication-Results"] {
            let on_top = changed(&mail, |text| format!("{name}: added\r\n{text}"));
            assert!(passes(&signer, &on_top).await, "{name}");
        }
    }
}

/// RFC 6376 §2.8: a form feed is no white space. Found by the fuzz target `dkim_check`.
#[tokio::test]
async fn a_form_feed_is_text() {
    let signer = both();
    let mail = signed(&signer, &content(&MESSAGE.replace("Your order", "Your\u{c}order\u{c}")));
    assert!(passes(&signer, &mail).await);
    assert!(!passes(&signer, &changed(&mail, |text| text.replace("Your\u{c}order", "Your order"))).await);
}

#[tokio::test]
async fn relaxed_survives_what_relays_do() {
    let signer = both();
    let mail = signed(&signer, &content(MESSAGE));
    let refolded = changed(&mail, |text| {
        text.replace("Subject: Your order", "SUBJECT:\tYour\r\n\torder ").replace("on its way.", "on  its\tway. \t")
            + "\r\n\r\n"
    });
    assert!(passes(&signer, &refolded).await);
    let strict = both().canonicalization(Canonicalization::Simple, Canonicalization::Simple);
    let mail = signed(&strict, &content(MESSAGE));
    assert!(!passes(&strict, &changed(&mail, |text| text.replace("Subject: ", "Subject:  "))).await);
    assert!(!passes(&strict, &changed(&mail, |text| text.replace("on its", "on  its"))).await);
    assert!(passes(&strict, &changed(&mail, |text| format!("{text}\r\n\r\n"))).await);
}
