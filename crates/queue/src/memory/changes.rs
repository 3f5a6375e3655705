//! What changes in the spool in memory.

use std::cmp::Reverse;

use posthaste_suppression::{EntryList, Verdict, decide};
use posthaste_types::{Event, Mail, MailId, NodeId, Timestamp};

use super::record::{Lease, Record, Slot, Stage, State, Withdrawn};
use crate::{Admission, Begin, Begun, Granted, NewMail, Refusal, Settled, Settlement};

impl State {
    pub(super) fn admit(&mut self, mut new: NewMail) -> Admission {
        let id = new.mail.id();
        let key = new.once.clone().map(|(key, print)| ((new.meta.tenant.clone(), key), print));
        if let Some((key, print)) = key {
            match self.keys.get(&key) {
                Some((known, old)) if *old == print => return Admission::Replay(*known),
                Some((known, _)) => return Admission::KeyReused(*known),
                None if self.mails.contains_key(&id) => return Admission::Replay(id),
                None => self.keys.insert(key, (id, print)),
            };
        } else if self.mails.contains_key(&id) {
            return Admission::Replay(id);
        }
        self.write(std::mem::take(&mut new.events));
        let record = Record::new(new);
        let open = record.places().filter(|(_, slot)| matches!(slot.stage, Stage::Open { .. }));
        let places = open.map(|(place, _)| (record.due, id, place));
        self.queue.entry(Reverse(record.meta.priority)).or_default().extend(places);
        self.mails.insert(id, record);
        Admission::Accepted(id)
    }

    pub(super) fn begin(&mut self, node: &NodeId, begin: &Begin) -> Begun {
        let Some(record) = self.mails.get_mut(&begin.mail) else {
            return Begun::new(None, begin.recipients.iter().map(|place| (*place, Refusal::Gone)).collect());
        };
        let (mut granted, mut refused) = (Vec::new(), Vec::new());
        for place in &begin.recipients {
            let judged = record.judge(*place, begin.at, &self.list);
            match (judged, record.slot_mut(*place)) {
                (Err(refusal), slot) => {
                    if slot.is_some_and(|slot| slot.abandon(begin.at)) {
                        self.leases.remove(&(begin.mail, *place));
                    }
                    refused.push((*place, refusal));
                }
                (Ok(()), None) => refused.push((*place, Refusal::Gone)),
                (Ok(()), Some(slot)) => {
                    slot.lease(node, begin);
                    self.leases.insert((begin.mail, *place));
                    granted.push(*place);
                }
            }
        }
        Begun::new(record.grant(begin.mail, &granted), refused)
    }

    pub(super) fn settle(&mut self, settlement: Settlement) {
        let Settlement { mail, recipient, attempt, settled, events, suppress } = settlement;
        let Some(record) = self.mails.get_mut(&mail) else { return };
        let priority = Reverse(record.meta.priority);
        let Some(slot) = record.slot_mut(recipient) else { return };
        let Some(was) = slot.counts(attempt, &settled) else { return };
        slot.state = std::mem::take(&mut slot.state).after(&settled);
        let queue = self.queue.entry(priority).or_default();
        queue.remove(&(was, mail, recipient));
        self.leases.remove(&(mail, recipient));
        match settled {
            Settled::Ended(ending) => {
                slot.stage = Stage::Ended(Box::new(ending));
                record.open = record.open.saturating_sub(1);
                if record.open == 0 {
                    record.content = None;
                }
            }
            Settled::Retry { next, .. } | Settled::Unmade { next, .. } => {
                slot.stage = Stage::Open { next, lease: None };
                queue.insert((next, mail, recipient));
            }
        }
        if queue.is_empty() {
            self.queue.remove(&priority);
        }
        for entry in suppress {
            self.list.put(entry);
        }
        self.write(events);
    }

    pub(super) fn withdraw(&mut self, mail: MailId) {
        if let Some(record) = self.mails.get_mut(&mail) {
            record.withdrawn = Withdrawn::Yes;
        }
    }

    pub(super) fn forget(&mut self, before: Timestamp, limit: usize) -> usize {
        let ended = |slot: &Slot| matches!(&slot.stage, Stage::Ended(ending) if ending.at < before);
        let old = self.mails.iter().filter(|(_, record)| record.slots.iter().all(ended));
        let old: Vec<MailId> = old.map(|(id, _)| *id).take(limit).collect();
        for id in &old {
            if let Some(record) = self.mails.remove(id)
                && let Some(key) = record.once
            {
                self.keys.remove(&(record.meta.tenant, key));
            }
        }
        let kept = |event: &Event| match event.mail {
            Some(mail) => old.binary_search(&mail).is_err(),
            None => before <= event.at,
        };
        self.log.retain(|_, event| kept(event));
        old.len()
    }
}

impl Record {
    /// Whether a recipient may be tried: its standing first, then the suppression list.
    fn judge(&self, place: u32, at: Timestamp, list: &EntryList) -> Result<(), Refusal> {
        let (Some(slot), Some(address)) = (self.slot(place), self.address(place)) else { return Err(Refusal::Gone) };
        slot.may_begin(at)?;
        let ask = self.meta.ask(address, at);
        match decide(&ask, &list.find(&ask, None)) {
            Verdict::Allowed => Ok(()),
            Verdict::Suppressed(entry) => Err(Refusal::Suppressed(entry)),
        }
    }

    fn grant(&self, id: MailId, granted: &[u32]) -> Option<Granted> {
        let indices: Vec<usize> = granted.iter().filter_map(|place| usize::try_from(*place).ok()).collect();
        let envelope = self.envelope.subset(&indices)?;
        let mail = Mail::new(id, envelope, self.content.clone()?).with_message_id(self.message_id.clone());
        let states = granted.iter().filter_map(|place| Some((*place, self.slot(*place)?.state.clone())));
        Some(Granted::new(mail, self.meta.clone(), self.accepted, self.expires, states.collect()))
    }
}

impl Slot {
    fn may_begin(&self, at: Timestamp) -> Result<(), Refusal> {
        match &self.stage {
            Stage::Ended(_) => Err(Refusal::Gone),
            Stage::Open { .. } if self.is_leased_at(at) => Err(Refusal::Taken),
            Stage::Open { next, .. } if at < *next => Err(Refusal::NotDue),
            Stage::Open { .. } => Ok(()),
        }
    }

    fn lease(&mut self, node: &NodeId, begin: &Begin) {
        self.state = self.state_at(begin.at).begun();
        if let Stage::Open { lease, .. } = &mut self.stage {
            *lease = Some(Lease { node: node.clone(), until: begin.lease_until });
        }
    }

    /// Ends a lease that ran out; whether it did.
    fn abandon(&mut self, at: Timestamp) -> bool {
        let state = self.state_at(at);
        match &mut self.stage {
            Stage::Open { lease, .. } if lease.as_ref().is_some_and(|lease| lease.until <= at) => {
                (self.state, *lease) = (state, None);
                true
            }
            _ => false,
        }
    }

    /// When the recipient was due, if a settlement counts.
    fn counts(&self, attempt: Option<u32>, settled: &Settled) -> Option<Timestamp> {
        let Stage::Open { next: was, lease } = &self.stage else { return None };
        let counts = match (attempt, lease, settled) {
            (Some(attempt), Some(_), _) => attempt == self.state.attempts,
            (None, None, Settled::Ended(_)) => true,
            (None, None, Settled::Retry { next, .. } | Settled::Unmade { next, .. }) => next != was,
            _ => false,
        };
        counts.then_some(*was)
    }
}
