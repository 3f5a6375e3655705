//! Several processes: who owns the file, and what a process that dies leaves behind.
//!
//! The other process is this test program again, told by a variable what to play. They agree through pipes.

#![allow(clippy::unwrap_used, reason = "a test may panic")]
#![cfg(unix)]

mod common;

use std::collections::HashSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use common::{NODE, admit, at, content, id, mail_of};
use posthaste_queue::{Begin, Query, Spool, SpoolErrorKind};
use posthaste_sqlite::Sqlite;
use posthaste_types::{EventId, MailId};

const ROLE: &str = "POSTHASTE_SQLITE_ROLE";
const FILE: &str = "POSTHASTE_SQLITE_FILE";

/// Another process, which says line by line what it did.
struct Other {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Other {
    fn start(role: &str, path: &Path) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "the_other_process", "--nocapture"]);
        Self::spawn(command, role, path)
    }

    fn spawn(mut command: Command, role: &str, path: &Path) -> Self {
        command.env(ROLE, role).env(FILE, path).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let (input, output) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
        Self { child, input, output }
    }

    /// The next thing that it says, if it still says anything.
    fn says(&mut self) -> Option<String> {
        let mut line = String::new();
        while self.output.read_line(&mut line).unwrap() > 0 {
            // The test harness talks too, and not in whole lines.
            if let Some((_, said)) = line.trim_end().split_once("> ") {
                return Some(said.to_owned());
            }
            line.clear();
        }
        None
    }

    fn kill(&mut self) {
        self.child.kill().unwrap(); // SIGKILL
        self.child.wait().unwrap();
    }
}

fn say(what: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "> {what}").unwrap();
    out.flush().unwrap();
}

fn everything() -> Query {
    let mut query = Query::default();
    query.limit = usize::MAX;
    query
}

fn wait_for_the_end() {
    std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
}

/// Plays the other process; alone it has no role, and shows nothing.
#[test]
fn the_other_process() {
    let (Ok(role), Ok(path)) = (std::env::var(ROLE), std::env::var(FILE)) else { return };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    match role.as_str() {
        "own" => {
            let _spool = Sqlite::open(&path).unwrap();
            say("open");
            wait_for_the_end();
        }
        "send" => runtime.block_on(send(&path)),
        "fail" => runtime.block_on(fail(&path)),
        other => panic!("no such role: {other}"),
    }
}

