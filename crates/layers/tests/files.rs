//! What the file transports leave on disk, and how they fail.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::fs;
use std::path::Path;

use posthaste_layers::{EmlFolder, Maildir};
use posthaste_transport::{Attempt, Progress, Transport, TransportErrorKind};
use posthaste_types::{Address, Content, Envelope, Mail, MailId, OutcomeKind};

const OCTETS: &[u8] = b"Subject: hi\r\n\r\n.\r\n8 bit: \xc3\xa9\r\n";

fn mail(to: &[&str]) -> Mail {
    let from: Address = "ada@example.com".parse().unwrap();
    let to: Vec<Address> = to.iter().map(|to| to.parse().unwrap()).collect();
    let content = Content::from_canonical(OCTETS.to_vec()).unwrap();
    Mail::new(MailId::from_bytes([9; 16]), Envelope::new(from, to).unwrap(), content)
}

fn names(dir: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[tokio::test]
async fn an_eml_file_and_its_envelope_and_nothing_else() {
    let dir = tempfile::tempdir().unwrap();
    let folder = EmlFolder::new(dir.path());
    let mail = mail(&["bob@example.org", "\"a b\"@example.org"]);
    let attempt = Attempt::of(&mail);
    for _repeated in 0..2 {
        let outcomes = folder.deliver(&attempt).await.unwrap();
        assert!(outcomes.iter().all(|outcome| outcome.kind() == OutcomeKind::Accepted), "{outcomes:?}");
        assert_eq!(names(dir.path()).len(), 2, "{:?}", names(dir.path()));
    }
    assert_eq!(fs::read(folder.path_of(&attempt)).unwrap(), OCTETS);
    let envelope: Envelope = serde_json::from_slice(&fs::read(folder.envelope_path_of(&attempt)).unwrap()).unwrap();
    assert_eq!(&envelope, mail.envelope());
    assert!(names(dir.path()).iter().all(|name| name.starts_with(&mail.id().to_string())));
}

#[tokio::test]
async fn parts_of_one_mail_have_files_of_their_own() {
    let dir = tempfile::tempdir().unwrap();
    let folder = EmlFolder::new(dir.path());
    for to in ["bob@example.org", "eve@example.net"] {
        folder.deliver(&Attempt::of(&mail(&[to]))).await.unwrap();
    }
    assert_eq!(names(dir.path()).len(), 4);
}

#[cfg(unix)]
#[tokio::test]
async fn only_the_owner_reads_mail() {
    use std::os::unix::fs::PermissionsExt as _;

    let dir = tempfile::tempdir().unwrap();
    let attempt = Attempt::of(&mail(&["bob@example.org"]));
    EmlFolder::new(dir.path()).deliver(&attempt).await.unwrap();
    for name in names(dir.path()) {
        let mode = fs::metadata(dir.path().join(&name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
}

#[tokio::test]
async fn a_wrong_path_is_misconfigured() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    fs::write(&file, "").unwrap();
    let attempt = Attempt::of(&mail(&["bob@example.org"]));
    for path in [dir.path().join("missing"), file] {
        let transports: [Box<dyn Transport>; 2] = [Box::new(EmlFolder::new(&path)), Box::new(Maildir::new(&path))];
        for transport in transports {
            let error = transport.deliver(&attempt).await.unwrap_err();
            assert_eq!(error.kind(), TransportErrorKind::Misconfigured, "{transport:?}: {error}");
            assert!(error.to_string().contains(&path.display().to_string()), "{error}");
        }
    }
}

/// A file system of 64 KiB, where the test may make one.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_full_disk_bounces_nobody_and_leaves_nothing() {
    use std::process::Command;

    let dir = tempfile::tempdir().unwrap();
    let mount = Command::new("mount").args(["-t", "tmpfs", "-o", "size=64k", "tmpfs"]).arg(dir.path()).status();
    if !mount.is_ok_and(|status| status.success()) {
        eprintln!("skipped: no file system can be mounted here");
        return;
    }
    let mut octets = b"Subject: large\r\n\r\n".to_vec();
    octets.extend(b"0123456789\r\n".repeat(20_000));
    let small = mail(&["bob@example.org"]);
    let large = Mail::new(small.id(), small.envelope().clone(), Content::from_canonical(octets).unwrap());
    let attempt = Attempt::of(&large);
    let eml = EmlFolder::new(dir.path()).deliver(&attempt).await;
    let left = names(dir.path());
    let maildir = Maildir::new(dir.path()).deliver(&attempt).await;
    let new = names(&dir.path().join("new"));
    let unmounted = Command::new("umount").arg(dir.path()).status().unwrap();
    assert!(unmounted.success());
    for result in [eml, maildir] {
        let error = result.unwrap_err();
        assert_eq!(error.kind(), TransportErrorKind::Unreachable, "{error}");
        assert!(error.is_transient());
    }
    assert!(left.is_empty() && new.is_empty(), "{left:?} {new:?}");
}

#[tokio::test]
async fn a_maildir_gets_one_file_for_each_recipient() {
    let dir = tempfile::tempdir().unwrap();
    let mail = mail(&["bob@example.org", "\"../../passwd\"@example.org"]);
    let maildir = Maildir::new(dir.path());
    for _repeated in 0..2 {
        let outcomes = maildir.deliver(&Attempt::of(&mail)).await.unwrap();
        assert!(outcomes.iter().all(|outcome| outcome.kind() == OutcomeKind::Accepted), "{outcomes:?}");
        assert_eq!(names(dir.path()), ["cur", "new", "tmp"]);
        assert_eq!(names(&dir.path().join("new")).len(), 2);
        assert!(names(&dir.path().join("tmp")).is_empty());
    }
    let expected = [
        b"Return-Path: <ada@example.com>\r\nDelivered-To: bob@example.org\r\n".to_vec(),
        b"Return-Path: <ada@example.com>\r\nDelivered-To: \"../../passwd\"@example.org\r\n".to_vec(),
    ]
    .map(|fields| [fields.as_slice(), OCTETS].concat());
    for name in names(&dir.path().join("new")) {
        assert!(!name.contains([':', '/']) && name.split('.').count() >= 3, "{name}: the maildir format");
        assert!(expected.contains(&fs::read(dir.path().join("new").join(name)).unwrap()));
    }
}

#[tokio::test]
async fn one_mailbox_that_fails_defers_its_recipient_alone() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().to_owned();
    fs::create_dir(root.join("bob")).unwrap();
    let maildir = Maildir::of_recipients(move |to| Some(root.join(to.local_part())));
    let outcomes = maildir.deliver(&Attempt::of(&mail(&["bob@example.org", "eve@example.org"]))).await.unwrap();
    let kinds: Vec<OutcomeKind> = outcomes.iter().map(|outcome| outcome.kind()).collect();
    assert_eq!(kinds, [OutcomeKind::Accepted, OutcomeKind::Deferred]);
}

#[tokio::test]
async fn nothing_is_published_for_an_attempt_that_was_given_up() {
    let dir = tempfile::tempdir().unwrap();
    let attempt = Attempt::builder(mail(&["bob@example.org"])).progress(Progress::Tracked).build();
    let outcomes = attempt.give_up(posthaste_types::Cause::local("out of time"));
    assert!(outcomes.iter().all(|outcome| outcome.kind() == OutcomeKind::Deferred));
    let result = EmlFolder::new(dir.path()).deliver(&attempt).await;
    assert_eq!(result.unwrap_err().kind(), TransportErrorKind::Withdrawn);
    let result = Maildir::new(dir.path()).deliver(&attempt).await;
    assert_eq!(result.unwrap_err().kind(), TransportErrorKind::Withdrawn);
    assert!(names(dir.path()).is_empty());
}

/// The engine gives up while files are written: behind that no file gets its name.
#[tokio::test]
async fn nothing_is_published_behind_a_give_up() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().to_owned();
    let attempt = Attempt::builder(mail(&["bob@example.org"])).progress(Progress::Tracked).build();
    let held = attempt.clone();
    let maildir = Maildir::of_recipients(move |_| {
        let outcomes = held.give_up(posthaste_types::Cause::local("out of time"));
        assert!(outcomes.iter().all(|outcome| outcome.kind() == OutcomeKind::Deferred));
        Some(root.clone())
    });
    let error = maildir.deliver(&attempt).await.unwrap_err();
    assert_eq!(error.kind(), TransportErrorKind::Withdrawn);
    for folder in ["tmp", "new", "cur"] {
        assert!(names(&dir.path().join(folder)).is_empty(), "{folder}");
    }
}

/// The engine gives up between two recipients: the first has his mail, and nobody can have the second one's.
#[tokio::test]
async fn whose_turn_had_not_come_is_deferred_and_not_in_doubt() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().to_owned();
    let attempt = Attempt::builder(mail(&["bob@example.org", "eve@example.org"])).progress(Progress::Tracked).build();
    let held = attempt.clone();
    let maildir = Maildir::of_recipients(move |to| {
        if to.local_part() == "eve" {
            held.give_up(posthaste_types::Cause::local("out of time"));
        }
        Some(root.clone())
    });
    maildir.deliver(&attempt).await.unwrap();
    let kinds: Vec<_> = attempt.settled().into_iter().map(|outcome| outcome.unwrap().kind()).collect();
    assert_eq!(kinds, [OutcomeKind::Accepted, OutcomeKind::Deferred]);
    assert_eq!(names(&dir.path().join("new")).len(), 1);
}
