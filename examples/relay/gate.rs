//! Who may send what to whom.

use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;

use async_trait::async_trait;
use posthaste::message::RawError;
use posthaste::smtp::Credentials;
use posthaste::{Address, Domain, Mailer, Notify, ParseError, Raw, Reply, ReversePath, SendError, SendErrorKind};
use posthaste_receive::{Handler, HandlerError, Incoming, Session, Verdict, Verdicts};

use crate::submission::Fields;

/// What the arguments allow.
#[derive(Default)]
pub(crate) struct Rules {
    /// Who may send to anybody, by name, with their passwords.
    pub(crate) users: HashMap<String, String>,
    /// Whom they may send as; anybody if there are none.
    pub(crate) senders: Vec<Pattern>,
    /// Whom everybody may send to.
    pub(crate) takes_for: Vec<Pattern>,
}

/// A domain without those below it, or an address.
#[derive(Clone, Debug)]
pub(crate) enum Pattern {
    Address(Address),
    Domain(Domain),
}

impl Pattern {
    fn fits(&self, address: &Address) -> bool {
        match self {
            Self::Address(one) => one.normalized() == address.normalized(),
            Self::Domain(domain) => address.domain() == domain,
        }
    }
}

impl FromStr for Pattern {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        if text.contains('@') { text.parse().map(Self::Address) } else { text.parse().map(Self::Domain) }
    }
}

/// The receiver's handler: nothing passes unless a rule says so, and 250 is said when it is on disk.
pub(crate) struct Gate {
    mailer: Mailer,
    hostname: Domain,
    rules: Rules,
}

impl Gate {
    pub(crate) fn new(mailer: Mailer, hostname: Domain, rules: Rules) -> Self {
        Self { mailer, hostname, rules }
    }
}

/// Without the passwords.
impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gate").field("users", &self.rules.users.len()).finish_non_exhaustive()
    }
}

#[async_trait]
impl Handler for Gate {
    async fn authenticate(&self, _: &Session, credentials: &Credentials) -> Verdict {
        let known = self.rules.users.get(credentials.username());
        let expected = known.map_or("", String::as_str);
        // The same work for a name that is not known.
        let same = is_same(expected.as_bytes(), credentials.password().as_bytes());
        if known.is_some() && same { Verdict::Accept } else { refuse(535, "5.7.8 authentication credentials invalid") }
    }

    async fn sender(&self, session: &Session, from: &ReversePath) -> Verdict {
        let Rules { senders, takes_for, .. } = &self.rules;
        let is_user = session.authenticated().is_some();
        match from.address() {
            _ if !is_user && takes_for.is_empty() => refuse(530, "5.7.0 authentication required"),
            Some(from) if is_user && !senders.is_empty() && !senders.iter().any(|one| one.fits(from)) => {
                refuse(553, "5.7.1 this sender address is not yours")
            }
            _ => Verdict::Accept,
        }
    }

    async fn recipient(&self, session: &Session, to: &Address) -> Verdict {
        let ours = self.rules.takes_for.iter().any(|one| one.fits(to));
        if session.authenticated().is_some() || ours { Verdict::Accept } else { Verdict::refuse_relay() }
    }

    async fn message(&self, session: &Session, mail: Incoming<'_>) -> Result<Verdicts, HandlerError> {
        if hops(mail.octets()) > MAX_HOPS {
            return Ok(refuse(554, "5.4.6 too many hops: a mail loop").into());
        }
        let fields = Fields::of(mail.as_sent());
        if session.authenticated().is_some() && !fields.from {
            return Ok(refuse(554, "5.6.0 the message has no From field").into());
        }
        // The same message again, because the 250 was lost: it is queued once.
        let key = fields.tell_it_apart().then(|| format!("relay/{}", mail.fingerprint()));
        let quiet = mail.envelope().to().iter().any(|to| to.notify == Notify::Never);
        let envelope = mail.envelope().clone();
        let added = if session.authenticated().is_some() { fields.missing(&self.hostname) } else { String::new() };
        let raw = match Raw::new(envelope, with_fields(mail, &added)) {
            Ok(raw) => raw,
            Err(RawError::Content(error)) => return Ok(refuse_because(554, "5.6.0", error).into()),
            Err(error) => return Ok(refuse_because(554, "5.3.4", error).into()),
        };
        let mut sending = self.mailer.send(raw);
        if let Some(key) = key {
            sending = sending.once(key);
        }
        if let Some(user) = session.authenticated() {
            sending = sending.tag("user", user);
        }
        if quiet {
            sending = sending.tag("notice", "never");
        }
        match sending.await {
            Ok(_) => Ok(Verdict::Accept.into()),
            Err(error) => Ok(not_sent(&error).into()),
        }
    }
}

/// The message with these fields between the trace field of this hop and what the client sent.
fn with_fields(mail: Incoming<'_>, fields: &str) -> Vec<u8> {
    let trace = mail.octets().len() - mail.as_sent().len();
    let mut octets = mail.into_octets();
    octets.splice(trace..trace, fields.bytes());
    octets
}

fn not_sent(error: &SendError) -> Verdict {
    match error.kind() {
        // The octets differ by our own fields alone: the key says what the client sent.
        SendErrorKind::KeyReused { .. } => Verdict::Accept,
        SendErrorKind::Invalid | SendErrorKind::TooLarge { .. } | SendErrorKind::TooManyRecipients { .. } => {
            refuse_because(554, "5.3.4", error)
        }
        _ => Verdict::try_later(),
    }
}

/// How often the message was passed on (RFC 5321 §6.3).
fn hops(octets: &[u8]) -> usize {
    let fields = octets.split(|octet| *octet == b'\n').take_while(|line| !matches!(line, [] | [b'\r']));
    fields.filter(|line| line.get(..9).is_some_and(|name| name.eq_ignore_ascii_case(b"received:"))).count()
}

/// Compares in a time that does not tell how much of it is right.
fn is_same(one: &[u8], other: &[u8]) -> bool {
    let longest = one.len().max(other.len());
    let differs = |place| one.get(place).copied().unwrap_or(0) ^ other.get(place).copied().unwrap_or(0);
    let difference = (0..longest).fold(0, |sum, place| sum | differs(place));
    std::hint::black_box(difference) == 0 && one.len() == other.len()
}

fn refuse(code: u16, text: &str) -> Verdict {
    Reply::new(code, text).map_or_else(|_| Verdict::try_later(), Verdict::Refuse)
}

fn refuse_because(code: u16, status: &str, why: impl fmt::Display) -> Verdict {
    refuse(code, &posthaste::Text::lossy(format_args!("{status} {why}")).to_string())
}

/// RFC 5321 §6.3: at least 100.
const MAX_HOPS: usize = 100;
