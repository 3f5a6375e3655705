//! The settings of a Mailer and of its streams.

use std::time::Duration;

use posthaste_queue::{Schedule, SchedulerConfig};
use posthaste_types::{Address, Domain, NodeId};

/// The settings of a Mailer. Every field has a default that suits a single server.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Settings {
    /// Retries and expiry, where a stream has none of its own. Default: [`Schedule::default`].
    pub schedule: Schedule,
    /// Attempts at once and recipients in memory; a sixteenth of these more may wait for routes. Default:
    /// [`SchedulerConfig::default`].
    pub scheduler: SchedulerConfig,
    /// How long one attempt may take, a second at least. Default: 30 minutes, more than the sum of what RFC 5321 §4.5.3.2 lets a
    /// slow peer take for one message.
    pub attempt_timeout: Duration,
    /// The most recipients of one mail. Default: 50,000.
    pub max_recipients: usize,
    /// The largest mail, in octets, headers included. Default: 25 MiB, what the large providers take.
    pub max_size: usize,
    /// Sends that may wait for the disk at once; one more waits itself, or gets
    /// [`Full`](crate::SendErrorKind::Full) if it must not. Default: 1,024.
    pub max_admitting: usize,
    /// How long a route is held after a fault of ours, a second at least. Default: 60 s.
    pub hold: Duration,
    /// How long [`Mailer::stop`](crate::Mailer::stop) lets attempts under way go on. Default: 30 s.
    pub stop_grace: Duration,
    /// How long a mail is known behind the end of its last recipient, with its keys and events. Default: 35 days, longer
    /// than a return path counts (30 days). Read durable events within this time.
    pub keep: Duration,
    /// How many live events a slow reader may be behind before it loses some. Default: 4,096.
    pub live_events: usize,
    /// The name of this process in the spool. Default: `main`.
    pub node: NodeId,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            schedule: Schedule::default(),
            scheduler: SchedulerConfig::default(),
            attempt_timeout: Duration::from_secs(30 * 60),
            max_recipients: 50_000,
            max_size: 25 * 1024 * 1024,
            max_admitting: 1024,
            hold: Duration::from_secs(60),
            stop_grace: Duration::from_secs(30),
            keep: Duration::from_secs(35 * 24 * 3600),
            live_events: 4096,
            node: NodeId::from_static("main"),
        }
    }
}

impl Settings {
    /// Says what would let nothing pass, or never rest.
    pub(crate) fn check(&self) -> Result<(), String> {
        let counts = [
            ("scheduler.max_attempts", self.scheduler.max_attempts),
            ("scheduler.max_attempts_per_site", self.scheduler.max_attempts_per_site),
            ("scheduler.max_ready", self.scheduler.max_ready),
            ("scheduler.max_ready_per_site", self.scheduler.max_ready_per_site),
            ("max_recipients", self.max_recipients),
            ("max_size", self.max_size),
        ];
        if let Some((name, _)) = counts.iter().find(|(_, count)| *count == 0) {
            return Err(format!("setting {name}: 0, and at least 1 is needed"));
        }
        let times = [("attempt_timeout", self.attempt_timeout), ("hold", self.hold)];
        match times.iter().find(|(_, time)| *time < Duration::from_secs(1)) {
            Some((name, time)) => Err(format!("setting {name}: {time:?}, and at least a second is needed")),
            None => Ok(()),
        }
    }
}

/// The policy of a stream of mail.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StreamPolicy {
    /// Higher goes first.
    pub priority: i8,
    /// How long after acceptance a mail is given up; the schedule's own time if `None`.
    pub expire: Option<Duration>,
    /// The waits between attempts, the last one repeated; the schedule's own if `None`.
    pub delays: Option<&'static [Duration]>,
    /// Whether every mail must carry a way out.
    pub way_out: WayOut,
}

/// Whether mail must carry a one-click unsubscribe (RFC 8058).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "two values")]
pub enum WayOut {
    /// It need not.
    Optional,
    /// Without List-Unsubscribe and List-Unsubscribe-Post it is not accepted.
    Required,
}

impl StreamPolicy {
    /// Mail that answers to something its recipient did: receipts, notices. Priority 0.
    pub const fn transactional() -> Self {
        Self { priority: 0, expire: None, delays: None, way_out: WayOut::Optional }
    }

    /// Codes and links that are worthless after a quarter of an hour: given up then, tried again after one minute,
    /// two, three and four, so that greylisting (RFC 6647) does not cost them. Priority 50.
    pub const fn codes() -> Self {
        Self {
            priority: 50,
            expire: Some(MINUTE.saturating_mul(15)),
            delays: Some(&CODE_DELAYS),
            way_out: WayOut::Optional,
        }
    }

    /// Mail to many: given up after 48 hours, behind everything else, and with a way out. Priority -50.
    pub const fn bulk() -> Self {
        Self { priority: -50, expire: Some(Duration::from_secs(48 * 3600)), delays: None, way_out: WayOut::Required }
    }

    /// The same, given up after `expire`.
    #[must_use]
    pub const fn expire_after(mut self, expire: Duration) -> Self {
        self.expire = Some(expire);
        self
    }

    /// The same, with waits of its own between attempts; the last one repeats.
    #[must_use]
    pub const fn retry_after(mut self, delays: &'static [Duration]) -> Self {
        self.delays = Some(delays);
        self
    }

    /// The schedule of this stream, where it has waits of its own.
    pub(crate) fn schedule(&self, general: &Schedule) -> Option<Schedule> {
        let mut schedule = general.clone();
        schedule.delays = self.delays.filter(|delays| !delays.is_empty())?.to_vec();
        Some(schedule)
    }
}

/// Who may be mailed at all, checked right before the transport, for mail queued earlier too: so that a copy of
/// a production spool stays harmless on a test machine.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Audience {
    /// Nobody: everything ends [withheld](posthaste_types::Fate::Withheld).
    Capture,
    /// Everybody.
    #[default]
    Live,
    /// These addresses and domains; the others are withheld.
    Only {
        /// The addresses.
        addresses: Vec<Address>,
        /// The domains, without their subdomains.
        domains: Vec<Domain>,
    },
    /// All mail goes to this address instead. The recipients end withheld; what the stand-in answers never
    /// touches them.
    Redirect(Address),
}

/// What the audience says of a recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Gate {
    Pass,
    Withhold(&'static str),
    Redirect(Address),
}

impl Audience {
    pub(crate) fn gate(&self, to: &Address) -> Gate {
        match self {
            Self::Capture => Gate::Withhold("the audience is nobody (capture)"),
            Self::Live => Gate::Pass,
            Self::Only { addresses, domains } => {
                let normal = to.normalized();
                let known = domains.contains(to.domain()) || addresses.iter().any(|one| one.normalized() == normal);
                if known { Gate::Pass } else { Gate::Withhold("not in the audience") }
            }
            Self::Redirect(stand_in) => Gate::Redirect(stand_in.clone()),
        }
    }
}

const MINUTE: Duration = Duration::from_secs(60);
const CODE_DELAYS: [Duration; 4] =
    [MINUTE, Duration::from_secs(120), Duration::from_secs(180), Duration::from_secs(240)];
