//! Postfix's own sendmail takes what the transport hands it. No daemon runs: the mail is read from Postfix's maildrop.
//! Where Postfix is missing, or may not be used by this user, the tests say so and pass; under `CI=true` they fail.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "tests")]

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use posthaste_layers::Sendmail;
use posthaste_testkit::VirtualClock;
use posthaste_transport::{Attempt, Transport, TransportErrorKind};
use posthaste_types::{Address, Content, Envelope, Mail, MailId, OutcomeKind, ReversePath};
use tempfile::TempDir;

/// A configuration and a queue of the test's own.
struct Postfix {
    folder: TempDir,
}

impl Postfix {
    fn new() -> Option<Self> {
        // The files of a process belong to its effective user; Postfix lets root alone name another configuration.
        let is_root = fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0);
        if !is_root || !Path::new(SENDMAIL).exists() || !Path::new("/usr/sbin/postcat").exists() {
            assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "Postfix and root are required");
            eprintln!("skipped: Postfix is not installed, or this is not root");
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        for name in ["etc", "queue", "queue/maildrop", "queue/public"] {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        let queue = folder.path().join("queue");
        let main = format!(
            "compatibility_level = 3.6\nqueue_directory = {}\nmyhostname = mail.example.com\nmaillog_file =\n\
             message_size_limit = 100000\n",
            queue.display()
        );
        fs::write(folder.path().join("etc/main.cf"), main).unwrap();
        fs::write(folder.path().join("etc/master.cf"), "").unwrap();
        Some(Self { folder })
    }

    fn sendmail(&self) -> Sendmail {
        let clock = Arc::new(VirtualClock::new());
        Sendmail::new(SENDMAIL, clock).argument("-C").argument(self.folder.path().join("etc"))
    }

    /// What it took, as its own tool prints it.
    fn taken(&self) -> Vec<String> {
        let files = fs::read_dir(self.folder.path().join("queue/maildrop")).unwrap();
        let print = |file: std::io::Result<fs::DirEntry>| {
            let mut postcat = Command::new("/usr/sbin/postcat");
            let output = postcat.arg("-c").arg(self.folder.path().join("etc")).arg(file.unwrap().path()).output();
            String::from_utf8(output.unwrap().stdout).unwrap()
        };
        files.map(print).collect()
    }
}

fn attempt(from: impl Into<ReversePath>, to: &[&str], octets: &[u8]) -> Attempt {
    let to: Vec<Address> = to.iter().map(|to| to.parse().unwrap()).collect();
    let content = Content::from_canonical(octets.to_vec()).unwrap();
    Attempt::of(&Mail::new(MailId::from_bytes([1; 16]), Envelope::new(from, to).unwrap(), content))
}

#[tokio::test]
async fn it_takes_addresses_and_content_as_they_are() {
    let Some(postfix) = Postfix::new() else { return };
    let from: Address = "-X@example.com".parse().unwrap();
    let to = ["-bs@example.org", "\"a b,c\"@example.org", "\"`id`;$(id)|x\"@example.org", "jörg@example.org"];
    let attempt = attempt(from, &to, b"Subject: hi\r\n\r\n.\r\n..dots\r\nFrom here\r\n8 bit: \xc3\xa9\r\n");
    let outcomes = postfix.sendmail().deliver(&attempt).await.unwrap();
    assert!(outcomes.iter().all(|outcome| outcome.kind() == OutcomeKind::Accepted), "{outcomes:?}");
    let [mail] = &postfix.taken()[..] else { panic!("one mail") };
    let field = |name: &str| -> Vec<&str> { mail.lines().filter_map(|line| line.strip_prefix(name)).collect() };
    assert_eq!(field("sender: "), ["-X@example.com"]);
    assert_eq!(
        field("recipient: "),
        ["-bs@example.org", "a b,c@example.org", "`id`;$(id)|x@example.org", "jörg@example.org"]
    );
    assert!(mail.contains("\nSubject: hi\n\n.\n..dots\nFrom here\n8 bit: é\n"), "{mail}");
}

#[tokio::test]
async fn it_takes_the_null_reverse_path() {
    let Some(postfix) = Postfix::new() else { return };
    let attempt = attempt(ReversePath::Null, &["bob@example.org"], b"Subject: hi\r\n\r\n");
    postfix.sendmail().deliver(&attempt).await.unwrap();
    assert!(postfix.taken()[0].lines().any(|line| line.trim_end() == "sender:"), "{:?}", postfix.taken());
}

/// What it cannot take is deferred, and a wrong configuration holds everything: nobody is bounced.
#[tokio::test]
async fn what_it_cannot_take_bounces_nobody() {
    let Some(postfix) = Postfix::new() else { return };
    let from: Address = "ada@example.com".parse().unwrap();
    let large: Vec<u8> = b"Subject: large\r\n\r\n".iter().copied().chain(b"0123456789\r\n".repeat(60_000)).collect();
    let attempt = attempt(from, &["bob@example.org"], &large);
    let outcomes = postfix.sendmail().deliver(&attempt).await.unwrap();
    assert!(outcomes.iter().all(|outcome| outcome.kind() == OutcomeKind::Deferred), "{outcomes:?}");
    assert!(postfix.taken().is_empty());

    fs::remove_file(postfix.folder.path().join("etc/main.cf")).unwrap();
    let result = postfix.sendmail().deliver(&attempt).await;
    let held = match &result {
        Ok(outcomes) => outcomes.iter().all(|outcome| outcome.kind() == OutcomeKind::Deferred),
        Err(error) => error.kind() == TransportErrorKind::Misconfigured,
    };
    assert!(held, "{result:?}");
}

const SENDMAIL: &str = "/usr/sbin/sendmail";
