//! Accepting mail durably: [`Mailer::send`] on the SQLite spool against what the disk can do.
//!
//! The mail needs no signature; message, recipient and event rows are written, and the suppression list is
//! asked. It is due in a year, so that only acceptance is measured. Every mail has a body of its own but on the
//! side that says otherwise.

use std::error::Error;
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use posthaste_benches::{AppendLog, Comparison, CpuTime, GroupLog, Mode, Sample, Side, machine};
use posthaste_engine::Mailer;
use posthaste_message::Message;
use posthaste_sqlite::Sqlite;
use posthaste_transport::{Attempt, Capabilities, Outcomes, Transport, TransportError};
use posthaste_types::{Cause, Outcome, Timestamp};

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

fn main() -> Result<()> {
    let mode = Mode::from_env();
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    println!("{}", machine(folder.path()));
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    if mode.wants("one") {
        runtime.block_on(one_producer(mode, folder.path()))?;
    }
    if mode.wants("many") {
        runtime.block_on(many_producers(mode, folder.path()))?;
    }
    Ok(())
}

async fn one_producer(mode: Mode, folder: &Path) -> Result<()> {
    let mut run = Comparison::new("1 producer, 10 KiB", "messages");
    let raw = run.side("append + fdatasync");
    let ours = run.side("Mailer::send");
    run.ratio(ours, raw, ">= 0.8");
    let mut log = AppendLog::create(&folder.join("append.log"))?;
    let mailer = mailer(&folder.join("one.db")).await?;
    let count = mode.count(1_000);
    for round in 0..mode.rounds() {
        for side in run.order(round) {
            let sample = if side == raw {
                append(&mut log, count)?
            } else {
                send(&mailer, 1, messages(round, count, Bodies::Own)?).await?
            };
            run.note(side, sample);
        }
    }
    mailer.stop().await;
    print!("{run}");
    Ok(())
}

async fn many_producers(mode: Mode, folder: &Path) -> Result<()> {
    let mut run = Comparison::new(format!("{PRODUCERS} producers, 10 KiB"), "messages");
    let raw = run.side("one log with group commit, producers as threads");
    let tasks = run.side("one log with group commit, producers as tasks");
    let ours = run.side("Mailer::send");
    let shared = run.side("Mailer::send, one body for all");
    run.ratio(ours, raw, ">= 0.35");
    run.ratio(ours, tasks, "");
    run.ratio(shared, raw, "");
    let log = Arc::new(GroupLog::create(&folder.join("group.log"))?);
    let mailer = mailer(&folder.join("many.db")).await?;
    let count = mode.count(3_200);
    for round in 0..mode.rounds() {
        for side in run.order(round) {
            let sample = match bodies_of(side, ours, shared) {
                None if side == tasks => group_append(&log, count).await?,
                None => group_append_on_threads(&log, count)?,
                Some(bodies) => send(&mailer, PRODUCERS, messages(round, count, bodies)?).await?,
            };
            run.note(side, sample);
        }
    }
    mailer.stop().await;
    print!("{run}");
    Ok(())
}

fn bodies_of(side: Side, ours: Side, shared: Side) -> Option<Bodies> {
    [(ours, Bodies::Own), (shared, Bodies::Shared)]
        .into_iter()
        .find_map(|(own, bodies)| (own == side).then_some(bodies))
}

async fn mailer(path: &Path) -> Result<Mailer> {
    Ok(Mailer::builder().spool(Sqlite::open(path)?).transport(Idle).start().await?)
}

fn append(log: &mut AppendLog, count: usize) -> Result<Sample> {
    let record = vec![b'x'; SIZE];
    let (start, cpu) = (Instant::now(), CpuTime::here());
    for _ in 0..count {
        log.append(&record)?;
    }
    Ok(Sample::new(count, start.elapsed()).with_cpu(CpuTime::here().since(cpu)))
}

