//! A policy that was fetched, as it is kept.

use std::fmt;
use std::str::FromStr;

use posthaste_types::{Domain, ParseError, Timestamp};

use super::{Policy, Record};
use crate::tags::syntax;

/// A policy with the domain that it is of and when it was fetched: what a sender keeps until the policy's `max_age` is
/// over (§3.2, §5.1), over a restart too.
///
/// Its text is one line, and [`FromStr`] reads it:
///
/// ```
/// use posthaste_auth::mta_sts::KeptPolicy;
///
/// let line = "example.com 20260901T000000 2026-11-24T09:00:00Z version: STSv1; mode: enforce; mx: mx.example.com; max_age: 86400";
/// let kept: KeptPolicy = line.parse()?;
/// assert_eq!(kept.expires().to_string(), "2026-11-25T09:00:00Z");
/// assert_eq!(kept.to_string(), line);
/// # Ok::<(), posthaste_types::ParseError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct KeptPolicy {
    /// Whose it is.
    pub domain: Domain,
    /// The record that announced it.
    pub record: Record,
    /// The policy.
    pub policy: Policy,
    /// When it was fetched last.
    pub fetched: Timestamp,
}

impl KeptPolicy {
    /// A policy that was fetched then.
    pub fn new(domain: Domain, record: Record, policy: Policy, fetched: Timestamp) -> Self {
        Self { domain, record, policy, fetched }
    }

    /// When its time is over.
    pub fn expires(&self) -> Timestamp {
        self.fetched.saturating_add(self.policy.max_age())
    }
}

impl fmt::Display for KeptPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { domain, record, policy, fetched } = self;
        write!(f, "{domain} {} {} {}", record.id(), fetched.to_whole_seconds(), policy.lines().join("; "))
    }
}

impl FromStr for KeptPolicy {
    type Err = ParseError;

    fn from_str(line: &str) -> Result<Self, ParseError> {
        let mut at = 0;
        let mut word = || {
            let rest = line.get(at..).unwrap_or_default();
            let (word, _) = rest.split_once(' ').ok_or_else(|| syntax(KEPT, "four words stand in it", at))?;
            let start = at;
            at += word.len() + 1;
            Ok::<_, ParseError>((word, start))
        };
        let ((domain, _), (id, id_at), (fetched, fetched_at)) = (word()?, word()?, word()?);
        let domain = Domain::parse(domain)?;
        let record = Record::parse(format!("v=STSv1; id={id}").as_bytes());
        let record = record.map_err(|_| syntax(KEPT, "an `id` that is none", id_at))?;
        let fetched: Timestamp = fetched.parse().map_err(|error: ParseError| error.within(fetched_at))?;
        let policy = line.get(at..).unwrap_or_default().replace("; ", "\n");
        let policy = Policy::parse(policy.as_bytes()).map_err(|error| error.within(at))?;
        Ok(Self { domain, record, policy, fetched })
    }
}

const KEPT: &str = "kept MTA-STS policy";
