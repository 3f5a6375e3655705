//! Replies to the commands of a mail, and what is written next.

use posthaste_types::{Cause, Outcome, Reply, Stage, Tick};

use super::config::Protocol;
use super::error::{ClientError, ClientErrorKind};
use super::event::ClientEvent;
use super::running::{Body, MailState, Running, Writer};
use super::session::ClientSession;
use super::state::{Reset, What};
use crate::stuffing::BodyWriter;

impl ClientSession {
    /// Matches a reply to the command that it answers.
    pub(super) fn on_reply(&mut self, now: Tick, reply: Reply) -> Result<(), ClientError> {
        let Some(awaited) = self.awaited.front().copied() else { return Err(self.on_unasked(reply)) };
        self.heard = now;
        if awaited.end > self.handed {
            if awaited.what == What::Chunk && self.is_writing() && self.outgoing.is_empty() && !reply.is_positive() {
                return Err(self.on_early_answer(reply));
            }
            return Err(self.break_off("a reply came before its command was sent"));
        }
        self.awaited.pop_front();
        if reply.code() == 421 && awaited.what != What::Quit {
            return Err(self.on_421(awaited.what, reply));
        }
        match awaited.what {
            What::Greeting => self.on_greeting(now, reply)?,
            What::Hello | What::Helo => self.on_hello(now, awaited.what, reply)?,
            What::StartTls => self.on_start_tls(now, reply)?,
            What::Auth => self.on_auth(now, reply)?,
            What::Quit => self.end(None),
            what => self.on_mail_reply(now, what, reply)?,
        }
        self.rearm(now);
        Ok(())
    }

    fn on_mail_reply(&mut self, now: Tick, what: What, reply: Reply) -> Result<(), ClientError> {
        let Some(mut running) = self.running.pop_front() else {
            return Err(self.break_off("a reply that belongs to no mail"));
        };
        let result = match what {
            What::Mail => self.on_mail(&mut running, reply),
            What::Rcpt(index) => self.on_rcpt(&mut running, index, reply),
            What::Data => self.on_data(now, &mut running, reply),
            What::Chunk => self.on_chunk(&mut running, reply),
            What::EndOfData => self.on_end_of_data(&mut running, None, reply),
            What::EndOfDataFor(index) => self.on_end_of_data(&mut running, Some(index), reply),
            What::EndOfNothing => {
                running.body = Body::Done;
                Ok(())
            }
            _ if reply.code() / 100 == 2 => Ok(()),
            _ => Err("RSET was refused"),
        };
        self.running.push_front(running);
        match result {
            Ok(()) => {
                self.write_steps(now);
                Ok(())
            }
            Err(why) => Err(self.break_off_at(what.stage(), why)),
        }
    }

