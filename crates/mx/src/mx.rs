//! The transport that delivers to the recipients' MX.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use posthaste_auth::mta_sts::KeptPolicy;
use posthaste_dns::Resolve;
use posthaste_fetch::Fetch;
use posthaste_smtp::{ClientConfig, HelloName};
use posthaste_transport::{
    Attempt, Capabilities, Outcomes, Route, TlsPolicy, Transport, TransportError, TransportErrorKind,
};
use posthaste_types::{Cause, Clock, DnsName, Domain, NetworkFault, Outcome, Random, RequireTls, Tick};

use crate::address_book::Dns;
use crate::clock::MachineRandom;
use crate::config::{DaneUse, InwardAddresses, MxConfig, RelaySecurity};
use crate::delivery::Client;
use crate::egress::SourceState;
use crate::failure::Failed;
use crate::job::{Job, outcomes};
use crate::lock_step::LockStep;
use crate::open::Opener;
use crate::parts::Part;
use crate::pool::Pool;
use crate::report::{Reporter, TlsObserver};
use crate::routing::Router;
use crate::secured::{Domains, Secured};
use crate::security::Hosts;
use crate::sources::Sources;
use crate::sts::Sts;
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
    own_addresses: Vec<IpAddr>,
    address_limit: usize,
    head_start: Duration,
    inward: InwardAddresses,
    dane: DaneUse,
    sts: Option<Arc<Sts>>,
}

impl Mx {
    /// Delivers by what `resolver` answers; `clock` is the one that the resolver keeps deadlines by.
    pub fn new(resolver: Arc<dyn Resolve>, clock: Arc<dyn Clock>, config: MxConfig) -> Self {
        let MxConfig {
            hello,
            own_names,
            own_addresses,
            sources,
            source_hold,
            port,
            timeouts,
            connect_timeout,
            head_start,
            dns_timeout,
            address_limit,
            pipelining,
            dane,
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
            reporter: Reporter::default(),
            sources: Sources::new(sources, source_hold, Arc::clone(&clock)),
            lock_step: LockStep::default(),
        };
        let dns = Dns { resolver, clock: Arc::clone(&clock), timeout: dns_timeout };
        let pool = Pool::new(pool, Arc::clone(&clock));
        Self {
            router: Router { dns, random: Arc::new(MachineRandom), own, reporter: Reporter::default() },
            client: Client { clock, opener, pool },
            port,
            own_addresses,
            address_limit,
            head_start,
            inward,
            dane,
            sts: None,
        }
    }

    /// The same, with MTA-STS policies (RFC 8461), which are fetched by `fetch`. They are kept in memory for as long as
    /// they say, 10,000 domains at most, and fetched anew once a day; whoever fetches must keep deadlines by the same
    /// clock. To keep them over a restart, see [`sts_policies`](Self::sts_policies).
    #[must_use]
    pub fn with_fetch(mut self, fetch: Arc<dyn Fetch>) -> Self {
        let Dns { resolver, clock, timeout } = &self.router.dns;
        self.sts = Some(Arc::new(Sts::new(Arc::clone(resolver), Arc::clone(clock), *timeout, fetch)));
        self
    }

    /// The same, with somebody who is told how TLS fared.
    #[must_use]
    pub fn with_tls_observer(mut self, observer: Arc<dyn TlsObserver>) -> Self {
        let reporter = Reporter(Some(observer));
        self.router.reporter = reporter.clone();
        self.client.opener.reporter = reporter;
        self
    }

    /// The same, with another source of chance, for the order of equal hosts and the choice of sources: a seeded one in
    /// tests.
    #[must_use]
    pub fn with_random(mut self, random: Arc<dyn Random>) -> Self {
        self.router.random = random;
        self
    }

    /// The MTA-STS policies that are known now, to be given back after a restart with
    /// [`keep_sts_policies`](Self::keep_sts_policies): who stands in the way of the first mail then gains nothing
    /// (RFC 8461 §10.2). Each is a line of text.
    pub fn sts_policies(&self) -> Vec<KeptPolicy> {
        self.sts.as_ref().map(|sts| sts.export()).unwrap_or_default()
    }

