//! The hosts that a policy names.

use std::fmt;
use std::str::FromStr;

use posthaste_types::{DnsName, Domain, ParseError};

/// A host, or all hosts one label below a domain (§3.2, §4.1): `mx.example.com`, `*.example.com`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MxPattern {
    reach: Reach,
    domain: Domain,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Reach {
    Host,
    OneLabelBelow,
}

impl MxPattern {
    /// Reads a pattern. `*` stands alone and leftmost, or nowhere.
    ///
    /// # Errors
    /// [`ParseError`] with the offset of the first offence.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        match text.strip_prefix("*.") {
            Some(rest) => {
                let domain = Domain::parse(rest).map_err(|error| error.within(2))?;
                Ok(Self { reach: Reach::OneLabelBelow, domain })
            }
            None => Ok(Self { reach: Reach::Host, domain: Domain::parse(text)? }),
        }
    }

    /// Whether the pattern names this host: `*` is exactly one label (§4.1, RFC 6125 §6.4).
    pub fn matches(&self, host: &DnsName) -> bool {
        match self.reach {
            Reach::Host => host.as_str() == self.domain.as_str(),
            Reach::OneLabelBelow => host.parent().is_some_and(|parent| parent.as_str() == self.domain.as_str()),
        }
    }
}

impl FromStr for MxPattern {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        Self::parse(text)
    }
}

impl fmt::Display for MxPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.reach {
            Reach::Host => self.domain.fmt(f),
            Reach::OneLabelBelow => write!(f, "*.{}", self.domain),
        }
    }
}

impl fmt::Debug for MxPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MxPattern({self})")
    }
}
