//! The mail that the arguments describe.

use std::path::{Path, PathBuf};

use posthaste::message::{ComposeError, Limits, ReadMessage, check_strict, read};
use posthaste::{Address, Attachment, Envelope, Mailbox, Message, Raw, ReversePath, Submission};

use crate::arguments::{Arguments, Wrong, read_file};

/// The mail, composed or as it is.
pub(crate) fn submission(arguments: &Arguments) -> Result<Submission, Wrong> {
    match &arguments.eml {
        Some(path) => Ok(ready_made(arguments, path)?.into()),
        None => Ok(composed(arguments)?.into()),
    }
}

fn composed(arguments: &Arguments) -> Result<Message, Wrong> {
    let Some(from) = &arguments.from else { return Err(Wrong::new("--from", "it is missing")) };
    if arguments.to.is_empty() {
        return Err(Wrong::new("--to", "there is no recipient"));
    }
    let mut message = Message::builder().from(from);
    for to in &arguments.to {
        message = message.to(to);
    }
    if let Some(subject) = &arguments.subject {
        message = message.subject(subject);
    }
    if let Some(text) = &arguments.text {
        message = message.text(text_of("--text", text)?);
    }
    if let Some(html) = &arguments.html {
        message = message.html(text_of("--html", html)?);
    }
    for path in &arguments.attach {
        message = message.attach(attachment(path)?);
    }
    message.build().map_err(|error| bad_message(&error, arguments))
}

/// The text itself, or standard input for `-`.
fn text_of(argument: &str, text: &str) -> Result<String, Wrong> {
    if text != "-" {
        return Ok(text.to_owned());
    }
    let octets = read_file(argument, Path::new("-"), MAX_MESSAGE)?;
    String::from_utf8(octets).map_err(|error| Wrong::new(argument, format!("standard input: {error}")))
}

fn attachment(path: &Path) -> Result<Attachment, Wrong> {
    let octets = read_file("--attach", path, MAX_MESSAGE)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let ending = path.extension().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    let known = CONTENT_TYPES.iter().find(|(known, _)| *known == ending);
    Ok(Attachment::new(name, known.map_or("application/octet-stream", |(_, content_type)| content_type), octets))
}

/// Names the arguments that the fields came from.
fn bad_message(error: &ComposeError, arguments: &Arguments) -> Wrong {
    let mut lines = error.problems().iter().map(|problem| {
        let (name, rest) = problem.field().split_once('[').unwrap_or((problem.field(), ""));
        let index: usize = rest.split(']').next().and_then(|index| index.parse().ok()).unwrap_or_default();
        let argument = match name {
            "from" | "subject" | "text" | "html" => format!("--{name}"),
            "to" => format!("--to {:?}", arguments.to.get(index).map(String::as_str).unwrap_or_default()),
            "attachment" => {
                format!(
                    "--attach {}",
                    arguments.attach.get(index).map(PathBuf::as_path).unwrap_or(Path::new("")).display()
                )
            }
            _ => problem.field().to_owned(),
        };
        let why = problem.to_string();
        (argument, why.split_once(": ").map_or(why.clone(), |(_, why)| why.to_owned()))
    });
    let (argument, why) = lines.next().unwrap_or_default();
    let more: String = lines.map(|(argument, why)| format!("\nsend: {argument}: {why}")).collect();
    Wrong::new(argument, why + &more)
}

/// A message of a file. What is wrong with it is told, and left as it is.
fn ready_made(arguments: &Arguments, path: &Path) -> Result<Raw, Wrong> {
    let given = [
        ("--subject", arguments.subject.is_some()),
        ("--text", arguments.text.is_some()),
        ("--html", arguments.html.is_some()),
        ("--attach", !arguments.attach.is_empty()),
    ];
    if let Some((argument, _)) = given.iter().find(|(_, is_given)| *is_given) {
        return Err(Wrong::new(*argument, "--eml brings a whole message, and nothing is added to it"));
    }
    let wrong = |error: &dyn std::fmt::Display| Wrong::new("--eml", format!("{}: {error}", path.display()));
    let octets = read_file("--eml", path, MAX_MESSAGE)?;
    let message = read(&octets, &Limits::default()).map_err(|error| wrong(&error))?;
    if message.header("Bcc").is_some() {
        return Err(wrong(&"everybody would see its Bcc field").advise("take the field out, and name all with --to"));
    }
    let envelope = Envelope::new(sender(arguments, &message)?, recipients(arguments, &message)?);
    let envelope = envelope.map_err(|_| wrong(&"it names no recipient in To and Cc").advise("name them with --to"))?;
    let raw = Raw::new(envelope, octets).map_err(|error| wrong(&error))?;
    if raw.repairs().any() {
        crate::say(format!("{}: {} line ends became CRLF", path.display(), raw.repairs().bare_line_ends));
    }
    if let Err(violations) = check_strict(&raw.content().to_bytes()) {
        crate::say(format!("{}: sent as it is, though hops may change it: {violations}", path.display()));
    }
    Ok(raw)
}

fn sender(arguments: &Arguments, message: &ReadMessage<'_>) -> Result<ReversePath, Wrong> {
    match arguments.from.as_deref() {
        Some("<>" | "") => Ok(ReversePath::Null),
        Some(from) => Ok(address("--from", from)?.into()),
        None => match message.from().iter().find_map(|from| from.to_address()) {
            Some(from) => Ok(from.into()),
            None => Err(Wrong::new("--from", "the message has no address in From").advise("say it with --from")),
        },
    }
}

fn recipients(arguments: &Arguments, message: &ReadMessage<'_>) -> Result<Vec<Address>, Wrong> {
    if !arguments.to.is_empty() {
        return arguments.to.iter().map(|to| address("--to", to)).collect();
    }
    let read = message.to().into_iter().chain(message.cc());
    let bad =
        |name: &str| Wrong::new("--eml", format!("{name:?} in To or Cc is no address")).advise("name all with --to");
    read.map(|to| to.to_address().ok_or_else(|| bad(&to.address))).collect()
}

fn address(argument: &str, text: &str) -> Result<Address, Wrong> {
    let mailbox: Result<Mailbox, _> = text.parse();
    mailbox.map(|mailbox| mailbox.address().clone()).map_err(|error| Wrong::new(format!("{argument} {text:?}"), error))
}

/// What large providers take.
const MAX_MESSAGE: u64 = 25 * 1024 * 1024;

const CONTENT_TYPES: &[(&str, &str)] = &[
    ("csv", "text/csv; charset=utf-8"),
    ("eml", "message/rfc822"),
    ("gif", "image/gif"),
    ("html", "text/html; charset=utf-8"),
    ("ics", "text/calendar; charset=utf-8"),
    ("jpeg", "image/jpeg"),
    ("jpg", "image/jpeg"),
    ("json", "application/json"),
    ("pdf", "application/pdf"),
    ("png", "image/png"),
    ("svg", "image/svg+xml"),
    ("txt", "text/plain; charset=utf-8"),
    ("webp", "image/webp"),
    ("zip", "application/zip"),
];
