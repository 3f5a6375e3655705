//! The DNS tree walk (RFC 9989 §4.10).

use std::collections::HashMap;
use std::sync::Arc;

use posthaste_dns::{DnsError, RecordData, RecordKind, Resolve};
use posthaste_types::{DnsName, Tick};

use super::record::Record;
use super::value::Psd;

/// The records that a tree walk found, from the longest name to the shortest.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Walk {
    /// Where it began.
    pub start: DnsName,
    /// Each name with a record.
    pub found: Vec<(DnsName, Arc<Record>)>,
}

impl Walk {
    /// The most questions of one walk.
    pub const MAX_QUERIES: usize = 8;

    /// The organisational domain (§4.10.2).
    pub fn organizational_domain(&self) -> DnsName {
        for (name, record) in &self.found {
            match record.psd {
                Psd::No => return name.clone(),
                Psd::Yes if *name != self.start => return below(&self.start, name),
                _ => {}
            }
        }
        self.found.last().map_or_else(|| self.start.clone(), |(name, _)| name.clone())
    }

    /// The record of one of the names.
    pub fn record(&self, of: &DnsName) -> Option<&Arc<Record>> {
        self.found.iter().find(|(name, _)| name == of).map(|(_, record)| record)
    }
}

/// Walks the tree from a domain towards the root.
///
/// Cancel safe: dropping the future only ends the walk.
///
/// # Errors
/// [`DnsError`] if a question has no answer: then nothing is known.
pub async fn walk(resolver: &dyn Resolve, start: &DnsName, by: Tick) -> Result<Walk, DnsError> {
    Walker::new(resolver, by).walk(start).await
}

/// The organisational domain of a domain (§4.10.2).
///
/// # Errors
/// [`DnsError`] if a question has no answer.
pub async fn organizational_domain(resolver: &dyn Resolve, domain: &DnsName, by: Tick) -> Result<DnsName, DnsError> {
    Ok(walk(resolver, domain, by).await?.organizational_domain())
}

/// Walks that share what they learn.
pub(super) struct Walker<'a> {
    resolver: &'a dyn Resolve,
    by: Tick,
    known: HashMap<DnsName, Option<Arc<Record>>>,
}

impl<'a> Walker<'a> {
    pub(super) fn new(resolver: &'a dyn Resolve, by: Tick) -> Self {
        Self { resolver, by, known: HashMap::new() }
    }

    pub(super) async fn walk(&mut self, start: &DnsName) -> Result<Walk, DnsError> {
        let mut walk = Walk { start: start.clone(), found: Vec::new() };
        let mut at = Some(start.clone());
        for _ in 0..Walk::MAX_QUERIES {
            let Some(name) = at.filter(|name| !name.is_root()) else { break };
            if let Some(record) = self.record(&name).await? {
                let psd = record.psd;
                walk.found.push((name.clone(), record));
                if psd != Psd::Unknown {
                    break;
                }
            }
            at = next(&name);
        }
        Ok(walk)
    }

    /// The one record of a domain; where there are two, none counts (§4.10).
    pub(super) async fn record(&mut self, domain: &DnsName) -> Result<Option<Arc<Record>>, DnsError> {
        if let Some(known) = self.known.get(domain) {
            return Ok(known.clone());
        }
        let record = match record_name(domain) {
            Some(name) => {
                let answer = self.resolver.resolve(&name, RecordKind::Txt, self.by).await?;
                select(answer.records().iter().filter_map(|data| match data {
                    RecordData::Txt(text) => Some(text.as_slice()),
                    _ => None,
                }))
            }
            None => None,
        };
        self.known.insert(domain.clone(), record.clone());
        Ok(record)
    }
}

/// Where a domain's record stands; `None` for a name so long that nothing fits below.
pub(crate) fn record_name(domain: &DnsName) -> Option<DnsName> {
    domain.below("_dmarc").ok()
}

fn select<'a>(texts: impl Iterator<Item = &'a [u8]>) -> Option<Arc<Record>> {
    let mut of_version = texts.filter(|text| Record::is_one(text));
    match (of_version.next(), of_version.next()) {
        (Some(text), None) => Record::parse(text).ok().map(Arc::new),
        _ => None,
    }
}

/// §4.10: a name of eight labels or more is followed by its last seven, so that nobody is made to ask more.
fn next(name: &DnsName) -> Option<DnsName> {
    let mut next = name.parent();
    while let Some(longer) = next.as_ref().filter(|name| name.labels().count() > LABELS) {
        next = longer.parent();
    }
    next
}

/// The name one label below `ancestor` on the way to `name`.
fn below(name: &DnsName, ancestor: &DnsName) -> DnsName {
    let mut at = name.clone();
    while let Some(parent) = at.parent() {
        if parent == *ancestor {
            return at;
        }
        at = parent;
    }
    name.clone()
}

const LABELS: usize = 7;
