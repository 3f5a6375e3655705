//! The documents say what is there: one first program, links that lead somewhere, tests and files that exist.

use std::path::Path;

use xtask::Workspace;
use xtask::tidy::{Source, sources};

fn all() -> (Workspace, Vec<Source>) {
    let workspace = Workspace::load(Path::new(".")).expect("the workspace");
    let files = sources(workspace.root()).expect("its files");
    (workspace, files)
}

fn text<'a>(files: &'a [Source], path: &str) -> &'a str {
    files.iter().find(|file| file.path() == path).unwrap_or_else(|| panic!("no {path}")).text()
}

/// What stands between a line that begins with `open` and the next fence.
fn block<'a>(text: &'a str, open: &str) -> Vec<&'a str> {
    let lines = text.lines().skip_while(|line| !line.starts_with(open)).skip(1);
    lines.take_while(|line| !line.ends_with("```")).collect()
}

#[test]
fn the_first_program_is_the_same_everywhere() {
    let (_, files) = all();
    let readme = block(text(&files, "README.md"), "```rust");
    assert!(readme.len() > 10, "the readme has a program");
    assert_eq!(readme, block(text(&files, "crates/posthaste/README.md"), "```rust"), "crates/posthaste/README.md");
    let page = block(text(&files, "crates/posthaste/src/lib.rs"), "//! ```");
    let shown = page.iter().map(|line| line.trim_start_matches("//!").trim_start_matches(' '));
    let shown: Vec<&str> = shown.filter(|line| !line.starts_with("# ") && !line.is_empty()).collect();
    let wrapping = ["#[tokio::main]", "async fn main", "Ok(())", "}"];
    let program = readme.iter().map(|line| line.trim()).filter(|line| !line.is_empty());
    let program: Vec<&str> = program.filter(|line| !wrapping.iter().any(|part| line.starts_with(part))).collect();
    assert_eq!(program, shown, "crates/posthaste/src/lib.rs");
}

#[test]
fn every_link_leads_somewhere() {
    let (workspace, files) = all();
    let mut dead = Vec::new();
    for file in files.iter().filter(|file| file.path().ends_with(".md")) {
        for link in file.text().split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let target = link.split('#').next().unwrap_or_default();
            let folder = Path::new(file.path()).parent().unwrap();
            if !target.is_empty() && !target.contains("://") && !workspace.root().join(folder).join(target).exists() {
                dead.push(format!("{}: {link}", file.path()));
            }
        }
    }
    assert!(dead.is_empty(), "dead links: {dead:#?}");
}

#[test]
fn the_architecture_names_what_is_there() {
    let (workspace, files) = all();
    let document = text(&files, "ARCHITECTURE.md");
    let clauses = text(&files, "crates/queue/src/contract/mod.rs");
    let exists = |path: &str| ["", "crates"].iter().any(|folder| workspace.root().join(folder).join(path).exists());
    let is_function = |name: &str| {
        let head = format!("fn {name}(");
        files.iter().any(|file| file.path().ends_with(".rs") && file.text().contains(&head))
    };
    let mut missing = Vec::new();
    for named in document.split('`').skip(1).step_by(2) {
        let is_name = named.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
        let is_path = named.contains('/') && !named.contains([' ', '<', '{']);
        if is_path && !exists(named) || is_name && named.contains('_') && !is_function(named) {
            missing.push(named);
        }
    }
    for line in document.lines().filter(|line| line.starts_with("| I")) {
        missing.extend(line.split('"').skip(1).step_by(2).filter(|clause| !clauses.contains(*clause)));
    }
    assert!(missing.is_empty(), "ARCHITECTURE.md names what is not there: {missing:#?}");
}

/// The readme of a crate shows some lines of the example on its page, which is compiled and run.
#[test]
fn what_a_readme_shows_stands_on_the_page_of_its_crate() {
    let (workspace, files) = all();
    let mut invented = Vec::new();
    for part in workspace.published().filter_map(|member| member.name().strip_prefix("posthaste-")) {
        let folder = format!("crates/{part}/");
        let code = |file: &&Source| file.path().starts_with(&folder) && file.path().ends_with(".rs");
        let pages = files.iter().filter(code).flat_map(|file| file.text().lines());
        let pages: Vec<&str> = pages.filter_map(|line| line.trim().strip_prefix("//")).collect();
        let pages: Vec<&str> = pages.iter().map(|line| line.trim_start_matches(['/', '!']).trim()).collect();
        let readme = text(&files, &format!("{folder}README.md"));
        if text(&files, &format!("{folder}src/lib.rs")).contains("include_str!(\"../README.md\")") {
            continue; // it is a doctest itself
        }
        for line in block(readme, "```rust").into_iter().filter(|line| !line.is_empty()) {
            if !pages.contains(&line.trim()) {
                invented.push(format!("{folder}README.md: {line}"));
            }
        }
    }
    assert!(invented.is_empty(), "not in an example of the crate: {invented:#?}");
}

/// The cells of a row of a table.
fn cells(row: &str) -> Vec<&str> {
    row.trim_matches('|').split('|').map(str::trim).collect()
}

fn in_backticks(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// `docs/standards.md`: standard, what is supported, where, and the tests of it: a file, then functions in it.
#[test]
fn the_table_of_standards_names_what_is_there() {
    let (workspace, files) = all();
    let document = text(&files, "docs/standards.md");
    let source = |path: &str| {
        let path = format!("crates/{path}");
        files.iter().find(|file| file.path() == path).map(Source::text)
    };
    let mut wrong = Vec::new();
    let mut rows = 0;
    for row in document.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| standard ")) {
        rows += 1;
        let [standard, supported, code, tests] = cells(row)[..] else {
            wrong.push(format!("not four cells: {row}"));
            continue;
        };
        if supported == "no" {
            wrong.extend(
                (!code.is_empty() || !tests.is_empty()).then(|| format!("{standard}: not supported, and there")),
            );
            continue;
        }
        let missing = in_backticks(code).filter(|path| !workspace.root().join("crates").join(path).is_file());
        wrong.extend(missing.map(|path| format!("{standard}: no {path}")));
        wrong.extend(in_backticks(code).next().is_none().then(|| format!("{standard}: no code is named")));
        let (mut file, mut functions) = (None, 0);
        for named in in_backticks(tests) {
            if named.contains('/') {
                file = source(named);
                wrong.extend(file.is_none().then(|| format!("{standard}: no {named}")));
            } else {
                functions += 1;
                let is_there = file.is_some_and(|text| text.contains(&format!("fn {named}(")));
                wrong.extend((!is_there).then(|| format!("{standard}: no test {named}")));
            }
        }
        wrong.extend((functions == 0).then(|| format!("{standard}: no test is named")));
    }
    assert!(rows > 30, "{rows} rows");
    assert!(wrong.is_empty(), "docs/standards.md: {wrong:#?}");
}
