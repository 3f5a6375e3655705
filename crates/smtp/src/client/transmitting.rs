//! What leaves: commands, content, and where a mail is complete.

use posthaste_types::{Stage, Tick};
use zeroize::Zeroize as _;

use super::event::Transmit;
use super::running::{Body, Running, Way};
use super::session::ClientSession;
use super::state::Phase;

impl ClientSession {
    /// Puts the next octets for the connection behind what `out` holds: all commands that are due, or
    /// about [`BLOCK`](Self::BLOCK) octets of content. Call it until it returns `None`, or until the buffer
    /// is full, and again when that is written: the timeout of content begins anew with each call.
    pub fn poll_transmit(&mut self, now: Tick, out: &mut Vec<u8>) -> Option<Transmit> {
        if !self.outgoing.is_empty() {
            out.extend_from_slice(&self.outgoing);
            self.count(self.outgoing.len());
            if self.phase == Phase::Opening(Stage::Auth) {
                self.outgoing.zeroize();
            }
            self.outgoing.clear();
            return Some(Transmit::Octets);
        }
        let running = self.running.front_mut()?;
        let Body::Writing(writer) = &mut running.body else {
            if !matches!(running.body, Body::Due) {
                return None;
            }
            let waits = running.way == Way::Chunk;
            if waits && self.awaited.front().is_some_and(|awaited| awaited.what.is_of_envelope()) {
                return None;
            }
            // A chunk was announced, and all recipients are refused meanwhile: the peer drops it.
            if !running.is_for_nobody() {
                return Some(Transmit::Completing(running.id));
            }
            self.write_last(now);
            return self.poll_transmit(now, out);
        };
        let written = writer.fill(out, Self::BLOCK);
        if writer.is_done() {
            running.body = Body::Due;
        }
        self.count(written);
        self.rearm(now);
        Some(Transmit::Octets)
    }

    /// The same, but of content only its place is told where a long run of it goes as it is: for an adapter that
    /// writes from several places at once and copies nothing.
    pub fn poll_transmit_shared(&mut self, now: Tick, out: &mut Vec<u8>) -> Option<Transmit> {
        let writer = match self.running.front_mut() {
            Some(Running { body: Body::Writing(writer), .. }) if self.outgoing.is_empty() => writer,
            _ => return self.poll_transmit(now, out),
        };
        let before = out.len();
        let Some(run) = writer.run(out, MIN_RUN, MAX_RUN) else { return self.poll_transmit(now, out) };
        let (octets, done) = (out.len() - before + run.len(), writer.is_done());
        if done && let Some(running) = self.running.front_mut() {
            running.body = Body::Due;
        }
        self.count(octets);
        self.rearm(now);
        Some(Transmit::Shared { segment: run.segment, start: run.start, end: run.end })
    }
}

/// What is shorter is copied: that costs less than a place of its own.
const MIN_RUN: usize = 4096;
/// What goes as one block, of which each has its timeout.
const MAX_RUN: usize = 128 * 1024;
