//! MTA-STS policies (RFC 8461): found, fetched and kept.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use posthaste_auth::mta_sts::{self, KeptPolicy, Mode, Policy, Record};
use posthaste_auth::tls_rpt::{Failure, ResultType};
use posthaste_dns::{Resolve, ResolveExt as _};
use posthaste_fetch::{Fetch, FetchErrorKind, Request, Url};
use posthaste_types::{Clock, Domain, Tick, Timestamp};
use tokio::runtime::Handle;
use tokio::sync::Mutex as AsyncMutex;

/// The policies of domains, in memory.
pub(crate) struct Sts {
    pub(crate) resolver: Arc<dyn Resolve>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) dns_timeout: Duration,
    pub(crate) fetch: Arc<dyn Fetch>,
    known: Mutex<HashMap<Domain, Arc<Known>>>,
}

/// What is known of one domain.
#[derive(Debug, Default)]
struct Known {
    /// Held while the domain is asked: many mails make one request.
    turn: AsyncMutex<()>,
    facts: Mutex<Facts>,
}

#[derive(Debug, Default)]
struct Facts {
    kept: Option<Kept>,
    /// The record that had no policy, and until when it is not asked again (§3.3).
    failed: Option<(Record, Tick, Failure)>,
}

#[derive(Clone, Debug)]
struct Kept {
    record: Record,
    policy: Arc<Policy>,
    fetched: Timestamp,
    until: Tick,
    /// When it is fetched anew, before its time is over.
    refresh: Tick,
}

impl Known {
    fn facts(&self) -> MutexGuard<'_, Facts> {
        self.facts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Until when there is a policy.
    fn until(&self) -> Option<Tick> {
        self.facts().kept.as_ref().map(|kept| kept.until)
    }
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
    ///
    /// It takes half of the time that is left until `by` at most: a policy host that is silent leaves time for the mail.
    pub(crate) async fn policy(self: &Arc<Self>, domain: &Domain, by: Tick) -> (Option<Arc<Policy>>, Option<Failure>) {
        let known = self.known(domain);
        let _turn = known.turn.lock().await;
        let now = self.clock.tick();
        let by = now.saturating_add(by.since(now) / 2);
        known.facts().kept.take_if(|kept| kept.until <= now);
        let failure = match self.record(domain, by).await {
            // §3.1, §5.1: without a record that can be read, what is kept goes on to count, and is kept fresh: who hides the
            // record does not get rid of the policy.
            None => {
                self.refresh_if_old(&known, domain);
                None
            }
            Some(record) => self.fetch_if_new(&known, domain, &record, by).await,
        };
        let kept = known.facts().kept.as_ref().map(|kept| Arc::clone(&kept.policy));
        let in_force = kept.filter(|policy| matches!(policy.mode(), Mode::Enforce | Mode::Testing));
        match in_force {
            Some(policy) => (Some(policy), None),
            None => (None, failure),
        }
    }

    /// The policies whose time is not over, by domain.
    pub(crate) fn export(&self) -> Vec<KeptPolicy> {
        let now = self.clock.tick();
        let all: Vec<(Domain, Arc<Known>)> =
            self.all().iter().map(|(domain, known)| (domain.clone(), Arc::clone(known))).collect();
        let kept = |(domain, known): (Domain, Arc<Known>)| {
            let kept = known.facts().kept.clone().filter(|kept| kept.until > now)?;
            Some(KeptPolicy::new(domain, kept.record, (*kept.policy).clone(), kept.fetched))
        };
        let mut policies: Vec<KeptPolicy> = all.into_iter().filter_map(kept).collect();
        policies.sort_unstable_by(|a, b| a.domain.as_str().cmp(b.domain.as_str()));
        policies
    }

    /// Takes in what was exported, unless its time is over or something is known already.
    pub(crate) fn import(&self, kept: KeptPolicy) {
        let (now, wall) = (self.clock.tick(), self.clock.wall());
        let left = kept.expires().since(wall).min(kept.policy.max_age());
        if left.is_zero() {
            return;
        }
        let KeptPolicy { domain, record, policy, fetched, .. } = kept;
        let known = self.known(&domain);
        let until = now.saturating_add(left);
        let refresh = now.saturating_add(refresh_after(&policy)).min(until);
        known.facts().kept.get_or_insert(Kept { record, policy: Arc::new(policy), fetched, until, refresh });
    }

