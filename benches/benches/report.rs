//! Reading a DMARC aggregate report of 500 records: ours against mail-auth's own parse, as XML and in a mail with gzip.
//!
//! The memory that reading takes is held by a test of the crate, `tests/memory.rs`.

use std::error::Error;
use std::hint::black_box;
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::time::Instant;

use posthaste_benches::{Comparison, Mode, Sample, machine};
use posthaste_report::{
    Aggregate, Aligned, Disposition, DkimOutcome, DkimResult, Limits, Metadata, Policy, PolicyPublished, Record,
    Report, ReportMail, Schema, SpfOutcome, SpfResult, read,
};
use posthaste_types::Timestamp;

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

fn main() -> Result<()> {
    let mode = Mode::from_env();
    println!("{}", machine(Path::new(env!("CARGO_TARGET_TMPDIR"))));
    let report = report()?;
    let xml = report.to_xml()?.into_bytes();
    let at = Timestamp::from_unix_secs(1_795_000_000);
    let mail = ReportMail::new(
        "mail.example".parse()?,
        "dmarc@mail.example".parse()?,
        "rua@example.com".parse()?,
        at,
        "1@mail.example".parse()?,
    )
    .aggregate(&report)?;
    println!("{RECORDS} records, {} octets of XML, a mail of {}", xml.len(), mail.len());

    let most = Limits::default().inflated;
    let theirs =
        |octets: &[u8]| mail_auth::report::Report::parse_xml(octets).is_ok_and(|it| it.records().len() == RECORDS);
    compare(mode, "xml", &xml, ">= 0.9", theirs);
    let theirs = |octets: &[u8]| {
        mail_auth::report::Report::parse_rfc5322(octets, most).is_ok_and(|it| it.records().len() == RECORDS)
    };
    compare(mode, "mail", &mail, "", theirs);
    Ok(())
}

fn compare(mode: Mode, part: &str, octets: &[u8], stand: &'static str, theirs: impl Fn(&[u8]) -> bool) {
    if !mode.wants(part) {
        return;
    }
    let mut run = Comparison::new(format!("aggregate report of {RECORDS} records, {part}"), "reports");
    let us = run.side("posthaste read");
    let direct = run.side("mail-auth");
    run.ratio(us, direct, stand);
    let count = mode.count(200);
    for round in 0..mode.rounds() {
        for side in run.order(round) {
            let start = Instant::now();
            for _ in 0..count {
                let octets = black_box(octets);
                let whole = if side == us { black_box(ours(octets)) } else { black_box(theirs(octets)) };
                assert!(whole, "a record is missing");
            }
            run.note(side, Sample::new(count, start.elapsed()));
        }
    }
    print!("{run}");
}

fn ours(octets: &[u8]) -> bool {
    let Ok(reading) = read(octets) else { return false };
    reading.is_sound()
        && reading
            .reports()
            .all(|report| matches!(report, Report::Aggregate(report) if report.records.len() == RECORDS))
}

fn report() -> Result<Aggregate> {
    let period = (Timestamp::from_unix_secs(1_794_700_800), Timestamp::from_unix_secs(1_794_787_199));
    let metadata = Metadata::new("Mailbox Provider", "dmarc@provider.example", "17947008001794787199", period);
    let mut report = Aggregate::new(Schema::Rfc7489, metadata, PolicyPublished::new("example.com", Policy::None));
    for index in 0..u32::try_from(RECORDS)? {
        let address = IpAddr::V4(Ipv4Addr::from(0xC000_0200 + index));
        let mut record = Record::new(address, u64::from(index % 97) + 1, "news.example.com");
        (record.dkim, record.spf) = (Some(Aligned::Pass), Some(Aligned::Fail));
        record.disposition = Some(Disposition::None);
        record.envelope_from = Some(format!("b{index}.bounces.example.net"));
        record.dkim_results = vec![
            DkimResult::new("news.example.com", "selector2026", DkimOutcome::Pass),
            DkimResult::new("esp.example.net", "k1", DkimOutcome::Pass),
        ];
        record.spf_results = vec![SpfResult::new(format!("b{index}.bounces.example.net"), SpfOutcome::Pass)];
        report.records.push(record);
    }
    Ok(report)
}

const RECORDS: usize = 500;
