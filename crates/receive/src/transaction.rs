//! A transaction: MAIL, its recipients, its content.

use std::sync::Arc;

use posthaste_smtp::{Answer, MailParameters, Protocol};
use posthaste_types::{Envelope, Recipient, Reply, ReversePath};

use crate::connection::Shared;
use crate::limits::{Buffer, NoRoom};
use crate::{Incoming, Session, TraceField, Verdict, Verdicts, trace, verdict};

#[derive(Debug)]
pub(crate) struct Transaction {
    from: ReversePath,
    parameters: MailParameters,
    /// One for each RCPT that was accepted, in their order; a client may name one recipient twice.
    recipients: Vec<Recipient>,
    content: Option<Content>,
}

#[derive(Debug)]
struct Content {
    envelope: Envelope,
    buffer: Buffer,
    /// How many octets of the buffer are the trace field.
    trace: usize,
    room: Result<(), NoRoom>,
}

impl Transaction {
    pub(crate) fn new(from: ReversePath, parameters: MailParameters) -> Self {
        Self { from, parameters, recipients: Vec::new(), content: None }
    }

    pub(crate) fn add(&mut self, recipient: Recipient) {
        self.recipients.push(recipient);
    }

    /// Makes ready for the content, its trace field in front.
    pub(crate) fn begin(&mut self, shared: &Shared, session: &Session, id: &str) -> Verdict {
        let Ok(mut envelope) = Envelope::new(self.from.clone(), self.recipients.iter().cloned()) else {
            return Verdict::try_later();
        };
        if let Some(envid) = self.parameters.envid() {
            envelope = envelope.with_envid(envid.clone());
        }
        if let Some(ret) = self.parameters.ret() {
            envelope = envelope.with_ret(ret);
        }
        envelope = envelope.with_require_tls(self.parameters.require_tls());
        let field = match shared.config.trace_field {
            TraceField::None => String::new(),
            TraceField::Prepended => {
                let host = &shared.config.session.hostname;
                trace::received(session, host, &envelope, &self.parameters, id, shared.clock.wall())
            }
        };
        let mut buffer = Buffer::new(Arc::clone(&shared.budget));
        if buffer.push(field.as_bytes()).is_err() {
            return no_room();
        }
        self.content = Some(Content { envelope, buffer, trace: field.len(), room: Ok(()) });
        Verdict::Accept
    }

    pub(crate) fn push(&mut self, piece: &[u8]) {
        if let Some(content) = &mut self.content
            && content.room.is_ok()
        {
            content.room = content.buffer.push(piece);
            if content.room.is_err() {
                // The rest is read and dropped; what was held is of no use any more.
                drop(content.buffer.take());
            }
        }
    }

    /// The message, for the handler; or what the client is told without asking it.
    pub(crate) fn incoming(&mut self) -> Result<Incoming<'_>, Verdict> {
        let Self { parameters, content, .. } = self;
        let content = content.as_mut().ok_or_else(Verdict::try_later)?;
        content.room.map_err(|NoRoom| no_room())?;
        Ok(Incoming::new(&content.envelope, parameters, content.buffer.take(), content.trace))
    }

    /// What the client is told: LMTP an answer for each RCPT, SMTP one.
    pub(crate) fn answers(&self, verdicts: Verdicts, protocol: Protocol) -> Vec<Answer> {
        let to = self.content.as_ref().map_or(&[][..], |content| content.envelope.to());
        if protocol != Protocol::Lmtp {
            return vec![verdicts.into_strictest(to.len()).into_answer()];
        }
        let verdicts = verdicts.into_vec(to.len());
        let of = |recipient: &Recipient| {
            let place = to.iter().position(|other| other.address == recipient.address);
            place.and_then(|place| verdicts.get(place)).cloned().unwrap_or_else(Verdict::try_later).into_answer()
        };
        self.recipients.iter().map(of).collect()
    }
}

/// RFC 3463 §3.4: X.3.1, the mail system is full.
fn no_room() -> Verdict {
    let reply: Reply = verdict::fixed(452, "4.3.1 out of memory for messages, try again later");
    Verdict::Defer(reply)
}
