//! The limits that the peer names (RFC 9422).

use posthaste_types::{Cause, Domain, Outcome};

use super::running::Running;
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
