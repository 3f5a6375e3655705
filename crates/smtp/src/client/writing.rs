//! What is written, and when.

use std::time::Duration;

use posthaste_types::{BodyKind, Tick};

use super::config::{Chunking, Pipelining, Protocol};
use super::running::{Body, Further, Running, Step, Way};
use super::session::ClientSession;
use super::state::{Awaited, Groups, Phase, Reset, What};

impl ClientSession {
    /// Writes the commands that may go now, and ends rounds and mails that have nothing left to do.
    pub(super) fn write_steps(&mut self, now: Tick) {
        while let Some(mut running) = self.running.pop_front() {
            self.write_round(now, &mut running);
            let over = match running.body {
                Body::Done => true,
                Body::NotYet => self.awaited.is_empty(),
                Body::Writing(_) | Body::Due | Body::Complete { .. } => false,
            };
            if !over {
                self.running.push_front(running);
                break;
            }
            if !self.takes_mails() {
                self.give_up_rest(&mut running);
            }
            if self.begin_round(&mut running) {
                running.further = Further::Unwritten;
                self.running.push_front(running);
            } else {
                self.finish(running);
            }
        }
        if self.running.is_empty() && self.phase == Phase::Quitting {
            self.write_quit(now);
        }
    }

    /// In groups if the peer takes them, else one by one.
    pub(super) fn write_round(&mut self, now: Tick, running: &mut Running) {
        let most = if self.pipelines() { usize::MAX } else { 1 };
        while self.awaited.len() < most {
            let Some(step) = running.next_step() else { break };
            self.mark_round(running, step);
            let what = match step {
                // Never content behind content that has no answer.
                Step::Content if running.way != Way::Data && self.awaits_end_of_data() => break,
                Step::Mail if self.reset == Reset::Needed => {
                    self.reset = Reset::NotNeeded;
                    self.command(now, "RSET", What::Rset);
                    continue;
                }
                Step::Mail => {
                    running.way = self.way(now, running);
                    self.used.mails = self.used.mails.saturating_add(1);
                    What::Mail
                }
                Step::Rcpt(index) => What::Rcpt(index),
                // LMTP answers for each recipient whom it took: they must be known.
                Step::Content if running.way != Way::Data && self.is_lmtp() && !self.awaited.is_empty() => break,
                // Lock step knows by now that nobody would get it.
                Step::Content if self.awaited.is_empty() && running.accepted.is_empty() => break,
                Step::Content if running.way != Way::Data => What::Chunk,
                Step::Content => What::Data,
            };
            running.write(step, &self.capabilities, &mut self.outgoing);
            if what == What::Chunk && self.is_lmtp() {
                // `write_last` says whose answers are due.
                break;
            }
            self.expect(now, what);
            if let (What::Chunk, Some(awaited)) = (what, self.awaited.back_mut()) {
                // Complete with the octet that `write_last` writes.
                awaited.end = u64::MAX;
            }
        }
    }

    fn awaits_end_of_data(&self) -> bool {
        self.awaited.iter().any(|awaited| matches!(awaited.what, What::Chunk | What::EndOfData))
    }

    /// See [`Chunking`].
    fn way(&self, now: Tick, running: &Running) -> Way {
        let payload = running.transaction.payload();
        let is_binary = payload.body_kind() == BodyKind::Binary;
        let offered = self.pipelines() && self.capabilities.offers("CHUNKING");
        let pays = offered && payload.len() <= self.config.max_chunk && !self.is_lmtp();
        match self.config.chunking {
            _ if is_binary && !pays => Way::Chunk,
            Chunking::Never if is_binary => Way::Chunk,
            _ if !pays => Way::Data,
            Chunking::Never => Way::Data,
            Chunking::Ahead if now.since(self.heard) <= MAX_SILENCE => Way::Ahead,
            Chunking::Ahead | Chunking::WhereOffered => Way::Chunk,
        }
    }

    /// What completes the message, and the answers that are due for it.
    pub(super) fn write_last(&mut self, now: Tick) {
        let Some(mut running) = self.running.pop_front() else { return };
        if matches!(running.body, Body::Due) && running.way != Way::Data {
            self.outgoing.push(running.transaction.payload().last());
            let end = self.end_of_outgoing();
            running.body = Body::Complete { end };
            if self.is_lmtp() {
                running.accepted.iter().for_each(|index| self.expect(now, What::EndOfDataFor(*index)));
            } else if let Some(awaited) = self.awaited.iter_mut().find(|awaited| awaited.what == What::Chunk) {
                awaited.end = end;
            }
        } else if matches!(running.body, Body::Due) {
            self.outgoing.extend_from_slice(b".\r\n");
            running.body = Body::Complete { end: self.end_of_outgoing() };
            if self.is_lmtp() {
                running.accepted.iter().for_each(|index| self.expect(now, What::EndOfDataFor(*index)));
            } else {
                self.expect(now, What::EndOfData);
            }
        }
        self.running.push_front(running);
    }

    pub(super) fn write_quit(&mut self, now: Tick) {
        if self.running.is_empty() && self.awaited.is_empty() {
            self.command(now, "QUIT", What::Quit);
        }
    }

    fn is_lmtp(&self) -> bool {
        self.config.protocol == Protocol::Lmtp
    }

    /// Whether commands may go in groups.
    pub(super) fn pipelines(&self) -> bool {
        self.config.pipelining != Pipelining::Never && self.capabilities.offers("PIPELINING")
    }

    /// Puts a command line out and its reply on the list of what is due.
    pub(super) fn command(&mut self, now: Tick, line: &str, what: What) {
        // In one step, before the octets are there: grown later, it would leave a copy of them behind.
        self.outgoing.reserve(line.len().saturating_add(2));
        self.outgoing.extend_from_slice(line.as_bytes());
        self.outgoing.extend_from_slice(b"\r\n");
        self.expect(now, what);
    }

    pub(super) fn expect(&mut self, now: Tick, what: What) {
        let end = self.end_of_outgoing();
        self.awaited.push_back(Awaited { what, end });
        if self.awaited.len() > 1 {
            self.groups = Groups::Sent;
        }
        if self.awaited.len() == 1 {
            self.rearm(now);
        }
    }

    /// Where the octets that are due end in all that are handed out.
    pub(super) fn end_of_outgoing(&self) -> u64 {
        self.handed.saturating_add(u64::try_from(self.outgoing.len()).unwrap_or(u64::MAX))
    }

    pub(super) fn count(&mut self, octets: usize) {
        self.handed = self.handed.saturating_add(u64::try_from(octets).unwrap_or(u64::MAX));
    }
}

/// So long after the last reply a connection is taken to be alive.
const MAX_SILENCE: Duration = Duration::from_secs(1);
