//! From the recipients' domains to what TLS must come to on the way to their site.

use std::sync::Arc;

use futures_util::stream::{self, StreamExt as _};
use posthaste_auth::mta_sts::Policy;
use posthaste_auth::tls_rpt::{self, PolicyType, TlsPolicyUsed, TlsResult};
use posthaste_dns::{DnsError, Dnssec, Presence, ResolveExt as _};
use posthaste_transport::{Attempt, TlsPolicy};
use posthaste_types::{DnsName, Domain, Tick};

use crate::address_book::Dns;
use crate::config::DaneUse;
use crate::failure::Failure;
use crate::report::Reporter;
use crate::security::{Hosts, NextHop, Security, bogus};
use crate::sts::Sts;
use crate::trace::Trace;

/// Where it is asked what the recipients' domains demand.
pub(crate) struct Domains<'a> {
    pub(crate) dns: &'a Dns,
    pub(crate) dane: DaneUse,
    pub(crate) sts: Option<&'a Arc<Sts>>,
    pub(crate) reporter: &'a Reporter,
}

/// The recipients for whom the same is demanded.
pub(crate) struct Secured {
    /// What is demanded, or why that is not known.
    pub(crate) security: Result<Security, Failure>,
    /// Their places in the attempt; `None` for all.
    pub(crate) places: Option<Vec<usize>>,
    pub(crate) next_hops: Vec<NextHop>,
}

impl Domains<'_> {
    /// The recipients (those at `places`, or all), by what is demanded for them.
    pub(crate) async fn secured(
        &self,
        attempt: &Attempt,
        places: Option<&[usize]>,
        (policy, hosts): (TlsPolicy, Hosts),
        by: Tick,
    ) -> Vec<Secured> {
        let by_domain = by_domain(attempt, places);
        let trace = attempt.trace();
        let mut asked = Vec::with_capacity(by_domain.len());
        for (domain, _) in &by_domain {
            asked.push(self.security(domain.clone(), (policy, hosts), by));
        }
        let answers: Vec<Asked> = stream::iter(asked).buffered(AT_ONCE).collect().await;
        let mut parts: Vec<Secured> = Vec::new();
        for ((_, mut of_domain), Asked { security, failed, next_hop }) in by_domain.into_iter().zip(answers) {
            if let Some(failed) = failed {
                self.reporter.tell(&failed, &Trace::new(trace.map(|sink| &**sink)));
            }
            let same = |part: &&mut Secured| matches!((&part.security, &security), (Ok(a), Ok(b)) if a == b);
            match parts.iter_mut().find(same) {
                Some(part) => {
                    part.places.get_or_insert_default().append(&mut of_domain);
                    part.next_hops.push(next_hop);
                }
                None => {
                    parts.push(Secured { security, places: Some(of_domain), next_hops: vec![next_hop] });
                }
            }
        }
        match parts.as_mut_slice() {
            [one] => one.places = places.map(<[usize]>::to_vec),
            many => many.iter_mut().flat_map(|part| &mut part.places).for_each(|places| places.sort_unstable()),
        }
        parts
    }

    async fn security(&self, domain: Domain, (policy, hosts): (TlsPolicy, Hosts), by: Tick) -> Asked {
        let name = DnsName::from(&domain);
        let mut next_hop = NextHop { domain, secure_names: Vec::new() };
        let secure_hosts = match self.secure_hosts(&name, by).await {
            Ok((hosts, names)) => {
                next_hop.secure_names = names;
                hosts
            }
            Err(error) => {
                let failed = bogus(&error).map(|(used, why)| self.result(&next_hop.domain, used, why));
                return Asked { security: Err(Dns::failure(&error, &name)), failed, next_hop };
            }
        };
        let (sts, failed) = match self.sts {
            None => (None, None),
            Some(sts) => self.sts_policy(sts, &next_hop.domain, by).await,
        };
        Asked { security: Ok(Security { policy, sts, hosts, secure_hosts }), failed, next_hop }
    }

    async fn sts_policy(&self, sts: &Arc<Sts>, domain: &Domain, by: Tick) -> (Option<Arc<Policy>>, Option<TlsResult>) {
        let (policy, failure) = sts.policy(domain, by).await;
        let told = failure.map(|failure| self.result(domain, TlsPolicyUsed::new(PolicyType::Sts), failure));
        (policy, told)
    }

    /// What is told of a policy for which no session was begun.
    fn result(&self, domain: &Domain, used: TlsPolicyUsed, failure: tls_rpt::Failure) -> TlsResult {
        let mut result = TlsResult::new(self.dns.clock.wall(), vec![domain.clone()], used);
        result.failure = Some(failure);
        result
    }

    /// The hosts for which DANE counts: those that a secure answer names (RFC 7672 §2.2.1); and the names of the domain
    /// that led there securely.
    ///
    /// # Errors
    /// [`DnsError`] if it is not known whether there are some: an attacker who keeps an answer away must not gain by it.
    async fn secure_hosts(&self, name: &DnsName, by: Tick) -> Result<(Vec<DnsName>, Vec<DnsName>), DnsError> {
        if self.dane == DaneUse::Never {
            return Ok((Vec::new(), Vec::new()));
        }
        let found = self.dns.resolver.mx(name, by.min(self.dns.deadline())).await?;
        let names = [name.clone()].into_iter().chain(found.chain.last().cloned()).collect();
        let mut hosts: Vec<DnsName> = match (found.dnssec, found.presence) {
            (Dnssec::Secure, Presence::Found) => found.values.into_iter().map(|mx| mx.exchange).collect(),
            (Dnssec::Secure, Presence::NoData) => vec![name.clone()],
            _ => return Ok((Vec::new(), Vec::new())),
        };
        hosts.sort_unstable();
        hosts.dedup();
        Ok((hosts, names))
    }
}

/// The recipients' places by domain, in the order of the first of each.
pub(crate) fn by_domain(attempt: &Attempt, places: Option<&[usize]>) -> Vec<(Domain, Vec<usize>)> {
    let recipients = attempt.recipients();
    let all: Vec<usize> = places.map_or_else(|| (0..recipients.len()).collect(), <[usize]>::to_vec);
    let mut by_domain: Vec<(Domain, Vec<usize>)> = Vec::new();
    for place in all {
        let Some(domain) = recipients.get(place).map(|recipient| recipient.address.domain()) else { continue };
        match by_domain.iter_mut().find(|(known, _)| known == domain) {
            Some((_, places)) => places.push(place),
            None => by_domain.push((domain.clone(), vec![place])),
        }
    }
    by_domain
}

/// What is demanded for one domain, and a policy of it that could not be had.
struct Asked {
    security: Result<Security, Failure>,
    failed: Option<TlsResult>,
    next_hop: NextHop,
}

/// How many domains are asked about at once.
pub(crate) const AT_ONCE: usize = 16;
