//! The fake store keeps the contract; the suite catches stores that do not.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::sync::Arc;

use async_trait::async_trait;
use posthaste_sign::key_contract::{self, KeyStoreFixture};
use posthaste_sign::{
    KeyEntry, KeySecret, KeyStage, KeyState, KeyStore, KeyStoreError, KeyStoreErrorKind, MemoryKeys, Selector,
};
use posthaste_types::{Domain, Timestamp};

struct Fixture;

#[async_trait]
impl KeyStoreFixture for Fixture {
    async fn fresh(&self) -> Arc<dyn KeyStore> {
        Arc::new(MemoryKeys::new())
    }
}

#[tokio::test]
async fn the_fake_keeps_the_contract() {
    let report = key_contract::check(&Fixture).await;
    assert_eq!((report.shown().len(), report.skipped().len()), (7, 1), "{report}");
}

/// How a store breaks the contract.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Flaw {
    AdvancesAnything,
    ForgetsErasing,
    LosesUntil,
    PrintsSecrets,
    WritesOver,
}

#[derive(Debug)]
struct Flawed {
    flaw: Flaw,
    inner: std::sync::Mutex<Arc<MemoryKeys>>,
    printed: std::sync::Mutex<String>,
}

impl Flawed {
    fn inner(&self) -> Arc<MemoryKeys> {
        self.inner.lock().unwrap().clone()
    }
}

#[async_trait]
impl KeyStore for Flawed {
    async fn put(&self, entry: &KeyEntry, secret: &KeySecret) -> Result<(), KeyStoreError> {
        if self.flaw == Flaw::PrintsSecrets {
            *self.printed.lock().unwrap() = String::from_utf8_lossy(secret.expose()).into_owned();
        }
        match self.inner().put(entry, secret).await {
            Err(_) if self.flaw == Flaw::WritesOver => {
                let fresh = Arc::new(MemoryKeys::new());
                fresh.put(entry, secret).await?;
                *self.inner.lock().unwrap() = fresh;
                Ok(())
            }
            done => done,
        }
    }

    async fn keys(&self, domain: Option<&Domain>) -> Result<Vec<KeyEntry>, KeyStoreError> {
        let mut found = self.inner().keys(domain).await?;
        if self.flaw == Flaw::LosesUntil {
            for entry in &mut found {
                let KeyState { stage, since, .. } = entry.state();
                *entry = entry.clone().in_state(KeyState::new(stage, since));
            }
        }
        Ok(found)
    }

    async fn secret(&self, domain: &Domain, selector: &Selector) -> Result<Option<KeySecret>, KeyStoreError> {
        self.inner().secret(domain, selector).await
    }

    async fn advance(
        &self,
        domain: &Domain,
        selector: &Selector,
        from: KeyState,
        to: KeyState,
    ) -> Result<bool, KeyStoreError> {
        let found = self.inner().keys(Some(domain)).await?.into_iter().find(|entry| entry.selector() == selector);
        let from = if self.flaw == Flaw::AdvancesAnything { found.map_or(from, |entry| entry.state()) } else { from };
        self.inner().advance(domain, selector, from, to).await
    }

    async fn erase(&self, domain: &Domain, selector: &Selector) -> Result<bool, KeyStoreError> {
        if self.flaw == Flaw::ForgetsErasing {
            return Ok(self.inner().secret(domain, selector).await?.is_some());
        }
        self.inner().erase(domain, selector).await
    }
}

struct FlawedFixture(Flaw);

#[async_trait]
impl KeyStoreFixture for FlawedFixture {
    async fn fresh(&self) -> Arc<dyn KeyStore> {
        Arc::new(Flawed { flaw: self.0, inner: Default::default(), printed: Default::default() })
    }
}

#[test]
fn the_suite_catches_stores_that_break_it() {
    for flaw in [Flaw::AdvancesAnything, Flaw::ForgetsErasing, Flaw::LosesUntil, Flaw::PrintsSecrets, Flaw::WritesOver]
    {
        let run = move || {
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            runtime.block_on(key_contract::check(&FlawedFixture(flaw)));
        };
        assert!(std::thread::spawn(run).join().is_err(), "{flaw:?} is caught");
    }
}

#[tokio::test]
async fn a_store_that_fails_is_not_an_empty_one() {
    let store = MemoryKeys::new();
    store.fail();
    let error = store.keys(None).await.unwrap_err();
    assert!(error.kind() == KeyStoreErrorKind::Unavailable && error.is_transient());
    store.recover();
    assert_eq!(store.keys(None).await.unwrap(), []);
}

#[test]
fn entries_and_secrets_cannot_be_built_wrongly() {
    let entry = |record: &str| {
        KeyEntry::new("a.example".parse().unwrap(), "s1".parse().unwrap(), record, Timestamp::from_unix_secs(0))
    };
    assert_eq!(entry("v=DKIM1;\r\np=").unwrap_err().at(), 8);
    assert_eq!(entry(&"x".repeat(5000)).unwrap_err().at(), KeyEntry::MAX_RECORD);
    assert!(KeySecret::new(Vec::new()).is_none() && KeySecret::new(vec![0; KeySecret::MAX + 1]).is_none());
    assert_ne!(KeySecret::new(vec![1]), KeySecret::new(vec![2]));
    for stage in KeyStage::ALL {
        assert_eq!(stage.to_string().parse(), Ok(*stage));
    }
    assert!("Signing".parse::<KeyStage>().is_err());
}
