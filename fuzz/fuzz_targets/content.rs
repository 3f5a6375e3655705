//! Content made of anything is canonical by rules that are counted here anew, and nothing but line ends is changed.

#![no_main]

use libfuzzer_sys::fuzz_target;
use posthaste_types::{Content, ContentErrorKind};

fuzz_target!(|raw: &[u8]| {
    match Content::from_raw(raw.to_vec()) {
        Ok((content, repairs)) => {
            let octets = content.to_vec();
            assert_canonical(&octets);
            assert_eq!(octets.len(), content.len());
            assert!(text(raw).eq(text(&octets)), "more than line ends was changed");
            assert_eq!(line_ends(&octets), line_ends(raw) + repairs.last_line_end_added);
            assert_eq!(Content::from_canonical(raw.to_vec()).is_ok(), !repairs.any());
            let (again, none) = Content::from_raw(octets).expect("canonical");
            assert!(again == content && !none.any(), "the second time repairs what the first one left");
        }
        Err(error) => match error.kind() {
            ContentErrorKind::Nul => assert!(raw.contains(&0)),
            ContentErrorKind::LineTooLong => {
                assert!(raw.split(|octet| matches!(octet, b'\r' | b'\n')).any(|line| line.len() > MAX_LINE));
            }
            kind => panic!("{kind}: not to be repaired?"),
        },
    }
});

fn assert_canonical(octets: &[u8]) {
    let text = octets.strip_suffix(b"\r\n").expect("a line end at the end");
    let mut rest = text;
    while let Some(at) = rest.iter().position(|octet| matches!(octet, b'\r' | b'\n')) {
        assert!(rest[at..].starts_with(b"\r\n"), "a bare CR or LF");
        assert!(at <= MAX_LINE, "a long line");
        rest = &rest[at + 2..];
    }
    assert!(rest.len() <= MAX_LINE, "a long line");
    assert!(!octets.contains(&0), "a NUL");
}

/// Everything but CR and LF.
fn text(octets: &[u8]) -> impl Iterator<Item = &u8> {
    octets.iter().filter(|octet| !matches!(octet, b'\r' | b'\n'))
}

/// CRLF, CR and LF, one each.
fn line_ends(octets: &[u8]) -> usize {
    let single = octets.iter().filter(|octet| matches!(octet, b'\r' | b'\n')).count();
    single - octets.windows(2).filter(|pair| pair == b"\r\n").count()
}

/// RFC 5322 §2.1.1.
const MAX_LINE: usize = 998;
