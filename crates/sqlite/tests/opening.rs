//! What may be opened, and what opening says of the rest.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::fs;
use std::path::Path;

use common::{admit, at, id, mail};
use posthaste_queue::{Query, Spool, SpoolErrorKind};
use posthaste_sqlite::{Settings, Sqlite};
use posthaste_suppression::{Actor, Ask, Entry, Reason, Scope, SuppressionStore, What};
use posthaste_types::{EventId, StreamName};

fn refused(path: &Path) -> (SpoolErrorKind, String) {
    let error = Sqlite::open(path).unwrap_err();
    (error.kind(), error.to_string())
}

#[test]
fn what_is_no_spool_is_told_with_its_path() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    fs::create_dir(path("folder")).unwrap();
    fs::write(path("text.db"), "Dear Sir or Madam, ".repeat(100)).unwrap();
    fs::write(path("short.db"), "x").unwrap();
    let theirs = rusqlite::Connection::open(path("theirs.db")).unwrap();
    theirs.execute_batch("CREATE TABLE theirs (x)").unwrap();
    drop(theirs);
    let newer = rusqlite::Connection::open(path("newer.db")).unwrap();
    newer.execute_batch("CREATE TABLE mail (x); PRAGMA application_id = 0x70687374; PRAGMA user_version = 99").unwrap();
    drop(newer);

    let table = [
        ("folder", SpoolErrorKind::NotASpool, "a folder"),
        ("text.db", SpoolErrorKind::NotASpool, "not a database"),
        ("short.db", SpoolErrorKind::NotASpool, "not a database"),
        ("theirs.db", SpoolErrorKind::NotASpool, "a database, but no spool"),
        ("newer.db", SpoolErrorKind::NotASpool, "schema version 99 is newer"),
        ("missing/mail.db", SpoolErrorKind::Io, "No such file"),
        ("text.db/mail.db", SpoolErrorKind::Io, "Not a directory"),
        ("..", SpoolErrorKind::NotASpool, "not the name of a file"),
    ];
    for (name, kind, text) in table {
        let (found, said) = refused(&path(name));
        assert_eq!(found, kind, "{name}: {said}");
        assert!(said.contains(text) && said.contains(path(name).to_str().unwrap()), "{name}: {said}");
    }
    assert_eq!(refused(Path::new("")).0, SpoolErrorKind::NotASpool);
    assert_eq!(refused(Path::new("a\0b")).0, SpoolErrorKind::Io);
}

#[test]
fn what_was_refused_is_left_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("text.db");
    let text = "Dear Sir or Madam, ".repeat(100);
    fs::write(&path, &text).unwrap();
    refused(&path);
    assert_eq!(fs::read_to_string(&path).unwrap(), text);
}

#[test]
fn there_is_one_owner_whatever_the_file_is_called() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mail.db");
    let owner = Sqlite::open(&path).unwrap();
    let detour = folder.path().join(".").join("mail.db");
    assert_eq!(refused(&path).0, SpoolErrorKind::InUse);
    assert_eq!(refused(&detour).0, SpoolErrorKind::InUse);
    #[cfg(unix)]
    {
        let link = folder.path().join("link.db");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        assert_eq!(refused(&link).0, SpoolErrorKind::InUse);
    }
    assert!(Sqlite::open(&path).unwrap_err().is_transient());
    drop(owner.clone());
    assert_eq!(refused(&path).0, SpoolErrorKind::InUse, "a handle is left");
    drop(owner);
    Sqlite::open(&path).unwrap();
}

#[test]
fn the_name_of_a_database_in_memory_is_a_file_like_any_other() {
    let folder = tempfile::tempdir().unwrap();
    let spool = Sqlite::open(folder.path().join(":memory:")).unwrap();
    assert!(fs::metadata(spool.path()).unwrap().len() > 0);
}

#[cfg(unix)]
#[test]
fn its_files_are_their_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let _spool = Sqlite::open(folder.path().join("mail.db")).unwrap();
    let mut names = Vec::new();
    for entry in fs::read_dir(folder.path()).unwrap() {
        let entry = entry.unwrap();
        assert_eq!(entry.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{entry:?}");
        names.push(entry.file_name());
    }
    assert_eq!(names.len(), 4, "{names:?}");
}

#[test]
fn a_disk_without_room_for_the_tables_is_full() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mail.db");
    let mut settings = Settings::default();
    settings.max_pages = 10;
    let error = Sqlite::open_with(&path, settings).unwrap_err();
    assert_eq!(error.kind(), SpoolErrorKind::Full, "{error}");
    Sqlite::open(&path).unwrap();
}

#[tokio::test]
async fn closing_frees_the_file_and_leaves_one_file_and_the_lock() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mail.db");
    let spool = Sqlite::open(&path).unwrap();
    admit(&spool, mail(1)).await;
    spool.close().await.unwrap();
    let mut names: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["mail.db", "mail.db.lock"]);
    let again = Sqlite::open(&path).unwrap();
    assert_eq!(common::due(&again).await, [(id(1), 0)]);
    assert_eq!(spool.admit(vec![mail(2)]).await.unwrap_err().kind(), SpoolErrorKind::Closed);
}

#[tokio::test]
async fn others_may_read_beside_the_owner_and_without_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mail.db");
    assert_eq!(Sqlite::open_read_only(&path).unwrap_err().kind(), SpoolErrorKind::Io);
    assert!(!path.exists(), "asking makes no file");

    let owner = Sqlite::open(&path).unwrap();
    let reader = Sqlite::open_read_only(&path).unwrap();
    admit(&owner, mail(1)).await;
    let bob = common::address("bob@example.org");
    let entry = Entry::new(What::address(&bob), Scope::Everything, Reason::Manual, Actor::System, at(0));
    owner.put(entry.clone()).await.unwrap();

    assert_eq!(reader.find(&Query::to(bob.clone())).await.unwrap().len(), 1, "what is committed is seen at once");
    assert_eq!(reader.events(EventId::START, 10).await.unwrap().len(), 1);
    let ask = Ask::new(bob, StreamName::DEFAULT, at(1));
    assert_eq!(reader.suppressions(&[ask]).await.unwrap(), [vec![entry.clone()]]);
    assert_eq!(reader.scan_suppressions(None, 10).await.unwrap()[0].1, entry);

    owner.close().await.unwrap();
    assert_eq!(reader.find(&Query::default()).await.unwrap().len(), 1, "the owner went, the file is there");
    drop(reader);
    let alone = Sqlite::open_read_only(&path).unwrap();
    assert_eq!(alone.find(&Query::default()).await.unwrap().len(), 1);
    let owner = Sqlite::open(&path).unwrap();
    admit(&owner, mail(2)).await;
    assert_eq!(alone.find(&Query::default()).await.unwrap().len(), 2, "a reader keeps no owner out");
}
