//! Reads and runs a test suite in the OpenSPF YAML form: scenarios with `tests` and `zonedata`.

use std::error::Error;
use std::net::IpAddr;
use std::time::Duration;

use posthaste_auth::spf::{Check, Outcome, Query, Settings, Step, Verdict};
use posthaste_dns::{DnsErrorKind, MemoryZone, Mx, RecordData, RecordKind};
use posthaste_types::{DnsName, Tick, Timestamp};
use saphyr::{LoadableYamlNode, Scalar, Yaml};

/// One test, run.
#[allow(dead_code, reason = "some users look at results, some at what is asked")]
pub(crate) struct Case {
    pub(crate) scenario: String,
    pub(crate) name: String,
    /// The results that are right.
    pub(crate) expected: Vec<String>,
    /// The explanation that is right, if the suite asks for one; `DEFAULT` is none of the domain's.
    pub(crate) expected_explanation: Option<String>,
    pub(crate) outcome: Outcome,
    /// The DNS of the scenario, and what is asked: the address, HELO and MAIL FROM.
    pub(crate) world: (MemoryZone, IpAddr, String, String),
}

#[allow(dead_code, reason = "not every user grades")]
impl Case {
    pub(crate) fn explanation(&self) -> &str {
        self.outcome.explanation.as_ref().map_or("DEFAULT", |text| text.as_str())
    }

    pub(crate) fn is_right(&self) -> bool {
        let explained = self.expected_explanation.as_ref().is_none_or(|expected| expected == self.explanation());
        // Where more than one result is right, the explanation counts only for the refusal that it explains.
        let explained = explained || (self.expected.len() > 1 && self.outcome.verdict != Verdict::Fail);
        explained && self.expected.iter().any(|expected| expected == self.outcome.verdict.as_str())
    }
}

/// Runs every test of a suite.
pub(crate) fn run(yaml: &str) -> Result<Vec<Case>, Box<dyn Error>> {
    let mut cases = Vec::new();
    for scenario in Yaml::load_from_str(yaml)? {
        let Some(tests) = get(&scenario, "tests").and_then(Yaml::as_mapping) else { continue };
        let zone = get(&scenario, "zonedata").map(zone).transpose()?.unwrap_or_default();
        for (name, test) in tests {
            let field = |key| get(test, key).and_then(text).unwrap_or_default();
            let (host, helo, from) = (field("host").parse()?, field("helo"), field("mailfrom"));
            let query = Query::mail_from(host, &helo, &from);
            cases.push(Case {
                scenario: get(&scenario, "description").and_then(text).unwrap_or_default(),
                name: text(name).unwrap_or_default(),
                expected: get(test, "result").map(texts).unwrap_or_default(),
                expected_explanation: get(test, "explanation").and_then(text),
                outcome: evaluate(&zone, query),
                world: (zone.clone(), host, helo, from),
            });
        }
    }
    Ok(cases)
}

pub(crate) fn evaluate(zone: &MemoryZone, query: Query) -> Outcome {
    let mut check = Check::new(query, Settings::default(), Tick::default(), Timestamp::from_unix_secs(0));
    loop {
        match check.step(Tick::default()) {
            Step::Ask { name, kind } => check.answer(zone.lookup(&name, kind)),
            Step::Done(outcome) => return outcome,
        }
    }
}

/// A name with its entries: `KIND: value`, or `TIMEOUT` for all kinds that have none.
fn zone(data: &Yaml<'_>) -> Result<MemoryZone, Box<dyn Error>> {
    let zone = MemoryZone::new();
    for (name, entries) in data.as_mapping().into_iter().flatten() {
        let name = text(name).unwrap_or_default();
        let name = DnsName::from_labels(name.trim_end_matches('.').split('.').map(str::as_bytes))?;
        let entries = entries.as_sequence().map(Vec::as_slice).unwrap_or_default();
        let times_out = entries.iter().any(|entry| text(entry).as_deref() == Some("TIMEOUT"));
        let pairs: Vec<(String, &Yaml<'_>)> = entries
            .iter()
            .filter_map(|entry| entry.as_mapping())
            .flat_map(|pairs| pairs.iter().filter_map(|(kind, value)| Some((text(kind)?, value))))
            .collect();
        // Records of the old type SPF stand for TXT ones, where a name has none of those.
        let has_txt = pairs.iter().any(|(kind, _)| kind == "TXT");
        let mut present = Vec::new();
        for (kind, value) in &pairs {
            let kind = if kind == "SPF" && !has_txt { "TXT" } else { kind };
            if let Some(data) = record(kind, value)? {
                present.push(data.kind());
                zone.insert(name.clone(), Duration::from_secs(300), data);
            }
        }
        for kind in RecordKind::ALL.iter().filter(|kind| times_out && !present.contains(kind)) {
            zone.fail_kind(&name, *kind, DnsErrorKind::Timeout);
        }
    }
    Ok(zone)
}

fn record(kind: &str, value: &Yaml<'_>) -> Result<Option<RecordData>, Box<dyn Error>> {
    let name = |text: &str| -> Result<DnsName, Box<dyn Error>> {
        let text = text.trim_end_matches('.');
        if text.is_empty() {
            return Ok(DnsName::root());
        }
        Ok(DnsName::from_labels(text.split('.').map(str::as_bytes))?)
    };
    let values = texts(value);
    let first = values.first().map(String::as_str).unwrap_or_default();
    Ok(Some(match kind {
        "TXT" if first == "NONE" => return Ok(None),
        "TXT" => RecordData::Txt(values.iter().flat_map(|text| octets(text)).collect()),
        "A" => RecordData::A(first.parse()?),
        "AAAA" => RecordData::Aaaa(first.parse()?),
        "CNAME" => RecordData::Cname(name(first)?),
        "PTR" => RecordData::Ptr(name(first)?),
        "MX" => RecordData::Mx(Mx::new(first.parse()?, name(values.get(1).map(String::as_str).unwrap_or_default())?)),
        _ => return Ok(None),
    }))
}

/// `"\x96"` in the suite means an octet.
fn octets(text: &str) -> Vec<u8> {
    let latin: Option<Vec<u8>> = text.chars().map(|c| u8::try_from(c).ok()).collect();
    latin.unwrap_or_else(|| text.as_bytes().to_vec())
}

fn get<'a, 'b>(node: &'a Yaml<'b>, key: &str) -> Option<&'a Yaml<'b>> {
    node.as_mapping()?.iter().find(|(name, _)| text(name).as_deref() == Some(key)).map(|(_, value)| value)
}

fn texts(node: &Yaml<'_>) -> Vec<String> {
    match node.as_sequence() {
        Some(items) => items.iter().filter_map(text).collect(),
        None => text(node).into_iter().collect(),
    }
}

fn text(node: &Yaml<'_>) -> Option<String> {
    match node {
        Yaml::Value(Scalar::String(text)) => Some(text.to_string()),
        Yaml::Value(Scalar::Integer(number)) => Some(number.to_string()),
        Yaml::Value(Scalar::FloatingPoint(number)) => Some(number.to_string()),
        _ => None,
    }
}
