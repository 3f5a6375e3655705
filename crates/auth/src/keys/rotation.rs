//! The state machine.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use posthaste_sign::{KeyEntry, KeyStage, KeyState, Selector};
use posthaste_types::{DnsName, Domain, Timestamp};

use super::plan::KeyPlan;
use super::showing::{Sees, Showing};
use super::step::NextStep;
use crate::records::{DkimKeyKind, DkimKeyRecord, TxtRecord};

/// The keys of a domain, or of several, on their way from one to the next.
///
/// Values in, values out: hand in what name servers show and what time it is, then drain [`poll_move`](Self::poll_move)
/// and keep each move ([`KeyStore::advance`](posthaste_sign::KeyStore::advance)) in this order, which never leaves a
/// domain without a key that signs. What is not kept is found again by a machine made of the store's entries, so a process
/// may end anywhere.
///
/// Only a showing of this machine's life lets a key begin to sign: what was seen long ago is not relied on. Times are of
/// the wall clock, for keys outlive processes; one that runs ahead makes a hold end early by as much.
#[derive(Clone, Debug)]
pub struct Rotation {
    plan: KeyPlan,
    keys: Vec<KeyEntry>,
    showings: BTreeMap<Box<str>, Showing>,
    moves: VecDeque<KeyMove>,
}

/// A key that came from one state to another: to be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct KeyMove {
    /// Whose key.
    pub domain: Domain,
    /// Which of its keys.
    pub selector: Selector,
    /// Where it stood.
    pub from: KeyState,
    /// Where it stands now.
    pub to: KeyState,
}

impl Rotation {
    /// These keys, in the states in which they are.
    pub fn new(plan: KeyPlan, keys: Vec<KeyEntry>) -> Self {
        Self { plan, keys, showings: BTreeMap::new(), moves: VecDeque::new() }
    }

    /// The keys as they stand now, moves that were not polled yet included.
    pub fn keys(&self) -> &[KeyEntry] {
        &self.keys
    }

    /// Takes in what the name servers show at the name of a key; of a name that is none of ours nothing happens.
    pub fn handle_showing(&mut self, now: Timestamp, name: &DnsName, showing: Showing) {
        self.showings.insert(name.as_str().into(), showing);
        for at in 0..self.keys.len() {
            if self.keys.get(at).is_some_and(|key| key.name() == name) {
                while self.step(now, at) {}
                self.retire_left(now, at);
            }
        }
    }

    /// Lets a key sign no more, though none follows it; one that never signed may be removed at once.
    pub fn retire(&mut self, now: Timestamp, name: &DnsName) {
        let hold = self.plan.hold();
        self.move_all(|key| (key.name() == name).then_some(retirement(key, now, hold)).flatten());
    }

    /// Takes a key back: it signs no more, and its record is to say so. Mail that it signed and that is still on the way
    /// fails DKIM, so this is for a key that others may have. Let another key sign first, where there is time: without one,
    /// the mail of the domain is not signed.
    pub fn revoke(&mut self, now: Timestamp, name: &DnsName) {
        let state = KeyState::new(KeyStage::Revoked, now).until(now.saturating_add(self.plan.hold()));
        self.move_all(|key| {
            let is_live = !matches!(key.state().stage, KeyStage::Revoked | KeyStage::Removed);
            (key.name() == name && is_live).then_some(state)
        });
    }

    /// The next move to keep; none is left when this is `None`.
    pub fn poll_move(&mut self) -> Option<KeyMove> {
        self.moves.pop_front()
    }

    /// When the name servers should be asked again; `None` if there is no key left to ask for.
    pub fn poll_timeout(&self, now: Timestamp) -> Option<Timestamp> {
        self.keys.iter().filter_map(|key| self.timeout_of(key, now)).min()
    }

    /// What must be done about each key, in the order of the keys.
    pub fn next_steps(&self, now: Timestamp) -> Vec<NextStep> {
        self.keys.iter().map(|key| self.next_step(key, now)).collect()
    }

