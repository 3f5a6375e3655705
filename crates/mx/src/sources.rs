//! Which source a mail goes from, and how each source fares.

use std::collections::HashMap;
use std::fmt;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use posthaste_transport::{SiteId, Source};
use posthaste_types::{Clock, Outcome, OutcomeKind, Random, Text, Tick};

use crate::egress::{Egress, SourceState, SourceTrouble, TroubleKind};

/// The configured sources.
pub(crate) struct Sources {
    all: Vec<Known>,
    hold: Duration,
    clock: Arc<dyn Clock>,
}

struct Known {
    egress: Arc<Egress>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    sessions: u64,
    failures: u64,
    fault: Option<(Tick, Text)>,
    troubles: HashMap<SiteId, (Tick, TroubleKind, Text)>,
}

/// What a mail goes from: one source for each family, or what the system takes.
#[derive(Clone, Debug, Default)]
pub(crate) enum Chosen {
    #[default]
    System,
    Sources {
        v4: Option<Arc<Egress>>,
        v6: Option<Arc<Egress>>,
    },
}

impl Chosen {
    /// What an address is dialled from.
    ///
    /// # Errors
    /// [`OtherFamily`] if no source is of its family.
    pub(crate) fn towards(&self, address: IpAddr) -> Result<Option<&Arc<Egress>>, OtherFamily> {
        match self {
            Self::System => Ok(None),
            Self::Sources { v4, v6 } => {
                let of_family = if address.is_ipv4() { v4 } else { v6 };
                of_family.as_ref().map(Some).ok_or(OtherFamily)
            }
        }
    }

    /// The sources, for the key of a pool.
    pub(crate) fn each(&self) -> [Option<&Source>; 2] {
        match self {
            Self::System => [None, None],
            Self::Sources { v4, v6 } => [v4, v6].map(|egress| egress.as_ref().map(|egress| &egress.source)),
        }
    }

    fn only(egress: Arc<Egress>) -> Self {
        match egress.source.address.is_ipv4() {
            true => Self::Sources { v4: Some(egress), v6: None },
            false => Self::Sources { v4: None, v6: Some(egress) },
        }
    }
}

/// No source is of the address's family.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OtherFamily;

impl Sources {
    pub(crate) fn new(all: Vec<Egress>, hold: Duration, clock: Arc<dyn Clock>) -> Self {
        let known = |egress| Known { egress: Arc::new(egress), state: Mutex::default() };
        Self { all: all.into_iter().map(known).collect(), hold, clock }
    }

    /// What mail to a site goes from: the source that the attempt brings (through the proxy of the configured one with
    /// its address), else one of each family, by weight. One number decides for both families.
    pub(crate) fn choose(&self, given: Option<&Source>, site: &SiteId, random: &dyn Random) -> Chosen {
        if let Some(given) = given {
            let known = self.all.iter().find(|known| known.egress.source.address == given.address);
            let mut egress = Egress::new(given.clone());
            egress.proxy = known.and_then(|known| known.egress.proxy.clone());
            return Chosen::only(Arc::new(egress));
        }
        if self.all.is_empty() {
            return Chosen::System;
        }
        let mut die = [0; 4];
        if self.all.len() > 1 {
            random.fill(&mut die);
        }
        let (die, now) = (u32::from_ne_bytes(die), self.clock.tick());
        let of_family = |v4: bool| {
            let family: Vec<&Known> =
                self.all.iter().filter(|known| known.egress.source.address.is_ipv4() == v4).collect();
            draw(&family, site, now, die)
        };
        Chosen::Sources { v4: of_family(true), v6: of_family(false) }
    }

    /// A session takes mail.
    pub(crate) fn ready(&self, egress: Option<&Arc<Egress>>, site: &SiteId) {
        if let Some(mut state) = self.state(egress) {
            state.sessions = state.sessions.saturating_add(1);
            state.fault = None;
            state.troubles.remove(site);
        }
    }

    /// A connection came to nothing.
    pub(crate) fn failed(
        &self,
        egress: Option<&Arc<Egress>>,
        site: &SiteId,
        kind: TroubleKind,
        why: impl fmt::Display,
    ) {
        if let Some(mut state) = self.state(egress) {
            state.failures = state.failures.saturating_add(1);
            self.note(&mut state, site, kind, why);
        }
    }

