//! Records that are not what they were (I8): told, set apart, and never given out.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::path::Path;

use common::{address, admit, at, begin, content, due, events, granted, id, mail, mail_of, number};
use posthaste_queue::{Query, Refusal, Settled, Settlement, Spool};
use posthaste_sqlite::Sqlite;
use posthaste_suppression::{Actor, Ask, Effect, Entry, Reason, Scope, SuppressionStore, Verdict, What, decide};
use posthaste_types::{Cause, EventKind, Fate, StreamName};

fn harm(path: &Path, sql: &str) {
    let conn = rusqlite::Connection::open(path).unwrap();
    conn.execute_batch("PRAGMA ignore_check_constraints = on").unwrap();
    assert!(conn.execute(sql, []).unwrap() > 0, "{sql}");
}

#[tokio::test]
async fn a_damaged_record_costs_its_mail_and_no_other() {
    let two = id(2).to_string();
    let of_mail = |set: &str| format!("UPDATE mail SET {set} WHERE id = '{two}'");
    let of_recipient = |set: &str| format!("UPDATE recipient SET {set} WHERE mail = '{two}' AND place = 1");
    let of_content =
        |set: &str| format!("UPDATE content SET {set} WHERE id = (SELECT content FROM mail WHERE id = '{two}')");
    let table = [
        of_mail("reverse_path = 'eve@example.com'"),
        of_mail("reverse_path = 'eve@example.com' || char(13, 10) || 'RCPT TO:<x@example.net>'"),
        of_mail("message_id = 'other@example.com'"),
        of_mail("expires = expires + 1"),
        of_mail("stream = 'weekly'"),
        of_mail("require_tls = 1"),
        of_mail("crc = crc + 1"),
        of_mail("content = NULL"),
        of_mail("content = 4711"),
        of_recipient("address = 'rob@example.org'"),
        of_recipient("address = 'b' || char(10) || '@example.org'"),
        of_recipient("domain = 'example.net'"),
        of_recipient("notify = 'NEVER'"),
        of_recipient("crc = 0"),
        of_recipient("attempts = -1"),
        of_recipient("generation = 99999999999"),
        of_recipient("last = '{\"kind\":'"),
        of_recipient("lease_until = 5"),
        of_recipient("ending = '{}'"),
        of_content("octets = CAST(replace(octets, 'line', 'lime') AS BLOB)"),
        of_content("octets = X''"),
        of_content("octets = substr(octets, 1, 100)"),
        of_content("crc = crc + 1"),
        of_content("body = 4711"),
        format!("DELETE FROM mail WHERE id = '{two}'"),
    ];
    for sql in table {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("mail.db");
        let spool = Sqlite::open(&path).unwrap();
        for number in 1..=3 {
            admit(&spool, mail_of(number, &["a@example.org", "b@example.org"], content(number, 900))).await;
        }
        harm(&path, &sql);
        let page = due(&spool).await;
        for place in [(id(1), 0), (id(1), 1), (id(3), 0), (id(3), 1)] {
            assert!(page.contains(&place), "{sql}: {page:?}");
        }
        let begun = begin(&spool, 2, &[0, 1]).await;
        assert!(begun.granted.is_none(), "{sql}");
        assert!(begun.refused.iter().all(|(_, why)| matches!(why, Refusal::Damaged | Refusal::Gone)), "{sql}");
        granted(&spool, 1, &[0, 1]).await;
        granted(&spool, 3, &[0, 1]).await;

        due(&spool).await;
        begin(&spool, 2, &[0, 1]).await;
        Spool::find(&spool, &Query::default()).await.unwrap();
        let told = events(&spool).await;
        let quarantined = told.iter().filter(|event| matches!(event.kind, EventKind::Quarantined { .. })).count();
        let ended = told.iter().filter(|event| match &event.kind {
            EventKind::Ended { ending } => event.mail == Some(id(2)) && ending.fate == Fate::Quarantined,
            _ => false,
        });
        assert_eq!((quarantined, ended.count()), (1, 2), "{sql}: told once, and one end for each recipient (I1)");
        assert_eq!(number(&path, "SELECT count(*) FROM quarantine"), 1, "{sql}");
        assert!(due(&spool).await.iter().all(|(mail, _)| *mail != id(2)), "{sql}: it is not due again");
    }
}

