//! JSON Lines for programs.

use std::io::{Result, Write};

use posthaste::report::{Aggregate, Failure, Problems, Reading, Record, Report, Summary, TlsPolicyReport, TlsReport};
use serde_json::{Value, json};

/// One line for each document of a file, those that are no reports too.
pub(crate) fn documents(out: &mut impl Write, file: &str, reading: &Reading) -> Result<()> {
    if reading.documents.is_empty() {
        let line = json!({"file": file, "type": null, "report": null, "problems": problems(&reading.problems)});
        return writeln!(out, "{line}");
    }
    for document in &reading.documents {
        let (kind, report) = match &document.report {
            Some(Report::Aggregate(report)) => ("aggregate", aggregate(report)),
            Some(Report::Failure(report)) => ("failure", failure(report)),
            Some(Report::Tls(report)) => ("tls", tls(report)),
            _ => ("none", Value::Null),
        };
        let mut all = problems(&document.problems);
        all.extend(problems(&reading.problems));
        let line = json!({
            "file": file, "name": document.name, "size": document.size, "type": kind, "report": report,
            "problems": all, "problems_omitted": document.problems.omitted(),
        });
        writeln!(out, "{line}")?;
    }
    Ok(())
}

/// One line for each finding.
pub(crate) fn findings(out: &mut impl Write, summary: &Summary) -> Result<()> {
    for finding in summary.findings() {
        let line = json!({
            "type": "finding", "severity": finding.severity.to_string(), "kind": format!("{:?}", finding.kind),
            "domain": finding.domain, "messages": finding.messages, "what": finding.what, "fix": finding.fix,
            "evidence": finding.evidence,
        });
        writeln!(out, "{line}")?;
    }
    Ok(())
}

fn problems(problems: &Problems) -> Vec<Value> {
    let one = |it: &posthaste::report::Problem| json!({"what": it.what, "problem": it.kind.to_string(), "at": it.at});
    problems.iter().map(one).collect()
}

fn text(value: Option<impl ToString>) -> Option<String> {
    value.map(|value| value.to_string())
}

fn aggregate(report: &Aggregate) -> Value {
    let (metadata, policy) = (&report.metadata, &report.policy);
    json!({
        "schema": report.schema.as_str(),
        "org_name": metadata.org_name, "email": metadata.email, "extra_contact_info": metadata.extra_contact_info,
        "report_id": metadata.report_id, "begin": text(metadata.begin), "end": text(metadata.end),
        "errors": metadata.errors, "generator": metadata.generator,
        "policy": {
            "domain": policy.domain, "p": text(policy.p), "sp": text(policy.sp), "np": text(policy.np),
            "adkim": text(policy.adkim), "aspf": text(policy.aspf), "pct": policy.pct, "fo": policy.fo,
            "testing": text(policy.testing), "discovery_method": text(policy.discovery_method),
        },
        "records": report.records.iter().map(record).collect::<Vec<_>>(),
    })
}

fn record(record: &Record) -> Value {
    let dkim = record.dkim_results.iter().map(|it| {
        json!({"domain": it.domain, "selector": it.selector, "result": text(it.result), "human_result": it.human_result})
    });
    let spf = record.spf_results.iter().map(|it| {
        json!({"domain": it.domain, "scope": text(it.scope), "result": text(it.result), "human_result": it.human_result})
    });
    let reasons = record.reasons.iter().map(|it| json!({"type": text(it.kind), "comment": it.comment}));
    json!({
        "source_ip": text(record.source_ip), "count": record.count, "passes": record.passes(),
        "disposition": text(record.disposition), "dkim": text(record.dkim), "spf": text(record.spf),
        "reasons": reasons.collect::<Vec<_>>(), "header_from": record.header_from,
        "envelope_from": record.envelope_from, "envelope_to": record.envelope_to,
        "dkim_results": dkim.collect::<Vec<_>>(), "spf_results": spf.collect::<Vec<_>>(),
    })
}

fn failure(report: &Failure) -> Value {
    let alignment = report.identity_alignment.as_ref().map(|it| it.iter().map(ToString::to_string).collect::<Vec<_>>());
    json!({
        "user_agent": report.user_agent, "auth_failure": text(report.auth_failure), "identity_alignment": alignment,
        "delivery_result": text(report.delivery_result), "authentication_results": report.authentication_results,
        "reported_domains": report.reported_domains, "source_ip": text(report.source_ip),
        "arrival_date": text(report.arrival_date), "incidents": report.incidents,
        "original_mail_from": report.original_mail_from, "original_rcpt_to": report.original_rcpt_to,
        "original_envelope_id": report.original_envelope_id, "dkim_domain": report.dkim_domain,
        "dkim_selector": report.dkim_selector, "spf_dns": report.spf_dns, "original_from": report.original_from,
        "original_subject": report.original_subject, "original_message_id": text(report.original_message_id.as_ref()),
    })
}

fn tls(report: &TlsReport) -> Value {
    json!({
        "organization_name": report.organization_name, "contact_info": report.contact_info,
        "report_id": report.report_id, "start": text(report.start), "end": text(report.end),
        "policies": report.policies.iter().map(policy).collect::<Vec<_>>(),
    })
}

fn policy(policy: &TlsPolicyReport) -> Value {
    let failures = policy.failures.iter().map(|it| {
        json!({
            "result_type": text(it.result_type.as_ref()), "sending_mta_ip": text(it.sending_mta_ip),
            "receiving_mx_hostname": it.receiving_mx_hostname, "receiving_ip": text(it.receiving_ip),
            "failed_sessions": it.failed_sessions, "failure_reason_code": it.failure_reason_code,
        })
    });
    json!({
        "policy_type": text(policy.policy_type), "policy_domain": policy.policy_domain,
        "policy_strings": policy.policy_strings, "mx_hosts": policy.mx_hosts, "successful": policy.successful,
        "failed": policy.failed, "failures": failures.collect::<Vec<_>>(),
    })
}
