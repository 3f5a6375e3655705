//! Whether an address has a name that leads back to it: iprev (RFC 8601 §2.7.3 and §3), or FCrDNS.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use posthaste_auth::iprev::{self, Verdict};
//! use posthaste_dns::MemoryZone;
//! use posthaste_types::Tick;
//!
//! let dns: MemoryZone = "1.2.0.192.in-addr.arpa. IN PTR mail.example.com.\nmail.example.com. IN A 192.0.2.1".parse()?;
//! let outcome = iprev::check(&dns, "192.0.2.1".parse()?, Tick::default()).await;
//! assert_eq!(outcome.verdict, Verdict::Pass);
//! assert_eq!(outcome.to_string(), "pass: 192.0.2.1 is mail.example.com");
//! # Ok(())
//! # }
//! ```

use std::fmt;
use std::net::IpAddr;

use posthaste_dns::{DnsError, RecordData, RecordKind, Resolve};
use posthaste_types::{DnsName, Tick};

/// The result of an iprev check, with its evidence.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Outcome {
    /// The result.
    pub verdict: Verdict,
    /// The address.
    pub ip: IpAddr,
    /// The names of the address, the first [`MAX_NAMES`], each with what it leads to.
    pub names: Vec<(DnsName, Forward)>,
    /// Why the names are not known, for [`Verdict::TempError`].
    pub error: Option<DnsError>,
}

/// The result words of RFC 8601 §2.7.3.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "RFC 8601 §2.7.3 has these four")]
pub enum Verdict {
    /// A name leads back to the address.
    Pass,
    /// There are names and they have addresses, none of which is this one.
    Fail,
    /// It could not be found out now.
    TempError,
    /// The address has no name, or none of its names an address.
    PermError,
}

/// What one name leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "back, elsewhere, nowhere, or unknown")]
pub enum Forward {
    /// Back to the address.
    Back,
    /// To other addresses.
    Elsewhere,
    /// To none.
    Nowhere,
    /// The DNS did not answer.
    Unknown,
}

/// How many names of an address are looked at.
pub const MAX_NAMES: usize = 10;

/// Checks an address; at most [`MAX_NAMES`] and one questions, by `by` of the resolver's clock.
///
/// Cancel safe: dropping the future only ends the check.
pub async fn check(resolver: &dyn Resolve, ip: IpAddr, by: Tick) -> Outcome {
    let ip = ip.to_canonical();
    let mut outcome = Outcome { verdict: Verdict::TempError, ip, names: Vec::new(), error: None };
    let answer = match resolver.resolve(&DnsName::reverse(ip), RecordKind::Ptr, by).await {
        Ok(answer) => answer,
        Err(error) => {
            outcome.error = Some(error);
            return outcome;
        }
    };
    for data in answer.records().iter().take(MAX_NAMES) {
        let RecordData::Ptr(name) = data else { continue };
        let forward = forward(resolver, name, ip, by).await;
        outcome.names.push((name.clone(), forward));
        if forward == Forward::Back {
            break; // one is enough
        }
    }
    let any = |wanted: Forward| outcome.names.iter().any(|(_, forward)| *forward == wanted);
    outcome.verdict = match () {
        () if any(Forward::Back) => Verdict::Pass,
        () if any(Forward::Unknown) => Verdict::TempError,
        () if any(Forward::Elsewhere) => Verdict::Fail,
        () => Verdict::PermError,
    };
    outcome
}

async fn forward(resolver: &dyn Resolve, name: &DnsName, ip: IpAddr, by: Tick) -> Forward {
    let kind = if ip.is_ipv4() { RecordKind::A } else { RecordKind::Aaaa };
    let Ok(answer) = resolver.resolve(name, kind, by).await else { return Forward::Unknown };
    let is_back = |data: &RecordData| match (data, ip) {
        (RecordData::A(address), IpAddr::V4(ip)) => *address == ip,
        (RecordData::Aaaa(address), IpAddr::V6(ip)) => *address == ip,
        _ => false,
    };
    match answer.records() {
        [] => Forward::Nowhere,
        records if records.iter().any(is_back) => Forward::Back,
        _ => Forward::Elsewhere,
    }
}

impl Outcome {
    /// The name that leads back.
    pub fn name(&self) -> Option<&DnsName> {
        self.names.iter().find(|(_, forward)| *forward == Forward::Back).map(|(name, _)| name)
    }
}

impl Verdict {
    /// The word of Authentication-Results: `permerror`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::TempError => "temperror",
            Self::PermError => "permerror",
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (word, ip) = (self.verdict.as_str(), self.ip);
        match (self.name(), self.names.first()) {
            (Some(name), _) => write!(f, "{word}: {ip} is {name}"),
            (None, None) if self.error.is_none() => write!(f, "{word}: {ip} has no name"),
            (None, Some((name, Forward::Elsewhere))) => write!(f, "{word}: {ip} is not among the addresses of {name}"),
            (None, Some((name, Forward::Nowhere))) => write!(f, "{word}: {ip} is named {name}, which has no address"),
            (None, _) => write!(f, "{word}: the names of {ip} are not known"),
        }
    }
}
