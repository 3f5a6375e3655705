//! This repository is tidy, and a long file, a stub or a bare manifest would be seen.

use std::fmt::Write;
use std::path::Path;

use xtask::tidy::{Source, manifests, run, sizes, words};
use xtask::{Finding, Workspace};

#[test]
fn this_repository_is_tidy() {
    let workspace = Workspace::load(Path::new(".")).unwrap();
    let (findings, sizes) = run(&workspace).unwrap();
    println!("{sizes}");
    findings.iter().for_each(|finding| println!("{finding}"));
    let failures: Vec<_> = findings.iter().filter(|finding| finding.is_failure()).map(Finding::to_string).collect();
    assert!(failures.is_empty(), "\n{}\n", failures.join("\n"));
}

#[test]
fn a_long_file_fails_and_a_longish_one_asks() {
    assert_eq!(sizes(&[lines("src/a.rs", 299)]).0, []);
    assert_eq!(told(&sizes(&[lines("src/a.rs", 300)]).0), [(false, "src/a.rs")]);
    assert_eq!(told(&sizes(&[lines("src/a.rs", 500)]).0), [(false, "src/a.rs")]);
    assert_eq!(told(&sizes(&[lines("src/a.rs", 501)]).0), [(true, "src/a.rs")]);
}

#[test]
fn tests_and_tables_are_apart() {
    for path in ["tests/a.rs", "src/tests.rs", "src/queue/tests/cases.rs", "src/status_table.rs", "notes.md"] {
        assert_eq!(sizes(&[lines(path, 900)]).0, [], "{path}");
    }
    let within = |condition: &str| {
        let text = format!("{}#[cfg({condition})]\nmod m {{\n{}}}\n", lines_of(250), lines_of(260));
        sizes(&[Source::new("src/a.rs", text)]).0
    };
    assert_eq!(told(&within("test")), [(false, "src/a.rs")], "the tests count only in the question to move them");
    assert!(within("test")[0].message().contains("tests.rs"));
    assert_eq!(told(&within("all(test, unix)")), [(false, "src/a.rs")]);
    assert_eq!(told(&within("any(test, feature = \"testing\")")), [(true, "src/a.rs")], "users get this one");
}

#[test]
fn a_long_function_fails_and_a_longish_one_asks() {
    assert_eq!(sizes(&[function("fn f()", 39)]).0, []);
    assert_eq!(told(&sizes(&[function("fn f()", 40)]).0), [(false, "src/a.rs:2")]);
    assert_eq!(told(&sizes(&[function("fn f()", 70)]).0), [(false, "src/a.rs:2")]);
    let found = sizes(&[function("pub async fn f()", 71)]).0;
    assert_eq!(told(&found), [(true, "src/a.rs:2")]);
    assert!(found[0].message().contains("fn f: 71 lines"), "{found:?}");
}

#[test]
fn methods_defaults_and_tests() {
    let long = "{\n".to_owned() + &"();\n".repeat(80) + "}\n";
    let found = |text: String| sizes(&[Source::new("src/a.rs", text)]).0.len();
    assert_eq!(found(format!("impl S {{ fn f() {long} }}")), 1);
    assert_eq!(found(format!("trait T {{ fn f() {long} fn g(); }}")), 1);
    assert_eq!(found(format!("#[test] fn f() {long}")), 0);
    assert_eq!(found(format!("#[tokio::test(start_paused = true)] async fn f() {long}")), 0);
    assert_eq!(found(format!("impl S {{ #[cfg(test)] fn f() {long} }}")), 0);
}

#[test]
fn what_does_not_parse_is_told() {
    assert_eq!(told(&sizes(&[Source::new("src/a.rs", "fn f( {")]).0), [(true, "src/a.rs")]);
}

