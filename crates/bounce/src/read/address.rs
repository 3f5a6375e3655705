//! Addresses within words.

use posthaste_types::Address;

/// The addresses of a line, in their order; the sender of a `MAIL FROM` and a `From:` is none of them.
pub(crate) fn addresses(line: &str) -> Vec<Address> {
    let octets = line.as_bytes();
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(sign) = memchr::memchr(b'@', octets.get(at..).unwrap_or_default()).map(|sign| at + sign) {
        let (begin, end) = word_around(octets, at, sign);
        at = end.max(sign + 1);
        crate::work::count(end - begin);
        let word = line.get(begin..end).unwrap_or_default().trim_matches(|c| ".*=!?".contains(c));
        let address = Address::parse(word).ok().filter(|address| address.domain().as_str().contains('.'));
        if let Some(address) = address.filter(|_| !is_sender(octets, begin)) {
            found.push(address);
        }
        if found.len() >= MAX_IN_LINE {
            break;
        }
    }
    found
}

/// The word around the sign at `sign`, which does not begin before `from`.
fn word_around(octets: &[u8], from: usize, sign: usize) -> (usize, usize) {
    let is_edge = |octet: &u8| octet.is_ascii_whitespace() || b"<>()[]{}\",;:'|".contains(octet);
    let before = octets.get(from..sign).unwrap_or_default();
    let begin = from + before.iter().rposition(is_edge).map_or(0, |edge| edge + 1);
    let behind = octets.get(sign..).unwrap_or_default();
    (begin, sign + behind.iter().position(is_edge).unwrap_or(behind.len()))
}

/// Whether what stands before says that the address at `at` is the sender's.
fn is_sender(line: &[u8], at: usize) -> bool {
    let before = line.get(..at).unwrap_or_default();
    let near = before.get(before.len().saturating_sub(20)..).unwrap_or_default().to_ascii_lowercase();
    let end = near.iter().rposition(u8::is_ascii_alphabetic).map_or(0, |at| at + 1);
    let words = near.get(..end).unwrap_or_default();
    SENDERS.iter().any(|word| words.ends_with(word)) || (before.len() < 20 && words.trim_ascii() == b"from")
}

/// Words before a sender.
const SENDERS: &[&[u8]] = &[b"mail from", b"mailfrom", b"envelope-from", b"message from", b"mail sent by", b"sender"];
/// The most addresses of one line.
const MAX_IN_LINE: usize = 1_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_found_between_words() {
        for (line, found) in [
            ("<bob@example.org>: user unknown", &["bob@example.org"][..]),
            ("to bob@example.org, carol@example.org.", &["bob@example.org", "carol@example.org"]),
            ("MAIL FROM:<ada@example.com> RCPT TO:<bob@example.org>", &["bob@example.org"]),
            ("From: ada@example.com", &[]),
            ("user@localhost @ b @@ mailto:bob@example.org", &["bob@example.org"]),
        ] {
            let all: Vec<String> = addresses(line).iter().map(|address| address.as_str().to_owned()).collect();
            assert_eq!(all, found, "{line}");
        }
    }
}
