//! AUTH (RFC 4954): what a client says in it, and in what order.

use posthaste_types::Tick;

use super::config::AuthOffer;
use super::error::ServerError;
use super::event::ServerEvent;
use super::session::ServerSession;
use super::state::{Channel, Identity, Phase, Question};
use crate::auth::{self, Credentials, Username};
use crate::sasl::Mechanism;
use crate::scram::{Begun, Challenged};

/// What the answer to 334 is.
#[derive(Debug)]
pub(super) enum AuthLine {
    /// The first message; with LOGIN, the user name.
    First(Mechanism),
    /// LOGIN's second one.
    Password(Username),
    /// SCRAM's second one.
    Proof(Box<Challenged>),
    /// Nothing: the client has seen the server's proof (RFC 4954 §4).
    Proven(Username),
    /// Nothing of use: the client has seen what is wrong with its token (RFC 7628 §3.2.3); the reply behind it.
    Refused(String),
}

/// Whom the host is asked about.
#[derive(Debug)]
pub(super) enum Claim {
    Nobody,
    /// Who says so with all that is to be said.
    Whole(Username),
    /// Who is to be challenged.
    Begun(Begun),
}

impl ServerSession {
    /// The mechanisms that are offered, where AUTH is.
    pub(super) fn mechanisms(&self) -> impl Iterator<Item = Mechanism> {
        let has_scram = self.config.scram.is_some();
        self.config.mechanisms.iter().copied().filter(move |one| *one != Mechanism::ScramSha256 || has_scram)
    }

    pub(super) fn on_auth(&mut self, now: Tick, name: &str, initial: Option<&str>) -> Result<(), ServerError> {
        if self.hello.is_none() || self.transaction.is_some() || self.identity == Identity::Known {
            return self.complain(now, "503 5.5.1 not now");
        }
        match self.config.auth {
            AuthOffer::No => return self.complain(now, "502 5.5.1 not implemented"),
            AuthOffer::InsideTls if self.channel == Channel::Clear => {
                return self.complain(now, "538 5.7.11 only inside TLS");
            }
            AuthOffer::InsideTls | AuthOffer::Anywhere => {}
        }
        let Some(mechanism) = self.mechanisms().find(|known| known.as_str().eq_ignore_ascii_case(name)) else {
            return self.complain(now, "504 5.5.4 no such mechanism");
        };
        let first = AuthLine::First(mechanism);
        match initial {
            // RFC 4954 §4: "=" is an empty initial response.
            Some("=") => self.on_auth_step(now, first, b""),
            Some(initial) => self.on_auth_step(now, first, initial.as_bytes()),
            // "Username:", which clients expect to the letter.
            None if mechanism == Mechanism::Login => self.challenge(now, "VXNlcm5hbWU6", first),
            None => self.challenge(now, "", first),
        }
    }

    /// The answer to a challenge; `*` gives up (RFC 4954 §4).
    pub(super) fn on_auth_line(&mut self, now: Tick, line: &[u8]) -> Result<(), ServerError> {
        let Phase::AuthLine(step) = std::mem::replace(&mut self.phase, Phase::Command) else { return Ok(()) };
        if line == b"*" { self.complain(now, "501 5.7.0 cancelled") } else { self.on_auth_step(now, step, line) }
    }

    fn on_auth_step(&mut self, now: Tick, step: AuthLine, base64: &[u8]) -> Result<(), ServerError> {
        match step {
            AuthLine::First(Mechanism::ScramSha256) => self.on_scram(now, base64),
            AuthLine::First(mechanism @ Mechanism::Login) => match auth::parse_base64(base64).and_then(Username::parse)
            {
                // "Password:".
                Some(username) => self.challenge(now, "UGFzc3dvcmQ6", AuthLine::Password(username)),
                None => self.not_a_message(now, mechanism),
            },
            AuthLine::First(mechanism) => {
                let credentials = match mechanism {
                    Mechanism::OAuthBearer => Credentials::parse_bearer(base64),
                    Mechanism::XOAuth2 => Credentials::parse_xoauth2(base64),
                    _ => Credentials::parse_plain(base64),
                };
                self.ask_for(now, mechanism, credentials)
            }
            AuthLine::Password(username) => {
                let password = auth::parse_base64(base64);
                let credentials = password.and_then(|password| Credentials::new(username.as_str(), &password).ok());
                self.ask_for(now, Mechanism::Login, credentials)
            }
            AuthLine::Proof(challenged) => self.on_proof(now, &challenged, base64),
            AuthLine::Proven(username) if matches!(base64, b"" | b"=") => {
                self.authenticated(Mechanism::ScramSha256, username);
                self.say("235 2.7.0 authenticated");
                self.await_command(now);
                Ok(())
            }
            AuthLine::Proven(_) => self.not_a_message(now, Mechanism::ScramSha256),
            AuthLine::Refused(reply) => {
                self.outgoing.extend_from_slice(reply.as_bytes());
                self.count_auth_failure(now)
            }
        }
    }

    fn ask_for(
        &mut self,
        now: Tick,
        mechanism: Mechanism,
        credentials: Option<Credentials>,
    ) -> Result<(), ServerError> {
        // RFC 4013 §2.3: a name has no controls; what the host writes to its log is one line.
        let credentials = credentials.filter(|known| !known.username().contains(char::is_control));
        let Some(credentials) = credentials else { return self.not_a_message(now, mechanism) };
        self.claim = Claim::Whole(credentials.to_username());
        self.ask(Question::Auth(mechanism), ServerEvent::Auth { mechanism, credentials });
        Ok(())
    }

    pub(super) fn not_a_message(&mut self, now: Tick, mechanism: Mechanism) -> Result<(), ServerError> {
        self.complain(now, &format!("501 5.5.2 not a message of {}", mechanism.as_str()))
    }

    /// Says 334 with a challenge, in base64.
    pub(super) fn challenge(&mut self, now: Tick, challenge: &str, step: AuthLine) -> Result<(), ServerError> {
        self.say(&format!("334 {challenge}"));
        self.phase = Phase::AuthLine(step);
        self.await_command(now);
        Ok(())
    }

    /// The host says that the client is who it says it is.
    pub(super) fn take_claim(&mut self, mechanism: Mechanism) {
        if let Claim::Whole(username) = std::mem::replace(&mut self.claim, Claim::Nobody) {
            self.authenticated(mechanism, username);
        }
    }

    fn authenticated(&mut self, mechanism: Mechanism, username: Username) {
        self.identity = Identity::Known;
        self.events.push_back(ServerEvent::Authenticated { mechanism, username });
    }

    /// The longest line that may come now (RFC 4954 §4).
    pub(super) fn line_limit(&self) -> usize {
        // QUIRK: clients put tokens of any length behind AUTH itself, which the standard does not allow.
        let is_command = || self.held.octets().get(..5).is_some_and(|head| head.eq_ignore_ascii_case(b"AUTH "));
        let is_auth = matches!(self.phase, Phase::AuthLine(_)) || is_command();
        let max = if is_auth && self.config.auth != AuthOffer::No { self.config.max_auth_line } else { 0 };
        max.max(self.config.max_line)
    }
}
