//! What a client session tells and hands out.

use posthaste_types::{Outcome, Reply};

use super::error::ClientError;

/// What a [`ClientSession`](crate::ClientSession) tells its caller, in the order in which it happened.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClientEvent {
    /// The greeting came.
    #[non_exhaustive]
    Greeted {
        /// The greeting.
        reply: Reply,
    },
    /// EHLO, LHLO or HELO was answered; see [`capabilities`](crate::ClientSession::capabilities). Comes
    /// twice with STARTTLS: only the second list counts (RFC 3207 §4.2).
    #[non_exhaustive]
    Hello {
        /// The answer.
        reply: Reply,
    },
    /// Upgrade the connection to TLS now, then call [`handle_tls`](crate::ClientSession::handle_tls).
    StartTls,
    /// STARTTLS was refused; the session, told to be opportunistic, goes on in clear.
    #[non_exhaustive]
    TlsRefused {
        /// The answer.
        reply: Reply,
    },
    /// AUTH was accepted.
    Authenticated,
    /// The first mail may be sent. Comes once.
    Ready,
    /// One recipient's answer is definite. Nothing that happens later undoes it.
    #[non_exhaustive]
    Settled {
        /// The mail.
        id: TransactionId,
        /// The index of the recipient in the envelope.
        recipient: usize,
        /// What it came to.
        outcome: Outcome,
    },
    /// Every recipient of a mail is settled; the session may take the next one.
    #[non_exhaustive]
    Finished {
        /// The mail.
        id: TransactionId,
        /// One outcome for each recipient, in the order of the envelope.
        outcomes: Vec<Outcome>,
    },
    /// The session has ended: always the last event. Hand out nothing more; close the connection.
    #[non_exhaustive]
    Closed {
        /// Why, unless by our QUIT.
        error: Option<ClientError>,
    },
}

/// One mail of one session, as [`send`](crate::ClientSession::send) numbers them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TransactionId(pub(crate) u64);

/// What [`poll_transmit`](crate::ClientSession::poll_transmit) has for the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Transmit {
    /// Octets were put behind what the buffer held.
    Octets,
    /// Behind what the buffer holds now come these octets of the mail's content: those from `start` to `end` of the
    /// piece of [`Content::chunks`](posthaste_types::Content::chunks) with the number `segment`. Only from
    /// [`poll_transmit_shared`](crate::ClientSession::poll_transmit_shared).
    #[non_exhaustive]
    Shared {
        /// The number of the piece.
        segment: usize,
        /// The first octet within it.
        start: usize,
        /// The one behind the last.
        end: usize,
    },
    /// The next octets complete the message: from them on the peer may take it. Nothing was put into
    /// the buffer. Answer with [`complete`](crate::ClientSession::complete) or
    /// [`withdraw`](crate::ClientSession::withdraw), then poll again.
    Completing(TransactionId),
}