    /// One move of one key by what is shown and the time; whether there was one.
    fn step(&mut self, now: Timestamp, at: usize) -> bool {
        let Some(key) = self.keys.get(at) else { return false };
        let Some(showing) = self.showings.get(key.name().as_str()) else { return false };
        let KeyState { stage, until, .. } = key.state();
        let is_due = until.is_none_or(|until| now >= until);
        let to = match stage {
            KeyStage::Made if showing.all(is_key) => {
                KeyState::new(KeyStage::Shown, now).until(now.saturating_add(self.plan.settle))
            }
            KeyStage::Shown if showing.any(is_other) => KeyState::new(KeyStage::Made, now),
            KeyStage::Shown if is_due && showing.all(is_key) => KeyState::new(KeyStage::Signing, now),
            KeyStage::Retiring if is_due && showing.all(|sees| matches!(sees, Sees::Nothing | Sees::Revoked)) => {
                KeyState::new(KeyStage::Removed, now)
            }
            KeyStage::Revoked if is_due && showing.all(|sees| *sees == Sees::Nothing) => {
                KeyState::new(KeyStage::Removed, now)
            }
            _ => return false,
        };
        let name = key.name().clone();
        self.move_all(|key| (*key.name() == name).then_some(to));
        if to.stage == KeyStage::Signing {
            self.retire_before(now, &name);
        }
        true
    }

    /// Lets the predecessors of a key that begins to sign retire: those of its domain and kind.
    fn retire_before(&mut self, now: Timestamp, name: &DnsName) {
        let Some(new) = self.keys.iter().find(|key| key.name() == name).cloned() else { return };
        let (kind, hold) = (kind(&new), self.plan.hold());
        let is_before = |key: &KeyEntry| {
            key.name() != name
                && key.domain() == new.domain()
                && key.state().stage == KeyStage::Signing
                && self::kind(key) == kind
        };
        self.move_all(|key| is_before(key).then(|| retirement(key, now, hold)).flatten());
    }

    /// The same for a key that signs already: a process may have ended between the two moves. Which of two is older the
    /// states say.
    fn retire_left(&mut self, now: Timestamp, at: usize) {
        let Some(new) = self.keys.get(at).cloned() else { return };
        let is_shown = self.showings.get(new.name().as_str()).is_some_and(|showing| showing.all(is_key));
        if new.state().stage != KeyStage::Signing || !is_shown {
            return;
        }
        let hold = self.plan.hold();
        let is_left = |key: &KeyEntry| {
            key.domain() == new.domain()
                && key.state().stage == KeyStage::Signing
                && key.state().since < new.state().since
                && kind(key) == kind(&new)
        };
        self.move_all(|key| is_left(key).then(|| retirement(key, now, hold)).flatten());
    }

    fn move_all(&mut self, to: impl Fn(&KeyEntry) -> Option<KeyState>) {
        for key in &mut self.keys {
            let Some(to) = to(key) else { continue };
            self.moves.push_back(KeyMove {
                domain: key.domain().clone(),
                selector: key.selector().clone(),
                from: key.state(),
                to,
            });
            *key = key.clone().in_state(to);
        }
    }

    fn next_step(&self, key: &KeyEntry, now: Timestamp) -> NextStep {
        let name = key.name().clone();
        let showing = self.showings.get(key.name().as_str());
        let KeyState { stage, since, until, .. } = key.state();
        let until = until.unwrap_or(since);
        match stage {
            KeyStage::Made => publishing(TxtRecord::new(name, key.record()), showing, is_key),
            KeyStage::Shown => match showing {
                Some(showing) if !showing.all(is_key) => NextStep::Wait { name, behind: showing.but(is_key) },
                _ => NextStep::Settle { name, until },
            },
            KeyStage::Signing | KeyStage::Retiring if showing.is_some_and(|showing| showing.any(is_other)) => {
                if stage == KeyStage::Retiring && now >= until {
                    return NextStep::Remove { name };
                }
                let missing = showing.map(|showing| showing.but(|sees| !is_other(sees))).unwrap_or_default();
                NextStep::Restore { record: TxtRecord::new(name, key.record()), missing }
            }
            KeyStage::Signing => match (self.successor(key), since.saturating_add(self.plan.max_age)) {
                (Some(by), _) => NextStep::Followed { name, by: by.name().clone() },
                (None, rotate) if now < rotate => NextStep::Signs { name, rotate },
                (None, _) => NextStep::Rotate { name, since },
            },
            KeyStage::Revoked if !showing.is_some_and(|showing| showing.all(is_revoked)) && now < until => {
                publishing(TxtRecord::new(name, revoked(key)), showing, is_revoked)
            }
            KeyStage::Retiring if now < until => NextStep::Keep { name, until },
            KeyStage::Revoked if now < until => NextStep::KeepRevoked { name, until },
            KeyStage::Retiring | KeyStage::Revoked => NextStep::Remove { name },
            _ => NextStep::Done { name },
        }
    }

