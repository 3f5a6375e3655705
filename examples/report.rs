//! Turns DMARC and TLS reports into a picture for people: who sends as a domain, what passes, what to fix.
//!
//! Run it: `cargo run --example report -- --help`

#[macro_use]
#[path = "support/out.rs"]
mod out;

use std::error::Error;
use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use lexopt::Arg::{Long, Short, Value};
use posthaste::report::{Limits, Reading, Summary, read};

#[path = "report/json.rs"]
mod json;
#[path = "report/page.rs"]
mod page;

const HELP: &str = "\
Reads DMARC aggregate reports, authentication failure reports and TLS reports, and says what they mean.

Usage: report [--json] FILES...

  FILES   mails, .xml, .json, .gz or .zip, as they came; of a folder, all files in it; - is the standard input
  --json  JSON Lines instead: one object for each report with all that was read, then one for each finding
  --help  this text

A report that is damaged is read as far as possible, and what could not be read is listed. A report that comes twice
counts once.

Exit code: 0 if each file is a report, 1 if one is not or cannot be opened, 2 if the arguments are wrong.
";

fn main() -> ExitCode {
    let (files, shape) = match arguments() {
        Ok(Some(arguments)) => arguments,
        Ok(None) => {
            print!("{HELP}");
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            eprintln!("report: {error}\nTry --help.");
            return ExitCode::from(2);
        }
    };
    match run(&files, shape) {
        Ok(0) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        // Whoever reads the output has seen enough.
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("report: {error}");
            ExitCode::FAILURE
        }
    }
}

/// What comes out.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    Json,
    Page,
}

/// The files and what comes out; `None` for help.
type Arguments = Option<(Vec<PathBuf>, Shape)>;

fn arguments() -> Result<Arguments, Box<dyn Error>> {
    let mut parser = lexopt::Parser::from_env();
    let (mut files, mut shape) = (Vec::new(), Shape::Page);
    while let Some(argument) = parser.next()? {
        match argument {
            Long("help") | Short('h') => return Ok(None),
            Long("json") => shape = Shape::Json,
            Value(file) => files.push(PathBuf::from(file)),
            other => return Err(other.unexpected().into()),
        }
    }
    if files.is_empty() {
        return Err("no files".into());
    }
    Ok(Some((files, shape)))
}

/// Reads all files, one after the other: only sums are kept. Gives the number of those that are no reports.
fn run(files: &[PathBuf], shape: Shape) -> std::io::Result<usize> {
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    let mut summary = Summary::new();
    let mut trouble: Vec<(String, String)> = Vec::new();
    let (mut count, mut failed) = (0_usize, 0);
    for file in files.iter().flat_map(|file| within(file)) {
        let name = file.display().to_string();
        count += 1;
        let reading = match open(&file) {
            Ok(reading) => reading,
            Err(error) => {
                failed += 1;
                trouble.push((name, error.to_string()));
                continue;
            }
        };
        failed += usize::from(reading.reports().next().is_none());
        for report in reading.reports() {
            summary.add(report);
        }
        match shape {
            Shape::Json => json::documents(&mut out, &name, &reading)?,
            Shape::Page => trouble.extend(page::trouble(&name, &reading)),
        }
    }
    match shape {
        Shape::Json => {
            json::findings(&mut out, &summary)?;
            trouble.iter().for_each(|(name, what)| eprintln!("report: {name}: {what}"));
        }
        Shape::Page => page::summary(&mut out, count, &summary, &trouble)?,
    }
    out.flush()?;
    Ok(failed)
}

/// The file, or the files of a folder in the order of their names.
fn within(path: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(path) else { return vec![path.to_owned()] };
    let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).filter(|path| path.is_file()).collect();
    files.sort();
    files
}

fn open(file: &Path) -> Result<Reading, Box<dyn Error>> {
    // One octet more than the limit, so that the limit itself is told.
    let most = Limits::default().input as u64 + 1;
    let mut octets = Vec::new();
    if file == Path::new("-") {
        std::io::stdin().lock().take(most).read_to_end(&mut octets)?;
    } else {
        File::open(file)?.take(most).read_to_end(&mut octets)?;
    }
    Ok(read(&octets)?)
}
