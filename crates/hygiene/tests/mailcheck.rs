//! The suggestions of mailcheck's tests (Received Inc, MIT).

use std::path::PathBuf;

use posthaste_hygiene::{WordSet, suggest_domain};

#[test]
fn every_suggestion_is_as_expected() {
    let Some(path) = corpus("addresses/mailcheck/expected.jsonl") else { return };
    let text = std::fs::read_to_string(path).expect("the corpus is read");
    let mut wrong = Vec::new();
    for line in text.lines() {
        let case: serde_json::Value = serde_json::from_str(line).expect("a case is JSON");
        let input = case["input"].as_str().unwrap_or_default();
        let domain = input.rsplit_once('@').map_or("", |(_, domain)| domain);
        let found = suggest_domain(domain, &WordSet::default()).map(|found| found.domain);
        if found.as_deref() != case["expected"].as_str() {
            wrong.push(format!("{input}: {found:?}, not {}", case["expected"]));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn corpus(path: &str) -> Option<PathBuf> {
    let path =
        std::env::var_os("POSTHASTE_CORPORA").map(|root| PathBuf::from(root).join(path)).filter(|path| path.exists());
    if path.is_none() {
        assert!(std::env::var_os("CI").is_none(), "POSTHASTE_CORPORA is missing");
        println!("skipped: POSTHASTE_CORPORA is not set");
    }
    path
}
