//! Real reports of many senders.
//!
//! The folder comes from POSTHASTE_CORPORA.

use std::path::{Path, PathBuf};

use posthaste_report::{Aggregate, Document, ProblemKind, Reading, Report, Summary, read};
use serde_json::Value;

/// The folder with the corpora; required in CI.
fn corpora() -> Option<PathBuf> {
    let folder = std::env::var_os("POSTHASTE_CORPORA").map(PathBuf::from).filter(|folder| folder.is_dir());
    if folder.is_none() {
        assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "POSTHASTE_CORPORA must name the corpora in CI");
        println!("skipped: POSTHASTE_CORPORA does not name a folder");
    }
    folder
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("a folder of a corpus");
    let mut files: Vec<PathBuf> =
        entries.map(|entry| entry.expect("an entry").path()).filter(|it| it.is_file()).collect();
    files.sort();
    assert!(!files.is_empty(), "{} is empty", folder.display());
    files
}

fn reading(file: &Path) -> Reading {
    read(&std::fs::read(file).expect("a file of a corpus")).expect("within the limits")
}

fn only(reading: &Reading) -> &Document {
    let [document] = &reading.documents[..] else { panic!("{} documents", reading.documents.len()) };
    document
}

fn aggregate(document: &Document) -> &Aggregate {
    let Some(Report::Aggregate(report)) = &document.report else { panic!("no aggregate report: {document:?}") };
    report
}

/// Whatever is in the folders, the report is found, or a problem says why not; nothing is silent.
#[test]
fn every_sample_gives_a_report_or_says_why_not() {
    let Some(corpora) = corpora() else { return };
    let root = corpora.join("reports/parsedmarc");
    let mut summary = Summary::new();
    for folder in ["aggregate", "aggregate_invalid", "extract_report"] {
        for file in files(&root.join(folder)) {
            let reading = reading(&file);
            let document = only(&reading);
            let report = aggregate(document);
            assert!(report.messages() > 0 && !report.policy.domain.is_empty(), "{}", file.display());
            summary.add(document.report.as_ref().expect("a report"));
        }
    }
    for file in files(&root.join("failure")) {
        let reading = reading(&file);
        let Some(Report::Failure(report)) = &only(&reading).report else {
            panic!("{}: no failure report", file.display())
        };
        assert!(report.source_ip.is_some() && report.arrival_date.is_some(), "{}", file.display());
        assert!(!report.original_header.is_empty(), "{}", file.display());
    }
    for file in files(&root.join("smtp_tls")) {
        let reading = reading(&file);
        let Some(Report::Tls(report)) = &only(&reading).report else { panic!("{}: no TLS report", file.display()) };
        assert!(!report.policies.is_empty() && report.start.is_some(), "{}", file.display());
    }
    assert!(!summary.findings().is_empty());
    let empty = reading(&root.join("empty.xml"));
    assert!(only(&empty).report.is_none() && only(&empty).problems.has(ProblemKind::Empty));
}

/// The same report, packed in three ways.
#[test]
fn packing_changes_nothing() {
    let Some(corpora) = corpora() else { return };
    let root = corpora.join("reports/parsedmarc/extract_report");
    let gzip = reading(&root.join("nice-input.xml.gz"));
    let zip = reading(&root.join("nice-input.xml.zip"));
    assert_eq!(only(&gzip).report, only(&zip).report);
}

/// Each with what another reader made of it.
#[test]
fn aggregate_reports_as_their_siblings_say() {
    let Some(corpora) = corpora() else { return };
    let mut compared = 0;
    for file in files(&corpora.join("auth/mail-auth/dmarc-feedback")) {
        let sibling = file.with_extension("json");
        if file == sibling {
            continue;
        }
        let expected: Value = serde_json::from_slice(&std::fs::read(sibling).expect("a sibling")).expect("JSON");
        compare(aggregate(only(&reading(&file))), &expected, &file);
        compared += 1;
    }
    assert!(compared >= 10, "{compared} reports");
}

