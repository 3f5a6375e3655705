//! What a check found.

use std::fmt;

use posthaste_auth::dmarc::Authenticated;
use posthaste_dns::DnsErrorKind;
use posthaste_types::{DnsName, Domain, Timestamp};

use super::note::DkimNote;
use crate::algorithm::{Algorithm, Canonicalization};

/// What became of one signature, with the reason.
///
/// A pass says that `domain` signed what stands in `h=`, and nothing about who that is; DMARC adds that.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DkimResult {
    /// The outcome, in the words of RFC 8601 §2.7.1.
    pub outcome: DkimOutcome,
    /// Why, unless it passed.
    pub reason: Option<DkimReason>,
    /// The signing domain (`d=`), if it could be read.
    pub domain: Option<Domain>,
    /// The selector (`s=`), if it could be read. Lower case.
    pub selector: Option<String>,
    /// The agent or user for whom it was signed (`i=`), if said. Lower case.
    pub identity: Option<String>,
    /// The algorithm (`a=`), if it is one of ours.
    pub algorithm: Option<Algorithm>,
    /// How header and body were brought into canonical form (`c=`), once the signature could be read.
    pub canonicalization: Option<(Canonicalization, Canonicalization)>,
    /// When it was signed (`t=`), if said.
    pub signed_at: Option<Timestamp>,
    /// When it expires (`x=`), if said.
    pub expires: Option<Timestamp>,
    /// The names of the signed fields (`h=`), in their order, lower case.
    pub headers: Vec<String>,
    /// The names that stand more often in `h=` than in the header: nobody can add such a field (RFC 6376 §8.15).
    pub oversigned: Vec<String>,
    /// The number of body octets that are signed (`l=`), if said: what stands behind them is anybody's.
    pub body_length: Option<u64>,
    /// The length of the key in bits, once it was found to be usable.
    pub key_bits: Option<usize>,
    /// The first eight characters of the signature (`b=`), which tell signatures apart (RFC 6008).
    pub signature_start: Option<String>,
    /// The key's owner is still testing (`t=y`, RFC 6376 §3.6.1): treat it as unsigned.
    pub testing: bool,
    /// What else is worth saying.
    pub notes: Vec<DkimNote>,
}

impl DkimResult {
    pub(super) fn of(outcome: DkimOutcome, reason: Option<DkimReason>) -> Self {
        Self {
            outcome,
            reason,
            domain: None,
            selector: None,
            identity: None,
            algorithm: None,
            canonicalization: None,
            signed_at: None,
            expires: None,
            headers: Vec::new(),
            oversigned: Vec::new(),
            body_length: None,
            key_bits: None,
            signature_start: None,
            testing: false,
            notes: Vec::new(),
        }
    }

    /// Whether the signature is valid.
    pub fn is_pass(&self) -> bool {
        self.outcome == DkimOutcome::Pass
    }

    /// What DMARC makes of it (RFC 9989 §4.4.1): the signing domain, and whether it is authenticated. `None` where no domain
    /// could be read, and for a key that is being tested, as that counts as unsigned (RFC 6376 §3.6.1).
    ///
    /// ```
    /// use posthaste_auth::dmarc::Identifiers;
    /// use posthaste_dkim::DkimResult;
    ///
    /// fn identified(message: Identifiers, results: &[DkimResult]) -> Identifiers {
    ///     let identifiers = results.iter().filter_map(DkimResult::identifier);
    ///     identifiers.fold(message, |message, (domain, authenticated)| message.dkim(domain, authenticated))
    /// }
    /// ```
    pub fn identifier(&self) -> Option<(DnsName, Authenticated)> {
        let authenticated = match self.outcome {
            DkimOutcome::None => return None,
            _ if self.testing => return None,
            DkimOutcome::Pass => Authenticated::Pass,
            DkimOutcome::TempError => Authenticated::TempError,
            DkimOutcome::Fail | DkimOutcome::Policy | DkimOutcome::PermError => Authenticated::Fail,
        };
        Some((DnsName::from(self.domain.as_ref()?), authenticated))
    }

    /// Whether the same check may end otherwise later: the DNS did not answer.
    pub fn is_transient(&self) -> bool {
        self.outcome == DkimOutcome::TempError
    }
}