    fn on_mail(&mut self, running: &mut Running, reply: Reply) -> Result<(), &'static str> {
        if reply.is_positive() {
            running.mail = MailState::Accepted;
            self.reset = Reset::Needed;
            return if reply.code() / 100 == 2 { Ok(()) } else { Err("the answer to MAIL is out of step") };
        }
        if running.lost(&reply) {
            return Err("MAIL behind a content was not understood");
        }
        running.mail = MailState::Refused;
        let outcome = Outcome::from_reply(reply, Stage::Mail);
        for recipient in 0..running.outcomes.len() {
            self.settle(running, recipient, outcome.clone());
        }
        running.give_up_rest();
        Ok(())
    }

    fn on_rcpt(&mut self, running: &mut Running, index: usize, reply: Reply) -> Result<(), &'static str> {
        match reply.code() / 100 {
            2 if running.mail == MailState::Refused => Err("RCPT was accepted behind a refused MAIL"),
            2 => {
                running.accepted.push(index);
                Ok(())
            }
            3 => Err("the answer to RCPT is out of step"),
            _ if running.mail == MailState::Accepted && running.lost(&reply) => {
                Err("RCPT behind a content was not understood")
            }
            _ if is_too_many(&reply) => {
                // RFC 5321 §4.5.3.1.10: worth another transaction if this one has somebody; 552 is temporary.
                if !running.accepted.is_empty() {
                    running.postponed.push(index);
                } else if reply.code() == 552 {
                    self.settle(running, index, Outcome::deferred(Cause::smtp(reply, Stage::Rcpt)));
                } else {
                    self.settle(running, index, Outcome::from_reply(reply, Stage::Rcpt));
                }
                Ok(())
            }
            _ => {
                self.settle(running, index, Outcome::from_reply(reply, Stage::Rcpt));
                Ok(())
            }
        }
    }

    fn on_data(&mut self, now: Tick, running: &mut Running, reply: Reply) -> Result<(), &'static str> {
        if reply.is_positive() && reply.code() != 354 {
            return Err("the answer to DATA is neither 354 nor a refusal");
        }
        if !running.accepted.is_empty() && running.lost(&reply) {
            return Err("DATA behind a content was not understood");
        }
        if !reply.is_positive() {
            running.body = Body::Done;
            self.settle_accepted(running, Outcome::from_reply(reply, Stage::Data));
            return Ok(());
        }
        self.reset = Reset::NotNeeded;
        if !running.accepted.is_empty() {
            let content = running.transaction.content().ok_or("binary content does not go by DATA")?;
            running.body = Body::Writing(Writer::Stuffed(BodyWriter::new(content.clone())));
            return Ok(());
        }
        // RFC 2920 §3.1: DATA was on its way before the last recipient was refused. RFC 2033 §4.2 leaves no
        // answer to wait for.
        if self.config.protocol == Protocol::Lmtp {
            return Err("DATA was accepted without a recipient");
        }
        running.body = Body::Complete { end: u64::MAX };
        self.command(now, ".", What::EndOfNothing);
        Ok(())
    }

    fn on_end_of_data(
        &mut self,
        running: &mut Running,
        recipient: Option<usize>,
        reply: Reply,
    ) -> Result<(), &'static str> {
        if reply.code() / 100 == 3 {
            return Err("the answer to the final dot is out of step");
        }
        let outcome = Outcome::from_reply(reply, Stage::EndOfData);
        let Some(recipient) = recipient else {
            running.body = Body::Done;
            self.settle_accepted(running, outcome);
            return Ok(());
        };
        self.settle(running, recipient, outcome);
        if running.accepted.last() == Some(&recipient) {
            running.body = Body::Done;
        }
        Ok(())
    }

    fn on_chunk(&mut self, running: &mut Running, reply: Reply) -> Result<(), &'static str> {
        if reply.code() / 100 == 3 {
            return Err("the answer to BDAT is out of step");
        }
        // RFC 3030 §2: RSET behind a BDAT that failed. It may be written already, in front of the next envelope.
        if reply.is_positive() && self.running.is_empty() {
            self.reset = Reset::NotNeeded;
        }
        running.body = Body::Done;
        self.settle_accepted(running, Outcome::from_reply(reply, Stage::EndOfData));
        Ok(())
    }

    /// Nothing was asked: 421 closes at any time, and a refusal amid the content answers it early.
    fn on_unasked(&mut self, reply: Reply) -> ClientError {
        let writing = self.is_writing();
        let stage = self.stage();
        if reply.code() == 421 {
            return self.fail(ClientError::of_reply(ClientErrorKind::ServiceClosing, stage, reply));
        }
        if !writing || reply.is_positive() {
            return self.break_off("a reply to nothing");
        }
        self.on_early_answer(reply)
    }

    /// The content was refused before it was complete: an answer for those who were to get it.
    fn on_early_answer(&mut self, reply: Reply) -> ClientError {
        if reply.code() == 421 {
            return self.fail(ClientError::of_reply(ClientErrorKind::ServiceClosing, Stage::Data, reply));
        }
        if let Some(mut running) = self.running.pop_front() {
            self.settle_accepted(&mut running, Outcome::from_reply(reply.clone(), Stage::Data));
            self.running.push_front(running);
        }
        self.fail(ClientError::of_reply(ClientErrorKind::AnsweredEarly, Stage::Data, reply))
    }

    /// 421 is an answer for what was asked, and the end of the session for the rest.
    fn on_421(&mut self, what: What, reply: Reply) -> ClientError {
        if let Some(mut running) = self.running.pop_front() {
            let outcome = Outcome::deferred(Cause::smtp(reply.clone(), what.stage()));
            match what {
                What::Chunk | What::EndOfData => self.settle_accepted(&mut running, outcome),
                What::EndOfDataFor(recipient) => self.settle(&mut running, recipient, outcome),
                // A chunk behind this command may be complete: it was not read (RFC 5321 §3.8).
                _ => {
                    (0..running.outcomes.len()).for_each(|index| self.settle(&mut running, index, outcome.clone()));
                }
            }
            self.running.push_front(running);
        }
        self.fail(ClientError::of_reply(ClientErrorKind::ServiceClosing, what.stage(), reply))
    }

    pub(super) fn settle(&mut self, running: &mut Running, recipient: usize, outcome: Outcome) {
        if let Some(slot @ None) = running.outcomes.get_mut(recipient) {
            *slot = Some(outcome.clone());
            self.events.push_back(ClientEvent::Settled { id: running.id, recipient, outcome });
        }
    }

    fn settle_accepted(&mut self, running: &mut Running, outcome: Outcome) {
        for recipient in running.accepted.clone() {
            self.settle(running, recipient, outcome.clone());
        }
    }

    pub(super) fn finish(&mut self, running: Running) {
        let id = running.id;
        self.events.push_back(ClientEvent::Finished { id, outcomes: running.into_outcomes() });
    }
}

/// Whether RCPT was refused for the number of recipients: X.5.3 (RFC 3463 §3.6) behind any code, or without an enhanced
/// status 452, or 552 which RFC 5321 §4.5.3.1.10 wants treated so (552 5.2.2 is a full mailbox).
fn is_too_many(reply: &Reply) -> bool {
    match reply.enhanced() {
        Some(status) => (status.subject(), status.detail()) == (5, 3),
        None => matches!(reply.code(), 452 | 552),
    }
}
