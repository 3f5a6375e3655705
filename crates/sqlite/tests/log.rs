//! The write-ahead log is copied into the file while mail comes in.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use common::{admit, content, due, granted, mail_of};
use posthaste_queue::Spool;
use posthaste_sqlite::{Settings, Sqlite};

/// The header and octets of a page in the log.
const FRAME: u64 = 24 + 4096;

#[tokio::test]
async fn it_begins_anew_while_mail_comes_in() {
    let folder = tempfile::tempdir().unwrap();
    let (path, log) = (folder.path().join("mail.db"), folder.path().join("mail.db-wal"));
    let mut settings = Settings::default();
    settings.checkpoint_pages = 100;
    let spool = Sqlite::open_with(&path, settings).unwrap();
    let mut longest = 0;
    for number in 0..400 {
        admit(&spool, mail_of(number, &["bob@example.org"], content(number, 10_000))).await;
        longest = longest.max(log.metadata().unwrap().len());
    }
    // 400 mails of more than ten pages, in at most four times what was set, and the commit that reached it.
    assert!((100 * FRAME..450 * FRAME).contains(&longest), "{} pages", longest / FRAME);
    assert!(path.metadata().unwrap().len() > 350 * 10_000, "the file holds what was copied");

    spool.close().await.unwrap();
    assert!(!log.exists(), "the last connection has copied it all");
    let spool = Sqlite::open(&path).unwrap();
    assert_eq!(due(&spool).await.len(), 400);
    for number in [0, 199, 399] {
        assert_eq!(granted(&spool, number, &[0]).await.mail.content(), &content(number, 10_000));
    }
}

#[tokio::test]
async fn it_goes_with_the_last_handle() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mail.db");
    let spool = Sqlite::open(&path).unwrap();
    admit(&spool, common::mail(1)).await;
    drop(spool);
    assert!(!folder.path().join("mail.db-wal").exists());
}
