//! Why a server session ended.

/// Why a session ended other than by QUIT.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{kind}")]
pub struct ServerError {
    kind: ServerErrorKind,
}

/// The kinds of [`ServerError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum ServerErrorKind {
    /// A BDAT command without a size that can be read: where its octets end is not known.
    #[error("a BDAT command without a size")]
    BadChunk,
    /// A bare CR or LF where they are refused.
    #[error("a bare CR or LF was received")]
    BareLineEnd,
    /// The peer closed the connection without QUIT.
    #[error("the connection ended")]
    Closed,
    /// The host closed the session.
    #[error("the host closed the session")]
    ClosedByHost,
    /// The client did not wait for the greeting, or for an answer that it must wait for.
    #[error("the client talked before its turn")]
    EarlyTalk,
    /// The peer sent on while its command waited for the host, more than is held for it.
    #[error("more octets than are held while an answer is due")]
    Flood,
    /// Octets were received in clear behind the STARTTLS line (RFC 3207 §6).
    #[error("octets in clear behind STARTTLS")]
    OctetsBehindStartTls,
    /// The client speaks another protocol, such as HTTP.
    #[error("another protocol was spoken")]
    OtherProtocol,
    /// The host refused a command and asked for the end.
    #[error("the host refused the client")]
    RefusedByHost,
    /// Nothing came in time, or too slowly.
    #[error("nothing came in time")]
    TimedOut,
    /// Too many commands were refused, or too many attempts to authenticate.
    #[error("too many errors")]
    TooManyErrors,
    /// More content came behind its refusal than is read for nobody.
    #[error("refused content goes on without an end")]
    TooMuchDropped,
}

impl ServerError {
    pub(crate) fn new(kind: ServerErrorKind) -> Self {
        Self { kind }
    }

    /// Why.
    pub fn kind(&self) -> ServerErrorKind {
        self.kind
    }
}

/// Why an answer was not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AnswerError {
    /// The session ended before the answer: whoever was told of a message's end does not know the answer.
    #[error("the session has ended")]
    Ended,
    /// No question is open.
    #[error("no question is open")]
    NotAsked,
    /// The reply's code is of another class than the answer: a refusal is 4yz or 5yz, an acceptance 2yz.
    #[error("the reply code {0} does not fit the answer")]
    WrongClass(u16),
    /// A question about a user's keys is answered with keys or a refusal, and no other one with keys.
    #[error("the answer is one to another question")]
    WrongKind,
    /// LMTP needs one answer for each recipient, SMTP exactly one.
    #[error("{given} answers where {wanted} are due")]
    WrongCount {
        /// How many were given.
        given: usize,
        /// How many are due.
        wanted: usize,
    },
}
