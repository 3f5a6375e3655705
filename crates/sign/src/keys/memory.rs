//! The fake.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use posthaste_types::Domain;

use super::entry::{KeyEntry, KeyState};
use super::error::{KeyStoreError, KeyStoreErrorKind};
use super::secret::KeySecret;
use super::store::KeyStore;
use crate::selector::Selector;

/// Keys in memory: for tests, and for those who keep theirs in a vault and load them.
#[derive(Debug, Default)]
pub struct MemoryKeys {
    kept: Mutex<Kept>,
    down: Mutex<bool>,
}

impl MemoryKeys {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    /// From now on every call fails as [`KeyStoreErrorKind::Unavailable`], until [`recover`](Self::recover).
    pub fn fail(&self) {
        *self.down.lock().unwrap_or_else(PoisonError::into_inner) = true;
    }

    /// From now on calls are answered again.
    pub fn recover(&self) {
        *self.down.lock().unwrap_or_else(PoisonError::into_inner) = false;
    }

    fn kept(&self) -> Result<MutexGuard<'_, Kept>, KeyStoreError> {
        if *self.down.lock().unwrap_or_else(PoisonError::into_inner) {
            return Err(KeyStoreError::new(KeyStoreErrorKind::Unavailable, "the fake was told to fail"));
        }
        Ok(self.kept.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

type Kept = BTreeMap<(String, String), (KeyEntry, Option<KeySecret>)>;

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl KeyStore for MemoryKeys {
    async fn put(&self, entry: &KeyEntry, secret: &KeySecret) -> Result<(), KeyStoreError> {
        let mut kept = self.kept()?;
        let key = key(entry.domain(), entry.selector());
        if kept.contains_key(&key) {
            let what = format!("there is a key {} of {}", entry.selector(), entry.domain());
            return Err(KeyStoreError::new(KeyStoreErrorKind::Exists, what));
        }
        kept.insert(key, (entry.clone(), Some(secret.clone())));
        Ok(())
    }

    async fn keys(&self, domain: Option<&Domain>) -> Result<Vec<KeyEntry>, KeyStoreError> {
        let kept = self.kept()?;
        let of = |entry: &&KeyEntry| domain.is_none_or(|domain| entry.domain() == domain);
        Ok(kept.values().map(|(entry, _)| entry).filter(of).cloned().collect())
    }

    async fn secret(&self, domain: &Domain, selector: &Selector) -> Result<Option<KeySecret>, KeyStoreError> {
        Ok(self.kept()?.get(&key(domain, selector)).and_then(|(_, secret)| secret.clone()))
    }

    async fn advance(
        &self,
        domain: &Domain,
        selector: &Selector,
        from: KeyState,
        to: KeyState,
    ) -> Result<bool, KeyStoreError> {
        let mut kept = self.kept()?;
        let Some((entry, _)) = kept.get_mut(&key(domain, selector)).filter(|(entry, _)| entry.state() == from) else {
            return Ok(false);
        };
        *entry = entry.clone().in_state(to);
        Ok(true)
    }

    async fn erase(&self, domain: &Domain, selector: &Selector) -> Result<bool, KeyStoreError> {
        let mut kept = self.kept()?;
        Ok(kept.get_mut(&key(domain, selector)).and_then(|(_, secret)| secret.take()).is_some())
    }
}

fn key(domain: &Domain, selector: &Selector) -> (String, String) {
    (domain.as_str().to_owned(), selector.as_str().to_owned())
}
