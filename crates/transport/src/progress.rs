//! How far an attempt has come, recipient by recipient.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};

use posthaste_types::{Outcome, OutcomeKind};

use crate::{StartedAlready, Withdrawn};

/// One attempt's view of the progress that it shares with those it was derived from.
pub(crate) struct Handle {
    shared: Arc<Mutex<Vec<Slot>>>,
    /// Who is to be told when something is withdrawn.
    waiting: Arc<Mutex<Vec<Waker>>>,
    /// The slots of this attempt's recipients, in order.
    places: Box<[usize]>,
    /// Goes up with each try that is derived; what was derived before is over.
    turn: Arc<AtomicU64>,
    /// The turns of those above, as they were when this was derived.
    above: Box<[(Arc<AtomicU64>, u64)]>,
}

#[derive(Clone)]
struct Slot {
    phase: Phase,
    outcome: Option<Outcome>,
    /// Recalled when it had begun: it goes on where it is and begins nowhere else. By an attempt that was derived so often
    /// from the first.
    recalled: Option<usize>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    Waiting,
    Started,
    PastReturn,
    /// Withdrawn or given up: nothing may begin, no completing octet may leave. By an attempt that was derived so often
    /// from the first; the one closest to that counts.
    Withdrawn(usize),
}

impl Slot {
    fn withdraw(&mut self, by: usize) {
        self.phase = match self.phase {
            Phase::Withdrawn(earlier) => Phase::Withdrawn(earlier.min(by)),
            _ => Phase::Withdrawn(by),
        };
    }

    fn recall(&mut self, by: usize) {
        self.recalled = Some(self.recalled.map_or(by, |earlier| earlier.min(by)));
    }

    /// Whether it may go on where it has begun.
    fn goes_on(&self) -> bool {
        !matches!(self.phase, Phase::Withdrawn(_))
    }

    /// Whether a first command may be sent, also to another hop.
    fn begins(&self) -> bool {
        self.goes_on() && self.recalled.is_none()
    }
}

impl Handle {
    /// That of an attempt which comes from no other.
    pub(crate) fn whole(recipients: usize) -> Self {
        let slots = vec![Slot { phase: Phase::Waiting, outcome: None, recalled: None }; recipients];
        Self {
            shared: Arc::new(Mutex::new(slots)),
            waiting: Arc::default(),
            places: (0..recipients).collect(),
            turn: Arc::default(),
            above: Box::default(),
        }
    }

    /// That of an attempt for some of the recipients, by their places in this one.
    pub(crate) fn derived(&self, places: &[usize]) -> Self {
        let slots = self.slots();
        let derived = self.derived_locked(places.iter().filter_map(|place| self.places.get(*place).copied()).collect());
        drop(slots);
        derived
    }

    /// That of another try for all recipients, and the end of what was derived before. `None` if somebody has the
    /// mail or may have it, or if this attempt is over itself or recalled.
    pub(crate) fn next_try(&self) -> Option<Self> {
        let mut slots = self.slots();
        let taken = |slot: &Slot| {
            let kind = slot.outcome.as_ref().map(Outcome::kind);
            matches!(kind, Some(OutcomeKind::Accepted | OutcomeKind::InDoubt))
                || slot.recalled.is_some_and(|by| by <= self.depth())
        };
        if !self.is_current() || self.places.iter().filter_map(|place| slots.get(*place)).any(taken) {
            return None;
        }
        self.turn.fetch_add(1, Ordering::Relaxed);
        for slot in self.places.iter() {
            if let Some(slot) = slots.get_mut(*slot) {
                slot.outcome = None;
                slot.recalled = None;
                // That a try was given up ends that one alone.
                if !matches!(slot.phase, Phase::Withdrawn(by) if by <= self.depth()) {
                    slot.phase = Phase::Waiting;
                }
            }
        }
        Some(self.derived_locked(self.places.clone()))
    }

    pub(crate) fn start(&self) -> Result<(), Withdrawn> {
        self.go_on(Slot::begins, |phase| if phase == Phase::Waiting { Phase::Started } else { phase })
    }