    /// The key that will sign in the place of this one.
    fn successor(&self, key: &KeyEntry) -> Option<&KeyEntry> {
        self.keys.iter().find(|other| {
            other.domain() == key.domain()
                && matches!(other.state().stage, KeyStage::Made | KeyStage::Shown)
                && kind(other) == kind(key)
        })
    }

    fn timeout_of(&self, key: &KeyEntry, now: Timestamp) -> Option<Timestamp> {
        let (soon, late) = (now.saturating_add(self.plan.recheck), now.saturating_add(self.plan.watch));
        let until = key.state().until.filter(|until| *until > now);
        match key.state().stage {
            KeyStage::Removed => None,
            KeyStage::Shown => until.or(Some(soon)),
            KeyStage::Signing | KeyStage::Retiring | KeyStage::Revoked => match self.next_step(key, now) {
                NextStep::Signs { .. }
                | NextStep::Followed { .. }
                | NextStep::Rotate { .. }
                | NextStep::Keep { .. }
                | NextStep::KeepRevoked { .. } => Some(until.map_or(late, |until| until.min(late))),
                _ => Some(soon),
            },
            _ => Some(soon),
        }
    }
}

/// What must be done until every server shows what is wanted.
fn publishing(record: TxtRecord, showing: Option<&Showing>, wanted: fn(&Sees) -> bool) -> NextStep {
    let Some(showing) = showing else { return NextStep::Publish { record } };
    let is_foreign = |sees: &Sees| !wanted(sees) && matches!(sees, Sees::Other | Sees::Revoked);
    if showing.any(is_foreign) {
        return NextStep::Replace { record, wrong: showing.but(|sees| !is_foreign(sees)) };
    }
    let is_untouched = |sees: &Sees| matches!(sees, Sees::Nothing | Sees::Key) && !wanted(sees);
    if showing.any(is_untouched) && !showing.any(wanted) {
        return NextStep::Publish { record };
    }
    NextStep::Wait { name: record.name, behind: showing.but(wanted) }
}

/// The end of the use of a key; `None` if it has ended already.
fn retirement(key: &KeyEntry, now: Timestamp, hold: Duration) -> Option<KeyState> {
    let until = match key.state().stage {
        KeyStage::Made | KeyStage::Shown => now,
        KeyStage::Signing => now.saturating_add(hold),
        _ => return None,
    };
    Some(KeyState::new(KeyStage::Retiring, now).until(until))
}

fn kind(key: &KeyEntry) -> Option<DkimKeyKind> {
    DkimKeyRecord::parse(key.record().as_bytes()).ok().map(|record| record.kind)
}

/// RFC 6376 §3.6.1: "an empty value means that this public key has been revoked".
fn revoked(key: &KeyEntry) -> String {
    DkimKeyRecord::new(kind(key).unwrap_or(DkimKeyKind::Rsa), Vec::new()).to_string()
}

fn is_key(sees: &Sees) -> bool {
    *sees == Sees::Key
}

fn is_revoked(sees: &Sees) -> bool {
    *sees == Sees::Revoked
}

/// Whether a server is known not to show the key.
fn is_other(sees: &Sees) -> bool {
    matches!(sees, Sees::Nothing | Sees::Other | Sees::Revoked)
}