/// Admits mail without end from sixteen tasks, and says the number of each when it is told that it is safe.
async fn send(path: &str) {
    let spool = Sqlite::open(path).unwrap();
    let known = spool.find(&everything()).await.unwrap().len();
    let start = u32::try_from(known).unwrap() * 1000 + 1;
    let tasks = (0..16).map(|task| {
        let spool = spool.clone();
        tokio::spawn(async move {
            for number in (start..).skip(task).step_by(16) {
                admit(&spool, mail_of(number, &["bob@example.org"], content(number, 4000))).await;
                if number % 3 == 0 {
                    let wanted = Begin::new(id(number), vec![0], at(1), at(61));
                    assert!(spool.begin(&NODE, vec![wanted]).await.unwrap()[0].granted.is_some());
                    say(&format!("{number} begun"));
                } else {
                    say(&format!("{number} admitted"));
                }
            }
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.unwrap();
    }
}

/// Writes until the system refuses, and says what the errors are.
async fn fail(path: &str) {
    let spool = Sqlite::open(path).unwrap();
    for number in 1.. {
        let large = mail_of(number, &["bob@example.org"], content(number, 50_000));
        match spool.admit(vec![large]).await {
            Ok(_) => say(&format!("{number} admitted")),
            Err(error) => {
                say(&format!("{:?}", error.kind()));
                break;
            }
        }
    }
    let small = mail_of(9999, &["bob@example.org"], content(9999, 10));
    say(&format!("{:?}", spool.admit(vec![small]).await.unwrap_err().kind()));
    say(&format!("{:?}", spool.record(Vec::new()).await.unwrap_err().kind()));
    let left = spool.due(at(1), None, 100_000).await.unwrap().len();
    say(&format!("{left} due"));
}

#[test]
fn a_second_process_is_refused_at_once_and_let_in_when_the_owner_was_killed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mail.db");
    let mut owner = Other::start("own", &path);
    assert_eq!(owner.says().as_deref(), Some("open"));
    let error = Sqlite::open(&path).unwrap_err();
    assert_eq!((error.kind(), error.is_transient()), (SpoolErrorKind::InUse, true), "{error}");
    Sqlite::open_read_only(&path).unwrap();
    owner.kill();
    drop(Sqlite::open(&path).unwrap());

    let mut owner = Other::start("own", &path);
    assert_eq!(owner.says().as_deref(), Some("open"));
    assert_eq!(Sqlite::open(&path).unwrap_err().kind(), SpoolErrorKind::InUse);
    drop(owner.input);
    owner.child.wait().unwrap();
    Sqlite::open(&path).unwrap();
}

#[tokio::test]
async fn what_was_told_to_be_safe_is_there_after_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mail.db");
    let mut safe: HashSet<MailId> = HashSet::new();
    let mut begun: HashSet<MailId> = HashSet::new();
    for round in 0..4 {
        let mut sender = Other::start("send", &path);
        let mut hear = |line: String| {
            let (number, what) = line.split_once(' ').unwrap();
            let mail = id(number.parse().unwrap());
            safe.insert(mail);
            if what == "begun" {
                begun.insert(mail);
            }
        };
        for _ in 0..40 + 17 * round {
            hear(sender.says().unwrap());
        }
        sender.kill();
        while let Some(line) = sender.says() {
            hear(line);
        }
        let spool = Sqlite::open(&path).unwrap();
        let found = spool.find(&everything()).await.unwrap();
        let there: HashSet<MailId> = found.iter().map(|mail| mail.id).collect();
        assert!(safe.is_subset(&there), "none is lost: {:?}", safe.difference(&there));
        let told = spool.events(EventId::START, usize::MAX).await.unwrap();
        assert_eq!(told.len(), there.len(), "mail and event are committed together");
        let orphans: HashSet<MailId> = spool.orphans(&NODE).await.unwrap().iter().map(|orphan| orphan.mail).collect();
        assert!(begun.is_subset(&orphans), "an attempt is on disk before it is made");
        for mail in &there {
            let number = u32::try_from(u128::from_be_bytes(mail.to_bytes()) >> 64).unwrap();
            let wanted = Begin::new(*mail, vec![0], at(100 + i64::from(round)), at(100 + i64::from(round)));
            let lease = spool.begin(&NODE, vec![wanted]).await.unwrap().remove(0).granted.unwrap();
            assert_eq!(lease.mail.content(), &content(number, 4000));
        }
    }
}

#[test]
fn after_a_failed_write_nothing_is_written_until_the_spool_is_opened_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mail.db");
    drop(Sqlite::open(&path).unwrap());
    // Files of at most 1 MiB (2,048 blocks of 512 octets); the signal is ignored, so that writing fails.
    let mut shell = Command::new("sh");
    shell.args(["-c", "ulimit -f 2048; trap '' XFSZ; exec \"$0\" --exact the_other_process --nocapture"]);
    shell.arg(std::env::current_exe().unwrap());
    let mut other = Other::spawn(shell, "fail", &path);
    let mut admitted = 0;
    let error = loop {
        match other.says().unwrap() {
            line if line.ends_with("admitted") => admitted += 1,
            line => break line,
        }
    };
    assert!(admitted > 3, "there was room for some: {admitted}");
    assert_eq!(error, "Io");
    assert_eq!(other.says().as_deref(), Some("Io"), "a small one would fit, and is refused too");
    assert_eq!(other.says().as_deref(), Some("Io"));
    assert_eq!(other.says(), Some(format!("{admitted} due")), "reading goes on");
    other.child.wait().unwrap();

    let spool = Sqlite::open(&path).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let due = runtime.block_on(common::due(&spool));
    assert_eq!(due.len(), admitted, "what was admitted is there, and nothing else");
    runtime.block_on(admit(&spool, mail_of(10_000, &["bob@example.org"], content(10_000, 50_000))));
}
