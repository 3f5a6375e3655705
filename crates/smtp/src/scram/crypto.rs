//! The functions that RFC 5802 §2.2 names.

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

pub(super) type Key = Zeroizing<[u8; 32]>;

/// `Hi`, which is PBKDF2 with one block.
pub(super) fn salted_password(password: &str, salt: &[u8], iterations: u32) -> Key {
    let keyed = keyed(password.as_bytes());
    let round = |parts: &[&[u8]]| -> Key {
        let mut mac = keyed.clone();
        parts.iter().for_each(|part| mac.update(part));
        Zeroizing::new(mac.finalize().into_bytes().into())
    };
    let mut last = round(&[salt, &[0, 0, 0, 1]]);
    let mut all = last.clone();
    for _ in 1..iterations {
        last = round(&[&last[..]]);
        xor(&mut all, &last);
    }
    all
}

pub(super) fn hmac(key: &[u8], message: &[u8]) -> Key {
    let mut mac = keyed(key);
    mac.update(message);
    Zeroizing::new(mac.finalize().into_bytes().into())
}

/// `H`.
pub(super) fn hash(octets: &[u8]) -> [u8; 32] {
    Sha256::digest(octets).into()
}

pub(super) fn xor(octets: &mut [u8; 32], other: &[u8; 32]) {
    octets.iter_mut().zip(other).for_each(|(octet, other)| *octet ^= other);
}

fn keyed(key: &[u8]) -> Hmac<Sha256> {
    let Ok(mac) = Hmac::<Sha256>::new_from_slice(key) else {
        unreachable!("HMAC takes keys of every length (RFC 2104 §2)");
    };
    mac
}
