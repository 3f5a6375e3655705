//! What a scripted receiver does, and what it took.

use std::net::SocketAddr;
use std::time::Duration;

use posthaste_receive::{Fingerprint, TlsSession};
use posthaste_types::{Address, Envelope, Reply, ReversePath, Timestamp};

/// What a [`TestReceiver`](super::TestReceiver) does with mail for a recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Plan {
    /// Takes it.
    Accept,
    /// Takes it, and after so long gives a delivery report (RFC 3464) with this reply to
    /// [`on_report`](super::TestReceiverBuilder::on_report). There is none about mail from the null reverse path.
    Bounce {
        /// What the report says.
        reply: Reply,
        /// How long after the message came.
        after: Duration,
    },
    /// Breaks the connection at RCPT, without an answer.
    CutBeforeBody,
    /// Answers RCPT, and breaks the connection when so many more octets came than were passed on by then: within the
    /// content, if that is longer.
    CutInBody {
        /// How many octets.
        after: usize,
    },
    /// Takes the whole message (it stands in [`received`](super::TestReceiver::received)) and breaks the connection
    /// without an answer.
    CutBehindBody,
    /// Gives 451 4.7.1 to so many attempts (RCPT commands), then takes it.
    Greylist {
        /// How many attempts are put off.
        attempts: u32,
    },
    /// Never answers RCPT.
    Hang,
    /// Never answers the end of data; the message is not taken.
    HangBehindBody,
    /// Gives this reply to RCPT.
    Reply(Reply),
    /// Takes RCPT, and gives this reply to the end of data: with LMTP for this recipient, with SMTP for all.
    ReplyToData(Reply),
}

impl Plan {
    /// Gives this reply to RCPT: `550 5.1.1 no such user`.
    ///
    /// # Panics
    /// If it is no reply.
    pub fn reply(text: &str) -> Self {
        Self::Reply(parse(text))
    }

    /// Gives this reply to the end of data: `554 5.6.0 not like this`.
    ///
    /// # Panics
    /// If it is no reply.
    pub fn reply_to_data(text: &str) -> Self {
        Self::ReplyToData(parse(text))
    }

    /// Takes the message, and gives a report at once.
    ///
    /// # Panics
    /// If it is no reply.
    pub fn bounce(text: &str) -> Self {
        Self::Bounce { reply: parse(text), after: Duration::ZERO }
    }
}

/// A message that was taken.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Arrived {
    /// Sender and recipients: those for whom it was taken.
    pub envelope: Envelope,
    /// The octets as they were sent, without a trace field.
    pub octets: Vec<u8>,
    /// The identity of message and envelope: the same for a second copy.
    pub fingerprint: Fingerprint,
    /// The TLS session that it came in, unless it came in clear.
    pub tls: Option<TlsSession>,
    /// The user name that was authenticated.
    pub authenticated: Option<String>,
    /// What the client called itself.
    pub hello: String,
    /// The client's address.
    pub client: SocketAddr,
    /// When it was complete.
    pub at: Timestamp,
}

impl Arrived {
    /// The recipients.
    pub fn to(&self) -> impl Iterator<Item = &Address> {
        self.envelope.to().iter().map(|recipient| &recipient.address)
    }
}

/// A delivery report that a receiver would send back.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Report {
    /// Where it goes: the reverse path of the message. The report itself is sent from the null reverse path.
    pub to: ReversePath,
    /// Whom the message did not reach.
    pub recipient: Address,
    /// The report, a whole message.
    pub octets: Vec<u8>,
}

pub(super) fn parse(text: &str) -> Reply {
    Reply::parse(text.as_bytes()).unwrap_or_else(|error| panic!("{text:?}: {error}"))
}
