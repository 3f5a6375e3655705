//! The records, and the search among them.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use posthaste_types::DnsName;

use super::MemoryZone;
use crate::answer::{Answer, Dnssec};
use crate::error::DnsErrorKind;
use crate::record::{RecordData, RecordKind};

#[derive(Default)]
pub(super) struct Store {
    nodes: HashMap<DnsName, Node>,
    /// How many names with records are at or below each name: empty non-terminals exist (RFC 4592 §2.2.2).
    weight: HashMap<DnsName, usize>,
    faults: HashMap<(DnsName, Option<RecordKind>), Fault>,
    signed: Vec<DnsName>,
    counts: HashMap<(DnsName, RecordKind), u64>,
    total: u64,
}

type Node = BTreeMap<RecordKind, RecordSet>;

struct RecordSet {
    ttl: Duration,
    data: Vec<RecordData>,
}

struct Fault {
    kind: DnsErrorKind,
    /// How often it still strikes; `None` is for ever.
    left: Option<u32>,
}

/// What one name says of one kind of record.
enum Step {
    Found(Vec<RecordData>, Duration),
    Alias(DnsName, Duration),
    NoData,
    NxDomain,
}

impl Store {
    pub(super) fn insert(&mut self, name: DnsName, ttl: Duration, data: RecordData) {
        if !self.nodes.contains_key(&name) {
            self.weigh(&name, |weight| *weight += 1);
        }
        let sets = self.nodes.entry(name).or_default();
        let set = sets.entry(data.kind()).or_insert(RecordSet { ttl, data: Vec::new() });
        set.ttl = ttl;
        if !set.data.contains(&data) {
            set.data.push(data); // RFC 2181 §5: a set has no two equal records
        }
    }

    pub(super) fn remove(&mut self, name: &DnsName, kind: RecordKind) {
        let Some(node) = self.nodes.get_mut(name) else { return };
        node.remove(&kind);
        if node.is_empty() {
            self.nodes.remove(name);
            self.weigh(name, |weight| *weight = weight.saturating_sub(1));
        }
    }

    pub(super) fn fail(&mut self, name: &DnsName, of: Option<RecordKind>, kind: DnsErrorKind, left: Option<u32>) {
        self.faults.insert((name.clone(), of), Fault { kind, left });
    }

    pub(super) fn heal(&mut self, name: &DnsName) {
        self.faults.retain(|(of, _), _| of != name);
    }

    pub(super) fn sign(&mut self, apex: DnsName) {
        self.signed.push(apex);
    }

    pub(super) fn count(&mut self, name: &DnsName, kind: RecordKind) {
        self.total += 1;
        let question = (name.clone(), kind);
        if self.counts.len() < MemoryZone::MAX_COUNTED || self.counts.contains_key(&question) {
            *self.counts.entry(question).or_default() += 1;
        }
    }

    pub(super) fn asked(&self, name: &DnsName, kind: RecordKind) -> u64 {
        self.counts.get(&(name.clone(), kind)).copied().unwrap_or_default()
    }

    pub(super) fn questions(&self) -> u64 {
        self.total
    }

    pub(super) fn names(&self) -> usize {
        self.nodes.len()
    }

    pub(super) fn lookup(&mut self, asked: &DnsName, kind: RecordKind) -> Result<Answer, DnsErrorKind> {
        let mut name = asked.clone();
        let mut chain = Vec::new();
        let mut ttl = Duration::MAX;
        let mut secure = self.is_signed(asked);
        let answer = loop {
            if let Some(fault) = self.strike(&name, kind) {
                return Err(fault);
            }
            match self.step(&name, kind) {
                Step::Found(records, of_set) => break Answer::found(records, ttl.min(of_set)),
                Step::NoData => break Answer::no_data(ttl.min(self.negative_ttl(&name))),
                Step::NxDomain => break Answer::nx_domain(ttl.min(self.negative_ttl(&name))),
                Step::Alias(target, of_alias) => {
                    if chain.len() >= MemoryZone::MAX_ALIASES {
                        return Err(DnsErrorKind::ServFail);
                    }
                    ttl = ttl.min(of_alias);
                    secure &= self.is_signed(&target);
                    chain.push(target.clone());
                    name = target;
                }
            }
        };
        let dnssec = if secure { Dnssec::Secure } else { Dnssec::Insecure };
        Ok(answer.with_chain(chain).with_dnssec(dnssec))
    }

    fn step(&self, name: &DnsName, kind: RecordKind) -> Step {
        let Some(node) = self.node(name) else {
            return if self.exists(name) { Step::NoData } else { Step::NxDomain };
        };
        if let Some(set) = node.get(&kind) {
            return Step::Found(set.data.clone(), set.ttl);
        }
        match node.get(&RecordKind::Cname).map(|set| (set.data.first(), set.ttl)) {
            Some((Some(RecordData::Cname(target)), ttl)) => Step::Alias(target.clone(), ttl),
            _ => Step::NoData,
        }
    }

    /// The records of a name, its own or those of the wildcard that speaks for it (RFC 4592 §3.3.1): the one just
    /// below the nearest ancestor that exists.
    fn node(&self, name: &DnsName) -> Option<&Node> {
        if self.exists(name) {
            return self.nodes.get(name);
        }
        let mut encloser = name.parent()?;
        while !self.exists(&encloser) {
            encloser = encloser.parent()?;
        }
        self.nodes.get(&encloser.below("*").ok()?)
    }

    fn exists(&self, name: &DnsName) -> bool {
        name.is_root() || self.weight.contains_key(name)
    }

    fn strike(&mut self, name: &DnsName, kind: RecordKind) -> Option<DnsErrorKind> {
        for of in [Some(kind), None] {
            let question = (name.clone(), of);
            let Some(fault) = self.faults.get_mut(&question) else { continue };
            match &mut fault.left {
                Some(0) => drop(self.faults.remove(&question)),
                Some(left) => {
                    *left -= 1;
                    return Some(fault.kind);
                }
                None => return Some(fault.kind),
            }
        }
        None
    }

    /// RFC 2308 §5: the lesser of the SOA's own TTL and its minimum.
    fn negative_ttl(&self, name: &DnsName) -> Duration {
        let mut at = Some(name.clone());
        while let Some(name) = at {
            let set = self.nodes.get(&name).and_then(|node| node.get(&RecordKind::Soa));
            if let Some((RecordData::Soa(soa), ttl)) = set.and_then(|set| Some((set.data.first()?, set.ttl))) {
                return ttl.min(Duration::from_secs(soa.minimum.into()));
            }
            at = name.parent();
        }
        MemoryZone::NEGATIVE_TTL
    }

    fn is_signed(&self, name: &DnsName) -> bool {
        self.signed.iter().any(|apex| name.is_within(apex))
    }

    fn weigh(&mut self, name: &DnsName, change: impl Fn(&mut usize)) {
        let mut at = Some(name.clone());
        while let Some(name) = at {
            at = name.parent();
            let weight = self.weight.entry(name.clone()).or_default();
            change(weight);
            if *weight == 0 {
                self.weight.remove(&name);
            }
        }
    }
}
