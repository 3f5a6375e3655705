//! How far the spool has been read, and when it is read next.

use std::time::Duration;

use posthaste_queue::{Due, DueCursor};
use posthaste_types::Timestamp;

use crate::inner::A_WHILE;

/// How far the spool has been read, and when it is read next.
///
/// Memory holds a part of what is due. A *sweep* reads all that is due, to its end or until nothing more finds room.
/// A *feed* reads from the beginning while something finds room: when memory has run low, or something that is due
/// comes in the middle of a rest. What is due and not in memory is missed, and swept again. A sweep rests several
/// times as long as it took, so that a long backlog does not have the spool read without end.
#[derive(Debug)]
pub(crate) struct Reading {
    /// When something becomes due that no sweep has seen.
    next: Option<Timestamp>,
    /// Whether something that is due found no room, or made room.
    missed: bool,
    sweep: Option<Sweep>,
    /// A feed under way, and where it goes on; it goes before a sweep.
    feed: Option<Option<DueCursor>>,
    /// No sweep begins before this.
    rest: Timestamp,
    /// When the last feed began.
    fed: Timestamp,
}

/// A sweep under way. All its pages are of what was due when it began, so that the times behind that are the times of
/// all that it has not seen.
#[derive(Debug)]
struct Sweep {
    begun: Timestamp,
    behind: Option<DueCursor>,
}

/// How much is in memory.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Load {
    pub(crate) held: usize,
    pub(crate) room: usize,
    /// With no more than this, memory has run low. Less than what a single site may hold: whoever finds no room finds
    /// memory not low.
    pub(crate) low: usize,
}

/// A page to read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Page {
    pub(crate) until: Timestamp,
    pub(crate) behind: Option<DueCursor>,
    part: Part,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Feed,
    Sweep,
}

/// How many of a page were taken into memory, and how many found no room; the others were known.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Placed {
    pub(crate) taken: usize,
    pub(crate) refused: usize,
}

impl Page {
    /// So many are read at once.
    pub(crate) const SIZE: usize = 500;
}

impl Reading {
    /// Begins with a sweep.
    pub(crate) fn new() -> Self {
        let begin = Timestamp::from_unix_micros(i64::MIN);
        Self { next: Some(begin), missed: false, sweep: None, feed: None, rest: begin, fed: begin }
    }

    /// Something is due at `at`.
    pub(crate) fn look_at(&mut self, at: Timestamp) {
        self.next = Some(self.next.map_or(at, |next| next.min(at)));
    }

    /// Something that is due is not in memory.
    pub(crate) fn miss(&mut self) {
        self.missed = true;
    }

    /// The page to read now, if any is.
    pub(crate) fn page(&mut self, now: Timestamp, load: Load) -> Option<Page> {
        let due = self.next.is_some_and(|next| next <= now);
        let resting = now < self.rest;
        let hungry = self.missed && load.is_low();
        if self.feed.is_none() && (hungry || (due && resting && self.may_feed_from() <= now)) {
            self.begin(now);
            self.missed |= due;
            (self.feed, self.fed) = (Some(None), now);
        }
        if let Some(behind) = self.feed {
            return Some(Page { until: now, behind, part: Part::Feed });
        }
        if self.sweep.is_none() && (due || self.missed) && !resting {
            self.begin(now);
            self.sweep = Some(Sweep { begun: now, behind: None });
        }
        self.sweep.as_ref().map(|sweep| Page { until: sweep.begun, behind: sweep.behind, part: Part::Sweep })
    }

    /// What became of a page. Whether it was the last of a sweep that saw everything: what is due later is to be
    /// asked for.
    pub(crate) fn read(&mut self, page: Page, rows: &[Due], placed: Placed, now: Timestamp, load: Load) -> Seen {
        let behind = rows.last().filter(|_| rows.len() >= Page::SIZE).map(Due::cursor);
        let barren = placed.taken == 0 && placed.refused > 0;
        self.missed |= placed.refused > 0;
        let goes_on = behind.is_some()
            && match page.part {
                Part::Feed => !barren && load.room > 0,
                Part::Sweep => !barren || load.room > 0,
            };
        // Where it stops early, what is behind that has not been seen.
        self.missed |= behind.is_some() && !goes_on;
        match (page.part, &mut self.sweep) {
            (Part::Feed, _) => self.feed = goes_on.then_some(behind),
            (Part::Sweep, Some(sweep)) if goes_on => sweep.behind = behind,
            (Part::Sweep, _) => {
                let least = if load.is_low() { Duration::ZERO } else { PAUSE };
                let took = now.since(page.until);
                self.sweep = None;
                self.rest = now.saturating_add((took * REST).max(least));
                self.look_at(now.saturating_add(A_WHILE));
            }
        }
        if page.part == Part::Sweep && behind.is_none() { Seen::All } else { Seen::Part }
    }

    /// The spool does not read: it is read again at `at`, from the beginning.
    pub(crate) fn failed(&mut self, at: Timestamp) {
        (self.sweep, self.feed, self.rest) = (None, None, at);
        self.look_at(at);
    }

    /// When [`page`](Self::page) has something to read, if nothing else happens.
    pub(crate) fn wakes_at(&self, now: Timestamp, load: Load) -> Option<Timestamp> {
        if self.feed.is_some() || self.sweep.is_some() {
            return Some(now);
        }
        let missed = self.missed.then(|| if load.is_low() { now } else { self.rest });
        let next = self.next.map(|next| next.max(self.rest.min(self.may_feed_from())));
        missed.into_iter().chain(next).min()
    }

    fn begin(&mut self, now: Timestamp) {
        self.missed = false;
        self.next = self.next.filter(|next| now < *next);
    }

    fn may_feed_from(&self) -> Timestamp {
        self.fed.saturating_add(PAUSE)
    }
}

/// Whether a reading has seen all that was due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Seen {
    All,
    Part,
}

impl Load {
    fn is_low(&self) -> bool {
        self.held <= self.low
    }
}

/// Between two sweeps, and between two feeds, while memory is well filled.
const PAUSE: Duration = Duration::from_secs(1);
/// A sweep rests so many times as long as it took.
const REST: u32 = 4;
