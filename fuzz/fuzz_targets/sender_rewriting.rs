//! A sender that was rewritten (SRS) or tagged (BATV) leads back; what leads back is one that was made.

#![no_main]

use libfuzzer_sys::fuzz_target;
use posthaste_token::{Batv, KeyId, KeyRing, MasterSecret, Purpose, SharedKeys, Srs, SrsForm};
use posthaste_types::{Address, Timestamp};

/// The sender, when it sends, and how the path is changed then: a place, and what stands there instead.
type Input<'a> = (&'a str, u16, u8, u8, &'a str);

fuzz_target!(|input: Input<'_>| {
    let (sender, day, at, cut, put) = input;
    let sender = Address::parse(sender).unwrap_or_else(|_| "user+tag@example.com".parse().expect("an address"));
    let now = Timestamp::from_unix_secs(i64::from(day) * DAY);
    for form in [SrsForm::Exim, SrsForm::Libsrs2, SrsForm::Strict] {
        forwarded_twice(&srs(1, FIRST).with_form(form), &srs(2, "second.example.org").with_form(form), &sender, now);
    }
    let batv = Batv::new(keys(3, Purpose::Batv));
    let tagged = batv.tag(&sender, now).ok();
    if let Some(tagged) = &tagged {
        assert_eq!(batv.check(tagged, now), Ok(Some(sender.clone())));
        assert!(same(&batv.check(&upper(tagged), now).expect("genuine").expect("tagged"), &sender));
        assert!(same(&Batv::untagged(&upper(tagged)).expect("tagged"), &sender));
    }

    // A hash that nobody meets by chance.
    let srs = srs(1, FIRST).with_hash_length(Srs::MAX_HASH);
    let relayed = srs.rewrite(&sender, now).map(|relayed| changed(&relayed, at, cut, put));
    for text in [relayed.unwrap_or_default().as_str(), put] {
        let Ok(address) = Address::parse(text) else { continue };
        // What SRS1 of others says of this very host leads to an SRS0 that is checked in its turn.
        if let Ok(Some(found)) = srs.reverse(&address, now)
            && found.domain().as_str() != FIRST
        {
            let made = |ago: u64| srs.rewrite(&found, now.saturating_sub(std::time::Duration::from_secs(ago * 86_400)));
            let tomorrow = srs.rewrite(&found, now.saturating_add(std::time::Duration::from_secs(86_400)));
            let mut all = (0..=21).map(made).chain([tomorrow]).flatten();
            assert!(all.any(|made| same_but_separator(&made, &address)), "{address} was not made");
        }
    }
});

fn forwarded_twice(first: &Srs, second: &Srs, sender: &Address, now: Timestamp) {
    let Ok(one) = first.rewrite(sender, now) else { return };
    if one == *sender {
        return;
    }
    let back = first.reverse(&one, now).expect("genuine").expect("rewritten");
    // An SRS1 of another host leads to the SRS0 that it holds.
    if !tagged(sender, "SRS1") {
        assert!(back == *sender || (tagged(sender, "SRS0") && same(&back, sender)), "{sender} became {back}");
    }
    assert!(same(&first.reverse(&upper(&one), now).expect("genuine").expect("rewritten"), &back));
    let Ok(two) = second.rewrite(&one, now) else { return };
    let found = second.reverse(&two, now).expect("genuine").expect("rewritten");
    assert!(tagged(&one, "SRS1") || found == one, "{one} became {found}");
}

fn tagged(address: &Address, tag: &str) -> bool {
    let local = address.local_part().trim_start_matches('"');
    local.get(..4).is_some_and(|head| head.eq_ignore_ascii_case(tag))
}

fn upper(address: &Address) -> Address {
    address.as_str().to_ascii_uppercase().parse().expect("an address in any case")
}

fn same(one: &Address, other: &Address) -> bool {
    one.as_str().eq_ignore_ascii_case(other.as_str())
}

/// Behind `SRS0` and `SRS1` any of three characters may stand.
fn same_but_separator(one: &Address, other: &Address) -> bool {
    let at = if one.as_str().starts_with('"') { 5 } else { 4 };
    let plain = |address: &Address| {
        let mut text = address.to_string();
        text.replace_range(at..=at, "=");
        text
    };
    plain(one).eq_ignore_ascii_case(&plain(other))
}

fn changed(address: &Address, at: u8, cut: u8, put: &str) -> String {
    let mut text = address.to_string();
    let mut from = usize::from(at).min(text.len());
    let mut to = (from + usize::from(cut)).min(text.len());
    while !text.is_char_boundary(from) {
        from -= 1;
    }
    while !text.is_char_boundary(to) {
        to += 1;
    }
    text.replace_range(from..to, put);
    text
}

fn srs(key: u8, domain: &str) -> Srs {
    Srs::new(keys(key, Purpose::Srs), domain.parse().expect("a domain"))
}

fn keys(key: u8, purpose: Purpose) -> SharedKeys {
    let ring = KeyRing::new(KeyId::new(key), MasterSecret::from_bytes([key; 32]));
    SharedKeys::derive(&ring, purpose).expect("one digit")
}

const FIRST: &str = "fwd.example.net";
const DAY: i64 = 86_400;
