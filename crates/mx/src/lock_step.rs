//! Sites that answer out of step.

use std::collections::{HashSet, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use posthaste_smtp::Pipelining;
use posthaste_transport::SiteId;

/// The sites that once answered commands in groups out of step: each is told one command at a time from then on. As
/// many as [`LIMIT`]; then the one that was noted first is forgotten.
#[derive(Debug, Default)]
pub(crate) struct LockStep(Mutex<Sites>);

#[derive(Debug, Default)]
struct Sites {
    all: HashSet<SiteId>,
    in_order: VecDeque<SiteId>,
}

impl LockStep {
    pub(crate) fn note(&self, site: &SiteId) {
        let mut sites = self.sites();
        if !sites.all.insert(site.clone()) {
            return;
        }
        sites.in_order.push_back(site.clone());
        if sites.in_order.len() > LIMIT
            && let Some(first) = sites.in_order.pop_front()
        {
            sites.all.remove(&first);
        }
    }

    pub(crate) fn holds(&self, site: &SiteId) -> bool {
        let sites = self.sites();
        !sites.all.is_empty() && sites.all.contains(site)
    }

    /// How a new session to a site is to speak, where other sites are spoken to as `given`.
    pub(crate) fn pipelining(&self, site: &SiteId, given: Pipelining) -> Pipelining {
        if self.holds(site) { Pipelining::Never } else { given }
    }

    fn sites(&self) -> MutexGuard<'_, Sites> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

const LIMIT: usize = 4096;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_is_forgotten_when_there_are_too_many() {
        let (lock_step, site) = (LockStep::default(), |n: usize| SiteId::new(&format!("site{n}")));
        for n in 0..LIMIT {
            lock_step.note(&site(n));
            lock_step.note(&site(0));
        }
        assert_eq!(lock_step.pipelining(&site(0), Pipelining::NextEnvelope), Pipelining::Never);
        lock_step.note(&site(LIMIT));
        assert_eq!(lock_step.pipelining(&site(0), Pipelining::NextEnvelope), Pipelining::NextEnvelope);
        assert!(lock_step.holds(&site(1)) && lock_step.holds(&site(LIMIT)));
        let sites = lock_step.sites();
        assert_eq!(sites.in_order.len(), sites.all.len());
    }
}
