//! The arguments, and what is wrong with them.

use std::error::Error;
use std::fmt;
use std::fs::File;
use std::io::Read;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use lexopt::Arg::{Long, Short};
use lexopt::ValueExt;
use posthaste::Dkim;

/// What is to be done.
pub(crate) enum Command {
    Help,
    Send(Box<Arguments>),
}

/// The arguments as they were given.
pub(crate) struct Arguments {
    pub(crate) from: Option<String>,
    pub(crate) to: Vec<String>,
    pub(crate) subject: Option<String>,
    pub(crate) text: Option<String>,
    pub(crate) html: Option<String>,
    pub(crate) attach: Vec<PathBuf>,
    pub(crate) eml: Option<PathBuf>,
    pub(crate) relay: Option<String>,
    pub(crate) user: Option<String>,
    pub(crate) password_file: Option<PathBuf>,
    pub(crate) ca: Option<PathBuf>,
    pub(crate) mx: bool,
    pub(crate) hello: Option<String>,
    pub(crate) dns: Option<SocketAddr>,
    pub(crate) port: Option<u16>,
    pub(crate) inward: bool,
    pub(crate) dkim_domain: Option<String>,
    pub(crate) dkim_selector: Option<String>,
    pub(crate) dkim_key: Option<PathBuf>,
    pub(crate) spool: Option<PathBuf>,
    pub(crate) timeout: Duration,
    pub(crate) json: bool,
}

impl Arguments {
    /// Reads the command line.
    pub(crate) fn from_env() -> Result<Command, Wrong> {
        let mut parser = lexopt::Parser::from_env();
        let mut all = Self::none();
        if std::env::args_os().len() < 2 {
            return Err(Wrong::new("arguments", "there are none").advise(SEE_HELP));
        }
        while let Some(argument) = parser.next().map_err(|error| Wrong::new("arguments", error))? {
            if matches!(argument, Short('h')) {
                return Ok(Command::Help);
            }
            let Long(name) = argument else {
                return Err(Wrong::new("arguments", argument.unexpected()).advise(SEE_HELP));
            };
            let name = format!("--{name}");
            let mut value = Value { name: &name, parser: &mut parser };
            match name.as_str() {
                "--help" => return Ok(Command::Help),
                "--from" => value.once(&mut all.from, Value::text)?,
                "--to" => all.to.push(value.text()?),
                "--subject" => value.once(&mut all.subject, Value::text)?,
                "--text" => value.once(&mut all.text, Value::text)?,
                "--html" => value.once(&mut all.html, Value::text)?,
                "--attach" => all.attach.push(value.path()?),
                "--eml" => value.once(&mut all.eml, Value::path)?,
                "--relay" => value.once(&mut all.relay, Value::text)?,
                "--user" => value.once(&mut all.user, Value::text)?,
                "--password-file" => value.once(&mut all.password_file, Value::path)?,
                "--ca" => value.once(&mut all.ca, Value::path)?,
                "--mx" => all.mx = true,
                "--hello" => value.once(&mut all.hello, Value::text)?,
                "--dns" => value.once(&mut all.dns, |value| value.parsed("ADDRESS:PORT, such as 127.0.0.1:53"))?,
                "--port" => value.once(&mut all.port, |value| value.parsed("a number from 1 to 65535"))?,
                "--inward" => all.inward = true,
                "--dkim-domain" => value.once(&mut all.dkim_domain, Value::text)?,
                "--dkim-selector" => value.once(&mut all.dkim_selector, Value::text)?,
                "--dkim-key" => value.once(&mut all.dkim_key, Value::path)?,
                "--spool" => value.once(&mut all.spool, Value::path)?,
                "--timeout" => all.timeout = Duration::from_secs(value.parsed("a number of seconds")?),
                "--json" => all.json = true,
                unknown => return Err(Wrong::new(unknown, "there is no such argument").advise(SEE_HELP)),
            }
        }
        Ok(Command::Send(Box::new(all)))
    }

    fn none() -> Self {
        Self {
            from: None,
            to: Vec::new(),
            subject: None,
            text: None,
            html: None,
            attach: Vec::new(),
            eml: None,
            relay: None,
            user: None,
            password_file: None,
            ca: None,
            mx: false,
            hello: None,
            dns: None,
            port: None,
            inward: false,
            dkim_domain: None,
            dkim_selector: None,
            dkim_key: None,
            spool: None,
            timeout: Duration::from_secs(600),
            json: false,
        }
    }

    /// The signer, if one was asked for.
    pub(crate) fn signer(&self) -> Result<Option<Dkim>, Wrong> {
        let (domain, selector, key) = match (&self.dkim_domain, &self.dkim_selector, &self.dkim_key) {
            (None, None, None) => return Ok(None),
            (Some(domain), Some(selector), Some(key)) => (domain, selector, key),
            (None, ..) => return Err(Wrong::new("--dkim-domain", "it is missing beside the others of DKIM")),
            (_, None, _) => return Err(Wrong::new("--dkim-selector", "it is missing beside the others of DKIM")),
            (_, _, None) => return Err(Wrong::new("--dkim-key", "it is missing beside the others of DKIM")),
        };
        let domain = domain.parse().map_err(|error| Wrong::new("--dkim-domain", error))?;
        let selector = selector.parse().map_err(|error| Wrong::new("--dkim-selector", error))?;
        let key = posthaste::dkim::DkimKey::from_pem_file(key).map_err(|error| Wrong::new("--dkim-key", error))?;
        Ok(Some(Dkim::new(domain).key(selector, key)))
    }
}

