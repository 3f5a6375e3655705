//! Addresses, mailboxes and paths: RFC 5321 §4.1.2, RFC 5322 §3.4, RFC 6531 §3.3.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use posthaste_types::{Address, Mailbox, ParseErrorKind, ReversePath};

#[test]
fn rfc5321_addresses() {
    for (given, held) in [
        ("bob@example.org", "bob@example.org"),
        ("Bob.Smith+tag@Example.ORG", "Bob.Smith+tag@example.org"),
        ("!#$%&'*+-/=?^_`{|}~@example.org", "!#$%&'*+-/=?^_`{|}~@example.org"),
        ("\"bob\"@example.org", "bob@example.org"),
        ("\"b.o.b\"@example.org", "b.o.b@example.org"),
        ("\"b o b\"@example.org", "\"b o b\"@example.org"),
        ("\"b@b\"@example.org", "\"b@b\"@example.org"),
        ("\"b..b\"@example.org", "\"b..b\"@example.org"),
        ("\".b\"@example.org", "\".b\"@example.org"),
        ("\"b\\\"\\\\\"@example.org", "\"b\\\"\\\\\"@example.org"),
        ("\"\\b\"@example.org", "b@example.org"),
        ("\"\"@example.org", "\"\"@example.org"),
        ("jörg@bücher.example", "jörg@xn--bcher-kva.example"),
        ("用户@例え.example", "用户@xn--r8jz45g.example"),
        ("a@b", "a@b"),
    ] {
        let address = Address::parse(given).unwrap();
        assert_eq!(address.as_str(), held);
        assert_eq!(format!("{}@{}", address.local_part(), address.domain()), held);
        assert_eq!(address.needs_smtputf8(), !held.is_ascii());
    }
}

#[test]
fn what_is_no_address_is_told_with_its_place() {
    for (given, at) in [
        ("", 0),
        ("bob", 3),
        ("@example.org", 0),
        ("bob@", 4),
        ("bob@example..org", 12),
        (".bob@example.org", 0),
        ("b..b@example.org", 1),
        ("b b@example.org", 1),
        ("bob@exa mple.org", 7),
        ("bob@-example.org", 4),
        ("bob@example.123", 12),
        ("bob@192.0.2.1", 12),
        ("bob@[192.0.2.1]", 4),
        ("bob@example.org, eve@example.org", 15),
        ("bob@a@example.org", 5),
        ("<bob@example.org>", 0),
        ("b b@exa mple.org", 1),
        ("\"bob@example.org", 16),
        ("\"bob\"x@example.org", 5),
        ("bob@example.org\r\nRCPT TO:<eve@example.org>", 15),
        ("bob@example_1.org", 11),
    ] {
        let error = Address::parse(given).unwrap_err();
        assert_eq!(error.at(), at, "{given}: {error}");
    }
    let long = format!("{}@example.org", "x".repeat(65));
    assert_eq!(Address::parse(&long).unwrap_err().kind(), &ParseErrorKind::TooLong { limit: 64 });
    assert!(Address::parse(&format!("{}@example.org", "x".repeat(64))).is_ok());
    let domain = format!("{}.example", vec!["d".repeat(60); 4].join("."));
    assert_eq!(Address::parse(&format!("local@{domain}")).unwrap_err().kind(), &ParseErrorKind::TooLong { limit: 254 });
    assert!(!Address::parse("secret@").unwrap_err().to_string().contains("secret"), "errors repeat no address");
}

