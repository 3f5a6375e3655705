//! What the host says to a question, and the reply that it becomes.

use std::borrow::Cow;

use posthaste_types::{Reply, Tick};

use super::config::{AuthOffer, FutureRelease, Offer, TlsOffer};
use super::content::Content;
use super::error::{AnswerError, ServerError, ServerErrorKind};
use super::event::{Answer, HelloVerb};
use super::session::ServerSession;
use super::state::{Channel, Identity, Phase, Question, Service};
use crate::capabilities::Capabilities;
use crate::client::Protocol;

impl ServerSession {
    /// Answers the question that is open; with LMTP, the end of data for every recipient alike.
    ///
    /// # Errors
    /// [`AnswerError`] if none is open, because the session has ended meanwhile or by mistake, or if the answer
    /// does not fit; the question stays open then.
    pub fn answer(&mut self, now: Tick, answer: Answer) -> Result<(), AnswerError> {
        match self.question {
            None if self.is_closed() => Err(AnswerError::Ended),
            None => Err(AnswerError::NotAsked),
            Some(Question::EndOfData) => {
                check(Question::EndOfData, &answer)?;
                let count = self.answers_due();
                self.take_answers(now, std::iter::repeat_n(answer, count));
                Ok(())
            }
            Some(question) => {
                check(question, &answer)?;
                self.question = None;
                // Why the session may end here is in its last event.
                let _ = self.conclude(now, question, answer).and_then(|()| self.go_on(now));
                Ok(())
            }
        }
    }

    /// Answers the end of data: with LMTP once for each recipient that was accepted, in their order
    /// (RFC 2033 §4.2); with SMTP once.
    ///
    /// # Errors
    /// [`AnswerError`] if that is not the open question, their number is wrong, or one does not fit; the
    /// question stays open then.
    pub fn answer_each(&mut self, now: Tick, answers: Vec<Answer>) -> Result<(), AnswerError> {
        if self.question != Some(Question::EndOfData) {
            return Err(if self.is_closed() { AnswerError::Ended } else { AnswerError::NotAsked });
        }
        let wanted = self.answers_due();
        if answers.len() != wanted {
            return Err(AnswerError::WrongCount { given: answers.len(), wanted });
        }
        answers.iter().try_for_each(|answer| check(Question::EndOfData, answer))?;
        self.take_answers(now, answers);
        Ok(())
    }

    fn take_answers(&mut self, now: Tick, answers: impl IntoIterator<Item = Answer>) {
        self.question = None;
        (self.transaction, self.chunked) = (None, None);
        self.phase = Phase::Command;
        let _ = self.conclude_content(now, answers).and_then(|()| self.go_on(now));
    }

    /// How many answers the end of data wants.
    pub(super) fn answers_due(&self) -> usize {
        match (self.config.protocol, &self.transaction) {
            (Protocol::Lmtp, Some(transaction)) => transaction.recipients,
            _ => 1,
        }
    }

    fn conclude(&mut self, now: Tick, question: Question, answer: Answer) -> Result<(), ServerError> {
        match answer {
            Answer::Accept => self.accept(now, question, None),
            Answer::AcceptWith(reply) => self.accept(now, question, Some(&reply)),
            Answer::Keys(keys) => self.challenge_user(now, Some(keys)),
            Answer::Refuse(reply) => self.refuse(now, question, &reply),
            Answer::RefuseAndClose(reply) => {
                self.say_reply(&reply);
                Err(self.fail(ServerErrorKind::RefusedByHost))
            }
        }
    }

    fn refuse(&mut self, now: Tick, question: Question, reply: &Reply) -> Result<(), ServerError> {
        match question {
            Question::Chunk(chunk) => {
                // RFC 3030 §2: its octets are on their way.
                self.end_transaction();
                return self.drop_chunk(now, chunk, reply.to_wire());
            }
            Question::Auth(mechanism) => return self.refuse_auth(now, mechanism, reply),
            Question::Keys if reply.is_permanent() => return self.challenge_user(now, None),
            Question::Connected => self.service = Service::Refused,
            _ => {}
        }
        self.say_reply(reply);
        self.count_error(now)
    }

    fn conclude_content(&mut self, now: Tick, answers: impl IntoIterator<Item = Answer>) -> Result<(), ServerError> {
        let mut closes = false;
        let mut refused = false;
        for answer in answers {
            match answer {
                Answer::Accept => {
                    self.forgive();
                    self.say("250 2.0.0 taken");
                }
                Answer::AcceptWith(reply) => {
                    self.forgive();
                    self.say_reply(&reply);
                }
                Answer::Refuse(reply) => {
                    refused = true;
                    self.say_reply(&reply);
                }
                // `check` lets none pass.
                Answer::Keys(_) => refused = true,
                Answer::RefuseAndClose(reply) => {
                    closes = true;
                    self.say_reply(&reply);
                }
            }
        }
        if closes {
            return Err(self.fail(ServerErrorKind::RefusedByHost));
        }
        if refused {
            return self.count_error(now);
        }
        self.await_command(now);
        Ok(())
    }

    /// An accepted message makes up for what went wrong before.
    fn forgive(&mut self) {
        (self.errors, self.junk, self.counts.overshoot, self.counts.dropped) = (0, 0, 0, 0);
    }

