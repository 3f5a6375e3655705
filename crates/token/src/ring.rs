//! Keys by purpose, and their rotation.

use std::fmt;

use posthaste_types::Timestamp;
use zeroize::Zeroizing;

use crate::error::RingError;
use crate::mac::hmac_sha256;
use crate::rotation::Rotation;
use crate::secret::{MasterSecret, SharedSecret};

/// What a token is for. A token of one purpose never opens as one of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Purpose {
    /// Tagged senders ([`Batv`](crate::Batv)).
    Batv,
    /// Return paths and bounces.
    Bounce,
    /// Tracked links.
    Click,
    /// The field by which a complaint names its recipient.
    Complaint,
    /// Confirmation of consent.
    Consent,
    /// Tracked opens.
    Open,
    /// Rewritten senders ([`Srs`](crate::Srs)).
    Srs,
    /// Links and addresses by which a recipient leaves a list.
    Unsubscribe,
}

impl Purpose {
    const fn label(self) -> &'static [u8] {
        match self {
            Self::Batv => b"posthaste token batv",
            Self::Bounce => b"posthaste token bounce",
            Self::Click => b"posthaste token click",
            Self::Complaint => b"posthaste token complaint",
            Self::Consent => b"posthaste token consent",
            Self::Open => b"posthaste token open",
            Self::Srs => b"posthaste token srs",
            Self::Unsubscribe => b"posthaste token unsubscribe",
        }
    }
}

/// The number of a key within its ring; it stands in every token in the clear.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(u8);

impl KeyId {
    /// The key of this number.
    pub const fn new(number: u8) -> Self {
        Self(number)
    }

    /// The number.
    pub const fn number(self) -> u8 {
        self.0
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The secrets of an application: one that seals, older ones that still open.
///
/// Which key seals depends on the date of the token alone: the newest one that had begun by then. So a
/// return path of a mail accepted before a rotation stays the same on every attempt after it.
#[derive(Clone)]
pub struct KeyRing {
    keys: Rotation<MasterSecret>,
}

impl KeyRing {
    /// A ring of one key.
    pub fn new(id: KeyId, secret: MasterSecret) -> Self {
        Self { keys: Rotation::new(id, secret) }
    }

    /// Adds a key that seals what is dated `since` or later.
    ///
    /// # Errors
    /// [`RingError`] if the ring has a key of this id, or one that begins later.
    pub fn rotate(&mut self, id: KeyId, secret: MasterSecret, since: Timestamp) -> Result<(), RingError> {
        self.keys.rotate(id, secret, since)
    }

    /// Removes an older key: what it sealed opens no more. Wait until nothing that it sealed can come
    /// back: the life of the queue and the age up to which bounces, links and consents count.
    ///
    /// # Errors
    /// [`RingError`] if there is no such key, or it is the newest.
    pub fn retire(&mut self, id: KeyId) -> Result<(), RingError> {
        self.keys.retire(id)
    }

    /// The ids of the keys, the oldest first.
    pub fn ids(&self) -> impl DoubleEndedIterator<Item = KeyId> {
        self.keys.iter().map(|key| key.id)
    }

    /// The key that seals what is dated `at`.
    pub fn current(&self, at: Timestamp) -> KeyId {
        self.keys.at(at).map_or(KeyId(0), |key| key.id)
    }

    /// The MAC of `parts` under the key `id`; `None` if there is no such key.
    pub(crate) fn mac(&self, id: KeyId, purpose: Purpose, form: Form, parts: &[&[u8]]) -> Option<[u8; 32]> {
        Some(hmac_sha256(&derived(self.keys.secret(id)?, purpose, form)[..], parts))
    }

    /// The keys of a purpose for formats that take a secret of any kind.
    pub(crate) fn shared(&self, purpose: Purpose) -> Rotation<SharedSecret> {
        self.keys.map(|key| SharedSecret::derived(&derived(&key.secret, purpose, Form::Shared)))
    }
}

fn derived(secret: &MasterSecret, purpose: Purpose, form: Form) -> Zeroizing<[u8; 32]> {
    // RFC 5869 §2.3, one block: the master secret is uniform, so the extract step is not needed.
    Zeroizing::new(hmac_sha256(&secret.expose_bytes()[..], &[purpose.label(), form.label(), &[1]]))
}

/// Which octets the MAC covers: a MAC over one form is none over the other.
#[derive(Clone, Copy)]
pub(crate) enum Form {
    Field,
    ReturnPath,
    Shared,
    Token,
}

impl Form {
    const fn label(self) -> &'static [u8] {
        match self {
            Self::Field => b" field v1",
            Self::ReturnPath => b" verp v1",
            Self::Shared => b" shared v1",
            Self::Token => b" v1",
        }
    }
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.keys.fmt(f)
    }
}
