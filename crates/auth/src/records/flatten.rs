//! SPF without the records of others.

use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;
use std::time::Duration;

use posthaste_dns::{Answer, DnsError, RecordData, RecordKind, Resolve};
use posthaste_types::{DnsName, Domain, Tick};

use super::finding::Problem;
use super::lint_spf::SpfLint;
use crate::spf::{Directive, DualPrefix, MacroString, Mechanism, Qualifier, Record};

/// A record with the networks of other domains written into it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Flattened {
    /// The record.
    pub record: Record,
    /// For how long it is true: the least time to live of all that was read.
    pub ttl: Duration,
    /// Whose records and hosts were written into it; a change of any makes the record wrong.
    pub sources: Vec<DnsName>,
    /// What stayed as it is, because it depends on macros or refuses some senders, as it reads.
    pub kept: Vec<String>,
    /// How many terms of the record still ask the DNS themselves.
    pub lookups: usize,
}

/// Why a record cannot be flattened.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FlattenError {
    /// The DNS did not answer.
    #[error("{0}")]
    Dns(#[source] DnsError),
    /// A record of the tree cannot be used.
    #[error("{domain}: {problem}")]
    Record {
        /// Whose it is.
        domain: DnsName,
        /// What is wrong with it.
        problem: Problem,
    },
    /// The tree is too large.
    #[error("more than {limit} questions or networks")]
    TooLarge {
        /// The limit.
        limit: usize,
    },
}

impl FlattenError {
    /// Whether it may succeed later.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Dns(error) if error.is_transient())
    }
}

impl Flattened {
    /// The most questions, and the most networks.
    pub const MAX: usize = 500;

    /// What it costs, in words: to be read before the record is published.
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        if !self.sources.is_empty() {
            let names: Vec<&str> = self.sources.iter().map(DnsName::as_str).collect();
            warnings.push(format!(
                "the record must be made anew whenever {} change, so at least every {} seconds; else mail is refused, or \
                 strangers may send",
                names.join(", "),
                self.ttl.as_secs()
            ));
        }
        let octets = self.record.to_string().len();
        if octets > SpfLint::SAFE_OCTETS {
            warnings.push(Problem::Long { octets }.to_string());
        }
        for kept in &self.kept {
            warnings.push(format!("`{kept}` stays, for its result is no list of networks"));
        }
        warnings
    }
}

/// Writes the networks behind `a`, `mx` and `include` into the record of a domain, so that receivers need not ask for
/// them. See [`Flattened::warnings`] for the price.
///
/// Questions end by `by` of the resolver's clock. Cancel safe: dropping the future only ends the work.
///
/// # Errors
/// [`FlattenError`] if something is not known or wrong: half a record would refuse good mail.
pub async fn flatten_spf(resolver: &dyn Resolve, domain: &Domain, by: Tick) -> Result<Flattened, FlattenError> {
    let mut work = Work { resolver, by, questions: 0, ttl: Duration::MAX, sources: Vec::new() };
    let own = DnsName::from(domain);
    let record = work.record(&own).await?;
    let mut flat = Record::new();
    let mut kept = Vec::new();
    for Directive { qualifier, mechanism } in record.directives() {
        match work.networks(&own, mechanism, 0).await? {
            Some(networks) => {
                for network in networks {
                    if flat.directives().len() >= Flattened::MAX {
                        return Err(FlattenError::TooLarge { limit: Flattened::MAX });
                    }
                    let known = flat.directives().iter().any(|known| known.mechanism == network);
                    flat = if known { flat } else { flat.with(*qualifier, network) };
                }
            }
            None => {
                if mechanism.is_lookup() {
                    kept.push(mechanism.to_string());
                }
                flat = flat.with(*qualifier, mechanism.clone());
            }
        }
    }
    if let Some(redirect) = record.redirect() {
        kept.push(format!("redirect={redirect}"));
        flat = flat.with_redirect(redirect.clone());
    }
    flat.explanation = record.explanation.clone();
    flat.unknown = record.unknown.clone();
    work.sources.retain(|source| *source != own);
    Ok(Flattened { record: flat, ttl: work.ttl, sources: work.sources, lookups: kept.len(), kept })
}

struct Work<'a> {
    resolver: &'a dyn Resolve,
    by: Tick,
    questions: usize,
    ttl: Duration,
    sources: Vec<DnsName>,
}

type Networks<'a> = Pin<Box<dyn Future<Output = Result<Option<Vec<Mechanism>>, FlattenError>> + Send + 'a>>;

