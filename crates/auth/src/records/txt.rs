//! A TXT record with its name.

use std::fmt;

use posthaste_types::{DnsName, Domain, ParseError};

use super::{BimiRecord, DkimKeyRecord};
use crate::{dmarc, mta_sts, spf, tls_rpt};

/// A TXT record to publish. `Display` is its line in a zone file (RFC 1035 §5.1).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TxtRecord {
    /// Where it stands.
    pub name: DnsName,
    /// The whole text.
    pub value: String,
}

impl TxtRecord {
    /// The longest string of a TXT record, in octets (RFC 1035 §3.3).
    pub const MAX_STRING: usize = 255;

    /// Any text at any name.
    pub fn new(name: DnsName, value: impl fmt::Display) -> Self {
        Self { name, value: value.to_string() }
    }

    /// An SPF record, which stands at the domain itself (RFC 7208 §3).
    pub fn spf(domain: &Domain, record: &spf::Record) -> Self {
        Self::new(domain.into(), record)
    }

    /// A DMARC record (RFC 9989 §4.7).
    ///
    /// # Errors
    /// [`ParseError`] if the domain is too long to have one; so with the others below.
    pub fn dmarc(domain: &Domain, record: &dmarc::Record) -> Result<Self, ParseError> {
        Ok(Self::new(DnsName::from(domain).below("_dmarc")?, record))
    }

    /// A DKIM key (RFC 6376 §3.6.2.1).
    ///
    /// # Errors
    /// [`ParseError`] if the selector is no name, or the whole is too long.
    pub fn dkim(selector: &str, domain: &Domain, record: &DkimKeyRecord) -> Result<Self, ParseError> {
        Ok(Self::new(DnsName::from(domain).below(&format!("{selector}._domainkey"))?, record))
    }

    /// The record of an MTA-STS policy (RFC 8461 §3.1).
    ///
    /// # Errors
    /// [`ParseError`] if the domain is too long to have one.
    pub fn mta_sts(domain: &Domain, record: &mta_sts::Record) -> Result<Self, ParseError> {
        Ok(Self::new(mta_sts::record_name(domain)?, record))
    }

    /// A TLS-RPT record (RFC 8460 §3).
    ///
    /// # Errors
    /// [`ParseError`] if the domain is too long to have one.
    pub fn tls_rpt(domain: &Domain, record: &tls_rpt::Record) -> Result<Self, ParseError> {
        Ok(Self::new(tls_rpt::record_name(domain)?, record))
    }

    /// A BIMI record; the usual selector is `default`.
    ///
    /// # Errors
    /// [`ParseError`] if the selector is no name, or the whole is too long.
    pub fn bimi(selector: &str, domain: &Domain, record: &BimiRecord) -> Result<Self, ParseError> {
        Ok(Self::new(DnsName::from(domain).below(&format!("{selector}._bimi"))?, record))
    }

    /// The text in strings of at most [`MAX_STRING`](Self::MAX_STRING) octets; readers join them again.
    pub fn strings(&self) -> impl Iterator<Item = &[u8]> {
        self.value.as_bytes().chunks(Self::MAX_STRING)
    }
}

impl fmt::Display for TxtRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}. IN TXT", self.name)?;
        if self.value.is_empty() {
            return f.write_str(" \"\"");
        }
        for string in self.strings() {
            f.write_str(" \"")?;
            for octet in string {
                match octet {
                    b'"' | b'\\' => write!(f, "\\{}", char::from(*octet))?,
                    b' '..=b'~' => write!(f, "{}", char::from(*octet))?,
                    octet => write!(f, "\\{octet:03}")?, // RFC 1035 §5.1
                }
            }
            f.write_str("\"")?;
        }
        Ok(())
    }
}
