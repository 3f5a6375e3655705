//! Commands, and the order in which they may come.

use posthaste_types::{Address, BodyKind, Recipient, ReversePath, Text, Tick};

use super::chunk::ChunkHead;
use super::config::TlsOffer;
use super::error::{ServerError, ServerErrorKind};
use super::event::{HelloVerb, ServerEvent};
use super::session::ServerSession;
use super::state::{Channel, Phase, Question, Service, Transaction};
use crate::client::Protocol;
use crate::command::{Command, CommandError};
use crate::parameters::{self, MailParameters, ParameterError};

impl ServerSession {
    pub(super) fn on_line(&mut self, now: Tick, line: &[u8]) -> Result<(), ServerError> {
        if matches!(self.phase, Phase::AuthLine(_)) {
            return self.on_auth_line(now, line);
        }
        let command = match Command::parse(line, &self.config.hostname) {
            Ok(command) => command,
            Err(error) => return self.on_no_command(now, error),
        };
        let is_left = matches!(command, Command::Quit | Command::Bdat { .. });
        if self.service == Service::Refused && !is_left {
            return self.complain(now, "503 5.5.1 no service: QUIT is left");
        }
        match command {
            Command::Hello(verb, name) => self.on_hello(now, verb, name),
            Command::Mail { from, parameters } => self.on_mail(now, from, parameters),
            Command::Rcpt { to, parameters } => self.on_rcpt(now, to, parameters),
            Command::Data => self.on_data(now),
            Command::Bdat { size, last } => self.on_bdat(now, ChunkHead { size, last }),
            Command::Rset => {
                self.end_transaction();
                self.on_junk(now, "250 2.0.0 reset")
            }
            Command::Noop => self.on_junk(now, "250 2.0.0 ok"),
            Command::Vrfy => self.on_junk(now, "252 2.5.0 send some mail and see"),
            Command::Expn => self.on_junk(now, "502 5.5.1 not implemented"),
            Command::Help => self.on_junk(now, "214 2.0.0 RFC 5321"),
            Command::Quit => {
                self.say("221 2.0.0 bye");
                self.end(None);
                Ok(())
            }
            Command::StartTls => self.on_start_tls(now),
            Command::Auth { mechanism, initial } => self.on_auth(now, mechanism, initial),
        }
    }

    fn on_no_command(&mut self, now: Tick, error: CommandError) -> Result<(), ServerError> {
        match error {
            CommandError::Unknown => self.complain(now, "500 5.5.2 command not recognized"),
            CommandError::Argument => self.complain(now, "501 5.5.4 syntax error in the argument"),
            CommandError::Chunk => self.end_at_chunk(),
            CommandError::Path => self.complain(now, "501 5.1.3 syntax error in the address"),
            CommandError::OtherProtocol => {
                self.say("421 4.7.0 this is a mail server");
                Err(self.fail(ServerErrorKind::OtherProtocol))
            }
        }
    }

    fn on_hello(&mut self, now: Tick, verb: HelloVerb, name: Text) -> Result<(), ServerError> {
        // RFC 2033 §4.1: LHLO in LMTP, and only there.
        if (verb == HelloVerb::Lhlo) != (self.config.protocol == Protocol::Lmtp) {
            return self.complain(now, "500 5.5.1 not this protocol's way to say hello");
        }
        if self.hello.is_some() && self.is_junk() {
            return self.complain(now, "503 5.5.1 hello was said often enough");
        }
        self.ask(Question::Hello(verb), ServerEvent::Hello { verb, name });
        Ok(())
    }

    fn on_mail(&mut self, now: Tick, from: ReversePath, parameters: &str) -> Result<(), ServerError> {
        if self.hello.is_none() {
            return self.complain(now, "503 5.5.1 say EHLO first");
        }
        if self.config.tls == TlsOffer::Required && self.channel == Channel::Clear {
            return self.complain(now, "530 5.7.0 say STARTTLS first");
        }
        if self.transaction.is_some() {
            return self.complain(now, "503 5.5.1 a transaction is open");
        }
        if self.is_spent() {
            return self.complain(now, "452 4.5.3 no further transaction in this session");
        }
        let parameters = match MailParameters::parse(parameters, &self.offered) {
            Ok(parameters) => parameters,
            Err(error) => return self.complain(now, wrong_parameters(error)),
        };
        if parameters.size.is_some_and(|size| size > self.config.max_message) {
            return self.complain(now, "552 5.3.4 the message is too large");
        }
        let smtputf8 = parameters.smtputf8;
        if !smtputf8 && from.address().is_some_and(Address::needs_smtputf8) {
            return self.complain(now, "553 5.6.7 the address needs SMTPUTF8");
        }
        let transaction = Transaction { recipients: 0, smtputf8, body: parameters.body };
        self.ask(Question::Mail(transaction), ServerEvent::Mail { from, parameters });
        Ok(())
    }

