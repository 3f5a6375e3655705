//! Where a session stands, and what it waits for.

use posthaste_types::BodyKind;

use super::auth::AuthLine;
use super::chunk::{Chunk, ChunkHead};
use super::content::Content;
use super::event::HelloVerb;
use crate::sasl::Mechanism;

/// What the next octets are.
#[derive(Debug)]
pub(super) enum Phase {
    Command,
    /// The answer to 334.
    AuthLine(AuthLine),
    Content(Content),
    Chunk(Chunk),
    /// The adapter's.
    Handshake,
    Closed,
}

/// Whether the greeting was a refusal, which leaves QUIT alone (RFC 5321 §3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Service {
    Open,
    Refused,
}

/// Whether the channel is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Channel {
    Clear,
    Tls,
}

/// Whether the client has authenticated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Identity {
    Known,
    Unknown,
}

/// What the host decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Question {
    Connected,
    Hello(HelloVerb),
    Auth(Mechanism),
    /// Of the user who is to be challenged.
    Keys,
    Mail(Transaction),
    Rcpt,
    Data,
    Chunk(ChunkHead),
    EndOfData,
}

/// What MAIL began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Transaction {
    pub(super) recipients: usize,
    pub(super) smtputf8: bool,
    pub(super) body: Option<BodyKind>,
}
