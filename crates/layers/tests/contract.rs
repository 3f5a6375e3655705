//! Every transport of this crate keeps the contract of the port.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use posthaste_layers::{EmlFolder, Maildir, Timeout};
use posthaste_testkit::VirtualClock;
use posthaste_transport::Transport;
use posthaste_transport::contract::{self, MemoryFixture, PATIENCE, Scene, Scripted, Taken, TransportFixture};
use posthaste_types::{Address, Envelope};
use tempfile::TempDir;

struct EmlFixture {
    folder: PathBuf,
}

#[async_trait]
impl TransportFixture for EmlFixture {
    fn transport(&self) -> Arc<dyn Transport> {
        Arc::new(EmlFolder::new(&self.folder))
    }

    async fn script(&self, scene: Scene) -> Scripted {
        let _ = fs::remove_dir_all(&self.folder);
        match scene {
            Scene::Accept => fs::create_dir(&self.folder).unwrap(),
            Scene::WrongCredential => {} // the folder is missing: a setting is wrong
            _ => return Scripted::Impossible,
        }
        Scripted::Set
    }

    async fn received(&self) -> Vec<Taken> {
        let taken = |path: PathBuf| {
            let envelope = fs::read(path.with_extension("envelope.json")).unwrap();
            let envelope: Envelope = serde_json::from_slice(&envelope).unwrap();
            let to = envelope.to().iter().map(|to| to.address.clone()).collect();
            let octets = fs::read(&path).unwrap();
            fs::remove_file(path).unwrap();
            Taken::new(to, octets)
        };
        files(&self.folder).into_iter().filter(|path| path.extension().is_some_and(|e| e == "eml")).map(taken).collect()
    }

    async fn out_of_time(&self) {
        std::future::pending().await
    }
}

#[tokio::test]
async fn the_eml_folder_keeps_the_contract() {
    let root = tempfile::tempdir().unwrap();
    let report = contract::check(&EmlFixture { folder: root.path().join("out") }).await;
    assert_eq!(report.shown(), [Scene::Accept, Scene::WrongCredential], "{report}");
    assert!(report.drops() > 0, "{report}");
}

/// One maildir for each of the suite's recipients, and what is wrong with it.
struct MaildirFixture {
    root: TempDir,
    missing: Arc<Mutex<Vec<Address>>>,
}

#[async_trait]
impl TransportFixture for MaildirFixture {
    fn transport(&self) -> Arc<dyn Transport> {
        let (root, missing) = (self.root.path().to_owned(), Arc::clone(&self.missing));
        Arc::new(Maildir::of_recipients(move |to| {
            (!missing.lock().unwrap().contains(to)).then(|| root.join(to.local_part()))
        }))
    }

    async fn script(&self, scene: Scene) -> Scripted {
        self.missing.lock().unwrap().clear();
        for name in ["ada", "bob", "eve"] {
            let dir = self.root.path().join(name);
            let _ = fs::remove_dir_all(&dir);
            if scene != Scene::WrongCredential {
                fs::create_dir(&dir).unwrap();
            }
        }
        match scene {
            Scene::Accept | Scene::WrongCredential => Scripted::Set,
            Scene::RefuseSecond => {
                self.missing.lock().unwrap().push("bob@example.org".parse().unwrap());
                Scripted::Set
            }
            _ => Scripted::Impossible,
        }
    }

    async fn received(&self) -> Vec<Taken> {
        let mut all = Vec::new();
        for name in ["ada", "bob", "eve"] {
            for path in files(&self.root.path().join(name).join("new")) {
                all.push(taken_from_maildir(&fs::read(&path).unwrap()));
                fs::remove_file(path).unwrap();
            }
        }
        all
    }

    async fn out_of_time(&self) {
        std::future::pending().await
    }
}

#[tokio::test]
async fn the_maildir_keeps_the_contract() {
    let fixture = MaildirFixture { root: tempfile::tempdir().unwrap(), missing: Arc::default() };
    let report = contract::check(&fixture).await;
    assert_eq!(report.shown(), [Scene::Accept, Scene::RefuseSecond, Scene::WrongCredential], "{report}");
    assert!(report.drops() > 0, "{report}");
}

/// The memory's fixture, with a timeout around the memory; time passes when the suite waits for it.
struct TimeoutFixture {
    inner: MemoryFixture,
    clock: VirtualClock,
}

#[async_trait]
impl TransportFixture for TimeoutFixture {
    fn transport(&self) -> Arc<dyn Transport> {
        Arc::new(Timeout::new(self.inner.transport(), Duration::from_secs(3600), Arc::new(self.clock.clone())))
    }

    async fn script(&self, scene: Scene) -> Scripted {
        self.inner.script(scene).await
    }

    async fn received(&self) -> Vec<Taken> {
        self.inner.received().await
    }

    /// The layer itself must end the attempt: the suite never drops it.
    async fn out_of_time(&self) {
        self.inner.out_of_time().await;
        self.clock.advance(PATIENCE).await;
        std::future::pending().await
    }
}

#[tokio::test]
async fn the_timeout_keeps_the_contract_of_what_is_inside() {
    let fixture = TimeoutFixture { inner: MemoryFixture::new(), clock: VirtualClock::new() };
    let report = contract::check(&fixture).await;
    assert!(report.skipped().is_empty() && report.drops() > 0, "{report}");
}

/// What stands in a file of a maildir, without the two fields of final delivery.
fn taken_from_maildir(file: &[u8]) -> Taken {
    let text = std::str::from_utf8(file).unwrap();
    let (return_path, rest) = text.split_once("\r\n").unwrap();
    let (delivered_to, octets) = rest.split_once("\r\n").unwrap();
    assert_eq!(return_path, "Return-Path: <sender@example.com>", "RFC 5321 §4.4");
    let to = delivered_to.strip_prefix("Delivered-To: ").unwrap().parse().unwrap();
    Taken::new(vec![to], octets.as_bytes().to_vec())
}

fn files(dir: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(dir) else { return Vec::new() };
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}
