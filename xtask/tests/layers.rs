//! The layers of this workspace hold, and a wrong arrow would be seen.

use std::fs;
use std::path::Path;

use xtask::layers::{arrows, forbidden, purity, reason_against, run};
use xtask::{Finding, Workspace};

#[test]
fn this_workspace_keeps_its_layers() {
    let workspace = Workspace::load(Path::new(".")).unwrap();
    let findings = run(&workspace).unwrap();
    let failures: Vec<_> = findings.iter().filter(|finding| finding.is_failure()).map(Finding::to_string).collect();
    assert!(failures.is_empty(), "\n{}\n", failures.join("\n"));
}

#[test]
fn arrows_by_layer() {
    // (from, its layer, to, its layer, is the arrow right?)
    let cases = [
        ("posthaste-types", 0, "posthaste-dns", 1, false),
        ("posthaste-types", 0, "posthaste-other", 0, false),
        ("posthaste-dns", 1, "posthaste-types", 0, true),
        ("posthaste-dns", 1, "posthaste-sign", 1, false),
        ("posthaste-auth", 1, "posthaste-dns", 1, true),
        ("posthaste-bounce", 1, "posthaste-message", 1, false),
        ("posthaste-bounce", 1, "posthaste-queue", 2, false),
        ("posthaste-queue", 2, "posthaste-smtp", 1, true),
        ("posthaste-queue", 2, "posthaste-suppression", 2, true),
        ("posthaste-suppression", 2, "posthaste-queue", 2, false),
        ("posthaste-queue", 2, "posthaste-sqlite", 3, false),
        ("posthaste-mx", 3, "posthaste-queue", 2, true),
        ("posthaste-mx", 3, "posthaste-dns-hickory", 3, false),
        ("posthaste-mx", 3, "posthaste-engine", 4, false),
        ("posthaste-engine", 4, "posthaste-queue", 2, true),
        ("posthaste-engine", 4, "posthaste-sqlite", 3, false),
        ("posthaste-doctor", 4, "posthaste-dns-hickory", 3, true),
        ("posthaste-doctor", 4, "posthaste-engine", 4, false),
        ("posthaste-testkit", 4, "posthaste-engine", 4, true),
        ("posthaste-testkit", 4, "posthaste", 5, false),
        ("posthaste", 5, "posthaste-engine", 4, true),
    ];
    for (from, above, to, below, right) in cases {
        let found = arrows(&two_crates((from, Some(above)), (to, Some(below)), None));
        assert_eq!(found.is_empty(), right, "{from} -> {to}: {found:?}");
    }
}

#[test]
fn dev_dependencies_are_free_and_build_dependencies_are_not() {
    let (below, above) = (("posthaste-types", Some(0)), ("posthaste-testkit", Some(4)));
    assert_eq!(arrows(&two_crates(below, above, Some("dev"))), []);
    assert_eq!(arrows(&two_crates(below, above, Some("build"))).len(), 1);
}

#[test]
fn a_crate_names_its_layer() {
    let found = arrows(&two_crates(("posthaste-new", None), ("posthaste-types", Some(0)), None));
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].place(), "crates/posthaste-new/Cargo.toml");
    assert!(found[0].message().contains("layer = N"));

    let found = arrows(&two_crates(("posthaste-new", Some(6)), ("posthaste-types", Some(0)), None));
    assert!(found[0].message().contains("0 to 5"));
}

#[test]
fn tools_are_exempt_and_used_by_nobody() {
    assert_eq!(arrows(&two_crates(("xtask", None), ("posthaste-engine", Some(4)), None)), []);
    let found = arrows(&two_crates(("posthaste", Some(5)), ("xtask", None), None));
    assert!(found[0].message().contains("xtask (no layer)"));
}

#[test]
fn a_wrong_arrow_in_real_manifests_is_named_with_its_rule() {
    let folder = tempfile::tempdir().unwrap();
    manifest(folder.path(), "low", "layer = 0", "posthaste-high = { path = \"../high\" }");
    manifest(folder.path(), "high", "layer = 3", "");
    root(folder.path());

    let found = arrows(&Workspace::load(folder.path()).unwrap());
    assert_eq!(found.len(), 1);
    assert_eq!(
        found[0].to_string(),
        "error: crates/low/Cargo.toml: posthaste-low (L0) -> posthaste-high (L3): L0 uses nothing of ours",
    );
}

#[test]
fn a_runtime_below_a_pure_crate_is_found_through_what_lies_between() {
    let folder = tempfile::tempdir().unwrap();
    manifest(folder.path(), "low", "layer = 1", "between = { path = \"../../between\", optional = true }");
    package(&folder.path().join("between"), "between", "", "tokio = { path = \"../tokio\" }");
    package(&folder.path().join("tokio"), "tokio", "", "");
    root(folder.path());

    let found = run(&Workspace::load(folder.path()).unwrap()).unwrap();
    let named = found.iter().any(|finding| {
        finding.place() == "crates/low/Cargo.toml"
            && finding.message().starts_with("posthaste-low -> between -> tokio (--all-features): a runtime")
    });
    assert!(named, "{found:?}");
}

