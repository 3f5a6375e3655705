//! The spool of each released schema, kept as a file and opened by every later release.
//!
//! `tests/fixtures/v1.db` was written by [`write`]: `POSTHASTE_SQLITE_WRITE_FIXTURE=v1.db cargo test -p
//! posthaste-sqlite --test schema`. The file of a released schema is never written again.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use common::{NODE, address, at, content, deliver, events, granted, id, mail, mail_of};
use posthaste_queue::{Admission, NewMail, Query, Settled, Settlement, Spool};
use posthaste_sign::{KeyEntry, KeySecret, KeyStage, KeyState, KeyStore};
use posthaste_sqlite::Sqlite;
use posthaste_suppression::{Actor, Ask, Entry, Reason, Scope, SuppressionStore, What};
use posthaste_types::{
    BounceClass, Cause, Ending, EventKind, Evidence, EvidenceSource, Fate, HeaderField, Outcome, Reply, Stage,
    StreamName,
};

const SECRET: [u8; 32] = [42; 32];

/// A mail with everything that may be said of one.
fn rich() -> NewMail {
    let own = HeaderField::parse("X-Own: 1\r\n").unwrap();
    let mut new = mail_of(1, &["bob@example.org", "jörg@exämple.example"], content(7, 3000).with_headers(&[own]));
    new.meta.stream = "weekly".parse().unwrap();
    new.meta.list = Some("digest".parse().unwrap());
    new.meta.campaign = Some("issue-42".parse().unwrap());
    new.meta.tenant = Some("acme".parse().unwrap());
    new.meta.tags.insert("order", "4711").unwrap();
    new.meta.priority = -3;
    new.once = Some(("receipt/4711".parse().unwrap(), [9; 32]));
    new
}

fn deferred() -> Outcome {
    Outcome::from_reply(Reply::new(451, "4.7.1 greylisted").unwrap(), Stage::Rcpt)
}

fn entry() -> Entry {
    let what = What::address(&address("eve@example.org"));
    let reason = Reason::Bounce(BounceClass::BadMailbox);
    let mut entry = Entry::new(what, Scope::Tenant("acme".parse().unwrap()), reason, Actor::System, at(5));
    entry.evidence = vec![Evidence::new(EvidenceSource::Reply, "550 5.1.1 no such user")];
    entry.until = Some(at(500_000));
    entry
}

fn key() -> KeyEntry {
    KeyEntry::new("example.com".parse().unwrap(), "s1".parse().unwrap(), "v=DKIM1; k=ed25519; p=AAAA", at(6)).unwrap()
}

const SIGNING: KeyState = KeyState::new(KeyStage::Signing, at(7)).until(at(8));

/// Writes what [`check`] and [`check_keys`] look for.
async fn write(path: &Path) {
    let spool = Sqlite::open(path).unwrap();
    let body = rich();
    spool.admit(vec![body.clone()]).await.unwrap();
    granted(&spool, 1, &[0]).await;
    let done = Settlement::new(id(1), 0, Some(1), Settled::Retry { outcome: deferred(), next: at(300) });
    spool.settle(vec![done]).await.unwrap();
    granted(&spool, 1, &[1]).await; // and never settled

    spool.admit(vec![mail(2)]).await.unwrap();
    deliver(&spool, 2, 0).await;
    spool.admit(vec![mail(3)]).await.unwrap();
    granted(&spool, 3, &[0]).await;
    let mut ending = Ending::new(Fate::Bounced, at(3), Duration::from_millis(2500), 1);
    ending.cause = Some(Cause::smtp(Reply::new(550, "5.1.1 no such user").unwrap(), Stage::Rcpt));
    ending.class = Some(BounceClass::BadMailbox);
    let mut done = Settlement::new(id(3), 0, Some(1), Settled::Ended(ending));
    done.suppress = vec![entry()];
    spool.settle(vec![done]).await.unwrap();
    Spool::secret(&spool, "master", SECRET).await.unwrap();
    KeyStore::put(&spool, &key(), &KeySecret::new(SECRET.to_vec()).unwrap()).await.unwrap();
    assert!(spool.advance(key().domain(), key().selector(), key().state(), SIGNING).await.unwrap());
    spool.close().await.unwrap();
}