#[tokio::test]
async fn what_is_left_of_the_content_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mail.db");
    let spool = Sqlite::open(&path).unwrap();
    admit(&spool, mail(1)).await;
    harm(&path, "UPDATE content SET octets = CAST(replace(octets, 'line', 'lime') AS BLOB)");
    begin(&spool, 1, &[0]).await;
    assert_eq!(number(&path, "SELECT count(*) FROM content"), 0);
    assert_eq!(number(&path, "SELECT octets LIKE '%lime%' FROM quarantine"), 1);
    let found = Spool::find(&spool, &Query::mail(id(1))).await.unwrap();
    let ending = found[0].recipients[0].ending.clone().unwrap();
    assert_eq!(ending.fate, Fate::Quarantined);
    assert!(ending.to_string().contains("checksum"), "{ending}");
}

#[tokio::test]
async fn settling_a_damaged_recipient_settles_the_others() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mail.db");
    let spool = Sqlite::open(&path).unwrap();
    for number in 1..=2 {
        admit(&spool, mail(number)).await;
        granted(&spool, number, &[0]).await;
    }
    harm(&path, &format!("UPDATE recipient SET steps = -5 WHERE mail = '{}'", id(1)));
    let unmade = Settled::Unmade { cause: Cause::local("no route"), next: at(1) };
    let done = [1, 2].map(|number| Settlement::new(id(number), 0, Some(1), unmade.clone())).to_vec();
    spool.settle(done).await.unwrap();
    assert_eq!(due(&spool).await, [(id(2), 0)]);
}

#[tokio::test]
async fn a_damaged_event_keeps_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mail.db");
    let spool = Sqlite::open(&path).unwrap();
    for number in 1..=3 {
        admit(&spool, mail(number)).await;
    }
    harm(&path, "UPDATE event SET json = substr(json, 1, 20) WHERE id = 2");
    let told = events(&spool).await;
    let ids: Vec<u64> = told.iter().map(|event| event.id.as_u64()).collect();
    assert_eq!(ids, [1, 2, 3]);
    assert!(matches!(told[1].kind, EventKind::Quarantined { .. }));
    assert_eq!((told[1].mail, told[1].at), (Some(id(2)), at(0)));
    assert_eq!(number(&path, "SELECT count(*) FROM history WHERE kind IS NULL"), 1, "the view goes on too");
}

#[tokio::test]
async fn a_damaged_entry_still_forbids() {
    let bob = address("bob@example.org");
    let digest = Scope::Stream("digest".parse().unwrap());
    for set in
        ["scope = 'nowhere'", "reason = ''", "effect = 'alow'", "evidence = '['", "by = ''", "scope_name = 'a b'"]
    {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("mail.db");
        let spool = Sqlite::open(&path).unwrap();
        let mut entry = Entry::new(What::address(&bob), digest.clone(), Reason::Manual, Actor::System, at(0));
        entry.effect = Effect::Allow;
        spool.put(entry).await.unwrap();
        admit(&spool, mail(1)).await;
        harm(&path, &format!("UPDATE suppression SET {set}"));
        let ask = Ask::new(bob.clone(), StreamName::DEFAULT, at(1));
        let found = SuppressionStore::find(&spool, std::slice::from_ref(&ask)).await.unwrap().remove(0);
        let Verdict::Suppressed(entry) = decide(&ask, &found) else { panic!("{set}: not known is not allowed") };
        assert!(entry.to_string().contains("is damaged"), "{set}: {entry}");
        assert!(matches!(begin(&spool, 1, &[0]).await.refused[..], [(0, Refusal::Suppressed(_))]), "{set}");
        assert!(spool.lift(&entry.what, &Scope::Everything, &Actor::System).await.is_ok());
        assert_eq!(spool.scan(None, 10).await.unwrap().len(), 1);
    }
}
