//! A disk that is full.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use common::{admit, at, content, deliver, due, granted, id, mail, mail_of};
use posthaste_queue::{Spool, SpoolErrorKind};
use posthaste_sqlite::{Settings, Sqlite};

fn small() -> Settings {
    let mut settings = Settings::default();
    settings.max_pages = 120;
    settings
}

#[tokio::test]
async fn what_does_not_fit_is_refused_and_the_rest_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mail.db");
    let spool = Sqlite::open_with(&path, small()).unwrap();
    admit(&spool, mail(1)).await;
    let large = || mail_of(2, &["bob@example.org"], content(2, 1 << 20));
    let error = spool.admit(vec![large()]).await.unwrap_err();
    assert_eq!((error.kind(), error.is_transient()), (SpoolErrorKind::Full, true), "{error}");
    assert!(error.to_string().contains("mail.db"), "{error}");

    // Beside small ones, in one commit or in several: each stands or falls alone.
    let (three, large, four) =
        tokio::join!(spool.admit(vec![mail(3)]), spool.admit(vec![large()]), spool.admit(vec![mail(4)]));
    assert_eq!(large.unwrap_err().kind(), SpoolErrorKind::Full);
    three.unwrap();
    four.unwrap();
    assert_eq!(due(&spool).await, [(id(1), 0), (id(3), 0), (id(4), 0)]);
    assert_eq!(granted(&spool, 1, &[0]).await.mail.content(), &content(1, 300));
}

#[tokio::test]
async fn room_that_delivered_mail_gives_back_is_used_again() {
    let folder = tempfile::tempdir().unwrap();
    let spool = Sqlite::open_with(folder.path().join("mail.db"), small()).unwrap();
    let mut number = 0;
    let mut rounds = 0;
    let mut waiting = Vec::new();
    while rounds < 3 {
        number += 1;
        let new = mail_of(number, &["bob@example.org"], content(number, 20_000));
        match spool.admit(vec![new]).await {
            Ok(_) => waiting.push(number),
            Err(error) => {
                assert_eq!(error.kind(), SpoolErrorKind::Full, "{error}");
                assert!(waiting.len() > 5, "there is room for several: {waiting:?}");
                for number in waiting.drain(..) {
                    deliver(&spool, number, 0).await;
                }
                spool.forget(at(10), 1000).await.unwrap();
                rounds += 1;
            }
        }
    }
}
