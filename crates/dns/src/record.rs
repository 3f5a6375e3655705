//! What is asked for, and what is found.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

use posthaste_types::DnsName;

/// The types of record that the delivery of mail asks for (an open set: it may grow).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum RecordKind {
    /// An IPv4 address (RFC 1035 §3.4.1).
    A,
    /// An IPv6 address (RFC 3596 §2.1).
    Aaaa,
    /// The name that this one is an alias of (RFC 1035 §3.3.1).
    Cname,
    /// The digest of a child zone's key (RFC 4034 §5).
    Ds,
    /// A host that takes the domain's mail (RFC 1035 §3.3.9, RFC 5321 §5.1).
    Mx,
    /// A name server of the zone (RFC 1035 §3.3.11).
    Ns,
    /// The name of an address (RFC 1035 §3.3.12).
    Ptr,
    /// The start of a zone (RFC 1035 §3.3.13).
    Soa,
    /// A certificate or key that a TLS server shows (RFC 6698 §2).
    Tlsa,
    /// Text: SPF, DKIM, DMARC, MTA-STS (RFC 1035 §3.3.14).
    Txt,
}

impl RecordKind {
    /// Every kind, in the order of the alphabet.
    pub const ALL: &[RecordKind] =
        &[Self::A, Self::Aaaa, Self::Cname, Self::Ds, Self::Mx, Self::Ns, Self::Ptr, Self::Soa, Self::Tlsa, Self::Txt];

    /// The mnemonic of the master files: `MX`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::A => "A",
            Self::Aaaa => "AAAA",
            Self::Cname => "CNAME",
            Self::Ds => "DS",
            Self::Mx => "MX",
            Self::Ns => "NS",
            Self::Ptr => "PTR",
            Self::Soa => "SOA",
            Self::Tlsa => "TLSA",
            Self::Txt => "TXT",
        }
    }
}

impl fmt::Display for RecordKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One record's data.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum RecordData {
    /// An IPv4 address.
    A(Ipv4Addr),
    /// An IPv6 address.
    Aaaa(Ipv6Addr),
    /// The name that this one is an alias of.
    Cname(DnsName),
    /// The digest of a child zone's key.
    Ds(Ds),
    /// A mail host.
    Mx(Mx),
    /// A name server.
    Ns(DnsName),
    /// The name of an address.
    Ptr(DnsName),
    /// The start of a zone.
    Soa(Soa),
    /// A certificate association.
    Tlsa(Tlsa),
    /// The record's strings, joined without anything between them (RFC 7208 §3.3, RFC 6376 §3.6.2.2).
    Txt(Vec<u8>),
}

impl RecordData {
    /// Which kind of record this is.
    pub const fn kind(&self) -> RecordKind {
        match self {
            Self::A(_) => RecordKind::A,
            Self::Aaaa(_) => RecordKind::Aaaa,
            Self::Cname(_) => RecordKind::Cname,
            Self::Ds(_) => RecordKind::Ds,
            Self::Mx(_) => RecordKind::Mx,
            Self::Ns(_) => RecordKind::Ns,
            Self::Ptr(_) => RecordKind::Ptr,
            Self::Soa(_) => RecordKind::Soa,
            Self::Tlsa(_) => RecordKind::Tlsa,
            Self::Txt(_) => RecordKind::Txt,
        }
    }
}

/// The data of a DS record (RFC 4034 §5.1).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub struct Ds {
    /// The key tag.
    pub key_tag: u16,
    /// The number of the key's algorithm.
    pub algorithm: u8,
    /// The number of the digest's algorithm.
    pub digest_type: u8,
    /// The digest.
    pub digest: Vec<u8>,
}

impl Ds {
    /// Puts one together.
    pub fn new(key_tag: u16, algorithm: u8, digest_type: u8, digest: Vec<u8>) -> Self {
        Self { key_tag, algorithm, digest_type, digest }
    }
}

/// The data of an MX record (RFC 1035 §3.3.9).
///
/// An exchange that is the root says "no mail here" (RFC 7505): see [`is_null`](Self::is_null).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub struct Mx {
    /// Lower is tried first.
    pub preference: u16,
    /// The host.
    pub exchange: DnsName,
}

impl Mx {
    /// Puts one together.
    pub fn new(preference: u16, exchange: DnsName) -> Self {
        Self { preference, exchange }
    }

    /// Whether the exchange is the root: the null MX of RFC 7505 §3, if it is the only record.
    pub fn is_null(&self) -> bool {
        self.exchange.is_root()
    }
}

/// The data of an SOA record (RFC 1035 §3.3.13); the times are in seconds.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub struct Soa {
    /// The primary name server (MNAME).
    pub primary: DnsName,
    /// The mailbox of the zone's keeper, its `@` written as a dot (RNAME).
    pub mailbox: DnsName,
    /// The zone's serial number.
    pub serial: u32,
    /// Seconds between two looks at the serial.
    pub refresh: u32,
    /// Seconds until a failed look is repeated.
    pub retry: u32,
    /// Seconds after which a zone that cannot be refreshed is given up.
    pub expire: u32,
    /// How many seconds a negative answer is kept (RFC 2308 §4).
    pub minimum: u32,
}

impl Soa {
    /// An SOA with usual times (refresh 7200, retry 1800, expire 1209600), whose negative answers are kept
    /// `minimum` seconds.
    pub fn new(primary: DnsName, mailbox: DnsName, serial: u32, minimum: u32) -> Self {
        Self { primary, mailbox, serial, refresh: 7200, retry: 1800, expire: 1_209_600, minimum }
    }
}

/// The data of a TLSA record (RFC 6698 §2.1).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub struct Tlsa {
    /// The certificate usage: 2 is DANE-TA, 3 is DANE-EE (RFC 7218 §2.1).
    pub usage: u8,
    /// The selector: 0 is the certificate, 1 its public key.
    pub selector: u8,
    /// The matching type: 0 is the whole, 1 SHA-256, 2 SHA-512.
    pub matching: u8,
    /// The certificate association data.
    pub data: Vec<u8>,
}

impl Tlsa {
    /// Puts one together.
    pub fn new(usage: u8, selector: u8, matching: u8, data: Vec<u8>) -> Self {
        Self { usage, selector, matching, data }
    }
}
