//! How far a mail has come on a connection, and what the end of the session means then.

use std::time::Duration;

use posthaste_smtp::{ClientError, ClientErrorKind};
use posthaste_types::{Outcome, OutcomeKind, Stage, Tick};

/// How far a mail had come before its last answers.
pub(crate) struct Progress {
    pub(crate) answered: bool,
    pub(crate) out_of_time: bool,
    pub(crate) behind: Behind,
}

/// What stood in front of a mail's envelope.
pub(crate) enum Behind {
    Nothing,
    /// The content of another mail, which was answered then.
    Content {
        since: Tick,
    },
    /// The same, and the session had ended when the mail had its turn.
    LostMail,
}

impl Progress {
    /// Whether the session ended before it had an answer to MAIL: all that it told comes of its end. An answer to the
    /// mail may stand before the end in the same octets.
    pub(crate) fn is_before_mail(&self, error: &ClientError, told: &[(usize, Outcome)]) -> bool {
        let cause = error.cause();
        let of_the_end = |outcome: &Outcome| outcome.kind() == OutcomeKind::Deferred && *outcome.cause() == cause;
        // The end of the mail in front is not an answer to this one.
        let lost_in_front = matches!(self.behind, Behind::LostMail) && error.stage() == Stage::EndOfData;
        let before = !self.answered && (error.stage() <= Stage::Mail || lost_in_front);
        before && told.iter().all(|(_, outcome)| of_the_end(outcome))
    }

    /// Whether the peer dropped the envelope that came behind a content: it answered the content, and never the MAIL
    /// behind it. It may close the connection before our own patience ends, as idle.
    pub(crate) fn was_swallowed(&self, error: &ClientError, now: Tick) -> bool {
        let Behind::Content { since } = self.behind else { return false };
        let silent = error.kind() == ClientErrorKind::TimedOut || now.since(since) >= SWALLOWED;
        !self.answered && error.stage() == Stage::Mail && silent
    }
}

/// How long a peer that dropped an envelope is silent at least; others take longer for an answer seldom.
const SWALLOWED: Duration = Duration::from_secs(30);
