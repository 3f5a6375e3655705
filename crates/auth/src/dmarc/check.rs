//! The check (RFC 9989 §4.8 to §4.10, §5.3).

use std::sync::Arc;

use posthaste_dns::{DnsError, Presence, RecordKind, Resolve};
use posthaste_types::{DnsName, Domain, Tick};

use super::outcome::{Applied, Disposition, Identifier, Method, Outcome, Tag, Verdict};
use super::record::Record;
use super::value::{Alignment, Psd};
use super::walk::Walker;
use crate::spf;

/// What was authenticated elsewhere, of one message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identifiers {
    author: Domain,
    identifiers: Vec<Identifier>,
}

/// What SPF or DKIM said of an identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "what DMARC needs to know of a method")]
pub enum Authenticated {
    /// It passed.
    Pass,
    /// It did not.
    Fail,
    /// It could not be found out now.
    TempError,
}

impl Identifiers {
    /// The most identifiers; further ones are left out.
    pub const MAX: usize = 20;

    /// Of a message whose From field has this domain. A message without one, or with several, has no DMARC result
    /// (RFC 9989 §5.3.1): that is for the caller to decide.
    pub fn new(author: Domain) -> Self {
        Self { author, identifiers: Vec::new() }
    }

    /// Adds the SPF result of MAIL FROM; HELO is no identifier of DMARC (§4.4.2).
    #[must_use]
    pub fn spf(self, domain: DnsName, result: Authenticated) -> Self {
        self.with(Method::Spf, domain, result)
    }

    /// Adds a DKIM signature: the domain of its `d=`.
    #[must_use]
    pub fn dkim(self, domain: DnsName, result: Authenticated) -> Self {
        self.with(Method::Dkim, domain, result)
    }

    fn with(mut self, method: Method, domain: DnsName, authenticated: Authenticated) -> Self {
        if self.identifiers.len() < Self::MAX {
            self.identifiers.push(Identifier { method, domain, authenticated, aligned: None });
        }
        self
    }
}

impl From<spf::Verdict> for Authenticated {
    fn from(verdict: spf::Verdict) -> Self {
        match verdict {
            spf::Verdict::Pass => Self::Pass,
            spf::Verdict::TempError => Self::TempError,
            _ => Self::Fail,
        }
    }
}

/// Finds the policy of the author domain, and whether an aligned identifier passes.
///
/// At most eight questions for the author domain, and eight for each other domain of its organisation, by `by` of the resolver's clock. Cancel safe.
pub async fn check(resolver: &dyn Resolve, message: &Identifiers, by: Tick) -> Outcome {
    let mut identifiers = message.identifiers.clone();
    identifiers.sort_by_key(|one| one.method != Method::Spf);
    let mut checking = Checking {
        resolver,
        by,
        walker: Walker::new(resolver, by),
        outcome: Outcome {
            verdict: Verdict::None,
            disposition: Disposition::None,
            author: message.author.clone(),
            organizational_domain: None,
            applied: None,
            identifiers,
            error: None,
        },
    };
    if let Err(error) = checking.run().await {
        checking.outcome.error = Some(error);
        checking.outcome.verdict = Verdict::TempError;
    }
    checking.outcome
}

struct Checking<'a> {
    resolver: &'a dyn Resolve,
    by: Tick,
    walker: Walker<'a>,
    outcome: Outcome,
}

impl Checking<'_> {
    async fn run(&mut self) -> Result<(), DnsError> {
        let author = DnsName::from(&self.outcome.author);
        let Some(applied) = self.policy(&author).await? else { return Ok(()) };
        let record = applied.record.clone();
        let disposition = applied.disposition();
        self.outcome.applied = Some(applied);
        let verdict = self.align(&author, &record).await?;
        self.outcome.verdict = verdict;
        if verdict == Verdict::Fail {
            self.outcome.disposition = disposition;
        }
        Ok(())
    }

    /// §4.10.1: the record of the author domain, of its organisational domain, or of the public suffix above it.
    async fn policy(&mut self, author: &DnsName) -> Result<Option<Applied>, DnsError> {
        if let Some(record) = self.walker.record(author).await? {
            return Ok(Some(Applied { domain: author.clone(), tag: Tag::P, policy: record.policy, record }));
        }
        let walk = self.walker.walk(author).await?;
        let organization = walk.organizational_domain();
        self.outcome.organizational_domain = Some(organization.clone());
        let of_organization = walk.record(&organization).map(|record| (organization, record));
        let of_suffix = || {
            walk.found.iter().find(|(_, record)| record.psd == Psd::Yes).map(|(name, record)| (name.clone(), record))
        };
        let Some((domain, record)) = of_organization.or_else(of_suffix) else { return Ok(None) };
        let (tag, policy) = match self.exists(author).await {
            true => (Tag::Sp, record.for_subdomain()),
            false => (Tag::Np, record.for_non_existent()),
        };
        Ok(Some(Applied { domain, tag, policy, record: record.clone() }))
    }

    /// Only NXDOMAIN says that it does not (RFC 8020).
    async fn exists(&self, name: &DnsName) -> bool {
        let answer = self.resolver.resolve(name, RecordKind::A, self.by).await;
        !answer.is_ok_and(|answer| answer.presence() == Presence::NxDomain)
    }

    /// Equal domains first: they need no walk.
    async fn align(&mut self, author: &DnsName, record: &Arc<Record>) -> Result<Verdict, DnsError> {
        let mut identifiers = std::mem::take(&mut self.outcome.identifiers);
        for one in identifiers.iter_mut().filter(|one| one.domain == *author) {
            one.aligned = Some(true);
        }
        let passes = |one: &Identifier| one.authenticated == Authenticated::Pass && one.aligned == Some(true);
        let mut walked = Ok(());
        if !identifiers.iter().any(passes) {
            walked = self.align_relaxed(author, record, &mut identifiers).await;
        }
        let passed = identifiers.iter().any(passes);
        let unknown =
            identifiers.iter().any(|one| one.authenticated == Authenticated::TempError && one.aligned == Some(true));
        self.outcome.identifiers = identifiers;
        if passed {
            return Ok(Verdict::Pass);
        }
        walked?;
        Ok(if unknown { Verdict::TempError } else { Verdict::Fail })
    }

    /// §4.4: of the others, those of the same organisational domain. Failed ones make no difference.
    async fn align_relaxed(
        &mut self,
        author: &DnsName,
        record: &Record,
        identifiers: &mut [Identifier],
    ) -> Result<(), DnsError> {
        let mut failed = Ok(());
        for one in identifiers.iter_mut().filter(|one| one.aligned.is_none()) {
            if one.authenticated == Authenticated::Fail {
                continue;
            }
            let alignment = if one.method == Method::Spf { record.spf } else { record.dkim };
            // Names under different top-level domains have no organisation in common.
            if alignment == Alignment::Strict || one.domain.labels().last() != author.labels().last() {
                one.aligned = Some(false);
                continue;
            }
            match self.is_same_organization(author, &one.domain).await {
                Ok(same) => one.aligned = Some(same),
                Err(error) => failed = Err(error),
            }
        }
        failed
    }

    async fn is_same_organization(&mut self, author: &DnsName, other: &DnsName) -> Result<bool, DnsError> {
        let ours = self.walker.walk(author).await?.organizational_domain();
        self.outcome.organizational_domain = Some(ours.clone());
        // The organisation of a name is the name or one above it: of a stranger nothing is asked, so that his DNS cannot
        // make a failure a temporary error.
        if !other.is_within(&ours) {
            return Ok(false);
        }
        Ok(self.walker.walk(other).await?.organizational_domain() == ours)
    }
}
