//! Why a client session ended.

use posthaste_types::{Cause, NetworkFault, Reply, Stage};

/// Why a session ended other than by our own QUIT.
///
/// It says something about the session. What it means for a recipient is in the outcomes, which have
/// been told by then.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{stage}: {kind}{}", self.reply.as_ref().map(|reply| format!(": {reply}")).unwrap_or_default())]
pub struct ClientError {
    kind: ClientErrorKind,
    stage: Stage,
    reply: Option<Reply>,
    step: Step,
}

/// Whether the peer kept in step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Kept,
    /// Out of step, where commands had been sent in groups.
    Lost,
}

/// The kinds of [`ClientError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum ClientErrorKind {
    /// The peer refused the content before it was complete: the session cannot go on.
    #[error("the content was refused before it was complete")]
    AnsweredEarly,
    /// The credentials were refused (RFC 4954 §6). A fault of our settings unless transient.
    #[error("authentication was refused")]
    AuthRefused,
    /// With SCRAM the server must prove that it knows the password (RFC 5802 §5.1). It did not: it is another one than
    /// the credentials are for, or it keeps them wrongly. Trying again does not help.
    #[error("the server did not prove that it knows the password: {0}")]
    AuthUnproven(&'static str),
    /// Credentials are given, and the peer offers no mechanism that we speak, here. A fault of our settings.
    #[error("no usable authentication mechanism is offered")]
    AuthUnavailable,
    /// Credentials are given, they may go inside TLS only, and there is none. A fault of our settings.
    #[error("authentication is allowed only inside TLS")]
    AuthNeedsTls,
    /// The connection ended.
    #[error("the connection ended")]
    Closed,
    /// Octets were received in clear behind the reply to STARTTLS: an attack, or a broken peer
    /// (RFC 3207 §6).
    #[error("octets in clear behind the reply to STARTTLS")]
    OctetsBehindStartTls,
    /// What came is no reply, or not one to what was sent.
    #[error("the peer broke the protocol: {0}")]
    Protocol(&'static str),
    /// The greeting or the answer to EHLO was a refusal: no service for us.
    #[error("service refused")]
    Refused,
    /// The peer said 421: it closes the channel (RFC 5321 §3.8).
    #[error("the peer closes the channel")]
    ServiceClosing,
    /// No answer in time.
    #[error("no answer in time")]
    TimedOut,
    /// TLS is required and STARTTLS was refused.
    #[error("STARTTLS was refused")]
    TlsRefused,
    /// TLS is required and not offered.
    #[error("STARTTLS is not offered")]
    TlsUnavailable,
    /// The caller withdrew the mail when its last octets were due.
    #[error("the mail was withdrawn")]
    Withdrawn,
}

impl ClientError {
    pub(crate) fn new(kind: ClientErrorKind, stage: Stage) -> Self {
        Self { kind, stage, reply: None, step: Step::Kept }
    }

    pub(crate) fn of_reply(kind: ClientErrorKind, stage: Stage, reply: Reply) -> Self {
        Self { kind, stage, reply: Some(reply), step: Step::Kept }
    }

    pub(crate) fn out_of_step(mut self) -> Self {
        self.step = Step::Lost;
        self
    }

    /// Whether a peer that was sent commands in groups answered out of step, or not as one who read them all. Remember it for the site, and speak to it
    /// with [`Pipelining::Never`](crate::Pipelining::Never) from now on.
    pub fn is_out_of_step(&self) -> bool {
        self.step == Step::Lost
    }

    /// Why.
    pub fn kind(&self) -> ClientErrorKind {
        self.kind
    }

    /// What was being waited for.
    pub fn stage(&self) -> Stage {
        self.stage
    }

    /// The reply that decided.
    pub fn reply(&self) -> Option<&Reply> {
        self.reply.as_ref()
    }

    /// Whether another session, later or to another host, may do better.
    pub fn is_transient(&self) -> bool {
        match self.kind {
            ClientErrorKind::AuthUnavailable | ClientErrorKind::AuthNeedsTls | ClientErrorKind::AuthUnproven(_) => {
                false
            }
            ClientErrorKind::AuthRefused => self.reply.as_ref().is_some_and(Reply::is_transient),
            _ => self.reply.as_ref().is_none_or(|reply| !reply.is_permanent()),
        }
    }

    /// Whether our settings are at fault: nobody's mail may be bounced for it.
    pub fn is_ours(&self) -> bool {
        matches!(
            self.kind,
            ClientErrorKind::AuthUnavailable
                | ClientErrorKind::AuthNeedsTls
                | ClientErrorKind::AuthRefused
                | ClientErrorKind::AuthUnproven(_)
        )
    }

    /// The same as the cause of an outcome.
    pub fn cause(&self) -> Cause {
        if let Some(reply) = &self.reply {
            return Cause::smtp(reply.clone(), self.stage);
        }
        let text = format!("{}: {}", self.stage, self.kind);
        match self.kind {
            ClientErrorKind::AuthUnavailable
            | ClientErrorKind::AuthNeedsTls
            | ClientErrorKind::AuthRefused
            | ClientErrorKind::AuthUnproven(_)
            | ClientErrorKind::Withdrawn => Cause::local(text),
            ClientErrorKind::AnsweredEarly
            | ClientErrorKind::Closed
            | ClientErrorKind::Refused
            | ClientErrorKind::ServiceClosing => Cause::network(NetworkFault::Closed, text),
            ClientErrorKind::OctetsBehindStartTls | ClientErrorKind::Protocol(_) => {
                Cause::network(NetworkFault::Protocol, text)
            }
            ClientErrorKind::TimedOut => Cause::network(NetworkFault::TimedOut, text),
            ClientErrorKind::TlsRefused | ClientErrorKind::TlsUnavailable => Cause::tls(text),
        }
    }
}

/// Why a mail was not taken for sending now.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SendError {
    /// The session is not ready, or busy with another mail: see [`can_send`](crate::ClientSession::can_send).
    #[error("the session cannot take a mail now")]
    NotReady,
    /// The session has ended.
    #[error("the session has ended")]
    Ended,
}
