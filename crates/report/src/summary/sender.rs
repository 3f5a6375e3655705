//! Who sends as a domain.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::{Tally, normal, short};
use crate::aggregate::{Aligned, Disposition, DkimOutcome, Override, Record, SpfOutcome};

/// Sums of messages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counts {
    /// All.
    pub messages: u64,
    /// Those that pass DMARC.
    pub passing: u64,
    /// Those with an aligned DKIM signature that holds.
    pub dkim: u64,
    /// Those with an aligned SPF pass.
    pub spf: u64,
    /// Those that were treated as suspicious.
    pub quarantined: u64,
    /// Those that were refused.
    pub rejected: u64,
    /// Those that the receiver took for forwarded mail or a mailing list's.
    pub forwarded: u64,
}

impl Counts {
    /// Those that fail DMARC.
    pub fn failing(&self) -> u64 {
        self.messages.saturating_sub(self.passing)
    }

    /// The share that passes, 0 to 1; 1 where there is no mail.
    pub fn pass_rate(&self) -> f64 {
        // Counts beyond 2^53 lose their last digits, which no rate shows.
        if self.messages == 0 { 1.0 } else { self.passing as f64 / self.messages as f64 }
    }

    pub(super) fn add(&mut self, record: &Record) {
        let is_forwarded = |reason: Option<Override>| {
            matches!(reason, Some(Override::Forwarded | Override::MailingList | Override::TrustedForwarder))
        };
        let counts = [
            (&mut self.messages, true),
            (&mut self.passing, record.passes()),
            (&mut self.dkim, record.dkim == Some(Aligned::Pass)),
            (&mut self.spf, record.spf == Some(Aligned::Pass)),
            (&mut self.quarantined, record.disposition == Some(Disposition::Quarantine)),
            (&mut self.rejected, record.disposition == Some(Disposition::Reject)),
            (&mut self.forwarded, record.reasons.iter().any(|reason| is_forwarded(reason.kind))),
        ];
        for (count, holds) in counts {
            *count = count.saturating_add(if holds { record.count } else { 0 });
        }
    }

    pub(super) fn merge(&mut self, other: &Counts) {
        let Counts { messages, passing, dkim, spf, quarantined, rejected, forwarded } = *other;
        self.messages = self.messages.saturating_add(messages);
        self.passing = self.passing.saturating_add(passing);
        self.dkim = self.dkim.saturating_add(dkim);
        self.spf = self.spf.saturating_add(spf);
        self.quarantined = self.quarantined.saturating_add(quarantined);
        self.rejected = self.rejected.saturating_add(rejected);
        self.forwarded = self.forwarded.saturating_add(forwarded);
    }
}

/// By what a sender is known.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum SenderName {
    /// The domain itself: its own DKIM or SPF passes, and no other's.
    Itself(String),
    /// Another domain whose DKIM or SPF passes: a service that mails for this one, or a forwarder.
    Service(String),
    /// Nothing passes: the network of the address, /24 or /48.
    Network(IpAddr),
    /// Nothing passes, and the report has no address.
    Unknown,
}

impl SenderName {
    /// Whoever a record points to.
    pub(super) fn of(record: &Record, domain: &str) -> Self {
        let dkim = record.dkim_results.iter().filter(|it| it.result == Some(DkimOutcome::Pass)).map(|it| &it.domain);
        let spf = record.spf_results.iter().filter(|it| it.result == Some(SpfOutcome::Pass)).map(|it| &it.domain);
        let mut itself = record.passes();
        for passing in dkim.chain(spf).map(|name| normal(name)).filter(|name| !name.is_empty()) {
            if !is_within(&passing, domain) {
                return Self::Service(short(organization(&passing)));
            }
            itself = true;
        }
        match record.source_ip {
            _ if itself => Self::Itself(domain.to_owned()),
            Some(address) => Self::Network(network(address)),
            None => Self::Unknown,
        }
    }
}

