//! The port.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use posthaste_smtp::{Credentials, ScramKeys, Username};
use posthaste_types::{Address, ReversePath};

use crate::{Arriving, Incoming, Peer, Session, Verdict, Verdicts};

/// Takes what arrives.
///
/// # Contract
/// * Nothing is accepted unless [`recipient`](Self::recipient) says so; its default is 550 5.7.1.
/// * The client reads 250 only after [`message`](Self::message) returned [`Verdict::Accept`]: commit first
///   (RFC 5321 §4.2.5). One verdict for each recipient: LMTP says each, SMTP the strictest.
/// * The future may be dropped: when the receiver stops and its grace is over, or when
///   [`answer_timeout`](crate::ReceiverConfig::answer_timeout) has passed. What was committed by then may come again,
///   also where only the 250 was lost (RFC 1047): dedupe by [`Incoming::fingerprint`].
/// * [`Incoming`] is bounded by the receiver's limits before the handler sees an octet.
/// * A panic or an error is 451, never 250. Neither is shown to the client.
/// * It is called concurrently, at most once at a time for one connection.
#[async_trait]
pub trait Handler: fmt::Debug + Send + Sync {
    /// A client connected.
    async fn connect(&self, peer: &Peer) -> Verdict {
        let _ = peer;
        Verdict::Accept
    }

    /// EHLO, HELO or LHLO: the [`session`](Session::hello) has its name. Clients call themselves anything, and RFC 5321
    /// §4.1.4 forbids to refuse them for that alone.
    async fn hello(&self, session: &Session) -> Verdict {
        let _ = session;
        Verdict::Accept
    }

    /// A client shows a name and a password (AUTH PLAIN and LOGIN) or an access token (OAUTHBEARER and XOAUTH2:
    /// [`Credentials::is_token`]); asked only where AUTH is [offered](crate::ReceiverBuilder::auth). Compare in constant
    /// time. The default is 535 5.7.8.
    async fn authenticate(&self, session: &Session, credentials: &Credentials) -> Verdict {
        let _ = (session, credentials);
        Verdict::Refuse(crate::verdict::fixed(535, "5.7.8 authentication credentials invalid"))
    }

    /// A client claims to be this user, and will prove it with SCRAM-SHA-256, which is asked only where it is
    /// [offered](crate::ReceiverBuilder::scram). What is kept of the user's password, or `None`: no such user, which the
    /// client does not learn. The default is `None`.
    ///
    /// # Errors
    /// Any: the client reads 454 4.7.0.
    async fn scram_keys(&self, session: &Session, username: &Username) -> Result<Option<ScramKeys>, HandlerError> {
        let _ = (session, username);
        Ok(None)
    }

    /// MAIL: who sends.
    async fn sender(&self, session: &Session, from: &ReversePath) -> Verdict {
        let _ = (session, from);
        Verdict::Accept
    }

    /// RCPT: whether mail for this address is taken.
    async fn recipient(&self, session: &Session, to: &Address) -> Verdict {
        let _ = (session, to);
        Verdict::refuse_relay()
    }

    /// A message that begins to arrive, for the recipients that were accepted: to be written away piece by piece, in
    /// little memory. By default it is [collected](Arriving::collect), and [`message`](Self::message) is asked.
    ///
    /// It is asked once the client has said DATA or the first BDAT, and runs while the content arrives. An answer before
    /// the end is kept until then, and the rest is dropped; only a handler that has read the end can accept.
    ///
    /// # Errors
    /// As [`message`](Self::message).
    ///
    /// # Cancel safety
    /// As [`message`](Self::message). Where only the content ends early the future is not dropped: it reads an error.
    async fn content(&self, session: &Session, mail: Arriving<'_>) -> Result<Verdicts, HandlerError> {
        self.message(session, mail.collect().await?).await
    }

    /// A whole message, for the recipients that were accepted. Not asked where [`content`](Self::content) is written
    /// anew.
    ///
    /// # Errors
    /// Any: the client reads 451 4.3.0.
    ///
    /// # Cancel safety
    /// See the contract: dropped, the client has not read 250, and sends the message again.
    async fn message(&self, session: &Session, mail: Incoming<'_>) -> Result<Verdicts, HandlerError> {
        let _ = (session, mail);
        Err(HandlerError::new("the handler takes no messages: it has neither `message` nor `content`"))
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl<T: Handler + ?Sized> Handler for Arc<T> {
    async fn connect(&self, peer: &Peer) -> Verdict {
        (**self).connect(peer).await
    }

    async fn hello(&self, session: &Session) -> Verdict {
        (**self).hello(session).await
    }

    async fn authenticate(&self, session: &Session, credentials: &Credentials) -> Verdict {
        (**self).authenticate(session, credentials).await
    }

    async fn scram_keys(&self, session: &Session, username: &Username) -> Result<Option<ScramKeys>, HandlerError> {
        (**self).scram_keys(session, username).await
    }

    async fn sender(&self, session: &Session, from: &ReversePath) -> Verdict {
        (**self).sender(session, from).await
    }

    async fn recipient(&self, session: &Session, to: &Address) -> Verdict {
        (**self).recipient(session, to).await
    }

    async fn content(&self, session: &Session, mail: Arriving<'_>) -> Result<Verdicts, HandlerError> {
        (**self).content(session, mail).await
    }

    async fn message(&self, session: &Session, mail: Incoming<'_>) -> Result<Verdicts, HandlerError> {
        (**self).message(session, mail).await
    }
}

/// Why a [`Handler`] could not take a message. It is written to the log; the client reads 451 4.3.0.
///
/// Every error becomes one, so `?` works in a handler.
pub struct HandlerError(Box<dyn Error + Send + Sync>);

impl HandlerError {
    /// An error with these words alone.
    pub fn new(text: impl fmt::Display) -> Self {
        Self(text.to_string().into())
    }

    /// What went wrong.
    pub fn source(&self) -> &(dyn Error + Send + Sync + 'static) {
        &*self.0
    }
}

impl<E: Error + Send + Sync + 'static> From<E> for HandlerError {
    fn from(error: E) -> Self {
        Self(Box::new(error))
    }
}

impl fmt::Display for HandlerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for HandlerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}
