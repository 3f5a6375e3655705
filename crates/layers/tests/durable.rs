//! What is accepted is on disk: file, name and folder, in that order, as strace sees it. Where strace is missing or may
//! not trace, the test says so and passes, but under `CI=true` it fails.

#![cfg(target_os = "linux")]

use std::path::{Path, PathBuf};
use std::process::Command;

use posthaste_layers::{EmlFolder, Maildir};
use posthaste_transport::{Attempt, Transport};
use posthaste_types::{Address, Content, Envelope, Mail, MailId, OutcomeKind};

const FOLDER: &str = "POSTHASTE_TEST_FOLDER";

/// The program that is traced: this test, run again by the other.
#[tokio::test]
async fn deliver_where_told() {
    let Some(dir) = std::env::var_os(FOLDER).map(PathBuf::from) else { return };
    let (from, to): (Address, Address) = ("ada@example.com".parse().unwrap(), "bob@example.org".parse().unwrap());
    let content = Content::from_canonical(b"Subject: hi\r\n\r\n".to_vec()).unwrap();
    let mail = Mail::new(MailId::from_bytes([1; 16]), Envelope::new(from, [to]).unwrap(), content);
    let transports: [&dyn Transport; 2] = [&EmlFolder::new(dir.join("eml")), &Maildir::new(dir.join("maildir"))];
    for transport in transports {
        let outcomes = transport.deliver(&Attempt::of(&mail)).await.unwrap();
        assert!(outcomes.iter().all(|outcome| outcome.kind() == OutcomeKind::Accepted), "{outcomes:?}");
    }
}

#[test]
fn accepted_means_on_disk() {
    let dir = tempfile::tempdir().unwrap();
    let log = dir.path().join("log");
    for name in ["eml", "maildir"] {
        std::fs::create_dir(dir.path().join(name)).unwrap();
    }
    let traced = Command::new("strace")
        .args(["-f", "-y", "-qq", "-e", "trace=fsync,fdatasync,rename,renameat,renameat2,link,linkat", "-o"])
        .arg(&log)
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "deliver_where_told"])
        .env(FOLDER, dir.path())
        .output();
    if !traced.is_ok_and(|output| output.status.success()) {
        assert!(std::env::var("CI").as_deref() != Ok("true"), "strace is required");
        eprintln!("skipped: strace is not installed or may not trace");
        return;
    }
    let log = std::fs::read_to_string(log).unwrap();
    assert_eq!(
        steps(&log, &dir.path().join("eml")),
        ["sync file", "sync file", "name", "name", "sync folder"],
        "{log}"
    );
    assert_eq!(
        steps(&log, &dir.path().join("maildir")),
        ["sync folder", "sync file", "name", "sync folder"],
        "the first is that of the new folders: {log}"
    );
}

/// What happened below a folder, in order.
fn steps(log: &str, below: &Path) -> Vec<&'static str> {
    let below = below.display().to_string();
    let lines = log.lines().filter(|line| line.contains(&below) && !line.contains("resumed"));
    lines
        .map(|line| match line {
            line if !line.contains("sync(") => "name",
            line if line.contains(".tmp>") => "sync file",
            _ => "sync folder",
        })
        .collect()
}
