//! The secret part of a key.

use std::fmt;

use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// A private key in PKCS #8 (RFC 5958), DER.
///
/// It never prints, is wiped when it is dropped, and compares in constant time. Cloning copies it.
#[derive(Clone)]
pub struct KeySecret(Zeroizing<Vec<u8>>);

impl KeySecret {
    /// The largest, in octets: an RSA key of 8192 bits needs some 5,000.
    pub const MAX: usize = 16 * 1024;

    /// Takes the octets over, and wipes them when it is dropped; `None` if they are none or more than
    /// [`MAX`](Self::MAX).
    pub fn new(der: Vec<u8>) -> Option<Self> {
        let der = Zeroizing::new(der);
        (1..=Self::MAX).contains(&der.len()).then_some(Self(der))
    }

    /// The octets. Whoever copies them wipes the copy.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for KeySecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeySecret(***)")
    }
}

impl PartialEq for KeySecret {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for KeySecret {}
