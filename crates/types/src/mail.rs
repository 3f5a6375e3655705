//! A mail: an envelope and its content, under one identity.

use crate::content::{BodyKind, Content};
use crate::envelope::Envelope;
use crate::id::{MailId, MessageId};

/// A mail as it is queued and delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mail {
    id: MailId,
    message_id: Option<MessageId>,
    envelope: Envelope,
    content: Content,
}

impl Mail {
    /// Puts a mail together.
    pub fn new(id: MailId, envelope: Envelope, content: Content) -> Self {
        Self { id, message_id: None, envelope, content }
    }

    /// The same mail, its Message-ID known.
    #[must_use]
    pub fn with_message_id(mut self, message_id: Option<MessageId>) -> Self {
        self.message_id = message_id;
        self
    }

    /// The same mail in another envelope.
    #[must_use]
    pub fn with_envelope(mut self, envelope: Envelope) -> Self {
        self.envelope = envelope;
        self
    }

    /// Our identity of it.
    pub fn id(&self) -> MailId {
        self.id
    }

    /// The message's own identity, if it is known.
    pub fn message_id(&self) -> Option<&MessageId> {
        self.message_id.as_ref()
    }

    /// The envelope.
    pub fn envelope(&self) -> &Envelope {
        &self.envelope
    }

    /// The octets.
    pub fn content(&self) -> &Content {
        &self.content
    }

    /// Whether a hop needs 8BITMIME.
    pub fn needs_8bitmime(&self) -> bool {
        self.content.body_kind() != BodyKind::SevenBit
    }
}