/// The value of one argument.
struct Value<'a> {
    name: &'a str,
    parser: &'a mut lexopt::Parser,
}

impl Value<'_> {
    fn once<T>(&mut self, place: &mut Option<T>, read: impl Fn(&mut Self) -> Result<T, Wrong>) -> Result<(), Wrong> {
        match place.replace(read(self)?) {
            None => Ok(()),
            Some(_) => Err(Wrong::new(self.name, "it is given twice")),
        }
    }

    fn path(&mut self) -> Result<PathBuf, Wrong> {
        let value = self.parser.value().map_err(|_| Wrong::new(self.name, "its value is missing"))?;
        Ok(value.into())
    }

    fn text(&mut self) -> Result<String, Wrong> {
        self.path()?.into_os_string().string().map_err(|_| Wrong::new(self.name, "it is not UTF-8"))
    }

    fn parsed<T: std::str::FromStr>(&mut self, what: &str) -> Result<T, Wrong> {
        let text = self.text()?;
        text.parse().map_err(|_| Wrong::new(self.name, format!("{text:?} is not {what}")))
    }
}

/// Reads a file, or standard input for `-`; no more than `limit` octets.
pub(crate) fn read_file(argument: &str, path: &Path, limit: u64) -> Result<Vec<u8>, Wrong> {
    let wrong = |error: &dyn fmt::Display| Wrong::new(argument, format!("{}: {error}", path.display()));
    let too_large = || wrong(&format!("more than {limit} octets, the limit"));
    let mut octets = Vec::new();
    if path == Path::new("-") {
        std::io::stdin().take(limit + 1).read_to_end(&mut octets).map_err(|error| wrong(&error))?;
    } else {
        let file = File::open(path).map_err(|error| wrong(&error))?;
        if file.metadata().map_err(|error| wrong(&error))?.len() > limit {
            return Err(too_large()); // before it is read
        }
        file.take(limit + 1).read_to_end(&mut octets).map_err(|error| wrong(&error))?;
    }
    if octets.len() as u64 > limit { Err(too_large()) } else { Ok(octets) }
}

/// An argument that cannot be used: which one, why, and what to do.
#[derive(Debug)]
pub(crate) struct Wrong {
    argument: String,
    why: String,
    advice: &'static str,
}

impl Wrong {
    pub(crate) fn new(argument: impl Into<String>, why: impl fmt::Display) -> Self {
        Self { argument: argument.into(), why: why.to_string(), advice: "" }
    }

    pub(crate) fn advise(mut self, advice: &'static str) -> Self {
        self.advice = advice;
        self
    }
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.argument, self.why)?;
        match self.advice {
            "" => Ok(()),
            advice => write!(f, "\n      {advice}"),
        }
    }
}

impl Error for Wrong {}

const SEE_HELP: &str = "send --help tells them all";

pub(crate) const HELP: &str = "\
Sends one mail, and follows it to its end.

  send --from MAILBOX --to MAILBOX --subject TEXT --text TEXT (--relay HOST:PORT | --mx)
  send --eml FILE (--relay HOST:PORT | --mx)

The mail
  --from MAILBOX        who writes: \"Ada <ada@example.com>\"
  --to MAILBOX          who gets it; again for one more
  --subject TEXT
  --text TEXT           - reads standard input
  --html TEXT           - reads standard input
  --attach FILE         again for one more; its name tells the content type
  --eml FILE            a message that is made already; - reads standard input. It goes from --from to --to, or, where
                        those are not given, from its From to its To and Cc

The way out: one of
  --relay HOST:PORT     through this server. Or a URL: smtp://HOST:PORT takes TLS where it is offered,
                        smtp+starttls:// and smtps:// demand it with a valid certificate, lmtp:// speaks LMTP.
                        Without a scheme it is smtp://; with --user it is smtp+starttls://, and smtps:// on port 465
    --user NAME         who logs in
    --password-file FILE
    --ca FILE           trust these certificates (PEM), not the system's
  --mx                  to the recipients' own mail hosts
    --hello NAME        the name of this host; the system's if not given
    --dns ADDRESS:PORT  ask this DNS server; the system's if not given
    --port PORT         of the mail hosts; 25 if not given
    --inward            the DNS may lead to loopback and private addresses

The signature: all or none
  --dkim-domain DOMAIN
  --dkim-selector NAME
  --dkim-key FILE       the private key, in PEM

The queue
  --spool FILE          keeps what is not delivered yet; the next call with it goes on. Made if there is none. Without
                        it the queue is a temporary file, and what is not taken in time is given up
  --timeout SECONDS     how long to wait; 600 if not given

The output
  --json                one event a line, in JSON

Exit code: 0 everything was taken, 1 something was not, 2 an argument cannot be used.
";
