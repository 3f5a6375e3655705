//! MTA-STS (RFC 8461): a domain says that its mail hosts speak TLS, and which hosts they are.

use posthaste_types::{DnsName, Domain, ParseError};

mod kept;
mod pattern;
mod policy;
mod record;

pub use kept::KeptPolicy;
pub use pattern::MxPattern;
pub use policy::{Mode, Policy};
pub use record::Record;

/// Where the TXT record of a domain stands (§3.1): `_mta-sts.example.com`.
///
/// # Errors
/// [`ParseError`] if the domain is too long to have one.
pub fn record_name(domain: &Domain) -> Result<DnsName, ParseError> {
    DnsName::from(domain).below("_mta-sts")
}

/// The host that serves the policy of a domain (§3.3): `mta-sts.example.com`.
///
/// # Errors
/// [`ParseError`] if the domain is too long to have one.
pub fn policy_host(domain: &Domain) -> Result<DnsName, ParseError> {
    DnsName::from(domain).below("mta-sts")
}

/// The path of the policy on that host (§3.3).
pub const POLICY_PATH: &str = "/.well-known/mta-sts.txt";
