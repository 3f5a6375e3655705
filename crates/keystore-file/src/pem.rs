//! Secrets as PEM (RFC 7468).

use data_encoding::BASE64;
use posthaste_sign::KeySecret;
use zeroize::Zeroizing;

/// The text of a secret. No buffer is grown, for that would leave copies behind.
pub(crate) fn compose(secret: &KeySecret) -> Zeroizing<String> {
    let base64 = Zeroizing::new(BASE64.encode(secret.expose()));
    let mut text =
        Zeroizing::new(String::with_capacity(base64.len() + base64.len() / LINE + BEGIN.len() + END.len() + 4));
    text.push_str(BEGIN);
    text.push('\n');
    let mut rest = base64.as_str();
    while !rest.is_empty() {
        let (line, behind) = rest.split_at(rest.len().min(LINE));
        text.push_str(line);
        text.push('\n');
        rest = behind;
    }
    text.push_str(END);
    text.push('\n');
    text
}

/// The secret of a text; what is wrong with it else, without a word of it.
pub(crate) fn parse(text: &[u8]) -> Result<KeySecret, &'static str> {
    let text = std::str::from_utf8(text).map_err(|_| "not a text")?;
    let (_, rest) = text.split_once(BEGIN).ok_or("no PRIVATE KEY in it")?;
    let (body, _) = rest.split_once(END).ok_or("it has no end line")?;
    let base64 = Zeroizing::new(body.bytes().filter(|octet| !octet.is_ascii_whitespace()).collect::<Vec<u8>>());
    let der = BASE64.decode(&base64).map_err(|_| "it is not base64")?;
    KeySecret::new(der).ok_or("it is empty or too long")
}

const BEGIN: &str = "-----BEGIN PRIVATE KEY-----";
const END: &str = "-----END PRIVATE KEY-----";
/// RFC 7468 §2: lines of 64 characters.
const LINE: usize = 64;
/// The longest text that is read, in octets.
pub(crate) const MAX: usize = 2 * KeySecret::MAX;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn secrets_come_back(der in prop::collection::vec(any::<u8>(), 1..3000)) {
            let secret = KeySecret::new(der).unwrap();
            let text = compose(&secret);
            prop_assert!(text.lines().all(|line| line.len() <= 64));
            prop_assert_eq!(parse(text.as_bytes()), Ok(secret.clone()));
            prop_assert_eq!(parse(text.replace('\n', "\r\n").as_bytes()), Ok(secret));
        }

        #[test]
        fn any_octets_are_refused_or_read(octets in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = parse(&octets);
        }
    }
}
