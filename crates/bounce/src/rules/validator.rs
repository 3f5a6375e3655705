//! Every rule can be reached, and decides what it is written for.

use posthaste_types::{ProviderId, Reply, Stage};

use super::replies::KEYS;
use super::rows::{Row, parse as rows};
use super::*;

/// A reply that a row is about: its first code, status, and a text.
fn example(row: &Row, text: &str) -> Reply {
    let code = row.list("code").first().map(|code| code.replace("xx", "50")).unwrap_or_default();
    let status = row.list("status").iter().find(|status| *status != "none").cloned().unwrap_or_default();
    let status = if row.list("status").iter().any(|status| status == "none") { String::new() } else { status };
    let status = status.split('-').next().unwrap_or_default();
    let digit = if code.starts_with('4') { "4" } else { "5" };
    let status = status.replacen('x', digit, 1).replace('x', "1");
    let code = if code.is_empty() { "550" } else { &code };
    let (text, number) = text.split_once('{').unwrap_or((text, ""));
    let number = number.trim_end_matches('}').split('-').next().unwrap_or_default();
    let text = format!("{status} {}{number}", text.replace('*', "<bob@example.org>"));
    Reply::new(code.parse().unwrap(), text.trim()).unwrap()
}

/// The stage that a row asks for.
fn stage(row: &Row) -> Stage {
    if row.list("stage").iter().any(|stage| stage == "mail") { Stage::Mail } else { Stage::EndOfData }
}

fn texts(row: &Row) -> Vec<String> {
    let texts = row.list("match").to_vec();
    if texts.is_empty() { vec!["words that are new".to_owned()] } else { texts }
}

#[test]
fn each_alternative_of_each_provider_row_decides_for_its_provider() {
    let rules = Rules::builtin();
    let mut wrong = Vec::new();
    let mut count = 0;
    for row in rows("replies.toml", Tables::builtin().replies, "reply", KEYS).unwrap() {
        let provider = match row.cell("provider") {
            "orange_laposte" => "orange",
            other => other,
        };
        let provider = ProviderId::parse(provider).unwrap();
        for text in texts(&row) {
            let reply = example(&row, &text);
            let verdict = rules.classify(&reply, Stage::EndOfData, Some(&provider));
            count += 1;
            if verdict.class.as_str() != row.cell("class") {
                wrong.push(format!("line {}: {reply}: {verdict}", row.line));
            }
        }
    }
    assert!(count > 300 && wrong.is_empty(), "{} of {count}:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn each_phrase_decides_its_samples() {
    let rules = Rules::builtin();
    let mut wrong = Vec::new();
    for row in rows("phrases.toml", Tables::builtin().phrases, "phrase", KEYS).unwrap() {
        let samples = row.list("samples");
        if samples.is_empty() {
            wrong.push(format!("line {}: no sample", row.line));
        }
        for sample in samples {
            let reply = Reply::parse(sample.as_bytes()).unwrap();
            let verdict = rules.classify(&reply, stage(&row), None);
            if verdict.rule() != Some(row.cell("name")) {
                wrong.push(format!("line {}: {sample}: {verdict}", row.line));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn each_alternative_of_each_phrase_can_be_reached() {
    let rules = Rules::builtin();
    let mut dead = Vec::new();
    for row in rows("phrases.toml", Tables::builtin().phrases, "phrase", KEYS).unwrap() {
        for text in texts(&row) {
            let verdicts = [example(&row, &text), Reply::new(450, &text.replace('*', "x")).unwrap()];
            let mut rows = verdicts.iter().map(|reply| rules.classify(reply, stage(&row), None));
            if !rows.any(|verdict| verdict.class.as_str() == row.cell("class")) {
                dead.push(format!(
                    "{} | {text} | {}",
                    row.cell("name"),
                    rules.classify(&verdicts[0], stage(&row), None)
                ));
            }
        }
    }
    assert!(dead.is_empty(), "{}:\n{}", dead.len(), dead.join("\n"));
}
