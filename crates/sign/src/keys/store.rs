//! The port of stores.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use posthaste_types::Domain;

use super::entry::{KeyEntry, KeyState};
use super::error::KeyStoreError;
use super::secret::KeySecret;
use crate::selector::Selector;

/// Keeps the keys of domains, their secrets and where each stands in its life.
///
/// # Contract
/// * A key is known by domain and selector. [`put`](Self::put) of one that is there is refused
///   ([`Exists`](crate::KeyStoreErrorKind::Exists)), whatever its stage: a secret is never written over, and a selector
///   never means two keys.
/// * What returned is on disk, where there is one, and is seen by every later call on any handle.
/// * [`advance`](Self::advance) compares and sets: of two that begin with the same state, one gets `true`. Nothing else
///   of the entry changes.
/// * [`secret`](Self::secret) gives what `put` got, octet for octet, until [`erase`](Self::erase) returned; then `None`,
///   for good. The entry stays.
/// * [`keys`](Self::keys) gives all entries, sorted by domain and selector, and no secret.
/// * `Err` means "not known": neither that there is no key, nor that nothing was written. Errors and `Debug` hold no
///   secret. Secrets are kept so that only their owner can read them, and a store that finds them open to others says
///   so and gives none ([`Exposed`](crate::KeyStoreErrorKind::Exposed)).
/// * Calls run concurrently. Dropping the future of a write leaves it done or not done, never half.
///
/// [`key_contract::check`](crate::key_contract::check) holds a store to this.
#[async_trait]
pub trait KeyStore: fmt::Debug + Send + Sync {
    /// Keeps a new key with its secret.
    ///
    /// # Errors
    /// [`KeyStoreError`]; of kind [`Exists`](crate::KeyStoreErrorKind::Exists) if the selector is taken.
    async fn put(&self, entry: &KeyEntry, secret: &KeySecret) -> Result<(), KeyStoreError>;

    /// The keys of a domain, or of all.
    ///
    /// # Errors
    /// [`KeyStoreError`].
    async fn keys(&self, domain: Option<&Domain>) -> Result<Vec<KeyEntry>, KeyStoreError>;

    /// The secret of a key; `None` if there is no such key, or its secret is erased.
    ///
    /// # Errors
    /// [`KeyStoreError`].
    async fn secret(&self, domain: &Domain, selector: &Selector) -> Result<Option<KeySecret>, KeyStoreError>;

    /// Brings a key from one state to another; `false`, and nothing is done, if it is not there or not in `from`.
    ///
    /// # Errors
    /// [`KeyStoreError`].
    async fn advance(
        &self,
        domain: &Domain,
        selector: &Selector,
        from: KeyState,
        to: KeyState,
    ) -> Result<bool, KeyStoreError>;

    /// Erases the secret of a key for good; `false` if there was none.
    ///
    /// # Errors
    /// [`KeyStoreError`].
    async fn erase(&self, domain: &Domain, selector: &Selector) -> Result<bool, KeyStoreError>;
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl<S: KeyStore + ?Sized> KeyStore for Arc<S> {
    async fn put(&self, entry: &KeyEntry, secret: &KeySecret) -> Result<(), KeyStoreError> {
        (**self).put(entry, secret).await
    }

    async fn keys(&self, domain: Option<&Domain>) -> Result<Vec<KeyEntry>, KeyStoreError> {
        (**self).keys(domain).await
    }

    async fn secret(&self, domain: &Domain, selector: &Selector) -> Result<Option<KeySecret>, KeyStoreError> {
        (**self).secret(domain, selector).await
    }

    async fn advance(
        &self,
        domain: &Domain,
        selector: &Selector,
        from: KeyState,
        to: KeyState,
    ) -> Result<bool, KeyStoreError> {
        (**self).advance(domain, selector, from, to).await
    }

    async fn erase(&self, domain: &Domain, selector: &Selector) -> Result<bool, KeyStoreError> {
        (**self).erase(domain, selector).await
    }
}
