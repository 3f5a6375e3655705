//! The categories of isemail's tests (Dominic Sayers, BSD-3-Clause), all but what only the DNS can say.

use std::path::PathBuf;

use posthaste_hygiene::{Category, check};

/// RFC 5321 §2.3.5: a single label is no fully qualified domain. isemail takes one for valid if it finds an MX.
const EXCEPTIONS: &[&str] = &["5"];

#[test]
fn every_category_is_as_expected() {
    let Some(path) = corpus("addresses/isemail/expected.jsonl") else { return };
    let text = std::fs::read_to_string(path).expect("the corpus is read");
    let mut wrong = Vec::new();
    let mut seen = 0;
    for line in text.lines() {
        let case: serde_json::Value = serde_json::from_str(line).expect("a case is JSON");
        let field = |name: &str| case[name].as_str().unwrap_or_default().to_owned();
        let expected = match field("category").as_str() {
            // What has no record has nothing wrong in its form.
            "ISEMAIL_VALID_CATEGORY" | "ISEMAIL_DNSWARN" => Category::Valid,
            "ISEMAIL_RFC5321" => Category::Rfc5321,
            "ISEMAIL_CFWS" => Category::Cfws,
            "ISEMAIL_DEPREC" => Category::Deprecated,
            "ISEMAIL_RFC5322" => Category::Rfc5322,
            _ => Category::Invalid,
        };
        seen += 1;
        let address = field("address");
        let found = check(&address);
        if found.category() != expected && !EXCEPTIONS.contains(&field("id").as_str()) {
            wrong.push(format!("{} {address:?}: {:?}, not {}", field("id"), found.worst(), field("diagnosis")));
        }
    }
    assert!(seen > 50, "only {seen} cases");
    assert!(wrong.is_empty(), "{} of {seen}:\n{}", wrong.len(), wrong.join("\n"));
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
