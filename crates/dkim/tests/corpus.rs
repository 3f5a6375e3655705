//! Signed mail of others: `auth/mail-auth/dkim` of the corpora, whose folder `POSTHASTE_CORPORA` names.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::path::Path;

use posthaste_dkim::{CheckLimits, DkimOutcome, check_octets};
use posthaste_types::Timestamp;

use support::{BY, Dns};

/// Each file holds TXT records, an empty line, and a message of which the last signature is valid in November 2022.
#[tokio::test]
async fn the_signatures_of_others_pass() {
    let Ok(corpora) = std::env::var("POSTHASTE_CORPORA") else {
        assert!(std::env::var("CI").as_deref() != Ok("true"), "POSTHASTE_CORPORA is required in CI");
        println!("skipped: POSTHASTE_CORPORA is not set");
        return;
    };
    let folder = Path::new(&corpora).join("auth/mail-auth/dkim");
    let mut files: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(!files.is_empty());
    for file in files {
        let text = String::from_utf8(std::fs::read(&file).unwrap()).unwrap();
        let (records, message) = text.split_once("\n\n").unwrap();
        let dns = records.lines().fold(Dns::default(), |dns, line| {
            let (name, value) = line.split_once(' ').unwrap();
            dns.with(name, &[value])
        });
        let message = message.replace('\n', "\r\n");
        let at = Timestamp::from_unix_secs(1_667_843_664);
        let results = check_octets(&[message.as_bytes()], &CheckLimits::default(), &dns.0, at, BY).await;
        let last = results.last().unwrap();
        assert_eq!(last.outcome, DkimOutcome::Pass, "{}: {last}", file.display());
        // The same with something changed in the body.
        let changed = format!("{message}x\r\n");
        let results = check_octets(&[changed.as_bytes()], &CheckLimits::default(), &dns.0, at, BY).await;
        assert!(results.iter().all(|result| !result.is_pass()), "{}", file.display());
    }
}
