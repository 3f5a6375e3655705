//! DANE for SMTP (RFC 6698, RFC 7671, RFC 7672).

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use posthaste_auth::dane::{self, Association, Matching, Selector, Unusable, Usage};
use posthaste_dns::Tlsa;

#[test]
fn section_3_1_usable_records() {
    let (short, long) = (vec![7; 32], vec![7; 64]);
    let table = [
        ((0, 0, 1), &short, Err(Unusable::Usage)),
        ((1, 1, 1), &short, Err(Unusable::Usage)),
        ((2, 0, 1), &short, Ok((Usage::TrustAnchor, Selector::Certificate, Matching::Sha256))),
        ((2, 1, 2), &long, Ok((Usage::TrustAnchor, Selector::PublicKey, Matching::Sha512))),
        ((3, 1, 1), &short, Ok((Usage::EndEntity, Selector::PublicKey, Matching::Sha256))),
        ((3, 0, 0), &short, Ok((Usage::EndEntity, Selector::Certificate, Matching::Full))),
        ((4, 0, 1), &short, Err(Unusable::Usage)),
        ((255, 0, 1), &short, Err(Unusable::Usage)),
        ((3, 2, 1), &short, Err(Unusable::Selector)),
        ((3, 1, 3), &short, Err(Unusable::Matching)),
        ((3, 1, 2), &short, Err(Unusable::Data)),
        ((3, 1, 1), &long, Err(Unusable::Data)),
    ];
    for ((usage, selector, matching), data, expected) in table {
        let record = Tlsa::new(usage, selector, matching, data.clone());
        let seen = Association::of(&record).map(|a| (a.usage(), a.selector(), a.matching()));
        assert_eq!(seen, expected, "{usage} {selector} {matching}");
    }
    assert_eq!(Association::of(&Tlsa::new(3, 0, 0, Vec::new())), Err(Unusable::Data));
    assert_eq!(Association::of(&Tlsa::new(3, 0, 0, vec![0; Association::MAX + 1])), Err(Unusable::Data));
}

/// RFC 6698 §2.1.3, with the digests of `abc` from FIPS 180-2.
#[test]
fn matching() {
    let sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    let sha512 = "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a\
        2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f";
    let octets = |hex: &str| -> Vec<u8> {
        hex.as_bytes().chunks(2).map(|c| u8::from_str_radix(std::str::from_utf8(c).unwrap(), 16).unwrap()).collect()
    };
    for (matching, data) in [(0, b"abc".to_vec()), (1, octets(sha256)), (2, octets(sha512))] {
        let whole = Association::of(&Tlsa::new(3, 0, matching, data.clone())).unwrap();
        let key = Association::of(&Tlsa::new(3, 1, matching, data)).unwrap();
        assert!(whole.matches(b"abc", b"key") && !whole.matches(b"abd", b"abc"), "{whole}");
        assert!(key.matches(b"certificate", b"abc") && !key.matches(b"abc", b"abd"), "{key}");
    }
    let text = Association::of(&Tlsa::new(3, 1, 1, octets(sha256))).unwrap().to_string();
    assert_eq!(text, format!("3 1 1 {sha256}"));
}

#[test]
fn section_2_2_3_names() {
    assert_eq!(dane::record_name(25, &"mx.example.com".parse().unwrap()).unwrap().as_str(), "_25._tcp.mx.example.com");
}
