//! Holds what was seen against the demands of providers.

use std::collections::HashMap;

use posthaste_provider::{Demand, Demanded, Profile, Requirements, Rule};
use posthaste_types::Text;

use crate::audit::{Check, ProviderVerdict, RuleVerdict, Standing};
use crate::exam::Report;
use crate::finding::{Concern, Finding};
use crate::sending::SendingDomain;

/// Puts the reports together: who cares stands in each finding then.
pub(crate) fn judge(
    reports: Vec<Report>,
    sending: &SendingDomain,
    requirements: &Requirements,
) -> (Vec<Check>, Vec<ProviderVerdict>) {
    let known = Known::of(&reports, sending);
    let mut checks: Vec<Check> = reports.into_iter().map(|report| report.check).collect();
    for finding in checks.iter_mut().flat_map(|check| &mut check.findings) {
        let demanded = requirements.demands(sending.messages());
        finding.cares = demanded.filter(|demanded| known.is_cause(finding, demanded.rule)).map(concern).collect();
    }
    checks.sort_by_key(|check| check.topic);
    let providers = requirements.iter().map(|profile| verdict(profile, &known, sending)).collect();
    (checks, providers)
}

fn concern(demanded: Demanded<'_>) -> Concern {
    let Demanded { provider, rule, .. } = demanded;
    Concern {
        provider: provider.id().clone(),
        name: Text::lossy(provider.name()),
        demand: Text::lossy(rule.demand()),
        scope: rule.scope(),
        force: rule.force(),
        replies: rule.replies().to_vec(),
    }
}

fn verdict(profile: &Profile, known: &Known, sending: &SendingDomain) -> ProviderVerdict {
    let volume = sending.messages();
    let rules = profile.rules().iter().filter(|rule| profile.counts(rule, volume));
    ProviderVerdict {
        provider: profile.id().clone(),
        name: Text::lossy(profile.name()),
        bulk: Text::lossy(profile.bulk()),
        scope: profile.scope(volume),
        rules: rules
            .map(|rule| RuleVerdict {
                demand: rule.demand().clone(),
                scope: rule.scope(),
                force: rule.force(),
                standing: known.standing(rule.demand()),
            })
            .collect(),
    }
}

/// What all checks together say of demands.
struct Known {
    standings: HashMap<String, Standing>,
    bits: Option<u32>,
    /// Whether there are addresses to look at.
    has_ips: bool,
}

impl Known {
    fn of(reports: &[Report], sending: &SendingDomain) -> Self {
        let mut standings: HashMap<String, Standing> = HashMap::new();
        for (key, standing) in reports.iter().flat_map(|report| &report.learned) {
            let known = standings.entry(key.clone()).or_insert(*standing);
            *known = known.and(*standing);
        }
        let bits = reports.iter().filter_map(|report| report.bits).min();
        Self { standings, bits, has_ips: !sending.ips().is_empty() }
    }

    fn of_key(&self, key: &str) -> Standing {
        self.standings.get(key).copied().unwrap_or(Standing::Unknown)
    }

    fn of_addresses(&self, key: &str) -> Standing {
        if self.has_ips { self.of_key(key) } else { Standing::NotSeen }
    }

    fn standing(&self, demand: &Demand) -> Standing {
        match demand {
            Demand::Alignment => self.of_key("dkim").or(self.of_key("spf").and(self.of_key("spf-aligned"))),
            Demand::Dkim | Demand::Dmarc | Demand::SenderDomain | Demand::Spf => self.of_key(demand.as_str()),
            Demand::DkimKey { bits, .. } => match self.bits {
                Some(shortest) if shortest < *bits => Standing::Broken,
                Some(_) => Standing::Met,
                None => Standing::Unknown,
            },
            Demand::OwnPtr | Demand::Ptr => self.of_addresses(demand.as_str()),
            Demand::SpfOrDkim => self.of_key("spf").or(self.of_key("dkim")),
            Demand::Unlisted { lists, .. } => {
                let asked = lists.iter().filter_map(|list| self.standings.get(&format!("list:{list}")));
                // `lists` is known only where the check as a whole did not end.
                let none = || self.standings.get("lists").copied().unwrap_or(Standing::NotSeen);
                asked.copied().reduce(Standing::and).unwrap_or_else(none)
            }
            _ => Standing::NotSeen,
        }
    }

    /// Whether a finding is why a rule is not met, or may not be.
    fn is_cause(&self, finding: &Finding, rule: &Rule) -> bool {
        let demand = rule.demand();
        if !finding.code.demands().contains(&demand.as_str()) {
            return false;
        }
        match (demand, &finding.list) {
            (Demand::Unlisted { lists, .. }, Some(list)) => lists.contains(list),
            // One of two is enough: a fault of one matters if the other does not make up for it.
            (Demand::Alignment | Demand::SpfOrDkim, _) => self.standing(demand) != Standing::Met,
            _ => true,
        }
    }
}