#[test]
fn rfc5322_mailboxes() {
    for (given, name, address, shown) in [
        ("ada@example.com", None, "ada@example.com", "ada@example.com"),
        (" ada@example.com ", None, "ada@example.com", "ada@example.com"),
        ("<ada@example.com>", None, "ada@example.com", "ada@example.com"),
        ("Ada <ada@example.com>", Some("Ada"), "ada@example.com", "Ada <ada@example.com>"),
        ("Ada Lovelace<ada@example.com>", Some("Ada Lovelace"), "ada@example.com", "Ada Lovelace <ada@example.com>"),
        (
            "\"Lovelace, Ada\" <ada@example.com>",
            Some("Lovelace, Ada"),
            "ada@example.com",
            "\"Lovelace, Ada\" <ada@example.com>",
        ),
        ("\"a \\\"b\\\"\" <a@example.com>", Some("a \"b\""), "a@example.com", "\"a \\\"b\\\"\" <a@example.com>"),
        ("J. R. <j@example.com>", Some("J. R."), "j@example.com", "\"J. R.\" <j@example.com>"),
        ("Жуков <z@example.com>", Some("Жуков"), "z@example.com", "Жуков <z@example.com>"),
        ("\"x\" <\"a b\"@example.com>", Some("x"), "\"a b\"@example.com", "x <\"a b\"@example.com>"),
    ] {
        let mailbox = Mailbox::parse(given).unwrap();
        assert_eq!((mailbox.name(), mailbox.address().as_str()), (name, address), "{given}");
        assert_eq!(mailbox.to_string(), shown);
        assert_eq!(Mailbox::parse(shown).unwrap(), mailbox);
    }
    for not in [
        "a@x.org, b@x.org",
        "A <a@x.org>, B <b@x.org>",
        "A, B <a@x.org>",
        "a@x.org>",
        "<a@x.org",
        "Ada",
        "Group: a@x.org;",
        "\"open <a@x.org>",
        "\"a\" b <a@x.org>",
        "A <>",
        "a@y.org <a@x.org>",
        "A\n <a@x.org>",
    ] {
        assert!(Mailbox::parse(not).is_err(), "{not}");
    }
    assert_eq!(Mailbox::new("  ", "a@x.org".parse().unwrap()).unwrap().name(), None);
    assert!(Mailbox::new(&"x".repeat(901), "a@x.org".parse().unwrap()).is_err());
}

#[test]
fn rfc5321_paths() {
    assert_eq!(ReversePath::parse("<>").unwrap(), ReversePath::Null);
    assert_eq!(ReversePath::parse("").unwrap(), ReversePath::Null);
    assert_eq!(ReversePath::Null.to_string(), "<>");
    let path = ReversePath::parse("<ada@example.com>").unwrap();
    assert_eq!(path, ReversePath::parse("ada@example.com").unwrap());
    assert_eq!(path.to_string(), "<ada@example.com>");
    for not in ["<ada@example.com", "ada@example.com>", "<ada@example.com> SIZE=1", "<@a:b@c>", "< >"] {
        assert!(ReversePath::parse(not).is_err(), "{not}");
    }
}

/// The corpus of isemail: agreement on every address, but for what is refused by policy.
#[test]
fn isemail_agrees_but_for_policy() {
    let Some(folder) = std::env::var_os("POSTHASTE_CORPORA").map(std::path::PathBuf::from).filter(|f| f.is_dir())
    else {
        assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "POSTHASTE_CORPORA must name the corpora in CI");
        println!("skipped: POSTHASTE_CORPORA does not name a folder");
        return;
    };
    let lines = std::fs::read_to_string(folder.join("addresses/isemail/expected.jsonl")).unwrap();
    let (mut accepted, mut refused) = (0, 0);
    for line in lines.lines() {
        let row: serde_json::Value = serde_json::from_str(line).unwrap();
        let (address, diagnosis) = (row["address"].as_str().unwrap(), row["diagnosis"].as_str().unwrap());
        let expected = match (row["category"].as_str().unwrap(), diagnosis) {
            // Whether the domain exists is not a question of grammar; nor is whether it is a top-level one.
            ("ISEMAIL_VALID_CATEGORY" | "ISEMAIL_DNSWARN", _)
            | (_, "ISEMAIL_RFC5321_TLD" | "ISEMAIL_RFC5321_QUOTEDSTRING") => true,
            // The limit of 64 octets is for the local part as it is held: without needless quoted pairs.
            (_, "ISEMAIL_RFC5322_LOCAL_TOOLONG") => {
                address.rsplit_once('@').is_some_and(|(local, _)| local.replace('\\', "").len() <= 64)
            }
            // Policy: no address literals and no numeric top-level domain, no comments and no white space around,
            // no obsolete forms. Too long, or no domain by RFC 5321 §4.1.2: invalid.
            ("ISEMAIL_RFC5321" | "ISEMAIL_CFWS" | "ISEMAIL_DEPREC" | "ISEMAIL_RFC5322" | "ISEMAIL_ERR", _) => false,
            (category, _) => panic!("a category that this test does not know: {category}"),
        };
        assert_eq!(Address::parse(address).is_ok(), expected, "{address:?}: {diagnosis}");
        if expected { accepted += 1 } else { refused += 1 }
    }
    println!("{accepted} accepted, {refused} refused, as expected");
    assert!(accepted >= 20 && refused >= 100);
}
