//! What the doctor is asked.

use std::error::Error;
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use lexopt::Arg::{Long, Short, Value};
use lexopt::ValueExt;
use posthaste::Domain;
use posthaste::dns_hickory::Validation;
use posthaste::provider::Volume;
use posthaste_doctor::SendingDomain;

pub(crate) const HELP: &str = "\
Audits a sending domain: what is wrong, what was seen, who cares, and the record that mends it.

Usage: doctor DOMAIN [--ip IP].. [--selector NAME].. [--ehlo NAME] [--dns HOST:PORT] [--json]

  DOMAIN              the domain that stands in From
  --ip IP             an address that sends; may be repeated
  --selector NAME     a selector of DKIM (`s=` of a signature); may be repeated. NAME=YYYY-MM-DD says when its key was
                      made. Without any, usual names are tried
  --ehlo NAME         the name that the sending hosts say in EHLO
  --mail-from DOMAIN  the domain of MAIL FROM, if it is another
  --volume N          how many messages a day go to one provider: decides whose bulk rules count
  --policy-none-since YYYY-MM-DD
                      since when the DMARC record says p=none: half a year of it is a warning of its own
  --dns HOST:PORT     the DNS server to ask; else those of the system. Without a port, 53
  --dnssec WHO        who checks signatures: `none` (the default), `server` (its AD bit is believed: for a validating
                      resolver on this host), `here`
  --list-key ID=KEY   the key of a block list that needs one; may be repeated
  --skip-list ID      leave this block list out; may be repeated
  --no-lists          ask no block list
  --look              connect to the mail hosts too: do they offer TLS?
  --requirements FILE the demands of providers, in place of the built-in table
  --time SECONDS      how long at most (30); what has no answer then is unknown
  --json              one JSON object instead of the page
  --help              this text

Colours stand on a terminal alone, and not if NO_COLOR is set.

Exit code, by the worst that was found:
  0  nothing, or notes
  1  an error
  2  the arguments are wrong, or there is no DNS server to ask
  3  no error, but something is not known
  4  warnings alone
";

/// What was asked for.
pub(crate) enum Asked {
    Audit(Box<Arguments>),
    Help,
}

pub(crate) struct Arguments {
    pub(crate) sending: SendingDomain,
    pub(crate) server: Option<Server>,
    pub(crate) validation: Option<Validation>,
    pub(crate) keys: Vec<(String, String)>,
    pub(crate) skipped: Vec<String>,
    pub(crate) no_lists: bool,
    pub(crate) look: bool,
    pub(crate) requirements: Option<PathBuf>,
    pub(crate) time: Duration,
    pub(crate) shape: Shape,
}

/// A host and a port.
pub(crate) struct Server(pub(crate) String);

/// What comes out.
#[derive(Clone, Copy)]
pub(crate) enum Shape {
    Json,
    Page,
}

type Result<T> = std::result::Result<T, Box<dyn Error>>;
type Change = Box<dyn FnOnce(SendingDomain) -> SendingDomain>;

pub(crate) fn read() -> Result<Asked> {
    let mut parser = lexopt::Parser::from_env();
    let mut domain: Option<Domain> = None;
    let mut changes: Vec<Change> = Vec::new();
    let mut rest = Rest::default();
    while let Some(argument) = parser.next()? {
        match argument {
            Long("help") | Short('h') => return Ok(Asked::Help),
            Value(text) if domain.is_none() => domain = Some(parse("DOMAIN", &text)?),
            Long(option) => {
                let option = option.to_owned();
                if !rest.take(&option, &mut parser)? {
                    changes.push(change(&option, &mut parser)?);
                }
            }
            other => return Err(other.unexpected().into()),
        }
    }
    let sending = SendingDomain::new(domain.ok_or("no DOMAIN")?);
    let sending = changes.into_iter().fold(sending, |sending, change| change(sending));
    let Rest { server, validation, keys, skipped, no_lists, look, requirements, time, json } = rest;
    Ok(Asked::Audit(Box::new(Arguments {
        sending,
        server,
        validation,
        keys,
        skipped,
        no_lists,
        look,
        requirements,
        time: time.unwrap_or(Duration::from_secs(30)),
        shape: if json { Shape::Json } else { Shape::Page },
    })))
}

