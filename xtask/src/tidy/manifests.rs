//! What the manifest of a published crate must say.

use crate::{Finding, Member, Workspace};

/// Checks description, keywords, categories, licence, repository and readme of each published crate.
pub fn manifests(workspace: &Workspace) -> Vec<Finding> {
    let mut findings = Vec::new();
    for member in workspace.published() {
        let place = workspace.manifest(member);
        findings.extend(lacking(member).into_iter().map(|message| Finding::fail(place.as_str(), message)));
    }
    findings
}

fn lacking(member: &Member) -> Vec<String> {
    let mut lacking = Vec::new();
    let texts =
        [("description", &member.description), ("license", &member.license), ("repository", &member.repository)];
    for (field, text) in texts {
        if text.as_ref().is_none_or(|text| text.trim().is_empty()) {
            lacking.push(format!("lacks {field}"));
        }
    }
    for (field, list) in [("keywords", &member.keywords), ("categories", &member.categories)] {
        if !(1..=5).contains(&list.len()) {
            lacking.push(format!("has {} {field}: 1 to 5", list.len()));
        }
    }
    lacking.extend(member.keywords.iter().filter(|keyword| !is_keyword(keyword)).map(|keyword| {
        format!("keyword {keyword:?}: at most 20 of letters, digits, `_`, `-` and `+`, a letter or digit first")
    }));
    match &member.readme {
        None => lacking.push("lacks readme".to_owned()),
        Some(readme) if !member.folder().join(readme).is_file() => {
            lacking.push(format!("readme {} does not exist", readme.display()));
        }
        Some(_) => {}
    }
    lacking
}

/// What the registry takes as a keyword.
fn is_keyword(keyword: &str) -> bool {
    keyword.len() <= 20
        && keyword.starts_with(|c: char| c.is_ascii_alphanumeric())
        && keyword.chars().all(|c| c.is_ascii_alphanumeric() || "_-+".contains(c))
}
