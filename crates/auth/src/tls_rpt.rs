//! TLS-RPT (RFC 8460): a domain asks how TLS to its mail hosts fared, and what is told.

use posthaste_types::{DnsName, Domain, ParseError};

mod record;
mod result;
mod tally;

pub use record::{Record, Rua};
pub use result::{Failure, PolicyType, ResultType, TlsPolicyUsed, TlsResult};
pub use tally::{DomainTally, FailureTally, PolicyTally, Tally, TallyLimits};

/// Where the TXT record of a domain stands (§3): `_smtp._tls.example.com`.
///
/// # Errors
/// [`ParseError`] if the domain is too long to have one.
pub fn record_name(domain: &Domain) -> Result<DnsName, ParseError> {
    DnsName::from(domain).below("_smtp._tls")
}
