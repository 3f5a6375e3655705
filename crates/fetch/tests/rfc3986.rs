//! URLs (RFC 3986), and what a request may hold.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use posthaste_fetch::{Request, Url};
use proptest::prelude::*;

#[test]
fn urls() {
    let table = [
        ("https://example.com", "https://example.com/", 443),
        ("HTTPS://Example.COM:8443/a?b=c", "https://example.com:8443/a?b=c", 8443),
        ("http://example.com?q", "http://example.com/?q", 80),
        ("https://192.0.2.1/", "https://192.0.2.1/", 443),
        ("https://[2001:db8::1]:444/x", "https://[2001:db8::1]:444/x", 444),
    ];
    for (text, expected, port) in table {
        let url = Url::parse(text).unwrap();
        assert_eq!((url.to_string().as_str(), url.port()), (expected, port), "{text}");
    }
}

#[test]
fn bad_urls() {
    let table = [
        ("", 0),
        ("example.com", 0),
        ("ftp://example.com/", 0),
        ("https://", 8),
        ("https://user@example.com/", 12),
        ("https://example.com:0/", 20),
        ("https://example.com:65536/", 20),
        ("https://example.com:+80/", 20),
        ("https://[::1/", 8),
        ("https://ex ample.com/", 10),
        ("https://127.1/", 8),
        ("https://0x7f000001/", 8),
        ("https://example.com/a b", 21),
        ("https://example.com/a\r\nHost: x", 21),
        ("https://example.com/#f", 20),
        ("https://b\u{fc}cher.example/", 9),
    ];
    for (text, at) in table {
        assert_eq!(Url::parse(text).unwrap_err().at(), at, "{text:?}");
    }
    assert!(Url::parse(&format!("https://a.example/{}", "x".repeat(Url::MAX))).is_err());
}

#[test]
fn header_fields_cannot_be_injected() {
    let request = || Request::get(Url::parse("https://a.example/?token=s3cret").unwrap());
    for (name, value) in [("", "x"), ("a b", "x"), ("a:", "x"), ("a", "x\r\nb: c"), ("a", "\0"), ("a", "\u{e9}")] {
        assert!(request().with_header(name, value).is_err(), "{name:?} {value:?}");
    }
    let secret = format!("{:?}", request().with_header("Authorization", "s3cret").unwrap());
    assert!(secret.contains("Authorization") && !secret.contains("s3cret"), "{secret}");
}

proptest! {
    #[test]
    fn any_text(text in "(https?://)?[a-z0-9:\\[\\]@./?#%é -]{0,40}") {
        match Url::parse(&text) {
            Ok(url) => prop_assert_eq!(Url::parse(&url.to_string()).unwrap(), url),
            Err(error) => prop_assert!(error.at() <= text.len()),
        }
    }
}