    /// Does what was accepted, and says so in the host's words or the usual ones.
    fn accept(&mut self, now: Tick, question: Question, reply: Option<&Reply>) -> Result<(), ServerError> {
        let usual: Cow<'static, str> = match question {
            Question::Connected => self.greeting().into(),
            Question::Hello(verb) => return self.say_hello(now, verb),
            Question::Auth(mechanism) => {
                self.take_claim(mechanism);
                "235 2.7.0 authenticated".into()
            }
            Question::Mail(transaction) => {
                self.transaction = Some(transaction);
                self.counts.begin_mail();
                "250 2.1.0 ok".into()
            }
            Question::Rcpt => {
                if let Some(transaction) = &mut self.transaction {
                    transaction.recipients += 1;
                }
                self.counts.take_domain();
                "250 2.1.5 ok".into()
            }
            // `check` lets it pass with keys alone.
            Question::Keys => return self.challenge_user(now, None),
            // The end of data has its own way: `conclude_content`.
            Question::Data | Question::EndOfData => {
                self.phase = Phase::Content(Content::of_data());
                "354 end with CRLF . CRLF".into()
            }
            Question::Chunk(chunk) => return self.begin_content(now, chunk),
        };
        match reply {
            Some(reply) => self.say_reply(reply),
            None => self.say(&usual),
        }
        self.await_command(now);
        Ok(())
    }

    fn greeting(&self) -> String {
        let name = if self.config.protocol == Protocol::Lmtp { "LMTP" } else { "ESMTP" };
        format!("220 {} {name}", self.config.hostname)
    }

    /// The answer to EHLO: what is offered here and now (RFC 5321 §4.1.1.1).
    fn say_hello(&mut self, now: Tick, verb: HelloVerb) -> Result<(), ServerError> {
        self.end_transaction();
        self.hello = Some(verb);
        let mut lines = vec![self.config.hostname.to_string()];
        if verb != HelloVerb::Helo {
            self.list_extensions(&mut lines);
        }
        let last = lines.len().saturating_sub(1);
        for (i, line) in lines.iter().enumerate() {
            self.say(&format!("250{}{line}", if i == last { ' ' } else { '-' }));
        }
        // RFC 4954 §5: who has authenticated is not offered AUTH again, and may say AUTH behind MAIL.
        let known = (self.identity == Identity::Known && verb != HelloVerb::Helo).then_some("AUTH");
        self.offered = Capabilities::from_lines(lines.iter().skip(1).map(String::as_str).chain(known));
        self.await_command(now);
        Ok(())
    }

    fn list_extensions(&self, lines: &mut Vec<String>) {
        let config = &self.config;
        let inside = self.channel == Channel::Tls;
        let mut offer = |offered: bool, line: &str| {
            if offered {
                lines.push(line.to_owned());
            }
        };
        offer(true, "PIPELINING");
        offer(true, &format!("SIZE {}", config.max_message));
        offer(!inside && matches!(config.tls, TlsOffer::Optional | TlsOffer::Required), "STARTTLS");
        let auth = match config.auth {
            AuthOffer::Anywhere => true,
            AuthOffer::InsideTls => inside,
            AuthOffer::No => false,
        };
        let mechanisms: String = self.mechanisms().flat_map(|mechanism| [" ", mechanism.as_str()]).collect();
        offer(auth && self.identity == Identity::Unknown && !mechanisms.is_empty(), &format!("AUTH{mechanisms}"));
        offer(config.chunking == Offer::Yes, "CHUNKING");
        offer(config.chunking == Offer::Yes && config.binary == Offer::Yes, "BINARYMIME");
        offer(true, "8BITMIME");
        offer(config.smtputf8 == Offer::Yes, "SMTPUTF8");
        offer(config.dsn == Offer::Yes, "DSN");
        offer(config.limits == Offer::Yes, &self.limits_line());
        offer(config.priority == Offer::Yes, "MT-PRIORITY");
        offer(config.deliver_by == Offer::Yes, "DELIVERBY");
        if let Some(FutureRelease { max_interval, max_until }) = config.future_release {
            offer(true, &format!("FUTURERELEASE {max_interval} {}", max_until.to_whole_seconds()));
        }
        offer(inside && config.require_tls == Offer::Yes, "REQUIRETLS");
        offer(true, "ENHANCEDSTATUSCODES");
    }

    fn say_reply(&mut self, reply: &Reply) {
        self.outgoing.extend_from_slice(reply.to_wire().as_bytes());
    }
}

/// Whether an answer fits its question.
fn check(question: Question, answer: &Answer) -> Result<(), AnswerError> {
    match answer {
        Answer::Accept | Answer::AcceptWith(_) if question == Question::Keys => Err(AnswerError::WrongKind),
        Answer::Keys(_) if question != Question::Keys => Err(AnswerError::WrongKind),
        Answer::Accept | Answer::Keys(_) => Ok(()),
        Answer::AcceptWith(reply) => {
            let own_reply = matches!(question, Question::Hello(_) | Question::Data | Question::Chunk(_));
            let code = match question {
                Question::Connected => 220..=220,
                Question::Auth(_) => 235..=235,
                _ => 200..=299,
            };
            if own_reply || !code.contains(&reply.code()) { Err(AnswerError::WrongClass(reply.code())) } else { Ok(()) }
        }
        Answer::Refuse(reply) | Answer::RefuseAndClose(reply) if reply.is_positive() => {
            Err(AnswerError::WrongClass(reply.code()))
        }
        Answer::Refuse(_) | Answer::RefuseAndClose(_) => Ok(()),
    }
}
