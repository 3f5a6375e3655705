//! What is kept, bounded by number and by octets.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use posthaste_types::Tick;

use super::{CacheLimits, Outcome, Question};
use crate::answer::Answer;
use crate::record::RecordData;

#[derive(Default)]
pub(super) struct Memory {
    entries: HashMap<Question, Entry>,
    /// The questions by their last use, the oldest first.
    by_use: BTreeMap<u64, Question>,
    uses: u64,
    octets: usize,
}

struct Entry {
    outcome: Outcome,
    until: Tick,
    octets: usize,
    last_use: u64,
}

impl Memory {
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// What is known of a question, with the TTL that is left.
    pub(super) fn recall(&mut self, question: &Question, now: Tick) -> Option<Outcome> {
        let entry = self.entries.get_mut(question)?;
        if entry.until <= now {
            self.forget(&question.clone());
            return None;
        }
        self.by_use.remove(&entry.last_use);
        self.uses += 1;
        entry.last_use = self.uses;
        self.by_use.insert(self.uses, question.clone());
        let left = entry.until.since(now);
        Some(entry.outcome.clone().map(|answer| answer.with_ttl(left)))
    }

    /// Keeps `outcome` for `ttl`, in the place of what was known before, unless it is too large for the limits.
    pub(super) fn keep(
        &mut self,
        question: &Question,
        outcome: &Outcome,
        now: Tick,
        ttl: Duration,
        limits: &CacheLimits,
    ) {
        self.forget(question);
        let octets = weight(question, outcome);
        if ttl.is_zero() || octets > limits.octets || limits.entries == 0 {
            return;
        }
        while self.entries.len() >= limits.entries || self.octets.saturating_add(octets) > limits.octets {
            let Some((_, oldest)) = self.by_use.first_key_value() else { return };
            self.forget(&oldest.clone());
        }
        self.uses += 1;
        self.octets += octets;
        self.by_use.insert(self.uses, question.clone());
        let entry = Entry { outcome: outcome.clone(), until: now.saturating_add(ttl), octets, last_use: self.uses };
        self.entries.insert(question.clone(), entry);
    }

    fn forget(&mut self, question: &Question) {
        if let Some(entry) = self.entries.remove(question) {
            self.by_use.remove(&entry.last_use);
            self.octets = self.octets.saturating_sub(entry.octets);
        }
    }
}

/// About how many octets an entry holds. The name stands in it two times; what an error holds below is not seen.
fn weight(question: &Question, outcome: &Outcome) -> usize {
    let name = question.0.as_str().len();
    let fixed = size_of::<Entry>() + 2 * size_of::<Question>() + name;
    fixed + outcome.as_ref().map_or(MAX_ERROR, answer)
}

fn answer(answer: &Answer) -> usize {
    let records: usize = answer.records().iter().map(record).sum();
    let chain: usize = answer.chain().iter().map(|name| size_of_val(name) + name.as_str().len()).sum();
    records + chain
}

fn record(data: &RecordData) -> usize {
    let more = match data {
        RecordData::A(_) | RecordData::Aaaa(_) => 0,
        RecordData::Cname(name) | RecordData::Ns(name) | RecordData::Ptr(name) => name.as_str().len(),
        RecordData::Ds(ds) => ds.digest.len(),
        RecordData::Mx(mx) => mx.exchange.as_str().len(),
        RecordData::Soa(soa) => soa.primary.as_str().len() + soa.mailbox.as_str().len(),
        RecordData::Tlsa(tlsa) => tlsa.data.len(),
        RecordData::Txt(text) => text.len(),
    };
    size_of_val(data) + more
}

/// What an error is taken for.
const MAX_ERROR: usize = 512;
