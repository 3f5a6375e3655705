//! A report reads the same however it is packed, a limit leaves out and never changes, and what can be written reads back.

#![no_main]

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use libfuzzer_sys::fuzz_target;
use posthaste_fuzz::assert_one_line;
use posthaste_report::{Aggregate, Limits, Reading, Report, Schema, Summary, TlsReport, read, read_with};

fuzz_target!(|raw: &[u8]| {
    let reading = read(raw).expect("far below the limit");
    assert_eq!(reading, read(raw).expect("as before"), "read twice");
    for report in reading.reports() {
        check_report(report);
    }
    check_packing(raw, &reading);
    check_limits(raw, &reading);
});

fn check_report(report: &Report) {
    let mut summary = Summary::new();
    summary.add(report);
    for finding in summary.findings() {
        assert_one_line(&finding.to_string());
    }
    match report {
        Report::Aggregate(report) => check_aggregate(report),
        Report::Tls(report) => check_tls(report),
        Report::Failure(report) => {
            assert_one_line(&report.user_agent);
            if let Ok(fields) = report.to_fields() {
                assert!(fields.is_ascii() && !fields.replace("\r\n", "").contains(['\r', '\n', '\0']), "{fields:?}");
            }
        }
        _ => {}
    }
}

fn check_aggregate(report: &Aggregate) {
    let texts = report.records.iter().map(|record| &record.header_from);
    for text in texts.chain([&report.metadata.org_name, &report.policy.domain]) {
        assert_one_line(text);
    }
    let Ok(xml) = report.to_xml() else { return };
    let mut expected = report.clone();
    if expected.schema == Schema::Rfc7489 {
        // What that schema requires and the value lacks.
        let policy = &mut expected.policy;
        policy.sp = policy.sp.or(policy.p);
        policy.pct = policy.pct.or(Some(100));
        policy.fo.get_or_insert_with(|| "0".to_owned());
        for record in &mut expected.records {
            record.envelope_from.get_or_insert_default();
        }
    }
    assert_eq!(only(xml.as_bytes()), Report::Aggregate(Box::new(expected)), "{xml}");
}

fn check_tls(report: &TlsReport) {
    assert_one_line(&report.organization_name);
    if let Ok(json) = report.to_json() {
        assert_eq!(only(json.as_bytes()), Report::Tls(Box::new(report.clone())), "{json}");
    }
}

fn only(octets: &[u8]) -> Report {
    let reading = read(octets).expect("far below the limit");
    reading.documents.into_iter().next().and_then(|document| document.report).expect("what was written is a report")
}

/// In gzip it is the same; but for archives and mails, which then stand one deeper.
fn check_packing(raw: &[u8], reading: &Reading) {
    if !matches!(raw.trim_ascii_start().first(), Some(b'<' | b'{')) {
        return;
    }
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(raw).expect("a Vec");
    let packed = read(&encoder.finish().expect("a Vec")).expect("far below the limit");
    assert_eq!(&packed, reading, "packed");
}

fn check_limits(raw: &[u8], reading: &Reading) {
    let records = |reading: &Reading| -> usize {
        reading
            .reports()
            .map(|report| if let Report::Aggregate(report) = report { report.records.len() } else { 0 })
            .sum()
    };
    let all = records(reading);
    let mut limits = Limits::default();
    for most in [0, 1, all] {
        limits.records = most;
        let within = read_with(raw, &limits).expect("far below the limit");
        assert_eq!(records(&within), all.min(most), "at most {most} records");
    }
}
