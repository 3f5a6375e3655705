//! Signing keys.

mod der;
mod file;
mod pem;

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::digest::Digest;
use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256, RsaKeyPair};
use posthaste_types::Domain;
use zeroize::Zeroizing;

use crate::algorithm::Algorithm;
use crate::error::{DkimError, DkimErrorKind};
use crate::key::der::Shape;
use crate::record::DkimRecord;
use crate::selector::Selector;

/// A private key that signs: RSA of 2048 to 4096 bits, or Ed25519.
///
/// Cloning shares it. It never prints: `Debug` tells the kind alone. The library wipes the memory that
/// held it; what is exported comes in a buffer that wipes itself.
///
/// ```
/// use posthaste_dkim::{DkimKey, KeyKind};
///
/// let key = DkimKey::generate(KeyKind::Ed25519)?;
/// let again = DkimKey::from_pem(&key.to_pem()?)?;
/// assert_eq!(again.kind(), KeyKind::Ed25519);
/// # Ok::<(), posthaste_dkim::DkimError>(())
/// ```
#[derive(Clone)]
pub struct DkimKey(Arc<Pair>);

enum Pair {
    Ed25519(Ed25519KeyPair),
    Rsa(RsaKeyPair),
}

/// The kinds of keys that can be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum KeyKind {
    /// RSA with 2048 bits (RFC 8301 §3.2); a longer one read from a file counts as this kind too.
    Rsa2048,
    /// Ed25519 (RFC 8463). Not every receiver knows it: sign with RSA beside it.
    Ed25519,
}

impl DkimKey {
    /// Makes a new key from the operating system's randomness. RSA takes a few tenths of a second.
    ///
    /// # Errors
    /// [`DkimErrorKind::Rejected`] if the library fails to make one.
    pub fn generate(kind: KeyKind) -> Result<Self, DkimError> {
        let pair = match kind {
            KeyKind::Rsa2048 => RsaKeyPair::generate(KeySize::Rsa2048).map(Pair::Rsa),
            KeyKind::Ed25519 => Ed25519KeyPair::generate().map(Pair::Ed25519),
        };
        Ok(Self(Arc::new(pair.map_err(|error| DkimError::from(DkimErrorKind::Rejected).because(error))?)))
    }

    /// Reads the first private key of a PEM text (RFC 7468): `PRIVATE KEY` (PKCS #8) or `RSA PRIVATE KEY`
    /// (PKCS #1), not encrypted. At most 64 KiB.
    ///
    /// # Errors
    /// [`DkimError`] that says what is there instead.
    pub fn from_pem(text: &str) -> Result<Self, DkimError> {
        if text.len() > MAX_KEY {
            return Err(DkimErrorKind::TooLarge { limit: MAX_KEY }.into());
        }
        Self::from_der(&pem::private_key(text)?)
    }

    /// Reads a private key in PKCS #8 or, for RSA, PKCS #1 (RFC 5958, RFC 8017). At most 64 KiB.
    ///
    /// # Errors
    /// [`DkimError`] that says what is there instead.
    pub fn from_der(der: &[u8]) -> Result<Self, DkimError> {
        if der.len() > MAX_KEY {
            return Err(DkimErrorKind::TooLarge { limit: MAX_KEY }.into());
        }
        let check_size = |bits| match bits {
            2048..=4096 => Ok(()),
            _ => Err(DkimError::from(DkimErrorKind::RsaSize { bits })),
        };
        let pair = match der::shape(der)? {
            Shape::Pkcs8Ed25519 => Ed25519KeyPair::from_pkcs8(der).map(Pair::Ed25519),
            Shape::Pkcs8Rsa { bits } => check_size(bits).map(|()| RsaKeyPair::from_pkcs8(der).map(Pair::Rsa))?,
            Shape::Pkcs1 { bits } => check_size(bits).map(|()| RsaKeyPair::from_der(der).map(Pair::Rsa))?,
        };
        Ok(Self(Arc::new(pair.map_err(|error| DkimError::from(DkimErrorKind::Rejected).because(error))?)))
    }

