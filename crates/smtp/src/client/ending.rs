//! How a session ends, and how long it waits.

use posthaste_types::{Outcome, Stage, Tick};

use super::error::{ClientError, ClientErrorKind};
use super::event::ClientEvent;
use super::running::{Body, Running};
use super::session::ClientSession;
use super::state::{Awaited, Groups, Phase, What};

impl ClientSession {
    /// Ends the session for a breach of the protocol.
    pub(super) fn break_off(&mut self, why: &'static str) -> ClientError {
        self.break_off_at(self.stage(), why)
    }

    /// The same, where the answer to a command is the breach: its reply is not waited for any more.
    pub(super) fn break_off_at(&mut self, stage: Stage, why: &'static str) -> ClientError {
        let error = ClientError::new(ClientErrorKind::Protocol(why), stage);
        self.fail(if self.groups == Groups::Sent { error.out_of_step() } else { error })
    }

    /// Ends the session: settles whoever has no answer yet, and says why.
    pub(super) fn fail(&mut self, error: ClientError) -> ClientError {
        while let Some(mut running) = self.running.pop_front() {
            let taken = self.may_have_been_taken(&running);
            for recipient in 0..running.outcomes.len() {
                let in_doubt = taken && running.is_open(recipient);
                let cause = error.cause();
                let outcome = if in_doubt { Outcome::in_doubt(cause) } else { Outcome::deferred(cause) };
                self.settle(&mut running, recipient, outcome);
            }
            self.finish(running);
        }
        self.end(Some(error.clone()));
        error
    }

    pub(super) fn end(&mut self, error: Option<ClientError>) {
        self.phase = Phase::Closed;
        self.outgoing.clear();
        self.awaited.clear();
        self.exchange = None;
        self.deadline = None;
        self.events.push_back(ClientEvent::Closed { error });
    }

    /// Whether the octet that completes the message has left.
    fn may_have_been_taken(&self, running: &Running) -> bool {
        matches!(running.body, Body::Complete { end } if end <= self.handed)
    }

    /// Whether content is on its way out.
    pub(super) fn is_writing(&self) -> bool {
        self.running.front().is_some_and(|running| matches!(running.body, Body::Writing(_) | Body::Due))
    }

    /// What is being waited for.
    pub(super) fn stage(&self) -> Stage {
        match (self.phase, self.awaited.front(), self.running.front()) {
            (Phase::Opening(stage), ..) => stage,
            (Phase::Handshake, ..) => Stage::StartTls,
            (_, Some(Awaited { what: What::Chunk, .. }), _) if self.is_writing() => Stage::Data,
            (_, Some(awaited), _) => awaited.what.stage(),
            (_, None, Some(_)) => Stage::Data,
            (_, None, None) => Stage::Connect,
        }
    }

    /// Sets the deadline for what is due first, from now on.
    pub(super) fn rearm(&mut self, now: Tick) {
        let timeouts = &self.config.timeouts;
        let wait = match (self.awaited.front(), self.running.front()) {
            _ if self.phase == Phase::Closed => None,
            _ if self.phase == Phase::Handshake => Some(timeouts.start_tls),
            (Some(awaited), _) => Some(match awaited.what {
                What::Greeting => timeouts.greeting,
                What::StartTls => timeouts.start_tls,
                What::Hello | What::Helo | What::Auth => timeouts.hello,
                What::Rset => timeouts.rset,
                What::Mail => timeouts.mail,
                What::Rcpt(_) => timeouts.rcpt,
                What::Data => timeouts.data,
                What::Chunk if self.is_writing() => timeouts.block,
                What::Chunk | What::EndOfData | What::EndOfDataFor(_) | What::EndOfNothing => timeouts.end_of_data,
                What::Quit => timeouts.quit,
            }),
            (None, Some(_)) => Some(timeouts.block),
            (None, None) => None,
        };
        self.deadline = wait.map(|wait| now.saturating_add(wait));
    }
}
