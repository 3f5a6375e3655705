//! The folder keeps the contract; what others may read is refused; a crash leaves nothing half.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use posthaste_keystore_file::KeyFolder;
use posthaste_sign::key_contract::{self, KeyStoreFixture};
use posthaste_sign::{KeyEntry, KeySecret, KeyStage, KeyState, KeyStore, KeyStoreErrorKind, Selector};
use posthaste_types::{Domain, Timestamp};

#[derive(Default)]
struct Fixture(Mutex<Option<tempfile::TempDir>>);

#[async_trait]
impl KeyStoreFixture for Fixture {
    async fn fresh(&self) -> Arc<dyn KeyStore> {
        let folder = tempfile::tempdir().unwrap();
        let store = KeyFolder::open(folder.path().join("keys")).unwrap();
        *self.0.lock().unwrap() = Some(folder);
        Arc::new(store)
    }

    async fn reopened(&self) -> Option<Arc<dyn KeyStore>> {
        let folder = self.0.lock().unwrap();
        Some(Arc::new(KeyFolder::open(folder.as_ref()?.path().join("keys")).unwrap()))
    }
}

#[tokio::test]
async fn the_folder_keeps_the_contract() {
    let report = key_contract::check(&Fixture::default()).await;
    assert_eq!((report.shown().len(), report.skipped().len()), (8, 0), "{report}");
}

fn own() -> (Domain, Selector) {
    ("example.com".parse().unwrap(), "s1".parse().unwrap())
}

fn entry() -> KeyEntry {
    let (domain, selector) = own();
    KeyEntry::new(domain, selector, "v=DKIM1; p=AAAA", Timestamp::from_unix_secs(1)).unwrap()
}

fn secret() -> KeySecret {
    KeySecret::new(vec![0xA5; 48]).unwrap()
}

async fn filled(folder: &Path) -> (KeyFolder, PathBuf) {
    let store = KeyFolder::open(folder.join("keys")).unwrap();
    store.put(&entry(), &secret()).await.unwrap();
    (store, folder.join("keys/example.com"))
}

#[cfg(unix)]
#[tokio::test]
async fn what_others_may_use_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let (store, own_folder) = filled(folder.path()).await;
    let (domain, selector) = own();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let chmod = |path: &Path, mode: u32| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    let (pem, top) = (own_folder.join("s1.pem"), folder.path().join("keys"));
    for file in ["s1.pem", "s1.key", "../lock"] {
        assert_eq!(mode(&own_folder.join(file)), 0o600, "{file}");
    }
    assert_eq!((mode(&top), mode(&own_folder)), (0o700, 0o700));

    for open in [0o640, 0o604, 0o660, 0o644, 0o601] {
        chmod(&pem, open);
        let error = store.secret(&domain, &selector).await.unwrap_err();
        assert_eq!(error.kind(), KeyStoreErrorKind::Exposed, "{open:o}");
        assert!(
            error.to_string().contains(&format!("s1.pem: others may use this secret (mode {open:03o})")),
            "{error}"
        );
        assert_eq!(store.keys(None).await.unwrap().len(), 1, "the entry is no secret");
    }
    chmod(&pem, 0o400);
    assert_eq!(store.secret(&domain, &selector).await.unwrap(), Some(secret()));
    for path in [&own_folder, &top] {
        chmod(path, 0o770);
        assert_eq!(store.secret(&domain, &selector).await.unwrap_err().kind(), KeyStoreErrorKind::Exposed);
        chmod(path, 0o755);
        assert!(store.secret(&domain, &selector).await.unwrap().is_some(), "what others may look into is fine");
    }
    chmod(&top, 0o777);
    assert_eq!(KeyFolder::open(&top).unwrap_err().kind(), KeyStoreErrorKind::Exposed);
    chmod(&top, 0o700);

    let elsewhere = folder.path().join("elsewhere.pem");
    fs::rename(&pem, &elsewhere).unwrap();
    std::os::unix::fs::symlink(&elsewhere, &pem).unwrap();
    assert_eq!(store.secret(&domain, &selector).await.unwrap_err().kind(), KeyStoreErrorKind::Exposed, "a link");
}

