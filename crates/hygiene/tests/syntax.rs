//! RFC 5321 §4.1.2, RFC 5322 §3.4 and RFC 6531 §3.3: one address.

use posthaste_hygiene::{Category, Form, MAX_INPUT, check};

#[test]
fn forms_are_told_apart() {
    for (address, worst) in [
        ("ada@example.org", None),
        ("ada+tag@sub.example.org", None),
        ("ada@example", Some(Form::SingleLabel)),
        ("ada@192.0.2.1", Some(Form::NumericTopLevel)),
        ("\"a b\"@example.org", Some(Form::QuotedString)),
        ("ada@[192.0.2.1]", Some(Form::AddressLiteral)),
        ("ada@[IPv6:2001:db8::1]", Some(Form::AddressLiteral)),
        ("ada@[IPv6:2001:db8::1::2]", Some(Form::BadIpv6)),
        ("ada@[IPv6:1:2:3:4:5:6::8]", Some(Form::Ipv6SingleGroup)),
        ("ada@[IPv6:::ffff:192.0.2.1]", Some(Form::AddressLiteral)),
        ("дарья@example.org", Some(Form::InternationalLocal)),
        ("ada@bücher.example", Some(Form::InternationalDomain)),
        ("(x)ada@example.org", Some(Form::Comment)),
        ("ada@example.org ", Some(Form::FoldingWhiteSpace)),
        ("ada . l@example.org", Some(Form::ObsoleteFws)),
        ("\"ada\".l@example.org", Some(Form::ObsoleteLocal)),
        ("ada @example.org", Some(Form::CfwsNearAt)),
        ("ada@exa_mple.org", Some(Form::NotAHostName)),
        ("ada@[x]", Some(Form::DomainLiteral)),
        ("ada", Some(Form::NoDomain)),
        ("@example.org", Some(Form::NoLocal)),
        ("ada@example.org\r\nRCPT TO:<eve@example.org>", Some(Form::CrlfEnd)),
        ("ada@b@example.org", Some(Form::ExpectingAtext)),
        ("ada@exa\u{202e}mple.org", Some(Form::ExpectingAtext)),
        ("ada@-example.org", Some(Form::HyphenStart)),
        ("(((ada@example.org", Some(Form::UnclosedComment)),
    ] {
        assert_eq!(check(address).worst(), worst, "{address:?}");
    }
}

#[test]
fn lengths_are_bounded() {
    let local = "a".repeat(65);
    assert_eq!(check(&format!("{local}@example.org")).worst(), Some(Form::LocalTooLong));
    let label = "b".repeat(64);
    assert_eq!(check(&format!("a@{label}.org")).worst(), Some(Form::LabelTooLong));
    let deep = "(".repeat(MAX_INPUT - 1);
    assert_eq!(check(&deep).worst(), Some(Form::UnclosedComment));
    let long = "a".repeat(MAX_INPUT + 1);
    assert_eq!(check(&long).worst(), Some(Form::InputTooLong));
}

#[test]
fn parts_and_offsets() {
    let read = check("(home) Ada@Example.ORG (work)");
    assert_eq!((read.address(), read.local(), read.domain()), (Some("Ada@Example.ORG"), "Ada", "Example.ORG"));
    assert!(read.forms().has(Form::Comment) && read.forms().has(Form::FoldingWhiteSpace));
    assert_eq!(read.to_address().expect("an address").as_str(), "Ada@example.org");
    let wrong = check("ada..l@example.org");
    assert_eq!((wrong.address(), wrong.offset()), (None, Some(4)));
    assert!(wrong.to_address().is_err());
}

#[test]
fn heavier_forms_never_have_a_lighter_category() {
    assert!(Form::ALL.windows(2).all(|pair| pair[0].category() <= pair[1].category()));
    assert_eq!(Form::ExpectingAtext.category(), Category::Invalid);
    assert!(Form::ALL.iter().all(|form| form.section().starts_with("RFC ")));
}
