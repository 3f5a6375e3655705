//! The addresses of a site, in the order in which they are tried.

use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use async_trait::async_trait;
use posthaste_auth::tls_rpt::TlsResult;
use posthaste_fetch::inward_class;
use posthaste_transport::{SiteId, Source};
use posthaste_types::{DnsName, Domain, NetworkFault, Stage, Tick};

use crate::address_book::Dns;
use crate::config::InwardAddresses;
use crate::connection::Peer;
use crate::dane;
use crate::failure::{Failure, Failures};
use crate::report::Reporter;
use crate::security::{Denied, HostSecurity, Security};
use crate::trace::Trace;
use crate::wait::Wait;

/// Where a mail goes, and how.
pub(crate) struct Way<'a> {
    pub(crate) site: SiteId,
    /// The hosts by name, best first.
    pub(crate) hosts: Vec<&'a str>,
    pub(crate) port: u16,
    pub(crate) book: &'a dyn AddressBook,
    pub(crate) inward: InwardAddresses,
    pub(crate) address_limit: usize,
    pub(crate) source: Option<&'a Source>,
    pub(crate) security: Security,
    /// Where TLSA records are asked for, if DANE counts.
    pub(crate) tlsa: Option<&'a Dns>,
    /// Whose mail it is, for reports.
    pub(crate) domains: Vec<Domain>,
    pub(crate) reporter: &'a Reporter,
}

/// The addresses of a host.
#[derive(Debug)]
pub(crate) struct Addresses {
    /// In the order in which they are to be tried, IPv6 and IPv4 by turns; never empty.
    pub(crate) all: Vec<IpAddr>,
    /// The names under which TLSA records may stand, if the DNS is secure so far.
    pub(crate) secure_names: Vec<DnsName>,
}

/// Finds the addresses of a host.
#[async_trait]
pub(crate) trait AddressBook: Send + Sync {
    async fn addresses(&self, host: &str, by: Tick) -> Result<Addresses, Failure>;
}

impl Way<'_> {
    /// The addresses of a host, and what is demanded there.
    async fn host(&self, host: &str, by: Tick) -> Result<(Vec<IpAddr>, Arc<HostSecurity>), Denied> {
        let Addresses { all, secure_names } = self.book.addresses(host, by).await?;
        let counts = self.security.secure_hosts.iter().any(|secure| secure.as_str() == host);
        let dane = match self.tlsa {
            Some(dns) if counts => dane::find(dns, self.port, &secure_names, by).await?,
            _ => None,
        };
        Ok((all, Arc::new(self.security.of_host(host, dane)?)))
    }
}

/// The addresses that are left to try.
pub(crate) struct Targets<'a> {
    way: &'a Way<'a>,
    next_host: usize,
    queue: VecDeque<Peer>,
    left: usize,
}

impl<'a> Targets<'a> {
    pub(crate) fn new(way: &'a Way<'a>) -> Self {
        // RFC 5321 §5.1: at least two addresses.
        Self { way, next_host: 0, queue: VecDeque::new(), left: way.address_limit.max(2) }
    }

    /// The next address to try. Why a host has none is put with the failures.
    pub(crate) async fn next(
        &mut self,
        wait: &mut Wait<'_>,
        failures: &mut Failures,
        trace: &Trace<'_>,
    ) -> Option<Peer> {
        if self.left == 0 {
            return None;
        }
        loop {
            if let Some(peer) = self.queue.pop_front() {
                self.left -= 1;
                return Some(peer);
            }
            let host = self.way.hosts.get(self.next_host).copied()?;
            self.next_host += 1;
            let by = wait.by();
            let asked = wait.race(None, self.way.host(host, by)).await;
            let found = asked.unwrap_or_else(|| Err(Failure::out_of_time(Stage::Connect).into()));
            match found {
                Ok((addresses, security)) => self.take(host, &addresses, &security, failures, trace),
                Err(Denied { failure, told }) => {
                    if let Some((used, why)) = told.map(|told| *told) {
                        let mut result = TlsResult::new(wait.wall(), self.way.domains.clone(), used);
                        result.host = DnsName::parse(host).ok();
                        result.failure = Some(why);
                        self.way.reporter.tell(&result, trace);
                    }
                    trace.note(format_args!("{host}: {}", failure.cause));
                    failures.push(failure);
                }
            }
        }
    }

    fn take(
        &mut self,
        host: &str,
        addresses: &[IpAddr],
        security: &Arc<HostSecurity>,
        failures: &mut Failures,
        trace: &Trace<'_>,
    ) {
        for address in addresses {
            match self.objection(*address) {
                None => {
                    let address = SocketAddr::new(*address, self.way.port);
                    let security = Arc::clone(security);
                    self.queue.push_back(Peer { host: host.into(), address, security });
                }
                Some(why) => {
                    let text = format!("{host} [{address}]: {why}");
                    trace.note(&text);
                    failures.push(Failure::network(NetworkFault::Unreachable, text));
                }
            }
        }
    }

    fn objection(&self, address: IpAddr) -> Option<String> {
        if let Some(source) = self.way.source
            && source.address.is_ipv4() != address.is_ipv4()
        {
            return Some(format!("not to be reached from {}", source.address));
        }
        if self.way.inward == InwardAddresses::Refuse
            && let Some(class) = inward_class(address)
        {
            return Some(format!("is {class}, to which the DNS of others may not lead"));
        }
        None
    }
}
