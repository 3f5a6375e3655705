//! Putting a Mailer together.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};

use posthaste_bounce::Rules;
use posthaste_queue::{Scheduler, Spool};
use posthaste_sign::Sign;
use posthaste_suppression::SuppressionStore;
use posthaste_token::{KeyId, KeyRing, MasterSecret, ReturnPaths};
use posthaste_transport::{Source, TlsPolicy, TraceSink, Transport};
use posthaste_types::{Clock, Domain, ParseError, Random, StreamName, Timestamp};
use tokio::sync::{Notify, Semaphore, broadcast, watch};

use crate::dispatch::Dispatch;
use crate::error::{StartError, StartErrorKind};
use crate::inner::{Engine, ListPlace};
use crate::mailer::Mailer;
use crate::settings::{Audience, Settings, StreamPolicy};
use crate::steady::Steady;
use crate::system::{SystemClock, SystemRandom};
use crate::traces::{TraceRule, Traceable, Traces};
use crate::waiters::Waiters;

/// Puts a [`Mailer`] together. A spool and a transport are needed; everything else has a default.
#[derive(Debug)]
#[must_use = "no Mailer runs until this is started"]
pub struct MailerBuilder {
    spool: Option<Arc<dyn Spool>>,
    own_list: Option<Arc<dyn SuppressionStore>>,
    list: Option<Arc<dyn SuppressionStore>>,
    signer: Option<Arc<dyn Sign>>,
    rules: Option<Arc<Rules>>,
    transport: Option<Arc<dyn Transport>>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    return_domain: Option<Domain>,
    secret: Option<MasterSecret>,
    streams: HashMap<StreamName, StreamPolicy>,
    audience: Audience,
    source: Option<Source>,
    tls_policy: TlsPolicy,
    trace: Rule,
    settings: Settings,
    wrong: Option<ParseError>,
}

impl MailerBuilder {
    pub(crate) fn new() -> Self {
        Self {
            spool: None,
            own_list: None,
            list: None,
            signer: None,
            rules: None,
            transport: None,
            clock: Arc::new(SystemClock::new()),
            random: Arc::new(SystemRandom::new()),
            return_domain: None,
            secret: None,
            streams: HashMap::from([(StreamName::DEFAULT, StreamPolicy::transactional())]),
            audience: Audience::Live,
            source: None,
            tls_policy: TlsPolicy::default(),
            trace: Rule(None),
            settings: Settings::default(),
            wrong: None,
        }
    }