async fn check(path: &Path) {
    let spool = Sqlite::open(path).unwrap();
    let found = Spool::find(&spool, &Query::mail(id(1))).await.unwrap().remove(0);
    assert_eq!(found.meta, rich().meta);
    assert_eq!((found.accepted, found.expires), (at(0), at(345_600)));
    assert_eq!(found.recipients[0].state.last, Some(deferred()));
    assert_eq!(found.recipients[0].next, Some(at(300)));
    assert_eq!(found.recipients[1].address, address("jörg@exämple.example"));
    let orphans = spool.orphans(&NODE).await.unwrap();
    assert_eq!(orphans.iter().map(|orphan| orphan.recipient).collect::<Vec<_>>(), [1]);
    assert_eq!(spool.admit(vec![rich()]).await.unwrap(), [Admission::Replay(id(1))]);

    let fate = async |number| {
        let found = Spool::find(&spool, &Query::mail(id(number))).await.unwrap().remove(0);
        found.recipients[0].ending.clone().unwrap()
    };
    assert_eq!(fate(2).await.fate, Fate::Delivered);
    assert_eq!(fate(3).await.to_string(), "bounced after 2.5 s (550 5.1.1 no such user)");

    let mut ask = Ask::new(address("EVE@example.org"), StreamName::DEFAULT, at(10));
    ask.tenant = Some("acme".parse().unwrap());
    assert_eq!(SuppressionStore::find(&spool, &[ask]).await.unwrap(), [vec![entry()]]);
    let told = events(&spool).await;
    assert!(told.iter().all(|event| matches!(event.kind, EventKind::Accepted { .. })) && told.len() == 3);
    assert_eq!(Spool::secret(&spool, "master", [0; 32]).await.unwrap(), SECRET);

    let begun = posthaste_queue::Begin::new(id(1), vec![0, 1], at(400), at(460));
    let lease = spool.begin(&NODE, vec![begun]).await.unwrap().remove(0).granted.unwrap();
    assert_eq!(lease.mail.content(), rich().mail.content(), "octets are those that were given (I2)");
    assert_eq!(lease.mail.envelope(), rich().mail.envelope());
}

/// The keys, which version 3 added.
async fn check_keys(path: &Path) {
    let spool = Sqlite::open(path).unwrap();
    assert_eq!(spool.keys(None).await.unwrap(), [key().in_state(SIGNING)]);
    let secret = KeyStore::secret(&spool, key().domain(), key().selector()).await.unwrap();
    assert_eq!(secret, KeySecret::new(SECRET.to_vec()));
}

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

#[tokio::test]
async fn the_spool_of_each_released_schema_opens() {
    if let Some(name) = std::env::var_os("POSTHASTE_SQLITE_WRITE_FIXTURE") {
        let path = fixture(name.to_str().unwrap());
        assert!(!path.exists(), "{} was released", path.display());
        write(&path).await;
        fs::remove_file(path.with_extension("db.lock")).unwrap();
    }
    for name in ["v1.db", "v2.db", "v3.db"] {
        let folder = tempfile::tempdir().unwrap();
        let copy = folder.path().join(name);
        fs::copy(fixture(name), &copy).unwrap();
        #[cfg(unix)] // a checkout is open to others
        fs::set_permissions(&copy, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
        if name == "v3.db" {
            check_keys(&copy).await;
        }
        check(&copy).await;
    }
}

#[tokio::test]
async fn what_this_release_writes_it_reads() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mail.db");
    write(&path).await;
    check_keys(&path).await;
    check(&path).await;
}

#[tokio::test]
async fn people_may_query_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mail.db");
    write(&path).await;
    let conn = rusqlite::Connection::open(&path).unwrap();
    // The examples of the README.
    let readme = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    let examples: Vec<&str> = readme.split("```sql\n").skip(1).filter_map(|part| part.split("```").next()).collect();
    assert!(examples.len() >= 4, "{examples:?}");
    for sql in examples {
        let mut statement = conn.prepare(sql).unwrap();
        let rows = statement.query_map([], |_| Ok(())).unwrap().filter(Result::is_ok).count();
        assert!(rows > 0, "finds something in the fixture: {sql}");
    }
    let states = "SELECT group_concat(state, ' ') FROM (SELECT state FROM delivery ORDER BY mail, address)";
    let states: String = conn.query_row(states, [], |row| row.get(0)).unwrap();
    assert_eq!(states, "deferred in flight delivered bounced");
}
