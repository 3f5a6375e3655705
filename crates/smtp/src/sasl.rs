//! The mechanisms of AUTH, and what a client says in each.

use std::fmt;

use data_encoding::BASE64;
use posthaste_types::Random;
use zeroize::Zeroizing;

use crate::auth::{self, Credentials};
use crate::capabilities::Capabilities;
use crate::scram::{self, Scram};

/// The mechanisms of AUTH (RFC 4954 §3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Mechanism {
    /// RFC 5802, RFC 7677: the password is not told, and the server proves that it knows it. Without channel binding. A
    /// client needs [`random`](crate::ClientConfig::random), and a user name and a password in ASCII; a server needs
    /// [`scram`](crate::ServerConfig::scram).
    ScramSha256,
    /// RFC 7628, for a token.
    OAuthBearer,
    /// What providers had before OAUTHBEARER, for a token.
    XOAuth2,
    /// RFC 4616.
    Plain,
    /// Never a standard; still the only one of some relays.
    Login,
}

impl Mechanism {
    /// All of them, strongest first.
    pub const ALL: [Self; 5] = [Self::ScramSha256, Self::OAuthBearer, Self::XOAuth2, Self::Plain, Self::Login];

    /// Its name in EHLO and AUTH.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ScramSha256 => "SCRAM-SHA-256",
            Self::OAuthBearer => "OAUTHBEARER",
            Self::XOAuth2 => "XOAUTH2",
            Self::Plain => "PLAIN",
            Self::Login => "LOGIN",
        }
    }

    fn carries(self, credentials: &Credentials) -> bool {
        match self {
            Self::ScramSha256 => Scram::carries(credentials),
            Self::OAuthBearer | Self::XOAuth2 => credentials.is_token(),
            Self::Plain | Self::Login => !credentials.is_token(),
        }
    }
}

/// One AUTH under way. Messages are in base64.
pub(crate) struct Exchange {
    mechanism: Mechanism,
    credentials: Credentials,
    scram: Option<Scram>,
    step: Step,
}

/// What was said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// Nothing but the mechanism.
    Named,
    /// The first message; with LOGIN, the user name.
    First,
    /// The first message, twice.
    FirstAgain,
    /// SCRAM's proof; its server owes its own.
    Proof,
    /// That a token was refused is known.
    Refused,
    /// That SCRAM's proof was refused is known, for good.
    Disproved,
    /// Everything.
    Done,
}

