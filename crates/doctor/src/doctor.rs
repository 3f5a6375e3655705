//! The doctor.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::{self, StreamExt};
use posthaste_dns::{Cached, Resolve};
use posthaste_fetch::Fetch;
use posthaste_provider::Requirements;
use posthaste_reputation::DnsLists;
use posthaste_types::{Clock, Tick};

use crate::audit::Audit;
use crate::checks::{self, Planned};
use crate::exam::{Report, Room};
use crate::judge;
use crate::probe::Probe;
use crate::sending::SendingDomain;
use crate::within::within;

/// Audits sending domains. Make one and use it for all.
#[derive(Clone)]
pub struct Doctor {
    dns: Arc<dyn Resolve>,
    clock: Arc<dyn Clock>,
    fetch: Option<Arc<dyn Fetch>>,
    probe: Option<Arc<dyn Probe>>,
    lists: DnsLists,
    requirements: Requirements,
    settings: Settings,
}

/// How an audit is done.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Settings {
    /// The time for the questions of one audit: 30 seconds. What has no answer then is unknown. A resolver that keeps no
    /// deadline is left behind [`Settings::GRACE`] later.
    pub time: Duration,
    /// How many checks are under way at once: 16.
    pub checks: usize,
    /// How many block lists are asked at once: 16.
    pub lists: usize,
    /// The age from which a key of DKIM is old: 365 days.
    pub key_age: Duration,
}

impl Settings {
    /// How much longer than [`time`](Self::time) an audit may take at most.
    pub const GRACE: Duration = Duration::from_secs(1);
}

impl Default for Settings {
    fn default() -> Self {
        Self { time: Duration::from_secs(30), checks: 16, lists: 16, key_age: Duration::from_secs(365 * 86_400) }
    }
}

impl Doctor {
    /// A doctor that asks this resolver, and keeps time by this clock, which must be the resolver's.
    ///
    /// Answers are kept for one audit, so a cache below is not needed. The status of DNSSEC is as good as the resolver's
    /// validation.
    pub fn new(dns: Arc<dyn Resolve>, clock: Arc<dyn Clock>) -> Self {
        Self {
            dns,
            clock,
            fetch: None,
            probe: None,
            lists: DnsLists::builtin(),
            requirements: Requirements::builtin(),
            settings: Settings::default(),
        }
    }

    /// Fetches the policy of MTA-STS and the logo of BIMI with this. Without it they are unknown.
    #[must_use]
    pub fn fetch(mut self, fetch: Arc<dyn Fetch>) -> Self {
        self.fetch = Some(fetch);
        self
    }

    /// Looks at mail hosts with this. Without it nobody looks.
    #[must_use]
    pub fn probe(mut self, probe: Arc<dyn Probe>) -> Self {
        self.probe = Some(probe);
        self
    }

    /// Asks these block lists; else the built-in ones.
    #[must_use]
    pub fn lists(mut self, lists: DnsLists) -> Self {
        self.lists = lists;
        self
    }

    /// Holds the domain against these demands; else the built-in ones.
    #[must_use]
    pub fn requirements(mut self, requirements: Requirements) -> Self {
        self.requirements = requirements;
        self
    }

    /// With these settings.
    #[must_use]
    pub fn settings(mut self, settings: Settings) -> Self {
        self.settings = settings;
        self
    }

    /// Audits a domain. It always comes to a result, within [`Settings::time`] and [`Settings::GRACE`].
    ///
    /// Cancel safe: dropping the future only ends the audit.
    pub async fn audit(&self, sending: &SendingDomain) -> Audit {
        let (begun, at) = (self.clock.tick(), self.clock.wall());
        let by = begun.saturating_add(self.settings.time);
        let room = Room {
            dns: Arc::new(Cached::new(Arc::clone(&self.dns), Arc::clone(&self.clock))),
            fetch: self.fetch.as_deref(),
            probe: self.probe.as_deref(),
            clock: &*self.clock,
            lists: &self.lists,
            settings: &self.settings,
            sending,
            at,
            by,
        };
        let cut = by.saturating_add(Settings::GRACE);
        let examined: Vec<_> = checks::planned(&room).into_iter().map(|planned| self.examine(planned, cut)).collect();
        let reports: Vec<Report> = stream::iter(examined).buffered(self.settings.checks.max(1)).collect().await;
        let (checks, providers) = judge::judge(reports, sending, &self.requirements);
        Audit { sending: sending.clone(), at, took: self.clock.tick().since(begun), checks, providers }
    }

    /// One check, which is left behind if it does not end in time.
    async fn examine(&self, planned: Planned<'_>, cut: Tick) -> Report {
        let Planned { topic, about, keys, work } = planned;
        within(&*self.clock, cut, work).await.unwrap_or_else(|| Report::late(topic, &about, keys))
    }
}

impl fmt::Debug for Doctor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Doctor")
            .field("dns", &self.dns)
            .field("fetch", &self.fetch)
            .field("probe", &self.probe)
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}
