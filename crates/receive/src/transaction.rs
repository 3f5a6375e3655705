//! A transaction: MAIL, its recipients, its content.

use posthaste_smtp::{Answer, MailParameters, Protocol};
use posthaste_types::{Envelope, Recipient, ReversePath};

use crate::connection::Shared;
use crate::{Session, TraceField, Verdict, Verdicts, trace};

/// What MAIL began.
#[derive(Debug)]
pub(crate) struct Opened {
    from: ReversePath,
    parameters: MailParameters,
    /// One for each RCPT that was accepted, in their order; a client may name one recipient twice.
    recipients: Vec<Recipient>,
}

/// One whose content has begun.
#[derive(Debug)]
pub(crate) struct Transaction {
    pub(crate) parameters: MailParameters,
    pub(crate) envelope: Envelope,
    /// One for each RCPT, in LMTP alone, which answers to each of them.
    recipients: Vec<Recipient>,
}

impl Opened {
    pub(crate) fn new(from: ReversePath, parameters: MailParameters) -> Self {
        Self { from, parameters, recipients: Vec::new() }
    }

    pub(crate) fn add(&mut self, recipient: Recipient) {
        self.recipients.push(recipient);
    }

    /// Makes ready for the content, and makes its trace field.
    pub(crate) fn begin(self, shared: &Shared, session: &Session, id: &str) -> Option<(Transaction, String)> {
        let Self { from, parameters, recipients } = self;
        let each = if session.protocol() == Protocol::Lmtp { recipients.clone() } else { Vec::new() };
        let mut envelope = Envelope::new(from, recipients).ok()?;
        if let Some(envid) = parameters.envid() {
            envelope = envelope.with_envid(envid.clone());
        }
        if let Some(ret) = parameters.ret() {
            envelope = envelope.with_ret(ret);
        }
        envelope = envelope.with_require_tls(parameters.require_tls());
        let field = match shared.config.trace_field {
            TraceField::None => String::new(),
            TraceField::Prepended => {
                let host = &shared.config.session.hostname;
                trace::received(session, host, &envelope, &parameters, id, shared.clock.wall())
            }
        };
        Some((Transaction { parameters, envelope, recipients: each }, field))
    }
}

impl Transaction {
    /// What the client is told in LMTP: an answer for each RCPT.
    pub(crate) fn answers(&self, verdicts: Verdicts) -> Vec<Answer> {
        let to = self.envelope.to();
        let verdicts = verdicts.into_vec(to.len());
        let of = |recipient: &Recipient| {
            let place = to.iter().position(|other| other.address == recipient.address);
            place.and_then(|place| verdicts.get(place)).cloned().unwrap_or_else(Verdict::try_later).into_answer()
        };
        self.recipients.iter().map(of).collect()
    }
}
