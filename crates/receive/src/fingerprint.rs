//! What tells a message that comes twice.

use std::fmt;

use posthaste_types::Envelope;
use sha2::{Digest as _, Sha256};

/// The identity of a message with its envelope: SHA-256. `Display` is in hex.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint([u8; 32]);

impl Fingerprint {
    /// Its octets.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|octet| write!(f, "{octet:02x}"))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fingerprint({self})")
    }
}

/// A fingerprint in the making.
pub(crate) struct Digest(Sha256);

impl Digest {
    pub(crate) fn new(envelope: &Envelope) -> Self {
        let mut digest = Sha256::new();
        let mut recipients: Vec<&str> = envelope.to().iter().map(|to| to.address.as_str()).collect();
        recipients.sort_unstable();
        let sender = envelope.from().to_string();
        for line in std::iter::once(sender.as_str()).chain(recipients) {
            // No path holds a line end: lists that differ give octets that differ.
            digest.update(line);
            digest.update("\n");
        }
        digest.update("\n");
        Self(digest)
    }

    /// Octets as the client sent them.
    pub(crate) fn update(&mut self, octets: &[u8]) {
        self.0.update(octets);
    }

    pub(crate) fn finish(self) -> Fingerprint {
        Fingerprint(self.0.finalize().into())
    }
}
