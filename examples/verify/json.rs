//! The verdict as one JSON object for programs.

use std::io::{Result, Write};

use posthaste::auth::dmarc;
use posthaste::dkim::{ArcResult, DkimResult, SpfCheck};
use serde_json::{Value, json};

use crate::Checked;

pub(crate) fn write(out: &mut impl Write, checked: &Checked) -> Result<()> {
    let (arrival, verdict) = (&checked.arrival, &checked.verdict);
    let fields: Vec<&str> = checked.fields.iter().map(|field| field.as_str().trim_end()).collect();
    let line = json!({
        "ip": arrival.ip(), "helo": arrival.helo(), "mail_from": arrival.mail_from(),
        "iprev": {
            "result": verdict.iprev.verdict.as_str(), "reason": verdict.iprev.to_string(), "name": text(verdict.iprev.name()),
        },
        "spf_helo": spf(&verdict.helo), "spf_mail_from": spf(&verdict.mail_from),
        "dkim": verdict.dkim.iter().map(dkim).collect::<Vec<_>>(), "arc": arc(&verdict.arc),
        "dmarc": match &verdict.dmarc {
            Ok(outcome) => dmarc(outcome),
            Err(error) => json!({"result": "permerror", "reason": error.to_string()}),
        },
        "disposition": verdict.disposition().as_str(), "transient": verdict.is_transient(),
        "fields": fields, "stripped": checked.stripped,
    });
    writeln!(out, "{line}")
}

fn spf(check: &SpfCheck) -> Value {
    let outcome = &check.outcome;
    json!({
        "domain": text(check.query.domain()), "result": outcome.verdict.as_str(), "reason": outcome.reason.to_string(),
        "explanation": text(outcome.explanation.as_ref()), "lookups": outcome.lookups,
        "void_lookups": outcome.void_lookups,
        "trace": outcome.trace.iter().map(ToString::to_string).collect::<Vec<_>>(),
    })
}

fn dkim(result: &DkimResult) -> Value {
    json!({
        "result": result.outcome.as_str(), "reason": text(result.reason.as_ref()), "domain": text(result.domain.as_ref()),
        "selector": result.selector, "identity": result.identity, "algorithm": text(result.algorithm),
        "headers": result.headers, "oversigned": result.oversigned, "body_length": result.body_length,
        "key_bits": result.key_bits, "signed_at": text(result.signed_at), "expires": text(result.expires),
        "testing": result.testing, "notes": result.notes.iter().map(ToString::to_string).collect::<Vec<_>>(),
    })
}

fn arc(result: &ArcResult) -> Value {
    let sets: Vec<Value> = result
        .sets
        .iter()
        .map(|set| json!({"instance": set.instance, "domain": set.seal.domain.as_str(), "chain": set.chain.as_str()}))
        .collect();
    json!({
        "result": result.status.as_str(), "reason": text(result.reason.as_ref()), "sets": sets,
        "oldest_pass": result.oldest_pass,
    })
}

fn dmarc(outcome: &dmarc::Outcome) -> Value {
    let applied = outcome.applied.as_ref().map(|applied| {
        json!({
            "domain": applied.domain.as_str(), "tag": applied.tag.as_str(), "policy": applied.policy.to_string(),
            "record": applied.record.to_string(),
        })
    });
    let identifiers: Vec<Value> = outcome
        .identifiers
        .iter()
        .map(|one| json!({"domain": one.domain.as_str(), "aligned": one.aligned, "in_words": one.to_string()}))
        .collect();
    json!({
        "result": outcome.verdict.as_str(), "reason": outcome.to_string(), "author": outcome.author.as_str(),
        "organizational_domain": text(outcome.organizational_domain.as_ref()), "policy": applied,
        "identifiers": identifiers, "disposition": outcome.disposition.as_str(),
    })
}

fn text(value: Option<impl ToString>) -> Option<String> {
    value.map(|value| value.to_string())
}
