//! What is ready at one site, in the order in which it goes.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use posthaste_types::{MailId, Repeat, Text, Tick, Timestamp};

use super::SiteKey;
use super::lanes::{Lanes, Ticket, Turn};
use crate::Due;

/// One site: what is ready there, by priority, what is under way, and whether it is held.
#[derive(Debug, Default)]
pub(super) struct Site {
    classes: BTreeMap<Reverse<i8>, Class>,
    pub(super) ready: usize,
    /// What is ready, as the scheduler's order of sites has it.
    pub(super) counted: usize,
    pub(super) under_way: usize,
    pub(super) hold: Option<(Tick, Text)>,
}

/// What is ready of one priority.
#[derive(Debug, Default)]
struct Class {
    groups: BTreeMap<GroupKey, BTreeSet<Rank>>,
    /// The groups by their best member.
    order: BTreeMap<Rank, GroupKey>,
    /// All members, so that the last of all can make room.
    ranks: BTreeSet<Rank>,
    ticket: Option<Ticket>,
    turn: Turn,
}

/// The place of a recipient in the order of all, as [`Spool::due`](crate::Spool::due) gives them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Rank {
    priority: Reverse<i8>,
    at: Timestamp,
    pub(super) mail: MailId,
    pub(super) recipient: u32,
}

impl Rank {
    pub(super) fn of(due: &Due) -> Self {
        Self { priority: Reverse(due.priority), at: due.at, mail: due.mail, recipient: due.recipient }
    }

    pub(super) fn priority(&self) -> i8 {
        self.priority.0
    }
}

/// Recipients that may share an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct GroupKey {
    priority: Reverse<i8>,
    mail: MailId,
    generation: u32,
    standing: Standing,
}

/// Whether the last attempt is in doubt; if so, which it was: its number and the time that it set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Standing {
    First,
    Answered,
    InDoubt { attempts: u32, next: Timestamp },
}

/// What the members of a group have in common.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) mail: MailId,
    pub(super) generation: u32,
    pub(super) repeat: Repeat,
}

impl GroupKey {
    pub(super) fn of(due: &Due) -> Self {
        let standing = match due.state.repeat() {
            Repeat::First => Standing::First,
            Repeat::AfterDoubt => Standing::InDoubt { attempts: due.state.attempts, next: due.at },
            _ => Standing::Answered,
        };
        let priority = Reverse(due.priority);
        Self { priority, mail: due.mail, generation: due.state.generation, standing }
    }

    fn group(&self) -> Group {
        let repeat = match self.standing {
            Standing::First => Repeat::First,
            Standing::Answered => Repeat::AfterAnswer,
            Standing::InDoubt { .. } => Repeat::AfterDoubt,
        };
        Group { mail: self.mail, generation: self.generation, repeat }
    }
}

impl Site {
    pub(super) fn insert(&mut self, key: GroupKey, rank: Rank) {
        self.ready += 1;
        let class = self.classes.entry(rank.priority).or_default();
        class.ranks.insert(rank);
        class.change(key, |members| members.insert(rank));
    }

    pub(super) fn remove(&mut self, key: &GroupKey, rank: &Rank) {
        if let Some(class) = self.classes.get_mut(&rank.priority) {
            class.ranks.remove(rank);
            class.change(*key, |members| members.remove(rank));
            self.ready -= 1;
        }
    }

    /// Takes up to `limit` recipients of the first group of a priority, whose turn it was.
    pub(super) fn take_first(&mut self, priority: i8, limit: usize) -> Option<(Group, Vec<Rank>)> {
        let class = self.classes.get_mut(&Reverse(priority))?;
        (class.ticket, class.turn) = (None, Turn::Next);
        let key = *class.order.first_key_value()?.1;
        let taken = class.change(key, |members| {
            let taken: Vec<Rank> = members.iter().take(limit).copied().collect();
            for rank in &taken {
                members.remove(rank);
            }
            taken
        });
        for rank in &taken {
            class.ranks.remove(rank);
        }
        self.ready -= taken.len();
        Some((key.group(), taken))
    }

    /// The recipient that goes last of all.
    pub(super) fn worst(&self) -> Option<Rank> {
        self.classes.last_key_value()?.1.ranks.last().copied()
    }

    /// How many recipients go before this group, as things stand.
    pub(super) fn ahead_of(&self, key: &GroupKey) -> usize {
        let before: usize = self.classes.range(..key.priority).map(|(_, class)| class.ranks.len()).sum();
        let Some(class) = self.classes.get(&key.priority) else { return before };
        let groups = class.order.values().take_while(|other| *other != key);
        before + groups.filter_map(|other| class.groups.get(other)).map(BTreeSet::len).sum::<usize>()
    }

    /// Sees to it that each class stands in its lane if it has something to give and may, and only then.
    pub(super) fn queue(&mut self, key: &SiteKey, may: bool, lanes: &mut Lanes) {
        for (Reverse(priority), class) in &mut self.classes {
            match class.ticket {
                None if may && !class.ranks.is_empty() => {
                    class.ticket = Some(lanes.push(*priority, key.clone(), class.ranks.len(), class.turn));
                }
                Some(ticket) if !may || class.ranks.is_empty() => {
                    lanes.remove(*priority, ticket);
                    class.ticket = None;
                }
                _ => {}
            }
        }
        self.classes.retain(|_, class| !class.ranks.is_empty());
    }

    pub(super) fn is_empty(&self) -> bool {
        self.ready == 0 && self.under_way == 0 && self.hold.is_none()
    }
}

impl Class {
    /// Changes the members of a group, and with them its place in the order.
    fn change<R>(&mut self, key: GroupKey, change: impl FnOnce(&mut BTreeSet<Rank>) -> R) -> R {
        let members = self.groups.entry(key).or_default();
        let first = members.first().copied();
        let result = change(members);
        let now_first = members.first().copied();
        if first != now_first {
            first.map(|rank| self.order.remove(&rank));
            now_first.map(|rank| self.order.insert(rank, key));
        }
        if now_first.is_none() {
            self.groups.remove(&key);
        }
        result
    }
}
