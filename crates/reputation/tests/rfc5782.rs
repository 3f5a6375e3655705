//! DNS lists: names of questions, answers, test names (RFC 5782), and what the tables say of codes.

use std::time::Duration;

use posthaste_dns::{Answer, DnsErrorKind, MemoryZone, RecordData, RecordKind};
use posthaste_reputation::{DnsLists, Health, Listing, ListsErrorKind, NotAsked, Status, Subject, Tables, Verdict};
use posthaste_types::{DnsName, Tick};
use proptest::prelude::*;

fn by() -> Tick {
    Tick::from_start(Duration::from_secs(10))
}

fn ip(text: &str) -> Subject {
    Subject::Ip(text.parse().expect("an address"))
}

fn domain(text: &str) -> Subject {
    Subject::Domain(text.parse().expect("a domain"))
}

fn answer(codes: &[&str]) -> Answer {
    Answer::found(codes.iter().map(|code| RecordData::A(code.parse().expect("an address"))), Duration::from_secs(60))
}

#[test]
fn names_of_questions() {
    for (subject, zone, name) in [
        (ip("192.0.2.99"), "bad.example.com", "99.2.0.192.bad.example.com"),
        (
            ip("2001:db8:1:2:3:4:567:89ab"),
            "ugly.example.com",
            "b.a.9.8.7.6.5.0.4.0.0.0.3.0.0.0.2.0.0.0.1.0.0.0.8.b.d.0.1.0.0.2.ugly.example.com",
        ),
        (domain("invalid.edu"), "doms.example.net", "invalid.edu.doms.example.net"),
    ] {
        assert_eq!(subject.name_in(&zone.parse().unwrap()).unwrap().as_str(), name);
    }
    let long = format!("{0}.{0}.{0}.example", "a".repeat(63));
    assert!(domain(&long).name_in(&format!("{}.example.net", "b".repeat(60)).parse().unwrap()).is_err());
}

#[test]
fn the_built_in_tables_are_read_whole() {
    let lists = DnsLists::parse(&Tables::builtin()).unwrap();
    assert!(lists.iter().count() > 30);
    for list in lists.iter().filter(|list| list.status() == Status::Active) {
        assert!(!list.sources().is_empty() && !list.what().is_empty(), "{}", list.id());
    }
}

#[test]
fn codes_mean_what_the_list_says() {
    use Verdict::{Abused, Allow, Grey, Listed, Policy, Score, Unrecognized};
    let lists = DnsLists::builtin();
    for (list, codes, verdicts) in [
        ("spamhaus_zen", &["127.0.0.4"][..], &[Listed][..]),
        ("spamhaus_zen", &["127.0.0.2", "127.0.0.9"], &[Listed, Listed]),
        ("spamhaus_zen", &["127.0.0.10"], &[Policy]),
        ("spamhaus_zen", &["127.0.0.77"], &[Unrecognized]),
        ("spamhaus_dbl", &["127.0.1.103"], &[Abused]),
        ("spamcop", &["127.0.0.99"], &[Listed]),
        ("dnswl", &["127.0.15.3"], &[Allow]),
        ("surbl_multi", &["127.0.0.24"], &[Listed, Listed]),
        ("uribl_multi", &["127.0.0.4"], &[Grey]),
        ("validity_score", &["127.0.4.93"], &[Score(93)]),
        ("validity_certified", &["127.0.0.10"], &[Allow]),
    ] {
        let listing = lists.get(list).unwrap().read(&answer(codes));
        assert_eq!(listing.verdicts().collect::<Vec<_>>(), verdicts, "{list} {codes:?}: {listing}");
        let against = verdicts.iter().any(|verdict| matches!(verdict, Listed | Policy | Abused));
        assert_eq!(listing.counts_against(), against, "{list} {codes:?}");
        assert!(listing.is_known());
    }
    assert!(matches!(lists.get("spamhaus_zen").unwrap().read(&answer(&["127.0.0.8"])), Listing::Clean));
}