/// What is not about the domain.
#[derive(Default)]
struct Rest {
    server: Option<Server>,
    validation: Option<Validation>,
    keys: Vec<(String, String)>,
    skipped: Vec<String>,
    no_lists: bool,
    look: bool,
    requirements: Option<PathBuf>,
    time: Option<Duration>,
    json: bool,
}

impl Rest {
    /// Whether the option is one of these.
    fn take(&mut self, option: &str, parser: &mut lexopt::Parser) -> Result<bool> {
        match option {
            "json" => self.json = true,
            "look" => self.look = true,
            "no-lists" => self.no_lists = true,
            "skip-list" => self.skipped.push(parser.value()?.string()?),
            "dns" => self.server = Some(server(parser.value()?.string()?)),
            "requirements" => self.requirements = Some(parser.value()?.into()),
            "time" => {
                let seconds: u64 = parse("--time", &parser.value()?)?;
                self.time = Some(Duration::from_secs(seconds.clamp(1, 3600)));
            }
            "dnssec" => {
                let who = parser.value()?.string()?;
                self.validation = Some(match who.as_str() {
                    "none" => Validation::Nobody,
                    "server" => Validation::Server,
                    "here" => Validation::Here,
                    _ => return Err(format!("--dnssec {who}: not none, server or here").into()),
                });
            }
            "list-key" => {
                let pair = parser.value()?.string()?;
                let (id, key) = pair.split_once('=').ok_or("--list-key: not ID=KEY")?;
                self.keys.push((id.to_owned(), key.to_owned()));
            }
            _ => return Ok(false),
        }
        Ok(true)
    }
}

fn change(option: &str, parser: &mut lexopt::Parser) -> Result<Change> {
    Ok(match option {
        "ip" => {
            let ip = parse("--ip", &parser.value()?)?;
            Box::new(move |sending| sending.ip(ip))
        }
        "selector" => {
            let text = parser.value()?.string()?;
            let (name, day) = text.split_once('=').map_or((text.as_str(), None), |(name, day)| (name, Some(day)));
            let made = day.map(|day| {
                format!("{day}T00:00:00Z").parse().map_err(|_| format!("--selector {text}: {day} is no YYYY-MM-DD"))
            });
            let (name, made) = (name.to_owned(), made.transpose()?);
            Box::new(move |sending| sending.selector_made(&name, made))
        }
        "ehlo" => {
            let name = parser.value()?.string()?;
            Box::new(move |sending| sending.ehlo(&name))
        }
        "mail-from" => {
            let domain = parse("--mail-from", &parser.value()?)?;
            Box::new(move |sending| sending.mail_from(domain))
        }
        "volume" => {
            let messages = parse("--volume", &parser.value()?)?;
            Box::new(move |sending| sending.volume(Volume::per_day(messages)))
        }
        "policy-none-since" => {
            let text = parser.value()?.string()?;
            let day = format!("{text}T00:00:00Z").parse();
            let day = day.map_err(|_| format!("--policy-none-since {text}: this is no YYYY-MM-DD"))?;
            Box::new(move |sending| sending.policy_none_since(day))
        }
        other => return Err(format!("invalid option '--{other}'").into()),
    })
}

/// Without a port, 53; IPv6 with one stands in brackets.
fn server(text: String) -> Server {
    let bare = text.parse::<std::net::IpAddr>();
    let has_port = text.parse::<std::net::SocketAddr>().is_ok() || (bare.is_err() && text.contains(':'));
    match bare {
        Ok(std::net::IpAddr::V6(v6)) => Server(format!("[{v6}]:53")),
        _ if has_port => Server(text),
        _ => Server(format!("{text}:53")),
    }
}

fn parse<T: std::str::FromStr>(what: &str, text: &OsString) -> Result<T>
where
    T::Err: std::fmt::Display,
{
    let text = text.to_string_lossy();
    text.parse().map_err(|error| format!("{what} {}: {error}", text.escape_debug()).into())
}
