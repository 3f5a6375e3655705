//! A resolver that finds name servers elsewhere.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use async_trait::async_trait;
use posthaste_types::{DnsName, Tick};

use crate::answer::Answer;
use crate::error::DnsError;
use crate::record::RecordKind;
use crate::resolve::Resolve;

/// A resolver whose [`at`](Resolve::at) looks into a table first: for tests, where name servers are zones in memory or
/// listen on ports of their own, and for hosts that reach a zone's servers by another address than the zone says.
///
/// ```
/// use posthaste_dns::{MemoryZone, Rerouted, Resolve};
///
/// let everybody: MemoryZone = "example.com NS ns1.example.com\nns1.example.com A 192.0.2.1".parse()?;
/// let ns1: MemoryZone = "s1._domainkey.example.com TXT \"v=DKIM1; p=\"".parse()?;
/// let dns = Rerouted::new(everybody).with("192.0.2.1:53".parse()?, ns1);
/// assert!(dns.at("192.0.2.1:53".parse()?).is_ok());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Rerouted {
    inner: Arc<dyn Resolve>,
    servers: BTreeMap<SocketAddr, Arc<dyn Resolve>>,
}

impl Rerouted {
    /// Asks this resolver, until servers are added.
    pub fn new(inner: impl Resolve + 'static) -> Self {
        Self { inner: Arc::new(inner), servers: BTreeMap::new() }
    }

    /// What is asked for in place of the server at this address.
    #[must_use]
    pub fn with(mut self, address: SocketAddr, server: impl Resolve + 'static) -> Self {
        self.servers.insert(address, Arc::new(server));
        self
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl Resolve for Rerouted {
    async fn resolve(&self, name: &DnsName, kind: RecordKind, by: Tick) -> Result<Answer, DnsError> {
        self.inner.resolve(name, kind, by).await
    }

    fn at(&self, server: SocketAddr) -> Result<Arc<dyn Resolve>, DnsError> {
        self.servers.get(&server).map_or_else(|| self.inner.at(server), |server| Ok(Arc::clone(server)))
    }
}