    async fn record(&self, domain: &Domain, by: Tick) -> Option<Record> {
        let name = mta_sts::record_name(domain).ok()?;
        let by = by.min(self.clock.tick().saturating_add(self.dns_timeout));
        let texts = self.resolver.txt(&name, by).await.ok()?;
        Record::select(texts.values.iter().map(Vec::as_slice))
    }

    /// Fetches the policy if the record is a new one, and sees to what is growing old.
    async fn fetch_if_new(
        self: &Arc<Self>,
        known: &Arc<Known>,
        domain: &Domain,
        record: &Record,
        by: Tick,
    ) -> Option<Failure> {
        let now = self.clock.tick();
        {
            let facts = known.facts();
            if facts.kept.as_ref().is_some_and(|kept| kept.record == *record) {
                drop(facts);
                self.refresh_if_old(known, domain);
                return None;
            }
            if let Some((failed, until, failure)) = &facts.failed
                && *failed == *record
                && now < *until
            {
                return Some(failure.clone());
            }
        }
        match self.fetched(domain, by).await {
            Ok(policy) => {
                let mut facts = known.facts();
                facts.failed = None;
                facts.kept = Some(self.kept(record.clone(), policy));
                None
            }
            Err(failure) => {
                known.facts().failed = Some((record.clone(), now.saturating_add(FETCH_AGAIN), failure.clone()));
                Some(failure)
            }
        }
    }

    /// §10.2: what is fetched anew before its time is over leaves no gap for an attacker. No mail waits for it.
    fn refresh_if_old(self: &Arc<Self>, known: &Arc<Known>, domain: &Domain) {
        let now = self.clock.tick();
        let old = match &mut known.facts().kept {
            Some(kept) if kept.refresh <= now => {
                kept.refresh = now.saturating_add(FETCH_AGAIN);
                kept.record.clone()
            }
            _ => return,
        };
        let (sts, known, domain) = (Arc::downgrade(self), Arc::downgrade(known), domain.clone());
        let Ok(runtime) = Handle::try_current() else { return };
        runtime.spawn(async move {
            let (Some(sts), Some(known)) = (sts.upgrade(), known.upgrade()) else { return };
            let by = sts.clock.tick().saturating_add(FETCH_TIMEOUT);
            if let Ok(policy) = sts.fetched(&domain, by).await
                && let Some(kept) = &mut known.facts().kept
                // Another record brought another policy meanwhile.
                && kept.record == old
            {
                *kept = sts.kept(kept.record.clone(), policy);
            }
        });
    }

    fn kept(&self, record: Record, policy: Policy) -> Kept {
        let now = self.clock.tick();
        let (until, refresh) = (policy.max_age(), refresh_after(&policy));
        let (until, refresh) = (now.saturating_add(until), now.saturating_add(refresh));
        Kept { record, policy: Arc::new(policy), fetched: self.clock.wall(), until, refresh }
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

    fn known(&self, domain: &Domain) -> Arc<Known> {
        let mut all = self.all();
        if let Some(known) = all.get(domain) {
            return Arc::clone(known);
        }
        if all.len() >= MAX_DOMAINS {
            let now = self.clock.tick();
            // Those without a policy are soon known again; those in use stay.
            all.retain(|_, known| Arc::strong_count(known) > 1 || known.until().is_some_and(|until| until > now));
        }
        if all.len() >= MAX_DOMAINS
            && let Some(first) = all.iter().min_by_key(|(_, known)| known.until()).map(|(domain, _)| domain.clone())
        {
            all.remove(&first);
        }
        Arc::clone(all.entry(domain.clone()).or_default())
    }

    fn all(&self) -> MutexGuard<'_, HashMap<Domain, Arc<Known>>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// §3.3, §10.2: once a day; of policies that are good for less than two days, in the middle of their time.
fn refresh_after(policy: &Policy) -> Duration {
    REFRESH.min(policy.max_age() / 2)
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
/// How old a policy gets before it is fetched anew.
const REFRESH: Duration = Duration::from_secs(86_400);
/// How many domains are remembered.
const MAX_DOMAINS: usize = 10_000;
