//! What is due, and in which order.

use posthaste_types::{Domain, MailId, Timestamp};

use crate::RecipientState;

/// A recipient that is due.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Due {
    /// The mail.
    pub mail: MailId,
    /// The recipient's place in the envelope.
    pub recipient: u32,
    /// Its domain.
    pub domain: Domain,
    /// When it is due.
    pub at: Timestamp,
    /// Higher goes first.
    pub priority: i8,
    /// Where it stands.
    pub state: RecipientState,
    /// When it is given up.
    pub expires: Timestamp,
}

impl Due {
    /// The place right behind this one.
    pub fn cursor(&self) -> DueCursor {
        DueCursor { priority: self.priority, at: self.at, mail: self.mail, recipient: self.recipient }
    }

    /// A recipient due for its first attempt; the rest are public fields.
    pub fn new(mail: MailId, recipient: u32, domain: Domain, at: Timestamp, expires: Timestamp) -> Self {
        Self { mail, recipient, domain, at, priority: 0, state: RecipientState::default(), expires }
    }
}

/// A place in the order of what is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DueCursor {
    /// The priority of the recipient in front.
    pub priority: i8,
    /// Its time.
    pub at: Timestamp,
    /// Its mail.
    pub mail: MailId,
    /// Its place.
    pub recipient: u32,
}
