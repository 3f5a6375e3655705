//! A report says the same however its lines end, its header is folded, its field names are written and its text is
//! encoded.

#![no_main]

use libfuzzer_sys::fuzz_target;
use posthaste_bounce::{Format, Limits, ReadErrorKind, Reading, read, read_with};
use posthaste_fuzz::assert_one_line;

fuzz_target!(|raw: &[u8]| {
    let Ok(reading) = read(raw) else { return };
    assert_eq!(shown(&reading), shown(&read(raw).expect("as before")), "read twice");
    for recipient in reading.recipients() {
        assert_one_line(&recipient.to_string());
        let said = recipient.status.is_some() || recipient.diagnostic.is_some();
        assert!(!said || !recipient.evidence().is_empty(), "a verdict without evidence: {recipient}");
    }
    check_limits(raw, &reading);

    let lf: Vec<u8> = raw.iter().copied().filter(|octet| *octet != b'\r').collect();
    let Ok(reading) = read(&lf) else { return };
    let crlf = lf.split(|octet| *octet == b'\n').collect::<Vec<_>>().join(&b"\r\n"[..]);
    assert_eq!(shown(&reading), shown(&read(&crlf).expect("within limits too")), "CRLF");
    assert_eq!(shown(&reading), shown(&read(&folded(&lf)).expect("within limits too")), "folded");
    assert_eq!(shown(&reading), shown(&read(&named_loudly(&lf)).expect("within limits too")), "upper case");
    if let Some(encoded) = in_base64(&lf) {
        assert_eq!(shown(&reading), shown(&read(&encoded).expect("within limits too")), "base64");
    }
});

/// What it says, but not where.
fn shown(reading: &Reading) -> String {
    let mut shown = format!("{:?} {:?} {:?}", reading.format(), reading.original(), reading.defects());
    for recipient in reading.recipients() {
        assert!(recipient.said_at.as_ref().is_none_or(|at| at.start < at.end), "an empty place");
        let mut recipient = recipient.clone();
        recipient.said_at = None;
        shown.push_str(&format!("{recipient:?}"));
    }
    shown
}

/// The names of the header's fields in upper case.
fn named_loudly(raw: &[u8]) -> Vec<u8> {
    let end = raw.windows(2).position(|pair| pair == b"\n\n").unwrap_or(0);
    let (header, body) = raw.split_at(end);
    let loudly = |line: &[u8]| match line.iter().position(|octet| *octet == b':') {
        Some(colon) if line[..colon].iter().all(u8::is_ascii_graphic) => {
            [&line[..colon].to_ascii_uppercase()[..], &line[colon..]].concat()
        }
        _ => line.to_vec(),
    };
    [&header.split(|octet| *octet == b'\n').map(loudly).collect::<Vec<_>>().join(&b'\n')[..], body].concat()
}

/// The message with its text in base64, if it is one text that is not encoded.
fn in_base64(raw: &[u8]) -> Option<Vec<u8>> {
    let end = raw.windows(2).position(|pair| pair == b"\n\n")?;
    let (header, body) = raw.split_at(end);
    let lower = header.to_ascii_lowercase();
    let is_encoded = lower.windows(8).any(|octets| octets == b"content-");
    if is_encoded || header.is_empty() || !header.iter().all(|octet| octet.is_ascii_graphic() || b" \n".contains(octet))
    {
        return None;
    }
    let body = body.get(2..)?;
    let encoded = posthaste_fuzz::base64(body);
    Some([header, b"\nContent-Transfer-Encoding: base64\n\n", encoded.as_bytes()].concat())
}

/// A limit refuses; it never changes what is read.
fn check_limits(raw: &[u8], reading: &Reading) {
    // A text names recipients by likelihood, an automatic answer its sender.
    if reading.format() == Format::Text {
        return;
    }
    let mut limits = Limits::default();
    for most in 0..=reading.recipients().len() {
        limits.recipients = most;
        match read_with(raw, &limits) {
            Ok(within) => assert_eq!(shown(&within), shown(reading), "at most {most} recipients"),
            Err(error) => assert_eq!((error.kind(), error.limit()), (ReadErrorKind::Recipients, most)),
        }
    }
}

/// Folds each field of the header at its first single space between words (RFC 5322 §2.2.3).
fn folded(raw: &[u8]) -> Vec<u8> {
    let end = raw.windows(2).position(|pair| pair == b"\n\n").unwrap_or(0);
    let (header, body) = raw.split_at(end);
    let fold = |line: &[u8]| match fold_at(line) {
        Some(at) => [&line[..at], b"\n", &line[at..]].concat(),
        None => line.to_vec(),
    };
    [&header.split(|octet| *octet == b'\n').map(fold).collect::<Vec<_>>().join(&b'\n')[..], body].concat()
}

fn fold_at(line: &[u8]) -> Option<usize> {
    let colon = line.iter().position(|octet| *octet == b':')?;
    let is_word = |at: usize| line.get(at).is_some_and(u8::is_ascii_graphic);
    let is_field = line[..colon].iter().all(u8::is_ascii_graphic) && colon > 0;
    let at = (colon + 2..line.len()).find(|at| line[*at] == b' ' && is_word(at - 1) && is_word(at + 1))?;
    is_field.then_some(at)
}
