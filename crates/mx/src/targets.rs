//! The addresses of a site, in the order in which they are tried.

use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use posthaste_auth::tls_rpt::TlsResult;
use posthaste_fetch::inward_class;
use posthaste_transport::SiteId;
use posthaste_types::{Cause, DnsName, Domain, NetworkFault, Stage, Tick};

use crate::address_book::Dns;
use crate::config::InwardAddresses;
use crate::dane;
use crate::failure::{Failure, Failures};
use crate::open::Opener;
use crate::peer::{Peer, Place};
use crate::race::Contest;
use crate::report::Reporter;
use crate::security::{Denied, HostSecurity, NextHop, Security};
use crate::sources::{Chosen, OtherFamily};
use crate::stream::Stream;
use crate::trace::Trace;
use crate::wait::Wait;

/// Where a mail goes, and how.
pub(crate) struct Way<'a> {
    pub(crate) site: SiteId,
    /// The hosts by preference and name, best first.
    pub(crate) hosts: Vec<(u16, &'a str)>,
    /// A socket of this machine, instead of hosts.
    pub(crate) socket: Option<Arc<Path>>,
    pub(crate) port: u16,
    pub(crate) book: &'a dyn AddressBook,
    pub(crate) inward: InwardAddresses,
    /// Addresses of this host: what leads to one of them leads back.
    pub(crate) own: &'a [IpAddr],
    pub(crate) address_limit: usize,
    pub(crate) head_start: Duration,
    pub(crate) sources: Chosen,
    pub(crate) security: Security,
    /// Where TLSA records are asked for, if DANE counts.
    pub(crate) tlsa: Option<&'a Dns>,
    /// Whose mail it is.
    pub(crate) next_hops: Vec<NextHop>,
    pub(crate) reporter: &'a Reporter,
}

/// The addresses of a host.
#[derive(Debug)]
pub(crate) struct Addresses {
    /// In the order in which they are to be tried; never empty.
    pub(crate) all: Vec<IpAddr>,
    /// The names under which TLSA records may stand, if the DNS is secure so far.
    pub(crate) secure_names: Vec<DnsName>,
    /// The host's name, if it is an alias of another one, and not all of that is secure.
    pub(crate) alias: Option<DnsName>,
}

/// Finds the addresses of a host.
#[async_trait]
pub(crate) trait AddressBook: Send + Sync {
    async fn addresses(&self, host: &str, by: Tick) -> Result<Addresses, Denied>;
}

impl Way<'_> {
    pub(crate) fn domains(&self) -> Vec<Domain> {
        self.next_hops.iter().map(|hop| hop.domain.clone()).collect()
    }

    /// The addresses of a host, and what is demanded there.
    async fn host(&self, host: &str, by: Tick) -> Result<(Vec<IpAddr>, Arc<HostSecurity>), Denied> {
        let Addresses { all, mut secure_names, alias } = self.book.addresses(host, by).await?;
        let counts = self.security.secure_hosts.iter().any(|secure| secure.as_str() == host);
        let dane = match self.tlsa {
            Some(dns) if counts => {
                if let Some(alias) = alias
                    && dane::is_secure_alias(dns, &alias, by).await?
                {
                    secure_names.push(alias);
                }
                dane::find(dns, self.port, &secure_names, by).await?
            }
            _ => None,
        };
        let dane = dane.map(|dane| dane.reached_for(&self.next_hops));
        Ok((all, Arc::new(self.security.of_host(host, dane)?)))
    }

    /// Why an address is not dialled.
    fn objection(&self, address: IpAddr) -> Option<String> {
        if let Err(OtherFamily) = self.sources.towards(address) {
            let family = if address.is_ipv4() { "an IPv4" } else { "an IPv6" };
            return Some(format!("not to be reached without {family} source"));
        }
        if self.inward == InwardAddresses::Refuse
            && let Some(class) = inward_class(address)
        {
            return Some(format!("is {class}, to which the DNS of others may not lead"));
        }
        None
    }
}

