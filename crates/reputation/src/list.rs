//! One list.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use posthaste_dns::{Answer, RecordData};
use posthaste_types::DnsName;

use crate::code::{Code, Meaning, Says, Verdict};
use crate::finding::{Listing, NotAsked};
use crate::subject::Subject;

/// A DNS list, as `lists.csv` describes it.
#[derive(Clone, Debug)]
pub struct DnsList(pub(crate) Arc<Row>);

#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) id: String,
    pub(crate) zone: Zone,
    pub(crate) subjects: Subjects,
    pub(crate) kind: Kind,
    pub(crate) match_any: MatchAny,
    pub(crate) weight: Weight,
    pub(crate) status: Status,
    pub(crate) access: Access,
    pub(crate) must_list: Option<Subject>,
    pub(crate) must_not_list: Option<Subject>,
    pub(crate) what: String,
    pub(crate) sources: String,
    pub(crate) codes: Vec<Code>,
}

/// The zone, or what lacks a key to become one.
#[derive(Clone, Debug)]
pub(crate) enum Zone {
    Known(DnsName),
    NeedsKey(String),
}

#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Subjects {
    pub(crate) domain: bool,
    pub(crate) v4: bool,
    pub(crate) v6: bool,
}

/// What a code means that no row names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MatchAny {
    /// A listing as any other.
    Listed,
    /// Nothing that is known.
    Unrecognized,
}

/// What being on a list says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// Good.
    Allow,
    /// Bad.
    Block,
    /// Good or bad, by the code.
    Both,
    /// A fact, no judgement.
    Info,
}

/// How much a listing says, by what receivers are known to use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Weight {
    /// Next to nobody refuses mail for it alone.
    Informational,
    /// Some refuse.
    Medium,
    /// Large receivers refuse.
    High,
}

/// Whether a list still answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Status {
    /// It does.
    Active,
    /// It was given up: its zone may list nothing, or everything.
    Closed,
}

/// Who may ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Access {
    /// Everybody within limits; most lists refuse public resolvers.
    Free,
    /// Whoever has a key: see [`DnsLists::with_key`](crate::DnsLists::with_key).
    Key,
    /// Whoever registered the addresses that ask.
    Registration,
}

impl DnsList {
    /// The id in the tables: `spamhaus_zen`.
    pub fn id(&self) -> &str {
        &self.0.id
    }

    /// The zone; `None` while it lacks its key.
    pub fn zone(&self) -> Option<&DnsName> {
        match &self.0.zone {
            Zone::Known(zone) => Some(zone),
            Zone::NeedsKey(_) => None,
        }
    }

    /// What being on it says.
    pub fn kind(&self) -> Kind {
        self.0.kind
    }

    /// How much that says.
    pub fn weight(&self) -> Weight {
        self.0.weight
    }

    /// Whether it still answers.
    pub fn status(&self) -> Status {
        self.0.status
    }

    /// Who may ask.
    pub fn access(&self) -> Access {
        self.0.access
    }

    /// For people: what stands on it.
    pub fn what(&self) -> &str {
        &self.0.what
    }

    /// Where this is known from, with dates.
    pub fn sources(&self) -> &str {
        &self.0.sources
    }

    /// The name to ask about a subject.
    ///
    /// # Errors
    /// [`NotAsked`] if this list must not, or cannot, be asked about it.
    pub fn question(&self, subject: &Subject) -> Result<DnsName, NotAsked> {
        let zone = match (&self.0.zone, self.0.status) {
            (_, Status::Closed) => return Err(NotAsked::Closed),
            (Zone::NeedsKey(_), _) => return Err(NotAsked::NeedsKey),
            (Zone::Known(zone), _) => zone,
        };
        let Subjects { domain, v4, v6 } = self.0.subjects;
        let takes = match subject {
            Subject::Domain(_) => domain,
            Subject::Ip(IpAddr::V4(_)) => v4,
            Subject::Ip(IpAddr::V6(_)) => v6,
        };
        if !takes {
            return Err(NotAsked::Subject);
        }
        subject.name_in(zone).map_err(|_| NotAsked::Subject)
    }

    /// What an answer to that question says.
    pub fn read(&self, answer: &Answer) -> Listing {
        let code = |data: &RecordData| match data {
            RecordData::A(code) => Some(*code),
            _ => None,
        };
        let codes: Vec<Ipv4Addr> = answer.records().iter().filter_map(code).collect();
        // RFC 5782 §2.1: whatever is outside of 127.0.0.0/8 was not put there by a list. A zone that was
        // sold or parked answers so, to every name.
        if let Some(outside) = codes.iter().find(|code| !code.is_loopback()) {
            return Listing::Broken(*outside);
        }
        let mut meanings = Vec::new();
        for code in codes {
            let rows: Vec<&Code> = self.0.codes.iter().filter(|row| row.pattern.holds(code)).collect();
            if let Some(row) = rows.iter().find(|row| row.says == Says::Refused) {
                return Listing::Refused(Meaning { code, verdict: Verdict::Unrecognized, text: Arc::clone(&row.text) });
            }
            if rows.is_empty() {
                meanings.push(Meaning { code, verdict: self.unnamed(), text: "".into() });
            }
            meanings.extend(rows.iter().filter_map(|row| meaning(code, row.says, &row.text)));
        }
        if meanings.is_empty() { Listing::Clean } else { Listing::Listed(meanings) }
    }

    fn unnamed(&self) -> Verdict {
        match (self.0.match_any, self.0.kind) {
            (MatchAny::Listed, Kind::Block) => Verdict::Listed,
            (MatchAny::Listed, Kind::Allow) => Verdict::Allow,
            _ => Verdict::Unrecognized,
        }
    }
}

fn meaning(code: Ipv4Addr, says: Says, text: &Arc<str>) -> Option<Meaning> {
    let verdict = match says {
        Says::Verdict(verdict) => verdict,
        Says::Score => Verdict::Score(code.octets()[3]),
        Says::Refused | Says::None => return None,
    };
    Some(Meaning { code, verdict, text: Arc::clone(text) })
}
