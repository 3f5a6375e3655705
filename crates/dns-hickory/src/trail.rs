//! From the name that was asked for, along the aliases, to the records.

use std::time::Duration;

use hickory_resolver::proto::dnssec::Proof;
use hickory_resolver::proto::op::ResponseCode;
use hickory_resolver::proto::rr::{Name, RData, Record, RecordType};
use posthaste_dns::{Answer, DnsError, DnsErrorKind, Dnssec};
use posthaste_types::DnsName;

use crate::data::{to_data, to_name};

/// What a server says, positive or negative.
pub(crate) struct Reply {
    pub(crate) code: ResponseCode,
    pub(crate) answers: Vec<Record>,
    pub(crate) authorities: Vec<Record>,
}

/// What a negative answer needs to be believed at the end of an alias.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Belief {
    /// Its own question, so that it is validated; and an NSEC or NSEC3 record that was.
    Proof,
    /// The word of the server.
    Word,
}

/// How far the way has come.
pub(crate) struct Trail {
    at: Name,
    kind: RecordType,
    belief: Belief,
    chain: Vec<DnsName>,
    ttl: u32,
    dnssec: Option<Dnssec>,
}

/// What a reply leads to.
pub(crate) enum Step {
    /// The end.
    Answer(Answer),
    /// The name where the trail now stands must be asked for.
    Ask,
}

impl Trail {
    pub(crate) fn new(at: Name, kind: RecordType, belief: Belief) -> Self {
        Self { at, kind, belief, chain: Vec::new(), ttl: u32::MAX, dnssec: None }
    }

    /// The name that is to be asked for.
    pub(crate) fn at(&self) -> &Name {
        &self.at
    }

    /// Goes on by what a server says of the name where the trail stands.
    pub(crate) fn follow(&mut self, reply: &Reply) -> Result<Step, DnsError> {
        let before = self.chain.len();
        loop {
            let set: Vec<&Record> = self.at_hand(reply, self.kind).collect();
            if !set.is_empty() {
                return self.found(&set);
            }
            let alias = self.at_hand(reply, RecordType::CNAME).next();
            let Some((record, RData::CNAME(target))) = alias.map(|record| (record, &record.data)) else { break };
            self.pass(record)?;
            self.at = target.0.clone();
            self.chain.push(to_name(&target.0).ok_or(DnsErrorKind::Malformed)?);
            if self.chain.len() > MAX_ALIASES {
                return Err(DnsErrorKind::ServFail.into());
            }
        }
        if !matches!(reply.code, ResponseCode::NoError | ResponseCode::NXDomain) {
            return Err(DnsErrorKind::ServFail.into());
        }
        let moved = self.chain.len() > before;
        let soa = reply.authorities.iter().find_map(|record| match &record.data {
            RData::SOA(soa) => Some((record, soa.minimum)),
            _ => None,
        });
        let open = soa.is_none() && reply.code == ResponseCode::NoError;
        if moved && (open || self.belief == Belief::Proof) {
            return Ok(Step::Ask);
        }
        if open && reply.authorities.iter().any(|record| record.record_type() == RecordType::NS) {
            // RFC 2308 §2.2 type 3 is a referral: the server does not know, it names others who may.
            return Err(DnsErrorKind::ServFail.into());
        }
        self.negative(reply, soa)
    }

    fn at_hand<'a>(&self, reply: &'a Reply, kind: RecordType) -> impl Iterator<Item = &'a Record> {
        let at = self.at.clone();
        reply.answers.iter().filter(move |record| record.record_type() == kind && record.name == at)
    }

    fn found(&mut self, set: &[&Record]) -> Result<Step, DnsError> {
        for record in set {
            self.pass(record)?;
        }
        let records: Vec<_> = set.iter().filter_map(|record| to_data(&record.data)).collect();
        if records.is_empty() {
            // Not no data: that would send mail to the implicit MX.
            return Err(DnsErrorKind::Malformed.into());
        }
        let unreadable = set.len().saturating_sub(records.len());
        let answer = Answer::found(records, seconds(self.ttl)).with_unreadable(unreadable);
        Ok(Step::Answer(self.complete(answer)))
    }

    fn negative(&mut self, reply: &Reply, soa: Option<(&Record, u32)>) -> Result<Step, DnsError> {
        // RFC 2308 §5: without an SOA a negative answer is not kept.
        let ttl = soa.map_or(0, |(record, minimum)| whole(record.ttl).min(whole(minimum)));
        self.ttl = self.ttl.min(ttl);
        let signed = |record: &&Record| record.record_type() != RecordType::RRSIG;
        for record in reply.authorities.iter().filter(signed) {
            self.weigh(record.proof)?;
        }
        let denies = |record: &Record| {
            record.proof.is_secure() && matches!(record.record_type(), RecordType::NSEC | RecordType::NSEC3)
        };
        let unproved = self.belief == Belief::Proof && !reply.authorities.iter().any(denies);
        if reply.authorities.is_empty() || unproved && self.dnssec == Some(Dnssec::Secure) {
            self.weigh(Proof::Indeterminate)?;
        }
        let ttl = seconds(self.ttl);
        let nx_domain = reply.code == ResponseCode::NXDomain;
        let answer = if nx_domain { Answer::nx_domain(ttl) } else { Answer::no_data(ttl) };
        Ok(Step::Answer(self.complete(answer)))
    }

    fn pass(&mut self, record: &Record) -> Result<(), DnsError> {
        self.ttl = self.ttl.min(whole(record.ttl));
        self.weigh(record.proof)
    }

    fn weigh(&mut self, proof: Proof) -> Result<(), DnsError> {
        let dnssec = match proof {
            Proof::Secure => Dnssec::Secure,
            Proof::Insecure => Dnssec::Insecure,
            Proof::Indeterminate => Dnssec::Indeterminate,
            Proof::Bogus => return Err(DnsErrorKind::Bogus.into()),
        };
        self.dnssec = Some(self.dnssec.map_or(dnssec, |so_far| so_far.and(dnssec)));
        Ok(())
    }

    fn complete(&mut self, answer: Answer) -> Answer {
        answer.with_chain(std::mem::take(&mut self.chain)).with_dnssec(self.dnssec.unwrap_or_default())
    }
}

/// RFC 2181 §8: a TTL with its highest bit set is zero.
fn whole(ttl: u32) -> u32 {
    if i32::try_from(ttl).is_ok() { ttl } else { 0 }
}

fn seconds(ttl: u32) -> Duration {
    Duration::from_secs(ttl.into())
}

/// How many aliases are followed for one question.
pub(crate) const MAX_ALIASES: usize = 8;

#[cfg(test)]
mod tests;
