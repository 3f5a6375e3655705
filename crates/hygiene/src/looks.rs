//! What a local part looks like. Signs, never proofs: the lists of a language decide nothing here.

/// Whether it looks like a program's work: a long token of hexadecimal digits, of letters and digits in turn, or of
/// letters that nobody can say.
pub(crate) fn is_generated(local: &str) -> bool {
    local.split(['.', '_', '-']).any(is_token) || is_uuid(local)
}

fn is_token(part: &str) -> bool {
    if part.len() < 10 || !part.is_ascii() {
        return false;
    }
    let (mut changes, mut digits, mut silent, mut longest, mut before) = (0_u32, 0_u32, 0_u32, 0_u32, None);
    for octet in part.bytes() {
        let is_digit = octet.is_ascii_digit();
        changes += u32::from(before.is_some_and(|before| before != is_digit));
        digits += u32::from(is_digit);
        before = Some(is_digit);
        let is_silent = octet.is_ascii_alphabetic() && !matches!(octet, b'a' | b'e' | b'i' | b'o' | b'u' | b'y');
        silent = if is_silent { silent + 1 } else { 0 };
        longest = longest.max(silent);
    }
    let is_hex = part.len() >= 16 && digits >= 3 && part.bytes().all(|octet| octet.is_ascii_hexdigit());
    // Six consonants in a row stand in German names; seven in hardly any.
    (is_hex && changes >= 2) || changes >= 5 || longest >= 7
}

fn is_uuid(local: &str) -> bool {
    local.len() == 36
        && local.bytes().enumerate().all(|(at, octet)| match at {
            8 | 13 | 18 | 23 => octet == b'-',
            _ => octet.is_ascii_hexdigit(),
        })
}

/// Whether it has a pattern of traps, or of an address altered against harvesting.
pub(crate) fn is_trap(local: &str) -> bool {
    local.len() >= 4 && TRAPS.iter().any(|trap| local.contains(trap))
}

const TRAPS: &[&str] = &[
    "spamtrap",
    "spam-trap",
    "spam.trap",
    "spam_trap",
    "honeypot",
    "honey-pot",
    "nospam",
    "no-spam",
    "no.spam",
    "no_spam",
    "removethis",
    "remove-this",
    "remove_this",
    "harvester",
];