impl Work<'_> {
    async fn ask(&mut self, name: &DnsName, kind: RecordKind) -> Result<Answer, FlattenError> {
        self.questions += 1;
        if self.questions > Flattened::MAX {
            return Err(FlattenError::TooLarge { limit: Flattened::MAX });
        }
        let answer = self.resolver.resolve(name, kind, self.by).await.map_err(FlattenError::Dns)?;
        self.ttl = self.ttl.min(answer.ttl());
        if !self.sources.contains(name) {
            self.sources.push(name.clone());
        }
        Ok(answer)
    }

    async fn record(&mut self, domain: &DnsName) -> Result<Record, FlattenError> {
        let answer = self.ask(domain, RecordKind::Txt).await?;
        let texts: Vec<&Vec<u8>> = answer
            .records()
            .iter()
            .filter_map(|data| match data {
                RecordData::Txt(text) if Record::is_one(text) => Some(text),
                _ => None,
            })
            .collect();
        let problem = match texts.as_slice() {
            [text] => match Record::parse(text) {
                Ok(record) => return Ok(record),
                Err(error) => Problem::Syntax(error),
            },
            [] => Problem::Missing,
            _ => Problem::Several,
        };
        Err(FlattenError::Record { domain: domain.clone(), problem })
    }

    /// The networks that a mechanism matches; `None` if it is no list of networks.
    fn networks<'b>(&'b mut self, domain: &'b DnsName, mechanism: &'b Mechanism, depth: usize) -> Networks<'b> {
        Box::pin(async move {
            let own = |spec: &Option<MacroString>| {
                spec.as_ref().map_or_else(|| Some(domain.clone()), |spec| spec.name().cloned())
            };
            match mechanism {
                Mechanism::Ip4 { .. } | Mechanism::Ip6 { .. } => Ok(Some(vec![mechanism.clone()])),
                Mechanism::A { domain: host, prefix } => match own(host) {
                    Some(host) => self.host(&host, *prefix).await.map(Some),
                    None => Ok(None),
                },
                Mechanism::Mx { domain: of, prefix } => match own(of) {
                    Some(of) => self.mail_hosts(&of, *prefix).await.map(Some),
                    None => Ok(None),
                },
                Mechanism::Include { domain: other } => match other.name().cloned() {
                    Some(other) if depth < MAX_DEPTH => self.included(&other, depth + 1).await,
                    Some(other) => Err(FlattenError::Record { domain: other, problem: Problem::Loop }),
                    None => Ok(None),
                },
                _ => Ok(None),
            }
        })
    }

    /// A record is a list of networks if all that can pass are networks, and nothing is refused before them.
    async fn included(&mut self, domain: &DnsName, depth: usize) -> Result<Option<Vec<Mechanism>>, FlattenError> {
        let record = self.record(domain).await?;
        let mut networks = Vec::new();
        for directive in record.directives() {
            match (directive.qualifier, &directive.mechanism) {
                (Qualifier::Pass, Mechanism::All) => return Ok(None),
                (_, Mechanism::All) => return Ok(Some(networks)),
                (Qualifier::Pass, mechanism) => match self.networks(domain, mechanism, depth).await? {
                    Some(more) => networks.extend(more),
                    None => return Ok(None),
                },
                _ => return Ok(None),
            }
            if networks.len() > Flattened::MAX {
                return Err(FlattenError::TooLarge { limit: Flattened::MAX });
            }
        }
        let Some(redirect) = record.redirect() else { return Ok(Some(networks)) };
        let Some(to) = redirect.name().cloned() else { return Ok(None) };
        let include = Mechanism::Include { domain: redirect.clone() };
        Ok(self.networks(&to, &include, depth).await?.map(|more| networks.into_iter().chain(more).collect()))
    }

    async fn host(&mut self, host: &DnsName, prefix: DualPrefix) -> Result<Vec<Mechanism>, FlattenError> {
        let mut networks = Vec::new();
        for kind in [RecordKind::A, RecordKind::Aaaa] {
            let answer = self.ask(host, kind).await?;
            networks.extend(answer.records().iter().filter_map(|data| match data {
                RecordData::A(v4) => Some(network(IpAddr::V4(*v4), prefix)),
                RecordData::Aaaa(v6) => Some(network(IpAddr::V6(*v6), prefix)),
                _ => None,
            }));
        }
        Ok(networks)
    }

    async fn mail_hosts(&mut self, domain: &DnsName, prefix: DualPrefix) -> Result<Vec<Mechanism>, FlattenError> {
        let answer = self.ask(domain, RecordKind::Mx).await?;
        let mut networks = Vec::new();
        for data in answer.records() {
            if let RecordData::Mx(mx) = data
                && !mx.is_null()
            {
                networks.extend(self.host(&mx.exchange, prefix).await?);
            }
        }
        Ok(networks)
    }
}

fn network(address: IpAddr, prefix: DualPrefix) -> Mechanism {
    match address {
        IpAddr::V4(network) => Mechanism::Ip4 { network, prefix: prefix.v4 },
        IpAddr::V6(network) => Mechanism::Ip6 { network, prefix: prefix.v6 },
    }
}

/// How deep `include`s are followed.
const MAX_DEPTH: usize = 10;