#[test]
fn errors_of_a_list_are_no_listings() {
    let lists = DnsLists::builtin();
    for (list, code) in [
        ("spamhaus_zen", "127.255.255.254"),
        ("spamhaus_dbl", "127.0.1.255"),
        ("spamcop", "127.255.255.1"),
        ("validity_rpbl", "127.255.255.255"),
        ("surbl_multi", "127.0.0.1"),
        ("uribl_multi", "127.0.0.255"),
        ("dnswl", "127.0.0.255"),
        ("dnswl", "127.0.10.3"),
    ] {
        let listing = lists.get(list).unwrap().read(&answer(&[code]));
        assert!(matches!(listing, Listing::Refused(_)), "{list} {code}: {listing}");
        assert!(!listing.counts_against() && !listing.is_known());
    }
    let listing = lists.get("spamcop").unwrap().read(&answer(&["127.0.0.2", "192.0.2.1"]));
    assert!(matches!(listing, Listing::Broken(_)), "{listing}");
    assert!(!listing.counts_against());
}

#[tokio::test]
async fn listed_clean_unknown_and_not_asked_stay_apart() {
    let dns: MemoryZone = "
        2.2.0.192.zen.spamhaus.org. 300 IN A 127.0.0.2
        2.2.0.192.zen.spamhaus.org. 300 IN TXT \"see https://www.example.org/\"
        2.2.0.192.list.dnswl.org. 300 IN A 127.0.5.2"
        .parse()
        .unwrap();
    dns.fail(&"2.2.0.192.bl.spamcop.net".parse().unwrap(), DnsErrorKind::ServFail);
    let findings = DnsLists::builtin().look_up_all(&dns, &ip("192.0.2.2"), by()).await;
    let of = |id: &str| findings.iter().find(|finding| finding.list.id() == id).unwrap();
    assert_eq!(
        of("spamhaus_zen").to_string(),
        "192.0.2.2 on spamhaus_zen: listed: SBL (127.0.0.2), because \"see https://www.example.org/\""
    );
    assert!(matches!(of("psbl").listing, Listing::Clean));
    assert!(matches!(of("spamcop").listing, Listing::Unknown(_)), "a failure is no clean answer");
    assert!(!of("dnswl").listing.counts_against());
    assert!(matches!(of("sorbs").listing, Listing::NotAsked(NotAsked::Closed)));
    assert!(matches!(of("spamhaus_authbl").listing, Listing::NotAsked(NotAsked::NeedsKey)));
    assert!(matches!(of("spamhaus_dbl").listing, Listing::NotAsked(NotAsked::Subject)));
    let order: Vec<_> = DnsLists::builtin().iter().map(|list| list.id().to_owned()).collect();
    assert_eq!(findings.iter().map(|finding| finding.list.id()).collect::<Vec<_>>(), order);
    for closed in ["2.2.0.192.dnsbl.sorbs.net", "2.2.0.192.dbl.spamhaus.org"] {
        assert_eq!(dns.asked(&closed.parse().unwrap(), RecordKind::A), 0, "{closed}");
    }
}

#[tokio::test]
async fn an_address_of_version_6_is_asked_where_it_is_known() {
    let findings = DnsLists::builtin().look_up_all(&MemoryZone::new(), &ip("2001:db8::1"), by()).await;
    let asked: Vec<_> =
        findings.iter().filter(|finding| finding.question.is_some()).map(|finding| finding.list.id()).collect();
    assert!(asked.contains(&"spamhaus_zen") && asked.contains(&"spameatingmonkey6"), "{asked:?}");
    assert!(!asked.contains(&"spamcop"));
}

