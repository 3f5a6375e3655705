//! From a domain to its mail hosts (RFC 5321 §5, RFC 7505).

use std::sync::Arc;
use std::time::Duration;

use posthaste_auth::tls_rpt::TlsResult;
use posthaste_dns::{Answer, DnsError, Mx, Presence, RecordData, RecordKind, Resolve as _, ResolveExt as _};
use posthaste_transport::{Route, RouteHost};
use posthaste_types::{Cause, DnsFault, DnsName, Domain, Outcome, Random};

use crate::address_book::Dns;
use crate::report::Reporter;
use crate::security::bogus;
use crate::trace::Trace;

/// Finds routes.
#[derive(Debug)]
pub(crate) struct Router {
    pub(crate) dns: Dns,
    pub(crate) random: Arc<dyn Random>,
    /// Names of this host: what leads to one of them leads back.
    pub(crate) own: Vec<DnsName>,
    pub(crate) reporter: Reporter,
}

impl Router {
    /// Where mail for a domain goes, and for how long that is known.
    pub(crate) async fn route(&self, domain: &Domain) -> Route {
        let name = DnsName::from(domain);
        let answer = match self.dns.resolver.resolve(&name, RecordKind::Mx, self.dns.deadline()).await {
            Ok(answer) => answer,
            Err(error) => return self.unknown(domain, &name, &error),
        };
        match answer.presence() {
            // Records that cannot be read are records: the domain's own address is no way out.
            Presence::NoData if answer.unreadable() == 0 => self.implicit(domain, &name, &answer).await,
            Presence::Found | Presence::NoData => {
                let route = self.explicit(domain, &name, &answer).unwrap_or_else(|no| Route::nowhere(domain, no));
                route.valid_for(answer.ttl())
            }
            Presence::NxDomain => {
                let cause = Cause::dns(DnsFault::NoSuchDomain, name, "NXDOMAIN");
                Route::nowhere(domain, Outcome::refused(cause)).valid_for(answer.ttl())
            }
        }
    }

    /// The DNS does not answer; that an answer is bogus is told, as no session will be (RFC 8460 §4.3.2.1).
    fn unknown(&self, domain: &Domain, name: &DnsName, error: &DnsError) -> Route {
        if let Some((used, why)) = bogus(error) {
            let mut result = TlsResult::new(self.dns.clock.wall(), vec![domain.clone()], used);
            result.failure = Some(why);
            self.reporter.tell(&result, &Trace::new(None));
        }
        Route::nowhere(domain, Dns::failure(error, name).outcome()).valid_for(FAILURE_TTL)
    }

    /// The hosts that the MX records name. If none is usable, the domain's own address is no way out (§5.1).
    fn explicit(&self, domain: &Domain, name: &DnsName, answer: &Answer) -> Result<Route, Outcome> {
        let mx = |data: &RecordData| match data {
            RecordData::Mx(mx) => Some(mx.clone()),
            _ => None,
        };
        let mut records: Vec<Mx> = answer.records().iter().filter_map(mx).collect();
        if records.iter().all(Mx::is_null) && answer.unreadable() == 0 {
            let cause = Cause::dns(DnsFault::NullMx, name.clone(), "5.1.10 null MX (RFC 7505 §4.2)");
            return Err(Outcome::refused(cause));
        }
        // QUIRK: RFC 7505 §3 forbids a null MX beside others; the others count.
        records.retain(|mx| !mx.is_null());
        records.sort_unstable();
        let mut hosts: Vec<RouteHost> = Vec::with_capacity(records.len());
        for mx in records {
            if !hosts.iter().any(|host| host.name == mx.exchange) && hosts.len() < MAX_HOSTS {
                hosts.push(RouteHost::new(mx.preference, mx.exchange));
            }
        }
        if hosts.is_empty() {
            let cause = Cause::dns(DnsFault::NoAddress, name.clone(), "no MX record names a host that can be");
            return Err(Outcome::refused(cause));
        }
        self.without_loops(domain, hosts).map(|hosts| Route::to_hosts(self.shuffled(hosts)))
    }

    /// A domain without MX records is its own mail host (§5.1).
    async fn implicit(&self, domain: &Domain, name: &DnsName, no_mx: &Answer) -> Route {
        let found = match self.dns.resolver.addresses(name, self.dns.deadline()).await {
            Ok(found) => found,
            Err(error) => return self.unknown(domain, name, &error),
        };
        let no = |fault, text| Route::nowhere(domain, Outcome::refused(Cause::dns(fault, name.clone(), text)));
        let route = match found.presence {
            Presence::Found => match self.without_loops(domain, vec![RouteHost::new(0, name.clone())]) {
                Ok(hosts) => Route::to_hosts(hosts),
                Err(outcome) => Route::nowhere(domain, outcome),
            },
            Presence::NoData => no(DnsFault::NoAddress, "neither MX nor address"),
            Presence::NxDomain => no(DnsFault::NoSuchDomain, "NXDOMAIN"),
        };
        route.valid_for(no_mx.ttl().min(found.ttl))
    }

    /// §5.1: this host's own records, and all that are not better, are left out; mail for which nothing is left
    /// goes in circles.
    fn without_loops(&self, domain: &Domain, mut hosts: Vec<RouteHost>) -> Result<Vec<RouteHost>, Outcome> {
        let own = hosts.iter().filter(|host| self.own.contains(&host.name)).map(|host| host.preference).min();
        if let Some(own) = own {
            hosts.retain(|host| host.preference < own);
        }
        if hosts.is_empty() {
            let text = format!("5.4.6 mail for {domain} comes back: this host is its best MX (RFC 5321 §5.1)");
            return Err(Outcome::refused(Cause::local(text)));
        }
        Ok(hosts)
    }

    /// §5.1: hosts of equal preference in random order.
    fn shuffled(&self, mut hosts: Vec<RouteHost>) -> Vec<RouteHost> {
        let mut octets = vec![0; hosts.len() * 4];
        self.random.fill(&mut octets);
        let (dice, _) = octets.as_chunks::<4>();
        for (last, die) in dice.iter().enumerate().skip(1) {
            let die = usize::try_from(u32::from_ne_bytes(*die)).unwrap_or(0);
            hosts.swap(last, die % (last + 1));
        }
        hosts.sort_by_key(|host| host.preference);
        hosts
    }
}

/// How many hosts of a domain count at most, the best ones.
const MAX_HOSTS: usize = 64;
/// How long it is remembered that there was no answer (RFC 9520 §3.2: one second to five minutes).
const FAILURE_TTL: Duration = Duration::from_secs(5);
