//! MTA-STS policies (RFC 8461): found, fetched and kept.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use posthaste_auth::mta_sts::{self, Mode, Policy, Record};
use posthaste_auth::tls_rpt::{Failure, ResultType};
use posthaste_dns::{Resolve, ResolveExt as _};
use posthaste_fetch::{Fetch, FetchErrorKind, Request, Url};
use posthaste_types::{Clock, Domain, Tick};
use tokio::sync::Mutex as Turn;

/// The policies of domains, in memory.
pub(crate) struct Sts {
    pub(crate) resolver: Arc<dyn Resolve>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) dns_timeout: Duration,
    pub(crate) fetch: Arc<dyn Fetch>,
    known: Mutex<HashMap<Domain, Arc<Turn<Known>>>>,
}

/// What is known of one domain. Its lock is held while it is asked for: many mails make one request.
#[derive(Debug, Default)]
struct Known {
    policy: Option<Kept>,
    /// The record that had no policy, and until when it is not asked again (§3.3).
    failed: Option<(Box<str>, Tick, Failure)>,
}

#[derive(Debug)]
struct Kept {
    id: Box<str>,
    policy: Arc<Policy>,
    until: Tick,
}

impl Sts {
    pub(crate) fn new(
        resolver: Arc<dyn Resolve>,
        clock: Arc<dyn Clock>,
        dns_timeout: Duration,
        fetch: Arc<dyn Fetch>,
    ) -> Self {
        Self { resolver, clock, dns_timeout, fetch, known: Mutex::default() }
    }

    /// The policy of a domain that is in force: enforce or testing. Beside none, why the policy could not be had.
    pub(crate) async fn policy(&self, domain: &Domain, by: Tick) -> (Option<Arc<Policy>>, Option<Failure>) {
        let known = self.known(domain);
        let mut known = known.lock().await;
        let now = self.clock.tick();
        known.policy.take_if(|kept| kept.until <= now);
        let failure = match self.record(domain, by).await {
            // §3.1, §5.1: without a record that can be read, what is kept goes on to count.
            None => None,
            Some(record) => self.refresh(&mut known, domain, &record, by).await,
        };
        let kept = known.policy.as_ref().map(|kept| Arc::clone(&kept.policy));
        let in_force = kept.filter(|policy| matches!(policy.mode(), Mode::Enforce | Mode::Testing));
        match in_force {
            Some(policy) => (Some(policy), None),
            None => (None, failure),
        }
    }

    async fn record(&self, domain: &Domain, by: Tick) -> Option<Record> {
        let name = mta_sts::record_name(domain).ok()?;
        let by = by.min(self.clock.tick().saturating_add(self.dns_timeout));
        let texts = self.resolver.txt(&name, by).await.ok()?;
        Record::select(texts.values.iter().map(Vec::as_slice))
    }

    /// Fetches the policy if the record is a new one.
    async fn refresh(&self, known: &mut Known, domain: &Domain, record: &Record, by: Tick) -> Option<Failure> {
        if known.policy.as_ref().is_some_and(|kept| *kept.id == *record.id()) {
            return None;
        }
        let now = self.clock.tick();
        if let Some((id, until, failure)) = &known.failed
            && **id == *record.id()
            && now < *until
        {
            return Some(failure.clone());
        }
        match self.fetched(domain, by).await {
            Ok(policy) => {
                let until = now.saturating_add(policy.max_age());
                known.failed = None;
                known.policy = Some(Kept { id: record.id().into(), policy: Arc::new(policy), until });
                None
            }
            Err(failure) => {
                known.failed = Some((record.id().into(), now.saturating_add(FETCH_AGAIN), failure.clone()));
                Some(failure)
            }
        }
    }

    async fn fetched(&self, domain: &Domain, by: Tick) -> Result<Policy, Failure> {
        let no = |error: &dyn fmt::Display| Failure::new(ResultType::StsPolicyFetchError, error);
        let host = mta_sts::policy_host(domain).map_err(|error| no(&error))?;
        let url = Url::https(&host, mta_sts::POLICY_PATH).map_err(|error| no(&error))?;
        let request = Request::get(url).with_max_body(Policy::MAX);
        let by = by.min(self.clock.tick().saturating_add(FETCH_TIMEOUT));
        let response = self.fetch.fetch(&request, by).await.map_err(|error| match error.kind() {
            FetchErrorKind::Tls => Failure::new(ResultType::StsWebpkiInvalid, error),
            _ => no(&error),
        })?;
        // §3.3: any status but 200 is a failure, a redirect too.
        if response.status() != 200 {
            return Err(no(&format_args!("HTTP status {}", response.status())));
        }
        // §3.2: who may put a picture there may not put a policy there.
        if !response.media_type().is_some_and(|kind| kind.eq_ignore_ascii_case("text/plain")) {
            return Err(no(&"the media type is not text/plain"));
        }
        Policy::parse(response.body()).map_err(|error| Failure::new(ResultType::StsPolicyInvalid, error))
    }

    fn known(&self, domain: &Domain) -> Arc<Turn<Known>> {
        let mut all = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = all.get(domain) {
            return Arc::clone(known);
        }
        if all.len() >= MAX_DOMAINS {
            let now = self.clock.tick();
            // Those without a policy are soon known again; those in use stay.
            all.retain(|_, known| {
                Arc::strong_count(known) > 1
                    || known.try_lock().is_ok_and(|known| known.policy.as_ref().is_some_and(|kept| kept.until > now))
            });
        }
        if all.len() >= MAX_DOMAINS
            && let Some(some) = all.keys().next().cloned()
        {
            all.remove(&some);
        }
        Arc::clone(all.entry(domain.clone()).or_default())
    }
}

impl fmt::Debug for Sts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sts").field("fetch", &self.fetch).finish_non_exhaustive()
    }
}

/// §3.3 suggests a minute.
const FETCH_TIMEOUT: Duration = Duration::from_secs(60);
/// §3.3 suggests five minutes between two tries.
const FETCH_AGAIN: Duration = Duration::from_secs(300);
/// How many domains are remembered.
const MAX_DOMAINS: usize = 10_000;
