//! Keys in the order of their beginning.

use posthaste_types::Timestamp;

use crate::error::RingError;
use crate::ring::KeyId;

/// Sorted by the beginning; the first key counts for all time before the second.
#[derive(Clone)]
pub(crate) struct Rotation<S> {
    keys: Vec<Key<S>>,
}

#[derive(Clone)]
pub(crate) struct Key<S> {
    pub(crate) id: KeyId,
    pub(crate) since: Timestamp,
    pub(crate) secret: S,
}

impl<S> Rotation<S> {
    pub(crate) fn new(id: KeyId, secret: S) -> Self {
        Self { keys: vec![Key { id, since: Timestamp::default(), secret }] }
    }

    pub(crate) fn rotate(&mut self, id: KeyId, secret: S, since: Timestamp) -> Result<(), RingError> {
        if self.keys.iter().any(|known| known.id == id) {
            return Err(RingError::Duplicate(id));
        }
        if let Some(newest) = self.keys.last().map(|key| key.since).filter(|newest| *newest > since) {
            return Err(RingError::OutOfOrder { newest });
        }
        self.keys.push(Key { id, since, secret });
        Ok(())
    }

    pub(crate) fn retire(&mut self, id: KeyId) -> Result<(), RingError> {
        match self.keys.iter().position(|key| key.id == id) {
            None => Err(RingError::Unknown(id)),
            Some(at) if at + 1 == self.keys.len() => Err(RingError::Current(id)),
            Some(at) => {
                self.keys.remove(at);
                Ok(())
            }
        }
    }

    /// The oldest first.
    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = &Key<S>> {
        self.keys.iter()
    }

    pub(crate) fn at(&self, at: Timestamp) -> Option<&Key<S>> {
        self.keys.iter().rev().find(|key| key.since <= at).or(self.keys.first())
    }

    pub(crate) fn secret(&self, id: KeyId) -> Option<&S> {
        self.keys.iter().find(|key| key.id == id).map(|key| &key.secret)
    }

    /// The same keys, each with another secret.
    pub(crate) fn map<T>(&self, secret: impl Fn(&Key<S>) -> T) -> Rotation<T> {
        Rotation {
            keys: self.keys.iter().map(|key| Key { id: key.id, since: key.since, secret: secret(key) }).collect(),
        }
    }
}

/// Which keys there are and since when; never their secrets.
impl<S> std::fmt::Debug for Rotation<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.keys.iter().map(|key| (key.id, key.since))).finish()
    }
}
