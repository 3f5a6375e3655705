//! Real messages arrive as they are: every one that is canonical, or can be made so.

mod common;

use common::*;
use posthaste_smtp::Transaction;
use posthaste_types::{Content, OutcomeKind};

/// The corpora lie outside of the project: `POSTHASTE_CORPORA` names their folder. CI must have them.
fn messages() -> Vec<std::path::PathBuf> {
    let Some(folder) = std::env::var_os("POSTHASTE_CORPORA") else {
        assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "CI needs POSTHASTE_CORPORA");
        println!("skipped: POSTHASTE_CORPORA is not set");
        return Vec::new();
    };
    let mut folders = vec![std::path::Path::new(&folder).join("messages")];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a readable folder") {
            let path = entry.expect("a readable entry").path();
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    assert!(!files.is_empty(), "no messages");
    files
}

#[test]
fn arrive_identical() {
    let mut count = 0;
    for path in messages() {
        let raw = std::fs::read(&path).expect("a readable file");
        let Ok((content, _)) = Content::from_raw(raw) else { continue };
        let mail = Transaction::new(envelope(&["bob"]), content.clone());
        // Some files are all header, and large.
        let mut config = server_config();
        config.max_header = usize::MAX;
        let (mut client, mut server) = (Client::new(client_config(), [mail]), Server::new(config));
        converse(&mut client, &mut server, 4093);
        assert_eq!(client.kinds(), [[OutcomeKind::Accepted]], "{}", path.display());
        assert!(server.taken[0].content == content.to_vec(), "{} arrived changed", path.display());
        count += 1;
    }
    println!("{count} messages arrived identical");
}
