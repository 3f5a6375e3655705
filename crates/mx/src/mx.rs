//! The transport that delivers to the recipients' MX.

use std::sync::Arc;

use async_trait::async_trait;
use posthaste_dns::Resolve;
use posthaste_smtp::{ClientConfig, HelloName, Transaction};
use posthaste_transport::{Attempt, Capabilities, Outcomes, Route, TlsPolicy, Transport, TransportError};
use posthaste_types::{Cause, Clock, DnsName, Domain, NetworkFault, Outcome, Random, RequireTls, Tick};

use crate::address_book::Dns;
use crate::clock::MachineRandom;
use crate::config::{InwardAddresses, MxConfig, RelaySecurity};
use crate::delivery::{Client, Job};
use crate::failure::Failed;
use crate::open::Opener;
use crate::pool::Pool;
use crate::routing::Router;
use crate::targets::Way;
use crate::tls::Tls;
use crate::wait::Wait;

/// Delivers to the mail hosts of the recipients' domains.
///
/// An attempt goes to its [`route`](Attempt::route), where it has one, as the engine's attempts do. Without one
/// the recipients' domains are routed here, and each site gets its part, one after another.
///
/// Routes are not kept here: give it a resolver that keeps answers.
///
/// ```
/// use std::sync::Arc;
///
/// use posthaste_dns::Resolve;
/// use posthaste_mx::{Mx, MxConfig};
/// use posthaste_types::{Clock, ParseError};
///
/// fn transport(resolver: Arc<dyn Resolve>, clock: Arc<dyn Clock>) -> Result<Mx, ParseError> {
///     let mut config = MxConfig::new("mail.example.com".parse()?);
///     config.pool.connections = 5;
///     Ok(Mx::new(resolver, clock, config))
/// }
/// ```
#[derive(Debug)]
pub struct Mx {
    router: Router,
    client: Client,
    port: u16,
    address_limit: usize,
    inward: InwardAddresses,
}

/// The recipients of an attempt that go one way.
struct Part {
    route: Route,
    /// `None` for all.
    places: Option<Vec<usize>>,
}

impl Mx {
    /// Delivers by what `resolver` answers; `clock` is the one that the resolver keeps deadlines by.
    pub fn new(resolver: Arc<dyn Resolve>, clock: Arc<dyn Clock>, config: MxConfig) -> Self {
        let MxConfig {
            hello,
            own_names,
            port,
            timeouts,
            connect_timeout,
            dns_timeout,
            address_limit,
            pipelining,
            inward,
            roots,
            pool,
        } = config;
        let mut own = own_names;
        own.push(DnsName::from(&hello));
        let session = ClientConfig::new(hello.clone()).with_timeouts(timeouts).with_pipelining(pipelining);
        let opener = Opener {
            session,
            hello: Some(HelloName::Domain(hello)),
            security: RelaySecurity::StartTls,
            connect_timeout,
            tls: Tls::new(roots),
        };
        let dns = Dns { resolver, clock: Arc::clone(&clock), timeout: dns_timeout };
        let pool = Pool::new(pool, Arc::clone(&clock));
        Self {
            router: Router { dns, random: Arc::new(MachineRandom), own },
            client: Client { clock, opener, pool },
            port,
            address_limit,
            inward,
        }
    }

    /// The same, with another source of the order of equal hosts: a seeded one in tests.
    #[must_use]
    pub fn with_random(mut self, random: Arc<dyn Random>) -> Self {
        self.router.random = random;
        self
    }

