//! Says of each message what it reports, as JSON Lines: bounces, delays, complaints, automatic answers.
//!
//! Run it: `cargo run --example classify -- --help`

use std::io::{self, BufRead, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use lexopt::Arg::{Long, Short, Value};
use posthaste::bounce::{Reading, RecipientReport, Verdict, classify, read};
use posthaste::{Address, Reply, Stage};
use serde_json::{Map, json};

const HELP: &str = "\
Says of each message what it reports: one line of JSON for each recipient, or one line with the kind.

Usage: classify FILES...
       classify --reply

  FILES    messages as they came, mboxes, folders of these; - is the standard input
  --reply  reads replies of servers instead, one a line, from the standard input
  --help   this text

Exit code: 0 if each file was read, whatever it is; 1 if one cannot be read; 2 if the arguments are wrong.
";

fn main() -> ExitCode {
    let asked = match arguments() {
        Ok(asked) => asked,
        Err(error) => {
            eprintln!("classify: {error}\nTry --help.");
            return ExitCode::from(2);
        }
    };
    let done = match asked {
        Asked::Help => io::stdout().write_all(HELP.as_bytes()).map(|()| ExitCode::SUCCESS),
        Asked::Replies => replies().map(|()| ExitCode::SUCCESS),
        Asked::Files(files) => messages(&files),
    };
    match done {
        Ok(code) => code,
        // Whoever reads the output has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("classify: {error}");
            ExitCode::FAILURE
        }
    }
}

enum Asked {
    Files(Vec<PathBuf>),
    Help,
    Replies,
}

fn arguments() -> Result<Asked, lexopt::Error> {
    let mut files = Vec::new();
    let mut replies = false;
    let mut parser = lexopt::Parser::from_env();
    while let Some(argument) = parser.next()? {
        match argument {
            Long("help") | Short('h') => return Ok(Asked::Help),
            Long("reply") => replies = true,
            Value(file) => files.push(PathBuf::from(file)),
            _ => return Err(argument.unexpected()),
        }
    }
    match (replies, files.is_empty()) {
        (true, true) => Ok(Asked::Replies),
        (true, false) => Err("--reply takes no files".into()),
        (false, true) => Err("no file is named".into()),
        (false, false) => Ok(Asked::Files(files)),
    }
}

fn messages(files: &[PathBuf]) -> io::Result<ExitCode> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    let mut code = ExitCode::SUCCESS;
    for file in files {
        for (name, content) in contents(file) {
            let read = content.map_err(|error| error.to_string()).and_then(|raw| show(&mut out, &name, &raw));
            if let Err(error) = read {
                eprintln!("classify: {name}: {error}");
                code = ExitCode::FAILURE;
            }
        }
    }
    out.flush()?;
    Ok(code)
}

/// The files that a name stands for, with what they hold.
fn contents(file: &Path) -> Vec<(String, io::Result<Vec<u8>>)> {
    let name = file.display().to_string();
    if file == Path::new("-") {
        let mut raw = Vec::new();
        let read = io::stdin().lock().read_to_end(&mut raw);
        return vec![(name, read.map(|_| raw))];
    }
    if !file.is_dir() {
        return vec![(name, std::fs::read(file))];
    }
    let Ok(entries) = std::fs::read_dir(file) else { return vec![(name, Err(io::ErrorKind::PermissionDenied.into()))] };
    let mut inside: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    inside.sort();
    inside.iter().flat_map(|file| contents(file)).collect()
}

/// Writes what a file says, be it one message or an mbox.
fn show(out: &mut impl Write, name: &str, raw: &[u8]) -> Result<(), String> {
    let mails = split_mbox(raw);
    let several = mails.len() > 1;
    for (index, (at, mail)) in mails.into_iter().enumerate() {
        let reading = read(&mail).map_err(|error| error.to_string())?;
        for line in lines(&reading) {
            let mut object = Map::new();
            object.insert("file".into(), json!(name));
            if several {
                object.insert("message".into(), json!(index));
                object.insert("message_at".into(), json!(at));
            }
            object.extend(line);
            serde_json::to_writer(&mut *out, &object).map_err(|error| error.to_string())?;
            out.write_all(b"\n").map_err(|error| error.to_string())?;
        }
    }
    Ok(())
}

