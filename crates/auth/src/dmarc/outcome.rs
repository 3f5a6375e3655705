//! What came out, in words.

use std::fmt;
use std::sync::Arc;

use posthaste_dns::DnsError;
use posthaste_types::{DnsName, Domain};

use super::check::Authenticated;
use super::record::Record;
use super::value::{Policy, Testing};

/// The result of a DMARC check, with its evidence. `Display` says it in a sentence.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Outcome {
    /// The result.
    pub verdict: Verdict,
    /// What the domain asks the receiver to do.
    pub disposition: Disposition,
    /// The domain of the From field.
    pub author: Domain,
    /// The author's organisational domain, where it was looked for.
    pub organizational_domain: Option<DnsName>,
    /// The policy that applies.
    pub applied: Option<Applied>,
    /// Each identifier that was given, in order, SPF first.
    pub identifiers: Vec<Identifier>,
    /// What the DNS did not answer, for [`Verdict::TempError`].
    pub error: Option<DnsError>,
}

/// The result words of RFC 9989 §4.9 and RFC 7489 §11.2.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "the registry of RFC 8601 has these five for dmarc; a match must see all")]
pub enum Verdict {
    /// There is no policy.
    None,
    /// An aligned identifier passes.
    Pass,
    /// None does.
    Fail,
    /// It could not be found out now.
    TempError,
    /// It cannot be found out.
    PermError,
}

/// What the domain asks the receiver to do with the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_enums, reason = "RFC 9989 §4.7 has these three")]
pub enum Disposition {
    /// Nothing.
    None,
    /// To treat it as suspicious.
    Quarantine,
    /// To refuse it.
    Reject,
}

/// A policy and where it came from.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Applied {
    /// Whose record it is.
    pub domain: DnsName,
    /// Which tag applies.
    pub tag: Tag,
    /// What it says, before `t=y` is counted in.
    pub policy: Policy,
    /// The record.
    pub record: Arc<Record>,
}

/// Which tag of a record applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "RFC 9989 §4.7 has these three")]
pub enum Tag {
    /// For the domain itself.
    P,
    /// For a subdomain.
    Sp,
    /// For a subdomain that does not exist.
    Np,
}

/// One identifier and what it is worth.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Identifier {
    /// By what it is authenticated.
    pub method: Method,
    /// Its domain.
    pub domain: DnsName,
    /// Whether the method passed.
    pub authenticated: Authenticated,
    /// Whether it is aligned with the author domain; `None` where nobody needed to know.
    pub aligned: Option<bool>,
}

/// By what an identifier is authenticated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "RFC 9989 §4.4 has these two")]
pub enum Method {
    /// A DKIM signature (RFC 6376).
    Dkim,
    /// SPF of MAIL FROM (RFC 7208).
    Spf,
}

impl Applied {
    /// §4.7, `t`: a policy on trial is applied one level lower.
    pub(super) fn disposition(&self) -> Disposition {
        match (self.policy, self.record.testing) {
            (Policy::Reject, Testing::Off) => Disposition::Reject,
            (Policy::Reject, Testing::On) | (Policy::Quarantine, Testing::Off) => Disposition::Quarantine,
            (Policy::Quarantine, Testing::On) | (Policy::None, _) => Disposition::None,
        }
    }
}

impl Verdict {
    /// The word of Authentication-Results: `temperror`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::TempError => "temperror",
            Self::PermError => "permerror",
        }
    }
}

impl Tag {
    /// The tag's name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::P => "p",
            Self::Sp => "sp",
            Self::Np => "np",
        }
    }
}

impl Disposition {
    /// The word of reports: `quarantine`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Quarantine => "quarantine",
            Self::Reject => "reject",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Identifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let method = match self.method {
            Method::Dkim => "DKIM",
            Method::Spf => "SPF",
        };
        let how = match (self.authenticated, self.aligned) {
            (Authenticated::Pass, Some(true)) => "passes and is aligned",
            (Authenticated::Pass, Some(false)) => "passes but is not aligned",
            (Authenticated::Pass, None) => "passes",
            (Authenticated::Fail, _) => "fails",
            (Authenticated::TempError, _) => "could not be checked",
        };
        write!(f, "{method} of {} {how}", self.domain)
    }
}

impl fmt::Display for Applied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={} of {} asks to ", self.tag.as_str(), self.policy, self.domain)?;
        f.write_str(match self.disposition() {
            Disposition::None => "do nothing",
            Disposition::Quarantine => "quarantine",
            Disposition::Reject => "reject",
        })?;
        if self.record.testing == Testing::On && self.policy != Policy::None {
            f.write_str(", one level lower while it is tested (t=y)")?;
        }
        Ok(())
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.verdict)?;
        let aligned = |one: &&Identifier| one.authenticated == Authenticated::Pass && one.aligned == Some(true);
        match self.verdict {
            Verdict::None => write!(f, "no DMARC record speaks for {}", self.author),
            Verdict::Pass => match self.identifiers.iter().find(aligned) {
                Some(one) => write!(f, "{one} with {}", self.author),
                None => write!(f, "{}", self.author),
            },
            Verdict::Fail => {
                write!(f, "no identifier of {} passes", self.author)?;
                for (index, one) in self.identifiers.iter().enumerate() {
                    write!(f, "{}{one}", if index == 0 { ": " } else { ", " })?;
                }
                self.applied.iter().try_for_each(|applied| write!(f, "; {applied}"))
            }
            Verdict::TempError | Verdict::PermError => match &self.error {
                Some(error) => error.fmt(f),
                None => write!(f, "an identifier of {} could not be checked", self.author),
            },
        }
    }
}
