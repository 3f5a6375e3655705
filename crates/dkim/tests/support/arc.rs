//! Reads the YAML of the ARC test suite.

#![allow(dead_code, reason = "each test uses a part")]

use std::collections::BTreeMap;
use std::path::PathBuf;

use posthaste_dkim::DkimRecord;
use saphyr::{LoadableYamlNode, Yaml};

use crate::support::Dns;

type Texts = BTreeMap<String, String>;

/// One case, with what its document says for all.
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) dns: Dns,
    case: Texts,
    document: Texts,
    records: Texts,
}

impl Case {
    /// A value of the case, or else of its document, without the white space around it.
    pub(crate) fn text(&self, key: &str) -> &str {
        self.case.get(key).or_else(|| self.document.get(key)).map_or("", |text| text.trim())
    }

    /// The message, with CRLF.
    pub(crate) fn message(&self) -> String {
        self.case["message"].replace('\n', "\r\n")
    }

    /// The names and the texts of the case's records, each text on one line.
    pub(crate) fn other_records(&self) -> Vec<(String, String)> {
        let line = |text: &String| text.split_whitespace().collect::<Vec<_>>().join(" ");
        self.records.iter().map(|(name, text)| (name.clone(), line(text))).collect()
    }

    /// The case's records, of which this one replaces that of the same name.
    pub(crate) fn dns_with(&self, own: &DkimRecord) -> Dns {
        let others = self.records.iter().filter(|(name, _)| *name != own.name.as_str());
        others.fold(Dns::default(), |dns, (name, text)| dns.with(name, &[text])).with(own.name.as_str(), &[&own.value])
    }
}

/// The cases of a file; `None`, with a line that says so, where there is no corpus.
pub(crate) fn cases(file: &str) -> Option<Vec<Case>> {
    let Ok(corpora) = std::env::var("POSTHASTE_CORPORA") else {
        assert!(std::env::var("CI").as_deref() != Ok("true"), "POSTHASTE_CORPORA is required in CI");
        println!("skipped: POSTHASTE_CORPORA is not set");
        return None;
    };
    let text = std::fs::read_to_string(PathBuf::from(corpora).join("arc/tests").join(file)).unwrap();
    let mut cases = Vec::new();
    for (index, document) in Yaml::load_from_str(&distinct(&text)).unwrap().iter().enumerate() {
        let records = document.as_mapping_get("txt-records").map(texts).unwrap_or_default();
        let dns = records.iter().fold(Dns::default(), |dns, (name, text)| dns.with(name, &[text]));
        for (name, case) in document.as_mapping_get("tests").unwrap().as_mapping().unwrap() {
            let name = format!("{index} {}", name.as_str().unwrap());
            let (dns, records) = (dns.clone(), records.clone());
            cases.push(Case { name, dns, case: texts(case), document: texts(document), records });
        }
    }
    assert!(!cases.is_empty());
    Some(cases)
}

/// Some names of cases stand twice in a document, which YAML does not allow: each gets its line's number.
fn distinct(text: &str) -> String {
    let mut in_tests = false;
    let name = |(number, line): (usize, &str)| {
        in_tests = line.starts_with("tests:") || in_tests && (line.starts_with(' ') || line.is_empty());
        let is_name = in_tests && line.strip_prefix("  ").is_some_and(|rest| !rest.starts_with(' '));
        match line.trim_end().strip_suffix(':') {
            Some(name) if is_name => format!("{name}-line-{number}:\n"),
            _ => format!("{line}\n"),
        }
    };
    text.lines().enumerate().map(name).collect()
}

/// The values of a mapping that are texts or numbers.
fn texts(yaml: &Yaml<'_>) -> Texts {
    let entries = yaml.as_mapping().into_iter().flatten();
    entries
        .filter_map(|(key, value)| {
            let text =
                value.as_str().map(str::to_owned).or_else(|| value.as_integer().map(|number| number.to_string()));
            Some((key.as_str()?.to_owned(), text?))
        })
        .collect()
}