#[test]
fn the_path_to_each_forbidden_crate_is_told() {
    let tree = "0 posthaste-types v0.1.0\n1 idna v1.1.0\n2 smallvec v1.15.1\n1 sha2 v0.11.0\n2 libz-sys v1.1.0\n1 getrandom v0.3.4 (*)\n";
    let found = forbidden("crates/types/Cargo.toml", "--all-features", tree);
    let told: Vec<_> = found.iter().map(|finding| finding.message().split(" (").next().unwrap()).collect();
    assert_eq!(told, ["posthaste-types -> sha2 -> libz-sys", "posthaste-types -> getrandom"]);
}

#[test]
fn forbidden_names() {
    for name in [
        "tokio",
        "tokio-rustls",
        "hickory-proto",
        "windows-sys",
        "getrandom",
        "socket2",
        "mio",
        "async-io",
        "smol",
        "aws-lc-rs",
    ] {
        assert!(reason_against(name).is_some(), "{name}");
    }
    for name in ["async-trait", "idna", "mail-parser", "mail-builder", "sha2", "tracing", "randomize"] {
        assert_eq!(reason_against(name), None, "{name}");
    }
}

#[test]
fn a_pure_crate_forbids_unsafe_code_and_the_clock() {
    let right = "//! Doc.\n#![forbid(unsafe_code)]\n#![deny(clippy::disallowed_methods)]\n";
    assert_eq!(purity("lib.rs", right), []);
    let one = "#![deny(clippy::disallowed_methods, missing_docs)]\n#![forbid(unsafe_code)]\n";
    assert_eq!(purity("lib.rs", one), []);
    assert_eq!(purity("lib.rs", "//! Doc.\n").len(), 2);
    assert_eq!(purity("lib.rs", "#![deny(unsafe_code)]\n#![allow(clippy::disallowed_methods)]\n").len(), 2);
}

#[test]
fn a_second_clippy_file_would_hide_the_table() {
    let folder = tempfile::tempdir().unwrap();
    manifest(folder.path(), "low", "layer = 0", "");
    fs::write(folder.path().join("crates/low/clippy.toml"), "").unwrap();
    root(folder.path());
    fs::write(folder.path().join("clippy.toml"), "disallowed-methods = [\"std::fs::read\"]").unwrap();

    let found = run(&Workspace::load(folder.path()).unwrap()).unwrap();
    let has = |place: &str, part: &str| found.iter().any(|f| f.place() == place && f.message().contains(part));
    assert!(has("crates/low/clippy.toml", "hides"), "{found:?}");
    assert!(has("clippy.toml", "lacks std::time::SystemTime::now"), "{found:?}");
    assert!(!has("clippy.toml", "lacks std::fs::read"), "{found:?}");
}

/// A workspace of two crates, the first standing on the second, as cargo would tell it.
fn two_crates(from: (&str, Option<u8>), to: (&str, Option<u8>), kind: Option<&str>) -> Workspace {
    let dependency =
        format!(r#"{{"name": "{}", "kind": {}}}"#, to.0, kind.map_or("null".to_owned(), |kind| format!("{kind:?}")));
    let package = |(name, layer): (&str, Option<u8>), dependencies: &str| {
        let metadata = layer.map_or("null".to_owned(), |layer| format!(r#"{{"posthaste": {{"layer": {layer}}}}}"#));
        format!(
            r#"{{"name": "{name}", "manifest_path": "/ws/crates/{name}/Cargo.toml", "metadata": {metadata}, "dependencies": [{dependencies}]}}"#
        )
    };
    let json =
        format!(r#"{{"workspace_root": "/ws", "packages": [{}, {}]}}"#, package(from, &dependency), package(to, ""),);
    Workspace::from_json(&json).expect("as cargo writes it")
}

fn root(folder: &Path) {
    fs::write(
        folder.join("Cargo.toml"),
        "[workspace]\nresolver = \"3\"\nmembers = [\"crates/*\"]\nexclude = [\"between\", \"tokio\"]\n",
    )
    .expect("the folder takes files");
    fs::write(folder.join("clippy.toml"), "").expect("the folder takes files");
}

fn manifest(root: &Path, name: &str, layer: &str, dependencies: &str) {
    let metadata = format!("[package.metadata.posthaste]\n{layer}\n");
    package(&root.join("crates").join(name), &format!("posthaste-{name}"), &metadata, dependencies);
}

fn package(folder: &Path, name: &str, metadata: &str, dependencies: &str) {
    fs::create_dir_all(folder.join("src")).expect("the folder takes files");
    fs::write(folder.join("src/lib.rs"), "").expect("the folder takes files");
    let text = format!(
        "[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n{metadata}[dependencies]\n{dependencies}\n"
    );
    fs::write(folder.join("Cargo.toml"), text).expect("the folder takes files");
}
