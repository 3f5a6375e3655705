//! Questions for mails.

use std::cmp::Reverse;

use posthaste_types::MailId;

use super::record::{Record, Slot, Stage, State};
use crate::{Query, Tracked, TrackedRecipient, Waiting};

impl State {
    pub(super) fn find(&self, query: &Query) -> Vec<Tracked> {
        let mut found: Vec<(&MailId, &Record)> = match query.mail {
            Some(id) => self.mails.get_key_value(&id).into_iter().filter(|(_, record)| record.fits(query)).collect(),
            None => self.mails.iter().filter(|(_, record)| record.fits(query)).collect(),
        };
        found.sort_unstable_by_key(|(id, record)| Reverse((record.accepted, **id)));
        found.into_iter().take(query.limit).map(|(id, record)| record.tracked(*id)).collect()
    }
}

impl Record {
    /// Whether everything but the id fits.
    fn fits(&self, query: &Query) -> bool {
        // Every field is named, so that a new one cannot be forgotten here.
        let Query { mail: _, message_id, once, to, domain, since, before, tag, waiting, limit: _ } = query;
        let is = |condition: Option<bool>| condition.unwrap_or(true);
        let mut addresses = self.envelope.to().iter().map(|recipient| &recipient.address);
        is(message_id.as_ref().map(|id| self.message_id.as_ref() == Some(id)))
            && is(once.as_ref().map(|(tenant, key)| self.meta.tenant == *tenant && self.once.as_ref() == Some(key)))
            && is(to.as_ref().map(|to| addresses.clone().any(|address| address.normalized() == to.normalized())))
            && is(domain.as_ref().map(|domain| addresses.any(|address| address.domain() == domain)))
            && is(since.map(|since| since <= self.accepted))
            && is(before.map(|before| self.accepted < before))
            && is(tag.as_ref().map(|(key, value)| self.meta.tags.get(key) == Some(value.as_str())))
            && (*waiting == Waiting::Any || self.open > 0)
    }

    fn tracked(&self, id: MailId) -> Tracked {
        let recipients = self.slots.iter().zip(self.envelope.to()).map(|(slot, to)| slot.tracked(to.address.clone()));
        Tracked {
            id,
            message_id: self.message_id.clone(),
            from: self.envelope.from().clone(),
            meta: self.meta.clone(),
            accepted: self.accepted,
            due: self.due,
            expires: self.expires,
            recipients: recipients.collect(),
        }
    }
}

impl Slot {
    fn tracked(&self, address: posthaste_types::Address) -> TrackedRecipient {
        let (next, in_flight, ending) = match &self.stage {
            Stage::Open { next, lease } => (Some(*next), lease.is_some(), None),
            Stage::Ended(ending) => (None, false, Some((**ending).clone())),
        };
        TrackedRecipient { address, state: self.state.clone(), next, in_flight, ending }
    }
}
