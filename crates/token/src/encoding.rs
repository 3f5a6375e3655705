//! Base 32 in lower case, read in any case.

use data_encoding::{BASE32_NOPAD, BASE32_NOPAD_NOCASE};

pub(crate) fn encode(bytes: &[u8]) -> String {
    let mut text = BASE32_NOPAD.encode(bytes);
    text.make_ascii_lowercase();
    text
}

/// `None` if it is not base 32, or not the one encoding of its octets.
pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    BASE32_NOPAD_NOCASE.decode(text.as_bytes()).ok()
}
