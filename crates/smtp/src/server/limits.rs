//! What is counted of a session besides errors.

use posthaste_types::{Domain, Tick};

use super::config::{EarlyTalk, ServerConfig};
use super::error::{ServerError, ServerErrorKind};
use super::session::ServerSession;
use super::state::Question;

/// How much of the limits is used up.
#[derive(Debug, Default)]
pub(super) struct Counts {
    /// MAIL commands that were accepted.
    pub(super) mails: u32,
    /// RCPT beyond the limits, since the last accepted message.
    pub(super) overshoot: u32,
    /// Octets of content that were read for nobody, since then.
    pub(super) dropped: u64,
    /// Attempts to authenticate that failed.
    auth_failures: u32,
    /// The domains of the session's recipients, where they are limited.
    domains: Vec<Domain>,
    /// That of the recipient whom the host is asked about.
    asked: Option<Domain>,
}

impl Counts {
    /// The recipient was accepted.
    pub(super) fn take_domain(&mut self) {
        self.domains.extend(self.asked.take());
    }

    /// Whether so many further octets may be read for nobody.
    pub(super) fn has_room_for(&self, octets: u64, config: &ServerConfig) -> bool {
        self.dropped.saturating_add(octets) <= config.max_dropped
    }

    /// Counts octets that are read for nobody, if there is room for them.
    pub(super) fn drops(&mut self, octets: u64, config: &ServerConfig) -> bool {
        let has_room = self.has_room_for(octets, config);
        self.dropped = self.dropped.saturating_add(octets);
        has_room
    }

    /// A transaction begins.
    pub(super) fn begin_mail(&mut self) {
        self.mails = self.mails.saturating_add(1);
    }
}

impl ServerSession {
    /// RFC 9422 §4.1: MAILMAX.
    pub(super) fn is_spent(&self) -> bool {
        self.config.max_mails.is_some_and(|most| self.counts.mails >= most)
    }

    /// RFC 9422 §4.3: whether a recipient's domain is one too many; remembers it if not.
    pub(super) fn is_domain_too_many(&mut self, domain: &Domain) -> bool {
        self.counts.asked = None;
        let Some(most) = self.config.max_recipient_domains else { return false };
        if self.counts.domains.contains(domain) {
            return false;
        }
        if self.counts.domains.len() >= most {
            return true;
        }
        self.counts.asked = Some(domain.clone());
        false
    }

    /// RFC 5321 §4.5.3.1.10; not the client's error, who may send the rest in the next transaction, within reason.
    pub(super) fn refuse_too_many(&mut self, now: Tick, reply: &str) -> Result<(), ServerError> {
        self.say(reply);
        self.counts.overshoot = self.counts.overshoot.saturating_add(1);
        if self.counts.overshoot > self.config.max_overshoot {
            return self.count_error(now);
        }
        self.await_command(now);
        Ok(())
    }

    /// Whoever guesses is let go of, however many messages it sends in between.
    pub(super) fn count_auth_failure(&mut self, now: Tick) -> Result<(), ServerError> {
        self.counts.auth_failures = self.counts.auth_failures.saturating_add(1);
        if self.counts.auth_failures >= self.config.max_auth_failures {
            self.say("421 4.7.0 too many failed attempts to authenticate");
            return Err(self.fail(ServerErrorKind::TooManyErrors));
        }
        self.count_error(now)
    }

    /// Whether the client did not wait where it must; see [`EarlyTalk`].
    pub(super) fn talks_early(&self) -> bool {
        let must_wait = matches!(self.question, Some(Question::Connected | Question::Hello(_) | Question::Data));
        self.config.early_talk == EarlyTalk::Refuse && must_wait && self.held.len() > 0
    }

    /// The line of LIMITS (RFC 9422 §3).
    pub(super) fn limits_line(&self) -> String {
        let mut line = format!("LIMITS RCPTMAX={}", self.config.max_recipients);
        if let Some(most) = self.config.max_mails {
            line += &format!(" MAILMAX={most}");
        }
        if let Some(most) = self.config.max_recipient_domains {
            line += &format!(" RCPTDOMAINMAX={most}");
        }
        line
    }
}
