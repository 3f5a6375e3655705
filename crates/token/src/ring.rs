//! Keys by purpose, and their rotation.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use posthaste_types::Timestamp;
use sha2::Sha256;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::error::RingError;
use crate::secret::MasterSecret;

/// What a token is for. A token of one purpose never opens as one of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Purpose {
    /// Return paths and bounces.
    Bounce,
    /// Tracked links.
    Click,
    /// Confirmation of consent.
    Consent,
    /// Tracked opens.
    Open,
    /// Links and addresses by which a recipient leaves a list.
    Unsubscribe,
}

impl Purpose {
    const fn label(self) -> &'static [u8] {
        match self {
            Self::Bounce => b"posthaste token bounce",
            Self::Click => b"posthaste token click",
            Self::Consent => b"posthaste token consent",
            Self::Open => b"posthaste token open",
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
    /// Sorted by the beginning; the first one counts for all time before the second.
    keys: Vec<Key>,
}

#[derive(Clone)]
struct Key {
    id: KeyId,
    since: Timestamp,
    secret: MasterSecret,
}

impl KeyRing {
    /// A ring of one key.
    pub fn new(id: KeyId, secret: MasterSecret) -> Self {
        Self { keys: vec![Key { id, since: Timestamp::default(), secret }] }
    }

    /// Adds a key that seals what is dated `since` or later.
    ///
    /// # Errors
    /// [`RingError`] if the ring has a key of this id, or one that begins later.
    pub fn rotate(&mut self, id: KeyId, secret: MasterSecret, since: Timestamp) -> Result<(), RingError> {
        if self.ids().any(|known| known == id) {
            return Err(RingError::Duplicate(id));
        }
        if let Some(newest) = self.keys.last().map(|key| key.since).filter(|newest| *newest > since) {
            return Err(RingError::OutOfOrder { newest });
        }
        self.keys.push(Key { id, since, secret });
        Ok(())
    }

    /// Removes an older key: what it sealed opens no more. Wait until nothing that it sealed can come
    /// back: the life of the queue and the age up to which bounces, links and consents count.
    ///
    /// # Errors
    /// [`RingError`] if there is no such key, or it is the newest.
    pub fn retire(&mut self, id: KeyId) -> Result<(), RingError> {
        match self.keys.iter().position(|key| key.id == id) {
            None => Err(RingError::Unknown(id)),
            Some(at) if at + 1 == self.keys.len() => Err(RingError::Current(id)),
            Some(at) => {
                self.keys.remove(at);
                Ok(())
            }
        }
    }

    /// The ids of the keys, the oldest first.
    pub fn ids(&self) -> impl DoubleEndedIterator<Item = KeyId> {
        self.keys.iter().map(|key| key.id)
    }

    /// The key that seals what is dated `at`.
    pub fn current(&self, at: Timestamp) -> KeyId {
        self.key_at(at).map_or(KeyId(0), |key| key.id)
    }

    fn key_at(&self, at: Timestamp) -> Option<&Key> {
        self.keys.iter().rev().find(|key| key.since <= at).or(self.keys.first())
    }

    /// The MAC of `parts` under the key `id`; `None` if there is no such key.
    pub(crate) fn mac(&self, id: KeyId, purpose: Purpose, form: Form, parts: &[&[u8]]) -> Option<[u8; 32]> {
        let key = self.keys.iter().find(|key| key.id == id)?;
        // RFC 5869 §2.3, one block: the master secret is uniform, so the extract step is not needed.
        let derived = Zeroizing::new(hmac(&key.secret.expose_bytes()[..], &[purpose.label(), form.label(), &[1]]));
        Some(hmac(&derived[..], parts))
    }
}

/// Which octets the MAC covers: a MAC over one form is none over the other.
#[derive(Clone, Copy)]
pub(crate) enum Form {
    Token,
    ReturnPath,
}

impl Form {
    const fn label(self) -> &'static [u8] {
        match self {
            Self::Token => b" v1",
            Self::ReturnPath => b" verp v1",
        }
    }
}

/// Compares in constant time; `given` may be the beginning of the MAC.
pub(crate) fn mac_matches(given: &[u8], mac: &[u8; 32]) -> bool {
    mac.get(..given.len()).is_some_and(|mac| bool::from(mac.ct_eq(given)))
}

fn hmac(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else {
        unreachable!("HMAC takes keys of every length (RFC 2104 §2)");
    };
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.keys.iter().map(|key| (key.id, key.since))).finish()
    }
}