/// A process that died at any point of a write leaves a draft or a secret without an entry.
#[tokio::test]
async fn what_was_half_written_is_not_there() {
    let folder = tempfile::tempdir().unwrap();
    let store = KeyFolder::open(folder.path().join("keys")).unwrap();
    let own_folder = folder.path().join("keys/example.com");
    let (domain, selector) = own();
    fs::create_dir(&own_folder).unwrap();
    #[cfg(unix)]
    fs::set_permissions(&own_folder, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    for left in [".s1.pem.tmp", "s1.pem", ".s1.key.tmp"] {
        fs::write(own_folder.join(left), "half").unwrap();
        assert_eq!(store.keys(None).await.unwrap(), [], "{left}");
        assert_eq!(store.secret(&domain, &selector).await.unwrap(), None, "{left}");
    }
    store.put(&entry(), &secret()).await.unwrap();
    assert_eq!(store.secret(&domain, &selector).await.unwrap(), Some(secret()));
    let mut names: Vec<_> = fs::read_dir(&own_folder).unwrap().map(|item| item.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["s1.key", "s1.pem"], "and no draft is left");
}

#[tokio::test]
async fn damage_is_named_and_never_taken_for_no_key() {
    let folder = tempfile::tempdir().unwrap();
    let (store, own_folder) = filled(folder.path()).await;
    let (domain, selector) = own();
    let pem = own_folder.join("s1.pem");
    let text = fs::read_to_string(&pem).unwrap();
    for damaged in
        [text.replacen("pa", "p", 1), text.replace("-----END", "----END"), String::new(), "x".repeat(100_000)]
    {
        fs::write(&pem, &damaged).unwrap();
        let error = store.secret(&domain, &selector).await.unwrap_err();
        assert!(error.to_string().contains("s1.pem"), "{error}");
        assert!(!error.to_string().contains("paWl"), "{error}");
    }
    let path = own_folder.join("s1.key");
    let text = fs::read_to_string(&path).unwrap();
    for damaged in [text.replace("stage made", "stage mad"), text.replace("selector s1", "selector s2"), String::new()]
    {
        fs::write(&path, damaged).unwrap();
        assert_eq!(store.keys(None).await.unwrap_err().kind(), KeyStoreErrorKind::Damaged);
        assert_eq!(store.secret(&domain, &selector).await.unwrap_err().kind(), KeyStoreErrorKind::Damaged);
        assert_eq!(
            store.put(&entry(), &secret()).await.unwrap_err().kind(),
            KeyStoreErrorKind::Damaged,
            "nor put over"
        );
    }
}

#[tokio::test]
async fn writers_of_several_processes_take_turns() {
    let folder = tempfile::tempdir().unwrap();
    let (store, own_folder) = filled(folder.path()).await;
    let other = fs::OpenOptions::new().write(true).open(own_folder.join("../lock")).unwrap();
    other.lock().unwrap();
    let (domain, selector) = own();
    let shown = KeyState::new(KeyStage::Shown, Timestamp::from_unix_secs(2));
    let error = store.advance(&domain, &selector, entry().state(), shown).await.unwrap_err();
    assert!(error.kind() == KeyStoreErrorKind::Busy && error.is_transient());
    assert_eq!(store.keys(None).await.unwrap(), [entry()], "reading waits for nobody");
    other.unlock().unwrap();
    assert!(store.advance(&domain, &selector, entry().state(), shown).await.unwrap());
}

#[tokio::test]
async fn an_erased_secret_is_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let (store, own_folder) = filled(folder.path()).await;
    let (domain, selector) = own();
    let pem = own_folder.join("s1.pem");
    let other_name = folder.path().join("still.pem");
    fs::hard_link(&pem, &other_name).unwrap(); // shows what became of the blocks
    assert!(store.erase(&domain, &selector).await.unwrap());
    assert!(!pem.exists() && fs::read(&other_name).unwrap().iter().all(|octet| *octet == 0));
}
