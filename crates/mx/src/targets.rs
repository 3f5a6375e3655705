//! The addresses of a site, in the order in which they are tried.

use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};

use async_trait::async_trait;
use posthaste_transport::{SiteId, Source, TlsPolicy};
use posthaste_types::{NetworkFault, Stage, Tick};

use crate::config::InwardAddresses;
use crate::connection::Peer;
use crate::failure::{Failure, Failures};
use crate::inward;
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
    pub(crate) policy: TlsPolicy,
}

/// Finds the addresses of a host.
#[async_trait]
pub(crate) trait AddressBook: Send + Sync {
    /// In the order in which they are to be tried, IPv6 and IPv4 by turns; never empty.
    async fn addresses(&self, host: &str, by: Tick) -> Result<Vec<IpAddr>, Failure>;
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
            let asked = wait.race(None, self.way.book.addresses(host, wait.by())).await;
            let found = asked.unwrap_or_else(|| Err(Failure::out_of_time(Stage::Connect)));
            match found {
                Ok(addresses) => self.take(host, &addresses, failures, trace),
                Err(failure) => {
                    trace.note(format_args!("{host}: {}", failure.cause));
                    failures.push(failure);
                }
            }
        }
    }

    fn take(&mut self, host: &str, addresses: &[IpAddr], failures: &mut Failures, trace: &Trace<'_>) {
        for address in addresses {
            match self.objection(*address) {
                None => {
                    let address = SocketAddr::new(*address, self.way.port);
                    self.queue.push_back(Peer { host: host.into(), address });
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
            && let Some(class) = inward::class(address)
        {
            return Some(format!("is {class}, to which the DNS of others may not lead"));
        }
        None
    }
}
