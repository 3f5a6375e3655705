//! A signer whose keys come from a store and change while it runs.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use posthaste_dkim::{DkimKey, KeyKind, Reach, StoredKeys};
use posthaste_sign::contract::{self, SignFixture};
use posthaste_sign::{
    KeyEntry, KeySecret, KeyStage, KeyState, KeyStore, KeyStoreError, KeyStoreErrorKind, MemoryKeys, Selector, Sign,
    SignErrorKind, Signs,
};
use posthaste_types::{Content, Domain, Timestamp};
use support::{AT, content, ed25519, rsa};

async fn put(store: &MemoryKeys, domain: &str, selector: &str, key: &DkimKey, stage: KeyStage) -> KeyEntry {
    let (entry, secret) = key.to_kept(&domain.parse().unwrap(), &selector.parse().unwrap(), AT).unwrap();
    let entry = entry.in_state(KeyState::new(stage, AT));
    store.put(&entry, &secret).await.unwrap();
    entry
}

async fn advance(store: &MemoryKeys, entry: &KeyEntry, stage: KeyStage) {
    let found = store.keys(None).await.unwrap();
    let from = found.iter().find(|key| key.name() == entry.name()).unwrap().state();
    assert!(store.advance(entry.domain(), entry.selector(), from, KeyState::new(stage, AT)).await.unwrap());
}

fn mail(from: &str) -> Content {
    content(&format!("From: ada@{from}\r\nSubject: hi\r\n\r\nhi\r\n"))
}

/// The selectors that sign, in the order of the fields.
async fn selectors(signer: &StoredKeys, from: &str, at: Timestamp) -> Vec<String> {
    let fields = signer.sign(&mail(from), at).await.unwrap();
    let selector = |field: &posthaste_types::HeaderField| {
        let text = field.as_str().to_owned();
        text.split(" s=").nth(1).unwrap().split(';').next().unwrap().to_owned()
    };
    fields.iter().map(selector).collect()
}

fn later(seconds: u64) -> Timestamp {
    AT.saturating_add(Duration::from_secs(seconds))
}

struct Fixture(Arc<StoredKeys>);

impl SignFixture for Fixture {
    fn signer(&self) -> Arc<dyn Sign> {
        self.0.clone()
    }

    fn from(&self) -> Domain {
        "news.example.com".parse().unwrap()
    }

    fn stranger(&self) -> Option<Domain> {
        "example.com".parse().ok()
    }
}

#[tokio::test]
async fn it_holds_the_contract_of_signing() {
    let store = Arc::new(MemoryKeys::new());
    put(&store, "news.example.com", "s1", &ed25519(), KeyStage::Signing).await;
    put(&store, "news.example.com", "s2", &rsa(), KeyStage::Signing).await;
    contract::check(&Fixture(Arc::new(StoredKeys::new(store)))).await;
}

#[tokio::test]
async fn keys_change_while_it_runs() {
    let store = Arc::new(MemoryKeys::new());
    let old = put(&store, "a.example", "s1", &ed25519(), KeyStage::Signing).await;
    let new = put(&store, "a.example", "s2", &DkimKey::generate(KeyKind::Ed25519).unwrap(), KeyStage::Shown).await;
    put(&store, "a.example", "r1", &rsa(), KeyStage::Signing).await;
    let signer = StoredKeys::new(store.clone());
    assert_eq!(signer.signs_for(&"a.example".parse().unwrap()), Signs::Unknown, "nothing was read");
    assert_eq!(selectors(&signer, "a.example", AT).await, ["r1", "s1"], "only those in use, all at once");

    advance(&store, &new, KeyStage::Signing).await;
    advance(&store, &old, KeyStage::Retiring).await;
    assert!(store.erase(old.domain(), old.selector()).await.unwrap());
    assert_eq!(selectors(&signer, "a.example", later(59)).await, ["r1", "s1"]);
    assert_eq!(selectors(&signer, "a.example", later(60)).await, ["r1", "s2"]);
    advance(&store, &new, KeyStage::Revoked).await;
    signer.refresh(later(61)).await.unwrap();
    assert_eq!(selectors(&signer, "a.example", later(61)).await, ["r1"], "at once, if told so");
    // A clock that is set back by far does not stop the reading.
    put(&store, "a.example", "s3", &ed25519(), KeyStage::Signing).await;
    assert_eq!(selectors(&signer, "a.example", AT.saturating_sub(Duration::from_secs(9))).await, ["r1", "s3"]);
}

#[tokio::test]
async fn a_store_that_fails_stops_no_mail_of_a_signer_that_runs() {
    let store = Arc::new(MemoryKeys::new());
    put(&store, "a.example", "s1", &ed25519(), KeyStage::Signing).await;
    let signer = StoredKeys::new(store.clone());
    store.fail();
    let error = signer.sign(&mail("a.example"), AT).await.unwrap_err();
    assert!(*error.kind() == SignErrorKind::Unavailable && error.is_transient(), "not known is not no key: {error}");
    assert!(signer.refresh(AT).await.is_err());
    store.recover();
    assert_eq!(selectors(&signer, "a.example", AT).await, ["s1"]);
    store.fail();
    assert_eq!(selectors(&signer, "a.example", later(3600)).await, ["s1"]);
    store.recover();
    put(&store, "a.example", "s2", &ed25519(), KeyStage::Signing).await;
    assert_eq!(selectors(&signer, "a.example", later(3604)).await, ["s1"], "soon, not at every message");
    assert_eq!(selectors(&signer, "a.example", later(3605)).await, ["s1", "s2"]);
}