    /// Takes the 32 octets of an Ed25519 private key (RFC 8032 §5.1.5), which is the form in RFC 8463
    /// and in dkimpy's key files (there in base64).
    ///
    /// # Errors
    /// [`DkimErrorKind::Rejected`] if the library refuses them.
    pub fn from_ed25519_seed(seed: &[u8; 32]) -> Result<Self, DkimError> {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed)
            .map_err(|error| DkimError::from(DkimErrorKind::Rejected).because(error))?;
        Ok(Self(Arc::new(Pair::Ed25519(pair))))
    }

    /// The key in PKCS #8, version 1, which every other tool reads.
    ///
    /// # Errors
    /// [`DkimErrorKind::Rejected`] if the library cannot write it.
    pub fn to_der(&self) -> Result<Zeroizing<Vec<u8>>, DkimError> {
        let der: Result<Pkcs8V1Der<'_>, Unspecified> = match &*self.0 {
            Pair::Ed25519(pair) => pair.as_der(),
            Pair::Rsa(pair) => pair.as_der(),
        };
        let der = der.map_err(|error| DkimError::from(DkimErrorKind::Rejected).because(error))?;
        Ok(Zeroizing::new(der.as_ref().to_vec()))
    }

    /// The key as PEM: `PRIVATE KEY`, PKCS #8.
    ///
    /// # Errors
    /// As [`to_der`](Self::to_der).
    pub fn to_pem(&self) -> Result<Zeroizing<String>, DkimError> {
        Ok(pem::compose("PRIVATE KEY", &self.to_der()?))
    }

    /// Which kind.
    pub fn kind(&self) -> KeyKind {
        match &*self.0 {
            Pair::Ed25519(_) => KeyKind::Ed25519,
            Pair::Rsa(_) => KeyKind::Rsa2048,
        }
    }

    /// The algorithm it signs with.
    pub fn algorithm(&self) -> Algorithm {
        match &*self.0 {
            Pair::Ed25519(_) => Algorithm::Ed25519Sha256,
            Pair::Rsa(_) => Algorithm::RsaSha256,
        }
    }

    /// The public key as it stands in the record's `p=`, before base64: a SubjectPublicKeyInfo for RSA (RFC 6376
    /// §3.6.1), 32 octets for Ed25519 (RFC 8463 §4).
    ///
    /// # Errors
    /// [`DkimErrorKind::Rejected`] if the library cannot write it.
    pub fn public_key(&self) -> Result<Vec<u8>, DkimError> {
        match &*self.0 {
            Pair::Ed25519(pair) => Ok(pair.public_key().as_ref().to_vec()),
            Pair::Rsa(pair) => {
                let der: Result<PublicKeyX509Der<'_>, Unspecified> = pair.public_key().as_der();
                let der = der.map_err(|error| DkimError::from(DkimErrorKind::Rejected).because(error))?;
                Ok(der.as_ref().to_vec())
            }
        }
    }

    /// The record to publish for this key.
    ///
    /// # Errors
    /// [`DkimErrorKind::Name`] if selector and domain together are too long for the DNS.
    pub fn record(&self, selector: &Selector, domain: &Domain) -> Result<DkimRecord, DkimError> {
        Ok(DkimRecord::new(selector.record_name(domain)?, self.algorithm(), &self.public_key()?))
    }

    /// Signs a SHA-256 digest (for Ed25519 the digest is the message: RFC 8463 §3).
    pub(crate) fn sign(&self, digest: &Digest) -> Result<Vec<u8>, Unspecified> {
        match &*self.0 {
            Pair::Ed25519(pair) => Ok(pair.try_sign(digest.as_ref())?.as_ref().to_vec()),
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign_digest(&RSA_PKCS1_SHA256, digest, &mut signature)?;
                Ok(signature)
            }
        }
    }
}

impl fmt::Debug for DkimKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DkimKey({}, ***)", self.algorithm())
    }
}

/// An RSA key of 8192 bits has 6 KiB of PEM.
const MAX_KEY: usize = 64 * 1024;

#[cfg(test)]
mod tests {
    use aws_lc_rs::digest::{SHA256, digest};
    use data_encoding::BASE64;

    use super::*;
    use crate::algorithm::Canonicalization::Relaxed;
    use crate::canon;

    /// RFC 8463 §A.3: the canonical header of the example, hashed and signed with the key of §A.1, has the signature of the
    /// example, octet for octet: Ed25519 has nothing random (RFC 8032 §5.1.6).
    #[test]
    fn rfc8463_appendix_a_is_signed_to_the_same_octets() {
        let fields = [
            ("From", " Joe SixPack <joe@football.example.com>"),
            ("To", " Suzie Q <suzie@shopping.example.net>"),
            ("Subject", " Is dinner ready?"),
            ("Date", " Fri, 11 Jul 2003 21:00:37 -0700 (PDT)"),
            ("Message-ID", " <20030712040037.46341.5F8J@football.example.com>"),
        ];
        let unsigned = " v=1; a=ed25519-sha256; c=relaxed/relaxed;\r\n d=football.example.com; i=@football.example.com;\r\n \
                        q=dns/txt; s=brisbane; t=1528637909; h=from : to :\r\n subject : date : message-id : from : subject : \
                        date;\r\n bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r\n b=";
        let mut header = Vec::new();
        for (name, value) in fields.into_iter().chain([("DKIM-Signature", unsigned)]) {
            canon::header(Relaxed, name.as_bytes(), value.as_bytes(), &mut header);
        }
        let header = header.strip_suffix(b"\r\n").unwrap();
        let seed = BASE64.decode(b"nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=").unwrap();
        let key = DkimKey::from_ed25519_seed(&seed.try_into().unwrap()).unwrap();
        let signature = BASE64.encode(&key.sign(&digest(&SHA256, header)).unwrap());
        let expected = "/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11BusFa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==";
        assert_eq!(signature, expected);
    }
}
