//! Whatever the octets are, parts and fields stand within them; and the least limit that lets a message through is exact.

#![no_main]

use libfuzzer_sys::fuzz_target;
use posthaste_fuzz::assert_within;
use posthaste_message::{Limit, Limits, Part, ReadMessage, read};

fuzz_target!(|octets: &[u8]| {
    let limits = Limits::default();
    let Ok(message) = read(octets, &limits) else { return };
    message.parts().for_each(|part| check(&part, octets));
    let _ = (message.subject(), message.date(), message.message_id(), message.references());
    let _ = (message.text(), message.html(), message.from(), message.to());
    assert!(message.attachments().count() <= message.parts().count());
    assert_eq!(message.root().descendants().count(), message.parts().count());
    message.defects().iter().for_each(|defect| assert!(defect.at <= octets.len(), "{defect:?}"));
    check_limits(&message, octets);
});

fn check(part: &Part<'_, '_>, octets: &[u8]) {
    let whole = assert_within(octets, part.raw());
    assert!(part.at() <= part.body_at() && part.body_at() <= octets.len(), "{part:?}");
    for piece in [part.raw_header(), part.raw_body()] {
        let piece = assert_within(octets, piece);
        assert!(piece.is_empty() || whole.start <= piece.start && piece.end <= whole.end, "{part:?}");
    }
    for header in part.headers() {
        assert_within(part.raw_header(), header.raw());
        assert!(octets[header.at()..].starts_with(header.raw()), "{header:?}");
        assert!(!header.unfolded().contains('\n'), "{header:?}");
        let _ = (header.text(), header.addresses(), header.message_ids(), header.date(), header.media_type());
    }
    let mut behind = part.body_at();
    for child in part.children() {
        assert_within(part.raw_body(), child.raw());
        assert!(child.at() >= behind && child.depth() == part.depth() + 1, "{child:?} within {part:?}");
        behind = child.at() + child.raw().len();
    }
    assert!(part.decoded().len() <= part.raw_body().len(), "decoding makes it longer: {part:?}");
    let _ = (part.body_text(), part.filename(), part.content_id());
}

/// What a limit just lets through is let through; by one less it is refused, and for that reason.
fn check_limits(message: &ReadMessage<'_>, octets: &[u8]) {
    let parts = message.parts().count();
    let depth = message.parts().map(|part| part.depth()).max().unwrap_or_default();
    let fields = message.parts().map(|part| part.headers().count()).max().unwrap_or_default();
    let mut limits = Limits::default();
    (limits.size, limits.parts, limits.depth, limits.fields) = (octets.len(), parts, depth, fields);
    read(octets, &limits).expect("just within");
    let less = |set: &dyn Fn(&mut Limits)| {
        let mut limits = limits.clone();
        set(&mut limits);
        read(octets, &limits).expect_err("one less").limit()
    };
    if let Some(size) = octets.len().checked_sub(1) {
        assert_eq!(less(&|limits| limits.size = size), Limit::Size(size));
    }
    assert_eq!(less(&|limits| limits.parts = parts - 1), Limit::Parts(parts - 1));
    if let Some(depth) = depth.checked_sub(1) {
        assert_eq!(less(&|limits| limits.depth = depth), Limit::Depth(depth));
    }
    if let Some(fields) = fields.checked_sub(1) {
        assert_eq!(less(&|limits| limits.fields = fields), Limit::Fields(fields));
    }
}
