//! A bounce whose text stands quoted in somebody's answer does not make the answer a bounce.

#![no_main]

use libfuzzer_sys::fuzz_target;
use posthaste_bounce::{ReportKind, read};

fuzz_target!(|bounce: &[u8]| {
    let quoted: Vec<Vec<u8>> = bounce.split(|octet| *octet == b'\n').map(|line| [b"> ", line].concat()).collect();
    let quoted = quoted.join(&b'\n');
    for header in HEADERS {
        let answer = [header.as_bytes(), b"\n\nWhat is this?\n\n", &quoted, b"\n"].concat();
        let Ok(reading) = read(&answer) else { continue };
        let wrong = matches!(reading.kind(), ReportKind::Bounce | ReportKind::Delay | ReportKind::Complaint);
        assert!(!wrong, "{reading}");
    }
});

const HEADERS: &[&str] = &[
    "From: Bob <bob@example.org>\nTo: ada@example.com\nSubject: Re: Undelivered Mail Returned to Sender",
    "From: bob@example.org\nTo: ada@example.com\nSubject: Fwd: Delivery Status Notification (Failure)",
    "From: bob@example.org\nTo: ada@example.com\nSubject: delivery failure\nReturn-Path: <bob@example.org>",
    "From: bob@example.org\nTo: ada@example.com\nSubject: Out of office\nAuto-Submitted: auto-replied\nReturn-Path: <>",
];
