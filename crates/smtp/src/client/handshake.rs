//! From the greeting to the first mail: EHLO, STARTTLS, AUTH.

use posthaste_types::{Reply, Stage, Tick};

use super::config::{AuthAllowed, Protocol, TlsUse};
use super::error::{ClientError, ClientErrorKind};
use super::event::ClientEvent;
use super::limits::Used;
use super::session::ClientSession;
use super::state::{Channel, Phase, What};
use crate::capabilities::Capabilities;
use crate::sasl::{Exchange, Fault};

impl ClientSession {
    pub(super) fn on_greeting(&mut self, now: Tick, reply: Reply) -> Result<(), ClientError> {
        if reply.is_positive() && reply.code() != 220 {
            return Err(self.break_off("the greeting is not 220"));
        }
        self.events.push_back(ClientEvent::Greeted { reply: reply.clone() });
        if !reply.is_positive() {
            return Err(self.refuse(ClientErrorKind::Refused, Stage::Connect, Some(reply)));
        }
        self.say_hello(now);
        Ok(())
    }

    pub(super) fn say_hello(&mut self, now: Tick) {
        self.phase = Phase::Opening(Stage::Ehlo);
        let verb = if self.config.protocol == Protocol::Lmtp { "LHLO" } else { "EHLO" };
        self.command(now, &format!("{verb} {}", self.config.hello), What::Hello);
    }

    /// EHLO or LHLO, and HELO.
    pub(super) fn on_hello(&mut self, now: Tick, what: What, reply: Reply) -> Result<(), ClientError> {
        // RFC 5321 §4.1.1.1, §4.2.4: a server that does not know EHLO says so with 500 or 502; others with 501, 503, 504.
        let unknown = (500..=504).contains(&reply.code());
        if unknown && what == What::Hello && self.config.protocol == Protocol::Smtp {
            self.command(now, &format!("HELO {}", self.config.hello), What::Helo);
            return Ok(());
        }
        if reply.is_positive() && reply.code() != 250 {
            return Err(self.break_off("the answer to EHLO is not 250"));
        }
        self.events.push_back(ClientEvent::Hello { reply: reply.clone() });
        if !reply.is_positive() {
            return Err(self.refuse(ClientErrorKind::Refused, Stage::Ehlo, Some(reply)));
        }
        self.used = Used::default();
        self.capabilities =
            if what == What::Hello { Capabilities::from_reply(&reply) } else { Capabilities::default() };
        self.open_further(now)
    }

    /// What comes behind EHLO: STARTTLS, then AUTH, then mail.
    fn open_further(&mut self, now: Tick) -> Result<(), ClientError> {
        let wants_tls = matches!(self.config.tls, TlsUse::Opportunistic | TlsUse::Required);
        if self.channel == Channel::Clear && wants_tls {
            if self.capabilities.offers("STARTTLS") {
                self.phase = Phase::Opening(Stage::StartTls);
                self.command(now, "STARTTLS", What::StartTls);
                return Ok(());
            }
            if self.config.tls == TlsUse::Required {
                return Err(self.refuse(ClientErrorKind::TlsUnavailable, Stage::StartTls, None));
            }
        }
        self.authenticate(now)
    }

    pub(super) fn on_start_tls(&mut self, now: Tick, reply: Reply) -> Result<(), ClientError> {
        if reply.code() == 220 {
            // RFC 3207 §6; a reply injected behind this one in clear would be taken for one inside TLS.
            if !self.reader.is_empty() {
                return Err(self.fail(ClientError::new(ClientErrorKind::OctetsBehindStartTls, Stage::StartTls)));
            }
            self.phase = Phase::Handshake;
            self.events.push_back(ClientEvent::StartTls);
            return Ok(());
        }
        if reply.is_positive() {
            return Err(self.break_off("the answer to STARTTLS is not 220"));
        }
        if self.config.tls == TlsUse::Required {
            return Err(self.refuse(ClientErrorKind::TlsRefused, Stage::StartTls, Some(reply)));
        }
        self.events.push_back(ClientEvent::TlsRefused { reply });
        self.authenticate(now)
    }

    fn authenticate(&mut self, now: Tick) -> Result<(), ClientError> {
        let Some(credentials) = &self.config.credentials else {
            self.ready();
            return Ok(());
        };
        if self.channel == Channel::Clear && self.config.auth == AuthAllowed::InsideTls {
            return Err(self.refuse(ClientErrorKind::AuthNeedsTls, Stage::Auth, None));
        }
        let (config, offered) = (&self.config, &self.capabilities);
        let Some(mut exchange) = Exchange::begin(&config.mechanisms, offered, credentials, config.random.as_deref())
        else {
            return Err(self.refuse(ClientErrorKind::AuthUnavailable, Stage::Auth, None));
        };
        self.phase = Phase::Opening(Stage::Auth);
        let line = exchange.command();
        self.exchange = Some(exchange);
        self.command(now, &line, What::Auth);
        Ok(())
    }

    pub(super) fn on_auth(&mut self, now: Tick, reply: Reply) -> Result<(), ClientError> {
        match (reply.code(), &mut self.exchange) {
            (235, Some(exchange)) if exchange.may_succeed() => {
                self.exchange = None;
                self.events.push_back(ClientEvent::Authenticated);
                self.ready();
            }
            (334, Some(exchange)) => match exchange.answer(reply.lines().next().unwrap_or_default()) {
                Ok(line) => self.command(now, &line, What::Auth),
                Err(fault) => return Err(self.break_auth(fault)),
            },
            (200..400, Some(exchange)) => {
                let fault = exchange.out_of_step();
                return Err(self.break_auth(fault));
            }
            // What the proof came to was said before; the code that follows says whether to try another time.
            (_, Some(exchange)) if exchange.is_disproved() && !reply.is_permanent() => {
                return Err(self.refuse(ClientErrorKind::AuthRefused, Stage::Auth, None));
            }
            _ => return Err(self.refuse(ClientErrorKind::AuthRefused, Stage::Auth, Some(reply))),
        }
        Ok(())
    }

    /// Ends the session: nothing is sent to a server that may be another one.
    fn break_auth(&mut self, fault: Fault) -> ClientError {
        match fault {
            Fault::OutOfStep(why) => self.break_off(why),
            Fault::Unproven(why) => self.fail(ClientError::new(ClientErrorKind::AuthUnproven(why), Stage::Auth)),
        }
    }

    /// Ends the session without a reply: for that reason, or for what AUTH had come to.
    pub(super) fn cut_off(&mut self, kind: ClientErrorKind) -> ClientError {
        let is_disproved = self.exchange.as_ref().is_some_and(Exchange::is_disproved);
        let kind = if is_disproved { ClientErrorKind::AuthRefused } else { kind };
        self.fail(ClientError::new(kind, self.stage()))
    }

    fn ready(&mut self) {
        self.phase = Phase::Ready;
        self.events.push_back(ClientEvent::Ready);
    }

    /// Ends a session that never came to be ready; in step as it is, it may say QUIT.
    fn refuse(&mut self, kind: ClientErrorKind, stage: Stage, reply: Option<Reply>) -> ClientError {
        let error = match reply {
            Some(reply) => ClientError::of_reply(kind, stage, reply),
            None => ClientError::new(kind, stage),
        };
        let error = self.fail(error);
        self.outgoing.extend_from_slice(b"QUIT\r\n");
        error
    }
}
