//! HMAC (RFC 2104), and its comparison.

use hmac::digest::Output;
use hmac::{Hmac, KeyInit, Mac};
use md5::Md5;
use sha1::Sha1;
use sha2::Sha256;
use subtle::ConstantTimeEq;

pub(crate) fn hmac_sha256(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    hmac::<Hmac<Sha256>>(key, parts).into()
}

/// For addresses that other software makes and reads: nothing of ours stands on it.
pub(crate) fn hmac_sha1(key: &[u8], parts: &[&[u8]]) -> [u8; 20] {
    hmac::<Hmac<Sha1>>(key, parts).into()
}

/// For addresses that Exim makes and reads: nothing of ours stands on it.
pub(crate) fn hmac_md5(key: &[u8], parts: &[&[u8]]) -> [u8; 16] {
    hmac::<Hmac<Md5>>(key, parts).into()
}

/// Compares in constant time; `given` may be the beginning of the MAC.
pub(crate) fn mac_matches(given: &[u8], mac: &[u8]) -> bool {
    mac.get(..given.len()).is_some_and(|mac| bool::from(mac.ct_eq(given)))
}

/// As [`mac_matches`], for MACs in letters whose case a hop may have changed.
pub(crate) fn text_matches(given: &str, mac: &str) -> bool {
    mac_matches(given.to_ascii_lowercase().as_bytes(), mac.to_ascii_lowercase().as_bytes())
}

fn hmac<M: Mac + KeyInit>(key: &[u8], parts: &[&[u8]]) -> Output<M> {
    let Ok(mut mac) = <M as KeyInit>::new_from_slice(key) else {
        unreachable!("HMAC takes keys of every length (RFC 2104 §2)");
    };
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes()
}
