//! Keys that several hosts or several kinds of software have in common.

use posthaste_types::Timestamp;

use crate::error::RingError;
use crate::ring::{KeyId, KeyRing, Purpose};
use crate::rotation::{Key, Rotation};
use crate::secret::SharedSecret;

/// The secrets of a format that other software makes and reads too: one that seals, older ones that
/// still open. Ids are 0 to 9: [`Batv`](crate::Batv) writes one digit.
///
/// Whoever seals must use one set for one purpose: [`derive`](Self::derive) sees to that, and secrets
/// from elsewhere should not be used for two formats.
#[derive(Clone, Debug)]
pub struct SharedKeys {
    keys: Rotation<SharedSecret>,
}

impl SharedKeys {
    /// One secret.
    ///
    /// # Errors
    /// [`RingError::NotADigit`] if the id is more than 9.
    pub fn new(id: KeyId, secret: SharedSecret) -> Result<Self, RingError> {
        digit(id)?;
        Ok(Self { keys: Rotation::new(id, secret) })
    }

    /// The keys of a purpose, with the ids and dates of the ring, where no other software has to know
    /// them. A key of one purpose is none of another.
    ///
    /// # Errors
    /// [`RingError::NotADigit`] if an id of the ring is more than 9.
    pub fn derive(ring: &KeyRing, purpose: Purpose) -> Result<Self, RingError> {
        ring.ids().try_for_each(digit)?;
        Ok(Self { keys: ring.shared(purpose) })
    }

    /// Adds a secret that seals what is dated `since` or later.
    ///
    /// # Errors
    /// [`RingError`] if the id is more than 9 or taken, or another secret begins later.
    pub fn rotate(&mut self, id: KeyId, secret: SharedSecret, since: Timestamp) -> Result<(), RingError> {
        digit(id)?;
        self.keys.rotate(id, secret, since)
    }

    /// Removes an older secret: what it sealed opens no more.
    ///
    /// # Errors
    /// [`RingError`] if there is no such secret, or it is the newest.
    pub fn retire(&mut self, id: KeyId) -> Result<(), RingError> {
        self.keys.retire(id)
    }

    /// The secret that seals what is dated `at`.
    pub(crate) fn sealing(&self, at: Timestamp) -> &Key<SharedSecret> {
        match self.keys.at(at) {
            Some(key) => key,
            None => unreachable!("a rotation begins with one key, and its newest is never removed"),
        }
    }

    pub(crate) fn secret(&self, id: KeyId) -> Option<&SharedSecret> {
        self.keys.secret(id)
    }

    /// The newest first.
    pub(crate) fn secrets(&self) -> impl Iterator<Item = &SharedSecret> {
        self.keys.iter().rev().map(|key| &key.secret)
    }
}

fn digit(id: KeyId) -> Result<(), RingError> {
    if id.number() > 9 { Err(RingError::NotADigit(id)) } else { Ok(()) }
}
