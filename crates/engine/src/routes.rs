//! Which way mail for a domain goes, as far as that is known.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use posthaste_queue::{Due, SiteKey};
use posthaste_transport::{Route, TransportError};
use posthaste_types::{Domain, MailId, Tick};

/// The routes that are known, and the recipients who wait for one.
#[derive(Debug, Default)]
pub(crate) struct Routes {
    of_domains: HashMap<Domain, Arc<Routing>>,
    /// The newest route of each site: all domains of a site go the same way.
    of_sites: HashMap<SiteKey, Arc<Routing>>,
    awaiting: HashMap<Domain, Vec<Due>>,
    awaiting_count: usize,
    /// Domains that nobody has asked for yet.
    asking: Vec<Domain>,
}

/// A route, or why there is none to be had.
#[derive(Debug)]
pub(crate) struct Routing {
    route: Result<Route, TransportError>,
    site: SiteKey,
    asked: Tick,
}

impl Routing {
    /// What was answered for a domain when it was asked for at `asked`.
    ///
    /// Where there is no way, the site is the domain's own: it must not be taken for a mail host of the same name,
    /// which others may be reached by.
    pub(crate) fn new(domain: &Domain, route: Result<Route, TransportError>, asked: Tick) -> Self {
        let site = match &route {
            Ok(route) if route.outcome().is_none() => SiteKey::new(route.site().as_str()),
            _ => SiteKey::new(format!("no way to {domain}")),
        };
        Self { route, site, asked }
    }

    pub(crate) fn site(&self) -> &SiteKey {
        &self.site
    }

    /// The route, while it may be used. An answer that is good for no time is good for a moment, so that who was
    /// taken in by it can go by it.
    pub(crate) fn fresh(&self, now: Tick) -> Option<&Route> {
        let route = self.route.as_ref().ok()?;
        let fresh = match (route.ttl(), route.outcome()) {
            (Some(ttl), _) => now.since(self.asked) < ttl.max(MOMENT),
            (None, None) => true,
            (None, Some(_)) => false,
        };
        fresh.then_some(route)
    }
}

/// What became of a recipient whose route is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Awaiting {
    Taken,
    Known,
    Full,
}

impl Routes {
    /// The site of a domain, if its route is known.
    pub(crate) fn site(&self, domain: &Domain, now: Tick) -> Option<&SiteKey> {
        self.of_domains.get(domain).filter(|routing| routing.fresh(now).is_some()).map(|routing| routing.site())
    }

    /// The route of a domain, if it is known.
    pub(crate) fn of_domain(&self, domain: &Domain, now: Tick) -> Option<&Route> {
        self.of_domains.get(domain)?.fresh(now)
    }

    /// The route of a site, if it is known.
    pub(crate) fn of_site(&self, site: &SiteKey, now: Tick) -> Option<&Route> {
        self.of_sites.get(site)?.fresh(now)
    }

    /// Takes a recipient who waits for a route, if no more than `all` do then, and `each` for this one. It is to be
    /// asked for if nobody does.
    pub(crate) fn wait(&mut self, due: Due, all: usize, each: usize) -> Awaiting {
        let waiting = self.awaiting.get(&due.domain).map(Vec::as_slice).unwrap_or_default();
        if waiting.iter().any(|known| known.mail == due.mail && known.recipient == due.recipient) {
            return Awaiting::Known;
        }
        if waiting.len() >= each || self.awaiting_count >= all {
            return Awaiting::Full;
        }
        let waiting = self.awaiting.entry(due.domain.clone()).or_default();
        if waiting.is_empty() {
            self.asking.push(due.domain.clone());
        }
        waiting.push(due);
        self.awaiting_count += 1;
        Awaiting::Taken
    }

    /// How many recipients wait for a route.
    pub(crate) fn awaiting(&self) -> usize {
        self.awaiting_count
    }

    /// The domains that are to be asked for now.
    pub(crate) fn take_unasked(&mut self) -> Vec<Domain> {
        std::mem::take(&mut self.asking)
    }

    /// Takes an answer in, and gives those who waited for it.
    pub(crate) fn learn(&mut self, domain: &Domain, routing: &Arc<Routing>) -> Vec<Due> {
        if self.of_domains.len().max(self.of_sites.len()) >= MAX_ROUTES {
            self.of_domains.clear();
            self.of_sites.clear();
        }
        if routing.route.is_ok() {
            self.of_sites.insert(routing.site.clone(), routing.clone());
            self.of_domains.insert(domain.clone(), routing.clone());
        }
        let waited = self.awaiting.remove(domain).unwrap_or_default();
        self.awaiting_count -= waited.len();
        waited
    }

    /// Removes the recipients of a mail who wait.
    pub(crate) fn forget(&mut self, mail: MailId) {
        for waiting in self.awaiting.values_mut() {
            let before = waiting.len();
            waiting.retain(|due| due.mail != mail);
            self.awaiting_count -= before - waiting.len();
        }
    }
}

/// Routes kept in memory; beyond it all are asked for again.
const MAX_ROUTES: usize = 100_000;
/// For so long an answer may be used whatever it says of itself.
const MOMENT: Duration = Duration::from_secs(10);