/// Why an exchange cannot go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Not what the protocol says.
    OutOfStep(&'static str),
    /// The server did not do what shows that it knows the password.
    Unproven(&'static str),
}

impl Exchange {
    /// The first of `wanted` that is offered, fits the credentials, and has what it needs.
    pub(crate) fn begin(
        wanted: &[Mechanism],
        offered: &Capabilities,
        credentials: &Credentials,
        random: Option<&dyn Random>,
    ) -> Option<Self> {
        let usable = |mechanism: &Mechanism| {
            let needs_random = *mechanism == Mechanism::ScramSha256;
            let fits = mechanism.carries(credentials) && (!needs_random || random.is_some());
            fits && offered.offers_auth(mechanism.as_str())
        };
        let mechanism = wanted.iter().copied().find(usable)?;
        let scram = random
            .filter(|_| mechanism == Mechanism::ScramSha256)
            .map(|random| Scram::new(credentials.username(), random));
        Some(Self { mechanism, credentials: credentials.clone(), scram, step: Step::Named })
    }

    /// The AUTH command, with the first message if it fits into a line.
    pub(crate) fn command(&mut self) -> Zeroizing<String> {
        let name = self.mechanism.as_str();
        match self.first() {
            // RFC 4954 §4: else it is the answer to an empty challenge.
            Some(first) if "AUTH ".len() + name.len() + 1 + first.len() <= MAX_COMMAND => {
                self.step = Step::First;
                Zeroizing::new(format!("AUTH {name} {}", *first))
            }
            _ => Zeroizing::new(format!("AUTH {name}")),
        }
    }

    /// The answer to a challenge.
    pub(crate) fn answer(&mut self, challenge: &str) -> Result<Zeroizing<String>, Fault> {
        self.answer_step(challenge).map_err(|why| self.fault(why))
    }

    /// Whatever a server does wrong that owes a proof, it has not proved anything.
    fn fault(&self, why: &'static str) -> Fault {
        if self.mechanism == Mechanism::ScramSha256 { Fault::Unproven(why) } else { Fault::OutOfStep(why) }
    }

    /// What a positive reply is that may not come now.
    pub(crate) fn out_of_step(&self) -> Fault {
        self.fault(OUT_OF_STEP)
    }

    /// Whether the server has said, in whatever way the rest goes, that the password is wrong.
    pub(crate) fn is_disproved(&self) -> bool {
        self.step == Step::Disproved
    }

    fn answer_step(&mut self, challenge: &str) -> Result<Zeroizing<String>, &'static str> {
        if self.mechanism == Mechanism::Login {
            return self.answer_login();
        }
        let challenge = challenge.trim();
        match (self.step, self.mechanism) {
            (Step::Named, _) => {
                self.step = Step::First;
                Ok(self.first().unwrap_or_default())
            }
            // QUIRK: a server that does not read the initial response asks for it again (RFC 4954 §4).
            (Step::First, _) if challenge.is_empty() => {
                self.step = Step::FirstAgain;
                Ok(self.first().unwrap_or_default())
            }
            // RFC 7628 §3.2.3: the challenge says what is wrong, and wants an answer before the refusal.
            (Step::First | Step::FirstAgain, Mechanism::OAuthBearer) => {
                self.step = Step::Refused;
                Ok(auth::base64("\x01"))
            }
            (Step::First | Step::FirstAgain, Mechanism::XOAuth2) => {
                self.step = Step::Refused;
                Ok(Zeroizing::default())
            }
            (Step::First | Step::FirstAgain | Step::Proof, Mechanism::ScramSha256) => self.answer_scram(challenge),
            _ => Err(OUT_OF_STEP),
        }
    }

    /// Whether 235 may come now.
    pub(crate) fn may_succeed(&self) -> bool {
        match self.mechanism {
            Mechanism::ScramSha256 | Mechanism::Login => self.step == Step::Done,
            _ => matches!(self.step, Step::First | Step::FirstAgain),
        }
    }

    fn answer_login(&mut self) -> Result<Zeroizing<String>, &'static str> {
        match self.step {
            Step::Named => {
                self.step = Step::First;
                Ok(auth::base64(self.credentials.username()))
            }
            Step::First => {
                self.step = Step::Done;
                Ok(auth::base64(self.credentials.password()))
            }
            _ => Err(OUT_OF_STEP),
        }
    }

    fn answer_scram(&mut self, challenge: &str) -> Result<Zeroizing<String>, &'static str> {
        let challenge = BASE64.decode(challenge.as_bytes()).ok().and_then(|octets| String::from_utf8(octets).ok());
        let challenge = challenge.ok_or("a challenge that is not base64 of UTF-8")?;
        let Some(scram) = &mut self.scram else { return Err(OUT_OF_STEP) };
        if self.step == Step::Proof {
            // RFC 5802 §7: a refusal follows "e="; two of its values say nothing of the proof.
            self.step = match challenge.split(',').next() {
                Some(proof) if scram.is_proven_by(proof) => Step::Done,
                Some("e=other-error" | "e=no-resources") => Step::Refused,
                Some(error) if error.starts_with("e=") => Step::Disproved,
                _ => return Err("the server did not prove that it knows the password"),
            };
            return Ok(Zeroizing::default());
        }
        let answer = scram.answer(self.credentials.password(), &challenge)?;
        self.step = Step::Proof;
        Ok(auth::base64(&answer))
    }

    /// The first message; LOGIN has none.
    fn first(&self) -> Option<Zeroizing<String>> {
        let (username, secret) = (self.credentials.username(), self.credentials.password());
        let message = match self.mechanism {
            Mechanism::ScramSha256 => self.scram.as_ref().map(Scram::first)?,
            // RFC 7628 §3.1; host and port, which only some schemes need, are not known here.
            Mechanism::OAuthBearer => format!("n,a={},\x01auth=Bearer {secret}\x01\x01", scram::escape(username)),
            Mechanism::XOAuth2 => format!("user={username}\x01auth=Bearer {secret}\x01\x01"),
            Mechanism::Plain => return Some(self.credentials.plain()),
            Mechanism::Login => return None,
        };
        Some(auth::base64(&Zeroizing::new(message)))
    }
}

/// Without secrets.
impl fmt::Debug for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Exchange({}, {:?})", self.mechanism.as_str(), self.step)
    }
}

const OUT_OF_STEP: &str = "the answer to AUTH is out of step";
/// RFC 5321 §4.5.3.1.4, without the CRLF.
const MAX_COMMAND: usize = 510;
