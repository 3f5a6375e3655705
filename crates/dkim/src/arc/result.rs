//! What the check of an ARC chain found.

use std::fmt;

use posthaste_auth::results::Results;
use posthaste_types::{Domain, Timestamp};

use crate::algorithm::Algorithm;
use crate::check::DkimReason;

/// What became of the ARC chain of a message, with the reason.
///
/// A pass says that each sealer vouches for what it found, and that the message is as the last one left it. It says
/// nothing about whether they are honest: only the results of sealers that the receiver trusts may outweigh a DMARC
/// failure (RFC 8617 §7.2.1). [`trusted`](Self::trusted) gives those.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ArcResult {
    /// The chain validation status (RFC 8617 §4.4).
    pub status: ChainStatus,
    /// Why, if it failed.
    pub reason: Option<ArcReason>,
    /// The sets, oldest first. Empty if the fields do not make a chain.
    pub sets: Vec<ArcSet>,
    /// The highest instance that any ARC field names; 0 if there is none.
    pub highest: u8,
    /// The oldest instance from which on every message signature is valid, so that the message is unchanged since;
    /// 0 is said if the chain passes and that is so from its beginning (RFC 8617 §5.2). `None` if the chain does not
    /// pass or this was not evaluated.
    pub oldest_pass: Option<u8>,
}

impl ArcResult {
    pub(super) fn of(status: ChainStatus, reason: Option<ArcReason>) -> Self {
        Self { status, reason, sets: Vec::new(), highest: 0, oldest_pass: None }
    }

    /// Whether there is a chain and it is valid.
    pub fn is_pass(&self) -> bool {
        self.status == ChainStatus::Pass
    }

    /// Whether the same check may end otherwise later: the DNS did not answer. RFC 8617 §5.2.2 counts that as a failure
    /// of the chain; who can wait may put the message off.
    pub fn is_transient(&self) -> bool {
        matches!(&self.reason, Some(ArcReason::Fault { fault: DkimReason::Dns(_), .. }))
    }

    /// Whether another set may be added: not if the newest seal says that the chain has failed (RFC 8617 §5.1.2), or if
    /// the highest instance is reached.
    pub fn can_be_sealed(&self) -> bool {
        let closed = matches!(&self.reason, Some(ArcReason::SealedAsFailed { .. }));
        !closed && self.highest < MAX_INSTANCE
    }

    /// The sets whose results may be believed, newest first: those of the unbroken run of sealers, from the last one
    /// on, that are trusted. Nothing unless the chain passes.
    pub fn trusted<'a>(&'a self, is_trusted: impl Fn(&Domain) -> bool + 'a) -> impl Iterator<Item = &'a ArcSet> {
        let sets: &[ArcSet] = if self.is_pass() { &self.sets } else { &[] };
        sets.iter().rev().take_while(move |set| is_trusted(&set.seal.domain))
    }
}

/// `pass (i=2 d=lists.example.org, i=1 d=example.com)`, or `fail: ARC-Seal of instance 1: ...`.
impl fmt::Display for ArcResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.status.fmt(f)?;
        if let Some(reason) = &self.reason {
            write!(f, ": {reason}")?;
        }
        let mut open = " (";
        for set in self.sets.iter().rev() {
            write!(f, "{open}i={} d={}", set.instance, set.seal.domain)?;
            open = ", ";
        }
        f.write_str(if open == ", " { ")" } else { "" })
    }
}

/// The status of a chain: `cv=` in a seal, and the result of a check (RFC 8617 §4.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "RFC 8617 §4.4 names these three")]
pub enum ChainStatus {
    /// There was no chain.
    None,
    /// The chain is broken.
    Fail,
    /// The chain is valid.
    Pass,
}

impl ChainStatus {
    /// The word of the standard.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Fail => "fail",
            Self::Pass => "pass",
        }
    }
}

impl fmt::Display for ChainStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One set: what one handler of the message found, and its seal (RFC 8617 §4.2).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ArcSet {
    /// Which one, from 1 (`i=`).
    pub instance: u8,
    /// What the sealer found the chain before it to be (`cv=`).
    pub chain: ChainStatus,
    /// The results that the sealer found, if they can be read (RFC 8601).
    pub results: Option<Results>,
    /// The signature of the message as it left the sealer.
    pub signature: ArcSignature,
    /// The seal of all sets so far.
    pub seal: ArcSignature,
}

/// What a message signature or a seal says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ArcSignature {
    /// The domain (`d=`).
    pub domain: Domain,
    /// The selector (`s=`), lower case.
    pub selector: String,
    /// The algorithm (`a=`).
    pub algorithm: Algorithm,
    /// When it was made (`t=`), if said.
    pub signed_at: Option<Timestamp>,
    /// The names of the signed fields (`h=`), lower case; empty for a seal.
    pub headers: Vec<String>,
    /// The number of body octets that are signed (`l=`), if said.
    pub body_length: Option<u64>,
    /// The length of the key in bits, if it was asked for and found to be usable.
    pub key_bits: Option<usize>,
}

/// The fields of a set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "RFC 8617 §4.1 names these three")]
pub enum ArcField {
    /// ARC-Authentication-Results.
    Results,
    /// ARC-Message-Signature.
    Signature,
    /// ARC-Seal.
    Seal,
}

impl ArcField {
    /// The name of the field.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Results => crate::field::ARC_RESULTS,
            Self::Signature => crate::field::ARC_SIGNATURE,
            Self::Seal => crate::field::ARC_SEAL,
        }
    }
}

impl fmt::Display for ArcField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why a chain is broken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ArcReason {
    /// A seal's `cv=` does not fit its place: the first says `none`, all others `pass` (RFC 8617 §5.2).
    #[error("ARC-Seal of instance {instance}: cv={said} has no place there")]
    ChainStatus {
        /// The seal.
        instance: u8,
        /// What it says.
        said: ChainStatus,
    },
    /// A field cannot be read, or does not verify.
    #[error("{field} of instance {instance}: {fault}")]
    Fault {
        /// Which field.
        field: ArcField,
        /// Of which set; 0 if that cannot be read.
        instance: u8,
        /// What is wrong with it.
        fault: DkimReason,
    },
    /// The header is larger than the limits allow, or has more fields.
    #[error("the header is larger than the limits allow")]
    HeaderTooLarge,
    /// A field of a set is not there.
    #[error("{field} of instance {instance} is missing")]
    Missing {
        /// Which field.
        field: ArcField,
        /// Of which set.
        instance: u8,
    },
    /// The newest seal says that the chain before it had failed already.
    #[error("ARC-Seal of instance {instance} says that the chain had failed")]
    SealedAsFailed {
        /// The newest seal.
        instance: u8,
    },
    /// More sets than the limits allow.
    #[error("more than {limit} ARC sets")]
    TooManySets {
        /// The limit.
        limit: usize,
    },
    /// A field of a set stands twice.
    #[error("{field} of instance {instance} stands twice")]
    Twice {
        /// Which field.
        field: ArcField,
        /// Of which set.
        instance: u8,
    },
}

/// RFC 8617 §4.2.1.
pub(super) const MAX_INSTANCE: u8 = 50;
