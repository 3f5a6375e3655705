//! An independent reader, parsedmarc, finds in our aggregate reports what we wrote.

mod support;

use std::path::{Path, PathBuf};
use std::process::Command;

use posthaste_report::{Aggregate, Record};
use posthaste_types::Timestamp;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use serde_json::Value;
use support::{aggregate, mail};

/// The Python in which parsedmarc is installed, as `.ci/setup` puts it.
fn python() -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let python = root.join("target/parsedmarc/bin/python");
    if !python.exists() {
        assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "{} is missing: run .ci/setup", python.display());
        println!("skipped: {} is missing", python.display());
        return None;
    }
    Some(python)
}

#[test]
fn parsedmarc_reads_what_we_write() {
    let Some(python) = python() else { return };
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("parsedmarc");
    std::fs::create_dir_all(&folder).expect("a folder");
    let mut runner = TestRunner::deterministic();
    let reports: Vec<Aggregate> = (0..CASES)
        .map(|index| {
            let mut report = aggregate().new_tree(&mut runner).expect("a report").current();
            // It spreads the records of longer periods over their days.
            let begin = 1_700_000_000 + index * 86_400;
            report.metadata.begin = Some(Timestamp::from_unix_secs(begin));
            report.metadata.end = Some(Timestamp::from_unix_secs(begin + 86_399));
            report
        })
        .collect();
    let files: Vec<PathBuf> = reports
        .iter()
        .enumerate()
        .map(|(index, report)| {
            // By turns the mail with its gzip, and the file alone.
            let (octets, extension) = match index % 2 {
                0 => (mail().aggregate(report).expect("a mail"), "eml"),
                _ => (report.to_xml().expect("a file").into_bytes(), "xml"),
            };
            let file = folder.join(format!("{index}.{extension}"));
            std::fs::write(&file, octets).expect("a file");
            file
        })
        .collect();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/read_reports.py");
    let output = Command::new(python).arg(script).args(&files).output().expect("Python runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let lines = String::from_utf8(output.stdout).expect("UTF-8");
    assert_eq!(lines.lines().count(), reports.len(), "{said}");
    for ((line, report), file) in lines.lines().zip(&reports).zip(&files) {
        let theirs: Value = serde_json::from_str(line).expect("JSON");
        assert!(theirs["error"].is_null(), "{}\n{}", theirs["error"], report.to_xml().unwrap_or_default());
        compare(report, &theirs, file);
    }
}

fn compare(report: &Aggregate, theirs: &Value, file: &Path) {
    let place = file.display();
    let policy = &theirs["policy_published"];
    assert_eq!(policy["domain"], report.policy.domain, "{place}");
    assert_eq!(policy["p"], report.policy.p.expect("p").as_str(), "{place}");
    assert_eq!(theirs["report_metadata"]["org_email"], report.metadata.email, "{place}");
    assert_eq!(
        theirs["report_metadata"]["errors"].as_array().map_or(0, Vec::len),
        report.metadata.errors.len(),
        "{place}"
    );
    let records = theirs["records"].as_array().expect("records");
    assert_eq!(records.len(), report.records.len(), "{place}");
    for (ours, theirs) in report.records.iter().zip(records) {
        compare_record(ours, theirs, file);
    }
}

fn compare_record(ours: &Record, theirs: &Value, file: &Path) {
    let place = file.display();
    assert_eq!(theirs["source"]["ip_address"], ours.source_ip.expect("an address").to_string(), "{place}");
    assert_eq!(theirs["count"].as_u64(), Some(ours.count), "{place}");
    let evaluated = &theirs["policy_evaluated"];
    assert_eq!(evaluated["dkim"], ours.dkim.expect("dkim").as_str(), "{place}");
    assert_eq!(evaluated["spf"], ours.spf.expect("spf").as_str(), "{place}");
    let reasons = evaluated["policy_override_reasons"].as_array().expect("reasons");
    assert_eq!(reasons.len(), ours.reasons.len(), "{place}");
    for (ours, theirs) in ours.reasons.iter().zip(reasons) {
        assert_eq!(theirs["type"], ours.kind.expect("a type").as_str(), "{place}");
    }
    assert_eq!(theirs["identifiers"]["header_from"], ours.header_from, "{place}");
    let results = &theirs["auth_results"];
    let dkim = results["dkim"].as_array().expect("dkim");
    assert_eq!(dkim.len(), ours.dkim_results.len(), "{place}");
    for (ours, theirs) in ours.dkim_results.iter().zip(dkim) {
        assert_eq!(theirs["domain"], ours.domain, "{place}");
        assert_eq!(theirs["selector"].as_str(), ours.selector.as_deref(), "{place}");
        assert_eq!(theirs["result"], ours.result.expect("a result").as_str(), "{place}");
    }
    let spf = results["spf"].as_array().expect("spf");
    assert_eq!(spf.len(), ours.spf_results.len(), "{place}");
    for (ours, theirs) in ours.spf_results.iter().zip(spf) {
        assert_eq!(theirs["domain"], ours.domain, "{place}");
        assert_eq!(theirs["result"], ours.result.expect("a result").as_str(), "{place}");
    }
}

/// Both schemas, half of them in mails.
const CASES: i64 = 240;
