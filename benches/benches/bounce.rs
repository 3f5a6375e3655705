//! Reading bounces: ours against mail-parser's parse alone and flufl.bounce, over the same real files; and classifying
//! replies.
//!
//! `POSTHASTE_CORPORA` names the folder of the corpora. flufl.bounce takes part where `FLUFL_PYTHON` names a Python
//! that has it.

use std::error::Error;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use posthaste_benches::{Comparison, Mode, Sample, machine};
use posthaste_bounce::{Rules, classify, read, reply_within};
use posthaste_types::{Reply, Stage};

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

fn main() -> Result<()> {
    let mode = Mode::from_env();
    println!("{}", machine(Path::new(env!("CARGO_TARGET_TMPDIR"))));
    let Some(folder) = std::env::var_os("POSTHASTE_CORPORA").map(PathBuf::from) else {
        println!("skipped: POSTHASTE_CORPORA does not name a folder");
        return Ok(());
    };
    let folder = folder.join("bounces/sisimai/maildir/bsd");
    let files = files(&folder)?;
    // The tables are read once for the life of a program.
    let start = Instant::now();
    Rules::builtin();
    println!("{} files, {} octets; tables read in {:?}", files.len(), files.concat().len(), start.elapsed());
    if mode.wants("read") {
        reading(mode, &folder, &files)?;
    }
    if mode.wants("classify") {
        classifying(mode, &files);
    }
    Ok(())
}

fn files(folder: &Path) -> Result<Vec<Vec<u8>>> {
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder)?.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    Ok(paths.iter().map(std::fs::read).collect::<std::io::Result<_>>()?)
}

fn reading(mode: Mode, folder: &Path, files: &[Vec<u8>]) -> Result<()> {
    let mut run = Comparison::new("real bounces, read".to_owned(), "files");
    let us = run.side("posthaste read");
    let parser = run.side("mail-parser, parse alone");
    run.ratio(us, parser, ">= 0.6");
    let python = std::env::var_os("FLUFL_PYTHON");
    let flufl = python.as_ref().map(|_| run.side("flufl.bounce"));
    if let Some(flufl) = flufl {
        run.ratio(us, flufl, ">= 10");
    }
    let times = mode.count(40);
    let theirs = mail_parser::MessageParser::default();
    for round in 0..mode.rounds() {
        for side in run.order(round) {
            let sample = match &python {
                Some(python) if Some(side) == flufl => Sample::new(files.len(), by_flufl(Path::new(python), folder)?),
                _ if side == us => timed(files, times, |file| read(file).is_ok()),
                _ => timed(files, times, |file| theirs.parse(file).is_some()),
            };
            run.note(side, sample);
        }
    }
    print!("{run}");
    Ok(())
}

fn timed(files: &[Vec<u8>], times: usize, work: impl Fn(&[u8]) -> bool) -> Sample {
    let start = Instant::now();
    for _ in 0..times {
        for file in files {
            black_box(work(black_box(file)));
        }
    }
    Sample::new(times * files.len(), start.elapsed())
}

/// How long flufl.bounce takes for the files, parsing included, starting the interpreter not.
fn by_flufl(python: &Path, folder: &Path) -> Result<Duration> {
    let output = Command::new(python).arg("-c").arg(FLUFL).arg(folder).output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned().into());
    }
    Ok(Duration::from_secs_f64(String::from_utf8_lossy(&output.stdout).trim().parse()?))
}

const FLUFL: &str = "
import sys, time, os, email
from flufl.bounce import all_failures
raws = [open(os.path.join(sys.argv[1], name), 'rb').read() for name in sorted(os.listdir(sys.argv[1]))]
start = time.perf_counter()
for raw in raws:
    try:
        all_failures(email.message_from_bytes(raw))
    except Exception:
        pass
print(time.perf_counter() - start)
";

fn classifying(mode: Mode, files: &[Vec<u8>]) {
    let replies: Vec<Reply> = files
        .iter()
        .filter_map(|file| read(file).ok())
        .flat_map(|reading| reading.recipients().to_vec())
        .filter_map(|recipient| reply_within(recipient.diagnostic?.as_str()))
        .collect();
    let length: usize = replies.iter().map(|reply| reply.to_string().len()).sum();
    let mut run = Comparison::new(
        format!("{} replies of {} octets, classified", replies.len(), length / replies.len().max(1)),
        "replies",
    );
    let us = run.side("posthaste classify (>= 2,000,000/s)");
    let times = mode.count(400);
    for _ in 0..mode.rounds() {
        let start = Instant::now();
        for _ in 0..times {
            for reply in &replies {
                black_box(classify(black_box(reply), Stage::Rcpt, None));
            }
        }
        run.note(us, Sample::new(times * replies.len(), start.elapsed()));
    }
    print!("{run}");
}