    /// The parts of an attempt that brings no route, by site, in the order of their first recipients.
    async fn parts(&self, attempt: &Attempt) -> Vec<Part> {
        let mut domains: Vec<(&Domain, usize)> = Vec::new();
        let mut parts: Vec<(Route, Vec<usize>)> = Vec::new();
        for (place, recipient) in attempt.recipients().iter().enumerate() {
            let domain = recipient.address.domain();
            let known = domains.iter().find(|(known, _)| *known == domain).map(|(_, part)| *part);
            let part = match known {
                Some(part) => part,
                None => {
                    let route = self.router.route(domain).await;
                    let same = |(known, _): &(Route, Vec<usize>)| {
                        known.site() == route.site() && known.outcome().is_none() && route.outcome().is_none()
                    };
                    let part = parts.iter().position(same).unwrap_or(parts.len());
                    if part == parts.len() {
                        parts.push((route, Vec::new()));
                    }
                    domains.push((domain, part));
                    part
                }
            };
            if let Some((_, places)) = parts.get_mut(part) {
                places.push(place);
            }
        }
        parts.into_iter().map(|(route, places)| Part { route, places: Some(places) }).collect()
    }

    async fn deliver_part(&self, attempt: &Attempt, part: &Part, by: Tick) -> Result<(), TransportError> {
        let envelope = attempt.mail().envelope();
        let envelope = match &part.places {
            None => Some(envelope.clone()),
            Some(places) => envelope.subset(places),
        };
        let Some(envelope) = envelope else { return Ok(()) };
        let transaction = Transaction::new(envelope, attempt.mail().content().clone());
        let job = Job { attempt, transaction, places: part.places.as_deref(), by };
        if let Some(outcome) = part.route.outcome() {
            job.settle_all(outcome);
            return Ok(());
        }
        let way = Way {
            site: part.route.site().clone(),
            hosts: part.route.hosts().iter().map(|host| host.name.as_str()).collect(),
            port: self.port,
            book: &self.router.dns,
            inward: self.inward,
            address_limit: self.address_limit,
            source: attempt.source(),
            policy: policy(attempt),
        };
        match self.client.deliver(&job, &way).await {
            Ok(()) => Ok(()),
            Err(Failed::Hosts(failure)) => {
                job.settle_all(&failure.outcome());
                Ok(())
            }
            Err(Failed::Ours(error)) => Err(error),
        }
    }
}

/// RFC 8689 §4.2.1: REQUIRETLS asks for a certificate that is valid.
fn policy(attempt: &Attempt) -> TlsPolicy {
    match attempt.mail().envelope().require_tls() {
        RequireTls::Yes => TlsPolicy::Verified,
        _ => attempt.tls_policy(),
    }
}

#[async_trait]
impl Transport for Mx {
    fn capabilities(&self) -> Capabilities {
        Capabilities::mx().tracks_progress()
    }

    async fn deliver(&self, attempt: &Attempt) -> Result<Outcomes, TransportError> {
        let by = self.client.clock.tick().saturating_add(attempt.timeout());
        let parts = match attempt.route() {
            Some(route) if !route.hosts().is_empty() || route.outcome().is_some() => {
                vec![Part { route: route.clone(), places: None }]
            }
            _ => {
                let mut wait = Wait::new(&*self.client.clock, by);
                let Some(parts) = wait.race(None, self.parts(attempt)).await else {
                    let cause = Cause::network(NetworkFault::TimedOut, "the attempt ran out of time in the DNS");
                    return Ok(Outcomes::settled_or(attempt, &Outcome::deferred(cause)));
                };
                parts
            }
        };
        for part in &parts {
            if let Err(error) = self.deliver_part(attempt, part, by).await {
                if attempt.settled().iter().all(Option::is_none) {
                    return Err(error);
                }
                // Somebody has an answer already: the others wait.
                return Ok(Outcomes::settled_or(attempt, &Outcome::deferred(Cause::local(error))));
            }
        }
        Ok(Outcomes::settled_or(attempt, &Outcome::deferred(Cause::local("no answer"))))
    }

    async fn route(&self, to: &Domain) -> Result<Route, TransportError> {
        Ok(self.router.route(to).await)
    }

    async fn close(&self) {
        self.client.pool.close().await;
    }
}
