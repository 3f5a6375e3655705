//! AUTH (RFC 4954): PLAIN (RFC 4616) and LOGIN.

use std::fmt;

use posthaste_types::Tick;
use zeroize::Zeroizing;

use super::config::AuthOffer;
use super::error::ServerError;
use super::event::ServerEvent;
use super::session::ServerSession;
use super::state::{Channel, Identity, Phase, Question};
use crate::auth::{self, Credentials};

/// What the answer to 334 is.
#[derive(Debug)]
pub(super) enum AuthLine {
    Plain,
    Username,
    Password(Username),
}

/// Printed by nobody.
pub(super) struct Username(Zeroizing<String>);

impl fmt::Debug for Username {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Username(***)")
    }
}

impl ServerSession {
    pub(super) fn on_auth(&mut self, now: Tick, mechanism: &str, initial: Option<&str>) -> Result<(), ServerError> {
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
        let first = match &*mechanism.to_ascii_uppercase() {
            "PLAIN" => AuthLine::Plain,
            "LOGIN" => AuthLine::Username,
            _ => return self.complain(now, "504 5.5.4 no such mechanism"),
        };
        match initial {
            // RFC 4954 §4: "=" is an empty initial response.
            Some("=") => self.on_auth_step(now, first, b""),
            Some(initial) => self.on_auth_step(now, first, initial.as_bytes()),
            None => self.challenge(now, first),
        }
    }

    /// The answer to a challenge; `*` gives up (RFC 4954 §4).
    pub(super) fn on_auth_line(&mut self, now: Tick, line: &[u8]) -> Result<(), ServerError> {
        let Phase::AuthLine(step) = std::mem::replace(&mut self.phase, Phase::Command) else { return Ok(()) };
        if line == b"*" { self.complain(now, "501 5.7.0 cancelled") } else { self.on_auth_step(now, step, line) }
    }

    fn on_auth_step(&mut self, now: Tick, step: AuthLine, base64: &[u8]) -> Result<(), ServerError> {
        match step {
            AuthLine::Plain => match Credentials::parse_plain(base64) {
                Some(credentials) => self.ask_for(credentials),
                None => self.complain(now, "501 5.5.2 not a message of PLAIN"),
            },
            AuthLine::Username => match auth::parse_base64(base64) {
                Some(username) => self.challenge(now, AuthLine::Password(Username(username))),
                None => self.complain(now, "501 5.5.2 not a message of LOGIN"),
            },
            AuthLine::Password(Username(username)) => match login(&username, base64) {
                Some(credentials) => self.ask_for(credentials),
                None => self.complain(now, "501 5.5.2 not a message of LOGIN"),
            },
        }
    }

    fn ask_for(&mut self, credentials: Credentials) -> Result<(), ServerError> {
        self.ask(Question::Auth, ServerEvent::Auth { credentials });
        Ok(())
    }

    fn challenge(&mut self, now: Tick, step: AuthLine) -> Result<(), ServerError> {
        self.say(match step {
            AuthLine::Plain => "334 ",
            // "Username:" and "Password:", which clients expect to the letter.
            AuthLine::Username => "334 VXNlcm5hbWU6",
            AuthLine::Password(_) => "334 UGFzc3dvcmQ6",
        });
        self.phase = Phase::AuthLine(step);
        self.await_command(now);
        Ok(())
    }
}

fn login(username: &Zeroizing<String>, base64: &[u8]) -> Option<Credentials> {
    Credentials::new(username, &auth::parse_base64(base64)?).ok()
}