/// The addresses that are left to try.
pub(crate) struct Targets<'a> {
    way: &'a Way<'a>,
    /// Those of whom nothing is known yet.
    hosts: VecDeque<(u16, &'a str)>,
    contest: Contest<Peer>,
}

type FoundHost<'a> = (&'a str, Result<(Vec<IpAddr>, Arc<HostSecurity>), Denied>);

impl<'a> Targets<'a> {
    pub(crate) fn new(way: &'a Way<'a>) -> Self {
        let mut queue = VecDeque::new();
        if let Some(path) = &way.socket
            && let Ok(security) = way.security.of_host("localhost", None)
        {
            let place = Place::Unix(Arc::clone(path));
            queue.push_back(Peer { host: "localhost".into(), place, egress: None, security: Arc::new(security) });
        }
        // RFC 5321 §5.1: at least two addresses.
        let hosts = way.hosts.iter().copied().collect();
        Self { way, hosts, contest: Contest { queue, left: way.address_limit.max(2) } }
    }

    /// The next connection to talk on. Why there is none is put with the failures.
    ///
    /// Hosts of equal preference are tried together, their IPv6 and IPv4 addresses by turns, each with a head start
    /// before the next; hosts that are less preferred only if none of these takes the mail.
    pub(crate) async fn next(
        &mut self,
        opener: &Opener,
        wait: &mut Wait<'_>,
        failures: &mut Failures,
        trace: &Trace<'_>,
    ) -> Option<(Peer, Stream)> {
        loop {
            let (site, clock, queued) = (&self.way.site, wait.clock(), !self.contest.queue.is_empty());
            let begin = |peer: &Peer| {
                trace.note(format_args!("connecting to {peer}"));
                let peer = peer.clone();
                async move { opener.dial(&peer, clock).await }
            };
            let failed = |peer: &Peer, refusal| {
                opener.unreachable(peer, site, &refusal, trace);
                failures.refuse(refusal);
            };
            let won = self.contest.winner(self.way.head_start, wait, begin, failed).await;
            if won.is_some() {
                return won;
            }
            if wait.is_over() && queued {
                failures.push(Failure::out_of_time(Stage::Connect));
            }
            if wait.is_over() || self.contest.left == 0 || !self.find_more(wait, failures, trace).await {
                return None;
            }
        }
    }

    /// Finds the addresses of the next hosts of one preference; `false` if there is none.
    async fn find_more(&mut self, wait: &mut Wait<'_>, failures: &mut Failures, trace: &Trace<'_>) -> bool {
        let Some((preference, _)) = self.hosts.front().copied() else { return false };
        // Where loops are looked for, all of them must be known.
        let most = if self.way.own.is_empty() { self.contest.left } else { usize::MAX };
        let equal = self.hosts.iter().take_while(|(p, _)| *p == preference).take(most).count();
        let group: Vec<&str> = self.hosts.drain(..equal).map(|(_, host)| host).collect();
        let (found, silent) = self.ask(&group, wait).await;
        silent.into_iter().rev().for_each(|host| self.hosts.push_front((preference, host)));
        if found.is_empty() {
            failures.push(Failure::out_of_time(Stage::Connect));
        }
        if let Some(host) = self.leads_back(&found) {
            // RFC 5321 §5.1: this host's own records, and all that are not better, are left out.
            self.hosts.clear();
            let cause = Cause::local(format_args!("5.4.6 the mail comes back: {host} has an address of this host"));
            trace.note(&cause);
            failures.push(Failure::permanent(cause));
            return true;
        }
        self.take(found, wait, failures, trace);
        true
    }