    /// The source itself cannot be used.
    pub(crate) fn broken(&self, egress: Option<&Arc<Egress>>, why: impl fmt::Display) {
        if let Some(mut state) = self.state(egress) {
            state.failures = state.failures.saturating_add(1);
            state.fault = Some((self.clock.tick().saturating_add(self.hold), Text::lossy(why)));
        }
    }

    /// Looks whether one of these answers is about the source: it names its address, as those of block lists do.
    pub(crate) fn judge(&self, egress: Option<&Arc<Egress>>, site: &SiteId, outcomes: &[Option<Outcome>]) {
        let Some(egress) = egress else { return };
        let address = egress.source.address.to_string();
        let about = |outcome: &&Outcome| {
            let said = || outcome.cause().reply().map(ToString::to_string);
            outcome.kind() != OutcomeKind::Accepted && said().is_some_and(|said| names(&said, &address))
        };
        if let Some(outcome) = outcomes.iter().flatten().find(about)
            && let Some(mut state) = self.state(Some(egress))
        {
            self.note(&mut state, site, TroubleKind::Blocked, outcome.cause());
        }
    }

    /// How each fares, in the order of the settings.
    pub(crate) fn states(&self) -> Vec<SourceState> {
        let now = self.clock.tick();
        let state = |known: &Known| {
            let state = known.state();
            let current = state.troubles.iter().filter(|(_, (until, ..))| *until > now);
            let trouble = |(site, (_, kind, why)): (&SiteId, &(Tick, TroubleKind, Text))| SourceTrouble {
                site: site.clone(),
                kind: *kind,
                why: why.clone(),
            };
            let mut troubles: Vec<SourceTrouble> = current.map(trouble).collect();
            troubles.sort_unstable_by(|a, b| a.site.cmp(&b.site));
            SourceState {
                source: known.egress.source.clone(),
                sessions: state.sessions,
                failures: state.failures,
                fault: state.fault.as_ref().filter(|(until, _)| *until > now).map(|(_, why)| why.clone()),
                troubles,
            }
        };
        self.all.iter().map(state).collect()
    }

    fn note(&self, state: &mut State, site: &SiteId, kind: TroubleKind, why: impl fmt::Display) {
        let now = self.clock.tick();
        if state.troubles.len() >= MAX_TROUBLES && !state.troubles.contains_key(site) {
            state.troubles.retain(|_, (until, ..)| *until > now);
            if state.troubles.len() >= MAX_TROUBLES {
                return; // it is in trouble with everybody
            }
        }
        state.troubles.insert(site.clone(), (now.saturating_add(self.hold), kind, Text::lossy(why)));
    }

    fn state(&self, egress: Option<&Arc<Egress>>) -> Option<MutexGuard<'_, State>> {
        let address = egress?.source.address;
        self.all.iter().find(|known| known.egress.source.address == address).map(Known::state)
    }
}

impl Known {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_well(&self, site: &SiteId, now: Tick) -> bool {
        let state = self.state();
        let well = |until: &Tick| *until <= now;
        state.fault.as_ref().is_none_or(|(until, _)| well(until))
            && state.troubles.get(site).is_none_or(|(until, ..)| well(until))
    }
}

/// One of a family: of those that are well, or of all if none is.
fn draw(family: &[&Known], site: &SiteId, now: Tick, die: u32) -> Option<Arc<Egress>> {
    let usable = |known: &&&Known| known.egress.weight > 0;
    let well: Vec<&&Known> = family.iter().filter(usable).filter(|known| known.is_well(site, now)).collect();
    let all: Vec<&&Known> = family.iter().filter(usable).collect();
    let from = [well, all].into_iter().find(|some| !some.is_empty()).unwrap_or_else(|| family.iter().collect());
    let weight = |known: &Known| u64::from(known.egress.weight.max(1));
    let total: u64 = from.iter().map(|known| weight(known)).fold(0, u64::saturating_add);
    let mut point = u64::try_from((u128::from(die) * u128::from(total)) >> 32).unwrap_or(0);
    for known in &from {
        match point.checked_sub(weight(known)) {
            Some(rest) => point = rest,
            None => return Some(Arc::clone(&known.egress)),
        }
    }
    from.last().map(|known| Arc::clone(&known.egress))
}

