//! A mail that is under way, and what its dialogue has come to.

use std::fmt::Write as _;

use posthaste_types::{Cause, Outcome, Reply};

use super::event::TransactionId;
use super::state::Reset;
use super::transaction::Transaction;
use crate::capabilities::Capabilities;
use crate::chunking::ChunkWriter;
use crate::parameters;
use crate::stuffing::{BodyWriter, Run};

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
    /// How many commands of the round have been written: MAIL, each RCPT, DATA or BDAT.
    written: usize,
    pub(super) mail: MailState,
    /// Whether its envelope goes behind the content of another mail.
    pub(super) front: Front,
    /// Where a round behind the first one begins.
    pub(super) further: Further,
    /// How the content of this round goes.
    pub(super) way: Way,
    pub(super) body: Body,
}

/// The command for content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// BDAT, completed without waiting.
    Ahead,
    /// BDAT, completed when the recipients are answered.
    Chunk,
    Data,
}

/// Whether a round is the first one of its mail, and where it begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Further {
    No,
    Unwritten,
    /// Its first command begins at this offset of all octets that the session hands out; and whether RSET was due.
    Begins {
        at: u64,
        reset: Reset,
    },
}

/// What is in front of a mail's first command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Front {
    /// The content of another mail, whose answer is due.
    Content,
    Free,
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
    /// DATA has no 354, or BDAT was not written.
    NotYet,
    /// Being handed out.
    Writing(Writer),
    /// All is handed out but the final dot, or the last octet of the chunk, which waits for the caller's word.
    Due,
    /// What completes the message ends at this offset of all octets that the session hands out.
    Complete { end: u64 },
    /// The content is answered for good.
    Done,
}

/// What writes content.
#[derive(Debug)]
pub(super) enum Writer {
    Chunk(ChunkWriter),
    Stuffed(BodyWriter),
}

impl Writer {
    pub(super) fn fill(&mut self, out: &mut Vec<u8>, room: usize) -> usize {
        match self {
            Self::Chunk(writer) => writer.fill(out, room),
            Self::Stuffed(writer) => writer.fill(out, room),
        }
    }

    /// A run of content that goes as it is, if it is long enough. A dot in front of it goes to `out`.
    pub(super) fn run(&mut self, out: &mut Vec<u8>, least: usize, most: usize) -> Option<Run> {
        match self {
            Self::Chunk(writer) => writer.run(least, most),
            Self::Stuffed(writer) => writer.run(out, least, most),
        }
    }

    pub(super) fn is_done(&self) -> bool {
        match self {
            Self::Chunk(writer) => writer.is_done(),
            Self::Stuffed(writer) => writer.is_done(),
        }
    }
}

/// A command of a round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Mail,
    Rcpt(usize),
    /// DATA, or BDAT.
    Content,
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
            front: Front::Free,
            further: Further::No,
            way: Way::Data,
            body: Body::NotYet,
        }
    }

    /// Begins the next round; `false` if no recipient is left for one. Who is settled needs none.
    pub(super) fn begin_round(&mut self, most: usize) -> bool {
        let most = most.max(1);
        let again = self.postponed.len().min(most);
        self.round = self.postponed.drain(..again).collect();
        while self.round.len() < most && self.untried < self.outcomes.len() {
            if matches!(self.outcomes.get(self.untried), Some(None)) {
                self.round.push(self.untried);
            }
            self.untried += 1;
        }
        self.accepted.clear();
        self.written = 0;
        self.mail = MailState::Unanswered;
        self.body = Body::NotYet;
        self.front = Front::Free;
        !self.round.is_empty()
    }

    /// Whether MAIL of the round was written.
    pub(super) fn has_begun(&self) -> bool {
        self.written > 0
    }

    /// Whether another round will follow this one.
    pub(super) fn has_more(&self) -> bool {
        let untried = self.outcomes.get(self.untried..).unwrap_or_default();
        !self.postponed.is_empty() || untried.iter().any(Option::is_none)
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
            n if n == self.round.len() + 1 => Some(Step::Content),
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
            Step::Content if self.way != Way::Data => {
                let payload = self.transaction.payload();
                let _ = write!(line, "BDAT {} LAST", payload.len());
                self.body = Body::Writing(Writer::Chunk(ChunkWriter::new(payload.clone())));
            }
            Step::Content => line.push_str("DATA"),
        }
        out.extend_from_slice(line.as_bytes());
        out.extend_from_slice(b"\r\n");
    }

    /// Whether a refusal shows that the peer lost a part of what came behind the content of another mail: it knew these
    /// commands before (RFC 5321 §4.2.4), and their order is right. It says nothing of the recipients.
    pub(super) fn lost(&self, reply: &Reply) -> bool {
        self.front == Front::Content && matches!(reply.code(), 500 | 502 | 503)
    }

    /// Whether the peer may take the message for this recipient, once it is complete.
    pub(super) fn is_open(&self, recipient: usize) -> bool {
        let unsettled = matches!(self.outcomes.get(recipient), Some(None));
        unsettled && self.round.contains(&recipient) && !self.postponed.contains(&recipient)
    }

    /// Whether it may do so for nobody.
    pub(super) fn is_for_nobody(&self) -> bool {
        !self.round.iter().any(|recipient| self.is_open(*recipient))
    }

    /// One outcome for each recipient.
    pub(super) fn into_outcomes(self) -> Vec<Outcome> {
        let unsettled = || Outcome::deferred(Cause::local("no answer"));
        self.outcomes.into_iter().map(|outcome| outcome.unwrap_or_else(unsettled)).collect()
    }
}
