//! Different transports for different domains.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use futures_util::future::join_all;
use posthaste_transport::{Attempt, Capabilities, Outcomes, Route, RouteHost, SiteId, Transport, TransportError};
use posthaste_types::{Cause, Domain, Outcome};

/// Gives each recipient to a transport by his domain, or by who receives mail for it.
///
/// The first rule that fits decides; whom none fits, the default transport takes. An attempt whose recipients go to
/// several is divided: the parts are delivered at the same time, and the outcomes stand in the order of the whole. If
/// a transport could hand nothing to anyone, its recipients are deferred, or, where no other had anything to say, the
/// error is that of the whole.
///
/// A route is that of the transport which the domain goes to. Transports that send everything to one place have the
/// same site; here each one behind the default gets its own (`relay/1`, `relay/2`), so that a fault of one does not
/// hold up the others.
///
/// # Stacking
/// Right: over transports that each have what they need, such as a throttle of their own.
/// ```
/// # use posthaste_layers::RouteBy;
/// # use posthaste_transport::Memory;
/// # use posthaste_types::{Domain, DnsName};
/// # let (mx, intranet, google) = (Memory::new(), Memory::relay(), Memory::relay());
/// let ours: Domain = "corp.example".parse()?;
/// let of_google: DnsName = "google.com".parse()?;
/// let transport = RouteBy::new(mx)
///     .within(ours, intranet)
///     .received_by(move |hosts| hosts.iter().any(|host| host.name.is_within(&of_google)), google);
/// # Ok::<(), posthaste_types::ParseError>(())
/// ```
/// Wrong: inside a [`Retry`](crate::Retry), to have a part tried again that failed. The whole has outcomes as soon as
/// one part has; put the retry around each transport.
pub struct RouteBy {
    default: Arc<dyn Transport>,
    rules: Vec<(Rule, Arc<dyn Transport>)>,
}

enum Rule {
    Domain(Domain),
    Within(Domain),
    When(Box<OfDomain>),
    ReceivedBy(Box<OfHosts>),
}

type OfDomain = dyn Fn(&Domain) -> bool + Send + Sync;
type OfHosts = dyn Fn(&[RouteHost]) -> bool + Send + Sync;

impl RouteBy {
    /// Gives to `default` whatever no rule fits.
    pub fn new(default: impl Transport + 'static) -> Self {
        Self { default: Arc::new(default), rules: Vec::new() }
    }

    /// Then: what goes to this domain, and not to a subdomain.
    #[must_use]
    pub fn domain(self, domain: Domain, transport: impl Transport + 'static) -> Self {
        self.rule(Rule::Domain(domain), transport)
    }

    /// Then: what goes to this domain or to one below it.
    #[must_use]
    pub fn within(self, domain: Domain, transport: impl Transport + 'static) -> Self {
        self.rule(Rule::Within(domain), transport)
    }

    /// Then: what goes to a domain of which `rule` says so. It says the same each time, or a repetition of what is in
    /// doubt goes elsewhere.
    #[must_use]
    pub fn when(
        self,
        rule: impl Fn(&Domain) -> bool + Send + Sync + 'static,
        transport: impl Transport + 'static,
    ) -> Self {
        self.rule(Rule::When(Box::new(rule)), transport)
    }

    /// Then: what goes to a domain whose mail these hosts receive, as the default transport's
    /// [route](Transport::route) says: a provider, by its MX hosts. These may change while an outcome is in doubt, and its
    /// repetition goes elsewhere then: with such a rule nothing is
    /// [idempotent](posthaste_transport::Idempotency).
    #[must_use]
    pub fn received_by(
        self,
        rule: impl Fn(&[RouteHost]) -> bool + Send + Sync + 'static,
        transport: impl Transport + 'static,
    ) -> Self {
        self.rule(Rule::ReceivedBy(Box::new(rule)), transport)
    }

    fn rule(mut self, rule: Rule, transport: impl Transport + 'static) -> Self {
        self.rules.push((rule, Arc::new(transport)));
        self
    }

    fn all(&self) -> impl Iterator<Item = &Arc<dyn Transport>> {
        std::iter::once(&self.default).chain(self.rules.iter().map(|(_, transport)| transport))
    }

