//! Just enough DER to say what a key is, before the library is asked and refuses without a reason.

use crate::error::{DkimError, DkimErrorKind};

/// The forms in which a private key may come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    Pkcs8Ed25519,
    Pkcs8Rsa { bits: usize },
    Pkcs1 { bits: usize },
}

/// Tells the form of a private key.
pub(super) fn shape(der: &[u8]) -> Result<Shape, DkimError> {
    let outer = Element::first(der).filter(|(outer, rest)| outer.tag == SEQUENCE && rest.is_empty());
    let Some((outer, _)) = outer else {
        return Err(DkimErrorKind::Malformed { why: "not one DER sequence" }.into());
    };
    let mut parts = Element::all(outer.content);
    let kind = match (parts.next(), parts.next(), parts.next()) {
        // PrivateKeyInfo (RFC 5958 §2): version, algorithm, key.
        (Some(version), Some(algorithm), Some(key))
            if (version.tag, algorithm.tag, key.tag) == (INTEGER, SEQUENCE, OCTET_STRING) =>
        {
            return pkcs8(algorithm, key);
        }
        // RSAPrivateKey (RFC 8017 §A.1.2): version, modulus, public exponent and more.
        (Some(version), Some(modulus), Some(exponent)) if [version.tag, modulus.tag, exponent.tag] == [INTEGER; 3] => {
            return Ok(Shape::Pkcs1 { bits: modulus.bits() });
        }
        // EncryptedPrivateKeyInfo (RFC 5958 §3): algorithm, octets.
        (Some(a), Some(b), None) if (a.tag, b.tag) == (SEQUENCE, OCTET_STRING) => DkimErrorKind::Encrypted,
        // SubjectPublicKeyInfo (RFC 5280 §4.1): algorithm, bits. RSAPublicKey: modulus, exponent.
        (Some(a), Some(b), None) if (a.tag, b.tag) == (SEQUENCE, BIT_STRING) => DkimErrorKind::PublicKey,
        (Some(a), Some(b), None) if (a.tag, b.tag) == (INTEGER, INTEGER) => DkimErrorKind::PublicKey,
        // ECPrivateKey (RFC 5915 §3): version, octets and more.
        (Some(a), Some(b), _) if (a.tag, b.tag) == (INTEGER, OCTET_STRING) => DkimErrorKind::Unsupported { what: EC },
        _ => DkimErrorKind::Malformed { why: "not the structure of a key" },
    };
    Err(kind.into())
}

fn pkcs8(algorithm: Element<'_>, key: Element<'_>) -> Result<Shape, DkimError> {
    let oid = Element::first(algorithm.content).map(|(oid, _)| oid);
    match oid.filter(|oid| oid.tag == OBJECT_IDENTIFIER).map(|oid| oid.content) {
        Some(OID_ED25519) => Ok(Shape::Pkcs8Ed25519),
        Some(OID_RSA) => match shape_of_inner_rsa(key.content) {
            Some(bits) => Ok(Shape::Pkcs8Rsa { bits }),
            None => Err(DkimErrorKind::Malformed { why: "no RSA key inside PKCS #8" }.into()),
        },
        Some(OID_EC) => Err(DkimErrorKind::Unsupported { what: EC }.into()),
        Some(_) => Err(DkimErrorKind::Unsupported { what: "a key of this algorithm" }.into()),
        None => Err(DkimErrorKind::Malformed { why: "no algorithm in PKCS #8" }.into()),
    }
}

fn shape_of_inner_rsa(content: &[u8]) -> Option<usize> {
    let (sequence, _) = Element::first(content)?;
    let modulus = Element::all(sequence.content).nth(1)?;
    (sequence.tag == SEQUENCE && modulus.tag == INTEGER).then(|| modulus.bits())
}

#[derive(Clone, Copy)]
struct Element<'a> {
    tag: u8,
    content: &'a [u8],
}

impl<'a> Element<'a> {
    /// The first element, and what is behind it.
    fn first(input: &'a [u8]) -> Option<(Self, &'a [u8])> {
        let (&tag, input) = input.split_first()?;
        let (&first, input) = input.split_first()?;
        let (length, input) = match first {
            0..=0x7f => (usize::from(first), input),
            0x81..=0x83 => {
                let (octets, input) = input.split_at_checked(usize::from(first & 0x7f))?;
                (octets.iter().fold(0, |length, octet| length << 8 | usize::from(*octet)), input)
            }
            // 0x80, the indefinite form, is not DER; four octets of length are no key.
            _ => return None,
        };
        let (content, rest) = input.split_at_checked(length)?;
        Some((Self { tag, content }, rest))
    }

    fn all(mut input: &'a [u8]) -> impl Iterator<Item = Self> {
        std::iter::from_fn(move || {
            let (element, rest) = Self::first(input)?;
            input = rest;
            Some(element)
        })
    }

    /// The length of a positive integer, in bits.
    fn bits(self) -> usize {
        let zeros = self.content.iter().take_while(|octet| **octet == 0).count();
        let number = self.content.get(zeros..).unwrap_or_default();
        let leading = number.first().map_or(0, |octet| octet.leading_zeros() as usize);
        (number.len() * 8).saturating_sub(leading)
    }
}

const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const OCTET_STRING: u8 = 0x04;
const OBJECT_IDENTIFIER: u8 = 0x06;
const SEQUENCE: u8 = 0x30;
/// 1.2.840.113549.1.1.1 (RFC 8017 §A.1).
const OID_RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
/// 1.3.101.112 (RFC 8410 §3).
const OID_ED25519: &[u8] = &[0x2b, 0x65, 0x70];
/// 1.2.840.10045.2.1 (RFC 5480 §2.1.1).
const OID_EC: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
const EC: &str = "an elliptic curve (ECDSA) key";
