//! The limits that the peer names (RFC 9422).

use posthaste_types::{Cause, Domain, Outcome, Tick};

use super::running::{Further, Running, Step};
use super::session::ClientSession;

/// What this session has used up of its limits, since EHLO.
#[derive(Debug, Default)]
pub(super) struct Used {
    /// How many MAIL were written.
    pub(super) mails: u64,
    /// The domains of the recipients who were tried, where they are limited.
    domains: Vec<Domain>,
}

impl ClientSession {
    /// Begins the next round of a mail, within the limits; `false` if nobody is left for one. Whose domain is one too
    /// many for this session is deferred.
    pub(super) fn begin_round(&mut self, running: &mut Running) -> bool {
        self.give_up_further_domains(running);
        let most = self.limit("RCPTMAX").min(self.config.max_recipients);
        running.begin_round(most)
    }

    /// RFC 9422 §4.1, §4.3: whether the peer takes no further MAIL in this session, or none to another domain. A mail to
    /// one that it knows might still go, but who asks does not say whose turn is next.
    pub(super) fn is_spent(&self) -> bool {
        let domains = self.limit("RCPTDOMAINMAX");
        self.capabilities.limit("MAILMAX").is_some_and(|most| self.used.mails >= most)
            || domains != usize::MAX && self.used.domains.len() >= domains
    }

    /// Whether a further round of the same mail may go.
    pub(super) fn takes_mails(&self) -> bool {
        self.capabilities.limit("MAILMAX").is_none_or(|most| self.used.mails < most)
    }

    /// Whether the next octets begin a further round of the mail under way: a MAIL of its own (RFC 5321 §4.5.3.1.10).
    ///
    /// Whoever may have forbidden the rest meanwhile is asked now; [`withdraw_round`](Self::withdraw_round) if so.
    pub fn begins_round(&self) -> bool {
        let further = self.running.front().map(|running| running.further);
        matches!(further, Some(Further::Begins { at, .. }) if at >= self.handed)
    }

    /// Takes a round back that is [about to begin](Self::begins_round), and defers all who have no answer. The session
    /// goes on. Does nothing once an octet of the round was handed out.
    pub fn withdraw_round(&mut self, now: Tick) {
        if !self.begins_round() {
            return;
        }
        let Some(mut running) = self.running.pop_front() else { return };
        if let Further::Begins { at, reset } = running.further {
            let kept = usize::try_from(at.saturating_sub(self.handed)).unwrap_or(usize::MAX);
            self.outgoing.truncate(kept);
            self.awaited.retain(|awaited| awaited.end <= at);
            self.reset = reset;
        }
        if running.has_begun() {
            self.used.mails = self.used.mails.saturating_sub(1);
        }
        let outcome = Outcome::deferred(Cause::local("withdrawn before a further transaction began"));
        (0..running.outcomes.len()).for_each(|recipient| self.settle(&mut running, recipient, outcome.clone()));
        self.finish(running);
        self.write_steps(now);
        self.rearm(now);
    }

    /// Notes where a further round begins, as long as nothing of it was handed out.
    pub(super) fn mark_round(&self, running: &mut Running, step: Step) {
        match running.further {
            _ if step != Step::Mail => {}
            Further::No => {}
            Further::Begins { at, .. } if at >= self.handed => {}
            _ => running.further = Further::Begins { at: self.end_of_outgoing(), reset: self.reset },
        }
    }

    /// Defers those for whom there is no round left.
    pub(super) fn give_up_rest(&mut self, running: &mut Running) {
        if running.has_more() {
            let cause = Cause::local("4.5.3 the next hop takes no further transaction in this session (RFC 9422)");
            for recipient in 0..running.outcomes.len() {
                self.settle(running, recipient, Outcome::deferred(cause.clone()));
            }
            running.give_up_rest();
        }
    }

    /// RFC 9422 §4.3: RCPTDOMAINMAX counts the domains of a whole session.
    fn give_up_further_domains(&mut self, running: &mut Running) {
        let most = self.limit("RCPTDOMAINMAX");
        if most == usize::MAX {
            return;
        }
        let cause = Cause::local("4.5.3 the next hop takes no further domain in this session (RFC 9422)");
        let to = running.transaction.envelope_shared();
        for (index, recipient) in to.to().iter().enumerate() {
            let domain = recipient.address.domain();
            if self.used.domains.contains(domain) {
                continue;
            }
            if self.used.domains.len() < most {
                self.used.domains.push(domain.clone());
            } else {
                self.settle(running, index, Outcome::deferred(cause.clone()));
            }
        }
    }

    fn limit(&self, name: &str) -> usize {
        self.capabilities.limit(name).map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX))
    }
}
