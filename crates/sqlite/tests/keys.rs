//! Keys in the file: the contract, the way from version 2, erasing, damage.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use async_trait::async_trait;
use common::at;
use posthaste_queue::Spool;
use posthaste_sign::key_contract::{self, KeyStoreFixture};
use posthaste_sign::{KeyEntry, KeySecret, KeyStage, KeyState, KeyStore, KeyStoreErrorKind, Selector};
use posthaste_sqlite::Sqlite;
use posthaste_types::Domain;

struct Fixture(tempfile::TempDir, AtomicU32);

impl Fixture {
    fn open(&self) -> Arc<dyn KeyStore> {
        Arc::new(Sqlite::open(self.0.path().join(format!("{}.db", self.1.load(Ordering::Relaxed)))).unwrap())
    }
}

#[async_trait]
impl KeyStoreFixture for Fixture {
    async fn fresh(&self) -> Arc<dyn KeyStore> {
        self.1.fetch_add(1, Ordering::Relaxed);
        self.open()
    }

    async fn reopened(&self) -> Option<Arc<dyn KeyStore>> {
        Some(self.open())
    }
}

#[tokio::test]
async fn a_file_is_a_key_store() {
    let report = key_contract::check(&Fixture(tempfile::tempdir().unwrap(), AtomicU32::new(0))).await;
    assert!(report.skipped().is_empty(), "{report}");
}

fn own() -> (Domain, Selector) {
    ("example.com".parse().unwrap(), "s1".parse().unwrap())
}

fn entry() -> KeyEntry {
    let (domain, selector) = own();
    KeyEntry::new(domain, selector, "v=DKIM1; k=ed25519; p=AAAA", at(0)).unwrap()
}

fn secret() -> KeySecret {
    KeySecret::new(b"0123456789abcdefSECRET".repeat(3)).unwrap()
}

fn holds_secret(path: &Path) -> bool {
    fs::read(path).unwrap().windows(22).any(|octets| octets == b"0123456789abcdefSECRET")
}

#[tokio::test]
async fn a_file_of_version_2_takes_keys() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["v1.db", "v2.db"] {
        let path = folder.path().join(name);
        fs::copy(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name), &path).unwrap();
        #[cfg(unix)]
        fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
        let store = Sqlite::open(&path).unwrap();
        assert_eq!(store.keys(None).await.unwrap(), [], "{name}");
        KeyStore::put(&store, &entry(), &secret()).await.unwrap();
        store.close().await.unwrap();
        let store = Sqlite::open(&path).unwrap();
        assert_eq!(store.keys(None).await.unwrap(), [entry()], "{name}");
        assert_eq!(Spool::secret(&store, "master", [0; 32]).await.unwrap(), [42; 32], "what was there stands");
        drop(store);
        let conn = rusqlite::Connection::open(&path).unwrap();
        let version: i64 = conn.query_row("PRAGMA user_version", [], |row| row.get(0)).unwrap();
        assert_eq!(version, 3, "{name}");
    }
}

#[tokio::test]
async fn an_erased_secret_leaves_the_file() {
    // Of the first length it stands with its entry, of the second on pages of its own.
    for copies in [3, 120] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("mail.db");
        let store = Sqlite::open(&path).unwrap();
        let secret = KeySecret::new(b"0123456789abcdefSECRET".repeat(copies)).unwrap();
        KeyStore::put(&store, &entry(), &secret).await.unwrap();
        let (domain, selector) = own();
        // Each stage rewrites the entry.
        let mut state = entry().state();
        for stage in [KeyStage::Shown, KeyStage::Signing, KeyStage::Retiring] {
            let to = KeyState::new(stage, at(1)).until(at(2));
            assert!(store.advance(&domain, &selector, state, to).await.unwrap());
            state = to;
        }
        store.close().await.unwrap();
        assert!(holds_secret(&path), "the test can see it");
        let store = Sqlite::open(&path).unwrap();
        assert!(store.erase(&domain, &selector).await.unwrap());
        store.close().await.unwrap();
        assert!(!holds_secret(&path), "{copies}");
        assert!(!path.with_extension("db-wal").exists());
    }
}

#[cfg(unix)]
#[tokio::test]
async fn a_file_that_others_may_read_gives_no_secret_and_takes_none() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mail.db");
    let store = Sqlite::open(&path).unwrap();
    KeyStore::put(&store, &entry(), &secret()).await.unwrap();
    fs::set_permissions(&path, PermissionsExt::from_mode(0o640)).unwrap();
    let (domain, selector) = own();
    let error = KeyStore::secret(&store, &domain, &selector).await.unwrap_err();
    assert_eq!(error.kind(), KeyStoreErrorKind::Exposed);
    assert!(error.to_string().contains("mail.db: others may use its secrets (mode 640)"), "{error}");
    let other = KeyEntry::new(domain, "s2".parse().unwrap(), "v=DKIM1; p=", at(0)).unwrap();
    assert_eq!(KeyStore::put(&store, &other, &secret()).await.unwrap_err().kind(), KeyStoreErrorKind::Exposed);
    assert_eq!(store.keys(None).await.unwrap(), [entry()], "entries are no secret");
}

#[tokio::test]
async fn damage_is_told_and_people_may_look() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mail.db");
    let store = Sqlite::open(&path).unwrap();
    KeyStore::put(&store, &entry(), &secret()).await.unwrap();
    let (domain, selector) = own();
    let signing = KeyState::new(KeyStage::Signing, at(1)).until(at(2));
    assert!(store.advance(&domain, &selector, entry().state(), signing).await.unwrap());
    let conn = rusqlite::Connection::open(&path).unwrap();
    let row = conn.query_row("SELECT domain || ' ' || stage || ' ' || since || ' ' || until FROM key", [], |row| {
        row.get::<_, String>(0)
    });
    assert_eq!(row.unwrap(), "example.com signing 2027-01-15T08:00:01Z 2027-01-15T08:00:02Z");
    for (damage, mend) in [
        ("stage = 'sleeping'", "stage = 'signing'"),
        ("selector = 'a b'", "selector = 's1'"),
        ("record = char(10)", "record = 'v=DKIM1; p='"),
    ] {
        conn.execute(&format!("UPDATE dkim_key SET {damage}"), []).unwrap();
        let error = store.keys(None).await.unwrap_err();
        assert_eq!(error.kind(), KeyStoreErrorKind::Damaged, "{damage}: {error}");
        conn.execute(&format!("UPDATE dkim_key SET {mend}"), []).unwrap();
    }
    conn.execute("UPDATE dkim_key SET secret = x''", []).unwrap();
    assert_eq!(KeyStore::secret(&store, &domain, &selector).await.unwrap_err().kind(), KeyStoreErrorKind::Damaged);
    store.close().await.unwrap();
    let error = store.keys(None).await.unwrap_err();
    assert!(error.kind() == KeyStoreErrorKind::Unavailable && error.is_transient(), "{error}");
}
