//! What came out.

use std::fmt;

use posthaste_dns::DnsError;
use posthaste_types::{DnsName, ParseError, Text};

use super::trace::TraceStep;

/// The result of an SPF check, with its evidence.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Outcome {
    /// The result.
    pub verdict: Verdict,
    /// Why.
    pub reason: Reason,
    /// What the domain says to those whom it refuses (RFC 7208 §6.2): printable ASCII, written by strangers, so to be
    /// quoted as theirs. Only with [`Verdict::Fail`].
    pub explanation: Option<Text>,
    /// How many terms asked the DNS (§4.6.4).
    pub lookups: u32,
    /// How many of their questions found nothing (§4.6.4).
    pub void_lookups: u32,
    /// What was done, in order; empty if tracing is off.
    pub trace: Vec<TraceStep>,
    /// How many steps are left out because there were more than [`Outcome::MAX_STEPS`].
    pub steps_left_out: usize,
}

impl Outcome {
    /// The most steps of a trace.
    pub const MAX_STEPS: usize = 1000;
}

impl fmt::Display for Outcome {
    /// One line: the result and why.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.verdict, self.reason)
    }
}

/// The results of RFC 7208 §2.6.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "RFC 7208 §2.6 has these seven; a match must see all")]
pub enum Verdict {
    /// No domain could be checked, or it has no record.
    None,
    /// The domain does not say.
    Neutral,
    /// The client may send for the domain.
    Pass,
    /// The client may not.
    Fail,
    /// The client probably may not.
    SoftFail,
    /// It could not be found out now.
    TempError,
    /// The domain's records cannot be read.
    PermError,
}

impl Verdict {
    /// The word of Received-SPF and Authentication-Results: `softfail`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Neutral => "neutral",
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::SoftFail => "softfail",
            Self::TempError => "temperror",
            Self::PermError => "permerror",
        }
    }

    /// Whether the same question may have another answer soon.
    pub const fn is_transient(self) -> bool {
        matches!(self, Self::TempError)
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why a check ended as it did.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Reason {
    /// No mechanism matched, and there is no `redirect` (RFC 7208 §4.7).
    Default {
        /// Whose record it is.
        domain: DnsName,
    },
    /// The DNS did not answer.
    Dns(DnsError),
    /// The record of an `include` or `redirect` is missing (§5.2, §6.1).
    Dangling {
        /// The name without a record, or the term that makes no name.
        domain: Text,
    },
    /// A limit was reached (§4.6.4).
    Limit(Limit),
    /// A mechanism matched.
    Matched {
        /// Whose record it is.
        domain: DnsName,
        /// The directive, as it reads.
        directive: Text,
    },
    /// The domain has no record.
    NoRecord {
        /// The domain.
        domain: DnsName,
    },
    /// What was given is no domain (§4.3).
    NotADomain,
    /// A record cannot be read (§4.6).
    Syntax {
        /// Whose record it is.
        domain: DnsName,
        /// What is wrong, and where.
        error: ParseError,
    },
    /// The domain has more than one record (§4.5).
    TwoRecords {
        /// The domain.
        domain: DnsName,
    },
}

/// The limits of RFC 7208 §4.6.4, and the one of this implementation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Limit {
    /// Records within records.
    Depth,
    /// Terms that ask the DNS.
    Lookups,
    /// Mail hosts of one `mx`.
    MxNames,
    /// The time.
    Time,
    /// Questions that find nothing.
    VoidLookups,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default { domain } => write!(f, "nothing in the record of {domain} matches"),
            Self::Dns(error) => error.fmt(f),
            Self::Dangling { domain } => write!(f, "{domain} has no SPF record, and another record needs it"),
            Self::Limit(limit) => limit.fmt(f),
            Self::Matched { domain, directive } => write!(f, "`{directive}` in the record of {domain} matches"),
            Self::NoRecord { domain } => write!(f, "{domain} has no SPF record"),
            Self::NotADomain => f.write_str("there is no domain to check"),
            Self::Syntax { domain, error } => write!(f, "the record of {domain} cannot be read: {error}"),
            Self::TwoRecords { domain } => write!(f, "{domain} has more than one SPF record"),
        }
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Depth => "records within records are nested too deep",
            Self::Lookups => "the record needs too many DNS lookups",
            Self::MxNames => "an `mx` has too many mail hosts",
            Self::Time => "the time ran out",
            Self::VoidLookups => "too many DNS lookups found nothing",
        })
    }
}
