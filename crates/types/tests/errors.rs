//! What an error says of a text that was refused.

use posthaste_types::{Address, Domain};

#[test]
fn the_character_that_is_not_allowed_is_quoted() {
    let table = [
        ("ada lovelace@example.org", "local part: character ' ' (U+0020) is not allowed at byte 3"),
        ("ada@exa,mple.org", "domain: character ',' (U+002C) is not allowed at byte 7"),
        ("ada@ex_ä.org", "domain: character '_' (U+005F) is not allowed at byte 6"),
        ("ada@example.org\r\nRCPT", "address: character '\\r' (U+000D) is not allowed at byte 15"),
    ];
    for (text, said) in table {
        assert_eq!(Address::parse(text).unwrap_err().to_string(), said, "{text:?}");
    }
    let other = Domain::parse("ä..x").unwrap_err().to_string();
    assert_eq!(other, "domain: not an international domain name (UTS 46) at byte 0");
}
