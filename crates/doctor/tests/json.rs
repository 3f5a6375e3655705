//! The JSON form: its keys, and that what stands in it cannot forge anything.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::collections::BTreeSet;

use posthaste_doctor::{Ink, SendingDomain};
use posthaste_fetch::MemoryFetch;
use proptest::prelude::*;
use serde_json::Value;
use support::{audit, faulty_sending, faulty_web, faulty_zone, sound_sending, sound_zone};

/// Every path of keys, with the type of what stands there.
fn paths(value: &Value, at: &str, into: &mut BTreeSet<String>) {
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    into.insert(format!("{at} {kind}"));
    match value {
        Value::Array(all) => all.iter().for_each(|one| paths(one, &format!("{at}[]"), into)),
        Value::Object(all) => all.iter().for_each(|(key, one)| paths(one, &format!("{at}.{key}"), into)),
        _ => {}
    }
}

#[tokio::test]
async fn the_keys_stay() {
    let audit = audit(faulty_zone(), faulty_web(), &faulty_sending()).await;
    let json: Value = serde_json::from_str(&audit.to_json()).unwrap();
    let mut found = BTreeSet::new();
    paths(&json, "", &mut found);
    let expected: BTreeSet<String> =
        SCHEMA.lines().map(|line| line.trim().to_owned()).filter(|line| !line.is_empty()).collect();
    let expected: BTreeSet<String> =
        expected.into_iter().map(|line| if line == "object" { " object".to_owned() } else { line }).collect();
    assert_eq!(found, expected);
    assert_eq!((json["schema"].as_u64(), json["exit_code"].as_u64()), (Some(1), Some(1)));
    assert_eq!(
        json["counts"]["error"],
        audit.findings().iter().filter(|finding| finding.severity.to_string() == "error").count()
    );
    assert!(!audit.to_json().contains('\n'), "one line");
}

/// One path and its type a line; a schema of another number has others.
const SCHEMA: &str = "
    object
    .at string
    .checks array
    .checks[] object
    .checks[].about string
    .checks[].facts array
    .checks[].facts[] string
    .checks[].topic string
    .checks[].worst null
    .checks[].worst string
    .counts object
    .counts.error number
    .counts.note number
    .counts.unknown number
    .counts.warning number
    .domain string
    .ehlo string
    .exit_code number
    .findings array
    .findings[] object
    .findings[].about string
    .findings[].cares array
    .findings[].cares[] object
    .findings[].cares[].demand string
    .findings[].cares[].force string
    .findings[].cares[].name string
    .findings[].cares[].provider string
    .findings[].cares[].replies array
    .findings[].cares[].replies[] string
    .findings[].cares[].scope string
    .findings[].code string
    .findings[].evidence array
    .findings[].evidence[] string
    .findings[].mend array
    .findings[].mend[] object
    .findings[].mend[].do string
    .findings[].mend[].text string
    .findings[].severity string
    .findings[].topic string
    .findings[].what string
    .ips array
    .ips[] string
    .mail_from string
    .providers array
    .providers[] object
    .providers[].bulk string
    .providers[].name string
    .providers[].provider string
    .providers[].rules array
    .providers[].rules[] object
    .providers[].rules[].demand string
    .providers[].rules[].force string
    .providers[].rules[].scope string
    .providers[].rules[].standing string
    .providers[].rules[].words string
    .providers[].scope null
    .providers[].scope string
    .schema number
    .selectors array
    .selectors[] string
    .took_ms number
    .worst string
";

#[tokio::test]
async fn the_page_is_coloured_only_where_it_is_asked_for() {
    let audit = audit(faulty_zone(), faulty_web(), &faulty_sending()).await;
    let plain = audit.to_string();
    assert_eq!(plain, audit.page(Ink::Plain).to_string());
    assert!(!plain.contains('\x1b'));
    let coloured = audit.page(Ink::Colour).to_string();
    assert!(coloured.contains("\x1b[31mERROR\x1b[0m SPF"), "{coloured}");
    // Records can be copied whole, without a colour that breaks them.
    let record = "66.100.51.198.in-addr.arpa. IN PTR host66.faulty.example.";
    assert!(plain.lines().any(|line| line == record), "{plain}");
    assert!(coloured.lines().any(|line| line == format!("\x1b[1m{record}\x1b[0m")), "{coloured}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever octets strangers publish: it ends, and the page has no control but its line ends.
    #[test]
    fn no_record_of_a_stranger_writes_on_the_terminal(
        records in proptest::collection::vec((0_usize..9, proptest::collection::vec(any::<u8>(), 0..80)), 1..8),
        names in "[ -~\u{0}-\u{20}é]{0,20}",
    ) {
        let places = [
            ("example.com", "v=spf1 "), ("_dmarc.example.com", "v=DMARC1; "), ("s1._domainkey.example.com", "v=DKIM1; "),
            ("_mta-sts.example.com", "v=STSv1; "), ("_smtp._tls.example.com", "v=TLSRPTv1; "),
            ("default._bimi.example.com", "v=BIMI1; "), ("_spf.example.net", "v=spf1 "), ("s1._domainkey.example.com", "p="),
            ("25.100.51.198.zen.spamhaus.org", ""),
        ];
        let zone = sound_zone();
        zone.add("25.100.51.198.zen.spamhaus.org A 127.0.0.4").unwrap();
        for (place, octets) in records {
            let (name, begin) = places[place];
            let text = [begin.as_bytes(), &octets].concat();
            let name: posthaste_types::DnsName = name.parse().unwrap();
            zone.insert(name, std::time::Duration::from_secs(60), posthaste_dns::RecordData::Txt(text));
        }
        let sending: SendingDomain = sound_sending().ehlo(&names).selector(&names);
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let audit = runtime.block_on(audit(zone, MemoryFetch::new(), &sending));
        let page = audit.to_string();
        let strange = page.chars().find(|c| c.is_control() && *c != '\n');
        prop_assert!(strange.is_none(), "{strange:?} in {page:?}");
        prop_assert!(serde_json::from_str::<Value>(&audit.to_json()).is_ok());
    }
}
