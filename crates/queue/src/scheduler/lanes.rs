//! Whose turn it is: one lane a priority, in each lane the sites that may begin something.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::SiteKey;

/// The sites that may begin, by priority. At most 256 lanes, kept when empty.
#[derive(Debug, Default)]
pub(super) struct Lanes {
    lanes: BTreeMap<Reverse<i8>, Lane>,
    pops: u64,
    last_ticket: u64,
}

/// A place in a lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Ticket {
    pass: u64,
    number: u64,
}

/// Whether a site had a turn since something last became ready there. Those that come new are spread over
/// the stride, else many that come at once would all stand in front of one that goes on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Turn {
    #[default]
    First,
    Next,
}

/// Stride scheduling: a site's pass is the lane's time plus a stride that shrinks with its weight. Every pass
/// lies behind the lane's time and at most one whole stride away, so nobody is overtaken for ever.
#[derive(Debug, Default)]
struct Lane {
    queue: BTreeMap<Ticket, SiteKey>,
    time: u64,
    served: u64,
}

impl Lanes {
    /// Queues a site for which so many wait.
    pub(super) fn push(&mut self, priority: i8, site: SiteKey, waiting: usize, turn: Turn) -> Ticket {
        let lane = self.lanes.entry(Reverse(priority)).or_default();
        let weight = u64::try_from(waiting).unwrap_or(u64::MAX).isqrt().max(1);
        self.last_ticket += 1;
        let number = self.last_ticket;
        let stride = match turn {
            Turn::First => number.wrapping_mul(GOLDEN) % STRIDE,
            Turn::Next => STRIDE,
        };
        let ticket = Ticket { pass: lane.time.saturating_add((stride / weight).max(1)), number };
        lane.queue.insert(ticket, site);
        ticket
    }

    /// Takes a site out.
    pub(super) fn remove(&mut self, priority: i8, ticket: Ticket) {
        if let Some(lane) = self.lanes.get_mut(&Reverse(priority)) {
            lane.queue.remove(&ticket);
        }
    }

    /// Whose turn it is, and of which priority. It is out of that lane now.
    pub(super) fn pop(&mut self) -> Option<(SiteKey, i8)> {
        let waiting = self.lanes.iter_mut().filter(|(_, lane)| !lane.queue.is_empty());
        let (Reverse(priority), lane) = if self.pops % SHARE == SHARE - 1 {
            waiting.min_by_key(|(_, lane)| lane.served)?
        } else {
            { waiting }.next()?
        };
        let (ticket, site) = lane.queue.pop_first()?;
        self.pops += 1;
        lane.time = ticket.pass;
        lane.served = self.pops;
        Some((site, *priority))
    }
}

const STRIDE: u64 = 1 << 20;
/// An odd number near the golden ratio of the stride: its multiples spread evenly, whatever their count.
const GOLDEN: u64 = 648_055;
/// Of so many batches one belongs to the priority that went without for longest.
const SHARE: u64 = 4;
