//! What each package would publish.

use crate::{Error, Finding, Workspace, cargo};

/// Asks cargo for the files of each published crate and checks the list.
pub fn run(workspace: &Workspace) -> Result<Vec<Finding>, Error> {
    let mut findings = Vec::new();
    for member in workspace.published() {
        let args = ["package", "--list", "--allow-dirty", "--quiet", "-p", member.name()];
        let listed = cargo::cargo(workspace.root(), &args)?;
        let files: Vec<&str> = listed.lines().collect();
        findings.extend(contents(&workspace.manifest(member), &files));
    }
    Ok(findings)
}

/// Checks the files that a package would publish.
pub fn contents(manifest: &str, files: &[&str]) -> Vec<Finding> {
    let missing = REQUIRED.iter().filter(|required| !files.contains(required));
    let missing = missing.map(|file| Finding::fail(manifest, format!("the package lacks {file}")));
    let stray = files.iter().filter(|file| !belongs(file));
    let stray = stray.map(|file| Finding::fail(manifest, format!("the package would publish a stray file: {file}")));
    missing.chain(stray).collect()
}

fn belongs(file: &str) -> bool {
    REQUIRED.contains(&file)
        || BY_CARGO.contains(&file)
        || ["LICENSE-APACHE", "LICENSE-MIT", "CHANGELOG.md"].contains(&file)
        || FOLDERS.iter().any(|(folder, ends)| file.starts_with(folder) && ends.iter().any(|end| file.ends_with(end)))
}

const REQUIRED: &[&str] = &["Cargo.toml", "README.md", "src/lib.rs"];

/// What cargo adds of its own.
const BY_CARGO: &[&str] = &[".cargo_vcs_info.json", "Cargo.lock", "Cargo.toml.orig"];

/// What may stand in which folder. Tests may bring their cases along.
const FOLDERS: &[(&str, &[&str])] = &[
    ("src/", &[".rs", ".csv", ".sql", ".toml"]),
    ("data/", &[".csv", ".md", ".toml", ".txt"]),
    ("examples/", &[".rs", ".csv"]),
    ("migrations/", &[".sql"]),
    (
        "tests/",
        &[".rs", ".csv", ".db", ".eml", ".json", ".jsonl", ".pem", ".py", ".snap", ".sql", ".toml", ".txt", ".zone"],
    ),
];