/// The messages of an mbox, or the only one, and where each begins. A line of an mbox that begins with `From ` behind
/// an empty one begins a message; `>From ` is such a line of a message.
fn split_mbox(raw: &[u8]) -> Vec<(usize, Vec<u8>)> {
    if !raw.starts_with(b"From ") {
        return vec![(0, raw.to_vec())];
    }
    let mut mails: Vec<(usize, Vec<u8>)> = Vec::new();
    let (mut at, mut blank) = (0, true);
    for line in raw.split_inclusive(|octet| *octet == b'\n') {
        if blank && line.starts_with(b"From ") && line.contains(&b':') {
            mails.push((at + line.len(), Vec::new()));
        } else if let Some((_, mail)) = mails.last_mut() {
            let quoted = line.starts_with(b">") && line.trim_ascii_start().strip_prefix(b">From ").is_some();
            mail.extend_from_slice(line.get(usize::from(quoted)..).unwrap_or(line));
        }
        blank = line.trim_ascii().is_empty();
        at += line.len();
    }
    if mails.is_empty() { vec![(0, raw.to_vec())] } else { mails }
}

type Line = Map<String, serde_json::Value>;

fn lines(reading: &Reading) -> Vec<Line> {
    if reading.recipients().is_empty() {
        return vec![Map::from_iter([("kind".to_owned(), json!(reading.kind().as_str()))])];
    }
    reading.recipients().iter().map(|recipient| line(reading, recipient)).collect()
}

fn line(reading: &Reading, recipient: &RecipientReport) -> Line {
    let named = recipient.recipient().map_or(recipient.address.as_str(), Address::as_str);
    let address = Some(named).filter(|address| !address.is_empty());
    let mut line = Map::new();
    line.insert("kind".into(), json!(recipient.kind.as_str()));
    line.insert("recipient".into(), json!(address));
    line.insert("original_recipient".into(), json!(recipient.original.as_ref().map(|address| address.as_str())));
    line.insert("action".into(), json!(recipient.reported_action.map(|action| action.as_str())));
    line.insert("status".into(), json!(recipient.status.map(|status| status.to_string())));
    line.insert("reply_code".into(), json!(recipient.reply.as_ref().map(Reply::code)));
    line.insert("diagnostic".into(), json!(recipient.diagnostic.as_ref().map(|text| text.as_str())));
    line.insert("remote_mta".into(), json!(recipient.remote_mta.as_ref().map(|text| text.as_str())));
    line.insert("reporting_mta".into(), json!(reading.reporting_mta()));
    line.insert("message_id".into(), json!(reading.original().message_id().map(|id| id.to_string())));
    line.insert("permanence".into(), json!(recipient.permanence().as_str()));
    line.extend(judgement(&recipient.verdict));
    line
}

fn judgement(verdict: &Verdict) -> Line {
    let evidence: Vec<String> = verdict.evidence().iter().map(|evidence| evidence.to_string()).collect();
    let mut line = Map::new();
    line.insert("class".into(), json!(verdict.class.as_str()));
    line.insert("sender_action".into(), json!(verdict.action.as_str()));
    line.insert("evidence".into(), json!(evidence));
    line
}

fn replies() -> io::Result<()> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    for line in io::stdin().lock().lines() {
        let line = line?;
        let Ok(reply) = Reply::parse(line.as_bytes()) else { continue };
        let verdict = classify(&reply, Stage::Rcpt, None);
        serde_json::to_writer(&mut out, &judgement(&verdict))?;
        out.write_all(b"\n")?;
    }
    out.flush()
}
