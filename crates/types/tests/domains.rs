//! Domains and DNS names: RFC 5890, UTS 46, RFC 1035 §2.3.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use posthaste_types::{DnsName, Domain};
use proptest::prelude::*;

#[test]
fn rfc5890_in_and_out() {
    for (given, ascii, unicode) in [
        ("example.org", "example.org", "example.org"),
        ("EXAMPLE.Org", "example.org", "example.org"),
        ("bücher.example", "xn--bcher-kva.example", "bücher.example"),
        ("BÜCHER.example", "xn--bcher-kva.example", "bücher.example"),
        ("bu\u{308}cher.example", "xn--bcher-kva.example", "bücher.example"),
        ("XN--BCHER-KVA.example", "xn--bcher-kva.example", "bücher.example"),
        ("faß.example", "xn--fa-hia.example", "faß.example"),
        ("παράδειγμα.δοκιμή", "xn--hxajbheg2az3al.xn--jxalpdlp", "παράδειγμα.δοκιμή"),
        ("例え。テスト", "xn--r8jz45g.xn--zckzah", "例え.テスト"),
        ("пример.испытание", "xn--e1afmkfd.xn--80akhbyknj4f", "пример.испытание"),
        ("उदाहरण.परीक्षा", "xn--p1b6ci4b4b3a.xn--11b5bs3a9aj6g", "उदाहरण.परीक्षा"),
        ("실례.테스트", "xn--9n2bp8q.xn--9t4b11yi5a", "실례.테스트"),
        ("مثال.إختبار", "xn--mgbh0fb.xn--kgbechtv", "مثال.إختبار"),
        ("c--n.com", "c--n.com", "c--n.com"),
        ("123.com", "123.com", "123.com"),
        ("localhost", "localhost", "localhost"),
    ] {
        let domain = Domain::parse(given).unwrap();
        assert_eq!(domain.as_str(), ascii, "{given}");
        assert_eq!(domain.to_unicode(), unicode, "{given}");
        assert_eq!(Domain::parse(unicode).unwrap(), domain);
    }
}

#[test]
fn what_is_no_domain() {
    for not in [
        "",
        ".",
        "a.",
        ".a",
        "a..b",
        "-a.b",
        "a-.b",
        "a_b.c",
        "a b.c",
        "192.0.2.1",
        "a.1",
        "[192.0.2.1]",
        "xn--a.example",
        "xn--\u{80}.example",
        "a\u{200b}..b",
        "ex\u{2028}ample.org",
        "a@b",
        "a/b",
        "ö\r\n.example",
        "xn--.example",
        "a.b\0",
    ] {
        assert!(Domain::parse(not).is_err(), "{not:?}");
    }
    let label = "x".repeat(63);
    assert!(Domain::parse(&format!("{label}.example")).is_ok());
    assert!(Domain::parse(&format!("x{label}.example")).is_err());
    let name = |last: usize| format!("{label}.{label}.{label}.{}", "x".repeat(last));
    assert!(Domain::parse(&name(61)).is_ok(), "253 octets");
    assert!(Domain::parse(&name(62)).is_err(), "254 octets");
}

#[test]
fn domains_stand_below_one_another_on_label_boundaries() {
    let domain = |text: &str| Domain::parse(text).unwrap();
    assert!(domain("a.example.org").is_within(&domain("example.org")));
    assert!(domain("example.org").is_within(&domain("example.org")));
    assert!(!domain("badexample.org").is_within(&domain("example.org")));
    assert!(!domain("org").is_within(&domain("example.org")));
    assert_eq!(domain("a.b").parent(), Some(domain("b")));
    assert_eq!(domain("b").parent(), None);
}

#[test]
fn rfc1035_names() {
    for (given, held) in [
        ("_DMARC.Example.com.", "_dmarc.example.com"),
        (".", "."),
        ("_25._tcp.mx.example.com", "_25._tcp.mx.example.com"),
        ("1.2.0.192.in-addr.arpa", "1.2.0.192.in-addr.arpa"),
    ] {
        assert_eq!(DnsName::parse(given).unwrap().as_str(), held);
    }
    for not in ["", "..", "a..b", "a\\.b", "a b", "a;b", "ä.example", "a\n"] {
        assert!(DnsName::parse(not).is_err(), "{not:?}");
    }
    let name = DnsName::parse("example.com").unwrap();
    assert_eq!(name.below("s1._domainkey").unwrap().as_str(), "s1._domainkey.example.com");
    assert_eq!(name.parent().and_then(|n| n.parent()), Some(DnsName::root()));
    assert_eq!(DnsName::root().parent(), None);
    assert!(name.is_within(&DnsName::root()));
    assert!(name.below("_dmarc").unwrap().to_domain().is_none());
    assert_eq!(DnsName::reverse("192.0.2.1".parse().unwrap()).as_str(), "1.2.0.192.in-addr.arpa");
    let v6 = DnsName::reverse("2001:db8::1".parse().unwrap());
    assert_eq!(v6.as_str(), "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa");
}

proptest! {
    /// Every way to spell a domain leads to one held form, which is ASCII, and which reads back.
    #[test]
    fn a_domain_has_one_form(text in "[a-zA-Z0-9äöüßéñжщλ漢字한글.-]{1,40}") {
        if let Ok(domain) = Domain::parse(&text) {
            prop_assert!(domain.as_str().is_ascii());
            prop_assert_eq!(domain.as_str().to_ascii_lowercase(), domain.as_str());
            for spelling in [domain.as_str().to_owned(), domain.as_str().to_uppercase(), domain.to_unicode(), text.to_uppercase()] {
                // An upper-case ß is SS: another domain.
                if spelling != text.to_uppercase() || !text.contains('ß') {
                    prop_assert_eq!(&Domain::parse(&spelling).unwrap(), &domain, "{}", spelling);
                }
            }
            prop_assert_eq!(DnsName::from(&domain).to_domain(), Some(domain));
        }
    }
}

/// RFC 1035 §5.1 and RFC 2181 §11: a label may hold any octet; what is not plain stands as its number.
#[test]
fn rfc2181_labels_of_any_octets() {
    let name = DnsName::from_labels([b"a b".as_slice(), b"x.y\\\xff", b"Example"]).unwrap();
    assert_eq!(name.as_str(), "a\\032b.x\\046y\\092\\255.example");
    assert_eq!(DnsName::parse(name.as_str()).unwrap(), name);
    let labels: Vec<Vec<u8>> = name.labels().map(|label| label.into_owned()).collect();
    assert_eq!(labels, [b"a b".to_vec(), b"x.y\\\xff".to_vec(), b"example".to_vec()]);
    assert_eq!(name.parent().unwrap().as_str(), "x\\046y\\092\\255.example");
    assert_eq!(DnsName::parse("\\097.example").unwrap().as_str(), "a.example");
    assert_eq!(DnsName::root().labels().count(), 0);
    assert!(DnsName::from_labels([vec![b' '; 63].as_slice()]).is_ok());
    assert!(DnsName::from_labels([vec![b' '; 64].as_slice()]).is_err());
    for not in ["a\\", "a\\1", "a\\12x", "a\\256", "a\\b", "a\\0 1"] {
        assert!(DnsName::parse(not).is_err(), "{not:?}");
    }
}