#[test]
fn stubs_and_ignored_tests_fail() {
    let stubs = [
        concat!("fn f() { todo", "!() }"),
        concat!("fn f() { unimplemented", "!(\"later\") }"),
        concat!("fn f() { dbg", "!(1); }"),
        concat!("// FIX", "ME: later"),
        concat!("// XX", "X"),
        concat!("#[", "ignore = \"slow\"]\nfn f() {}"),
    ];
    for text in stubs {
        assert_eq!(words(&[Source::new("src/a.rs", text)]).len(), 1, "{text}");
    }
    let others = ["let method = 1;", concat!("const A: &str = \"aXX", "Xb\";"), "ignore();", concat!("my_todo", "!()")];
    for text in others {
        assert_eq!(words(&[Source::new("src/a.rs", text)]), [], "{text}");
    }
    assert_eq!(words(&[Source::new("notes.md", stubs[3])]), [], "prose may speak of it");
}

#[test]
fn sleeps_fail_in_tests_alone() {
    let sleep = concat!("fn f() { std::thread::", "sleep(d); }\n");
    let tokio = concat!("async fn f() { tokio::time::", "sleep(d).await }\n");
    for text in [sleep, tokio] {
        assert_eq!(words(&[Source::new("src/a.rs", text)]), []);
        assert_eq!(told(&words(&[Source::new("tests/a.rs", text)])), [(true, "tests/a.rs:1")]);
        let within = format!("fn g() {{}}\n#[cfg(test)]\nmod tests {{\n{text}}}\n");
        assert_eq!(told(&words(&[Source::new("src/a.rs", within)])), [(true, "src/a.rs:4")]);
    }
}

#[test]
fn machine_paths_and_registry_hosts_fail_in_every_file() {
    for folder in ["work", "root", "farm"] {
        let text = format!("see\n/{folder}/main");
        assert_eq!(told(&words(&[Source::new("notes.md", text)])), [(true, "notes.md:2")]);
        let inside = format!("https://example.org/net{folder}/x and ./a_{folder}/ and a/{folder}/b");
        assert_eq!(words(&[Source::new("notes.md", inside)]), []);
    }
    for host in [concat!("https://crates.", "io/crates/x"), concat!("pypi.", "org"), concat!("www.npmjs", ".com")] {
        assert_eq!(words(&[Source::new(".ci/run", host)]).len(), 1, "{host}");
    }
}

#[test]
fn a_bare_manifest_fails_field_by_field() {
    let bare = member(r#""publish": null, "keywords": ["a keyword"], "categories": []"#);
    let found: Vec<_> = manifests(&bare).iter().map(|finding| finding.message().to_owned()).collect();
    assert_eq!(found[..4], ["lacks description", "lacks license", "lacks repository", "has 0 categories: 1 to 5"]);
    assert!(found[4].starts_with("keyword \"a keyword\""));
    assert_eq!(found[5..], ["lacks readme"]);
    assert_eq!(manifests(&member(r#""publish": []"#)), [], "a tool may be bare");
}

fn lines(path: &str, count: usize) -> Source {
    Source::new(path, lines_of(count))
}

fn lines_of(count: usize) -> String {
    (0..count).fold(String::new(), |mut text, n| {
        writeln!(text, "const A{n}: u8 = 0;").expect("a String takes all");
        text
    })
}

fn function(signature: &str, count: usize) -> Source {
    Source::new("src/a.rs", format!("/// Says.\n{signature} {{\n{}}}\n", "();\n".repeat(count - 2)))
}

fn told(findings: &[Finding]) -> Vec<(bool, &str)> {
    findings.iter().map(|finding| (finding.is_failure(), finding.place())).collect()
}

fn member(fields: &str) -> Workspace {
    let json = format!(
        r#"{{"workspace_root": "/ws", "packages": [{{"name": "a", "manifest_path": "/ws/a/Cargo.toml", "dependencies": [], {fields}}}]}}"#
    );
    Workspace::from_json(&json).expect("as cargo writes it")
}