    /// Where mail and the suppression list are kept. The Mailer is its only owner.
    pub fn spool<S: Spool + SuppressionStore + 'static>(mut self, spool: S) -> Self {
        let spool = Arc::new(spool);
        self.own_list = Some(spool.clone());
        self.spool = Some(spool);
        self
    }

    /// A suppression list of the application's own, in place of the spool's. It is asked when a mail is accepted,
    /// and again before each attempt.
    pub fn suppression_list(mut self, list: impl SuppressionStore + 'static) -> Self {
        self.list = Some(Arc::new(list));
        self
    }

    /// What signs; without one, mail leaves unsigned.
    pub fn signer(mut self, signer: impl Sign + 'static) -> Self {
        self.signer = Some(Arc::new(signer));
        self
    }

    /// The rules that replies and reports are judged by; those that are compiled in by default.
    pub fn rules(mut self, rules: Arc<Rules>) -> Self {
        self.rules = Some(rules);
        self
    }

    /// What delivers.
    pub fn transport(mut self, transport: impl Transport + 'static) -> Self {
        self.transport = Some(Arc::new(transport));
        self
    }

    /// The domain whose mail comes back to this application. Every mail gets a return path below it that carries
    /// a token, so that a bounce finds its mail and a forged one does not. Without it, reports go to the From
    /// address and are matched by Message-ID.
    pub fn return_path<D>(mut self, domain: D) -> Self
    where
        D: TryInto<Domain>,
        D::Error: Into<ParseError>,
    {
        match domain.try_into() {
            Ok(domain) => self.return_domain = Some(domain),
            Err(error) => self.wrong = self.wrong.or(Some(error.into())),
        }
        self
    }

    /// The secret that tokens are made with. Without it one is made, and kept in the spool.
    pub fn secret(mut self, secret: MasterSecret) -> Self {
        self.secret = Some(secret);
        self
    }

    /// Declares a stream of mail.
    pub fn stream<N>(mut self, name: N, policy: StreamPolicy) -> Self
    where
        N: TryInto<StreamName>,
        N::Error: Into<ParseError>,
    {
        match name.try_into() {
            Ok(name) => drop(self.streams.insert(name, policy)),
            Err(error) => self.wrong = self.wrong.or(Some(error.into())),
        }
        self
    }

    /// Who may be mailed at all; everybody by default.
    pub fn audience(mut self, audience: Audience) -> Self {
        self.audience = audience;
        self
    }

    /// The address to send from.
    pub fn source(mut self, source: Source) -> Self {
        self.source = Some(source);
        self
    }

    /// How strictly TLS is asked for; opportunistically by default.
    pub fn tls_policy(mut self, policy: TlsPolicy) -> Self {
        self.tls_policy = policy;
        self
    }

    /// Asks `rule` before each attempt whether its dialogue is to be written down, and where: by the stream, a tag, a
    /// recipient. Tags are kept with the mail, so that a mail which was tagged for this is traced behind a restart too.
    /// For one mail at hand there is [`Sending::trace`](crate::Sending::trace).
    ///
    /// ```
    /// use std::sync::Arc;
    ///
    /// use posthaste_engine::Mailer;
    /// use posthaste_transport::{TraceLines, TraceSink};
    ///
    /// let lines = Arc::new(TraceLines::new());
    /// let to = lines.clone();
    /// let builder = Mailer::builder().trace(move |mail| {
    ///     mail.tags().get("trace").map(|_| to.clone() as Arc<dyn TraceSink>)
    /// });
    /// ```
    ///
    /// Secrets and content are not in a dialogue, nor is the token in a return path (it is shown as `[token]`); addresses
    /// are. A rule that panics costs its attempt.
    pub fn trace(
        mut self,
        rule: impl Fn(&Traceable<'_>) -> Option<Arc<dyn TraceSink>> + Send + Sync + 'static,
    ) -> Self {
        self.trace = Rule(Some(Arc::new(rule)));
        self
    }

    /// The settings.
    pub fn settings(mut self, settings: Settings) -> Self {
        self.settings = settings;
        self
    }

    /// The clock; the machine's by default.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// The random source; the operating system's by default. It makes ids and secrets.
    pub fn random(mut self, random: Arc<dyn Random>) -> Self {
        self.random = random;
        self
    }

    /// Starts the Mailer on the tokio runtime that this is awaited on. What an earlier process left in doubt is
    /// taken up first.
    ///
    /// # Errors
    /// [`StartError`] if something is missing or wrong, or the spool cannot be used; also where the clock says a time
    /// before this release was made, as that of a machine without a battery does until it has asked for the time: dates,
    /// signatures and return paths would be wrong, and what is to be sent at a time would not be sent before a restart.
    ///
    /// # Cancel safety
    /// Dropped: no Mailer runs.
    pub async fn start(self) -> Result<Mailer, StartError> {
        if let Some(wrong) = self.wrong {
            return Err(wrong.into());
        }
        let wall = self.clock.wall();
        if wall < EARLIEST {
            let text = format!("the clock says {}, which is past: it is not set yet", wall.to_whole_seconds());
            return Err(StartError::new(StartErrorKind::Clock, text));
        }
        let missing = |what: &str| StartError::new(StartErrorKind::Missing, format!("no {what} was given"));
        let spool = self.spool.ok_or_else(|| missing("spool"))?;
        let transport = self.transport.ok_or_else(|| missing("transport"))?;
        let place = if self.list.is_some() { ListPlace::Apart } else { ListPlace::InSpool };
        let suppressions = self.list.or(self.own_list).ok_or_else(|| missing("suppression list"))?;
        let return_paths = match self.return_domain {
            None => None,
            Some(domain) => Some(return_paths(&*spool, domain, self.secret, &*self.random).await?),
        };
        let mut settings = self.settings;
        settings.check().map_err(|text| StartError::new(StartErrorKind::Setting, text))?;
        settings.scheduler.max_recipients =
            settings.scheduler.max_recipients.min(transport.capabilities().recipient_limit());
        let own =
            |(name, policy): (&StreamName, &StreamPolicy)| Some((name.clone(), policy.schedule(&settings.schedule)?));
        let schedules = self.streams.iter().filter_map(own).collect();
        let (live, _) = broadcast::channel(settings.live_events.max(1));
        let engine = Arc::new(Engine {
            steady: Mutex::new(Steady::new(&*self.clock)),
            dispatch: Mutex::new(Dispatch::new(Scheduler::new(settings.scheduler.clone()))),
            admitting: Semaphore::new(settings.max_admitting.max(1)),
            stopping: AtomicBool::new(false),
            grace: Mutex::new(settings.stop_grace),
            grace_over: watch::Sender::new(false),
            waiters: Waiters::default(),
            event_bell: Arc::new(Notify::new()),
            wake: Notify::new(),
            live: Mutex::new(Some(live)),
            spool,
            suppressions,
            list: place,
            signer: self.signer,
            rules: self.rules,
            transport,
            clock: self.clock,
            random: self.random,
            return_paths,
            schedules,
            streams: self.streams,
            audience: self.audience,
            source: self.source,
            tls_policy: self.tls_policy,
            traces: Traces::new(self.trace.0),
            settings,
        });
        engine.take_up_orphans().await?;
        Ok(Mailer::run(engine))
    }
}

/// The year of this release: no clock that is set says less.
const EARLIEST: Timestamp = Timestamp::from_unix_secs(1_767_225_600);

/// Whose dialogues are written down.
struct Rule(Option<Arc<TraceRule>>);

impl fmt::Debug for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Some" } else { "None" })
    }
}

async fn return_paths(
    spool: &dyn Spool,
    domain: Domain,
    secret: Option<MasterSecret>,
    random: &dyn Random,
) -> Result<ReturnPaths, StartError> {
    let secret = match secret {
        Some(secret) => secret,
        None => {
            let mut candidate = [0; 32];
            random.fill(&mut candidate);
            MasterSecret::from_bytes(spool.secret("master", candidate).await?)
        }
    };
    let ring = KeyRing::new(KeyId::new(0), secret);
    ReturnPaths::new(ring, domain, "b").map_err(|error| StartError::caused(StartErrorKind::Setting, error))
}
