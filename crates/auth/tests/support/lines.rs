//! Suites in the form of mail-auth: documents of records and tests, one `key: value` a line, read from the top.

use std::error::Error;
use std::net::IpAddr;
use std::time::Duration;

use posthaste_auth::spf::{Check, Outcome, Query, Settings, Step, Verdict};
use posthaste_dns::{DnsErrorKind, MemoryZone, Mx, RecordData, RecordKind};
use posthaste_types::{DnsName, Tick, Timestamp};

/// One test, run: HELO is checked and, unless it fails or there is no sender, MAIL FROM.
pub(crate) struct Case {
    pub(crate) document: String,
    /// What is asked: address, HELO and sender.
    pub(crate) asked: String,
    /// The result word, and the explanation if there is one.
    pub(crate) expected: String,
    pub(crate) outcome: Outcome,
}

impl Case {
    pub(crate) fn found(&self) -> String {
        let explanation = self.outcome.explanation.as_ref().map(|text| format!(" {text}"));
        format!("{}{}", self.outcome.verdict, explanation.unwrap_or_default())
    }

    pub(crate) fn is_right(&self) -> bool {
        // Where a test says nothing of the explanation, it does not ask for it.
        let explained = self.expected.contains(' ');
        self.found() == self.expected || !explained && self.outcome.verdict.as_str() == self.expected
    }
}

/// Runs every test of a suite. A line sets a value that holds until it is set anew; `expect` asks.
pub(crate) fn run(text: &str) -> Result<Vec<Case>, Box<dyn Error>> {
    let mut cases = Vec::new();
    for document in text.split("\n---") {
        run_document(document, &mut cases)?;
    }
    Ok(cases)
}

fn run_document(text: &str, cases: &mut Vec<Case>) -> Result<(), Box<dyn Error>> {
    let mut world = World::default();
    let (mut name, mut helo, mut sender, mut ip) = (String::new(), String::new(), String::new(), None::<IpAddr>);
    for line in text.lines().map(str::trim).filter(|line| !line.starts_with('#')) {
        let line = line.strip_prefix("- ").unwrap_or(line);
        let Some((key, value)) = line.split_once(':') else { continue };
        let value = value.trim();
        match key {
            "name" => name = value.to_owned(),
            "domain" => helo = value.to_owned(),
            "sender" => sender = value.to_owned(),
            "ip" => ip = Some(value.parse()?),
            "expect" => {
                let ip = ip.ok_or("no ip before expect")?;
                cases.push(Case {
                    document: name.clone(),
                    asked: format!("{ip} HELO {helo} MAIL FROM <{sender}>"),
                    expected: value.to_owned(),
                    outcome: world.check(ip, &helo, &sender),
                });
            }
            "records" | "tests" => {}
            _ => world.add(key, value)?,
        }
    }
    Ok(())
}

#[derive(Default)]
struct World {
    zone: MemoryZone,
    hosts: usize,
}

impl World {
    /// A record: its kind, then the name and the data; several addresses are parted by commas.
    fn add(&mut self, kind: &str, value: &str) -> Result<(), Box<dyn Error>> {
        let (owner, data) = value.split_once(' ').ok_or_else(|| format!("{kind}: {value}"))?;
        let items = || data.split(',').map(str::trim);
        match kind {
            "spf" | "exp" => {
                // Names that no record can have are never asked for.
                let Some(owner) = name(owner) else { return Ok(()) };
                self.zone.remove(&owner, RecordKind::Txt);
                self.insert(owner, RecordData::Txt(data.as_bytes().to_vec()));
            }
            "a" | "aaaa" => {
                let owner = name(owner).ok_or("a bad owner")?;
                items().try_for_each(|item| self.address(owner.clone(), item))?;
            }
            "ptr" => {
                let owner = DnsName::reverse(owner.parse()?);
                let targets: Vec<DnsName> = items().filter_map(name).collect();
                targets.into_iter().for_each(|target| self.insert(owner.clone(), RecordData::Ptr(target)));
            }
            // The suite writes the addresses of the hosts, which have no names.
            "mx" => {
                let owner = name(owner).ok_or("a bad owner")?;
                for item in items() {
                    self.hosts += 1;
                    let host = name(&format!("mx{}.hosts.invalid", self.hosts)).ok_or("a bad host")?;
                    self.insert(owner.clone(), RecordData::Mx(Mx::new(10, host.clone())));
                    self.address(host, item)?;
                }
            }
            _ => return Err(format!("{kind}: an unknown kind of record").into()),
        }
        Ok(())
    }

    fn address(&self, owner: DnsName, text: &str) -> Result<(), Box<dyn Error>> {
        let data = match text.parse().map_err(|error| format!("{text}: {error}"))? {
            IpAddr::V4(v4) => RecordData::A(v4),
            IpAddr::V6(v6) => RecordData::Aaaa(v6),
        };
        self.insert(owner, data);
        Ok(())
    }

    fn insert(&self, owner: DnsName, data: RecordData) {
        self.zone.insert(owner, Duration::from_secs(300), data);
    }

    fn check(&self, ip: IpAddr, helo: &str, sender: &str) -> Outcome {
        let outcome = self.evaluate(Query::helo(ip, helo));
        if sender.is_empty() || outcome.verdict == Verdict::Fail {
            return outcome;
        }
        self.evaluate(Query::mail_from(ip, helo, sender))
    }

    fn evaluate(&self, query: Query) -> Outcome {
        let mut check = Check::new(query, Settings::default(), Tick::default(), Timestamp::from_unix_secs(0));
        loop {
            match check.step(Tick::default()) {
                // The name that stands for a DNS that fails.
                Step::Ask { name, .. } if name.as_str().starts_with("_dns_error") => {
                    check.answer(Err(DnsErrorKind::ServFail.into()));
                }
                Step::Ask { name, kind } => check.answer(self.zone.lookup(&name, kind)),
                Step::Done(outcome) => return outcome,
            }
        }
    }
}

fn name(text: &str) -> Option<DnsName> {
    DnsName::parse(text.trim_end_matches('.')).ok()
}