    /// Asks for several hosts at once. When one is known, the others have the head start to be known too; those that
    /// are not are asked again when their turn comes: a name server that is silent holds nobody up.
    async fn ask<'b>(&self, group: &[&'b str], wait: &mut Wait<'_>) -> (Vec<FoundHost<'b>>, Vec<&'b str>) {
        let (way, by) = (self.way, wait.by());
        let ask = async |(place, host)| (place, way.host(host, by).await);
        let mut asked: FuturesUnordered<_> = group.iter().copied().enumerate().map(ask).collect();
        let mut answers: Vec<Option<Result<_, _>>> = group.iter().map(|_| None).collect();
        let mut due = None;
        while let Some(Some((place, answer))) = wait.race(due, asked.next()).await {
            if answer.is_ok() && way.own.is_empty() {
                due = due.or_else(|| Some(wait.now().saturating_add(way.head_start)));
            }
            if let Some(slot) = answers.get_mut(place) {
                *slot = Some(answer);
            }
        }
        let (mut found, mut silent) = (Vec::new(), Vec::new());
        for (host, answer) in group.iter().zip(answers) {
            match answer {
                Some(answer) => found.push((*host, answer)),
                None => silent.push(*host),
            }
        }
        (found, silent)
    }

    fn leads_back<'b>(&self, found: &[FoundHost<'b>]) -> Option<&'b str> {
        let own = |addresses: &[IpAddr]| addresses.iter().any(|address| self.way.own.contains(address));
        let host = found.iter().find(|(_, found)| found.as_ref().is_ok_and(|(addresses, _)| own(addresses)));
        host.map(|(host, _)| *host)
    }

    fn take(&mut self, found: Vec<FoundHost<'_>>, wait: &Wait<'_>, failures: &mut Failures, trace: &Trace<'_>) {
        let mut peers = Vec::new();
        for (host, found) in found {
            match found {
                Ok((addresses, security)) => {
                    let peer = |address| self.peer(host, address, &security, failures, trace);
                    peers.extend(addresses.into_iter().filter_map(peer));
                }
                Err(Denied { failure, told }) => {
                    if let Some((used, why)) = told.map(|told| *told) {
                        let mut result = TlsResult::new(wait.wall(), self.way.domains(), used);
                        result.host = DnsName::parse(host).ok();
                        result.failure = Some(why);
                        self.way.reporter.tell(&result, trace);
                    }
                    trace.note(format_args!("{host}: {}", failure.cause));
                    failures.push(failure);
                }
            }
        }
        self.contest.queue.extend(by_turns(peers, |peer: &Peer| peer.place.ip().is_some_and(|ip| ip.is_ipv6())));
    }

    fn peer(
        &self,
        host: &str,
        address: IpAddr,
        security: &Arc<HostSecurity>,
        failures: &mut Failures,
        trace: &Trace<'_>,
    ) -> Option<Peer> {
        if let Some(why) = self.way.objection(address) {
            let text = format!("{host} [{address}]: {why}");
            trace.note(&text);
            failures.push(Failure::network(NetworkFault::Unreachable, text));
            return None;
        }
        let egress = self.way.sources.towards(address).ok().flatten().cloned();
        let place = Place::Tcp(SocketAddr::new(address, self.way.port));
        Some(Peer { host: host.into(), place, egress, security: Arc::clone(security) })
    }
}

/// Two kinds by turns, each in its order, beginning with the kind of the first: a network without one of them costs one
/// try, and the order of hosts stays.
pub(crate) fn by_turns<T>(all: Vec<T>, kind: impl Fn(&T) -> bool) -> Vec<T> {
    let Some(first) = all.first().map(&kind) else { return all };
    let mut turns = Vec::with_capacity(all.len());
    let (a, b): (Vec<T>, Vec<T>) = all.into_iter().partition(|one| kind(one) == first);
    let (mut a, mut b) = (a.into_iter(), b.into_iter());
    loop {
        match (a.next(), b.next()) {
            (None, None) => return turns,
            (a, b) => turns.extend(a.into_iter().chain(b)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_families_by_turns() {
        let addresses = |text: &str| text.split_whitespace().map(|a| a.parse().unwrap()).collect::<Vec<IpAddr>>();
        let table = [
            ("::1 ::2 1.0.0.1 1.0.0.2 1.0.0.3", "::1 1.0.0.1 ::2 1.0.0.2 1.0.0.3"),
            ("1.0.0.1 ::1 ::2", "1.0.0.1 ::1 ::2"),
            ("::1 ::2", "::1 ::2"),
            ("", ""),
        ];
        for (given, expected) in table {
            assert_eq!(by_turns(addresses(given), IpAddr::is_ipv6), addresses(expected), "{given}");
        }
    }
}
