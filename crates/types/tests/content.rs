//! Content is canonical however it was made: RFC 5322 §2.1.1 and §2.3.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use posthaste_types::{BodyKind, Content, ContentErrorKind, HeaderField};
use proptest::collection::vec;
use proptest::prelude::*;

fn octets() -> impl Strategy<Value = Vec<u8>> {
    let piece = proptest::sample::select(vec![
        &b"\r\n"[..],
        b"\n",
        b"\r",
        b"\r\r\n",
        b"\n\r",
        b".",
        b"..",
        b"text",
        b"\xc3\xa4",
        b"\xff",
        b" ",
        b"\0",
        b"",
    ]);
    vec(prop_oneof![8 => piece.prop_map(<[u8]>::to_vec), 1 => vec(any::<u8>(), 0..1100)], 0..30)
        .prop_map(|all| all.concat())
}

fn assert_canonical(octets: &[u8]) {
    assert!(octets.ends_with(b"\r\n"));
    for line in octets.split(|b| *b == b'\n') {
        let text = line.strip_suffix(b"\r").unwrap_or(line);
        assert!(line.is_empty() || line.ends_with(b"\r"), "a bare LF");
        assert!(!text.contains(&b'\r') && !text.contains(&0) && text.len() <= 998);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn whatever_comes_in_is_canonical_or_refused(raw in octets()) {
        let from_raw = Content::from_raw(raw.clone());
        match Content::from_canonical(raw.clone()) {
            Ok(content) => {
                assert_canonical(&raw);
                prop_assert_eq!(content.to_vec(), raw.clone());
                let (same, repairs) = from_raw.unwrap();
                prop_assert!(!repairs.any());
                prop_assert_eq!(same, content);
            }
            Err(error) => {
                prop_assert!(error.at() <= raw.len());
                if let Ok((content, repairs)) = from_raw {
                    prop_assert!(repairs.any());
                    assert_canonical(&content.to_vec());
                    let is_other = |b: &&u8| !matches!(b, b'\r' | b'\n');
                    let (given, kept) = (raw.iter().filter(is_other), content.to_vec());
                    prop_assert!(given.eq(kept.iter().filter(is_other)), "only line ends change");
                    prop_assert!(!Content::from_raw(kept).unwrap().1.any(), "once is enough");
                }
            }
        }
    }

    #[test]
    fn what_is_put_together_stays_canonical(parts in vec("[a-z.ä]{0,20}", 1..8), header in "[a-z ]{0,40}") {
        let parts: Vec<Content> = parts.iter().map(|part| Content::from_canonical(format!("{part}\r\n").into_bytes()).unwrap()).collect();
        let whole = Content::concat(&parts).unwrap();
        let field = HeaderField::parse(&format!("X-A: {header}")).unwrap();
        let with_header = whole.with_headers(&[field.clone(), field]);
        for content in [&whole, &with_header] {
            let octets = content.to_vec();
            assert_canonical(&octets);
            prop_assert_eq!(content.len(), octets.len());
            prop_assert_eq!(content.chunks().map(<[u8]>::len).sum::<usize>(), octets.len());
            content.chunks().for_each(assert_canonical);
            let kind = if octets.is_ascii() { BodyKind::SevenBit } else { BodyKind::EightBit };
            prop_assert_eq!(content.body_kind(), kind);
            prop_assert_eq!(&Content::from_canonical(octets.clone()).unwrap(), content, "segments do not matter");
            prop_assert_eq!(Content::concat(&content.segments().collect::<Vec<_>>()).unwrap(), content.clone());
            prop_assert_eq!(content.to_bytes(), octets);
        }
        prop_assert!(whole.is_same_memory(&whole.clone()));
        prop_assert!(!whole.is_same_memory(&with_header));
    }
}

#[test]
fn errors_say_what_and_where() {
    use ContentErrorKind::{BareLineEnd, Empty, LineTooLong, NoLastLineEnd, Nul};
    let long = [vec![b'x'; 999], b"\r\n".to_vec()].concat();
    for (octets, kind, at) in [
        (&b""[..], Empty, 0),
        (b"a\nb\r\n", BareLineEnd, 1),
        (b"a\rb\r\n", BareLineEnd, 1),
        (b"a\r\r\n", BareLineEnd, 1),
        (b"a\r\nb", NoLastLineEnd, 4),
        (b"a\r\nb\r", BareLineEnd, 4),
        (b"a\r\nb\0\r\n", Nul, 4),
        (&long, LineTooLong, 998),
    ] {
        let error = Content::from_canonical(octets.to_vec()).unwrap_err();
        assert_eq!((error.kind(), error.at()), (kind, at), "{octets:?}");
    }
    assert!(Content::from_canonical([vec![b'x'; 998], b"\r\n".to_vec()].concat()).is_ok());
    assert_eq!(Content::concat(&[]).unwrap_err().kind(), Empty);
    let body = Content::from_canonical(b"x\r\n".to_vec()).unwrap();
    assert!(body.with_headers(&[]).is_same_memory(&body));
    assert!(!format!("{body:?}").contains('x'), "Debug shows no content");
}
