//! What is stored once, and what is removed when.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use common::{address, admit, at, begin, content, deliver, granted, id, mail, mail_of, number};
use posthaste_queue::{NewMail, Query, Refusal, Spool};
use posthaste_sqlite::Sqlite;
use posthaste_suppression::{Ask, SuppressionStore};
use posthaste_types::{Content, HeaderField, StreamName};

fn with_own_header(number: u32, body: &Content) -> NewMail {
    let field = HeaderField::parse(&format!("X-Number: {number}\r\n")).unwrap();
    mail_of(number, &["bob@example.org"], body.with_headers(&[field]))
}

#[tokio::test]
async fn one_body_of_many_mails_is_stored_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mail.db");
    let spool = Sqlite::open(&path).unwrap();
    let body = content(0, 100_000);
    for number in 1..=20 {
        admit(&spool, with_own_header(number, &body)).await;
    }
    let stored =
        number(&path, "SELECT (SELECT sum(length(octets)) FROM content) + (SELECT sum(length(octets)) FROM body)");
    assert!(stored < 210_000, "one copy, and that of the first mail: {stored}");

    drop(spool);
    let spool = Sqlite::open(&path).unwrap();
    for number in 1..=20 {
        let lease = granted(&spool, number, &[0]).await;
        let given = with_own_header(number, &body);
        assert_eq!(lease.mail.content(), given.mail.content(), "octets are those that were given (I2)");
    }
}

#[tokio::test]
async fn a_shared_body_goes_with_its_last_mail() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mail.db");
    let spool = Sqlite::open(&path).unwrap();
    let body = content(0, 50_000);
    let bodies = || number(&path, "SELECT count(*) FROM body");
    for number in 1..=3 {
        admit(&spool, with_own_header(number, &body)).await;
    }
    deliver(&spool, 1, 0).await;
    deliver(&spool, 2, 0).await;
    assert_eq!(bodies(), 1);
    deliver(&spool, 3, 0).await;
    assert_eq!(bodies(), 0);
    // The body is still the last one that was seen; its row is not there any more.
    admit(&spool, with_own_header(4, &body)).await;
    admit(&spool, with_own_header(5, &body)).await;
    assert_eq!(granted(&spool, 4, &[0]).await.mail.content().len(), body.len() + "X-Number: 4\r\n".len());
    assert_eq!(granted(&spool, 5, &[0]).await.mail.content().len(), body.len() + "X-Number: 5\r\n".len());
}

#[tokio::test]
async fn content_goes_when_the_last_recipient_has_ended() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mail.db");
    let spool = Sqlite::open(&path).unwrap();
    admit(&spool, mail_of(1, &["a@example.org", "b@example.org"], content(1, 5000))).await;
    admit(&spool, mail(2)).await;
    let contents = || number(&path, "SELECT count(*) FROM content");
    deliver(&spool, 1, 0).await;
    assert_eq!(contents(), 2);
    deliver(&spool, 1, 1).await;
    assert_eq!(contents(), 1);
    assert_eq!(
        Spool::find(&spool, &Query::mail(id(1))).await.unwrap()[0].recipients.len(),
        2,
        "what became of it is kept"
    );
}

/// A person writes into the table by hand, while the owner runs: nothing is begun for whom he forbids (I4).
#[tokio::test]
async fn what_another_program_puts_on_the_list_forbids() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mail.db");
    let spool = Sqlite::open(&path).unwrap();
    for number in 1..=3 {
        admit(&spool, mail_of(number, &[&format!("user{number}@example.org")], content(number, 100))).await;
    }
    granted(&spool, 1, &[0]).await;
    let other = rusqlite::Connection::open(&path).unwrap();
    let sql = "INSERT INTO suppression (what, value, scope, scope_name, effect, reason, class, evidence, by, since) \
               VALUES ('address', 'user2@example.org', 'everything', '', 'forbid', 'manual', '', '[]', '\"system\"', 0)";
    other.execute(sql, []).unwrap();
    let begun = [begin(&spool, 2, &[0]).await, begin(&spool, 3, &[0]).await];
    assert!(matches!(begun[0].refused[..], [(0, Refusal::Suppressed(_))]), "{begun:?}");
    assert!(begun[1].granted.is_some(), "{begun:?}");
    let ask = Ask::new(address("user2@example.org"), StreamName::DEFAULT, at(1));
    assert_eq!(SuppressionStore::find(&spool, &[ask]).await.unwrap()[0].len(), 1);
}
