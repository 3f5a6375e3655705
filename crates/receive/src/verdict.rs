//! What a handler says.

use posthaste_smtp::Answer;
use posthaste_types::{Envelope, Recipient, Reply};

/// What a [`Handler`](crate::Handler) says to a question.
///
/// The reply of a refusal is 5yz and that of a deferral 4yz. A reply of another class is a fault of the handler, and the
/// client reads 451 4.3.0 instead. With the codes 421 and 521 the session ends behind the reply (RFC 5321 §3.8,
/// RFC 7504).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verdict {
    /// Yes.
    Accept,
    /// Not now: a 4yz reply.
    Defer(Reply),
    /// No: a 5yz reply.
    Refuse(Reply),
}

impl Verdict {
    /// What this reply says: 5yz refuses, 4yz defers, 2yz accepts in the usual words.
    pub fn from_reply(reply: Reply) -> Self {
        match reply.code() / 100 {
            2 => Self::Accept,
            5 => Self::Refuse(reply),
            _ => Self::Defer(reply),
        }
    }

    /// 550 5.7.1: no mail is taken for this recipient here.
    pub fn refuse_relay() -> Self {
        Self::Refuse(fixed(550, "5.7.1 relaying denied"))
    }

    /// 550 5.1.1: the mailbox does not exist.
    pub fn no_such_user() -> Self {
        Self::Refuse(fixed(550, "5.1.1 no such user"))
    }

    /// 451 4.3.0: a fault of this side, for which no mail is bounced.
    pub fn try_later() -> Self {
        Self::Defer(fault())
    }

    /// Whether it is yes.
    pub fn is_accept(&self) -> bool {
        *self == Self::Accept
    }

    pub(crate) fn into_answer(self) -> Answer {
        let (reply, class) = match self {
            Self::Accept => return Answer::Accept,
            Self::Defer(reply) => (reply, 4),
            Self::Refuse(reply) => (reply, 5),
        };
        if reply.code() / 100 != class {
            return Answer::Refuse(fault());
        }
        if matches!(reply.code(), 421 | 521) { Answer::RefuseAndClose(reply) } else { Answer::Refuse(reply) }
    }

    fn strictness(&self) -> u8 {
        match self {
            Self::Accept => 0,
            Self::Defer(_) => 1,
            Self::Refuse(_) => 2,
        }
    }
}

/// One [`Verdict`] for each recipient of a message.
///
/// LMTP tells each client's recipient his own. SMTP has one reply for all: the strictest (a refusal is stricter than a
/// deferral), so judge recipients in [`recipient`](crate::Handler::recipient) wherever that is possible.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdicts(Inner);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Inner {
    All(Verdict),
    Each(Vec<Verdict>),
}

impl Verdicts {
    /// The same for all.
    pub fn all(verdict: Verdict) -> Self {
        Self(Inner::All(verdict))
    }

    /// What `judge` says of each recipient of the message's envelope.
    pub fn each(envelope: &Envelope, judge: impl FnMut(&Recipient) -> Verdict) -> Self {
        Self(Inner::Each(envelope.to().iter().map(judge).collect()))
    }

    /// A verdict for each of so many recipients; 451 for those of whom nothing was said.
    pub(crate) fn into_vec(self, recipients: usize) -> Vec<Verdict> {
        match self.0 {
            Inner::All(verdict) => vec![verdict; recipients],
            Inner::Each(verdicts) => {
                let rest = std::iter::repeat_with(Verdict::try_later);
                verdicts.into_iter().chain(rest).take(recipients).collect()
            }
        }
    }

    /// Of a handler that did not learn of the content's end: it cannot have taken the whole.
    pub(crate) fn without_accepts(self) -> Self {
        let doubt = |verdict: Verdict| {
            if verdict.is_accept() {
                tracing::error!("the handler accepted a message whose end it has not read");
                return Verdict::try_later();
            }
            verdict
        };
        Self(match self.0 {
            Inner::All(verdict) => Inner::All(doubt(verdict)),
            Inner::Each(verdicts) => Inner::Each(verdicts.into_iter().map(doubt).collect()),
        })
    }

    /// The strictest verdict for so many recipients.
    pub(crate) fn into_strictest(self, recipients: usize) -> Verdict {
        match self.0 {
            Inner::All(verdict) => verdict,
            each @ Inner::Each(_) => {
                let verdicts = Self(each).into_vec(recipients);
                verdicts.into_iter().max_by_key(Verdict::strictness).unwrap_or_else(Verdict::try_later)
            }
        }
    }
}

impl From<Verdict> for Verdicts {
    fn from(verdict: Verdict) -> Self {
        Self::all(verdict)
    }
}

/// The reply to everything that goes wrong on this side.
pub(crate) fn fault() -> Reply {
    fixed(451, "4.3.0 local error, try again later")
}

/// A reply whose words are in this crate.
pub(crate) fn fixed(code: u16, text: &'static str) -> Reply {
    #[expect(clippy::unwrap_used, reason = "a constant, and every one is made by a test")]
    Reply::new(code, text).unwrap()
}