    /// The place of the transport for a domain: 0 is the default's.
    async fn place(&self, to: &Domain) -> Result<usize, TransportError> {
        let mut route: Option<Route> = None;
        for (n, (rule, _)) in self.rules.iter().enumerate() {
            let fits = match rule {
                Rule::Domain(domain) => domain == to,
                Rule::Within(domain) => to.is_within(domain),
                Rule::When(rule) => rule(to),
                Rule::ReceivedBy(rule) => {
                    let route = match &mut route {
                        Some(route) => route,
                        none => none.insert(self.default.route(to).await?),
                    };
                    rule(route.hosts())
                }
            };
            if fits {
                return Ok(n + 1);
            }
        }
        Ok(0)
    }

    /// The recipients of each transport that has any.
    async fn parts(&self, attempt: &Attempt) -> Result<BTreeMap<usize, Vec<usize>>, TransportError> {
        let mut places: HashMap<&Domain, usize> = HashMap::new();
        let mut parts: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (n, recipient) in attempt.recipients().iter().enumerate() {
            let domain = recipient.address.domain();
            let place = match places.get(domain) {
                Some(place) => *place,
                None => *places.entry(domain).or_insert(self.place(domain).await?),
            };
            parts.entry(place).or_default().push(n);
        }
        Ok(parts)
    }

    fn transport(&self, place: usize) -> &Arc<dyn Transport> {
        self.all().nth(place).unwrap_or(&self.default)
    }
}

impl fmt::Debug for RouteBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.all()).finish()
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl Transport for RouteBy {
    fn capabilities(&self) -> Capabilities {
        let others = self.rules.iter().map(|(_, other)| other.capabilities());
        let all = others.fold(self.default.capabilities(), Capabilities::either);
        let by_hosts = self.rules.iter().any(|(rule, _)| matches!(rule, Rule::ReceivedBy(_)));
        if by_hosts { all.not_idempotent() } else { all }
    }

    async fn deliver(&self, attempt: &Attempt) -> Result<Outcomes, TransportError> {
        let parts = self.parts(attempt).await?;
        if let (1, Some((place, _))) = (parts.len(), parts.first_key_value()) {
            return self.transport(*place).deliver(attempt).await;
        }
        // The route is that of one part, nobody knows of which.
        let part = |(place, recipients): (usize, Vec<usize>)| Some((place, attempt.narrowed(&recipients)?.unrouted()));
        let delivery = |(place, part): (usize, Attempt)| async move {
            let result = self.transport(place).deliver(&part).await;
            // At once: another part may take all the time that there is.
            (result.map(|outcomes| part.settle_all(&outcomes)), part)
        };
        merge(attempt, join_all(parts.into_iter().filter_map(part).map(delivery)).await)
    }

    async fn route(&self, to: &Domain) -> Result<Route, TransportError> {
        let place = self.place(to).await?;
        let route = self.transport(place).route(to).await?;
        Ok(match below_relay(route.site()).filter(|_| place > 0) {
            Some(below) => route.at_site(SiteId::new(&format!("{}/{place}{below}", SiteId::relay()))),
            None => route,
        })
    }

    async fn close(&self) {
        join_all(self.all().map(|transport| transport.close())).await;
    }
}

/// What stands behind the name of the relay's site: nothing, or the place that a `RouteBy` inside gave it.
fn below_relay(site: &SiteId) -> Option<String> {
    let below = site.as_str().strip_prefix(SiteId::relay().as_str())?;
    (below.is_empty() || below.starts_with('/')).then(|| below.to_owned())
}

/// What the whole came to, when each part that has outcomes has settled them.
fn merge(whole: &Attempt, parts: Vec<(Result<(), TransportError>, Attempt)>) -> Result<Outcomes, TransportError> {
    let count = parts.len();
    let failed = |(result, part): (Result<(), TransportError>, Attempt)| result.err().map(|error| (error, part));
    let mut failed: Vec<(TransportError, Attempt)> = parts.into_iter().filter_map(failed).collect();
    if failed.len() == count && count > 0 {
        // One that time may mend, if there is one: the others would hold back its recipients too.
        let best = failed.iter().position(|(error, _)| error.is_transient()).unwrap_or(0);
        return Err(failed.swap_remove(best).0);
    }
    for (error, part) in failed {
        part.settle_all(&Outcomes::all(&part, Outcome::deferred(Cause::local(error))));
    }
    Ok(Outcomes::settled_or(whole, &Outcome::deferred(Cause::local("no answer"))))
}