/// `pass (d=news.example.com s=s1 a=rsa-sha256)`, or `fail: the body was changed (d=...)`.
impl fmt::Display for DkimResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.outcome.fmt(f)?;
        if let Some(reason) = &self.reason {
            write!(f, ": {reason}")?;
        }
        let mut open = " (";
        let parts: [(&str, Option<&dyn fmt::Display>); 4] = [
            ("d", self.domain.as_ref().map(|domain| domain as _)),
            ("s", self.selector.as_ref().map(|selector| selector as _)),
            ("a", self.algorithm.as_ref().map(|algorithm| algorithm as _)),
            ("l", self.body_length.as_ref().map(|length| length as _)),
        ];
        for (tag, value) in parts {
            if let Some(value) = value {
                write!(f, "{open}{tag}={value}")?;
                open = " ";
            }
        }
        f.write_str(if open == " " { ")" } else { "" })
    }
}

/// The result words of RFC 8601 §2.7.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DkimOutcome {
    /// The message is not signed.
    None,
    /// Signed, and the signature is valid.
    Pass,
    /// Signed, and the signature is not valid.
    Fail,
    /// Signed, but not in a way that this verifier accepts.
    Policy,
    /// The signature or its key is unusable, and stays so.
    PermError,
    /// Not known now; later it may be.
    TempError,
}

impl DkimOutcome {
    /// The word of RFC 8601.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Policy => "policy",
            Self::PermError => "permerror",
            Self::TempError => "temperror",
        }
    }
}

impl fmt::Display for DkimOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why a signature did not pass.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DkimReason {
    /// The body is not the one that was signed.
    #[error("the body was changed")]
    BodyChanged,
    /// The body is shorter than `l=` says.
    #[error("the body is shorter than l= says")]
    BodyTooShort,
    /// The key's record could not be asked for.
    #[error("the key is not known: {0}")]
    Dns(DnsErrorKind),
    /// A tag stands twice (RFC 6376 §3.2).
    #[error("a tag stands twice")]
    DuplicateTag,
    /// The moment in `x=` has passed.
    #[error("the signature has expired")]
    Expired,
    /// From is not in `h=` (RFC 6376 §5.4), or not for each time it is present (§8.15).
    #[error("the From field is not signed")]
    FromNotSigned,
    /// The header is larger than the limits allow, or has more fields.
    #[error("the header is larger than the limits allow")]
    HeaderTooLarge,
    /// The header, or the signature itself, is not what was signed; or the key is another.
    #[error("the signature does not fit the header and the key")]
    HeaderChanged,
    /// `i=` is outside of `d=`, or below it where the key forbids that (`t=s`).
    #[error("the identity is outside the signing domain")]
    IdentityOutside,
    /// The key is for another algorithm or hash than the signature's.
    #[error("the key is for another algorithm")]
    KeyMismatch,
    /// There is no key record.
    #[error("there is no such key")]
    KeyMissing,
    /// The key's owner has revoked it: `p=` is empty.
    #[error("the key was revoked")]
    KeyRevoked,
    /// The record is not one of DKIM, or damaged.
    #[error("the key's record cannot be read")]
    KeySyntax,
    /// An RSA key of fewer than 1024 bits (RFC 8301 §3.2).
    #[error("the key has only {bits} bits")]
    KeyTooShort {
        /// The length of its modulus.
        bits: usize,
    },
    /// A tag that must be there is not.
    #[error("the tag {0}= is missing")]
    MissingTag(&'static str),
    /// The key is not for mail (`s=`).
    #[error("the key is not for mail")]
    NotForEmail,
    /// `rsa-sha1` (RFC 8301 §3.1).
    #[error("SHA-1 is not accepted (RFC 8301)")]
    Sha1,
    /// The tag's value, or the list of tags, does not follow the grammar.
    #[error("the tag {0}= cannot be read")]
    Syntax(&'static str),
    /// More signatures than are evaluated.
    #[error("{ignored} more signatures were not evaluated")]
    TooManySignatures {
        /// How many were not evaluated.
        ignored: usize,
    },
    /// A version, an algorithm or a canonicalization that is not known.
    #[error("the value of {0}= is not supported")]
    Unsupported(&'static str),
}