async fn group_append(log: &Arc<GroupLog>, count: usize) -> Result<Sample> {
    let (start, cpu) = (Instant::now(), CpuTime::here());
    let producers: Vec<_> = (0..PRODUCERS)
        .map(|_| {
            let (log, records) = (log.clone(), vec![vec![b'x'; SIZE]; count / PRODUCERS]);
            tokio::spawn(async move {
                for record in records {
                    if !log.append(record).await {
                        return false;
                    }
                }
                true
            })
        })
        .collect();
    for producer in producers {
        if !producer.await? {
            return Err("the log is broken".into());
        }
    }
    Ok(Sample::new(count / PRODUCERS * PRODUCERS, start.elapsed()).with_cpu(CpuTime::here().since(cpu)))
}

fn group_append_on_threads(log: &Arc<GroupLog>, count: usize) -> Result<Sample> {
    let (start, cpu) = (Instant::now(), CpuTime::here());
    let producers: Vec<_> = (0..PRODUCERS)
        .map(|_| {
            let (log, records) = (log.clone(), vec![vec![b'x'; SIZE]; count / PRODUCERS]);
            thread::spawn(move || records.into_iter().all(|record| log.append_blocking(record)))
        })
        .collect();
    for producer in producers {
        if !producer.join().map_err(|_| "a producer panicked")? {
            return Err("the log is broken".into());
        }
    }
    Ok(Sample::new(count / PRODUCERS * PRODUCERS, start.elapsed()).with_cpu(CpuTime::here().since(cpu)))
}

async fn send(mailer: &Mailer, producers: usize, mut messages: Vec<Message>) -> Result<Sample> {
    let each = messages.len() / producers;
    let shares: Vec<Vec<Message>> = (0..producers).map(|_| messages.split_off(messages.len() - each)).collect();
    let due = in_a_year()?;
    let (start, cpu) = (Instant::now(), CpuTime::here());
    let tasks: Vec<_> = shares
        .into_iter()
        .map(|share| {
            let mailer = mailer.clone();
            tokio::spawn(async move {
                for message in share {
                    mailer.send(message).send_at(due).await?;
                }
                Result::Ok(())
            })
        })
        .collect();
    for task in tasks {
        task.await??;
    }
    Ok(Sample::new(each * producers, start.elapsed()).with_cpu(CpuTime::here().since(cpu)))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Bodies {
    Own,
    Shared,
}

/// Messages of about 10 KiB, each to another recipient.
fn messages(round: usize, count: usize, bodies: Bodies) -> Result<Vec<Message>> {
    let text = |number: usize| {
        let line = format!("Line of mail {number} in round {round}, as long as such lines are.\n");
        line.repeat(SIZE / line.len())
    };
    let first = message(round, 0).text(text(0)).build()?;
    let build = |number: usize| {
        let message = message(round, number);
        Ok(match bodies {
            Bodies::Own => message.text(text(number)).build()?,
            Bodies::Shared => message.body(first.body()).build()?,
        })
    };
    (0..count).map(build).collect()
}

fn message(round: usize, number: usize) -> posthaste_message::MessageBuilder {
    Message::builder()
        .from("Ada <ada@news.example.com>")
        .to(format!("reader-{round}-{number}@site-{}.example", number % 50).as_str())
        .subject("Your order is on its way")
}

fn in_a_year() -> Result<Timestamp> {
    let at = SystemTime::now().duration_since(UNIX_EPOCH)? + Duration::from_secs(365 * 86_400);
    Ok(Timestamp::from_unix_secs(i64::try_from(at.as_secs())?))
}

/// Nothing is due while it runs.
#[derive(Debug)]
struct Idle;

#[async_trait]
impl Transport for Idle {
    fn capabilities(&self) -> Capabilities {
        Capabilities::relay()
    }

    async fn deliver(&self, attempt: &Attempt) -> std::result::Result<Outcomes, TransportError> {
        Ok(Outcomes::all(attempt, Outcome::accepted(Cause::local("into the void"))))
    }
}

const PRODUCERS: usize = 64;
const SIZE: usize = 10 * 1024;
