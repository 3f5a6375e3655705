//! Signed mail of others: `auth/mail-auth/dkim` and `arc` of the corpora, whose folder `POSTHASTE_CORPORA` names.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::path::{Path, PathBuf};

use posthaste_dkim::{CheckLimits, DkimOutcome, check_arc_octets, check_octets};
use posthaste_types::Timestamp;

use support::{BY, Dns};

/// The files of a folder: TXT records, an empty line, and a message of November 2022.
fn samples(folder: &str) -> Vec<(String, Dns, String)> {
    let Ok(corpora) = std::env::var("POSTHASTE_CORPORA") else {
        assert!(std::env::var("CI").as_deref() != Ok("true"), "POSTHASTE_CORPORA is required in CI");
        println!("skipped: POSTHASTE_CORPORA is not set");
        return Vec::new();
    };
    let folder = Path::new(&corpora).join("auth/mail-auth").join(folder);
    let mut files: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(!files.is_empty());
    let read = |file: &PathBuf| {
        let text = String::from_utf8(std::fs::read(file).unwrap()).unwrap();
        let (records, message) = text.split_once("\n\n").unwrap();
        let dns = records.lines().fold(Dns::default(), |dns, line| {
            let (name, value) = line.split_once(' ').unwrap();
            dns.with(name, &[value])
        });
        (file.display().to_string(), dns, message.replace('\n', "\r\n"))
    };
    files.iter().map(read).collect()
}

/// The last signature of each is valid.
#[tokio::test]
async fn the_signatures_of_others_pass() {
    for (name, dns, message) in samples("dkim") {
        let results = check_octets(&[message.as_bytes()], &CheckLimits::default(), &dns.0, THEN, BY).await;
        let last = results.last().unwrap();
        assert_eq!(last.outcome, DkimOutcome::Pass, "{name}: {last}");
        // The same with something changed in the body.
        let changed = format!("{message}x\r\n");
        let results = check_octets(&[changed.as_bytes()], &CheckLimits::default(), &dns.0, THEN, BY).await;
        assert!(results.iter().all(|result| !result.is_pass()), "{name}");
    }
}

/// The chain of each is valid, and so is one of its signatures.
#[tokio::test]
async fn the_chains_of_others_pass() {
    for (name, dns, message) in samples("arc") {
        let chain = check_arc_octets(&[message.as_bytes()], &CheckLimits::default(), &dns.0, THEN, BY).await;
        assert!(chain.is_pass(), "{name}: {chain}");
        assert!(chain.sets.iter().all(|set| set.results.is_some()), "{name}");
        let results = check_octets(&[message.as_bytes()], &CheckLimits::default(), &dns.0, THEN, BY).await;
        assert!(results.iter().any(|result| result.is_pass()), "{name}: {results:?}");
        let changed = format!("{message}x\r\n");
        let chain = check_arc_octets(&[changed.as_bytes()], &CheckLimits::default(), &dns.0, THEN, BY).await;
        assert!(!chain.is_pass(), "{name}: {chain}");
    }
}

const THEN: Timestamp = Timestamp::from_unix_secs(1_667_843_664);
