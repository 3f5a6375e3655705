//! A DMARC record reads back as printed, and any record at any place of a tree gives a result that one line tells.

#![no_main]

use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use posthaste_auth::dmarc::{Authenticated, Disposition, Identifiers, Record, Verdict, check};
use posthaste_auth::results::{MethodResult, Results};
use posthaste_dns::{MemoryZone, RecordData};
use posthaste_fuzz::{assert_one_field, assert_one_line};
use posthaste_types::{DnsName, Tick};

fuzz_target!(|raw: &[u8]| {
    let zone = MemoryZone::new();
    for (text, owner) in raw.split(|octet| *octet == b'\n').zip(OWNERS) {
        if let Ok(record) = Record::parse(text) {
            let printed = record.to_string();
            assert_one_line(&printed);
            let again = Record::parse(printed.as_bytes()).expect("as printed");
            assert_eq!(again.to_string(), printed);
            assert_eq!(
                (again.policy, again.for_subdomain(), again.for_non_existent()),
                (record.policy, record.for_subdomain(), record.for_non_existent())
            );
        }
        let owner = DnsName::parse(owner).expect("a name");
        zone.insert(owner, Duration::from_secs(60), RecordData::Txt(text.to_vec()));
    }
    for (signer, authenticated) in [("b.example", Authenticated::Pass), ("a.b.example", Authenticated::Fail)] {
        let message = Identifiers::new("a.b.example".parse().expect("a domain"))
            .dkim(DnsName::parse(signer).expect("a name"), authenticated);
        let before = zone.questions();
        let checking = pin!(check(&zone, &message, Tick::default()));
        // A zone in memory is never waited for.
        let Poll::Ready(outcome) = checking.poll(&mut Context::from_waker(Waker::noop())) else { panic!("it waits") };
        assert!(zone.questions() - before <= 20);
        assert!(outcome.verdict == Verdict::Fail || outcome.disposition == Disposition::None, "{outcome}");
        assert!(authenticated == Authenticated::Pass || outcome.verdict != Verdict::Pass, "{outcome}");
        assert_one_line(&outcome.to_string());
        let results = Results::new("mx.example".parse().expect("an id")).with(MethodResult::dmarc(&outcome));
        assert_one_field(results.to_field().expect("a field").as_str());
    }
});

const OWNERS: [&str; 4] = ["_dmarc.a.b.example", "_dmarc.b.example", "_dmarc.example", "_dmarc.example"];
