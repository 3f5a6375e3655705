//! What is asked about.

use std::fmt;
use std::net::IpAddr;

use posthaste_types::{DnsName, Domain, ParseError};

/// What a list is asked about.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Subject {
    /// A domain.
    Domain(Domain),
    /// The address of a host.
    Ip(IpAddr),
}

impl Subject {
    /// The name to ask in `zone` (RFC 5782 §2.1, §2.4, §3): the octets or nibbles of an address in reverse
    /// order, or the domain.
    ///
    /// # Errors
    /// [`ParseError`] if the name is longer than a DNS name may be.
    pub fn name_in(&self, zone: &DnsName) -> Result<DnsName, ParseError> {
        match self {
            Self::Domain(domain) => zone.below(domain.as_str()),
            Self::Ip(address) => {
                let reverse = DnsName::reverse(*address);
                let labels = reverse.as_str();
                let labels = labels.strip_suffix(".in-addr.arpa").or_else(|| labels.strip_suffix(".ip6.arpa"));
                zone.below(labels.unwrap_or_default())
            }
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Domain(domain) => domain.fmt(f),
            Self::Ip(address) => address.fmt(f),
        }
    }
}

impl From<IpAddr> for Subject {
    fn from(address: IpAddr) -> Self {
        Self::Ip(address)
    }
}

impl From<Domain> for Subject {
    fn from(domain: Domain) -> Self {
        Self::Domain(domain)
    }
}
