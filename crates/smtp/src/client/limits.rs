//! The limits that the peer names (RFC 9422).

use posthaste_types::{Cause, Outcome};

use super::running::{RoundLimits, Running};
use super::session::ClientSession;

impl ClientSession {
    /// RFC 9422 §4.2, §4.3: RCPTMAX and RCPTDOMAINMAX.
    pub(super) fn round_limits(&self) -> RoundLimits {
        RoundLimits {
            recipients: self.limit("RCPTMAX").min(self.config.max_recipients),
            domains: self.limit("RCPTDOMAINMAX"),
        }
    }

    /// RFC 9422 §4.1: whether the peer takes no further MAIL in this session.
    pub(super) fn is_spent(&self) -> bool {
        self.capabilities.limit("MAILMAX").is_some_and(|most| self.mails >= most)
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

    fn limit(&self, name: &str) -> usize {
        self.capabilities.limit(name).map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX))
    }
}
