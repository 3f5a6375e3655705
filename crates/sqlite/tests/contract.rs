//! The contract suites of the ports, on files.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use posthaste_queue::contract::{self as spools, Opened, SpoolFixture};
use posthaste_sqlite::Sqlite;
use posthaste_suppression::contract::{self as stores, StoreFixture};
use posthaste_suppression::{SuppressionStore, What};
use posthaste_types::{Address, MailId};
use tempfile::TempDir;

struct Files {
    folder: TempDir,
    count: AtomicU32,
    last: Mutex<Option<Sqlite>>,
}

impl Files {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), count: AtomicU32::new(0), last: Mutex::default() }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join(format!("{}.db", self.count.load(Ordering::Relaxed)))
    }

    fn next(&self) -> Sqlite {
        self.count.fetch_add(1, Ordering::Relaxed);
        Sqlite::open(self.path()).unwrap()
    }
}

#[async_trait]
impl SpoolFixture for Files {
    async fn fresh(&self) -> Opened {
        Opened::with_list(Arc::new(self.next()))
    }

    async fn crash(&self, opened: Opened) -> Option<Opened> {
        drop(opened);
        Some(Opened::with_list(Arc::new(Sqlite::open(self.path()).unwrap())))
    }

    async fn damage(&self, opened: Opened, mail: MailId) -> Option<Opened> {
        drop(opened);
        let conn = rusqlite::Connection::open(self.path()).unwrap();
        let flip = "UPDATE content SET octets = CAST(replace(octets, 'e', 'f') AS BLOB) \
                    WHERE id = (SELECT content FROM mail WHERE id = ?1)";
        assert_eq!(conn.execute(flip, [mail.to_string()]).unwrap(), 1);
        drop(conn);
        Some(Opened::with_list(Arc::new(Sqlite::open(self.path()).unwrap())))
    }
}

#[async_trait]
impl StoreFixture for Files {
    async fn fresh(&self) -> Arc<dyn SuppressionStore> {
        let store = self.next();
        *self.last.lock().unwrap() = Some(store.clone());
        Arc::new(store)
    }

    fn hash_of(&self, address: &Address) -> Option<[u8; 32]> {
        match self.last.lock().unwrap().as_ref()?.hash(address) {
            What::Hash(hash) => Some(hash),
            _ => None,
        }
    }
}

#[tokio::test]
async fn a_file_is_a_spool() {
    let report = spools::check(&Files::new()).await;
    assert!(report.skipped().is_empty(), "{report}");
}

#[tokio::test]
async fn a_file_is_a_suppression_store() {
    let report = stores::check(&Files::new()).await;
    assert!(report.skipped().is_empty(), "{report}");
}
