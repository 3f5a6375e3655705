//! The arguments, and what is wrong with them.

use std::error::Error;
use std::fmt;
use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;

use lexopt::Arg::{Long, Short};
use lexopt::ValueExt;
use posthaste::mx::{ConfigError, ConfigErrorKind, RelayConfig};
use posthaste::{Domain, hostname};

use crate::gate::Rules;

pub(crate) const HELP: &str = "\
Takes mail over SMTP, queues it durably, and delivers it. Nothing is taken unless a rule says so: it relays for nobody
who has not shown a password.

Usage: relay (--user NAME=FILE ... | --takes-for DOMAIN ...) [OPTIONS]
       relay --demo [--json]

Who may send
  --user NAME=FILE        this user may send to anybody; his password is the first line of FILE; repeatable
  --sender WHOM           users may send as this address or domain, and no other; repeatable; default: as anybody
  --takes-for WHOM        everybody may send to this address or domain; repeatable; default: to nobody

Where it listens
  --listen ADDRESS:PORT   default: 127.0.0.1:2525; with --user, another than a loopback address needs --tls
  --hostname NAME         its name; default: the name of this machine
  --tls CERTIFICATE,KEY   offers STARTTLS with these PEM files; passwords are taken inside TLS alone then

Where mail goes
  --next URL              through this relay: smtp://HOST:PORT, smtp+starttls://USER@HOST:PORT, smtps://USER@HOST:PORT
                          or lmtp://HOST:PORT; default: to the recipients' MX
  --next-password FILE    its password
  --spool FILE            where mail waits; default: relay.db, made if it is missing

What is told
  --trace USER            the dialogues of this user's mail, on standard error; without passwords and content
  --json                  events as JSON, one a line

  --demo                  sends three mails through itself, on this machine alone, and ends
  --help                  this text

The mail of users gets the fields Date and Message-ID where it has none; without From it is not taken. What cannot be
delivered is told to its sender, unless he asked for no notice. Ctrl-C or SIGTERM stops it: what is under way ends
first, and what waits is taken up at the next start.

Exit code: 0 it was stopped, or all went well; 1 something failed, such as a port or spool in use; 2 an argument cannot
be used.
";

/// What is to be done.
pub(crate) enum Command {
    Help,
    Demo { json: bool },
    Serve(Box<Arguments>),
}

/// How the relay is to be.
pub(crate) struct Arguments {
    pub(crate) listen: SocketAddr,
    pub(crate) hostname: Domain,
    pub(crate) rules: Rules,
    /// Certificates and key, in PEM.
    pub(crate) tls: Option<(Vec<u8>, Vec<u8>)>,
    pub(crate) spool: PathBuf,
    pub(crate) next: Next,
    /// The user whose mail is traced.
    pub(crate) trace: Option<String>,
    pub(crate) json: bool,
}

/// Where mail goes.
pub(crate) enum Next {
    Mx,
    Relay { url: String, password: Option<String> },
}

/// What was given so far.
#[derive(Default)]
struct Given {
    rules: Rules,
    listen: Option<SocketAddr>,
    hostname: Option<Domain>,
    tls: Option<(Vec<u8>, Vec<u8>)>,
    spool: Option<PathBuf>,
    next: Option<String>,
    next_password: Option<String>,
    trace: Option<String>,
    json: bool,
    demo: bool,
}

impl Arguments {
    pub(crate) fn from_env() -> Result<Command, Wrong> {
        let mut parser = lexopt::Parser::from_env();
        let mut given = Given::default();
        while let Some(argument) = parser.next().map_err(|error| Wrong::new("arguments", error))? {
            if matches!(argument, Short('h')) {
                return Ok(Command::Help);
            }
            let Long(name) = argument else {
                return Err(Wrong::new("arguments", argument.unexpected()).advise(SEE_HELP));
            };
            let name = format!("--{name}");
            if name == "--help" {
                return Ok(Command::Help);
            }
            given.take(&name, &mut parser)?;
        }
        given.command()
    }
}

