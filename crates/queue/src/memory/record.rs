//! What the spool in memory holds.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use posthaste_suppression::EntryList;
use posthaste_types::{
    Address, Content, Ending, Envelope, Event, EventId, MailId, MessageId, NodeId, OnceKey, TenantName, Timestamp,
};

use crate::{DueCursor, MailMeta, NewMail, RecipientState};

/// Everything, under one lock.
#[derive(Default)]
pub(super) struct State {
    pub(super) mails: BTreeMap<MailId, Record>,
    pub(super) keys: HashMap<(Option<TenantName>, OnceKey), (MailId, [u8; 32])>,
    /// Every recipient that has not ended, leased ones among them: by priority, then in the order of time.
    pub(super) queue: BTreeMap<Reverse<i8>, BTreeSet<Place>>,
    /// Every recipient that an attempt holds or held when its lease ran out.
    pub(super) leases: BTreeSet<(MailId, u32)>,
    pub(super) log: BTreeMap<EventId, Event>,
    pub(super) last_event: u64,
    pub(super) list: EntryList,
    pub(super) secrets: HashMap<String, [u8; 32]>,
    pub(super) closed: bool,
}

/// Time, mail, recipient.
pub(super) type Place = (Timestamp, MailId, u32);

/// One mail.
pub(super) struct Record {
    pub(super) message_id: Option<MessageId>,
    pub(super) envelope: Envelope,
    /// Gone when everybody has ended.
    pub(super) content: Option<Content>,
    pub(super) meta: MailMeta,
    pub(super) once: Option<OnceKey>,
    pub(super) accepted: Timestamp,
    pub(super) due: Timestamp,
    pub(super) expires: Timestamp,
    pub(super) slots: Vec<Slot>,
    /// How many have not ended.
    pub(super) open: usize,
    pub(super) withdrawn: Withdrawn,
}

/// Whether the application takes a mail back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Withdrawn {
    No,
    Yes,
}

/// One recipient.
pub(super) struct Slot {
    pub(super) state: RecipientState,
    pub(super) stage: Stage,
}

pub(super) enum Stage {
    /// Due then, and under way if there is a lease.
    Open {
        next: Timestamp,
        lease: Option<Lease>,
    },
    Ended(Box<Ending>),
}

pub(super) struct Lease {
    pub(super) node: NodeId,
    pub(super) until: Timestamp,
}

impl Record {
    pub(super) fn new(new: NewMail) -> Self {
        let NewMail { mail, meta, once, at, due, expires, ended, events: _ } = new;
        let open = |_: &posthaste_types::Recipient| Slot {
            state: RecipientState::default(),
            stage: Stage::Open { next: due, lease: None },
        };
        let mut slots: Vec<Slot> = mail.envelope().to().iter().map(open).collect();
        for (place, ending) in ended {
            if let Some(slot) = usize::try_from(place).ok().and_then(|place| slots.get_mut(place)) {
                slot.stage = Stage::Ended(Box::new(ending));
            }
        }
        let open = slots.iter().filter(|slot| matches!(slot.stage, Stage::Open { .. })).count();
        Self {
            message_id: mail.message_id().cloned(),
            envelope: mail.envelope().clone(),
            content: (open > 0).then(|| mail.content().clone()),
            meta,
            once: once.map(|(key, _)| key),
            accepted: at,
            due,
            expires,
            slots,
            open,
            withdrawn: Withdrawn::No,
        }
    }

    pub(super) fn slot(&self, place: u32) -> Option<&Slot> {
        self.slots.get(usize::try_from(place).ok()?)
    }

    pub(super) fn slot_mut(&mut self, place: u32) -> Option<&mut Slot> {
        self.slots.get_mut(usize::try_from(place).ok()?)
    }

    pub(super) fn address(&self, place: u32) -> Option<&Address> {
        Some(&self.envelope.to().get(usize::try_from(place).ok()?)?.address)
    }

    /// The recipients by place.
    pub(super) fn places(&self) -> impl Iterator<Item = (u32, &Slot)> {
        (0..).zip(&self.slots)
    }
}

impl Slot {
    /// The state as somebody sees it who comes at `at`: in doubt, if a lease ran out by then.
    pub(super) fn state_at(&self, at: Timestamp) -> RecipientState {
        match &self.stage {
            Stage::Open { lease: Some(lease), .. } if lease.until <= at => self.state.clone().abandoned(),
            _ => self.state.clone(),
        }
    }

    /// Whether an attempt holds it at `at`.
    pub(super) fn is_leased_at(&self, at: Timestamp) -> bool {
        matches!(&self.stage, Stage::Open { lease: Some(lease), .. } if at < lease.until)
    }
}

impl State {
    /// Where a recipient stands: its mail and itself.
    pub(super) fn slot(&self, mail: MailId, place: u32) -> Option<(&Record, &Slot)> {
        let record = self.mails.get(&mail)?;
        Some((record, record.slot(place)?))
    }

    /// Writes events to the log, in order.
    pub(super) fn write(&mut self, events: Vec<Event>) {
        for mut event in events {
            self.last_event += 1;
            event.id = EventId::new(self.last_event);
            self.log.insert(event.id, event);
        }
    }

    /// How many recipients have not ended.
    pub(super) fn waiting(&self) -> usize {
        self.queue.values().map(BTreeSet::len).sum()
    }

    /// The places of a priority that are due by `until`, behind `after`.
    pub(super) fn places_until(
        places: &BTreeSet<Place>,
        priority: i8,
        until: Timestamp,
        after: Option<DueCursor>,
    ) -> impl Iterator<Item = &Place> {
        use std::ops::Bound::{Excluded, Included, Unbounded};
        let last = (until, MailId::from_bytes([u8::MAX; 16]), u32::MAX);
        let (passed, from) = match after {
            Some(cursor) if cursor.priority < priority => (true, Unbounded),
            Some(cursor) if cursor.priority == priority => {
                (false, Excluded((cursor.at, cursor.mail, cursor.recipient)))
            }
            _ => (false, Unbounded),
        };
        // A range that ends before it begins would panic.
        let empty = passed || matches!(from, Excluded(from) if last <= from);
        let range = (!empty).then(|| places.range((from, Included(last))));
        range.into_iter().flatten()
    }
}

#[cfg(test)]
mod tests {
    use posthaste_types::{Content, Ending, Envelope, Fate, Mail};

    use super::*;
    use crate::{Settled, Settlement};

    #[test]
    fn octets_are_let_go_with_the_last_end() {
        let (now, id) = (Timestamp::default(), MailId::from_bytes([1; 16]));
        let to = ["a@example.org", "b@example.org"].map(|to| Address::parse(to).unwrap());
        let envelope = Envelope::new(Address::parse("x@example.com").unwrap(), to).unwrap();
        let content = Content::from_canonical(b"Subject: x\r\n\r\n".to_vec()).unwrap();
        let mut state = State::default();
        state.admit(NewMail::new(Mail::new(id, envelope, content), now, now));
        for (place, kept) in [(0, true), (1, false)] {
            let ending = Ending::new(Fate::Cancelled, now, now.since(now), 0);
            state.settle(Settlement::new(id, place, None, Settled::Ended(ending)));
            assert_eq!(state.mails[&id].content.is_some(), kept);
        }
        assert!(state.queue.is_empty() && state.leases.is_empty());
    }
}
