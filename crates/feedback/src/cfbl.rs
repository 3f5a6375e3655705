//! Complaint Feedback Loop Addresses (RFC 9477): the header field, and when it may be used.
//!
//! ```
//! use posthaste_feedback::cfbl::{self, CfblAddress, Signature};
//!
//! let field: CfblAddress = "fbl@news.example.com; report=arf".parse()?;
//! assert_eq!(field.to_string(), "fbl@news.example.com; report=arf");
//!
//! // A domain below that in From: the signature that holds for From will do, if it covers the field.
//! let from = "example.com".parse()?;
//! let signature = Signature::new("example.com".parse()?, ["From", "CFBL-Address"]);
//! assert!(cfbl::alignment(&from, &field, &[signature]).is_ok());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! To write the field give `CFBL-Address` and its text to the message's `header`; signers of `posthaste-dkim` cover it, and
//! CFBL-Feedback-ID, whenever it is there. Whatever stands in CFBL-Feedback-ID comes back as it is: put a token there, not a
//! name.

use std::fmt;
use std::str::FromStr;

use posthaste_types::{Address, DnsName, Domain, ParseError, ParseErrorKind};

/// The value of a CFBL-Address field: where complaints about the message go (RFC 9477 §4.1).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CfblAddress {
    /// The address.
    pub address: Address,
    /// The format that is wanted; ARF unless said.
    pub format: Option<ReportFormat>,
}

/// In which format complaints are wanted (RFC 9477 §4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "RFC 9477 §4.1 has these two")]
pub enum ReportFormat {
    /// The Abuse Reporting Format (RFC 5965).
    Arf,
    /// XARF.
    Xarf,
}

/// A DKIM signature of the message that holds, and what it covers.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Signature {
    /// Its domain, `d=`.
    pub domain: DnsName,
    /// Its fields, `h=`.
    pub covers: Vec<String>,
}

/// How the address relates to the author (RFC 9477 §3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "RFC 9477 §3.1 has these three")]
pub enum Alignment {
    /// §3.1.1: the same domain as in From.
    Strict,
    /// §3.1.2: a domain below it.
    Relaxed,
    /// §3.1.3: another domain, which signed too.
    ThirdParty,
}

/// Why the address may not be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum Shortfall {
    /// No signature that holds is of the domain in From, or of one above it.
    #[error("no valid DKIM signature of the domain in From")]
    FromNotSigned,
    /// No signature that holds is of the domain of the address, which is not that in From.
    #[error("no valid DKIM signature of the domain of CFBL-Address")]
    AddressNotSigned,
    /// The signature that would do does not cover the field.
    #[error("the DKIM signature does not cover CFBL-Address")]
    NotCovered,
}

impl CfblAddress {
    /// An address that takes what it gets.
    pub fn new(address: Address) -> Self {
        Self { address, format: None }
    }
}

impl FromStr for CfblAddress {
    type Err = ParseError;

    /// Reads the value of the field, folded or not.
    fn from_str(value: &str) -> Result<Self, ParseError> {
        let (address, rest) = value.split_once(';').map_or((value, None), |(address, rest)| (address, Some(rest)));
        let at = address.len() - address.trim_start().len();
        let address = Address::parse(address.trim()).map_err(|error| error.within(at))?;
        let format = rest.map(|rest| format_of(rest.trim()).ok_or_else(|| wrong(value))).transpose()?;
        Ok(Self { address, format })
    }
}

fn wrong(value: &str) -> ParseError {
    let at = value.find(';').unwrap_or_default().saturating_add(1);
    ParseError::new("CFBL-Address", ParseErrorKind::Syntax("neither report=arf nor report=xarf"), at)
}

/// The words are case-sensitive (RFC 9477 §4.1).
fn format_of(text: &str) -> Option<ReportFormat> {
    match text {
        "report=arf" => Some(ReportFormat::Arf),
        "report=xarf" => Some(ReportFormat::Xarf),
        _ => None,
    }
}

impl fmt::Display for CfblAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.address.fmt(f)?;
        match self.format {
            None => Ok(()),
            Some(ReportFormat::Arf) => f.write_str("; report=arf"),
            Some(ReportFormat::Xarf) => f.write_str("; report=xarf"),
        }
    }
}

impl Signature {
    /// A signature of a domain over these fields.
    pub fn new<'a>(domain: DnsName, covers: impl IntoIterator<Item = &'a str>) -> Self {
        Self { domain, covers: covers.into_iter().map(str::to_owned).collect() }
    }

    fn covers_address(&self) -> bool {
        self.covers.iter().any(|name| name.trim().eq_ignore_ascii_case("CFBL-Address"))
    }

    fn is_of(&self, domain: &DnsName) -> bool {
        domain.is_within(&self.domain) && self.domain.parent().is_some_and(|parent| !parent.is_root())
    }
}

/// Whether a provider may send a complaint to the address, given the signatures of the message that hold: and whether one of
/// ours will be used.
///
/// # Errors
/// [`Shortfall`] if RFC 9477 §3.1 forbids it.
pub fn alignment(from: &Domain, field: &CfblAddress, signatures: &[Signature]) -> Result<Alignment, Shortfall> {
    let (from, address) = (DnsName::from(from), DnsName::from(field.address.domain()));
    let of_from: Vec<&Signature> = signatures.iter().filter(|one| one.is_of(&from)).collect();
    if of_from.is_empty() {
        return Err(Shortfall::FromNotSigned);
    }
    let (alignment, deciding) = match address.is_within(&from) {
        true if address == from => (Alignment::Strict, of_from),
        true => (Alignment::Relaxed, of_from),
        false => (Alignment::ThirdParty, signatures.iter().filter(|one| one.is_of(&address)).collect()),
    };
    match deciding.as_slice() {
        [] => Err(Shortfall::AddressNotSigned),
        some if some.iter().any(|one| one.covers_address()) => Ok(alignment),
        _ => Err(Shortfall::NotCovered),
    }
}