    pub(crate) fn past_return(&self) -> Result<(), Withdrawn> {
        self.go_on(Slot::goes_on, |_| Phase::PastReturn)
    }

    pub(crate) fn settle(&self, recipient: usize, outcome: Outcome) {
        let mut slots = self.slots();
        let place = self.places.get(recipient).filter(|_| self.is_current());
        if let Some(slot) = place.and_then(|place| slots.get_mut(*place)) {
            slot.outcome.get_or_insert(outcome);
        }
    }

    pub(crate) fn settled(&self) -> Vec<Option<Outcome>> {
        let slots = self.slots();
        let current = self.is_current();
        let outcome = |place: &usize| slots.get(*place).filter(|_| current).and_then(|slot| slot.outcome.clone());
        self.places.iter().map(outcome).collect()
    }

    pub(crate) fn withdraw(&self) -> Result<(), StartedAlready> {
        let mut slots = self.slots();
        let mut result = Ok(());
        for place in self.places.iter().filter(|_| self.is_current()) {
            match slots.get_mut(*place) {
                Some(slot) if matches!(slot.phase, Phase::Waiting | Phase::Withdrawn(_)) => slot.withdraw(self.depth()),
                Some(slot) => {
                    slot.recall(self.depth());
                    result = Err(StartedAlready);
                }
                None => {}
            }
        }
        drop(slots);
        self.wake();
        result
    }

    /// Ready when nothing may be begun any more for somebody.
    pub(crate) fn poll_withdrawn(&self, waker: &Waker) -> Poll<()> {
        // Before the look, so that nothing between the two is missed.
        let mut waiting = self.waiting();
        if !waiting.iter().any(|known| known.will_wake(waker)) {
            waiting.push(waker.clone());
        }
        drop(waiting);
        let slots = self.slots();
        let begins = |place: &usize| slots.get(*place).is_some_and(Slot::begins);
        if self.is_current() && self.places.iter().all(begins) { Poll::Pending } else { Poll::Ready(()) }
    }

    /// Forbids all that has not left, and settles what is not settled as `rest` says by whether the completing octets
    /// were released.
    pub(crate) fn give_up(&self, rest: impl Fn(bool) -> Outcome) -> Vec<Outcome> {
        let mut slots = self.slots();
        let current = self.is_current();
        let end = |place: &usize| match slots.get_mut(*place).filter(|_| current) {
            Some(slot) => {
                let released = slot.phase == Phase::PastReturn;
                slot.withdraw(self.depth());
                slot.outcome.get_or_insert_with(|| rest(released)).clone()
            }
            None => rest(false),
        };
        let ended = self.places.iter().map(end).collect();
        drop(slots);
        self.wake();
        ended
    }

    /// Moves all recipients on, or none if that is forbidden for one of them.
    fn go_on(&self, may: fn(&Slot) -> bool, next: impl Fn(Phase) -> Phase) -> Result<(), Withdrawn> {
        let mut slots = self.slots();
        let withdrawn = |place: &usize| slots.get(*place).is_some_and(|slot| !may(slot));
        if !self.is_current() || self.places.iter().any(withdrawn) {
            return Err(Withdrawn);
        }
        for place in self.places.iter() {
            if let Some(slot) = slots.get_mut(*place) {
                slot.phase = next(slot.phase);
            }
        }
        Ok(())
    }

    /// The slots are locked: turns go up only then.
    fn derived_locked(&self, places: Box<[usize]>) -> Self {
        let own = (self.turn.clone(), self.turn.load(Ordering::Relaxed));
        let above = self.above.iter().cloned().chain([own]).collect();
        Self { shared: self.shared.clone(), waiting: self.waiting.clone(), places, turn: Arc::default(), above }
    }

    fn depth(&self) -> usize {
        self.above.len()
    }

    fn is_current(&self) -> bool {
        self.above.iter().all(|(turn, then)| turn.load(Ordering::Relaxed) == *then)
    }

    fn wake(&self) {
        let waiting = std::mem::take(&mut *self.waiting());
        waiting.into_iter().for_each(Waker::wake);
    }

    fn waiting(&self) -> MutexGuard<'_, Vec<Waker>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn slots(&self) -> MutexGuard<'_, Vec<Slot>> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
