//! The idempotency key.

use std::fmt;

use posthaste_types::Mail;

/// The idempotency key of an attempt: the mail, its recipients in this attempt, and a generation that goes up after
/// a definite answer.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct AttemptKey {
    text: Box<str>,
    generation: u32,
}

impl AttemptKey {
    /// The key of a generation, from 1, for the recipients in the mail's envelope.
    pub fn new(mail: &Mail, generation: u32) -> Self {
        // FNV-1a: the recipients of one mail are to be told apart, nothing is to be kept secret.
        let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
        for to in mail.envelope().to() {
            for octet in to.address.as_str().bytes().chain([0]) {
                hash = (hash ^ u64::from(octet)).wrapping_mul(0x0000_0100_0000_01b3);
            }
        }
        Self { text: format!("{}-{hash:016x}-{generation}", mail.id()).into(), generation }
    }

    /// The key of the same generation for the recipients in this mail's envelope.
    pub(crate) fn for_mail(&self, mail: &Mail) -> Self {
        Self::new(mail, self.generation)
    }

    /// The key, at most 54 characters of `a-z 0-9 -`.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for AttemptKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for AttemptKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AttemptKey({})", self.text)
    }
}
