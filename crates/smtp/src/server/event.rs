//! What a server session tells and asks, and what it is answered.

use posthaste_types::{Recipient, Reply, ReversePath, Text};

use super::error::ServerError;
use crate::auth::{Credentials, Username};
use crate::parameters::MailParameters;
use crate::sasl::Mechanism;
use crate::scram::ScramKeys;

/// What a [`ServerSession`](crate::ServerSession) tells its host, in the order in which it happened.
///
/// The first group are questions: the session reads no further command until
/// [`answer`](crate::ServerSession::answer) was called. The second group needs no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ServerEvent {
    /// Asked: a client connected. Accepted: the greeting. Refused: 554, and the session ends at QUIT.
    Connected,
    /// Asked: EHLO, HELO or LHLO. Ends a transaction that was open (RFC 5321 §4.1.4).
    #[non_exhaustive]
    Hello {
        /// Which of them.
        verb: HelloVerb,
        /// What the client calls itself: unchecked, but without controls.
        name: Text,
    },
    /// Asked: AUTH PLAIN, LOGIN, OAUTHBEARER or XOAUTH2. Accepted: 235. Refused: what you say, best 535 5.7.8, or 454
    /// 4.7.0 where you cannot know now.
    #[non_exhaustive]
    Auth {
        /// Which of them.
        mechanism: Mechanism,
        /// Who, and the password or the token. OAUTHBEARER may come without a name: the token says it then.
        credentials: Credentials,
    },
    /// Asked: AUTH SCRAM-SHA-256. Answered with [`Answer::Keys`]. Refused by a 5yz: there is no such user; the session
    /// goes on all the same, with a decoy, and says 535 behind the client's proof. Refused by a 4yz: what you say, now.
    #[non_exhaustive]
    ScramUser {
        /// Who wants to be authenticated.
        username: Username,
    },
    /// Asked: MAIL.
    #[non_exhaustive]
    Mail {
        /// Where reports go.
        from: ReversePath,
        /// Its parameters.
        parameters: MailParameters,
    },
    /// Asked: RCPT. What you refuse is no recipient of the transaction.
    #[non_exhaustive]
    Rcpt {
        /// The recipient, with its DSN parameters.
        recipient: Recipient,
    },
    /// Asked: DATA or the first BDAT, with at least one recipient. Accepted: the content follows.
    Data,
    /// Asked: the content is complete. Accepted is a promise (RFC 5321 §4.2.5): commit first. With LMTP,
    /// [`answer_each`](crate::ServerSession::answer_each) answers for each recipient.
    EndOfData,

    /// The client has authenticated, by whatever mechanism.
    #[non_exhaustive]
    Authenticated {
        /// By which.
        mechanism: Mechanism,
        /// As whom; empty where a token came without a name.
        username: Username,
    },
    /// The client's proof was wrong, or there is no such user. The other mechanisms ask you, who know.
    #[non_exhaustive]
    AuthFailed {
        /// Which mechanism.
        mechanism: Mechanism,
        /// As whom it wanted to be authenticated.
        username: Username,
    },
    /// The next piece of the content: dots of transparency taken out, CRLF line ends. As it came if the client said
    /// BODY=BINARYMIME.
    Content(Vec<u8>),
    /// The content that was begun will not be completed: drop what you have of it.
    #[non_exhaustive]
    Aborted {
        /// Why.
        why: Abort,
    },
    /// The transaction that was open is over without any content: RSET, EHLO, or a new session behind TLS.
    Reset,
    /// Send all that is to be transmitted, upgrade the connection to TLS, then call
    /// [`handle_tls`](crate::ServerSession::handle_tls).
    StartTls,
    /// The session has ended: always the last event. Transmit what there is, then close.
    #[non_exhaustive]
    Closed {
        /// Why, unless by QUIT.
        error: Option<ServerError>,
    },
}

impl ServerEvent {
    /// Whether the session waits for an answer to it.
    pub fn is_question(&self) -> bool {
        match self {
            Self::Connected
            | Self::Hello { .. }
            | Self::Auth { .. }
            | Self::ScramUser { .. }
            | Self::Mail { .. }
            | Self::Rcpt { .. }
            | Self::Data
            | Self::EndOfData => true,
            Self::Authenticated { .. }
            | Self::AuthFailed { .. }
            | Self::Content(_)
            | Self::Aborted { .. }
            | Self::Reset
            | Self::StartTls
            | Self::Closed { .. } => false,
        }
    }
}

/// How a client said hello.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum HelloVerb {
    /// EHLO.
    Ehlo,
    /// HELO: no extensions.
    Helo,
    /// LHLO (RFC 2033).
    Lhlo,
}

/// Why content was given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Abort {
    /// A bare CR or LF.
    BareLineEnd,
    /// The header passed its limit.
    HeaderTooLarge,
    /// The message passed its limit.
    MessageTooLarge,
    /// The client gave it up between two chunks: RSET, EHLO, or a new session behind TLS.
    Reset,
    /// The session ended.
    SessionEnded,
}

/// What the host says to a question.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Answer {
    /// Yes, in the usual words.
    Accept,
    /// Yes, in these: a 2yz reply. Not for Hello and Data, whose replies are the session's.
    AcceptWith(Reply),
    /// The user's keys: to [`ServerEvent::ScramUser`], and nothing else.
    Keys(ScramKeys),
    /// No: a 4yz or 5yz reply.
    Refuse(Reply),
    /// No, and the session ends behind it: best with 421 or 521 (RFC 5321 §3.8, RFC 7504).
    RefuseAndClose(Reply),
}
