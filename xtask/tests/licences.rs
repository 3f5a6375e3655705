//! The law of dependencies, on trees made by hand.

use xtask::Finding;
use xtask::licences::{Policy, Tree, judge};

const LAW: &str = r#"
[licenses]
allow = ["MIT", "Apache-2.0", "Apache-2.0 WITH LLVM-exception", "CDLA-Permissive-2.0"]
exceptions = [{ crate = "fonts", allow = ["OFL-1.1"] }]
[bans]
deny = [{ crate = "rsa", reason = "an advisory" }, "old:<2"]
skip = [{ crate = "syn:2", reason = "a straggler" }]
"#;

const REGISTRY: &str = concat!("registry+https://github.com/rust-lang/crates.", "io-index");

#[test]
fn licences() {
    // (name, licence, is it allowed?)
    let cases = [
        ("a", "MIT", true),
        ("a", "MIT OR GPL-3.0-only", true),
        ("a", "MIT AND GPL-3.0-only", false),
        ("a", "MIT/Apache-2.0", true),
        ("a", "(MIT OR ISC) AND CDLA-Permissive-2.0", true),
        ("a", "Apache-2.0 WITH LLVM-exception OR ISC", true),
        ("a", "ISC", false),
        ("a", "not a licence", false),
        ("a", "OFL-1.1", false),
        ("fonts", "OFL-1.1", true),
    ];
    for (name, licence, allowed) in cases {
        let found = law(&[Package { licence, ..package(name, "1.0.0") }]);
        assert_eq!(found.is_empty(), allowed, "{name} {licence}: {found:?}");
    }
}

#[test]
fn a_package_without_an_expression_fails() {
    let found = law(&[Package { licence: "", ..package("a", "1.0.0") }]);
    assert_eq!(found, ["a 1.0.0: names no licence as an SPDX expression"]);
}

#[test]
fn every_source_but_the_registry_fails() {
    let found = law(&[Package { source: "git+https://example.org/a", ..package("a", "1.0.0") }]);
    assert_eq!(found, ["a 1.0.0: comes from git+https://example.org/a, not the default registry"]);
    let found = law(&[Package { source: "", ..package("a", "1.0.0") }]);
    assert_eq!(found, ["a 1.0.0: comes from a path outside the workspace"]);
}

#[test]
fn banned_crates_fail_with_the_reason() {
    assert_eq!(law(&[package("rsa", "0.9.8")]), ["rsa 0.9.8: banned: an advisory"]);
    assert_eq!(law(&[package("old", "1.9.0")]), ["old 1.9.0: banned: no reason given"]);
    assert_eq!(law(&[package("old", "2.0.0")]), [""; 0]);
}

#[test]
fn second_versions_fail_unless_skipped_or_for_tests_alone() {
    let found = law(&[package("a", "1.0.0"), package("a", "2.0.0")]);
    assert_eq!(found.len(), 1);
    assert!(found[0].starts_with("deny.toml: a stands in the tree as 1.0.0 and 2.0.0"), "{found:?}");
    assert!(found[0].contains(r#"{ crate = "a@1.0.0", reason = "..." }"#), "{found:?}");

    assert_eq!(law(&[package("syn", "2.0.100"), package("syn", "3.0.0")]), [""; 0]);
    assert_eq!(law(&[package("syn", "1.0.0"), package("syn", "3.0.0")]).len(), 1);
    assert_eq!(law(&[package("a", "1.0.0"), Package { kind: r#""dev""#, ..package("a", "2.0.0") }]), [""; 0]);
}

#[test]
fn a_skip_that_skips_nothing_asks() {
    let found = judge(&Policy::parse(LAW).unwrap(), &tree(&[package("syn", "3.0.0")]));
    assert_eq!(found.len(), 1);
    assert!(!found[0].is_failure());
    assert_eq!(found[0].message(), "[bans] skip syn:2 skips nothing now");
}

#[test]
fn the_law_of_this_workspace_is_well_formed() {
    let text = include_str!("../../deny.toml");
    Policy::parse(text).unwrap();
}

struct Package<'a> {
    name: &'a str,
    version: &'a str,
    licence: &'a str,
    source: &'a str,
    kind: &'a str,
}

fn package<'a>(name: &'a str, version: &'a str) -> Package<'a> {
    Package { name, version, licence: "MIT", source: REGISTRY, kind: "null" }
}

fn law(packages: &[Package<'_>]) -> Vec<String> {
    let findings = judge(&Policy::parse(LAW).expect("the law parses"), &tree(packages));
    let failures = findings.iter().filter(|finding| finding.is_failure());
    failures.map(|finding: &Finding| format!("{}: {}", finding.place(), finding.message())).collect()
}

/// One member that stands on every package, as cargo would tell it.
fn tree(packages: &[Package<'_>]) -> Tree {
    let or_null = |text: &str| if text.is_empty() { "null".to_owned() } else { format!("{text:?}") };
    let mut told =
        vec![r#"{"id": "us", "name": "us", "version": "0.1.0", "license": "MIT", "source": null}"#.to_owned()];
    let mut deps = Vec::new();
    let mut nodes = Vec::new();
    for Package { name, version, licence, source, kind } in packages {
        let (licence, source) = (or_null(licence), or_null(source));
        let id = format!("{name}@{version}");
        told.push(format!(
            r#"{{"id": "{id}", "name": "{name}", "version": "{version}", "license": {licence}, "source": {source}}}"#
        ));
        deps.push(format!(r#"{{"pkg": "{id}", "dep_kinds": [{{"kind": {kind}, "target": null}}]}}"#));
        nodes.push(format!(r#"{{"id": "{id}", "deps": []}}"#));
    }
    nodes.push(format!(r#"{{"id": "us", "deps": [{}]}}"#, deps.join(", ")));
    let json = format!(
        r#"{{"packages": [{}], "workspace_members": ["us"], "resolve": {{"nodes": [{}]}}}}"#,
        told.join(", "),
        nodes.join(", "),
    );
    Tree::from_json(&json).expect("as cargo writes it")
}
