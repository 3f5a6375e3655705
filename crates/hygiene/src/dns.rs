//! Whether a domain takes mail, as far as the DNS says.

use futures_util::stream::{self, StreamExt};
use posthaste_dns::{DnsError, DnsErrorKind, Presence, Resolve, ResolveExt};
use posthaste_types::{DnsName, Domain, Tick};

use crate::judge::{Judgement, Reason};

/// What the DNS says of a domain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DomainCheck {
    /// It has a mail host with an address.
    TakesMail,
    /// It has no MX, but an address, to which mail goes (RFC 5321 §5.1).
    ImplicitMx,
    /// It has neither MX nor address, or none of its mail hosts has an address.
    NoMail,
    /// It takes no mail by its own word (RFC 7505).
    NullMx,
    /// It does not exist. Said once, by one resolver: ask again another day before anything is thrown away.
    Gone,
    /// The question has no answer: nothing is known.
    NotKnown(DnsErrorKind),
}

impl DomainCheck {
    /// The reason that a judgement gets from it; `None` where there is nothing to say.
    pub fn reason(self) -> Option<Reason> {
        match self {
            Self::TakesMail => None,
            Self::ImplicitMx => Some(Reason::ImplicitMx),
            Self::NoMail => Some(Reason::NoMail),
            Self::NullMx => Some(Reason::NullMx),
            Self::Gone => Some(Reason::DomainGone),
            Self::NotKnown(_) => Some(Reason::DnsFailed),
        }
    }
}

impl Judgement {
    /// Adds what the DNS says of the domain.
    #[must_use]
    pub fn with_domain(mut self, check: DomainCheck) -> Self {
        if let Some(reason) = check.reason() {
            self.add(reason);
        }
        self
    }
}

/// Bounds of the questions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct DnsLimits {
    /// How many domains are asked for at once. 32 by default; 0 is taken for 1.
    pub at_once: usize,
    /// How many mail hosts of a domain are asked for an address, until one has it. 4 by default.
    pub hosts: usize,
}

impl Default for DnsLimits {
    fn default() -> Self {
        Self { at_once: 32, hosts: 4 }
    }
}

/// Asks whether one domain takes mail.
///
/// Cancel safe: dropping the future cancels its question. Wrap the resolver in
/// [`Cached`](posthaste_dns::Cached) to ask for a domain once only.
pub async fn check_domain(dns: &dyn Resolve, domain: &Domain, by: Tick, limits: DnsLimits) -> DomainCheck {
    ask(dns, &DnsName::from(domain), by, limits).await.unwrap_or_else(|error| DomainCheck::NotKnown(error.kind()))
}

/// Asks for many domains, some at a time; each answer stands beside its domain, in the order of the domains.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use std::time::Duration;
///
/// use posthaste_dns::MemoryZone;
/// use posthaste_hygiene::{DnsLimits, DomainCheck, check_domains};
/// use posthaste_types::Tick;
///
/// let dns: MemoryZone = "quiet.example. 300 IN MX 0 .".parse()?;
/// let by = Tick::from_start(Duration::from_secs(10));
/// let found = check_domains(&dns, ["quiet.example".parse()?], by, DnsLimits::default()).await;
/// assert_eq!(found[0].1, DomainCheck::NullMx);
/// # Ok(())
/// # }
/// ```
pub async fn check_domains(
    dns: &dyn Resolve,
    domains: impl IntoIterator<Item = Domain>,
    by: Tick,
    limits: DnsLimits,
) -> Vec<(Domain, DomainCheck)> {
    let mut pending = Vec::new();
    for domain in domains {
        pending.push(async move {
            let found = check_domain(dns, &domain, by, limits).await;
            (domain, found)
        });
    }
    stream::iter(pending).buffered(limits.at_once.max(1)).collect().await
}

async fn ask(dns: &dyn Resolve, name: &DnsName, by: Tick, limits: DnsLimits) -> Result<DomainCheck, DnsError> {
    let mx = dns.mx(name, by).await?;
    match mx.presence {
        Presence::NxDomain => return Ok(DomainCheck::Gone),
        // RFC 7505 §3: a null MX stands alone.
        Presence::Found if mx.values.len() == 1 && mx.values.iter().all(|mx| mx.is_null()) => {
            return Ok(DomainCheck::NullMx);
        }
        Presence::Found if !mx.values.is_empty() => {}
        _ => {
            let own = dns.addresses(name, by).await?;
            return Ok(if own.values.is_empty() { DomainCheck::NoMail } else { DomainCheck::ImplicitMx });
        }
    }
    let mut hosts = mx.values;
    hosts.sort_by_key(|mx| mx.preference);
    let (asked, unasked) = (hosts.len().min(limits.hosts.max(1)), hosts.len().saturating_sub(limits.hosts.max(1)));
    let mut failure = None;
    for host in hosts.iter().take(asked).filter(|mx| !mx.is_null()) {
        match dns.addresses(&host.exchange, by).await {
            Ok(found) if !found.values.is_empty() => return Ok(DomainCheck::TakesMail),
            Ok(_) => {}
            Err(error) => failure = Some(error),
        }
    }
    match failure {
        Some(error) => Err(error),
        // Hosts that nobody asked for may well have an address.
        None if unasked > 0 => Ok(DomainCheck::TakesMail),
        None => Ok(DomainCheck::NoMail),
    }
}
