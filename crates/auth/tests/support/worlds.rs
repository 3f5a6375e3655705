//! Zones with SPF records of every kind, made from a number.

use std::fmt::Write as _;
use std::net::IpAddr;

use posthaste_dns::{DnsErrorKind, MemoryZone};
use posthaste_types::DnsName;

/// A zone, and what to ask of it.
pub(crate) struct World {
    pub(crate) text: String,
    pub(crate) zone: MemoryZone,
    pub(crate) questions: Vec<(IpAddr, String, String)>,
}

/// Always the same world for the same number.
pub(crate) fn world(number: u64) -> World {
    let mut chance = Chance(number.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    let mut text = String::new();
    hosts(&mut chance, &mut text);
    for domain in DOMAINS {
        let record = record(&mut chance);
        let _ = writeln!(text, "{domain}. IN TXT \"{record}\"");
        if chance.one_in(30) {
            let _ = writeln!(text, "{domain}. IN TXT \"v=spf1 ?all\"");
        }
    }
    let zone: MemoryZone = text.parse().unwrap_or_else(|error| panic!("{error}: {text}"));
    if chance.one_in(4) {
        let name: DnsName = chance.of(&NAMES).parse().expect("a name");
        let _ = writeln!(text, "; {name} does not answer");
        zone.fail(&name, DnsErrorKind::ServFail);
    }
    let questions = (0..8).map(|_| question(&mut chance)).collect();
    World { text, zone, questions }
}

fn question(chance: &mut Chance) -> (IpAddr, String, String) {
    let helo = chance.of(&NAMES).to_owned();
    let local = chance.of(&["ada", "strong-bad", "a.b.c", "x+tag", "ADA", ""]);
    let sender = match chance.below(8) {
        0 => String::new(),
        _ => format!("{local}@{}", chance.of(&DOMAINS)),
    };
    (chance.of(&ADDRESSES).parse().expect("an address"), helo, sender)
}

/// Addresses, mail hosts and names of addresses.
fn hosts(chance: &mut Chance, text: &mut String) {
    for host in HOSTS {
        for _ in 0..=chance.below(2) {
            let address: IpAddr = chance.of(&ADDRESSES).parse().expect("an address");
            let kind = if address.is_ipv4() { "A" } else { "AAAA" };
            let _ = writeln!(text, "{host}. IN {kind} {address}");
        }
    }
    for domain in DOMAINS {
        for preference in 0..chance.below(4) {
            let _ = writeln!(text, "{domain}. IN MX {preference} {}.", chance.of(&HOSTS));
        }
        if chance.one_in(2) {
            let _ = writeln!(text, "{domain}. IN A {}", chance.of(&ADDRESSES[..4]));
        }
    }
    for address in ADDRESSES.iter().filter(|_| chance.one_in(2)).copied().collect::<Vec<_>>() {
        let name = DnsName::reverse(address.parse().expect("an address"));
        let _ = writeln!(text, "{name}. IN PTR {}.", chance.of(&HOSTS));
    }
    let _ = writeln!(text, "ada._x.one.example. IN A 127.0.0.2");
    let _ = writeln!(text, "bad._x.two.example. IN A 127.0.0.2");
    let _ = writeln!(text, "*.list.example. IN A 127.0.0.2");
    let _ = writeln!(text, "why.example. IN TXT \"%{{i}} may not send for %{{d}} as %{{s}} (%{{h}})\"");
    let _ = writeln!(text, "bad-why.example. IN TXT \"100% wrong\"");
    let _ = writeln!(text, "loop.example. IN CNAME loop.example.");
    let _ = writeln!(text, "alias.example. IN CNAME mx.one.example.");
}

fn record(chance: &mut Chance) -> String {
    let mut record = "v=spf1".to_owned();
    for _ in 0..chance.below(6) {
        let _ = write!(record, " {}", term(chance));
    }
    match chance.below(8) {
        0 => {}
        1 => {
            let _ = write!(record, " redirect={}", chance.of(&DOMAINS));
        }
        2 => record.push_str(" ?all"),
        3 => record.push_str(" ~all"),
        4 => record.push_str(" -all exp=why.example"),
        5 => record.push_str(" exp=bad-why.example -ALL"),
        _ => record.push_str(" -all"),
    }
    record
}

fn term(chance: &mut Chance) -> String {
    let sign = chance.of(&["", "", "", "+", "-", "~", "?"]);
    let v4 = chance.of(&["", "", "/24", "/28", "/0", "/32"]);
    let v6 = chance.of(&["", "", "//64", "//48", "//128"]);
    let mechanism = match chance.below(18) {
        0 => format!("ip4:{}{v4}", chance.of(&ADDRESSES[..4])),
        1 => format!("ip6:{}{}", chance.of(&ADDRESSES[4..]), chance.of(&["", "/64", "/48", "/0"])),
        2 => format!("a{v4}{v6}"),
        3 | 4 => format!("a:{}{v4}{v6}", chance.of(&NAMES)),
        5 => format!("mx{v4}{v6}"),
        6 => format!("mx:{}{v4}", chance.of(&DOMAINS)),
        7 => chance.of(&["ptr", "ptr:one.example", "ptr:%{d}"]).to_owned(),
        8..=11 => format!("include:{}", chance.of(&DOMAINS)),
        12 | 13 => format!("exists:{}", chance.of(&MACROS)),
        14 => format!("a:{}", chance.of(&MACROS)),
        15 => format!("include:{}", chance.of(&["%{d}", "%{o}", "%{d2}", "missing.example"])),
        16 => format!("IP4:{}/33", chance.of(&ADDRESSES[..4])).replace("/33", chance.of(&["", "", "/24", "/33"])),
        _ => chance.of(&WRONG).to_owned(),
    };
    // A modifier has no sign.
    if mechanism.contains('=') { mechanism } else { format!("{sign}{mechanism}") }
}

/// xorshift (Marsaglia 2003).
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % bound
    }

    fn one_in(&mut self, times: u64) -> bool {
        self.below(times) == 0
    }

    fn of<'a>(&mut self, choices: &[&'a str]) -> &'a str {
        choices[usize::try_from(self.below(choices.len() as u64)).expect("small")]
    }
}