    fn on_rcpt(&mut self, now: Tick, to: Address, parameters: &str) -> Result<(), ServerError> {
        let Some(transaction) = self.transaction else {
            return self.complain(now, "503 5.5.1 say MAIL first");
        };
        if self.chunked.is_some() {
            return self.complain(now, "503 5.5.1 the content has begun");
        }
        if transaction.recipients >= self.config.max_recipients {
            return self.refuse_too_many(now, "452 4.5.3 too many recipients");
        }
        if self.is_domain_too_many(to.domain()) {
            return self.refuse_too_many(now, "452 4.5.3 too many domains of recipients in this session");
        }
        if !transaction.smtputf8 && to.needs_smtputf8() {
            return self.complain(now, "553 5.6.7 the address needs SMTPUTF8");
        }
        let mut recipient = Recipient::new(to);
        if let Err(error) = parameters::parse_rcpt(parameters, &mut recipient, &self.offered) {
            return self.complain(now, wrong_parameters(error));
        }
        self.ask(Question::Rcpt, ServerEvent::Rcpt { recipient });
        Ok(())
    }

    fn on_data(&mut self, now: Tick) -> Result<(), ServerError> {
        match self.transaction {
            None => self.complain(now, "503 5.5.1 say MAIL first"),
            // RFC 3030 §2: not both in one transaction.
            Some(_) if self.chunked.is_some() => self.complain(now, "503 5.5.1 BDAT was said before"),
            // RFC 3030 §3.
            Some(Transaction { body: Some(BodyKind::Binary), .. }) => {
                self.complain(now, "503 5.5.1 BINARYMIME wants BDAT")
            }
            // RFC 2033 §4.2 demands 503 where no RCPT was successful.
            Some(Transaction { recipients: 0, .. }) => self.complain(now, "503 5.5.1 no valid recipients"),
            Some(_) => {
                self.ask(Question::Data, ServerEvent::Data);
                Ok(())
            }
        }
    }

    fn on_start_tls(&mut self, now: Tick) -> Result<(), ServerError> {
        if self.channel == Channel::Tls {
            return self.complain(now, "503 5.5.1 TLS is active");
        }
        if self.config.tls == TlsOffer::No {
            return self.complain(now, "502 5.5.1 not implemented");
        }
        if self.held.len() > 0 {
            return Err(self.fail(ServerErrorKind::OctetsBehindStartTls));
        }
        self.say("220 2.0.0 ready for TLS");
        self.phase = Phase::Handshake;
        self.await_command(now);
        self.events.push_back(ServerEvent::StartTls);
        Ok(())
    }

    fn on_junk(&mut self, now: Tick, reply: &str) -> Result<(), ServerError> {
        if self.is_junk() {
            return self.complain(now, reply);
        }
        self.say(reply);
        self.await_command(now);
        Ok(())
    }

    /// Counts a command that brings no mail nearer; tells whether there were too many.
    pub(super) fn is_junk(&mut self) -> bool {
        self.junk = self.junk.saturating_add(1);
        self.junk > self.config.max_junk
    }

    /// Refuses a command, and the client with it when that was one too many.
    pub(super) fn complain(&mut self, now: Tick, reply: &str) -> Result<(), ServerError> {
        self.say(reply);
        self.count_error(now)
    }

    pub(super) fn count_error(&mut self, now: Tick) -> Result<(), ServerError> {
        self.errors = self.errors.saturating_add(1);
        if self.errors >= self.config.max_errors {
            self.say("421 4.7.0 too many errors");
            return Err(self.fail(ServerErrorKind::TooManyErrors));
        }
        self.await_command(now);
        Ok(())
    }
}

fn wrong_parameters(error: ParameterError) -> &'static str {
    match error {
        // RFC 5321 §4.1.1.11.
        ParameterError::Unknown => "555 5.5.4 a parameter is not recognized or not implemented",
        ParameterError::Syntax => "501 5.5.4 syntax error in a parameter",
    }
}
