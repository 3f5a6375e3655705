//! `examples/keys.rs`, as a stranger uses it.
//!
//! `cargo test` builds the examples before it runs tests. For this test alone, build the program first:
//! `cargo build -p posthaste --example keys`.

#![cfg(all(feature = "dkim", feature = "dns-hickory"))]
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::path::Path;
use std::process::{Command, Output};

fn keys(arguments: &[&str]) -> Output {
    let test = std::env::current_exe().unwrap();
    let folder = test.parent().and_then(Path::parent).unwrap().join("examples");
    let program = folder.join(format!("keys{}", std::env::consts::EXE_SUFFIX));
    assert!(program.exists(), "{} is missing: cargo build -p posthaste --example keys", program.display());
    Command::new(program).args(arguments).output().unwrap()
}

fn words(octets: &[u8]) -> String {
    String::from_utf8(octets.to_vec()).unwrap()
}

#[test]
fn a_person_is_told_each_step() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("keys");
    let done = keys(&["--store", store.to_str().unwrap()]);
    let said = words(&done.stdout);
    assert!(done.status.success(), "{said}{}", words(&done.stderr));
    let steps = [
        "-> publish: s1._domainkey.example.com. IN TXT \"v=DKIM1; k=ed25519; p=",
        "-> wait: ns3.example.com does not show s1._domainkey.example.com",
        "it signs from",
        "signed with the key s1",
        "-> make a new key",
        "-> keep s1._domainkey.example.com",
        "signed with the key s2",
        "-> remove s1._domainkey.example.com",
        "s1 was retiring, is removed",
        "-> publish: s2._domainkey.example.com. IN TXT \"v=DKIM1; k=ed25519; p=\"",
        "s2 was revoked, is removed",
    ];
    let mut rest = said.as_str();
    for step in steps {
        let (_, behind) = rest.split_once(step).unwrap_or_else(|| panic!("`{step}` is not said in its turn: {said}"));
        rest = behind;
    }
    let mut files: Vec<_> =
        store.join("example.com").read_dir().unwrap().map(|item| item.unwrap().file_name()).collect();
    files.sort();
    assert_eq!(files, ["s1.key", "s2.key"], "no secret is left");

    let again = keys(&["--store", store.to_str().unwrap()]);
    assert_eq!(again.status.code(), Some(1));
    assert!(words(&again.stderr).contains("there is a key s1 of example.com"), "{}", words(&again.stderr));
}

#[test]
fn bad_arguments_are_named_and_help_is_given() {
    for bad in [&["--kind", "dsa"][..], &["--colour"], &["stray"]] {
        let done = keys(bad);
        assert_eq!(done.status.code(), Some(2), "{bad:?}");
        assert!(words(&done.stderr).starts_with("keys: ") && words(&done.stderr).contains("--help"), "{bad:?}");
    }
    let help = keys(&["--help"]);
    assert!(help.status.success() && words(&help.stdout).contains("Exit code"));
}
