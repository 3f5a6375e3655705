//! What a package may publish.

use xtask::package::contents;

#[test]
fn a_plain_package_is_right() {
    let files = [
        ".cargo_vcs_info.json",
        "Cargo.lock",
        "Cargo.toml",
        "Cargo.toml.orig",
        "README.md",
        "src/lib.rs",
        "src/rules.toml",
        "src/tests.rs",
        "tests/cases/a.eml",
        "tests/rfc8463.rs",
    ];
    assert_eq!(contents("crates/a/Cargo.toml", &files), []);
}

#[test]
fn what_is_missing_or_stray_is_named() {
    let found =
        contents("crates/a/Cargo.toml", &["Cargo.toml", "src/lib.rs", "notes.txt", "src/a.rs.orig", "tests/big.bin"]);
    let told: Vec<_> = found.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "error: crates/a/Cargo.toml: the package lacks README.md",
            "error: crates/a/Cargo.toml: the package would publish a stray file: notes.txt",
            "error: crates/a/Cargo.toml: the package would publish a stray file: src/a.rs.orig",
            "error: crates/a/Cargo.toml: the package would publish a stray file: tests/big.bin",
        ],
    );
}
