//! An SPF record reads back as printed; a check ends, says the same with records kept as without, and one field tells it.

#![no_main]

use std::sync::Arc;
use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use posthaste_auth::spf::{Check, Outcome, Query, Record, RecordCache, Settings, Step, received_spf};
use posthaste_dns::{MemoryZone, RecordData};
use posthaste_fuzz::{assert_one_field, assert_one_line};
use posthaste_types::{DnsName, Tick, Timestamp};

fuzz_target!(|raw: &[u8]| {
    let mut lines = raw.split(|octet| *octet == b'\n');
    let sender = String::from_utf8_lossy(lines.next().unwrap_or_default()).into_owned();
    let zone = MemoryZone::new();
    for (index, text) in lines.take(8).enumerate() {
        if let Ok(record) = Record::parse(text) {
            assert_eq!(Record::parse(record.to_string().as_bytes()).as_ref(), Ok(&record), "{record}");
        }
        let owner = DnsName::parse(OWNERS[index]).expect("a name");
        zone.insert(owner, Duration::from_secs(60), RecordData::Txt(text.to_vec()));
    }
    zone.add("a.example. IN A 192.0.2.1\na.example. IN MX 1 a.example.\n1.2.0.192.in-addr.arpa. IN PTR a.example.")
        .expect("records");
    let query = Query::mail_from("192.0.2.1".parse().expect("an address"), &sender, &sender);
    let plain = check(&zone, &query, &Settings::default());
    let mut settings = Settings::default();
    settings.cache = Some(Arc::new(RecordCache::default()));
    for _ in 0..2 {
        let kept = check(&zone, &query, &settings);
        assert_eq!((kept.to_string(), &kept.explanation), (plain.to_string(), &plain.explanation));
        assert_eq!((kept.lookups, kept.void_lookups), (plain.lookups, plain.void_lookups));
    }
    plain.trace.iter().for_each(|step| assert_one_line(&step.to_string()));
    let field = received_spf(&query, &plain, &DnsName::parse("mx.example").expect("a name")).expect("a field");
    assert_one_field(field.as_str());
});

fn check(zone: &MemoryZone, query: &Query, settings: &Settings) -> Outcome {
    let before = zone.questions();
    let mut check = Check::new(query.clone(), settings.clone(), Tick::default(), Timestamp::from_unix_secs(0));
    loop {
        match check.step(Tick::default()) {
            Step::Ask { name, kind } => check.answer(zone.lookup(&name, kind)),
            Step::Done(outcome) => {
                assert!(zone.questions() - before < 200, "{} questions", zone.questions() - before);
                return outcome;
            }
        }
    }
}

const OWNERS: [&str; 8] =
    ["a.example", "b.example", "c.example", "d.example", "e.a.example", "f.a.example", "why.example", "g.example"];
