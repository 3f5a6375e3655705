//! SCRAM-SHA-256 (RFC 5802, RFC 7677), without channel binding.

mod client;
mod crypto;
mod keys;
mod server;

pub(crate) use client::Scram;
pub use keys::{ScramKeys, ScramOffer};
pub(crate) use server::{Begun, Challenged};

/// RFC 5802 §5.1: `saslname`.
pub(crate) fn escape(name: &str) -> String {
    name.replace('=', "=3D").replace(',', "=2C")
}

/// The reverse of [`escape`]; `None` for a `=` that is neither.
pub(crate) fn unescape(name: &str) -> Option<String> {
    let plain = name.replace("=2C", ",").replace("=3D", "\0");
    (!plain.contains('=') && !name.contains('\0')).then(|| plain.replace('\0', "="))
}

/// RFC 5802 §7: the characters of a nonce.
fn is_nonce(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|octet| octet.is_ascii_graphic() && octet != b',')
}

/// RFC 7677 §4: fewer would let a false server search for the password.
const MIN_ITERATIONS: u32 = 4096;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc5802_5_1_saslname() {
        for (plain, escaped) in [("a=b,c", "a=3Db=2Cc"), ("user", "user"), ("=2C", "=3D2C"), (",=", "=2C=3D")] {
            assert_eq!(escape(plain), escaped);
            assert_eq!(unescape(escaped).as_deref(), Some(plain));
        }
        for bad in ["=", "a=", "=2", "=2c", "=3d", "a\0b"] {
            assert_eq!(unescape(bad), None, "{bad:?}");
        }
    }
}