/// Whether an address stands in a text, and not within a longer one.
fn names(text: &str, address: &str) -> bool {
    let part = |c: char| c.is_ascii_hexdigit() || c == ':' || c == '.';
    text.match_indices(address).any(|(at, _)| {
        let before = text.get(..at).and_then(|before| before.chars().next_back());
        let rest = text.get(at + address.len()..).unwrap_or_default();
        // A full stop behind it ends a sentence.
        let after = rest.trim_start_matches('.').chars().next().filter(|_| rest.starts_with(part));
        !before.is_some_and(part) && !after.is_some_and(part)
    })
}

impl fmt::Debug for Sources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.all.iter().map(|known| &known.egress)).finish()
    }
}

/// How many sites of a source are remembered.
const MAX_TROUBLES: usize = 1000;

#[cfg(test)]
mod tests {
    use posthaste_testkit::{SeededRandom, VirtualClock};

    use super::*;

    fn sources(addresses: &[(&str, u32)]) -> Sources {
        let egress = |(address, weight): &(&str, u32)| {
            Egress::new(Source::new(address.parse().unwrap(), "out.example.com".parse().unwrap())).with_weight(*weight)
        };
        let all = addresses.iter().map(egress).collect();
        Sources::new(all, Duration::from_secs(300), Arc::new(VirtualClock::new()))
    }

    fn pair(chosen: &Chosen) -> String {
        chosen.each().map(|source| source.map_or("-".to_owned(), |source| source.address.to_string())).join(" ")
    }

    #[test]
    fn families_go_in_pairs() {
        let site = SiteId::new("site");
        let random = SeededRandom::new(1);
        let drawn = |sources: &Sources| {
            let draws = (0..200).map(|_| pair(&sources.choose(None, &site, &random)));
            draws.collect::<std::collections::BTreeSet<String>>().into_iter().collect::<Vec<_>>()
        };
        let two = sources(&[("192.0.2.1", 1), ("192.0.2.2", 1), ("2001:db8::1", 1), ("2001:db8::2", 1)]);
        assert_eq!(drawn(&two), ["192.0.2.1 2001:db8::1", "192.0.2.2 2001:db8::2"]);
        assert_eq!(drawn(&sources(&[("192.0.2.1", 0), ("2001:db8::1", 1)])), ["192.0.2.1 2001:db8::1"]);
        assert_eq!(drawn(&sources(&[("192.0.2.1", u32::MAX), ("192.0.2.2", 0)])), ["192.0.2.1 -"]);
        assert_eq!(drawn(&sources(&[])), ["- -"]);
        // One that is in trouble gives way, until all are.
        let known = Arc::clone(&two.all[0].egress);
        two.failed(Some(&known), &site, TroubleKind::Unreachable, "x");
        assert_eq!(drawn(&two), ["192.0.2.2 2001:db8::1", "192.0.2.2 2001:db8::2"]);
        assert_eq!(two.states()[0].troubles.len(), 1);
        let other = Arc::clone(&two.all[1].egress);
        two.broken(Some(&other), "x");
        assert_eq!(drawn(&two), ["192.0.2.1 2001:db8::1", "192.0.2.2 2001:db8::2"]);
        two.ready(Some(&known), &site);
        assert_eq!(drawn(&two), ["192.0.2.1 2001:db8::1", "192.0.2.1 2001:db8::2"]);
    }

    /// The memory of troubles is bounded.
    #[test]
    fn troubles_with_many_sites() {
        let sources = sources(&[("192.0.2.1", 1)]);
        let known = Arc::clone(&sources.all[0].egress);
        for number in 0..MAX_TROUBLES + 10 {
            let site = SiteId::new(&format!("site{number}"));
            sources.failed(Some(&known), &site, TroubleKind::Blocked, "x");
        }
        assert_eq!(sources.states()[0].troubles.len(), MAX_TROUBLES);
    }

    #[test]
    fn an_address_in_a_reply() {
        let table = [
            ("554 5.7.1 192.0.2.7 is listed", true),
            ("554 5.7.1 Service unavailable; Client host [192.0.2.7] blocked", true),
            ("554 see https://example.net/?ip=192.0.2.7.", true),
            ("554 5.7.1 192.0.2.77 is listed", false),
            ("554 5.7.1 1.192.0.2.7.5 is listed", false),
            ("554 5.7.1 no", false),
        ];
        for (text, expected) in table {
            assert_eq!(names(text, "192.0.2.7"), expected, "{text}");
        }
        assert!(names("550 2001:db8::7 is blocked", "2001:db8::7"));
        assert!(!names("550 2001:db8::71 is blocked", "2001:db8::7"));
    }
}
