//! What one attempt came to for one recipient, and because of what.

use std::fmt;
use std::time::Duration;

use crate::cause::{Cause, Stage};
use crate::reply::Reply;

/// What one attempt came to for one recipient.
///
/// A 4xx or 5xx is an outcome, never an error. Four kinds and no more: taken, not now, no, and nobody
/// knows ([`OutcomeKind`]).
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Outcome {
    kind: OutcomeKind,
    cause: Cause,
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    retry_after: Option<Duration>,
}

/// The four kinds of [`Outcome`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
#[expect(clippy::exhaustive_enums, reason = "a fifth kind would change what every caller must decide")]
pub enum OutcomeKind {
    /// The next hop took responsibility for this recipient.
    Accepted,
    /// Not now; a later attempt may succeed. Nothing was taken for this recipient.
    Deferred,
    /// No, and repeating the same will not help.
    Refused,
    /// The message may have been taken and the answer was lost: repeating may duplicate.
    InDoubt,
}

impl Outcome {
    /// The next hop took responsibility.
    pub fn accepted(cause: Cause) -> Self {
        Self { kind: OutcomeKind::Accepted, cause, retry_after: None }
    }

    /// Not now.
    pub fn deferred(cause: Cause) -> Self {
        Self { kind: OutcomeKind::Deferred, cause, retry_after: None }
    }

    /// No.
    pub fn refused(cause: Cause) -> Self {
        Self { kind: OutcomeKind::Refused, cause, retry_after: None }
    }

    /// Possibly taken; the answer is unknown.
    pub fn in_doubt(cause: Cause) -> Self {
        Self { kind: OutcomeKind::InDoubt, cause, retry_after: None }
    }

    /// Judges an SMTP reply by its first digit (RFC 5321 §4.2.1): 2 accepted, 5 refused, else deferred.
    ///
    /// Exceptions that need more than the digit (552 for too many recipients) are the caller's.
    pub fn from_reply(reply: Reply, stage: Stage) -> Self {
        let kind = match reply.code() / 100 {
            2 => OutcomeKind::Accepted,
            5 => OutcomeKind::Refused,
            _ => OutcomeKind::Deferred,
        };
        Self { kind, cause: Cause::Smtp { reply, stage }, retry_after: None }
    }

    /// How long the peer asked to wait, as HTTP's Retry-After does.
    #[must_use]
    pub fn retry_after(mut self, wait: Option<Duration>) -> Self {
        self.retry_after = wait;
        self
    }

    /// The kind.
    pub fn kind(&self) -> OutcomeKind {
        self.kind
    }

    /// What decided.
    pub fn cause(&self) -> &Cause {
        &self.cause
    }

    /// The wait that the peer asked for.
    pub fn wait(&self) -> Option<Duration> {
        self.retry_after
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            OutcomeKind::Accepted => "accepted",
            OutcomeKind::Deferred => "deferred",
            OutcomeKind::Refused => "refused",
            OutcomeKind::InDoubt => "in doubt",
        };
        write!(f, "{kind} ({})", self.cause)
    }
}
