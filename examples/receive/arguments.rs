//! The arguments, and what is wrong with them.

use std::error::Error;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use lexopt::Arg::{Long, Short};
use lexopt::ValueExt;
use posthaste::Domain;

/// What is to be done.
pub(crate) enum Command {
    Help,
    Receive(Arguments),
}

/// The arguments as they were given.
#[derive(Default)]
pub(crate) struct Arguments {
    pub(crate) port: u16,
    pub(crate) lmtp: bool,
    pub(crate) tls: bool,
    pub(crate) root: Option<PathBuf>,
    pub(crate) json: bool,
    pub(crate) domain: Option<Domain>,
    pub(crate) count: Option<u64>,
    pub(crate) max_message: Option<u64>,
    pub(crate) max_recipients: Option<usize>,
    pub(crate) max_connections: Option<usize>,
}

impl Arguments {
    /// Reads the command line.
    pub(crate) fn from_env() -> Result<Command, Wrong> {
        let mut parser = lexopt::Parser::from_env();
        let mut all = Self::default();
        while let Some(argument) = parser.next().map_err(|error| Wrong::new("arguments", error))? {
            if matches!(argument, Short('h')) {
                return Ok(Command::Help);
            }
            let Long(name) = argument else {
                return Err(Wrong::new("arguments", format!("{}\n         {SEE_HELP}", argument.unexpected())));
            };
            let name = format!("--{name}");
            match name.as_str() {
                "--help" => return Ok(Command::Help),
                "--port" => all.port = parsed(&mut parser, &name, "a number from 0 to 65535")?,
                "--lmtp" => all.lmtp = true,
                "--tls" => all.tls = true,
                "--root" => all.root = Some(parsed(&mut parser, &name, "a path")?),
                "--json" => all.json = true,
                "--domain" => all.domain = Some(parsed(&mut parser, &name, "a domain, such as example.com")?),
                "--count" => all.count = Some(parsed(&mut parser, &name, "a number of messages")?),
                "--max-message" => all.max_message = Some(parsed(&mut parser, &name, "a number of octets")?),
                "--max-recipients" => all.max_recipients = Some(parsed(&mut parser, &name, "a number")?),
                "--max-connections" => all.max_connections = Some(parsed(&mut parser, &name, "a number")?),
                unknown => return Err(Wrong::new(unknown, format!("there is no such argument\n         {SEE_HELP}"))),
            }
        }
        if all.root.is_some() && !all.tls {
            return Err(Wrong::new("--root", "it belongs to --tls"));
        }
        Ok(Command::Receive(all))
    }
}

fn parsed<T: FromStr>(parser: &mut lexopt::Parser, name: &str, what: &str) -> Result<T, Wrong> {
    let value = parser.value().map_err(|_| Wrong::new(name, "its value is missing"))?;
    let text = value.string().map_err(|_| Wrong::new(name, "it is not UTF-8"))?;
    text.parse().map_err(|_| Wrong::new(name, format!("{text:?} is not {what}")))
}

/// An argument that cannot be used: which one, and why.
#[derive(Debug)]
pub(crate) struct Wrong {
    argument: String,
    why: String,
}

impl Wrong {
    pub(crate) fn new(argument: impl Into<String>, why: impl fmt::Display) -> Self {
        Self { argument: argument.into(), why: why.to_string() }
    }
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.argument, self.why)
    }
}

impl Error for Wrong {}

const SEE_HELP: &str = "receive --help tells them all";

pub(crate) const HELP: &str = "\
Receives mail on 127.0.0.1, prints it, and keeps nothing. Ends at Ctrl-C or SIGTERM; what is under way is printed first.

  receive [--port PORT] [--lmtp] [--tls [--root FILE]] [--json] [--domain DOMAIN] [--count NUMBER]

  --port PORT               0, or nothing, takes a free one; it is told on standard error
  --lmtp                    LMTP, not SMTP
  --tls                     offers STARTTLS, with a certificate for localhost that is made for this run
    --root FILE             writes the authority that vouches for it there, in PEM
  --json                    one message a line, in JSON
  --domain DOMAIN           takes mail for addresses at this domain alone; for all if not given
  --count NUMBER            ends behind so many messages; 0 only sees whether it can listen, and ends at once

The limits
  --max-message OCTETS      of one message; 26214400 if not given
  --max-recipients NUMBER   of one message; 1000 if not given
  --max-connections NUMBER  at once; 100 if not given

Exit code: 0 it was ended, 1 it cannot listen, 2 an argument cannot be used.
";
