//! A reply on the wire reads back as itself, whether it was read or made.

#![no_main]

use libfuzzer_sys::fuzz_target;
use posthaste_fuzz::assert_one_line;
use posthaste_types::{EnhancedStatus, Reply};

fuzz_target!(|wire: &[u8]| {
    if let Ok(reply) = Reply::parse(wire) {
        check(&reply);
    }
    let Ok(text) = std::str::from_utf8(wire) else { return };
    if let Ok(reply) = Reply::from_lines(250, text.split('\n')) {
        check(&reply);
    }
    if let Ok(status) = EnhancedStatus::parse(text) {
        assert_eq!(EnhancedStatus::parse(&status.to_string()), Ok(status));
    }
});

fn check(reply: &Reply) {
    let wire = reply.to_wire();
    assert_eq!(Reply::parse(wire.as_bytes()).as_ref(), Ok(reply));
    assert_eq!(wire.lines().count(), reply.lines().len());
    reply.lines().for_each(assert_one_line);
    assert_one_line(&reply.to_string());
}
