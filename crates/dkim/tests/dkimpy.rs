//! dkimpy, another verifier by other people, verifies what we sign. Needs Debian's `python3-dkim` and
//! `python3-nacl`; without them the test is skipped, except where `CI=true`.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::fs;
use std::process::Command;

use posthaste_dkim::Canonicalization;
use posthaste_types::Timestamp;

use support::{Messages, both};

/// Verifies every signature of every message: those in `good` must pass, those in `bad` must not.
const SCRIPT: &str = r#"
import pathlib, sys
import dkim
folder = pathlib.Path(sys.argv[1])
records = dict(line.split(" ", 1) for line in (folder / "records").read_text().splitlines())
def dns(name, timeout=5):
    return records[name.decode().rstrip(".")].encode()
def passes(message, index):
    try:
        return dkim.DKIM(message).verify(index, dnsfunc=dns)
    except dkim.DKIMException:
        return False
for kind in ("good", "bad"):
    checked = 0
    for path in sorted((folder / kind).iterdir()):
        for index in (0, 1):
            if passes(path.read_bytes(), index) != (kind == "good"):
                sys.exit(f"{kind} {path.name}: signature {index}\n{path.read_bytes()!r}")
            checked += 1
    print(kind, checked)
"#;

/// dkimpy refuses signatures of the future, and looks at the clock.
const PAST: Timestamp = Timestamp::from_unix_secs(1_700_000_000);

#[test]
fn dkimpy_verifies_200_random_messages() {
    let there = Command::new("/usr/bin/python3").args(["-c", "import dkim, nacl.signing"]).output();
    if !there.is_ok_and(|output| output.status.success()) {
        assert!(std::env::var("CI").as_deref() != Ok("true"), "dkimpy is required in CI");
        println!("skipped: /usr/bin/python3 has no dkim or no nacl");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    fs::create_dir(path("good")).unwrap();
    fs::create_dir(path("bad")).unwrap();
    let records = both().records().unwrap();
    let records: String = records.iter().map(|record| format!("{} {}\n", record.name, record.value)).collect();
    fs::write(path("records"), records).unwrap();

    let forms = [Canonicalization::Relaxed, Canonicalization::Simple];
    let mut messages = Messages::seeded(1);
    for i in 0..200_usize {
        // Every other message as the default is, the rest in the other three ways.
        let way = if i % 2 == 0 { 0 } else { i / 2 % 4 };
        let signer = both().canonicalization(forms[way / 2], forms[way % 2]);
        let content = messages.next();
        let mut octets = content.with_headers(&signer.sign_content(&content, PAST).unwrap()).to_vec();
        fs::write(path("good").join(format!("{i:03}.eml")), &octets).unwrap();
        let at = octets.windows(6).rposition(|window| window.eq_ignore_ascii_case(b"From: ")).unwrap();
        octets[at + 7] ^= 1;
        fs::write(path("bad").join(format!("{i:03}.eml")), &octets).unwrap();
    }
    let output = Command::new("/usr/bin/python3").args(["-c", SCRIPT]).arg(folder.path()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(String::from_utf8_lossy(&output.stdout), "good 400\nbad 400\n");
}