    /// Takes policies that were known before a restart; those whose time is over are left out. Without
    /// [`with_fetch`](Self::with_fetch) there is no MTA-STS, and nothing is kept.
    pub fn keep_sts_policies(&self, policies: impl IntoIterator<Item = KeptPolicy>) {
        if let Some(sts) = &self.sts {
            policies.into_iter().for_each(|policy| sts.import(policy));
        }
    }

    /// How each of [`MxConfig::sources`] fares.
    pub fn sources(&self) -> Vec<SourceState> {
        self.client.opener.sources.states()
    }

    async fn deliver_part(&self, attempt: &Attempt, part: &Part, by: Tick) -> Result<(), TransportError> {
        if let Some(outcome) = part.route.outcome() {
            if let Some(job) = Job::of(attempt, part.places.clone(), by) {
                job.settle_all(outcome);
            }
            return Ok(());
        }
        let domains = Domains {
            dns: &self.router.dns,
            dane: self.dane,
            sts: self.sts.as_ref(),
            reporter: &self.client.opener.reporter,
        };
        let mut wait = Wait::new(&*self.client.clock, by);
        let Some(secured) =
            wait.race(None, domains.secured(attempt, part.places.as_deref(), policy(attempt), by)).await
        else {
            let cause = Cause::network(NetworkFault::TimedOut, "the attempt ran out of time in the DNS");
            if let Some(job) = Job::of(attempt, part.places.clone(), by) {
                job.settle_all(&Outcome::deferred(cause));
            }
            return Ok(());
        };
        let mut all = Ok(());
        for one in secured {
            let done = self.deliver_secured(attempt, part, one, by).await;
            all = all.and(done);
            if self.ends(&all, by) {
                break;
            }
        }
        all
    }

    /// Whether a fault of ours ends the attempt. One that keeps us from one site does not keep us from the next.
    fn ends(&self, done: &Result<(), TransportError>, by: Tick) -> bool {
        let withdrawn = |error: &TransportError| error.kind() == TransportErrorKind::Withdrawn;
        done.as_ref().is_err_and(|error| withdrawn(error) || self.client.clock.tick() >= by)
    }

    async fn deliver_secured(
        &self,
        attempt: &Attempt,
        part: &Part,
        secured: Secured,
        by: Tick,
    ) -> Result<(), TransportError> {
        let Secured { security, places, next_hops } = secured;
        let Some(job) = Job::of(attempt, places, by) else { return Ok(()) };
        let security = match security {
            Ok(security) => security,
            Err(failure) => {
                job.settle_all(&failure.outcome());
                return Ok(());
            }
        };
        let site = part.route.site().clone();
        let sources = self.client.opener.sources.choose(attempt.source(), &site, &*self.router.random);
        let way = Way {
            site,
            hosts: part.route.hosts().iter().map(|host| (host.preference, host.name.as_str())).collect(),
            socket: None,
            port: self.port,
            book: &self.router.dns,
            inward: self.inward,
            own: &self.own_addresses,
            address_limit: self.address_limit,
            head_start: self.head_start,
            sources,
            security,
            tlsa: (self.dane == DaneUse::WhereSecure).then_some(&self.router.dns),
            next_hops,
            reporter: &self.client.opener.reporter,
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

/// RFC 8689 §4.2.1: REQUIRETLS asks for a certificate that is valid, and for a host that is surely the domain's.
fn policy(attempt: &Attempt) -> (TlsPolicy, Hosts) {
    match attempt.mail().envelope().require_tls() {
        RequireTls::Yes => (TlsPolicy::Verified, Hosts::Proved),
        _ => (attempt.tls_policy(), Hosts::Any),
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
                let Some(parts) = wait.race(None, self.router.parts(attempt)).await else {
                    let cause = Cause::network(NetworkFault::TimedOut, "the attempt ran out of time in the DNS");
                    return Ok(Outcomes::settled_or(attempt, &Outcome::deferred(cause)));
                };
                parts
            }
        };
        let mut all = Ok(());
        for part in &parts {
            all = all.and(self.deliver_part(attempt, part, by).await);
            if self.ends(&all, by) {
                break;
            }
        }
        outcomes(attempt, all)
    }

    async fn route(&self, to: &Domain) -> Result<Route, TransportError> {
        Ok(self.router.route(to).await)
    }

    async fn close(&self) {
        self.client.pool.close().await;
    }
}
