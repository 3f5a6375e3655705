//! Where a session stands, and what it waits for.

use std::fmt;

use posthaste_types::Stage;

use super::session::ClientSession;

/// Without what is written, which may be a password, and without the mails.
impl fmt::Debug for ClientSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientSession")
            .field("phase", &self.phase)
            .field("channel", &self.channel)
            .field("capabilities", &self.capabilities)
            .field("awaited", &self.awaited)
            .field("mails_under_way", &self.running.len())
            .field("exchange", &self.exchange)
            .field("deadline", &self.deadline)
            .finish_non_exhaustive()
    }
}

/// Where the session stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// Before the first mail; with what stage.
    Opening(Stage),
    /// STARTTLS was accepted and the adapter is at work.
    Handshake,
    Ready,
    /// QUIT is wanted, or sent.
    Quitting,
    Closed,
}

/// Whether the channel is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Channel {
    Clear,
    Tls,
}

/// Whether the peer holds a transaction that nobody will complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reset {
    Needed,
    NotNeeded,
}

/// Whether a command was ever sent while another one had no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Groups {
    Sent,
    Unsent,
}

/// A command whose reply is due.
#[derive(Clone, Copy, Debug)]
pub(super) struct Awaited {
    pub(super) what: What,
    /// Where it ends in all octets that the session hands out: a reply to what was not sent is none.
    pub(super) end: u64,
}

/// What is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    Greeting,
    Hello,
    Helo,
    StartTls,
    /// A step of AUTH.
    Auth,
    Rset,
    Mail,
    Rcpt(usize),
    Data,
    /// BDAT with all content, for everybody.
    Chunk,
    /// The final dot, for everybody.
    EndOfData,
    /// The final dot, for one recipient (RFC 2033 §4.2).
    EndOfDataFor(usize),
    /// A final dot with nothing in front of it and nobody to take it (RFC 2920 §3.1).
    EndOfNothing,
    Quit,
}

impl What {
    /// Whether its answer is due before anything is known of the content.
    pub(super) fn is_of_envelope(self) -> bool {
        matches!(self, Self::Rset | Self::Mail | Self::Rcpt(_) | Self::Data)
    }

    pub(super) fn stage(self) -> Stage {
        match self {
            Self::Greeting | Self::Quit => Stage::Connect,
            Self::Hello | Self::Helo => Stage::Ehlo,
            Self::StartTls => Stage::StartTls,
            Self::Auth => Stage::Auth,
            Self::Rset | Self::Mail => Stage::Mail,
            Self::Rcpt(_) => Stage::Rcpt,
            Self::Data => Stage::Data,
            Self::Chunk | Self::EndOfData | Self::EndOfDataFor(_) | Self::EndOfNothing => Stage::EndOfData,
        }
    }
}
