//! Shows what a receiver would say of a message: SPF, DKIM, ARC, DMARC and iprev, each with its reason.
//!
//! Run it: `cargo run --example verify -- --help`

use std::error::Error;
use std::io::{Read, Write};
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use lexopt::Arg::{Long, Short, Value};
use lexopt::ValueExt;
use posthaste::auth::results::{self, AuthservId};
use posthaste::dkim::{Arrival, MessageSettings, MessageVerdict, check_message};
use posthaste::dns::{MemoryZone, Resolve};
use posthaste::dns_hickory::Hickory;
use posthaste::{Clock, DnsName, HeaderField, SystemClock};

#[path = "verify/json.rs"]
mod json;
#[path = "verify/page.rs"]
mod page;

const HELP: &str = "\
Shows what a receiver would say of a message that comes from an address.

Usage: verify FILE --ip ADDRESS --helo NAME --mail-from SENDER [--zone FILE] [--receiver NAME] [--json]

  FILE               the message; - is the standard input. Lines may end in CRLF or LF
  --ip ADDRESS       the address of the client
  --helo NAME        what it says in EHLO
  --mail-from SENDER what it says in MAIL FROM; '' is the null path of bounces
  --zone FILE        ask these DNS records, in the form of a zone file with one a line, and no server
  --receiver NAME    who receives; receiver.example by default
  --json             one JSON object instead of a page
  --help             this text

Exit code: 0 if the message was checked, 1 if it or the zone cannot be read, 2 if the arguments are wrong.
";

fn main() -> ExitCode {
    let arguments = match arguments() {
        Ok(Some(arguments)) => arguments,
        Ok(None) => {
            let _ = std::io::stdout().write_all(HELP.as_bytes()); // who reads on may have gone
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            eprintln!("verify: {error}\nTry --help.");
            return ExitCode::from(2);
        }
    };
    match run(&arguments) {
        Err(error) => {
            eprintln!("verify: {error}");
            ExitCode::FAILURE
        }
        Ok(checked) => {
            let mut out = std::io::stdout().lock();
            // Whoever reads the output may have seen enough.
            let _ = if arguments.json { json::write(&mut out, &checked) } else { page::write(&mut out, &checked) };
            ExitCode::SUCCESS
        }
    }
}

struct Arguments {
    file: PathBuf,
    arrival: Arrival,
    zone: Option<PathBuf>,
    receiver: DnsName,
    json: bool,
}

/// `None` for help.
fn arguments() -> Result<Option<Arguments>, Box<dyn Error>> {
    let mut parser = lexopt::Parser::from_env();
    let (mut file, mut zone, mut json) = (None, None, false);
    let (mut ip, mut helo, mut mail_from) = (None::<IpAddr>, None::<String>, None::<String>);
    let mut receiver: DnsName = "receiver.example".parse()?;
    while let Some(argument) = parser.next()? {
        match argument {
            Long("help") | Short('h') => return Ok(None),
            Long("ip") => ip = Some(parser.value()?.parse()?),
            Long("helo") => helo = Some(parser.value()?.parse()?),
            Long("mail-from") => mail_from = Some(parser.value()?.parse()?),
            Long("zone") => zone = Some(parser.value()?.into()),
            Long("receiver") => receiver = parser.value()?.parse()?,
            Long("json") => json = true,
            Value(path) if file.is_none() => file = Some(path.into()),
            other => return Err(other.unexpected().into()),
        }
    }
    let (Some(file), Some(ip), Some(helo), Some(mail_from)) = (file, ip, helo, mail_from) else {
        return Err("FILE, --ip, --helo and --mail-from are wanted".into());
    };
    Ok(Some(Arguments { file, arrival: Arrival::new(ip, helo, mail_from), zone, receiver, json }))
}

/// What is shown.
struct Checked {
    arrival: Arrival,
    verdict: MessageVerdict,
    /// What the receiver puts in front of the message.
    fields: Vec<HeaderField>,
    /// Fields of the receiver's name that the message brought, and that are taken out.
    stripped: usize,
}

fn run(arguments: &Arguments) -> Result<Checked, Box<dyn Error>> {
    let message = crlf(read(&arguments.file).map_err(|error| format!("{}: {error}", arguments.file.display()))?);
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let verdict = runtime.block_on(async {
        let dns: Arc<dyn Resolve> = match &arguments.zone {
            Some(file) => Arc::new(zone(file).map_err(|error| format!("{}: {error}", file.display()))?),
            None => Arc::new(Hickory::system(clock.clone())?),
        };
        let mut settings = MessageSettings::default();
        settings.spf.receiver = Some(arguments.receiver.clone());
        let checked = check_message(&[&message], &arguments.arrival, &*dns, &*clock, &settings).await;
        Ok::<_, Box<dyn Error>>(checked)
    })?;
    let own = AuthservId::parse(arguments.receiver.as_str())?;
    let (_, stripped) = results::strip(&message, &own);
    let fields = vec![verdict.results(own).to_field()?, verdict.received_spf(&arguments.receiver)?];
    Ok(Checked { arrival: arguments.arrival.clone(), verdict, fields, stripped })
}

fn zone(file: &Path) -> Result<MemoryZone, Box<dyn Error>> {
    Ok(std::fs::read_to_string(file)?.parse()?)
}

fn read(file: &Path) -> std::io::Result<Vec<u8>> {
    if file != Path::new("-") {
        return std::fs::read(file);
    }
    let mut octets = Vec::new();
    std::io::stdin().lock().read_to_end(&mut octets)?;
    Ok(octets)
}

/// As it came over SMTP: a file that was saved with LF gets CRLF, and nothing else is changed.
fn crlf(octets: Vec<u8>) -> Vec<u8> {
    let mut out = Vec::with_capacity(octets.len());
    for octet in octets {
        if octet == b'\n' && out.last() != Some(&b'\r') {
            out.push(b'\r');
        }
        out.push(octet);
    }
    out
}
