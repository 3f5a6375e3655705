//! A mail that is under way, and what its dialogue has come to.

use std::fmt::Write as _;

use posthaste_types::{Cause, Outcome};

use super::event::TransactionId;
use super::transaction::Transaction;
use crate::capabilities::Capabilities;
use crate::parameters;
use crate::stuffing::BodyWriter;

/// A mail under way. It goes in rounds, each a MAIL transaction of its own: one, unless it has more
/// recipients than a transaction may.
#[derive(Debug)]
pub(super) struct Running {
    pub(super) id: TransactionId,
    pub(super) transaction: Transaction,
    pub(super) outcomes: Vec<Option<Outcome>>,
    /// The recipients of this round, by index.
    pub(super) round: Vec<usize>,
    /// Those of the round whom the peer took.
    pub(super) accepted: Vec<usize>,
    /// Those whom it would take in another transaction (RFC 5321 §4.5.3.1.10).
    pub(super) postponed: Vec<usize>,
    /// Those behind this index have not been tried.
    untried: usize,
    /// How many commands of the round have been written: MAIL, each RCPT, DATA.
    written: usize,
    pub(super) mail: MailState,
    pub(super) body: Body,
}

/// What MAIL came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MailState {
    Unanswered,
    Accepted,
    Refused,
}

/// How far the content is.
#[derive(Debug)]
pub(super) enum Body {
    /// 354 has not been read.
    NotYet,
    /// Being handed out.
    Writing(BodyWriter),
    /// All is handed out but the final dot, which waits for the caller's word.
    Due,
    /// The final dot ends at this offset of all octets that the session hands out.
    Complete { end: u64 },
    /// DATA is answered for good.
    Done,
}

/// A command of a round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Mail,
    Rcpt(usize),
    Data,
}

impl Running {
    pub(super) fn new(id: TransactionId, transaction: Transaction) -> Self {
        let count = transaction.envelope().to().len();
        Self {
            id,
            transaction,
            outcomes: vec![None; count],
            round: Vec::new(),
            accepted: Vec::new(),
            postponed: Vec::new(),
            untried: 0,
            written: 0,
            mail: MailState::Unanswered,
            body: Body::NotYet,
        }
    }

    /// Begins the next round; `false` if no recipient is left for one.
    pub(super) fn begin_round(&mut self, max_recipients: usize) -> bool {
        let max = max_recipients.max(1);
        self.round.clear();
        let again = self.postponed.len().min(max);
        self.round.extend(self.postponed.drain(..again));
        let until = self.untried.saturating_add(max - again).min(self.outcomes.len());
        self.round.extend(self.untried..until);
        self.untried = until;
        self.accepted.clear();
        self.written = 0;
        self.mail = MailState::Unanswered;
        self.body = Body::NotYet;
        !self.round.is_empty()
    }

    /// Whether another round will follow this one.
    pub(super) fn has_more(&self) -> bool {
        !self.postponed.is_empty() || self.untried < self.outcomes.len()
    }

    /// Forgets whom no further round shall try: all are settled.
    pub(super) fn give_up_rest(&mut self) {
        self.postponed.clear();
        self.untried = self.outcomes.len();
    }

    /// The next command of the round. Nothing behind a refused MAIL, and no DATA without a recipient, as
    /// far as that is known when it is written.
    pub(super) fn next_step(&self) -> Option<Step> {
        match self.written {
            0 => Some(Step::Mail),
            _ if self.mail == MailState::Refused => None,
            n if n <= self.round.len() => self.round.get(n - 1).copied().map(Step::Rcpt),
            n if n == self.round.len() + 1 => Some(Step::Data),
            _ => None,
        }
    }

    /// Writes a command of [`next_step`](Self::next_step).
    pub(super) fn write(&mut self, step: Step, peer: &Capabilities, out: &mut Vec<u8>) {
        self.written += 1;
        let mut line = String::new();
        match step {
            Step::Mail => {
                let _ = write!(line, "MAIL FROM:{}", self.transaction.envelope().from());
                self.transaction.parameters(peer).compose(&mut line);
            }
            Step::Rcpt(index) => {
                let Some(recipient) = self.transaction.envelope().to().get(index) else { return };
                let _ = write!(line, "RCPT TO:<{}>", recipient.address);
                if peer.offers("DSN") {
                    parameters::compose_rcpt(recipient, &mut line);
                }
            }
            Step::Data => line.push_str("DATA"),
        }
        out.extend_from_slice(line.as_bytes());
        out.extend_from_slice(b"\r\n");
    }

    /// One outcome for each recipient.
    pub(super) fn into_outcomes(self) -> Vec<Outcome> {
        let unsettled = || Outcome::deferred(Cause::local("no answer"));
        self.outcomes.into_iter().map(|outcome| outcome.unwrap_or_else(unsettled)).collect()
    }
}
