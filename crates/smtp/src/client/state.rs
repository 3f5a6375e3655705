//! Where a session stands, and what it waits for.

use posthaste_types::Stage;

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
    /// The initial response was sent.
    AuthPlain,
    AuthLogin,
    AuthUsername,
    /// The last step of any mechanism.
    AuthProof,
    Rset,
    Mail,
    Rcpt(usize),
    Data,
    /// The final dot, for everybody.
    EndOfData,
    /// The final dot, for one recipient (RFC 2033 §4.2).
    EndOfDataFor(usize),
    /// A final dot with nothing in front of it and nobody to take it (RFC 2920 §3.1).
    EndOfNothing,
    Quit,
}

impl What {
    pub(super) fn stage(self) -> Stage {
        match self {
            Self::Greeting | Self::Quit => Stage::Connect,
            Self::Hello | Self::Helo => Stage::Ehlo,
            Self::StartTls => Stage::StartTls,
            Self::AuthPlain | Self::AuthLogin | Self::AuthUsername | Self::AuthProof => Stage::Auth,
            Self::Rset | Self::Mail => Stage::Mail,
            Self::Rcpt(_) => Stage::Rcpt,
            Self::Data => Stage::Data,
            Self::EndOfData | Self::EndOfDataFor(_) | Self::EndOfNothing => Stage::EndOfData,
        }
    }
}
