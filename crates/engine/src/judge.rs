//! What an outcome means: the class of a failure, and what follows for the suppression list.

use posthaste_bounce::{ListEffect, Rules, Verdict};
use posthaste_suppression::{Actor, Entry, Reason, Scope, What};
use posthaste_transport::Route;
use posthaste_types::{Address, BounceClass, Cause, DnsFault, Evidence, EvidenceSource, ProviderId, Timestamp};

use crate::inner::Engine;

impl Engine {
    /// The rules that failures are judged by.
    pub(crate) fn rules(&self) -> &Rules {
        self.rules.as_deref().unwrap_or_else(|| Rules::builtin())
    }

    /// Judges the cause of a failure; what the provider itself publishes goes before the registry.
    pub(crate) fn judge(&self, cause: &Cause, provider: Option<&ProviderId>) -> Verdict {
        self.rules().classify_cause(cause, provider)
    }

    /// Who receives at the end of a route, by its best host.
    pub(crate) fn provider(&self, route: &Route) -> Option<ProviderId> {
        let best = route.hosts().iter().min_by_key(|host| host.preference)?;
        self.rules().provider_of_host(best.name.as_str())
    }
}

/// The entry that follows from a permanent failure, if one does.
///
/// Only what is evidence about the recipient suppresses it, for all mail. A domain is suppressed if it says
/// itself that it takes no mail (null MX, RFC 7505); that a name does not exist needs more than one look, and is
/// left to the list hygiene.
pub(crate) fn consequence(to: &Address, verdict: &Verdict, cause: Option<&Cause>, at: Timestamp) -> Option<Entry> {
    if verdict.list_effect != ListEffect::Hard {
        return None;
    }
    let what = match (verdict.class, cause) {
        (BounceClass::BadDomain, Some(Cause::Dns { fault: DnsFault::NullMx, .. })) => What::Domain(to.domain().clone()),
        (BounceClass::BadDomain, _) => return None,
        _ => What::address(to),
    };
    let mut entry = Entry::new(what, Scope::Everything, reason(verdict.class), Actor::System, at);
    entry.evidence = match cause {
        Some(cause) => vec![Evidence::new(source(cause), cause)],
        None => verdict.evidence(),
    };
    Some(entry)
}

fn reason(class: BounceClass) -> Reason {
    match class {
        BounceClass::Complaint => Reason::Complaint,
        BounceClass::Unsubscribe => Reason::Unsubscribe,
        class => Reason::Bounce(class),
    }
}

fn source(cause: &Cause) -> EvidenceSource {
    match cause {
        Cause::Dns { .. } => EvidenceSource::Record,
        _ => EvidenceSource::Reply,
    }
}
