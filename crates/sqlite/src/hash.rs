//! The hash by which an erased person stays suppressed.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use posthaste_suppression::NormalAddress;
use sha2::Sha256;

/// HMAC-SHA-256 of normal forms, under a key that belongs to the file.
#[derive(Clone)]
pub(crate) struct HashKey([u8; 32]);

impl HashKey {
    /// The name under which the key stands in the table `secret`.
    pub(crate) const NAME: &str = "suppression.hash";

    pub(crate) fn new(key: [u8; 32]) -> Self {
        Self(key)
    }

    pub(crate) fn hash(&self, address: &NormalAddress) -> [u8; 32] {
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.0) else { return [0; 32] }; // takes every length
        mac.update(address.as_address().as_str().as_bytes());
        mac.finalize().into_bytes().into()
    }
}

impl fmt::Debug for HashKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HashKey(***)")
    }
}