impl Given {
    fn take(&mut self, name: &str, parser: &mut lexopt::Parser) -> Result<(), Wrong> {
        let mut text = || {
            let value = parser.value().map_err(|_| Wrong::new(name, "its value is missing"))?;
            value.string().map_err(|_| Wrong::new(name, "it is not UTF-8"))
        };
        match name {
            "--user" => {
                let text = text()?;
                let (user, file) = text.split_once('=').ok_or_else(|| Wrong::new(name, "it is not NAME=FILE"))?;
                self.rules.users.insert(user.to_owned(), password(name, file)?);
            }
            "--sender" => self.rules.senders.push(parsed(name, &text()?)?),
            "--takes-for" => self.rules.takes_for.push(parsed(name, &text()?)?),
            "--listen" => self.listen = Some(parsed(name, &text()?)?),
            "--hostname" => self.hostname = Some(parsed(name, &text()?)?),
            "--tls" => {
                let text = text()?;
                let files = text.split_once(',').ok_or_else(|| Wrong::new(name, "it is not CERTIFICATE,KEY"))?;
                self.tls = Some((read(name, files.0)?, read(name, files.1)?));
            }
            "--spool" => self.spool = Some(text()?.into()),
            "--next" => self.next = Some(text()?),
            "--next-password" => self.next_password = Some(password(name, &text()?)?),
            "--trace" => self.trace = Some(text()?),
            "--json" => self.json = true,
            "--demo" => self.demo = true,
            unknown => return Err(Wrong::new(unknown, "there is no such argument").advise(SEE_HELP)),
        }
        Ok(())
    }

    fn command(self) -> Result<Command, Wrong> {
        let Self { rules, listen, hostname: name, tls, spool, next, next_password, trace, json, demo } = self;
        if demo {
            return Ok(Command::Demo { json });
        }
        if rules.users.is_empty() && rules.takes_for.is_empty() {
            return Err(
                Wrong::new("--user", "there is none, and no --takes-for: nobody could send anything").advise(SEE_HELP)
            );
        }
        if let Some(user) = trace.iter().find(|user| !rules.users.contains_key(*user)) {
            return Err(Wrong::new("--trace", format_args!("there is no --user {user}")));
        }
        let next = match (next, next_password) {
            (Some(url), password) => {
                RelayConfig::from_url(&url).map_err(|error| not_a_relay(&url, &error))?;
                Next::Relay { url, password }
            }
            (None, None) => Next::Mx,
            (None, Some(_)) => return Err(Wrong::new("--next", "it is missing beside --next-password")),
        };
        let listen = listen.unwrap_or(SocketAddr::from(([127, 0, 0, 1], 2525)));
        if !rules.users.is_empty() && tls.is_none() && !listen.ip().is_loopback() {
            return Err(Wrong::new("--listen", "without --tls nobody could show a password here"));
        }
        let spool = spool.unwrap_or_else(|| "relay.db".into());
        let name = match name {
            Some(name) => name,
            None => hostname().map_err(|error| {
                Wrong::new("--hostname", error).advise("say --hostname NAME, with a name that leads to this host")
            })?,
        };
        Ok(Command::Serve(Box::new(Arguments { listen, hostname: name, rules, tls, spool, next, trace, json })))
    }
}

fn not_a_relay(url: &str, error: &ConfigError) -> Wrong {
    match error.kind() {
        ConfigErrorKind::PasswordInUrl => {
            Wrong::new("--next", error).advise("put it into a file, and say --next-password FILE")
        }
        ConfigErrorKind::Scheme => Wrong::new("--next", format_args!("{url:?}: unknown scheme"))
            .advise("the schemes are smtp, smtp+starttls, smtps and lmtp"),
        _ => Wrong::new("--next", format_args!("{url:?}: {error}"))
            .advise("say a URL such as smtp+starttls://relay.example.com:587"),
    }
}

fn parsed<T: std::str::FromStr<Err: fmt::Display>>(name: &str, text: &str) -> Result<T, Wrong> {
    text.parse().map_err(|error| Wrong::new(name, format_args!("{text:?}: {error}")))
}

fn read(name: &str, file: &str) -> Result<Vec<u8>, Wrong> {
    fs::read(file).map_err(|error| Wrong::new(name, format_args!("{file}: {error}")))
}

/// The first line of a file.
fn password(name: &str, file: &str) -> Result<String, Wrong> {
    let text = String::from_utf8(read(name, file)?).map_err(|_| Wrong::new(name, format_args!("{file}: not UTF-8")))?;
    match text.lines().next() {
        Some(line) if !line.is_empty() => Ok(line.to_owned()),
        _ => Err(Wrong::new(name, format_args!("{file}: its first line is empty"))),
    }
}

/// An argument that cannot be used: which one, why, and what to do.
#[derive(Debug)]
pub(crate) struct Wrong(String);

impl Wrong {
    pub(crate) fn new(argument: &str, why: impl fmt::Display) -> Self {
        Self(format!("{argument}: {why}"))
    }

    fn advise(self, advice: &str) -> Self {
        Self(format!("{self}\n       {advice}"))
    }
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for Wrong {}

const SEE_HELP: &str = "relay --help tells them all";
