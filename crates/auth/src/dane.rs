//! DANE for SMTP (RFC 6698, RFC 7671, RFC 7672): which TLSA records count, and what they match.
//!
//! Whether the records may be believed at all (RFC 7672 §2: only DNSSEC-secure answers) is for the caller.

use std::fmt;

use posthaste_dns::Tlsa;
use posthaste_types::{DnsName, ParseError};
use sha2::{Digest as _, Sha256, Sha512};

/// A TLSA record that is usable for SMTP (RFC 7672 §3.1).
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Association {
    usage: Usage,
    selector: Selector,
    matching: Matching,
    data: Box<[u8]>,
}

/// What the record is about (RFC 6698 §2.1.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Usage {
    /// 2, DANE-TA: an authority in the chain that the server shows. Names and dates count (RFC 7672 §3.1.2).
    TrustAnchor,
    /// 3, DANE-EE: the server's own certificate. Neither its names nor its dates count (RFC 7672 §3.1.1).
    EndEntity,
}

/// Which part of the certificate it is about (RFC 6698 §2.1.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Selector {
    /// 0: the whole certificate, in DER.
    Certificate,
    /// 1: the SubjectPublicKeyInfo, in DER.
    PublicKey,
}

/// How the part is compared (RFC 6698 §2.1.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Matching {
    /// 0: octet by octet.
    Full,
    /// 1: by its SHA-256 digest.
    Sha256,
    /// 2: by its SHA-512 digest.
    Sha512,
}

/// Why a TLSA record is not usable for SMTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Unusable {
    /// The data is empty, too long, or no digest of its kind.
    Data,
    /// The matching type is not known.
    Matching,
    /// The selector is not known.
    Selector,
    /// PKIX-TA and PKIX-EE (0 and 1) are not used with SMTP (RFC 7672 §3.1.3), others are not known.
    Usage,
}

impl Association {
    /// The longest association data, in octets.
    pub const MAX: usize = 16 * 1024;

    /// What a record says, if it is usable.
    ///
    /// # Errors
    /// [`Unusable`] that says which field is to blame.
    pub fn of(record: &Tlsa) -> Result<Self, Unusable> {
        let usage = match record.usage {
            2 => Usage::TrustAnchor,
            3 => Usage::EndEntity,
            _ => return Err(Unusable::Usage),
        };
        let selector = match record.selector {
            0 => Selector::Certificate,
            1 => Selector::PublicKey,
            _ => return Err(Unusable::Selector),
        };
        let (matching, len) = match record.matching {
            0 => (Matching::Full, 1..=Self::MAX),
            1 => (Matching::Sha256, 32..=32),
            2 => (Matching::Sha512, 64..=64),
            _ => return Err(Unusable::Matching),
        };
        if !len.contains(&record.data.len()) {
            return Err(Unusable::Data);
        }
        Ok(Self { usage, selector, matching, data: record.data.as_slice().into() })
    }

    /// What the record is about.
    pub fn usage(&self) -> Usage {
        self.usage
    }

    /// Which part of the certificate it is about.
    pub fn selector(&self) -> Selector {
        self.selector
    }

    /// How the part is compared.
    pub fn matching(&self) -> Matching {
        self.matching
    }

    /// The octets that are compared.
    pub fn data(&self) -> &[u8] {
        &self.data
    }

    /// Whether it matches a certificate, given whole and by its SubjectPublicKeyInfo, both in DER. Whether that is the
    /// certificate which its [`usage`](Self::usage) is about is for the caller.
    pub fn matches(&self, certificate: &[u8], public_key: &[u8]) -> bool {
        let part = match self.selector {
            Selector::Certificate => certificate,
            Selector::PublicKey => public_key,
        };
        match self.matching {
            Matching::Full => *self.data == *part,
            Matching::Sha256 => *self.data == *Sha256::digest(part),
            Matching::Sha512 => *self.data == *Sha512::digest(part),
        }
    }
}

impl fmt::Display for Association {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let usage = match self.usage {
            Usage::TrustAnchor => 2,
            Usage::EndEntity => 3,
        };
        let selector = match self.selector {
            Selector::Certificate => 0,
            Selector::PublicKey => 1,
        };
        let matching = match self.matching {
            Matching::Full => 0,
            Matching::Sha256 => 1,
            Matching::Sha512 => 2,
        };
        write!(f, "{usage} {selector} {matching} ")?;
        self.data.iter().try_for_each(|octet| write!(f, "{octet:02x}"))
    }
}

impl fmt::Debug for Association {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Association({self})")
    }
}

/// Where the TLSA records of a server stand (RFC 6698 §3, RFC 7672 §2.2.3): `_25._tcp.mx.example.com`.
///
/// # Errors
/// [`ParseError`] if the host is too long to have them.
pub fn record_name(port: u16, host: &DnsName) -> Result<DnsName, ParseError> {
    host.below(&format!("_{port}._tcp"))
}
