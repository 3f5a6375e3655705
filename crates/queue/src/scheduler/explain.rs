//! Why a recipient that is ready is not under way: told from the scheduler's own state, so that it cannot
//! drift from what the scheduler does.

use posthaste_types::{Constraint, MailId, Text, Tick};

use super::{Place, Scheduler, Site, SiteKey};

impl Scheduler {
    /// What holds a recipient that is ready, the strictest first; nothing for one that is under way or not
    /// known here.
    ///
    /// Costs `O(n)` in what is ready at its site.
    pub fn explain(&self, mail: MailId, recipient: u32, now: Tick) -> Vec<Constraint> {
        let Some(Place::Ready(key, group, _)) = self.known.get(&(mail, recipient)) else { return Vec::new() };
        let Some(site) = self.sites.get(key) else { return Vec::new() };
        self.constraints(key, site, site.ahead_of(group), now)
    }

    /// What would hold a recipient that joined a site now: for those that are due and not yet here.
    pub fn explain_site(&self, key: &SiteKey, now: Tick) -> Vec<Constraint> {
        self.sites.get(key).map_or_else(Vec::new, |site| self.constraints(key, site, site.ready, now))
    }

    fn constraints(&self, key: &SiteKey, site: &Site, ahead: usize, now: Tick) -> Vec<Constraint> {
        let hold = site.hold.as_ref().filter(|(until, _)| now < *until);
        let held = hold.map(|(_, why)| Constraint::RouteHeld { why: why.clone() });
        let at_site = shape(format_args!("attempts at {key}"), site.under_way, self.config.max_attempts_per_site);
        let in_all = shape("attempts in all", self.attempts.len(), self.config.max_attempts);
        let backlog = (ahead > 0).then(|| Constraint::Backlog { ahead: wide(ahead) });
        [held, at_site, in_all, backlog].into_iter().flatten().collect()
    }
}

fn shape(rule: impl std::fmt::Display, used: usize, limit: usize) -> Option<Constraint> {
    (used >= limit).then(|| Constraint::Shape { rule: Text::lossy(rule), used: wide(used), limit: wide(limit) })
}

fn wide(n: usize) -> u64 {
    u64::try_from(n).unwrap_or(u64::MAX)
}
