//! The one secret from which all keys come, and secrets that other software shares.

use std::fmt;

use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};
use posthaste_types::Random;
use zeroize::Zeroizing;

use crate::error::SecretError;

/// 32 octets from which the keys of every purpose are derived.
///
/// It never prints: `Debug` is redacted, and only [`expose_hex`](Self::expose_hex) and
/// [`expose_bytes`](Self::expose_bytes) give it away. Its memory is cleared when it is dropped.
#[derive(Clone)]
pub struct MasterSecret(Zeroizing<[u8; 32]>);

impl MasterSecret {
    /// The length, in octets.
    pub const LEN: usize = 32;

    /// Makes a new one. The source must be fit for keys.
    pub fn generate(random: &dyn Random) -> Self {
        let mut bytes = Zeroizing::new([0; Self::LEN]);
        random.fill(&mut *bytes);
        Self(bytes)
    }

    /// Takes one that was made before.
    pub fn from_bytes(bytes: [u8; Self::LEN]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// Reads 64 hexadecimal digits, in any case.
    ///
    /// # Errors
    /// [`SecretError`] if it is anything else.
    pub fn from_hex(text: &str) -> Result<Self, SecretError> {
        let bytes =
            HEXLOWER_PERMISSIVE.decode(text.as_bytes()).map(Zeroizing::new).map_err(|_| SecretError(NOT_HEX))?;
        bytes.as_slice().try_into().map(Self::from_bytes).map_err(|_| SecretError(NOT_HEX))
    }

    /// The secret itself, for the store that keeps it.
    pub fn expose_bytes(&self) -> &[u8; Self::LEN] {
        &self.0
    }

    /// The secret itself in 64 hexadecimal digits, for the file that keeps it. The caller clears the
    /// text's memory, if that matters to it.
    pub fn expose_hex(&self) -> String {
        HEXLOWER.encode(&*self.0)
    }
}

impl fmt::Debug for MasterSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterSecret(***)")
    }
}

/// A secret that other software shares, of any length: for [`Batv`](crate::Batv) and [`Srs`](crate::Srs).
///
/// It never prints, and its memory is cleared when it is dropped.
#[derive(Clone)]
pub struct SharedSecret(Zeroizing<Vec<u8>>);

impl SharedSecret {
    /// Takes the octets as the other side's settings have them.
    ///
    /// # Errors
    /// [`SecretError`] if there are none.
    pub fn new(octets: &[u8]) -> Result<Self, SecretError> {
        match octets {
            [] => Err(SecretError("empty")),
            octets => Ok(Self(Zeroizing::new(octets.to_vec()))),
        }
    }

    pub(crate) fn derived(key: &[u8; MasterSecret::LEN]) -> Self {
        Self(Zeroizing::new(key.to_vec()))
    }

    pub(crate) fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for SharedSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SharedSecret(***)")
    }
}

const NOT_HEX: &str = "not 64 hexadecimal digits";