impl fmt::Display for SenderName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Itself(domain) | Self::Service(domain) => f.write_str(domain),
            Self::Network(address @ IpAddr::V4(_)) => write!(f, "{address}/24"),
            Self::Network(address @ IpAddr::V6(_)) => write!(f, "{address}/48"),
            Self::Unknown => f.write_str("unknown"),
        }
    }
}

/// How a sender stands with DMARC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Standing {
    /// Its mail passes, at least 98 of 100.
    Passes,
    /// Its mail passes as itself, but not as this domain.
    NotAligned,
    /// Signatures of this domain do not hold.
    Broken,
    /// Some passes, some does not.
    Mixed,
    /// Nothing passes.
    Unauthenticated,
}

/// One sender, and how its mail fares.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Sender {
    /// Who.
    pub name: SenderName,
    /// How many messages, and what became of them.
    pub counts: Counts,
    /// From which addresses.
    pub addresses: Tally<IpAddr>,
    /// DKIM: domain, selector and result.
    pub dkim: Tally<(String, String, &'static str)>,
    /// SPF: domain and result.
    pub spf: Tally<(String, &'static str)>,
    /// Messages with a signature of this domain that does not hold, and none that does.
    pub broken: u64,
}

impl Sender {
    pub(super) fn new(name: SenderName, details: usize) -> Self {
        let counts = Counts::default();
        Self {
            name,
            counts,
            addresses: Tally::new(details),
            dkim: Tally::new(details),
            spf: Tally::new(details),
            broken: 0,
        }
    }

    pub(super) fn add(&mut self, record: &Record, domain: &str) {
        self.counts.add(record);
        if let Some(address) = record.source_ip {
            self.addresses.add(address, record.count);
        }
        let mut broken = false;
        for dkim in &record.dkim_results {
            let result = dkim.result.map_or("unknown", DkimOutcome::as_str);
            let name = normal(&dkim.domain);
            let bad = matches!(dkim.result, Some(DkimOutcome::Fail | DkimOutcome::PermError | DkimOutcome::Policy));
            broken |= bad && is_within(&name, domain);
            self.dkim.add((short(&name), short(dkim.selector.as_deref().unwrap_or_default()), result), record.count);
        }
        for spf in &record.spf_results {
            let result = spf.result.map_or("unknown", SpfOutcome::as_str);
            self.spf.add((short(&normal(&spf.domain)), result), record.count);
        }
        if broken && record.dkim != Some(Aligned::Pass) {
            self.broken = self.broken.saturating_add(record.count);
        }
    }

    /// How it stands with DMARC.
    pub fn standing(&self) -> Standing {
        let Counts { messages, passing, .. } = self.counts;
        let failing = self.counts.failing();
        match &self.name {
            _ if failing.saturating_mul(50) <= messages => Standing::Passes,
            _ if self.broken.saturating_mul(2) >= failing => Standing::Broken,
            SenderName::Service(_) if passing == 0 => Standing::NotAligned,
            _ if passing > 0 => Standing::Mixed,
            _ => Standing::Unauthenticated,
        }
    }
}

/// Whether a name is a domain or stands below it.
fn is_within(name: &str, domain: &str) -> bool {
    name.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

/// About the organizational domain: two labels, three where the last two are short as in `co.uk`. For names of people's
/// senders only; nothing is decided by it.
fn organization(name: &str) -> &str {
    let mut dots = name.rmatch_indices('.').map(|(at, _)| at);
    let (Some(last), Some(second)) = (dots.next(), dots.next()) else { return name };
    let label = name.get(second.saturating_add(1)..last).unwrap_or_default();
    let top = name.get(last.saturating_add(1)..).unwrap_or_default();
    let start = if label.len() <= 3 && top.len() == 2 { dots.next() } else { Some(second) };
    start.and_then(|at| name.get(at.saturating_add(1)..)).unwrap_or(name)
}

fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(address) => {
            let [a, b, c, _] = address.octets();
            Ipv4Addr::new(a, b, c, 0).into()
        }
        IpAddr::V6(address) => {
            let [a, b, c, ..] = address.segments();
            Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0).into()
        }
    }
}