#[tokio::test]
async fn a_key_that_cannot_be_used_stops_its_domain_alone() {
    let store = Arc::new(MemoryKeys::new());
    let (entry, _) = ed25519().to_kept(&"b.example".parse().unwrap(), &"s1".parse().unwrap(), AT).unwrap();
    let entry = entry.in_state(KeyState::new(KeyStage::Signing, AT));
    store.put(&entry, &KeySecret::new(b"no key".to_vec()).unwrap()).await.unwrap();
    put(&store, "a.example", "s1", &ed25519(), KeyStage::Signing).await;
    put(&store, "b.example", "s2", &ed25519(), KeyStage::Signing).await;
    let signer = StoredKeys::new(store.clone());
    assert_eq!(selectors(&signer, "a.example", AT).await, ["s1"]);
    let error = signer.sign(&mail("b.example"), AT).await.unwrap_err();
    assert!(*error.kind() == SignErrorKind::Key && !error.is_transient(), "not by half: {error}");
    assert!(store.erase(entry.domain(), entry.selector()).await.unwrap());
    let error = signer.refresh(AT).await.unwrap_err();
    assert_eq!(error.to_string(), "key store: s1._domainkey.b.example signs, and its secret is erased");
}

#[tokio::test]
async fn the_from_domain_decides_among_many() {
    let store = Arc::new(MemoryKeys::new());
    for domain in ["a.example", "b.example", "news.b.example"] {
        put(&store, domain, &format!("s-{}", domain.replace('.', "-")), &ed25519(), KeyStage::Signing).await;
    }
    let exact = StoredKeys::new(store.clone()).every(Duration::from_secs(1));
    assert_eq!(selectors(&exact, "news.b.example", AT).await, ["s-news-b-example"]);
    assert!(exact.sign(&mail("x.a.example"), AT).await.is_err());
    assert_eq!(exact.signs_for(&"b.example".parse().unwrap()), Signs::Yes);
    let below = StoredKeys::new(store).shape(|dkim| dkim.reach(Reach::DomainAndBelow));
    assert_eq!(selectors(&below, "x.a.example", AT).await, ["s-a-example"]);
    assert_eq!(selectors(&below, "news.b.example", AT).await, ["s-news-b-example", "s-b-example"]);
    let two = content("From: ada@a.example, bob@b.example\r\n\r\nhi\r\n");
    assert_eq!(exact.sign(&two, AT).await.unwrap().len(), 2);
    assert!(!format!("{below:?}").contains("Ed25519"), "no key prints");
}

#[test]
fn long_keys_are_made_and_known_again() {
    let key = DkimKey::generate(KeyKind::Rsa4096).unwrap();
    let (entry, secret) = key.to_kept(&"a.example".parse().unwrap(), &"s1".parse().unwrap(), AT).unwrap();
    assert!(entry.record().len() > 700 && entry.record().starts_with("v=DKIM1; k=rsa; p=MIICIjAN"));
    assert_eq!(DkimKey::from_secret(&secret).unwrap().kind(), KeyKind::Rsa4096);
    assert_eq!(rsa().kind(), KeyKind::Rsa2048);
    assert!(!format!("{secret:?}{entry:?}").contains("MIIJ"), "no secret prints");
}

/// A store in which the secret of one domain is damaged.
#[derive(Debug)]
struct Damaged(MemoryKeys, Domain);

#[async_trait]
impl KeyStore for Damaged {
    async fn put(&self, entry: &KeyEntry, secret: &KeySecret) -> Result<(), KeyStoreError> {
        self.0.put(entry, secret).await
    }

    async fn keys(&self, domain: Option<&Domain>) -> Result<Vec<KeyEntry>, KeyStoreError> {
        self.0.keys(domain).await
    }

    async fn secret(&self, domain: &Domain, selector: &Selector) -> Result<Option<KeySecret>, KeyStoreError> {
        match *domain == self.1 {
            true => Err(KeyStoreError::new(KeyStoreErrorKind::Damaged, "it is not base64")),
            false => self.0.secret(domain, selector).await,
        }
    }

    async fn advance(
        &self,
        domain: &Domain,
        selector: &Selector,
        from: KeyState,
        to: KeyState,
    ) -> Result<bool, KeyStoreError> {
        self.0.advance(domain, selector, from, to).await
    }

    async fn erase(&self, domain: &Domain, selector: &Selector) -> Result<bool, KeyStoreError> {
        self.0.erase(domain, selector).await
    }
}

#[tokio::test]
async fn a_damaged_secret_stops_no_other_domain() {
    let keys = MemoryKeys::new();
    for domain in ["example.com", "shop.example"] {
        put(&keys, domain, "s1", &ed25519(), KeyStage::Signing).await;
    }
    let signer = StoredKeys::new(Arc::new(Damaged(keys, "shop.example".parse().unwrap())));
    signer.refresh(AT).await.unwrap();
    assert_eq!(selectors(&signer, "example.com", AT).await, ["s1"]);
    let error = signer.sign(&mail("shop.example"), AT).await.unwrap_err();
    assert_eq!(error.kind(), &SignErrorKind::Key);
}
