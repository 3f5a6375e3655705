//! What is wrong with a record.

use std::fmt;

use posthaste_types::{Address, ParseError, Text};

/// One thing that a lint found. `Display` says it in words.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// Whose record it is, or what name it is about.
    pub about: Text,
    /// What it is.
    pub problem: Problem,
}

/// How bad a [`Finding`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_enums, reason = "in order: a note, a warning, an error, and what is not known")]
pub enum Severity {
    /// Worth knowing.
    Note,
    /// It works, and may not much longer or not everywhere.
    Warning,
    /// The DNS did not answer: nothing is known, so nothing is fine.
    Unknown,
    /// Receivers cannot use the record, or it does harm.
    Error,
}

/// What a lint found.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Problem {
    /// The DNS did not answer.
    Dns,
    /// No record.
    Missing,
    /// More than one record: receivers use none.
    Several,
    /// It cannot be read.
    Syntax(ParseError),
    /// Something in it was overlooked.
    Defect(ParseError),
    /// More octets than are safe in one answer over UDP (RFC 7208 §3.4).
    Long {
        /// How many there are.
        octets: usize,
    },
    /// More than one string is needed (RFC 1035 §3.3).
    Split {
        /// How many octets there are.
        octets: usize,
    },
    /// More terms that ask the DNS than receivers follow (RFC 7208 §4.6.4).
    Lookups {
        /// How many, the records of others counted in.
        count: u32,
        /// How many are allowed.
        limit: u32,
    },
    /// Questions that find nothing (RFC 7208 §4.6.4).
    VoidLookups {
        /// How many.
        count: u32,
        /// How many are allowed.
        limit: u32,
    },
    /// The record that an `include` or `redirect` needs is missing.
    Dangling,
    /// A record leads back to itself.
    Loop,
    /// `+all`: everybody may send.
    PassAll,
    /// Neither `all` nor `redirect`: nothing is said of others.
    NoAll,
    /// `?all`: nothing is said of others.
    NeutralAll,
    /// Terms behind `all`, or a `redirect` beside it, which nobody reads.
    Unreachable,
    /// `ptr`, which is slow and not to be used (RFC 7208 §5.5).
    Ptr,
    /// A mail exchanger set of more than ten hosts in an `mx` (RFC 7208 §4.6.4).
    MxNames,
    /// A network so wide that strangers send from it.
    WideNetwork,
    /// A modifier that RFC 7208 does not know, which receivers pass over: often a misspelt mechanism.
    UnknownModifier,
    /// `p=none`: failing mail is not stopped.
    PolicyNone,
    /// `p=none`, and that for longer than it takes to learn who sends.
    PolicyNoneFor {
        /// For how many days at least.
        days: u64,
    },
    /// Subdomains are less protected than the domain.
    WeakerSubdomain,
    /// `t=y`: the policy is one level lower than it reads.
    Testing,
    /// No aggregate reports are asked for.
    NoReports,
    /// The domain of a report address takes no mail.
    NoMail(Address),
    /// The domain of a report address does not consent to reports about this one (RFC 9990 §4).
    NoConsent(Address),
    /// The domain of a report address consents, and has the reports sent elsewhere (RFC 9990 §4, RFC 7489 §7.1).
    Redirected {
        /// Where they were to go.
        from: Address,
        /// Where they go.
        to: Address,
    },
    /// The domain of a report address would have the reports sent to another domain, which receivers do not do (RFC 9990
    /// §4, RFC 7489 §7.1): they go nowhere, or where they were to go.
    ForeignRedirect {
        /// Where they were to go.
        from: Address,
        /// Where they should not go.
        to: Address,
    },
    /// Logos are shown only of domains whose policy is enforced (BIMI): `p=quarantine` or `p=reject`, and not in a test.
    NotEnforced,
    /// Without a certificate (`a=`) most mailboxes show no logo.
    NoCertificate,
    /// A record that declines to show a logo.
    Declined,
    /// A key that is taken back (`p=`).
    Revoked,
    /// A key shorter than receivers take or than is advised.
    ShortKey {
        /// Its length in bits.
        bits: usize,
    },
    /// An algorithm that is not known or no longer allowed.
    Algorithm,
}

impl Finding {
    pub(super) fn new(severity: Severity, about: impl fmt::Display, problem: Problem) -> Self {
        Self { severity, about: Text::lossy(about), problem }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Unknown => "unknown",
            Self::Error => "error",
        })
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: {}", self.severity, self.about, self.problem)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Syntax(error) => write!(f, "the record cannot be read: {error}"),
            Self::Defect(error) => write!(f, "a part of the record is not used: {error}"),
            Self::Long { octets } => write!(f, "{octets} octets are too long for one answer over UDP (450)"),
            Self::Split { octets } => write!(f, "{octets} octets need strings of at most 255 each"),
            Self::Lookups { count, limit } => write!(f, "{count} DNS lookups, of which receivers make {limit}"),
            Self::VoidLookups { count, limit } => {
                write!(f, "{count} DNS lookups find nothing, of which receivers bear {limit}")
            }
            Self::NoMail(address) => write!(f, "{} takes no mail, so no reports come", address.domain()),
            Self::NoConsent(address) => {
                write!(f, "{} does not say that it wants these reports, so none come", address.domain())
            }
            Self::PolicyNoneFor { days } => {
                write!(f, "`p=none` for {days} days: by now it is known who sends, so ask for more")
            }
            Self::Redirected { from, to } => write!(f, "reports for {from} go to {to}, as its domain wants"),
            Self::ForeignRedirect { from, to } => {
                write!(
                    f,
                    "{} would have reports go to {to}, of another domain, where receivers send none",
                    from.domain()
                )
            }
            Self::ShortKey { bits } => write!(f, "a key of {bits} bits; 2048 are advised, below 1024 it is not used"),
            other => f.write_str(other.plain()),
        }
    }
}

impl Problem {
    fn plain(&self) -> &'static str {
        match self {
            Self::Dns => "the DNS did not answer",
            Self::Missing => "there is no record",
            Self::Several => "there is more than one record, so receivers use none",
            Self::Dangling => "there is no record, and another record needs it",
            Self::Loop => "the record leads back to itself",
            Self::PassAll => "`+all` lets everybody send as this domain",
            Self::NoAll => "without `all` nothing is said of other senders",
            Self::NeutralAll => "`?all` says nothing of other senders",
            Self::Unreachable => "nobody reads what stands behind `all`, nor a `redirect` beside it",
            Self::Ptr => "`ptr` is slow and unreliable, and not to be used",
            Self::MxNames => "an `mx` leads to more than ten mail hosts",
            Self::WideNetwork => "a network is so wide that strangers send from it",
            Self::UnknownModifier => "a modifier is unknown and passed over: is it a misspelt mechanism?",
            Self::NotEnforced => "no logo is shown unless DMARC asks for quarantine or reject",
            Self::NoCertificate => "without a certificate (`a=`) most mailboxes show no logo",
            Self::Declined => "the record declines to show a logo",
            Self::PolicyNone => "`p=none` does not stop mail that fails",
            Self::WeakerSubdomain => "subdomains are less protected than the domain",
            Self::Testing => "`t=y` makes the policy one level lower than it reads",
            Self::NoReports => "without `rua` no reports tell who sends as this domain",
            Self::Revoked => "the key is taken back: the selector signs nothing any more",
            _ => "an algorithm that receivers do not take",
        }
    }
}