fn compare(report: &Aggregate, expected: &Value, file: &Path) {
    let same = |ours: &str, theirs: &Value, what: &str| {
        let theirs = theirs.as_str().unwrap_or_default();
        let theirs = theirs.split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(ours, theirs, "{}: {what}", file.display());
    };
    let metadata = &expected["report_metadata"];
    same(&report.metadata.org_name, &metadata["org_name"], "org_name");
    same(&report.metadata.email, &metadata["email"], "email");
    same(&report.metadata.report_id, &metadata["report_id"], "report_id");
    same(report.metadata.extra_contact_info.as_deref().unwrap_or_default(), &metadata["extra_contact_info"], "contact");
    let seconds = |time: Option<posthaste_types::Timestamp>| time.map(|time| time.as_unix_secs());
    assert_eq!(seconds(report.metadata.begin), metadata["date_range"]["begin"].as_i64(), "{}", file.display());
    assert_eq!(seconds(report.metadata.end), metadata["date_range"]["end"].as_i64(), "{}", file.display());
    let policy = &expected["policy_published"];
    same(&report.policy.domain, &policy["domain"], "domain");
    let word = |word: Option<&str>, theirs: &Value| {
        let theirs = theirs.as_str().unwrap_or("Unspecified").to_lowercase();
        assert_eq!(word.unwrap_or("unspecified"), theirs, "{}", file.display());
    };
    word(report.policy.p.map(|it| it.as_str()), &policy["p"]);
    word(report.policy.sp.map(|it| it.as_str()), &policy["sp"]);
    let records = expected["record"].as_array().expect("records");
    assert_eq!(report.records.len(), records.len(), "{}", file.display());
    for (ours, theirs) in report.records.iter().zip(records) {
        let row = &theirs["row"];
        assert_eq!(ours.source_ip.map(|it| it.to_string()).as_deref(), row["source_ip"].as_str(), "{}", file.display());
        assert_eq!(Some(ours.count), row["count"].as_u64());
        word(ours.disposition.map(|it| it.as_str()), &row["policy_evaluated"]["disposition"]);
        word(ours.dkim.map(|it| it.as_str()), &row["policy_evaluated"]["dkim"]);
        word(ours.spf.map(|it| it.as_str()), &row["policy_evaluated"]["spf"]);
        same(&ours.header_from, &theirs["identifiers"]["header_from"], "header_from");
        same(
            ours.envelope_from.as_deref().unwrap_or_default(),
            &theirs["identifiers"]["envelope_from"],
            "envelope_from",
        );
        let dkim = theirs["auth_results"]["dkim"].as_array().expect("dkim");
        assert_eq!(ours.dkim_results.len(), dkim.len());
        for (ours, theirs) in ours.dkim_results.iter().zip(dkim) {
            same(&ours.domain, &theirs["domain"], "dkim domain");
            same(ours.selector.as_deref().unwrap_or_default(), &theirs["selector"], "selector");
            word(ours.result.map(|it| it.as_str()), &theirs["result"]);
        }
        let spf = theirs["auth_results"]["spf"].as_array().expect("spf");
        assert_eq!(ours.spf_results.len(), spf.len());
        for (ours, theirs) in ours.spf_results.iter().zip(spf) {
            same(&ours.domain, &theirs["domain"], "spf domain");
            word(ours.result.map(|it| it.as_str()), &theirs["result"]);
        }
    }
}

#[test]
fn failure_reports_as_their_siblings_say() {
    let Some(corpora) = corpora() else { return };
    let mut compared = 0;
    for file in files(&corpora.join("auth/mail-auth/arf")) {
        if file.extension().is_none_or(|it| it != "eml") {
            continue;
        }
        let sibling = std::fs::read(file.with_extension("json")).expect("a sibling");
        let expected: Value = serde_json::from_slice(&sibling).expect("JSON");
        let reading = reading(&file);
        if expected["feedback_type"] != "AuthFailure" {
            assert!(reading.problems.has(ProblemKind::OtherFeedback), "{}", file.display());
            continue;
        }
        let Some(Report::Failure(report)) = &only(&reading).report else { panic!("{}", file.display()) };
        assert_eq!(report.source_ip.map(|it| it.to_string()).as_deref(), expected["source_ip"].as_str());
        assert_eq!(report.arrival_date.map(|it| it.as_unix_secs()), expected["arrival_date"].as_i64());
        assert_eq!(report.user_agent, expected["user_agent"].as_str().unwrap_or_default());
        assert_eq!(report.dkim_domain.as_deref(), expected["dkim_domain"].as_str());
        assert_eq!(report.original_envelope_id.as_deref(), expected["original_envelope_id"].as_str());
        let kind = report.auth_failure.map(|kind| kind.as_str()).unwrap_or("unspecified");
        assert_eq!(Some(kind.to_owned()), expected["auth_failure"].as_str().map(str::to_lowercase));
        assert_eq!(report.incidents, expected["incidents"].as_u64().unwrap_or(1));
        compared += 1;
    }
    assert!(compared >= 1, "{compared} reports");
}

#[test]
fn tls_reports_as_their_siblings_say() {
    let Some(corpora) = corpora() else { return };
    let mut compared = 0;
    for file in files(&corpora.join("auth/mail-auth/tlsrpt")) {
        let expected: Value =
            serde_json::from_slice(&std::fs::read(file.with_extension("json")).expect("a sibling")).expect("JSON");
        let reading = reading(&file);
        let Some(Report::Tls(report)) = &only(&reading).report else { panic!("{}", file.display()) };
        let policies = expected["policies"].as_array().expect("policies");
        assert_eq!(report.report_id, expected["report-id"].as_str().unwrap_or_default());
        assert_eq!(report.organization_name, expected["organization-name"].as_str().unwrap_or_default());
        assert_eq!(report.policies.len(), policies.len());
        for (ours, theirs) in report.policies.iter().zip(policies) {
            let count = |name: &str| theirs["summary"][name].as_u64().unwrap_or(0);
            assert_eq!(ours.successful, count("total-successful-session-count"));
            assert_eq!(ours.failed, count("total-failure-session-count"));
            let details = theirs["failure-details"].as_array().map_or(0, Vec::len);
            assert_eq!(ours.failures.len(), details);
            let strings = theirs["policy"]["policy-string"].as_array().map_or(0, Vec::len);
            assert_eq!(ours.policy_strings.len(), strings);
        }
        compared += 1;
    }
    assert!(compared >= 3, "{compared} reports");
}
