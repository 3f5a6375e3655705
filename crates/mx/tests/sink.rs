//! Delivery to Postfix's `smtp-sink`.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;

use posthaste_mx::{Relay, RelayConfig};
use posthaste_testkit::VirtualClock;
use posthaste_transport::Transport;
use posthaste_types::OutcomeKind;
use support::{attempt, kinds, mail, mail_with};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, Command};

fn smtp_sink() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path)
        .chain([PathBuf::from("/usr/sbin")])
        .map(|folder| folder.join("smtp-sink"))
        .find(|file| Path::new(file).is_file());
    if found.is_none() {
        assert!(std::env::var_os("CI").is_none_or(|ci| ci != "true"), "smtp-sink (Debian: postfix) is required");
        println!("skipped: smtp-sink (Debian: postfix) is not installed");
    }
    found
}

/// Starts a sink with these options, on a free port, and waits until it listens.
async fn start(sink: &Path, options: &[&str]) -> (Child, u16) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let mut command = Command::new(sink);
    if std::fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0) {
        command.args(["-u", "nobody"]); // it wants that of root
    }
    command.args(options).arg(format!("127.0.0.1:{port}")).arg("128");
    let mut child = command.stderr(Stdio::null()).stdout(Stdio::null()).kill_on_drop(true).spawn().unwrap();
    while TcpStream::connect(("127.0.0.1", port)).await.is_err() {
        assert!(child.try_wait().unwrap().is_none(), "smtp-sink has ended");
        tokio::task::yield_now().await;
    }
    (child, port)
}

async fn deliver_many(options: &[&str], url: &str) {
    let Some(sink) = smtp_sink() else { return };
    let (_child, port) = start(&sink, options).await;
    let config = RelayConfig::from_url(&format!("{url}://127.0.0.1:{port}")).unwrap();
    let relay = Arc::new(Relay::new(Arc::new(VirtualClock::new()), config).unwrap());
    let large =
        [b"Subject: large\r\n\r\n".to_vec(), b"...and a line that begins with a dot\r\n".repeat(20_000)].concat();
    let mails = [mail(&["bob@example.org"]), mail_with(&["bob@example.org", "eve@example.org"], large)];
    let work = (0..16).map(|_| {
        let (relay, mails) = (Arc::clone(&relay), mails.clone());
        tokio::spawn(async move {
            for mail in mails.iter().cycle().take(20) {
                let outcomes = relay.deliver(&attempt(mail).build()).await.unwrap();
                assert!(kinds(&outcomes).iter().all(|kind| *kind == OutcomeKind::Accepted), "{outcomes:?}");
            }
        })
    });
    for task in work.collect::<Vec<_>>() {
        task.await.unwrap();
    }
    relay.close().await;
}

#[tokio::test]
async fn smtp_sink_pipelined() {
    deliver_many(&["-8"], "smtp").await;
}

#[tokio::test]
async fn smtp_sink_in_lock_step() {
    deliver_many(&["-p"], "smtp").await;
}

#[tokio::test]
async fn smtp_sink_without_ehlo() {
    deliver_many(&["-e"], "smtp").await;
}

#[tokio::test]
async fn smtp_sink_lmtp() {
    deliver_many(&["-L"], "lmtp").await;
}
