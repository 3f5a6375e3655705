//! Where mail for a domain goes, from where, and how strictly.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use posthaste_types::{DnsName, Domain, Outcome};

/// Where mail for a domain goes: the hosts to try, and the site that they make up.
#[derive(Clone, Debug)]
pub struct Route {
    site: SiteId,
    hosts: Arc<[RouteHost]>,
    nowhere: Option<Box<Outcome>>,
    ttl: Option<Duration>,
}

/// One host of a [`Route`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RouteHost {
    /// Lower is tried first (RFC 5321 §5.1).
    pub preference: u16,
    /// The host.
    pub name: DnsName,
}

impl RouteHost {
    /// A host with its preference.
    pub fn new(preference: u16, name: DnsName) -> Self {
        Self { preference, name }
    }
}

impl Route {
    /// A route to these hosts; the site is their sorted set.
    pub fn to_hosts(hosts: Vec<RouteHost>) -> Self {
        let site = SiteId::of_hosts(hosts.iter().map(|host| &host.name));
        Self { site, hosts: hosts.into(), nowhere: None, ttl: None }
    }

    /// The route of a transport that sends everything to one place.
    pub fn to_relay() -> Self {
        Self { site: SiteId::relay(), hosts: Arc::from([]), nowhere: None, ttl: None }
    }

    /// There is no way to this domain, and this is what every recipient there gets.
    pub fn nowhere(domain: &Domain, outcome: Outcome) -> Self {
        let site = SiteId::new(domain.as_str());
        Self { site, hosts: Arc::from([]), nowhere: Some(Box::new(outcome)), ttl: None }
    }

    /// The same route, to be asked for again when it is so old.
    #[must_use]
    pub fn valid_for(mut self, ttl: Duration) -> Self {
        self.ttl = Some(ttl);
        self
    }

    /// The same route under another site: for a layer that keeps apart what goes to several transports.
    #[must_use]
    pub fn at_site(mut self, site: SiteId) -> Self {
        self.site = site;
        self
    }

    /// The key of pooling and pacing: all domains behind one set of MX hosts share it.
    pub fn site(&self) -> &SiteId {
        &self.site
    }

    /// The hosts, best first; empty for a relay.
    pub fn hosts(&self) -> &[RouteHost] {
        &self.hosts
    }

    /// What every recipient gets, if there is no way.
    pub fn outcome(&self) -> Option<&Outcome> {
        self.nowhere.as_deref()
    }

    /// How old it may get before it is asked for again; a way that has none may be kept for good, that there is no
    /// way not at all.
    pub fn ttl(&self) -> Option<Duration> {
        self.ttl
    }
}

/// The identity of a receiving site: its sorted set of MX hosts, or its domain.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SiteId(Arc<str>);

impl SiteId {
    /// A site by name; controls and spaces are left out.
    pub fn new(name: &str) -> Self {
        Self(name.chars().filter(char::is_ascii_graphic).collect::<String>().into())
    }

    /// The site of everything that goes to one relay.
    pub fn relay() -> Self {
        Self("relay".into())
    }

    /// The site of these hosts, in whatever order they come.
    pub fn of_hosts<'a>(hosts: impl Iterator<Item = &'a DnsName>) -> Self {
        let mut names: Vec<&str> = hosts.map(DnsName::as_str).collect();
        names.sort_unstable();
        names.dedup();
        Self(names.join(",").into())
    }

    /// Its text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SiteId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for SiteId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SiteId({})", self.0)
    }
}

/// The local address to dial from, and the name to greet with.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Source {
    /// The address.
    pub address: IpAddr,
    /// The EHLO name; its address records should name the address, and the PTR record this name.
    pub ehlo: Domain,
}

impl Source {
    /// A source.
    pub fn new(address: IpAddr, ehlo: Domain) -> Self {
        Self { address, ehlo }
    }
}

/// How strictly TLS is asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TlsPolicy {
    /// TLS where it is offered, without looking at the certificate; plain otherwise (RFC 7435).
    #[default]
    Opportunistic,
    /// TLS or no mail, whatever the certificate.
    Encrypted,
    /// TLS with a certificate that is valid for the host, or no mail.
    Verified,
}
