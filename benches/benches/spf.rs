//! SPF of a domain that includes three others, the last of which names the client: ours with and without its trace
//! against mail-auth. Both have every answer and every parsed record in memory: what is compared is the evaluation.

use std::collections::HashMap;
use std::error::Error;
use std::hash::Hash;
use std::hint::black_box;
use std::net::IpAddr;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use mail_auth::common::parse::TxtRecordParser;
use mail_auth::spf::Spf;
use mail_auth::spf::verify::SpfParameters;
use mail_auth::{MessageAuthenticator, Parameters, ResolverCache, SpfResult, Txt};
use posthaste_auth::spf::{self, Query, RecordCache, Settings, Tracing, Verdict};
use posthaste_benches::{Comparison, Mode, Sample, machine};
use posthaste_dns::{Cached, MemoryZone};
use posthaste_engine::SystemClock;
use posthaste_types::Clock;

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

fn main() -> Result<()> {
    let mode = Mode::from_env();
    println!("{}", machine(Path::new(env!("CARGO_TARGET_TMPDIR"))));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(compare(mode))
}

async fn compare(mode: Mode) -> Result<()> {
    let ip: IpAddr = "198.51.100.77".parse()?;
    let (ours, theirs) = (Ours::new()?, Theirs::new()?);
    let (untraced, traced) = (ours.settings(Tracing::Off), ours.settings(Tracing::On));

    let mut run = Comparison::new("SPF with three includes, records kept", "checks");
    let without = run.side("posthaste, trace off");
    let with = run.side("posthaste, trace on");
    let direct = run.side("mail-auth");
    run.ratio(without, direct, ">= 1");
    run.ratio(with, direct, ">= 0.5");
    let count = mode.count(20_000);
    for round in 0..mode.rounds() {
        for side in run.order(round) {
            let start = Instant::now();
            for _ in 0..count {
                let passes = match side {
                    side if side == without => ours.passes(ip, &untraced).await,
                    side if side == with => ours.passes(ip, &traced).await,
                    _ => theirs.passes(ip).await,
                };
                assert!(black_box(passes), "it does not pass");
            }
            run.note(side, Sample::new(count, start.elapsed()));
        }
    }
    print!("{run}");
    Ok(())
}

struct Ours {
    dns: Cached<MemoryZone>,
    clock: Arc<dyn Clock>,
    records: Arc<RecordCache>,
}

impl Ours {
    fn new() -> Result<Self> {
        let zone = MemoryZone::new();
        for (name, record) in RECORDS {
            zone.add(&format!("{name}. 3600 IN TXT \"{record}\""))?;
        }
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
        Ok(Self { dns: Cached::new(zone, clock.clone()), clock, records: Arc::default() })
    }

    fn settings(&self, tracing: Tracing) -> Settings {
        let mut settings = Settings::default();
        settings.tracing = tracing;
        settings.cache = Some(self.records.clone());
        settings
    }

    async fn passes(&self, ip: IpAddr, settings: &Settings) -> bool {
        let query = Query::mail_from(ip, HELO, SENDER);
        spf::check(&self.dns, &*self.clock, &query, settings).await.verdict == Verdict::Pass
    }
}

struct Theirs {
    /// Never asked: the cache knows all.
    dns: MessageAuthenticator,
    records: Kept<Box<str>, Txt>,
}

impl Theirs {
    fn new() -> Result<Self> {
        let records = Kept::default();
        for (name, record) in RECORDS {
            let parsed = Spf::parse(record.as_bytes()).map_err(|error| error.to_string())?;
            let until = Instant::now() + Duration::from_secs(3600);
            records.insert(format!("{name}.").into(), Txt::Spf(Arc::new(parsed)), until);
        }
        Ok(Self { dns: MessageAuthenticator::new_cloudflare()?, records })
    }

    async fn passes(&self, ip: IpAddr) -> bool {
        let asked = SpfParameters::verify_mail_from(ip, HELO, "mx.example.org", SENDER);
        let asked = Parameters::new(asked).with_txt_cache(&self.records);
        self.dns.verify_spf(asked).await.result() == SpfResult::Pass
    }
}

/// A cache such as mail-auth wants from its user.
struct Kept<K, V>(Mutex<HashMap<K, (V, Instant)>>);

impl<K, V> Default for Kept<K, V> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Hash + Eq, V: Clone> ResolverCache<K, V> for Kept<K, V> {
    fn get<Q: Hash + Eq + ?Sized>(&self, name: &Q) -> Option<V>
    where
        K: std::borrow::Borrow<Q>,
    {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (value, until) = kept.get(name)?;
        (Instant::now() < *until).then(|| value.clone())
    }

    fn remove<Q: Hash + Eq + ?Sized>(&self, name: &Q) -> Option<V>
    where
        K: std::borrow::Borrow<Q>,
    {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.remove(name).map(|(value, _)| value)
    }

    fn insert(&self, key: K, value: V, until: Instant) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.insert(key, (value, until));
    }
}

const HELO: &str = "mail.example.net";
const SENDER: &str = "bounces+12345@news.example.com";
/// As large senders write them.
const RECORDS: [(&str, &str); 4] = [
    (
        "news.example.com",
        "v=spf1 ip4:192.0.2.0/28 include:_spf.one.example include:_spf.two.example include:_spf.three.example -all",
    ),
    (
        "_spf.one.example",
        "v=spf1 ip4:203.0.113.0/26 ip4:203.0.113.64/26 ip4:203.0.113.128/27 ip6:2001:db8:1::/48 ip6:2001:db8:2::/48 ~all",
    ),
    ("_spf.two.example", "v=spf1 ip4:192.0.2.64/27 ip4:192.0.2.128/25 ip6:2001:db8:3::/48 ?all"),
    ("_spf.three.example", "v=spf1 ip4:198.51.100.0/27 ip4:198.51.100.32/27 ip4:198.51.100.64/27 -all"),
];