#[tokio::test]
async fn test_names_find_broken_lists() {
    let sound: MemoryZone = "2.0.0.127.bl.spamcop.net. 300 IN A 127.0.0.2".parse().unwrap();
    let wild: MemoryZone = "*.bl.spamcop.net. 300 IN A 127.0.0.2".parse().unwrap();
    let sold: MemoryZone = "*.bl.spamcop.net. 300 IN A 192.0.2.80".parse().unwrap();
    let refusing: MemoryZone = "*.bl.spamcop.net. 300 IN A 127.255.255.254".parse().unwrap();
    let failing = MemoryZone::new();
    failing.fail(&"1.0.0.127.bl.spamcop.net".parse::<DnsName>().unwrap(), DnsErrorKind::Timeout);
    let lists = DnsLists::builtin();
    let list = lists.get("spamcop").unwrap();
    assert!(matches!(list.self_test(&sound, by()).await, Health::Sound));
    assert!(matches!(list.self_test(&wild, by()).await, Health::ListsAll(Listing::Listed(_))));
    assert!(matches!(list.self_test(&sold, by()).await, Health::ListsAll(Listing::Broken(_))));
    assert!(matches!(list.self_test(&refusing, by()).await, Health::Refused(_)));
    assert!(matches!(list.self_test(&MemoryZone::new(), by()).await, Health::ListsNothing));
    assert!(matches!(list.self_test(&failing, by()).await, Health::Unknown(_)));
    let of = |id: &'static str| lists.get(id).unwrap().clone();
    assert!(matches!(of("sorbs").self_test(&sound, by()).await, Health::NotAsked(NotAsked::Closed)));
    assert!(matches!(of("abusix_combined").self_test(&sound, by()).await, Health::NotAsked(NotAsked::NeedsKey)));
    assert!(matches!(of("dnswl").self_test(&sound, by()).await, Health::Untested));

    let mapped = "2.0.0.0.0.0.f.7.f.f.f.f.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.bl.ipv6.spameatingmonkey.net";
    let v6: MemoryZone = format!("{mapped}. 300 IN A 127.0.0.2").parse().unwrap();
    assert!(matches!(of("spameatingmonkey6").self_test(&v6, by()).await, Health::Sound));
    let names: MemoryZone = "test.dbl.spamhaus.org. 300 IN A 127.0.1.2".parse().unwrap();
    assert!(matches!(of("spamhaus_dbl").self_test(&names, by()).await, Health::Sound));
}

#[tokio::test]
async fn a_key_opens_its_list_alone() {
    let lists = DnsLists::builtin().with_key("abusix_combined", "k3y").unwrap();
    let dns: MemoryZone = "2.2.0.192.k3y.combined.mail.abusix.zone. 300 IN A 127.0.0.5".parse().unwrap();
    let finding = lists.get("abusix_combined").unwrap().look_up(&dns, &ip("192.0.2.2"), by()).await;
    assert!(finding.listing.counts_against(), "{finding}");
    let kind = |id, key| DnsLists::builtin().with_key(id, key).unwrap_err().kind().clone();
    assert_eq!(kind("nobody", "k"), ListsErrorKind::UnknownList);
    assert_eq!(kind("spamcop", "k"), ListsErrorKind::Key);
    for bad in ["", "a.b", "a b", "a\r\nb", &"k".repeat(64)] {
        assert_eq!(kind("abusix_combined", bad), ListsErrorKind::Key, "{bad:?}");
    }
}

#[test]
fn faults_of_tables_name_table_and_line() {
    let builtin = Tables::builtin();
    let header = "id,zone,subject,versions,kind,match,weight,status,access,listed,clean,what,source\n";
    let row = "a,a.example,ip,4,block,any,high,active,free,-,-,what,KNOW\n";
    let codes = "list,code,verdict,meaning,source\n";
    let cases = [
        (header.to_owned() + row + row, codes.to_owned(), "lists.csv line 3: the same id stands in an earlier row"),
        (
            header.to_owned() + &row.replace("ip", "name"),
            codes.into(),
            "lists.csv line 2: the column subject cannot be read",
        ),
        (header.to_owned() + &row.replace("KNOW", "X"), codes.into(), "a source that sources.csv does not have"),
        ("id,zone\n".to_owned(), codes.into(), "lists.csv line 0: the columns are not"),
        (
            header.to_owned() + row,
            codes.to_owned() + "b,127.0.0.2,listed,x,KNOW\n",
            "codes.csv line 2: no list has this id",
        ),
        (header.to_owned() + row, codes.to_owned() + "a,127.0.0,listed,x,KNOW\n", "codes.csv line 2: the column code"),
        (header.to_owned() + row, codes.to_owned() + "a,127.0.0.2,x\n", "codes.csv line 2"),
    ];
    for (lists, codes, says) in &cases {
        let mut tables = builtin;
        (tables.lists, tables.codes) = (lists, codes);
        let error = DnsLists::parse(&tables).unwrap_err();
        assert!(error.to_string().contains(says), "{error}");
    }
}

proptest! {
    #[test]
    fn no_answer_outside_of_127_8_is_ever_held_against_anybody(octets: [u8; 4]) {
        let code = std::net::Ipv4Addr::from(octets);
        for list in DnsLists::builtin().iter() {
            let listing = list.read(&Answer::found([RecordData::A(code)], Duration::ZERO));
            if !code.is_loopback() || octets[..3] == [127, 255, 255] {
                prop_assert!(!listing.counts_against() && !listing.is_known(), "{} {code}", list.id());
            }
        }
    }
}
