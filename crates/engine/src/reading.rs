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
    sweep: Option<Run>,
    /// Goes before a sweep.
    feed: Option<Run>,
    /// No sweep begins before this.
    rest: Timestamp,
    /// When the last feed began.
    fed: Timestamp,
}

/// A sweep or feed under way. All its pages are of what was due when it began, so that the times behind that are the
/// times of all that it has not seen.
#[derive(Debug)]
struct Run {
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

    /// Something is due at `at`. Whether that is sooner than all that was known.
    pub(crate) fn look_at(&mut self, at: Timestamp) -> Sooner {
        if self.next.is_some_and(|next| next <= at) {
            return Sooner::No;
        }
        self.next = Some(at);
        Sooner::Yes
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
            (self.feed, self.fed) = (Some(Run { begun: now, behind: None }), now);
        }
        if let Some(feed) = &self.feed {
            return Some(Page { until: feed.begun, behind: feed.behind, part: Part::Feed });
        }
        if self.sweep.is_none() && (due || self.missed) && !resting {
            self.begin(now);
            self.sweep = Some(Run { begun: now, behind: None });
        }
        self.sweep.as_ref().map(|sweep| Page { until: sweep.begun, behind: sweep.behind, part: Part::Sweep })
    }

    /// What became of a page. Whether all that was due has been seen with it: what is due later is to be asked for.
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
        let run = goes_on.then_some(Run { begun: page.until, behind });
        match page.part {
            Part::Feed => self.feed = run,
            Part::Sweep => {
                if run.is_none() {
                    let least = if load.is_low() { Duration::ZERO } else { PAUSE };
                    let took = now.since(page.until);
                    self.rest = now.saturating_add((took * REST).max(least));
                }
                self.sweep = run;
            }
        }
        if behind.is_some() {
            return Seen::Part;
        }
        self.look_at(now.saturating_add(A_WHILE));
        Seen::All
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

/// Whether the loop has to wake sooner than it meant to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sooner {
    Yes,
    No,
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

#[cfg(test)]
mod tests {
    use std::cmp::Reverse;
    use std::collections::BTreeMap;

    use posthaste_types::MailId;
    use proptest::prelude::*;

    use super::*;

    /// A spool, and a memory that holds few of each site.
    struct World {
        reading: Reading,
        now: Timestamp,
        waiting: BTreeMap<Key, usize>,
        held: Vec<(Key, usize)>,
        added: u64,
        pages: usize,
    }

    type Key = (Reverse<i8>, Timestamp, MailId);

    const OF_SITE: usize = 8;
    const IN_ALL: usize = 20;

    impl World {
        fn new() -> Self {
            let now = Timestamp::from_unix_secs(1_800_000_000);
            Self { reading: Reading::new(), now, waiting: BTreeMap::new(), held: Vec::new(), added: 0, pages: 0 }
        }

        fn load(&self) -> Load {
            Load { held: self.held.len(), room: IN_ALL - self.held.len(), low: OF_SITE / 4 }
        }

        fn place(&mut self, key: Key, site: usize, placed: &mut Placed) {
            let of_site = self.held.iter().filter(|(_, its)| *its == site).count();
            match self.held.iter().any(|(held, _)| *held == key) {
                true => {}
                false if of_site < OF_SITE && self.held.len() < IN_ALL => {
                    self.held.push((key, site));
                    placed.taken += 1;
                }
                false => placed.refused += 1,
            }
        }

        fn add(&mut self, site: usize, priority: i8, later: u64) {
            self.added += 1;
            let (mail, at) = (MailId::from_bytes(u128::from(self.added).to_be_bytes()), Duration::from_secs(later));
            let at = self.now.saturating_add(at);
            let key = (Reverse(priority), at, mail);
            self.waiting.insert(key, site);
            if later > 0 {
                self.reading.look_at(at);
                return;
            }
            let mut placed = Placed::default();
            self.place(key, site, &mut placed);
            if placed.refused > 0 {
                self.reading.miss();
            }
        }

