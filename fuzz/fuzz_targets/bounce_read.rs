//! A report says the same however its lines end and its header is folded.

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
});

fn shown(reading: &Reading) -> String {
    format!("{reading:?}")
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
