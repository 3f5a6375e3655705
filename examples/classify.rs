//! Says of each message what it reports, as JSON Lines: bounces, delays, complaints, automatic answers.
//!
//! Run it: `cargo run --example classify -- --help`

use std::io::{self, BufRead, Read, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use lexopt::Arg::{Long, Short, Value};
use posthaste::bounce::{Reading, RecipientReport, Severity, Verdict, classify_diagnostic, read, reply_within};
use posthaste::{Address, Reply, Text};
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
    let text = |text: &Option<Text>| text.as_ref().map(|text| text.as_str().to_owned());
    let mut line = object(json!({
        "kind": recipient.kind.as_str(),
        "recipient": Some(named).filter(|address| !address.is_empty()),
        "original_recipient": recipient.original.as_ref().map(|address| address.as_str()),
        "action": recipient.reported_action.map(|action| action.as_str()),
        "status": recipient.status.map(|status| status.to_string()),
        "reply_code": recipient.reply.as_ref().map(Reply::code),
        "permanence": recipient.permanence().as_str(),
        "diagnostic": text(&recipient.diagnostic),
        "remote_mta": text(&recipient.remote_mta),
        "reporting_mta": reading.reporting_mta(),
        "arrival_date": reading.arrival_date(),
        "last_attempt_date": text(&recipient.last_attempt_date),
        "will_retry_until": text(&recipient.will_retry_until),
        "message_id": reading.original().message_id().map(|id| id.to_string()),
        "forwarded": reading.is_forwarded(),
    }));
    line.extend(judgement(&recipient.verdict, recipient.said_at.as_ref()));
    line
}

fn judgement(verdict: &Verdict, at: Option<&Range<usize>>) -> Line {
    let said: Vec<String> = verdict.evidence().iter().map(|evidence| evidence.to_string()).collect();
    object(json!({
        "class": verdict.class.as_str(),
        "confidence": f64::from(verdict.confidence.percent()) / 100.0,
        "sender_action": verdict.action.as_str(),
        "evidence": {
            "rule": verdict.rule(),
            "begin": at.map(|at| at.start),
            "end": at.map(|at| at.end),
            "said": said,
        },
    }))
}

fn object(value: serde_json::Value) -> Line {
    match value {
        serde_json::Value::Object(object) => object,
        _ => Line::new(),
    }
}

/// One reply a line, or what a server made of it.
fn replies() -> io::Result<()> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    for line in io::stdin().lock().split(b'\n') {
        let line = line?;
        let said = String::from_utf8_lossy(line.trim_ascii());
        if said.is_empty() {
            continue;
        }
        let verdict = classify_diagnostic(&said, None);
        let permanence = match verdict.severity {
            Severity::Success => "none",
            _ if verdict.suppresses() => "hard",
            _ => "soft",
        };
        let code = reply_within(&said).as_ref().map(Reply::code);
        let mut object = object(json!({ "reply": said, "reply_code": code, "permanence": permanence }));
        object.extend(judgement(&verdict, None));
        serde_json::to_writer(&mut out, &object)?;
        out.write_all(b"\n")?;
    }
    out.flush()
}