const DOMAINS: [&str; 6] =
    ["one.example", "two.example", "a.one.example", "b.two.example", "deep.a.one.example", "six.example"];
const HOSTS: [&str; 5] = ["mx.one.example", "mx.two.example", "host.a.one.example", "relay.example", "v6.example"];
/// Four of IPv4, then those of IPv6.
const ADDRESSES: [&str; 7] =
    ["192.0.2.1", "192.0.2.17", "198.51.100.7", "203.0.113.200", "2001:db8::1", "2001:db8::1:17", "2001:db8:1::7"];
const NAMES: [&str; 10] = [
    "one.example",
    "two.example",
    "mx.one.example",
    "mx.two.example",
    "relay.example",
    "v6.example",
    "alias.example",
    "missing.example",
    "host.a.one.example",
    "none.one.example",
];
const MACROS: [&str; 14] = [
    "%{l}._x.%{o}",
    "%{l1r-}._x.%{d2}",
    "%{ir}.list.example",
    "%{i}.%{v}.list.example",
    "%{h}.list.example",
    "%{d1r}.list.example",
    "%{S}.list.example",
    "%{l+}.list.example",
    "%{lr.-+}.list.example",
    "%%.list.example",
    "%_.list.example",
    "%-.list.example",
    "%{o3}",
    "mx.%{o2}",
];
/// What is wrong, or looks so.
const WRONG: [&str; 14] = [
    "a:",
    "mx:/24",
    "ip4:1.2.3",
    "ip4:1.2.3.4.5",
    "ip6:1:2:3",
    "exists",
    "all:x",
    "moo",
    "moo=x",
    "a/33",
    "a//129",
    "exists:%{z}",
    "%",
    "exists:%{d0}",
];
