//! What the spool in memory is asked for.

use std::cmp::Reverse;
use std::ops::Bound::{Excluded, Unbounded};

use posthaste_types::{Event, EventId, MailId, NodeId, Timestamp};

use super::record::{Stage, State, Withdrawn};
use crate::{Due, DueCursor, Orphan};

impl State {
    pub(super) fn due(&self, until: Timestamp, after: Option<DueCursor>, limit: usize) -> Vec<Due> {
        let places = self.queue.iter().flat_map(|(Reverse(priority), places)| {
            Self::places_until(places, *priority, until, after).map(|place| (*priority, *place))
        });
        let dues = places.filter_map(|(priority, (at, mail, recipient))| {
            let (record, slot) = self.slot(mail, recipient).filter(|(_, slot)| !slot.is_leased_at(until))?;
            let domain = record.address(recipient)?.domain().clone();
            let state = slot.state_at(until);
            Some(Due { mail, recipient, domain, at, priority, state, expires: record.expires })
        });
        dues.take(limit).collect()
    }

    pub(super) fn next_due(&self, after: Timestamp) -> Option<Timestamp> {
        let behind = (Excluded((after, MailId::from_bytes([u8::MAX; 16]), u32::MAX)), Unbounded);
        let free = self.queue.values().filter_map(|places| {
            let mut places = places.range(behind);
            places.find(|(_, mail, place)| !self.leases.contains(&(*mail, *place))).map(|(at, ..)| *at)
        });
        let leased = self.leases.iter().filter_map(|(mail, place)| match &self.slot(*mail, *place)?.1.stage {
            Stage::Open { next, lease: Some(lease) } => Some(lease.until.max(*next)),
            _ => None,
        });
        free.chain(leased.filter(|at| after < *at)).min()
    }

    pub(super) fn orphans(&self, node: &NodeId) -> Vec<Orphan> {
        let all = self.leases.iter().filter_map(|(mail, place)| {
            let (record, slot) = self.slot(*mail, *place)?;
            let Stage::Open { lease: Some(lease), .. } = &slot.stage else { return None };
            let (address, meta) = (record.address(*place)?.clone(), record.meta.clone());
            (lease.node == *node)
                .then(|| Orphan::new(*mail, *place, address, slot.state.clone(), meta, record.accepted, record.expires))
        });
        all.collect()
    }

    pub(super) fn withdrawn(&self) -> Vec<MailId> {
        let still = self.mails.iter().filter(|(_, record)| record.withdrawn == Withdrawn::Yes && record.open > 0);
        still.map(|(mail, _)| *mail).collect()
    }

    pub(super) fn events(&self, after: EventId, limit: usize) -> Vec<Event> {
        let first = EventId::new(after.as_u64().saturating_add(1));
        self.log.range(first..).take(limit).map(|(_, event)| event.clone()).collect()
    }
}
