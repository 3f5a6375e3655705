//! What `send()` promises: when it has returned, the mail is on the disk.
//!
//! A process of its own sends mail under `strace` and says when each send has returned. The trace must show, for each,
//! that the file which holds it was synced in between. That the check can fail is shown by a build whose spool leaves
//! the sync out, by a feature that exists for this test alone.
//!
//! `strace` is needed where `CI` is `true`; elsewhere the test says that it is passed by.

#![cfg(all(target_os = "linux", feature = "engine", feature = "sqlite"))]
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod other;

use std::collections::HashMap;
use std::path::Path;
use std::process::{Command, Stdio};

use other::{Other, say, variable};
use posthaste::transport::Memory;
use posthaste::{Mailer, Message, Sqlite};

const SPOOL: &str = "POSTHASTE_TEST_SPOOL";
const NO_SYNC: &str = "POSTHASTE_TEST_NO_SYNC";
/// Mails that are sent one after the other, and then by several tasks at once.
const ALONE: usize = 20;
const TOGETHER: usize = 40;
const TASKS: usize = 8;

/// Plays the other process; alone it has no role, and shows nothing.
#[test]
fn the_other_process() {
    if other::role().is_some() {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        runtime.block_on(send_all());
    }
}

async fn send_all() {
    let spool = Sqlite::open(variable(SPOOL)).unwrap();
    let mailer = Mailer::builder().spool(spool).transport(Memory::new()).start().await.unwrap();
    for number in 0..ALONE {
        send(&mailer, number).await;
    }
    let tasks = (0..TASKS).map(|task| {
        let mailer = mailer.clone();
        tokio::spawn(async move {
            for number in (ALONE + task..ALONE + TOGETHER).step_by(TASKS) {
                send(&mailer, number).await;
            }
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.unwrap();
    }
    mailer.stop().await;
}

async fn send(mailer: &Mailer, number: usize) {
    let more = if number.is_multiple_of(5) { 400 } else { 1 };
    let text = format!("{}\n{}", mark(number), "And so on, for more than a page.\n".repeat(more));
    let message = Message::builder().from("ada@example.com").to("bob@example.org").text(text).build().unwrap();
    mailer.send(message).await.unwrap();
    say(returned(number));
}

/// What the octets of a mail hold, and no other's.
fn mark(number: usize) -> String {
    format!("the mail number {number:03} of this run")
}

/// What is said when its send has returned.
fn returned(number: usize) -> String {
    format!("returned {number:03}")
}

#[test]
fn a_send_that_returned_is_on_the_disk() {
    if !can_trace() {
        return;
    }
    assert_eq!(unsynced(&trace(&[]), 0..ALONE + TOGETHER), [""; 0]);
}

#[test]
fn a_spool_that_does_not_sync_is_found_out() {
    if !can_trace() {
        return;
    }
    let faults = unsynced(&trace(&[(NO_SYNC, "1")]), 0..ALONE + TOGETHER);
    assert_eq!(faults.len(), ALONE + TOGETHER, "{faults:?}");
    assert!(faults.iter().all(|fault| fault.contains("was not synced")), "{faults:?}");
}

fn can_trace() -> bool {
    let strace = Command::new("strace").args(["-f", "true"]).stdout(Stdio::null()).stderr(Stdio::null()).status();
    let can = strace.is_ok_and(|status| status.success());
    if !can {
        assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "strace is missing, or may not trace");
        println!("strace is missing, or may not trace: passed by");
    }
    can
}

/// The system calls of a process that sends all mails.
fn trace(variables: &[(&str, &str)]) -> Vec<Call> {
    let folder = tempfile::tempdir().unwrap();
    let (spool, trace) = (folder.path().join("mail.db"), folder.path().join("trace"));
    let mut variables = variables.to_vec();
    variables.push((SPOOL, spool.to_str().unwrap()));
    let mut strace = Command::new("strace");
    // -y writes the file behind each descriptor, -s more of a buffer than a page has.
    strace.args(["-f", "-y", "-s", "8192", "-e", "trace=fsync,fdatasync,write,pwrite64", "-o"]);
    strace.arg(&trace).arg(std::env::current_exe().unwrap());
    let mut sender = Other::spawn(&mut strace, "sender", &variables);
    let said = std::iter::from_fn(|| sender.says()).count();
    assert_eq!(said, ALONE + TOGETHER, "all sends returned");
    sender.wait();
    calls(&std::fs::read_to_string(trace).unwrap(), &spool)
}

/// A system call: on a file of the spool, or one that says that a send has returned.
#[derive(Debug, PartialEq, Eq)]
struct Call {
    name: String,
    file: String,
    arguments: String,
    result: String,
    /// The lines of the trace in which it began and returned.
    began: usize,
    ended: usize,
}

/// Reads a trace. A call during which another thread's is shown stands in two lines, `<unfinished ...>` and
/// `<... resumed>`.
fn calls(trace: &str, spool: &Path) -> Vec<Call> {
    let mut calls = Vec::new();
    let mut unfinished: HashMap<&str, (usize, String)> = HashMap::new();
    for (at, line) in trace.lines().enumerate() {
        let Some((thread, line)) = line.split_once(char::is_whitespace) else { continue };
        let line = line.trim_start();
        let (began, whole) = if let Some(begun) = line.strip_suffix("<unfinished ...>") {
            unfinished.insert(thread, (at, begun.to_owned()));
            continue;
        } else if let Some((_, rest)) = line.split_once(" resumed>").filter(|_| line.starts_with("<... ")) {
            let Some((began, begun)) = unfinished.remove(thread) else { continue };
            (began, begun + rest)
        } else {
            (at, line.to_owned())
        };
        // Of a call: `name(3</a/file>, "...", 4096, 0) = 4096`.
        let Some((call, result)) = whole.rsplit_once(" = ") else { continue };
        let Some((name, arguments)) = call.split_once('(') else { continue };
        let Some((_, arguments)) = arguments.split_once('<') else { continue };
        let Some((file, arguments)) = arguments.split_once('>') else { continue };
        let of_spool = file.starts_with(spool.to_str().unwrap());
        if of_spool || arguments.contains("\"> returned ") {
            let [name, file, arguments, result] = [name, file, arguments, result].map(str::to_owned);
            calls.push(Call { name, file, arguments, result, began, ended: at });
        }
    }
    calls
}

/// The sends that returned before the file that holds their mail was synced.
fn unsynced(calls: &[Call], mails: std::ops::Range<usize>) -> Vec<String> {
    mails.filter_map(|number| fault(calls, number)).collect()
}

fn fault(calls: &[Call], number: usize) -> Option<String> {
    // The first: later ones write the same page again for other reasons.
    let wrote = calls.iter().find(|call| call.name == "pwrite64" && call.arguments.contains(&mark(number)));
    let said = calls.iter().find(|call| call.name == "write" && call.arguments.contains(&returned(number)));
    let (Some(wrote), Some(said)) = (wrote, said) else {
        return Some(format!("mail {number}: written: {}, returned: {}", wrote.is_some(), said.is_some()));
    };
    let synced = |call: &&Call| {
        matches!(call.name.as_str(), "fsync" | "fdatasync")
            && call.file == wrote.file
            && call.result == "0"
            && call.began > wrote.ended
            && call.ended < said.began
    };
    match calls.iter().find(synced) {
        Some(_) => None,
        None => Some(format!(
            "mail {number}: {} was not synced between lines {} and {}",
            wrote.file, wrote.ended, said.began
        )),
    }
}

#[test]
fn the_check_reads_traces() {
    let write = r#"1 pwrite64(5</s/mail.db-wal>, "\0\1the mail number 000 of this run\r\n", 4096, 32) = 4096"#;
    let sync = "1 fdatasync(5</s/mail.db-wal>) = 0";
    let said = r#"2 write(1<pipe:[7]>, "> returned 000\n", 15) = 15"#;
    let begun = "1 fdatasync(5</s/mail.db-wal> <unfinished ...>";
    let resumed = "1 <... fdatasync resumed>) = 0";
    let table: [(bool, &[&str]); 9] = [
        (true, &[write, sync, said]),
        (true, &[write, begun, "3 write(9</s/x>, \"\", 0) = 0", resumed, said]),
        (false, &[write, said, sync]),
        (false, &[sync, write, said]),
        (false, &[write, "1 fdatasync(5</s/mail.db-wal>) = -1 EIO (Input/output error)", said]),
        (false, &[write, "1 fdatasync(4</s/mail.db>) = 0", said]),
        (false, &[write, begun, said, resumed]),
        (false, &[begun, write, resumed, said]),
        (false, &[sync, said]),
    ];
    for (sound, lines) in table {
        let calls = calls(&lines.join("\n"), Path::new("/s/mail.db"));
        assert_eq!(unsynced(&calls, 0..1).is_empty(), sound, "{lines:#?}");
    }
}
