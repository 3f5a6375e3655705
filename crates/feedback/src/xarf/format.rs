//! The formats of JSON Schema that the schemas use (draft-bhutton-json-schema-validation §7.3).

use std::net::{Ipv4Addr, Ipv6Addr};

use posthaste_types::{Address, Timestamp};

/// `date-time`: RFC 3339.
pub(super) fn is_date_time(text: &str) -> bool {
    text.parse::<Timestamp>().is_ok()
}

/// `email`: a mailbox of RFC 5321.
pub(super) fn is_email(text: &str) -> bool {
    Address::parse(text).is_ok()
}

/// `hostname`: RFC 1123, one label will do.
pub(super) fn is_hostname(text: &str) -> bool {
    let is_label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    text.len() <= 253 && text.split('.').all(is_label)
}

/// `ipv4` or `ipv6`.
pub(super) fn is_ip(text: &str) -> bool {
    text.parse::<Ipv4Addr>().is_ok() || text.parse::<Ipv6Addr>().is_ok()
}

/// `uri`: a scheme, and what RFC 3986 lets stand behind it.
pub(super) fn is_uri(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once(':') else { return false };
    let begins = scheme.bytes().next().is_some_and(|b| b.is_ascii_alphabetic());
    let is_scheme = begins && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b));
    let may_stand = |b: u8| b.is_ascii_graphic() && !b"\"<>\\^`{|}".contains(&b);
    is_scheme && rest.bytes().all(may_stand)
}

/// `uuid`: RFC 9562 §4.
pub(super) fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, b)| match at {
            8 | 13 | 18 | 23 => b == b'-',
            _ => b.is_ascii_hexdigit(),
        })
}

/// `CVE-`, a year, and four to seven digits.
pub(super) fn is_cve(text: &str) -> bool {
    let Some((year, number)) = text.strip_prefix("CVE-").and_then(|it| it.split_once('-')) else { return false };
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    year.len() == 4 && digits(year) && (4..=7).contains(&number.len()) && digits(number)
}

/// `namespace:predicate` of version 4.
pub(super) fn is_tag(text: &str) -> bool {
    let Some((space, predicate)) = text.split_once(':') else { return false };
    let begins = |text: &str| text.bytes().next().is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    let all = |text: &str, more: &[u8]| {
        text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"_+-".contains(&b) || more.contains(&b))
    };
    begins(space) && begins(predicate) && all(space, b"") && all(predicate, b".,")
}

/// A digest with its algorithm before it, of version 4.
pub(super) fn is_digest(text: &str) -> bool {
    let Some((algorithm, digest)) = text.split_once(':') else { return false };
    ["md5", "sha1", "sha256", "sha512"].contains(&algorithm)
        && !digest.is_empty()
        && digest.bytes().all(|b| b.is_ascii_hexdigit())
}

/// `4.`, a number, a point and a number.
pub(super) fn is_version_4(text: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let parts: Vec<&str> = text.split('.').collect();
    matches!(parts.as_slice(), ["4", minor, patch] if digits(minor) && digits(patch))
}

/// A language of ISO 639-1, with or without a country.
pub(super) fn is_language(text: &str) -> bool {
    let lower = |text: &str| text.len() == 2 && text.bytes().all(|b| b.is_ascii_lowercase());
    let upper = |text: &str| text.len() == 2 && text.bytes().all(|b| b.is_ascii_uppercase());
    match text.split_once('-') {
        None => lower(text),
        Some((language, country)) => lower(language) && upper(country),
    }
}
