//! `cargo run -p xtask -- COMMAND`: see the library's page.

use std::path::Path;
use std::process::ExitCode;

use xtask::{Error, Finding, Workspace, layers, list, package, public, tidy};

fn main() -> ExitCode {
    if std::env::var_os(public::STANDS_FOR_RUSTDOC).is_some() {
        return if public::rustdoc(std::env::args_os().skip(1)).unwrap_or(false) {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        };
    }
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match run(&words) {
        Ok(Some(findings)) => report(&findings),
        Ok(None) => {
            eprintln!("{USAGE}");
            ExitCode::from(2)
        }
        Err(e) => {
            eprintln!("xtask: {e}");
            ExitCode::FAILURE
        }
    }
}

/// `None` for a command that does not exist.
fn run(words: &[&str]) -> Result<Option<Vec<Finding>>, Error> {
    let workspace = Workspace::load(Path::new("."))?;
    let findings = match words {
        ["layers"] => layers::run(&workspace)?,
        ["public"] => public::run(&workspace, &public::this_program()?)?,
        ["tidy"] => {
            let (findings, sizes) = tidy::run(&workspace)?;
            println!("{sizes}");
            findings
        }
        ["package"] => package::run(&workspace)?,
        ["list", kind @ ("examples" | "benches")] => {
            let kind = if *kind == "examples" { "example" } else { "bench" };
            list::targets(&workspace, kind).iter().for_each(|name| println!("{name}"));
            Vec::new()
        }
        _ => return Ok(None),
    };
    Ok(Some(findings))
}

/// Failures last, where they are read.
fn report(findings: &[Finding]) -> ExitCode {
    let (failures, questions): (Vec<_>, Vec<_>) = findings.iter().partition(|finding| finding.is_failure());
    for finding in questions.iter().chain(&failures) {
        eprintln!("{finding}");
    }
    if failures.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

const USAGE: &str = "\
usage: cargo run -p xtask -- COMMAND

layers          arrows between crates, and what stands under L0-L2
public          types of others in public signatures
tidy            sizes of files and functions, stray words, manifests
package         what each package would publish
list examples   each example: package and name
list benches    each bench: package and name";
