//! JSON for programs.

use posthaste_auth::records::Severity;
use serde_json::{Value, json};

use crate::audit::{Audit, Check, ProviderVerdict};
use crate::finding::{Concern, Finding, Mend};

/// One object, on one line. Keys stay; the number of `schema` changes if one goes or changes its meaning.
pub(crate) fn to_json(audit: &Audit) -> String {
    let sending = &audit.sending;
    let list = |all: &[std::net::IpAddr]| all.iter().map(ToString::to_string).collect::<Vec<_>>();
    let selectors: Vec<&str> = sending.selectors().iter().map(|selector| selector.name.as_str()).collect();
    json!({
        "schema": SCHEMA,
        "domain": sending.domain().as_str(),
        "mail_from": sending.mail_from_domain().as_str(),
        "ips": list(sending.ips()),
        "selectors": selectors,
        "ehlo": sending.ehlo_name(),
        "at": audit.at.to_whole_seconds().to_string(),
        "took_ms": u64::try_from(audit.took.as_millis()).unwrap_or(u64::MAX),
        "worst": audit.worst().map(|severity| severity.to_string()),
        "exit_code": audit.exit_code(),
        "counts": {
            "error": audit.count(Severity::Error),
            "unknown": audit.count(Severity::Unknown),
            "warning": audit.count(Severity::Warning),
            "note": audit.count(Severity::Note),
        },
        "findings": audit.findings().into_iter().map(finding).collect::<Vec<_>>(),
        "checks": audit.checks.iter().map(check).collect::<Vec<_>>(),
        "providers": audit.providers.iter().map(provider).collect::<Vec<_>>(),
    })
    .to_string()
}

fn finding(finding: &Finding) -> Value {
    json!({
        "severity": finding.severity.to_string(),
        "code": finding.code.as_str(),
        "topic": finding.topic.as_str(),
        "about": finding.about.as_str(),
        "what": finding.what.as_str(),
        "evidence": finding.evidence.iter().map(|line| line.as_str()).collect::<Vec<_>>(),
        "cares": finding.cares.iter().map(concern).collect::<Vec<_>>(),
        "mend": finding.mend.iter().map(mend).collect::<Vec<_>>(),
    })
}

fn concern(concern: &Concern) -> Value {
    json!({
        "provider": concern.provider.as_str(),
        "name": concern.name.as_str(),
        "demand": concern.demand.as_str(),
        "scope": concern.scope.as_str(),
        "force": concern.force.as_str(),
        "replies": concern.replies.iter().map(ToString::to_string).collect::<Vec<_>>(),
    })
}

fn mend(mend: &Mend) -> Value {
    let text = match mend {
        Mend::Step(step) => step.as_str(),
        other => other.record().unwrap_or_default(),
    };
    json!({"do": mend.as_str(), "text": text})
}

fn check(check: &Check) -> Value {
    json!({
        "topic": check.topic.as_str(),
        "about": check.about.as_str(),
        "worst": check.worst().map(|severity| severity.to_string()),
        "facts": check.facts.iter().map(|fact| fact.as_str()).collect::<Vec<_>>(),
    })
}

fn provider(verdict: &ProviderVerdict) -> Value {
    let rules = verdict.rules.iter().map(|rule| {
        json!({
            "demand": rule.demand.as_str(),
            "words": rule.demand.to_string(),
            "scope": rule.scope.as_str(),
            "force": rule.force.as_str(),
            "standing": rule.standing.as_str(),
        })
    });
    json!({
        "provider": verdict.provider.as_str(),
        "name": verdict.name.as_str(),
        "bulk": verdict.bulk.as_str(),
        "scope": verdict.scope.map(|scope| scope.as_str()),
        "rules": rules.collect::<Vec<_>>(),
    })
}

const SCHEMA: u32 = 1;