        /// An attempt of this site ends.
        fn end(&mut self, site: usize) {
            if let Some(place) = self.held.iter().position(|(_, its)| *its == site) {
                let (key, _) = self.held.swap_remove(place);
                self.waiting.remove(&key);
            }
        }

        /// Reads all that is to be read now; how many pages.
        fn read(&mut self) -> usize {
            let before = self.pages;
            while self.reading.wakes_at(self.now, self.load()).is_some_and(|at| at <= self.now) {
                let page = self.reading.page(self.now, self.load()).expect("it woke for a page");
                let due = |(key, site): (&Key, &usize)| {
                    let domain = "example.org".parse().expect("a domain");
                    let mut due = Due::new(key.2, 0, domain, key.1, key.1);
                    due.priority = key.0.0;
                    (due, *site)
                };
                let behind = |key: &Key| page.behind.is_none_or(|at| (Reverse(at.priority), at.at, at.mail) < *key);
                let rows = self.waiting.iter().filter(|(key, _)| key.1 <= page.until && behind(key));
                let rows: Vec<(Due, usize)> = rows.take(Page::SIZE).map(due).collect();
                let mut placed = Placed::default();
                for (due, site) in &rows {
                    self.place((Reverse(due.priority), due.at, due.mail), *site, &mut placed);
                }
                let rows: Vec<Due> = rows.into_iter().map(|(due, _)| due).collect();
                if self.reading.read(page, &rows, placed, self.now, self.load()) == Seen::All {
                    let next = self.waiting.keys().map(|key| key.1).filter(|at| page.until < *at).min();
                    if let Some(next) = next {
                        self.reading.look_at(next);
                    }
                }
                self.pages += 1;
                assert!(self.pages - before < 100, "it reads without end: {:?}", self.reading);
            }
            self.pages - before
        }

        fn pass(&mut self, time: Duration) {
            self.now = self.now.saturating_add(time);
            self.read();
        }
    }

    #[derive(Clone, Copy, Debug)]
    enum Op {
        Add { site: usize, priority: i8, later: u64, count: usize },
        End { site: usize, count: usize },
        Pass { millis: u64 },
        Fail,
    }

    fn op() -> impl Strategy<Value = Op> {
        let add = (0..4_usize, -1..2_i8, prop::sample::select(vec![0, 0, 0, 3, 70]), 1..400_usize);
        prop_oneof![
            4 => add.prop_map(|(site, priority, later, count)| Op::Add { site, priority, later, count }),
            4 => (0..4_usize, 1..20_usize).prop_map(|(site, count)| Op::End { site, count }),
            4 => (0..3000_u64).prop_map(|millis| Op::Pass { millis }),
            1 => Just(Op::Fail),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn everything_due_is_taken_in_and_nothing_is_read_without_end(ops in prop::collection::vec(op(), 1..40)) {
            let mut world = World::new();
            for op in ops {
                match op {
                    Op::Add { site, priority, later, count } => {
                        (0..count).for_each(|_| world.add(site, priority, later));
                    }
                    Op::End { site, count } => (0..count).for_each(|_| world.end(site)),
                    Op::Pass { millis } => world.pass(Duration::from_millis(millis)),
                    Op::Fail => world.reading.failed(world.now.saturating_add(Duration::from_secs(5))),
                }
                world.read();
            }
            // A memory that nobody empties is looked at once a second.
            let before = world.pages;
            (0..50).for_each(|_| world.pass(Duration::from_millis(100)));
            let most = 12 * (world.waiting.len() / Page::SIZE + 2);
            prop_assert!(world.pages - before <= most, "{} pages in five seconds", world.pages - before);
            // Whatever waits comes out.
            for _ in 0..world.waiting.len() / OF_SITE * 3 + 200 {
                (0..4 * OF_SITE).for_each(|n| world.end(n % 4));
                world.pass(Duration::from_millis(500));
            }
            prop_assert!(world.waiting.is_empty(), "{} left: {:?}", world.waiting.len(), world.reading);
        }
    }
}
