//! What a spool takes in.

use posthaste_types::{Ending, Event, Mail, MailId, OnceKey, Timestamp};

use crate::MailMeta;

/// A mail to take in.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct NewMail {
    /// The mail, signed, its reverse path final.
    pub mail: Mail,
    /// What the application said about it.
    pub meta: MailMeta,
    /// The application's key, and the fingerprint of what it gave.
    pub once: Option<(OnceKey, [u8; 32])>,
    /// When it was accepted.
    pub at: Timestamp,
    /// When its first attempt is due.
    pub due: Timestamp,
    /// When it is given up.
    pub expires: Timestamp,
    /// The endings of recipients that never wait (suppressed, withheld), by place; the others wait.
    pub ended: Vec<(u32, Ending)>,
    /// The events of the acceptance, in order.
    pub events: Vec<Event>,
}

impl NewMail {
    /// A mail due at once, without key and events; the rest are public fields.
    pub fn new(mail: Mail, at: Timestamp, expires: Timestamp) -> Self {
        Self {
            mail,
            meta: MailMeta::default(),
            once: None,
            at,
            due: at,
            expires,
            ended: Vec::new(),
            events: Vec::new(),
        }
    }
}

/// What became of a [`NewMail`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Admission {
    /// It is on disk.
    Accepted(MailId),
    /// The key is known with the same fingerprint: this is the mail that was accepted then.
    Replay(MailId),
    /// The key is known with another fingerprint; nothing was taken.
    KeyReused(MailId),
}
